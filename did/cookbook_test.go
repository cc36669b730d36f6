package did_test

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"github.com/hufu-id/hufu/did"
	"github.com/hufu-id/hufu/internal/vectors"
)

// TestCookbook: RFC 7520's signatures are of algorithms that we do not have, and some are
// no compact JWS; its keys are private, or of other kinds. All are refused, each for that
// reason.
func TestCookbook(t *testing.T) {
	got := map[string]error{}
	for _, name := range vectors.Glob(t, "jose-cookbook/jws/*.json") {
		var file struct {
			Output struct{ Compact string }
		}
		if err := json.Unmarshal(vectors.Read(t, name), &file); err != nil {
			t.Fatal(err)
		}
		_, got[number(name)] = did.ParseJWS(file.Output.Compact, did.AnyTypeUnsafe, did.JWSOptions{})
	}
	for _, name := range vectors.Glob(t, "jose-cookbook/jwk/*.json") {
		_, got[number(name)] = did.ParseJWK(vectors.Read(t, name))
	}
	want := map[string]error{
		"4_1": did.ErrAlgorithm, "4_2": did.ErrAlgorithm, "4_3": did.ErrAlgorithm, "4_4": did.ErrAlgorithm, // RS256, PS384, ES512, HS256
		"4_5": did.ErrAlgorithm,                                       // detached: its payload is empty
		"4_6": did.ErrToken, "4_7": did.ErrToken, "4_8": did.ErrToken, // JSON serialisation only
		"3_1": did.ErrUnsupportedKey, "3_3": did.ErrUnsupportedKey, // P-521, RSA
		"3_2": did.ErrPrivateKey, "3_4": did.ErrPrivateKey, "3_5": did.ErrPrivateKey, "3_6": did.ErrPrivateKey,
	}
	for name, err := range got {
		if !errors.Is(err, want[name]) {
			t.Errorf("%s: %v, want %v", name, err, want[name])
		}
	}
	if len(got) != len(want) {
		t.Errorf("%d vectors, want %d", len(got), len(want))
	}
}

// number is 4_1 for "jose-cookbook/jws/4_1.name.json".
func number(name string) string {
	number, _, _ := strings.Cut(name[strings.LastIndex(name, "/")+1:], ".")
	return number
}
