package hufutest

import (
	"context"

	"github.com/hufu-id/hufu/publish"
)

// Public is what the country publishes beside its ledger. It is a publish.Source and
// an issuer.Publisher.
type Public struct{ publish.Memory }

// Fetch returns the status list token at a URI.
func (p *Public) Fetch(ctx context.Context, uri string) ([]byte, error) {
	return p.Read(ctx, publish.StatusName(uri))
}

// PublishAgencies makes today's list of agencies public.
func (c *Country) PublishAgencies() {
	c.t.Helper()
	list, err := publish.ExportAgencies(c.t.Context(), c.Log, c.Log.Trust(), c.Now())
	c.must(err)
	c.must(c.Public.PublishAgencies(c.t.Context(), list))
}
