package wallet_test

import (
	"bytes"
	"context"
	"errors"
	"slices"
	"testing"

	"github.com/consensys/gnark-crypto/ecc/bn254"

	"github.com/hufu-id/hufu/hufutest"
	"github.com/hufu-id/hufu/ledger"
	"github.com/hufu-id/hufu/vault"
	"github.com/hufu-id/hufu/wallet"
	"github.com/hufu-id/hufu/zkp"
)

// sketch is a prover that proves nothing and takes no time: its points are in
// their groups and that is all. It keeps what it was asked.
type sketch struct {
	prepared, shown int
	commitments     []zkp.Element // of the shows
	fail            error
}

func points() zkp.Proof {
	_, _, g1, g2 := bn254.Generators()
	return zkp.Proof{A: g1, B: g2, C: g1}
}

func (s *sketch) Prepare(_ context.Context, w *zkp.PrepareWitness) (*zkp.Prepared, error) {
	s.prepared++
	return &zkp.Prepared{Epoch: w.Epoch.Number, Blinding: w.Blinding, Proof: points()}, nil
}

func (s *sketch) Show(_ context.Context, a *zkp.Answer) (out []*zkp.Presentation, err error) {
	if s.fail != nil {
		return nil, s.fail
	}
	for i, part := range a.Parts {
		s.shown += len(part.Shows)
		s.commitments = append(s.commitments, part.Commitment)
		out = append(out, a.Presentation(i, slices.Repeat([]zkp.Proof{points()}, len(part.Shows))))
	}
	return out, nil
}

// sketched is a country whose wallets prove with a sketch, and a citizen in its
// first epoch.
func sketched(t *testing.T) (*hufutest.Country, *hufutest.Holder, *sketch) {
	t.Helper()
	c, s := hufutest.New(t, hufutest.Options{}), new(sketch)
	c.UseSketch(s)
	citizen := c.Citizen(c.Adult())
	c.NextEpoch()
	return c, citizen, s
}

// records counts what a wallet stores of one kind.
func records(t *testing.T, h *hufutest.Holder, kind string) (list []vault.Record) {
	t.Helper()
	err := h.Store.View(t.Context(), func(tx vault.Tx) (err error) {
		list, err = tx.List(kind)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return list
}

// contains reports whether any record of any kind holds the bytes.
func storeContains(t *testing.T, h *hufutest.Holder, kinds []string, b []byte) bool {
	t.Helper()
	for _, kind := range kinds {
		for _, r := range records(t, h, kind) {
			if bytes.Contains(r.Value, b) {
				return true
			}
		}
	}
	return false
}

// held lists what a wallet holds.
func held(t *testing.T, w *wallet.Wallet) (out []*wallet.Stored) {
	t.Helper()
	for s, err := range w.Credentials(t.Context()) {
		none(t, err)
		out = append(out, s)
	}
	return out
}

func is(t *testing.T, err, want error) {
	t.Helper()
	if !errors.Is(err, want) {
		t.Fatalf("got %v, want: %v", err, want)
	}
}

func none(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// liar adds a handle that nobody revoked: a tree by which one wallet could be
// told from all others.
type liar struct{ ledger.Ledger }

func (l liar) Revoked(ctx context.Context, epoch uint64) ([][zkp.HandleSize]byte, error) {
	handles, err := l.Ledger.Revoked(ctx, epoch)
	return append([][zkp.HandleSize]byte{{1}}, handles...), err
}

// reading is a wallet over another ledger that claims to be the country's.
func reading(c *hufutest.Country, h *hufutest.Holder, p wallet.Prover, l ledger.Ledger) wallet.Config {
	cfg := c.WalletConfig(h)
	cfg.Ledger, cfg.Sets, cfg.Prover = c.Client(l), l, p
	return cfg
}
