package verifier_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/hufu-id/hufu/hufutest"
	"github.com/hufu-id/hufu/verifier"
)

// TestForeignTextOfPolicies: what a policy says stands on the citizen's screen.
func TestForeignTextOfPolicies(t *testing.T) {
	once := func(p hufutest.JSON) { onlyProof(p); hufutest.Once(p) }
	if _, err := verifier.ParsePolicy(hufutest.PolicyFile(once)); err != nil {
		t.Fatal(err)
	}
	for _, hostile := range []string{"a\x1b[2K", "借\u202e书", "\u200b", "\u3164", "a\nb"} {
		for what, edit := range map[string]func(hufutest.JSON){
			"id":          set("id", hostile),
			"purpose, id": within("purpose", "id", hostile),
			"purpose, en": within("purpose", "en", hostile),
			"purpose, zh": within("purpose", "zh", hostile),
			"basis, en":   within("basis", "en", hostile),
			"basis, zh":   within("basis", "zh", hostile),
			"event":       within("scope", "event", hostile),
		} {
			file := hufutest.PolicyFile(func(p hufutest.JSON) { once(p); edit(p) })
			if _, err := verifier.ParsePolicy(file); !errors.Is(err, verifier.ErrPolicy) || strings.Contains(err.Error(), hostile) {
				t.Errorf("%+q as %s: %v", hostile, what, err)
			}
		}
	}
}

// TestPolicyAsksWhatCanBeAnswered: a wallet passes over a format that it does not
// know; a counter's policy does not ask for one.
func TestPolicyAsksWhatCanBeAnswered(t *testing.T) {
	file := hufutest.PolicyFile(func(p hufutest.JSON) {
		dcql := p["dcql"].(hufutest.JSON)
		other := hufutest.JSON{"id": "m", "format": "mso_mdoc", "meta": hufutest.JSON{"vct_values": []any{hufutest.Type}}}
		dcql["credentials"] = append(dcql["credentials"].([]any), other)
	})
	if _, err := verifier.ParsePolicy(file); !errors.Is(err, verifier.ErrPolicy) || !strings.Contains(err.Error(), "no answer can have") {
		t.Error(err)
	}
}
