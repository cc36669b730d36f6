package verifier_test

import (
	"encoding/base64"
	"errors"
	"strings"
	"testing"

	"github.com/hufu-id/hufu/hufutest"
	"github.com/hufu-id/hufu/internal/long"
	"github.com/hufu-id/hufu/openid"
	"github.com/hufu-id/hufu/predicate"
	"github.com/hufu-id/hufu/publish"
	"github.com/hufu-id/hufu/verifier"
	"github.com/hufu-id/hufu/wallet"
	"github.com/hufu-id/hufu/zkp"
)

// joinedPolicy asks of a resident and of a driver at once: five predicates of
// the resident, two of them about a set and one revealed, in two shows; and one of
// the driver.
func joinedPolicy(policy hufutest.JSON) {
	policy["dcql"] = hufutest.JSON{"credentials": []any{
		hufutest.JSON{
			"id": "resident", "format": openid.FormatSDJWTZK, "meta": hufutest.JSON{"vct_values": []any{hufutest.Type}},
			"predicates": []any{
				hufutest.JSON{"path": []any{"birthdate"}, "op": "at_least_years", "years": 18},
				hufutest.JSON{"path": []any{"district"}, "op": "reveal"},
				hufutest.JSON{"path": []any{"district"}, "op": "in", "values": []any{"110101", "110102"}},
				hufutest.JSON{"path": []any{"name"}, "op": "ne", "value": "何平"},
				hufutest.JSON{"path": []any{"resident_id"}, "op": "notin", "values": []any{"11010119710803015X"}},
			},
		},
		hufutest.JSON{
			"id": "driver", "format": openid.FormatSDJWTZK, "meta": hufutest.JSON{"vct_values": []any{hufutest.DriverType}},
			"predicates": []any{hufutest.JSON{"path": []any{"since"}, "op": "range", "max": "2020-01-01"}},
		},
	}}
}

func joinedCountry(t *testing.T) (*hufutest.Country, *hufutest.Holder, *hufutest.Counter) {
	t.Helper()
	long.NotShort(t, "proves in zero knowledge")
	c := hufutest.New(t, hufutest.Options{})
	c.UseProver()
	desk := c.OpenDriverDesk()
	citizen := c.Citizen(c.Adult())
	c.NextEpoch()
	c.HoldLicence(citizen, desk, c.Adult(), "C1", "2008-06-01")
	c.NextEpoch()
	return c, citizen, c.Counter(c.Policy(joinedPolicy))
}

// Two credentials of one person answer together.
func TestJoined(t *testing.T) {
	c, citizen, counter := joinedCountry(t)
	_, ask := c.Ask(citizen, counter)
	if len(ask.Choices) != 1 || len(ask.Choices[0].Parts) != 2 {
		t.Fatalf("choices %+v", ask.Choices)
	}
	answer := c.Present(citizen, ask, "resident")
	result := accepted(t, counter.Verifier, answer)
	same(t, "queries", result.Queries, []string{"resident", "driver"})
	same(t, "types", result.Types, []string{hufutest.Type, hufutest.DriverType})
	same(t, "holder", result.Holder, verifier.HolderProved)
	if result.Bytes != zkp.PresentationSize(2)+zkp.PresentationSize(1) || len(result.Learned) != 6 {
		t.Errorf("%d bytes, learned %+v", result.Bytes, result.Learned)
	}
	if revealed := result.Learned[1]; revealed.Claim != "district" || revealed.Value != "110101" {
		t.Errorf("revealed %+v", revealed)
	}
	for _, w := range result.NeverReceived {
		if w.Claim == "district" {
			t.Error("what was revealed stands among the never received")
		}
	}
	if len(result.NeverReceived) != 4+4 {
		t.Errorf("never received %+v", result.NeverReceived)
	}
	rejected(t, counter.Verifier, respelt(answer), verifier.CheckReplay, verifier.ErrReplayed)
}

