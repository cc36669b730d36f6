package provenance

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/hufu-id/hufu/status"

	"github.com/hufu-id/hufu/publish"
)

// StatusList fetches the status list at a URI and checks what Verify does of it: that
// the issuer, whom the source identified, signed it, that it is fresh, and, where the
// issuer is on the ledger, that it has the root there. A holder asks so for all its
// credentials of one list. public has the lists of the ledger, opts.Lists all others. The
// error is ErrStatusList or ErrStatusRoot, the source's, or a *ledger.NotProvedError for
// ledger.Client.Resolve to act on.
func StatusList(ctx context.Context, source Source, issuer *Origin, public publish.Source, uri string, opts Options) (*status.Verified, error) {
	if opts.Now.IsZero() {
		opts.Now = time.Now()
	}
	t := &trace{ctx: ctx, source: source, public: public, opts: opts, origin: issuer}
	t.claims.issuer = issuer.ID
	find := t.fetchedList
	if t.ledger, _ = committed(source, issuer.ID); t.ledger != nil {
		find = t.list
	}
	list, err := find(uri)
	if err != nil {
		return nil, err
	}
	return list.Verified, nil
}

// StatusLists fetches status list tokens from the address that a credential names, for
// issuers off the ledger. publish/remote.StatusLists is one. It says to nobody for which
// credential it asks.
type StatusLists interface {
	// StatusList returns the token at a URI, unverified, in JWT form.
	StatusList(ctx context.Context, uri string) ([]byte, error)
}

// statusRule is a source that may demand a status list of each credential.
type statusRule interface{ needsStatus(origin *Origin) bool }

// foreignStatus checks the list that a credential names. One that names none counts until
// its end, unless its anchor demands a list.
func (t *trace) foreignStatus(ref *status.Reference) error {
	if ref == nil {
		rule, ok := decided(t.source, t.origin).(statusRule)
		switch {
		case ok && rule.needsStatus(t.origin):
			return ErrNoStatus
		case t.verified.Expires.IsZero():
			return ErrUndated
		}
		return nil
	}
	list, err := t.fetchedList(ref.URI)
	if err != nil {
		return err
	}
	return list.Check(ref.Index)
}

// fetchedList fetches a list and verifies it. None of its failures is a no.
func (t *trace) fetchedList(uri string) (*signedList, error) {
	if t.opts.Lists == nil {
		return nil, unchecked{fmt.Errorf("%w: none is fetched here", ErrStatusList)}
	}
	raw, err := t.opts.Lists.StatusList(t.ctx, uri)
	if err == nil {
		var list *signedList
		if list, err = t.verifyList(raw, uri); err == nil {
			return list, nil
		}
	}
	if errors.Is(err, context.Canceled) {
		return nil, err
	}
	return nil, unchecked{fmt.Errorf("%w: %w", ErrStatusList, err)}
}
