package main

import (
	"encoding/json"
	"testing"

	"github.com/privacybydesign/gabi"
	"github.com/privacybydesign/gabi/big"
	"github.com/privacybydesign/gabi/gabikeys"
	"github.com/privacybydesign/gabi/rangeproof"
)

func TestIdemixVerifies(t *testing.T) {
	x, err := newIdemix()
	if err != nil {
		t.Fatal(err)
	}
	for name, before := range map[string]func() error{"prepared": x.prepare, "on the spot": func() error { return nil }} {
		if err := before(); err != nil {
			t.Fatal(err)
		}
		if err := x.prove(); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if err := x.verify(); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	other := *x.statement
	other.Bound = new(big.Int).Sub(x.statement.Bound, big.NewInt(1000))
	if x.verifyAs(x.nonce, &other, x.proof) == nil {
		t.Error("a proof of one bound passes for another")
	}
	if x.verifyAs(new(big.Int).Add(x.nonce, big.NewInt(1)), x.statement, x.proof) == nil {
		t.Error("answers another nonce")
	}
	for name, change := range map[string]func(*gabi.ProofD){
		"an attribute's response": func(p *gabi.ProofD) { p.AResponses[3].Add(p.AResponses[3], big.NewInt(1)) },
		"the signature":           func(p *gabi.ProofD) { p.A.Add(p.A, big.NewInt(1)) },
		"a square":                func(p *gabi.ProofD) { c := p.RangeProofs[idemixBirth][0].Cs[0]; c.Add(c, big.NewInt(1)) },
		"the accumulator's commitment": func(p *gabi.ProofD) {
			p.NonRevocationProof.Cr.Add(p.NonRevocationProof.Cr, big.NewInt(1))
		},
		"no range proof":            func(p *gabi.ProofD) { p.RangeProofs = nil },
		"no non-revocation":         func(p *gabi.ProofD) { p.NonRevocationProof = nil },
		"the birth date's response": func(p *gabi.ProofD) { p.AResponses[idemixBirth].SetInt64(1) },
	} {
		if x.verifyAs(x.nonce, x.statement, changedProof(t, x, change)) == nil {
			t.Errorf("accepts: %s", name)
		}
	}
}

// Without the range proof or the proof of non-revocation a shorter proof is
// valid Idemix, but not of what was asked.
func TestIdemixAnswersWhatIsAsked(t *testing.T) {
	x, err := newIdemix()
	if err != nil {
		t.Fatal(err)
	}
	asked := map[int][]*rangeproof.Statement{idemixBirth: {x.statement}}
	for name, c := range map[string]struct {
		ranges map[int][]*rangeproof.Statement
		nonrev bool
	}{"no range proof": {nil, true}, "no non-revocation": {asked, false}} {
		proof, err := x.credential.CreateDisclosureProof(nil, c.ranges, c.nonrev, x.context, x.nonce)
		if err != nil {
			t.Fatal(err)
		}
		list := gabi.ProofList{proof}
		b, err := json.Marshal(list)
		if err != nil {
			t.Fatal(err)
		}
		if !list.Verify([]*gabikeys.PublicKey{x.public}, x.context, x.nonce, false, nil) {
			t.Fatalf("%s: not valid Idemix", name)
		}
		if x.verifyAs(x.nonce, x.statement, b) == nil {
			t.Errorf("accepts: %s", name)
		}
	}
}

// The recorded key is what it is said to be, and as large as ours' peer needs.
func TestIdemixKey(t *testing.T) {
	private, err := gabikeys.NewPrivateKeyFromXML(idemixPrivate, false)
	if err != nil {
		t.Fatal(err)
	}
	public, err := gabikeys.NewPublicKeyFromXML(idemixPublic)
	if err != nil {
		t.Fatal(err)
	}
	if private.N.Cmp(public.N) != 0 || public.N.BitLen() != 2048 || len(public.R) != idemixAttributes {
		t.Errorf("%d bits, %d bases", public.N.BitLen(), len(public.R))
	}
}

func changedProof(t *testing.T, x *idemix, change func(*gabi.ProofD)) []byte {
	t.Helper()
	var list gabi.ProofList
	if err := json.Unmarshal(x.proof, &list); err != nil {
		t.Fatal(err)
	}
	change(list[0].(*gabi.ProofD))
	b, err := json.Marshal(list)
	if err != nil {
		t.Fatal(err)
	}
	return b
}
