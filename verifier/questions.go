package verifier

import (
	"sync"

	"github.com/hufu-id/hufu/credential"
	"github.com/hufu-id/hufu/openid"
	"github.com/hufu-id/hufu/predicate"
)

// questionCache keeps questions that were held against their schema: hashing a
// set of a few thousand members costs more than a verification. A counter asks
// what its policy says, so there are few; should policies have changed often,
// it begins anew.
type questionCache struct {
	mu   sync.Mutex
	made map[questionKey]*predicate.Compiled
}

const maxQuestions = 64

type questionKey struct {
	query  [32]byte
	id     string
	schema *credential.Schema
}

func (c *questionCache) of(query [32]byte, schema *credential.Schema, q *openid.CredentialQuery) (*predicate.Compiled, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	key := questionKey{query, q.ID, schema}
	if made, ok := c.made[key]; ok {
		return made, nil
	}
	made, err := predicate.Compile(schema, q)
	if err != nil {
		return nil, err
	}
	if c.made == nil || len(c.made) >= maxQuestions {
		c.made = map[questionKey]*predicate.Compiled{}
	}
	c.made[key] = made
	return made, nil
}
