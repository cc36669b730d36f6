package verifier

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"github.com/hufu-id/hufu/credential"
	"github.com/hufu-id/hufu/openid"
	"github.com/hufu-id/hufu/publish"
)

// schemaFor fetches the newest schema file for the one type a query asks. The caller
// holds it against the ledger.
func (v *Verifier) schemaFor(ctx context.Context, q *openid.CredentialQuery) (*credential.Schema, error) {
	for _, vct := range q.Meta.VCTValues {
		schema, err := publish.TypeSchema(ctx, v.cfg.Public, vct)
		if errors.Is(err, publish.ErrNotAtHand) {
			continue
		}
		if err != nil {
			return nil, fmt.Errorf("verifier: schema file for query %q: %w", q.ID, err)
		}
		return v.schemas.same(schema), nil
	}
	return nil, fmt.Errorf("%w: no schema file for query %q", ErrConfig, q.ID)
}

// schemaCache gives one file one *credential.Schema, by which questionCache goes.
type schemaCache struct {
	mu   sync.Mutex
	seen map[[32]byte]*credential.Schema
}

// maxSchemas bounds how many are kept; beyond it the cache begins anew.
const maxSchemas = 64

func (c *schemaCache) same(schema *credential.Schema) *credential.Schema {
	c.mu.Lock()
	defer c.mu.Unlock()
	hash := schema.Hash()
	if seen := c.seen[hash]; seen != nil {
		return seen
	}
	if c.seen == nil || len(c.seen) >= maxSchemas {
		c.seen = map[[32]byte]*credential.Schema{}
	}
	c.seen[hash] = schema
	return schema
}
