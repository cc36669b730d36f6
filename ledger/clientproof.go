package ledger

import (
	"context"
	"fmt"
	"time"
)

// VerifyProof judges a proof that came another way than from the client's reader, such
// as with a request, and asks nobody. It verifies the proof under the agreements
// followed so far. A checkpoint of the size of the highest one seen must have its root.
// Whether one of another size belongs to the same log, only the cosignatures vouch for;
// the client does not take it for the highest one seen.
//
// The error is [ErrBootstrap], an [*InconsistentError], or one of [Verify]. A client that
// has not followed the newest agreement may find too few signatures.
func (c *Client) VerifyProof(proof *Proof, opts VerifyOptions) (*View, error) {
	if proof == nil {
		return nil, fmt.Errorf("%w: no proof", ErrFormat)
	}
	return c.judgeProof(proof, opts, maxEntries)
}

// VerifyBundle judges the values of a bundle as [Client.VerifyProof] judges a proof. It
// follows none of the bundle's agreements.
func (c *Client) VerifyBundle(bundle *Bundle, opts VerifyOptions) (*View, error) {
	proof, err := parseBundleProof(bundle.Proof)
	if err != nil {
		return nil, err
	}
	return c.judgeProof(proof, opts, maxBundleEntries)
}

func (c *Client) judgeProof(proof *Proof, opts VerifyOptions, entries int) (*View, error) {
	now, maxAge := c.now(opts.Now), opts.MaxAge
	if maxAge == 0 {
		maxAge = c.opts.MaxAge
	}
	trust, err := c.inUse(now)
	if err != nil {
		return nil, err
	}
	view, err := verifyUpTo(trust, proof, now, maxAge, entries)
	if err != nil {
		return nil, err
	}
	if highest := c.Head(); highest != nil && highest.Size == view.Head.Size {
		if err := CheckConsistency(highest, view.Head, nil); err != nil {
			return nil, err
		}
	}
	return view, nil
}

func (c *Client) now(given time.Time) time.Time {
	if given.IsZero() {
		return c.opts.Clock()
	}
	return given
}

// Keys lists the keys of the ledger that begin with a prefix, as the reader tells them:
// unproved, so that some may be missing. The error is [ErrReader] for a reader that
// cannot list keys and for more than 65,536 of them, or the reader's.
func (c *Client) Keys(ctx context.Context, prefix string) (keys []string, err error) {
	lister, ok := c.reader.(interface {
		Keys(ctx context.Context, prefix, after string) ([]string, error)
	})
	if !ok {
		return nil, fmt.Errorf("%w: it lists no keys", ErrReader)
	}
	for after := ""; len(keys) <= maxBundleEntries; after = keys[len(keys)-1] {
		some, err := lister.Keys(ctx, prefix, after)
		if err != nil || len(some) == 0 {
			return keys, err
		}
		keys = append(keys, some...)
	}
	return nil, fmt.Errorf("%w: more than %d keys", ErrReader, maxBundleEntries)
}
