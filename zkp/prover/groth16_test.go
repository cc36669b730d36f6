package prover_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"unicode"

	"github.com/consensys/gnark-crypto/ecc"
	"github.com/consensys/gnark/backend/groth16"
	backend "github.com/consensys/gnark/backend/groth16/bn254"
	"github.com/consensys/gnark/backend/witness"
	"github.com/consensys/gnark/frontend"

	"github.com/hufu-id/hufu/zkp"
	"github.com/hufu-id/hufu/zkp/prover"
)

// gnarkKey is a verifying key as gnark holds it, from a setup of its own, and
// the same key in our form.
func gnarkKey(t *testing.T, c zkp.Circuit) (groth16.ProvingKey, *backend.VerifyingKey, *zkp.VerifyingKey) {
	t.Helper()
	pk, vk, err := groth16.Setup(circuit(t, c).system)
	if err != nil {
		t.Fatal(err)
	}
	theirs := vk.(*backend.VerifyingKey)
	ours, err := zkp.NewVerifyingKey(c, zkp.SetupSingleParty, theirs.G1.Alpha, theirs.G2.Beta, theirs.G2.Gamma, theirs.G2.Delta, theirs.G1.K)
	if err != nil {
		t.Fatal(err)
	}
	return pk, theirs, ours
}

func assigned(t *testing.T, a frontend.Circuit) witness.Witness {
	t.Helper()
	w, err := frontend.NewWitness(a, ecc.BN254.ScalarField())
	if err != nil {
		t.Fatal(err)
	}
	return w
}

// Our verifier and gnark's say the same of the same proofs, good and bad.
func TestVerifierAgreesWithGnark(t *testing.T) {
	f := newFixture(t)
	req := recordedRequest(t, f)
	showPK, showVK, showKey := gnarkKey(t, zkp.CircuitShow)
	p, _ := testKeys(t)
	prepared, err := p.Prepare(t.Context(), f.prepareWitness(t))
	if err != nil {
		t.Fatal(err)
	}
	w, err := zkp.NewShowWitness(f.credential, prepared, f.epoch, req)
	if err != nil {
		t.Fatal(err)
	}
	full := assigned(t, prover.AssignShow(w))
	proof, err := groth16.Prove(circuit(t, zkp.CircuitShow).system, showPK, full)
	if err != nil {
		t.Fatal(err)
	}
	theirs := proof.(*backend.Proof)
	_, keys := testKeys(t)
	keys = &zkp.Keys{Prepare: keys.Prepare, Show: showKey}

	agree := func(name string, change func(q *zkp.Request, p *zkp.Presentation), good bool) {
		q, mine := *req, w.Presentation(zkp.Proof{A: theirs.Ar, B: theirs.Bs, C: theirs.Krs})
		change(&q, mine)
		_, err := zkp.Verify(keys, f.epoch, &q, mine)
		// gnark is given the public inputs that our verifier derives.
		again := *w
		again.Request, again.Pseudonym = &q, mine.Pseudonym
		again.Context = q.Context(f.epoch, mine.Commitment, &mine.Prepare)
		again.Scope, _ = q.Scope.Element()
		public, werr := assigned(t, prover.AssignShow(&again)).Public()
		if werr != nil {
			t.Fatal(werr)
		}
		other := groth16.Verify(&backend.Proof{Ar: mine.Show.A, Bs: mine.Show.B, Krs: mine.Show.C}, showVK, public)
		if (err == nil) != good || (other == nil) != good {
			t.Errorf("%s: ours %v, gnark's %v", name, err, other)
		}
	}
	agree("good", func(*zkp.Request, *zkp.Presentation) {}, true)
	agree("nonce", func(q *zkp.Request, _ *zkp.Presentation) { q.Nonce = "another" }, false)
	agree("pseudonym", func(_ *zkp.Request, p *zkp.Presentation) { p.Pseudonym = zkp.Element{} }, false)
	agree("event", func(q *zkp.Request, _ *zkp.Presentation) { q.Scope.ID = "another" }, false)
	agree("table", func(q *zkp.Request, _ *zkp.Presentation) { q.Statement.Table = 0x8000 }, false)
	agree("A", func(_ *zkp.Request, p *zkp.Presentation) { p.Show.A.Double(&p.Show.A) }, false)
	agree("B", func(_ *zkp.Request, p *zkp.Presentation) { p.Show.B.Double(&p.Show.B) }, false)
	agree("C", func(_ *zkp.Request, p *zkp.Presentation) { p.Show.C.Neg(&p.Show.C) }, false)
	agree("A and B negated together", func(_ *zkp.Request, p *zkp.Presentation) {
		p.Show.A.Neg(&p.Show.A)
		p.Show.B.Neg(&p.Show.B)
	}, true)
}

// A witness that breaks a constraint gives no proof, and its error tells
// nothing of the values.
func TestProverRefusesAFalseWitness(t *testing.T) {
	f := newFixture(t)
	p, _ := testKeys(t)
	w := f.prepareWitness(t)
	w.Epoch.Day = w.Credential.Half.NotAfter + 1
	_, prepareErr := p.Prepare(t.Context(), w)
	s := f.showWitness(t)
	s.Pseudonym = zkp.HashToField("another")
	_, showErr := p.Show(t.Context(), s)
	for _, err := range []error{prepareErr, showErr} {
		if !errors.Is(err, prover.ErrWitness) {
			t.Errorf("%v", err)
			continue
		}
		if strings.ContainsFunc(strings.TrimSuffix(err.Error(), "-1"), unicode.IsDigit) {
			t.Errorf("the error holds values: %v", err)
		}
	}
}

func TestProverStops(t *testing.T) {
	f := newFixture(t)
	p, _ := testKeys(t)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := p.Prepare(ctx, f.prepareWitness(t)); !errors.Is(err, context.Canceled) {
		t.Errorf("%v", err)
	}
}
