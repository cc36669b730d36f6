package wallet_test

import (
	"slices"
	"testing"

	"github.com/hufu-id/hufu/hufutest"
	"github.com/hufu-id/hufu/wallet"
)

// birth asks for the birth date alone, by proof, with a range for each pair of bounds;
// an empty one is missing.
func birth(bounds ...[2]string) func(hufutest.JSON) {
	return func(p hufutest.JSON) {
		dcql := p["dcql"].(hufutest.JSON)
		dcql["credentials"] = dcql["credentials"].([]any)[:1]
		delete(dcql, "credential_sets")
		var predicates []any
		for _, b := range bounds {
			one := hufutest.JSON{"path": []any{"birthdate"}, "op": "range"}
			for i, name := range []string{"min", "max"} {
				if b[i] != "" {
					one[name] = b[i]
				}
			}
			predicates = append(predicates, one)
		}
		dcql["credentials"].([]any)[0].(hufutest.JSON)["predicates"] = predicates
	}
}

// Two bounds that meet prove the date: the screen says so.
func TestBoundsThatMeetAreTold(t *testing.T) {
	c, citizen, _ := sketched(t)
	born := c.Adult().Birthdate
	for name, test := range map[string]struct {
		bounds [][2]string
		told   bool
	}{
		"each in a predicate of its own": {[][2]string{{"", born}, {born, ""}}, true},
		"far apart":                      {[][2]string{{"", "2000-01-01"}, {"1960-01-01", ""}}, false},
	} {
		_, ask := c.Ask(citizen, c.Counter(c.Policy(birth(test.bounds...))))
		part := ask.Choices[0].Parts[0]
		withheld := slices.ContainsFunc(part.Withholds, func(l wallet.Label) bool { return l.Claim == "birthdate" })
		for _, s := range part.Proves {
			if s.Discloses != test.told || withheld == test.told {
				t.Errorf("%s: %q discloses: %v, withheld: %v", name, s.English, s.Discloses, withheld)
			}
		}
	}
}

// Answers to one requester add up, and the citizen is told before consenting; those to
// another do not.
func TestAnswersAddUp(t *testing.T) {
	c, citizen, _ := sketched(t)
	born := c.Adult().Birthdate
	upper, lower := c.Policy(birth([2]string{"", born})), c.Policy(birth([2]string{born, ""}))
	c.Answer(citizen, c.Counter(upper), hufutest.Proof)
	_, ask := c.Ask(citizen, c.Counter(upper))
	if part := ask.Choices[0].Parts[0]; len(part.AddsUp) != 0 || ask.Before != 1 {
		t.Errorf("the same question again adds up to %v, %d before", part.AddsUp, ask.Before)
	}
	_, ask = c.Ask(citizen, c.Counter(lower))
	if got := names(ask.Choices[0].Parts[0].AddsUp); got != "birthdate" {
		t.Errorf("adds up to %q", got)
	}
	gym := c.NewAgency()
	c.Accredit(gym, "verify", "active")
	_, ask = c.Ask(citizen, c.CounterOf(gym, lower))
	if part := ask.Choices[0].Parts[0]; len(part.AddsUp) != 0 || ask.Before != 0 {
		t.Errorf("of another: %v, %d before", part.AddsUp, ask.Before)
	}
}
