package verifier

import (
	"context"
	"crypto/sha256"
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
		schema, err := v.schemas.read(ctx, v.cfg.Public, vct)
		if errors.Is(err, publish.ErrNotAtHand) {
			continue
		}
		if err != nil {
			return nil, fmt.Errorf("verifier: schema file for query %q: %w", q.ID, err)
		}
		return schema, nil
	}
	return nil, fmt.Errorf("%w: %w %q", ErrConfig, errNoSchemaFile, q.ID)
}

var errNoSchemaFile = errors.New("no schema file for query")

// schemaCache parses each file once, and gives it one *credential.Schema, by which
// questionCache goes.
type schemaCache struct {
	mu   sync.Mutex
	seen map[[32]byte]*credential.Schema
	// last is the schema that was last read for a type.
	last map[string]*credential.Schema
}

// maxSchemas bounds how many are kept; beyond it the cache begins anew.
const maxSchemas = 64

func (c *schemaCache) read(ctx context.Context, public publish.Source, vct string) (*credential.Schema, error) {
	b, err := public.Read(ctx, publish.TypeName(vct))
	if err != nil {
		return nil, err
	}
	hash := sha256.Sum256(b)
	c.mu.Lock()
	schema := c.seen[hash]
	c.mu.Unlock()
	if schema == nil || schema.VCT != vct {
		if schema, err = publish.ParseTypeSchema(b, vct); err != nil {
			return nil, err
		}
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if seen := c.seen[hash]; seen != nil { // somebody was faster
		schema = seen
	}
	if c.seen == nil || len(c.seen) >= maxSchemas || len(c.last) >= maxSchemas {
		c.seen, c.last = map[[32]byte]*credential.Schema{}, map[string]*credential.Schema{}
	}
	c.seen[hash], c.last[vct] = schema, schema
	return schema, nil
}

// asked is the schema by which a query was asked, as far as this process remembers: a
// guess of what its answer needs.
func (c *schemaCache) asked(q *openid.CredentialQuery) *credential.Schema {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, vct := range q.Meta.VCTValues {
		if schema := c.last[vct]; schema != nil {
			return schema
		}
	}
	return nil
}
