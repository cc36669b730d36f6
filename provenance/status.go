package provenance

import (
	"context"
	"time"

	"github.com/hufu-id/hufu/did"
	"github.com/hufu-id/hufu/publish"
	"github.com/hufu-id/hufu/status"
)

// StatusList fetches the status list at a URI and checks what Verify does of it: that
// the issuer, whose document the source has proved, signed it, that it has the root on
// the ledger, and that it is fresh. A holder asks so for all its credentials of one
// list. The error is ErrStatusList or ErrStatusRoot, the source's, or a
// *ledger.NotProvedError for ledger.Client.Resolve to act on.
func StatusList(ctx context.Context, source Source, issuer *did.Document, public publish.Source, uri string, opts Options) (*status.Verified, error) {
	if opts.Now.IsZero() {
		opts.Now = time.Now()
	}
	t := &trace{ctx: ctx, source: source, public: public, opts: opts, origin: &Origin{Document: issuer}}
	t.claims.issuer = issuer.ID
	list, err := t.list(uri)
	if err != nil {
		return nil, err
	}
	return list.Verified, nil
}
