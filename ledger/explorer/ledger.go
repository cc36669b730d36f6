package explorer

import (
	"context"
	"encoding/hex"
	"time"

	"github.com/hufu-id/hufu/ledger"
)

// Head is the newest checkpoint, verified. A zero now is the time of the call, here
// and below. The error is one of ledger.Verify or the source's.
func Head(ctx context.Context, source Source, trust *ledger.TrustFile, now time.Time) (*ledger.Head, error) {
	trust, err := follow(ctx, source, trust)
	if err != nil {
		return nil, err
	}
	return head(ctx, source, trust, now)
}

func head(ctx context.Context, source Source, trust *ledger.TrustFile, now time.Time) (h *ledger.Head, err error) {
	err = ledger.Resolve(ctx, source, trust, now, 0, func(view *ledger.View) error {
		h = view.Head
		return nil
	})
	return h, err
}

// Ledger tells where a ledger stands and who signed that. Errors are those of
// Head.
func Ledger(ctx context.Context, source Source, trust *ledger.TrustFile, now time.Time) (*Answer, error) {
	fingerprint := trust.Fingerprint()
	trust, err := follow(ctx, source, trust)
	if err != nil {
		return nil, err
	}
	head, err := head(ctx, source, trust, now)
	if err != nil {
		return nil, err
	}
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
