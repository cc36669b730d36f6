package wallet_test

import (
	"context"
	"testing"

	"github.com/hufu-id/hufu/hufutest"
	"github.com/hufu-id/hufu/wallet"
	"github.com/hufu-id/hufu/zkp"
	"github.com/hufu-id/hufu/zkp/prover"
)

// BenchmarkPresentProof measures what a citizen waits for who consents without
// reading: Present with a proof prepared beforehand, held back as long as
// preparing one takes.
func BenchmarkPresentProof(b *testing.B) {
	c := hufutest.New(b, hufutest.Options{})
	c.UseProver()
	citizen := c.Citizen(c.Adult())
	c.NextEpoch()
	counter := c.Counter(c.Policy(nil))
	for b.Loop() {
		b.StopTimer()
		if _, err := citizen.Prepare(b.Context(), 1); err != nil {
			b.Fatal(err)
		}
		_, ask := c.Ask(citizen, counter)
		b.StartTimer()
		c.Present(citizen, ask, hufutest.Proof)
	}
}

// announcing tells when a show is done.
type announcing struct {
	*prover.Prover
	shown chan struct{}
}

func (p *announcing) Show(ctx context.Context, a *zkp.Answer) ([]*zkp.Presentation, error) {
	out, err := p.Prover.Show(ctx, a)
	p.shown <- struct{}{}
	return out, err
}

// BenchmarkPresentDrafted measures what a citizen waits for who reads: from
// consent to an answer that can leave, its proof made meanwhile.
func BenchmarkPresentDrafted(b *testing.B) {
	c := hufutest.New(b, hufutest.Options{})
	p := &announcing{c.UseProver(), make(chan struct{}, 1)}
	c.UseSketch(p)
	citizen := c.Citizen(c.Adult())
	c.NextEpoch()
	counter := c.Counter(c.Policy(nil))
	for b.Loop() {
		b.StopTimer()
		if _, err := citizen.Prepare(b.Context(), 1); err != nil {
			b.Fatal(err)
		}
		_, ask := c.Ask(citizen, counter)
		choice := 0
		for i := range ask.Choices {
			if ask.Choices[i].Parts[0].Query == hufutest.Proof {
				choice = i
			}
		}
		citizen.Draft(b.Context(), ask, choice)
		<-p.shown
		b.StartTimer()
		if _, err := citizen.Present(b.Context(), ask, wallet.Consent{Choice: choice}); err != nil {
			b.Fatal(err)
		}
	}
}
