package verifier_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/hufu-id/hufu/hufutest"
	"github.com/hufu-id/hufu/verdict"
	"github.com/hufu-id/hufu/verifier"
)

// TestVerdictOfAReplay: the same words from the error and from package verdict.
func TestVerdictOfAReplay(t *testing.T) {
	c := hufutest.New(t, hufutest.Options{})
	citizen, counter := c.Citizen(c.Adult()), c.Counter(c.Policy(nil))
	answer := c.Answer(citizen, counter, hufutest.Claims)
	accepted(t, counter.Verifier, answer)
	_, err := counter.Verify(t.Context(), respelt(answer))
	var r *verifier.Rejected
	if !errors.As(err, &r) || r.Code() != verdict.Replayed || r.Verdict().Check != verifier.CheckReplay {
		t.Fatalf("got %v", err)
	}
	for lang, want := range map[string]string{
		"en": "This request was answered before, and an answer counts once. Ask again.",
		"zh": "此请求已有应答，每次应答只计一次。请重新发起请求。",
	} {
		if r.Describe(lang) != want || verdict.Describe(err, lang) != want {
			t.Errorf("%s: %q and %q", lang, r.Describe(lang), verdict.Describe(err, lang))
		}
	}
}

// TestVerdictOfABrokenStore: the store's own words go no further.
func TestVerdictOfABrokenStore(t *testing.T) {
	c := hufutest.New(t, hufutest.Options{})
	citizen, counter := c.Citizen(c.Adult()), c.Counter(c.Policy(nil))
	answer := c.Answer(citizen, counter, hufutest.Claims)
	v := open(t, c, counter, func(cfg *verifier.Config) { cfg.Store = brokenStore{Store: counter.Store, request: true} })
	_, err := v.Verify(t.Context(), answer)
	var u *verifier.Unchecked
	if !errors.As(err, &u) || u.Check != verifier.CheckRequest || u.Code() != verdict.Internal {
		t.Fatalf("got %v", err)
	}
	if text := u.Describe("en"); strings.Contains(text, u.Err.Error()) || !strings.Contains(text, "does not mean you were refused") {
		t.Errorf("says %q", text)
	}
}