// What joins the parts, broken one by one.
func TestJoinedRefuses(t *testing.T) {
	c, citizen, counter := joinedCountry(t)
	_, ask := c.Ask(citizen, counter)
	good := c.Present(citizen, ask, "resident")
	again := c.Present(citizen, ask, "resident")
	other := c.Citizen(c.OtherAdult())
	token := func(answer []byte) *openid.Response {
		r, err := openid.ParseResponse(answer)
		if err != nil {
			t.Fatal(err)
		}
		return r
	}
	change := func(edit func(token map[string][]string)) []byte {
		r := token(good)
		edit(r.VPToken)
		b, err := r.Bytes()
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	proof, revealed, _ := strings.Cut(token(good).VPToken["resident"][0], "~")
	text := func(values string) string { return proof + "~" + base64.RawURLEncoding.EncodeToString([]byte(values)) }
	for _, test := range []struct {
		name   string
		answer []byte
		check  verifier.Check
		reason error
	}{
		{"one part alone", change(func(m map[string][]string) { delete(m, "driver") }), verifier.CheckForm, openid.ErrNoMatch},
		{"parts swapped", change(func(m map[string][]string) { m["resident"], m["driver"] = m["driver"], m["resident"] }), verifier.CheckStatement, predicate.ErrReveal},
		{"a part of another answer", change(func(m map[string][]string) { m["driver"] = token(again).VPToken["driver"] }), verifier.CheckStatement, zkp.ErrHolder},
		{"nothing revealed", change(func(m map[string][]string) { m["resident"] = []string{proof} }), verifier.CheckStatement, predicate.ErrReveal},
		{"two values revealed", change(func(m map[string][]string) { m["resident"] = []string{text(`["110101","110101"]`)} }), verifier.CheckStatement, predicate.ErrReveal},
		{"another value revealed", change(func(m map[string][]string) { m["resident"] = []string{text(`["110102"]`)} }), verifier.CheckStatement, zkp.ErrShow},
		{"a number revealed", change(func(m map[string][]string) { m["resident"] = []string{text(`[110101]`)} }), verifier.CheckStatement, predicate.ErrType},
		{"spaces between the values", change(func(m map[string][]string) { m["resident"] = []string{text(`[ "110101"]`)} }), verifier.CheckForm, openid.ErrResponse},
		{"a value nobody asked for", change(func(m map[string][]string) { m["driver"] = []string{m["driver"][0] + "~" + revealed} }), verifier.CheckStatement, predicate.ErrReveal},
		{"one part twice", change(func(m map[string][]string) { m["driver"] = append(m["driver"], m["driver"][0]) }), verifier.CheckForm, openid.ErrUnasked},
	} {
		t.Run(test.name, func(t *testing.T) {
			rejected(t, counter.Verifier, test.answer, test.check, test.reason)
		})
	}
	accepted(t, counter.Verifier, good)
	if _, err := other.ResolveRequest(t.Context(), c.AskText(counter)); err == nil {
		t.Error("who has no licence is offered an answer")
	}
}

// A once-only event takes one joined answer a person.
func TestJoinedOnce(t *testing.T) {
	c, citizen, _ := joinedCountry(t)
	counter := c.Counter(c.Policy(func(policy hufutest.JSON) {
		joinedPolicy(policy)
		hufutest.Once(policy)
	}))
	result := accepted(t, counter.Verifier, c.Answer(citizen, counter, "resident"))
	if result.Pseudonym == "" {
		t.Error("no name in a named scope")
	}
	rejected(t, counter.Verifier, c.Answer(citizen, counter, "resident"), verifier.CheckOnce, verifier.ErrUsedOnce)
}

// A counter whose ledger names no key for sets cannot check such an answer; it
// does not call it false.
func TestNoKeyForSets(t *testing.T) {
	c, citizen, _ := joinedCountry(t)
	cfg := c.CounterConfig(c.Policy(joinedPolicy))
	cfg.Public = altered{c.Public, keys(func(circuit zkp.Circuit) ([]byte, error) {
		if circuit == zkp.CircuitShowSet {
			return nil, publish.ErrNotAtHand
		}
		return nil, nil
	})}
	v, err := verifier.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	counter := &hufutest.Counter{Verifier: v, Store: cfg.Store}
	unchecked(t, v, c.Answer(citizen, counter, "resident"), verifier.CheckPrepare, publish.ErrKeyNotAtHand)
	if err := v.Check(t.Context(), verifier.CheckOptions{Region: hufutest.Region}); !errors.Is(err, publish.ErrKeyNotAtHand) {
		t.Errorf("found out at the start: %v", err)
	}
}

// The citizen is told what nearly gives a value away, and how often this
// counter was answered before.
func TestAskWarns(t *testing.T) {
	c, citizen, counter := joinedCountry(t)
	_, ask := c.Ask(citizen, counter)
	var warned []string
	for _, s := range ask.Choices[0].Parts[0].Proves {
		if s.Discloses {
			warned = append(warned, s.English)
		}
	}
	same(t, "warned", warned, []string{"the value of district", "district is one of 110101, 110102"})
	if ask.Before != 0 {
		t.Errorf("answered %d times before", ask.Before)
	}
	citizen.Draft(t.Context(), ask, 0)
	if _, err := citizen.Present(t.Context(), ask, wallet.Consent{}); err != nil {
		t.Fatal(err)
	}
	if _, ask = c.Ask(citizen, counter); ask.Before != 1 {
		t.Errorf("answered %d times before, want 1", ask.Before)
	}
}
