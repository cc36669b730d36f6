package verifier_test

import (
	"errors"
	"testing"

	"github.com/hufu-id/hufu/internal/testworld"
	"github.com/hufu-id/hufu/openid"
	"github.com/hufu-id/hufu/verifier"
)

// responseSeeds are good answers of both kinds, and bad ones made of them.
func responseSeeds(t testing.TB, c *testworld.Country, citizen *testworld.Holder, counter *testworld.Counter) [][]byte {
	t.Helper()
	claims, proof := c.Answer(citizen, counter, testworld.Claims), c.Answer(citizen, counter, testworld.Proof)
	state, _, text := c.Response(claims)
	_, _, proofText := c.Response(proof)
	return [][]byte{
		claims, proof, nil, []byte("{}"),
		c.NewResponse(state, testworld.Claims, unbind(text)),
		c.NewResponse(state, testworld.Claims, flipSignature(text)),
		c.NewResponse(state, testworld.Proof, text),
		c.NewResponse(state, testworld.Claims, proofText),
		c.NewResponse(state, "other", text),
	}
}

func TestFuzzSeeds(t *testing.T) {
	c, citizen := proving(t)
	if n := len(responseSeeds(t, c, citizen, c.Counter(c.Policy(nil)))); n == 0 {
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
	c, citizen := proving(f)
	counter := c.Counter(c.Policy(nil))
	for _, seed := range responseSeeds(f, c, citizen, counter) {
		f.Add(seed)
	}
	strict := c.Counter(c.Policy(nil)) // was never asked by these answers
	object, err := strict.Ask(f.Context())
	if err != nil {
		f.Fatal(err)
	}
	state := c.Request([]byte(object)).State
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
