package explorer

import (
	"context"
	"encoding/hex"

	"github.com/hufu-id/hufu/ledger"
)

// Head returns the newest checkpoint, verified. Errors are those of
// ledger.Client.Resolve.
func (x *Explorer) Head(ctx context.Context) (h *ledger.Head, err error) {
	err = x.client.Resolve(ctx, func(view *ledger.View) error {
		h = view.Head
		return nil
	}, ledger.ResolveOptions{})
	return h, err
}

// Ledger returns where the ledger stands and who signed that. Errors are those
// of Head.
func (x *Explorer) Ledger(ctx context.Context) (*Answer, error) {
	fingerprint := x.client.Pinned().Fingerprint()
	head, err := x.Head(ctx)
	if err != nil {
		return nil, err
	}
	trust := x.client.Trust()
	a := new(Answer)
	s := a.add("log")
	s.add("origin", Text, head.Origin)
	s.number("size", head.Size)
	s.number("height", head.State.Height)
	s.time("time", head.State.Time().Unix())
	s.time("signed", head.Time.Unix())
	s.number("epoch", head.State.Epoch)
	s.hash("root", head.Root)
	s.hash("state-root", head.State.StateRoot)
	s.add("root-agency", Agency, trust.RootDID)
	s.add("trust", Hash, hex.EncodeToString(fingerprint[:]))
	s.number("needed", uint64(trust.K))
	_, signatures, err := ledger.Cosignatures(trust, head.Checkpoint)
	if err != nil {
		return nil, err
	}
	s = a.add("signatures")
	for _, signature := range signatures {
		s.add("signed-by", Text, signature.Name)
	}
	return a, nil
}
