package verifier_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/hufu-id/hufu/hufutest"
	"github.com/hufu-id/hufu/internal/long"
	"github.com/hufu-id/hufu/verifier"
	"github.com/hufu-id/hufu/wallet"
	"github.com/hufu-id/hufu/zkp"
	"github.com/hufu-id/hufu/zkp/prover"
)

// hoarder is the prover of a wallet that keeps every proof it has prepared, and
// answers from an epoch of its own choice, as no honest wallet does.
type hoarder struct {
	*prover.Prover
	epoch  zkp.Epoch
	hoard  []zkp.Holding
	hoards bool // prepares for the hoard, and shows from it later
}

func (p *hoarder) Prepare(ctx context.Context, w *zkp.PrepareWitness) (*zkp.Prepared, error) {
	made, err := p.Prover.Prepare(ctx, w)
	if err == nil && p.hoards {
		p.epoch, p.hoard = w.Epoch, append(p.hoard, zkp.Holding{Credential: w.Credential, Prepared: made})
	}
	return made, err
}

func (p *hoarder) Show(ctx context.Context, a *zkp.Answer) ([]*zkp.Presentation, error) {
	if p.hoards {
		return p.Prover.Show(ctx, a)
	}
	old, err := zkp.NewAnswer(a.Request, p.epoch, p.hoard[0])
	if err != nil {
		return nil, err
	}
	p.hoard = p.hoard[1:]
	return p.Prover.Show(ctx, old)
}

// A credential is revoked at noon. From one o'clock its wallet can prepare
// nothing. Proofs prepared before noon count until the hour in which they were
// made is older than the policy takes, two hours, and not a moment longer.
func TestRevokedAtNoon(t *testing.T) {
	long.NotShort(t, "proves in zero knowledge")
	at := func(hour, minute int) time.Time { return time.Date(2026, 11, 21, hour, minute, 0, 0, zkp.Zone) }
	c := hufutest.New(t, hufutest.Options{Start: at(10, 30)})
	p := &hoarder{Prover: c.UseProver(), hoards: true}
	c.UseSketch(p)
	revoked, other := c.Citizen(c.Adult()), c.Citizen(c.OtherAdult())
	counter := c.Counter(c.Policy(nil))
	clock := func(hour, minute int) {
		c.Advance(at(hour, minute).Sub(c.Now()))
		c.Heartbeat()
	}

	clock(11, 0) // closes the hour from ten
	if _, err := revoked.Prepare(t.Context(), 4); err != nil {
		t.Fatal(err)
	}
	p.hoards = false
	clock(12, 0)
	if err := c.Desk.Revoke(t.Context(), revoked.Code); err != nil {
		t.Fatal(err)
	}
	// The other citizen's wallet asks the crooked prover, which answers from the
	// hoard: at each hour a fresh question, an old proof.
	hoarded := func() []byte { return c.Answer(other, counter, hufutest.Proof) }

	clock(12, 30)
	accepted(t, counter.Verifier, hoarded())
	clock(13, 0)
	if _, err := revoked.Prepare(t.Context(), 5); !errors.Is(err, zkp.ErrRevoked) {
		t.Errorf("at one o'clock it prepares: %v", err)
	}
	if _, err := revoked.ResolveRequest(t.Context(), c.AskText(counter)); !errors.Is(err, wallet.ErrNothingMatches) {
		t.Errorf("at one o'clock it answers: %v", err)
	}
	accepted(t, counter.Verifier, hoarded()) // two hours after eleven, to the minute
	clock(13, 1)
	rejected(t, counter.Verifier, hoarded(), verifier.CheckEpoch, verifier.ErrEpochTooOld)

	// Whoever takes proofs of the newest hour alone turns it away at one.
	strict := c.Counter(c.Policy(func(policy hufutest.JSON) { policy["maxAge"].(hufutest.JSON)["epoch"] = 3600 }))
	rejected(t, strict.Verifier, c.Answer(other, strict, hufutest.Proof), verifier.CheckEpoch, verifier.ErrEpochTooOld)
	p.hoards = true
	accepted(t, strict.Verifier, c.Answer(other, strict, hufutest.Proof))
}
