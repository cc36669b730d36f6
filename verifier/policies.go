package verifier

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"github.com/go-json-experiment/json"

	"github.com/hufu-id/hufu/internal/limits"
	"github.com/hufu-id/hufu/internal/strictjson"
	"github.com/hufu-id/hufu/openid"
)

// policyCache keeps parsed policies by hash: those of the configuration for ever, and
// some of those that earlier requests were made under.
type policyCache struct {
	configured map[[32]byte]*Policy // never changes

	mu   sync.Mutex
	made map[[32]byte]*Policy
}

// maxPolicies bounds how many earlier ones are kept; beyond it they begin anew.
const maxPolicies = 256

func (c *policyCache) configure(policies []*Policy) {
	c.configured = make(map[[32]byte]*Policy, len(policies))
	for _, p := range policies {
		c.configured[p.hash] = p
	}
}

func (c *policyCache) keep(p *Policy) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.made == nil || len(c.made) >= maxPolicies {
		c.made = map[[32]byte]*Policy{}
	}
	c.made[p.hash] = p
}

func (c *policyCache) of(hash [32]byte) *Policy {
	if p := c.configured[hash]; p != nil {
		return p
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.made[hash]
}

// policyOf returns the policy under which a request was made. Where it cannot be
// had, the answer cannot be judged.
func (v *Verifier) policyOf(ctx context.Context, hash [32]byte) (*Policy, error) {
	if p := v.policies.of(hash); p != nil {
		return p, nil
	}
	file, err := v.store.Policy(ctx, hash)
	if err != nil {
		return nil, &Unchecked{CheckRequest, err}
	}
	p, err := ParsePolicy(file)
	if err == nil && p.hash != hash {
		err = errStoredPolicy
	}
	if err != nil {
		return nil, &Unchecked{CheckRequest, err}
	}
	v.policies.keep(p)
	return p, nil
}

var errStoredPolicy = errors.New("verifier: stored policy is not the one of this hash")

// asking is the policy with another query, as a policy of its own that answers are judged
// by. The error is ErrPolicy.
func (p *Policy) asking(query *openid.Query) (*Policy, error) {
	dcql, err := query.Bytes()
	if err != nil {
		return nil, fmt.Errorf("%w: dcql: %w", ErrPolicy, err)
	}
	members, err := strictjson.Object(p.raw, limits.Document)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrPolicy, err)
	}
	members["dcql"] = dcql
	file, err := json.Marshal(members, json.Deterministic(true))
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrPolicy, err)
	}
	return ParsePolicy(file)
}
