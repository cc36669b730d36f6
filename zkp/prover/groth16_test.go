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
	p, _ := testKeys(t)
	showPK, showVK, showKey := gnarkKey(t, zkp.CircuitShow)
	prepared, err := p.Prepare(t.Context(), f.prepareWitness(t))
	if err != nil {
		t.Fatal(err)
	}
	holding := zkp.Holding{Credential: f.credential, Prepared: prepared}
	answer, err := zkp.NewAnswer(req, f.epoch, holding)
	if err != nil {
		t.Fatal(err)
	}
	w := &answer.Parts[0].Shows[0]
	proof, err := groth16.Prove(circuit(t, zkp.CircuitShow).system, showPK, assigned(t, prover.AssignShow(w)))
	if err != nil {
		t.Fatal(err)
	}
	theirs := proof.(*backend.Proof)
	b, _, err := p.VerifyingKey(zkp.CircuitPrepare)
	if err != nil {
		t.Fatal(err)
	}
	keys, err := zkp.NewKeys(parseKey(t, b), showKey)
	if err != nil {
		t.Fatal(err)
	}

	agree := func(name string, change func(q *zkp.Request, p *zkp.Presentation), good bool) {
		q, mine := recordedRequest(t, f), answer.Presentation(0, []zkp.Proof{{A: theirs.Ar, B: theirs.Bs, C: theirs.Krs}})
		change(q, mine)
		_, err := zkp.Verify(keys, f.epoch, q, mine)
		// gnark is given the public inputs that our verifier derives.
		changed, changeErr := zkp.NewAnswer(q, f.epoch, holding)
		if changeErr != nil {
			t.Fatal(changeErr)
		}
		again := changed.Parts[0].Shows[0]
		again.Inputs[3] = mine.Pseudonym
		public, werr := assigned(t, prover.AssignShow(&again)).Public()
		if werr != nil {
			t.Fatal(werr)
		}
		other := groth16.Verify(&backend.Proof{Ar: mine.Shows[0].A, Bs: mine.Shows[0].B, Krs: mine.Shows[0].C}, showVK, public)
		if (err == nil) != good || (other == nil) != good {
			t.Errorf("%s: ours %v, gnark's %v", name, err, other)
		}
	}
	agree("good", func(*zkp.Request, *zkp.Presentation) {}, true)
	agree("nonce", func(q *zkp.Request, _ *zkp.Presentation) { q.Nonce = "another" }, false)
	agree("pseudonym", func(_ *zkp.Request, p *zkp.Presentation) { p.Pseudonym = zkp.Element{} }, false)
	agree("event", func(q *zkp.Request, _ *zkp.Presentation) { q.Scope.ID = "another" }, false)
	agree("table", func(q *zkp.Request, _ *zkp.Presentation) { statementOf(q).Table = 0xfffe }, false)
	agree("A", func(_ *zkp.Request, p *zkp.Presentation) { p.Shows[0].A.Double(&p.Shows[0].A) }, false)
	agree("B", func(_ *zkp.Request, p *zkp.Presentation) { p.Shows[0].B.Double(&p.Shows[0].B) }, false)
	agree("C", func(_ *zkp.Request, p *zkp.Presentation) { p.Shows[0].C.Neg(&p.Shows[0].C) }, false)
	agree("A and B negated together", func(_ *zkp.Request, p *zkp.Presentation) {
		p.Shows[0].A.Neg(&p.Shows[0].A)
		p.Shows[0].B.Neg(&p.Shows[0].B)
	}, true)
}

// A witness that breaks a constraint gives no proof, and its error tells
// nothing of the values.
func TestProverRefusesAFalseWitness(t *testing.T) {
	f := newFixture(t)
	p, _ := testKeys(t)
	w := f.prepareWitness(t)
	w.Epoch.Day = w.Credential.Endorsement.NotAfter + 1
	_, prepareErr := p.Prepare(t.Context(), w)
	s := f.answer(t, f.request(t))
	s.Parts[0].Shows[0].Inputs[3] = zkp.HashToField("another")
	_, showErr := p.Show(t.Context(), s)
	for _, err := range []error{prepareErr, showErr} {
		if !errors.Is(err, prover.ErrWitness) {
			t.Errorf("%v", err)
			continue
		}
		if strings.ContainsFunc(strings.TrimSuffix(err.Error(), "-2"), unicode.IsDigit) {
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
