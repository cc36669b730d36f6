package verifier_test

import (
	"encoding/base64"
	"errors"
	"testing"

	"github.com/consensys/gnark-crypto/ecc/bn254"

	"github.com/hufu-id/hufu/hufutest"
	"github.com/hufu-id/hufu/openid"
	"github.com/hufu-id/hufu/verifier"
	"github.com/hufu-id/hufu/zkp"
)

// responseSeeds are a good answer, a well-formed proof of nothing, and bad
// answers made of them.
func responseSeeds(c *hufutest.Country) [][]byte {
	citizen, counter := c.Citizen(c.Adult()), c.Counter(c.Policy(nil))
	claims := c.Answer(citizen, counter, hufutest.Claims)
	state, _, text := c.Response(claims)
	proofText := base64.RawURLEncoding.EncodeToString(sketchedProof(c))
	return [][]byte{
		claims, c.NewResponse(state, hufutest.Proof, proofText), nil, []byte("{}"),
		c.NewResponse(state, hufutest.Claims, unbind(text)),
		c.NewResponse(state, hufutest.Claims, flipSignature(text)),
		c.NewResponse(state, hufutest.Proof, text),
		c.NewResponse(state, hufutest.Claims, proofText),
		c.NewResponse(state, "other", text),
	}
}

// sketchedProof is a presentation in the epoch that just closed, whose points
// are in their groups and that is all: no prover slows the fuzzing down.
func sketchedProof(c *hufutest.Country) []byte {
	_, _, g1, g2 := bn254.Generators()
	points := zkp.Proof{A: g1, B: g2, C: g1}
	p := zkp.Presentation{Epoch: c.Log.Trust().EpochAt(c.Now()) - 1, Prepare: points, Shows: []zkp.Proof{points}}
	return p.Bytes()
}

func TestFuzzSeeds(t *testing.T) {
	if n := len(responseSeeds(hufutest.New(t, hufutest.Options{}))); n == 0 {
		t.Error("FuzzResponse has no seeds")
	}
	if len(policySeeds) == 0 {
		t.Error("FuzzPolicy has no seeds")
	}
	for i, seed := range policySeeds {
		if _, err := verifier.ParsePolicy(seed); err != nil {
			t.Errorf("policy seed %d: %v", i, err)
		}
	}
}

// FuzzResponse: whatever comes in, Verify neither panics nor accepts, and its
// error says whether that is a no.
func FuzzResponse(f *testing.F) {
	c := hufutest.New(f, hufutest.Options{})
	c.UseProver() // its verifying keys alone
	c.NextEpoch()
	for _, seed := range responseSeeds(c) {
		f.Add(seed)
	}
	strict := c.Counter(c.Policy(nil)) // was never asked by these answers
	object, err := strict.NewRequest(f.Context(), verifier.RequestOptions{})
	if err != nil {
		f.Fatal(err)
	}
	state := c.Request(object.Object).State
	f.Fuzz(func(t *testing.T, response []byte) {
		refused(t, strict.Verifier, response)
		// And again past the check that the request is known.
		if r, err := openid.ParseResponse(response); err == nil {
			r.State = state
			known, err := r.Bytes()
			if err != nil {
				t.Fatal(err)
			}
			refused(t, strict.Verifier, known)
		}
	})
}

func refused(t *testing.T, v *verifier.Verifier, response []byte) {
	t.Helper()
	result, err := v.Verify(t.Context(), response)
	var no *verifier.Rejected
	var unknown *verifier.Unchecked
	if result != nil || !errors.As(err, &no) && !errors.As(err, &unknown) {
		t.Fatalf("got %v, %v", result, err)
	}
}
