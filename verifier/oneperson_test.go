package verifier_test

import (
	"errors"
	"testing"

	"github.com/hufu-id/hufu/hufutest"
	"github.com/hufu-id/hufu/identity"
	"github.com/hufu-id/hufu/openid"
	"github.com/hufu-id/hufu/verdict"
	"github.com/hufu-id/hufu/verifier"
)

// asks makes a policy of proofs of some types, with credential sets or without.
func asks(scope hufutest.JSON, sets []any, types ...string) func(hufutest.JSON) {
	return func(policy hufutest.JSON) {
		claims := map[string]string{hufutest.Type: "name", hufutest.DriverType: "class", hufutest.PermitType: "name"}
		var list []any
		for _, vct := range types {
			list = append(list, hufutest.JSON{
				"id":     map[string]string{hufutest.Type: "resident", hufutest.DriverType: "driver", hufutest.PermitType: "permit"}[vct],
				"format": openid.FormatSDJWTZK, "meta": hufutest.JSON{"vct_values": []any{vct}},
				"predicates": []any{
					hufutest.JSON{"path": []any{claims[vct]}, "op": "ne", "value": "x"},
					hufutest.JSON{"path": []any{"hufu_binding"}, "op": "range", "max": "2027-01-01"},
				},
			})
		}
		query := hufutest.JSON{"credentials": list}
		if sets != nil {
			query["credential_sets"] = sets
		}
		policy["dcql"] = query
		if scope != nil {
			policy["scope"] = scope
		}
	}
}

func options(required bool, ids ...[]any) hufutest.JSON {
	list := make([]any, len(ids))
	for i := range ids {
		list[i] = ids[i]
	}
	return hufutest.JSON{"options": list, "required": required}
}

// TestOnePersonOfAPolicy: the desk of a permit finds out itself who a person is, so a
// permit and a resident's credential may be of two people, or of one with two secrets.
func TestOnePersonOfAPolicy(t *testing.T) {
	resident, driver, permit := hufutest.Type, hufutest.DriverType, hufutest.PermitType
	once, pairwise := hufutest.JSON{"kind": "once", "event": "card"}, hufutest.JSON{"kind": "pairwise"}
	c := hufutest.New(t, hufutest.Options{})
	c.OpenDriverDesk()
	c.OpenPermitDesk()
	either := []any{options(true, []any{"resident"}, []any{"permit"})}
	for name, test := range map[string]struct {
		edit func(hufutest.JSON)
		one  bool
	}{
		"joined with a later type":              {asks(nil, nil, resident, driver), true},
		"joined with another identity type":     {asks(nil, nil, resident, permit), false},
		"a later type and another identity":     {asks(nil, nil, driver, permit), false},
		"either of two":                         {asks(nil, either, resident, permit), true},
		"either of two, counted once":           {asks(once, either, resident, permit), false},
		"either of two, recognised":             {asks(pairwise, either, resident, permit), false},
		"either of one identity, counted once":  {asks(once, []any{options(true, []any{"resident"}, []any{"driver"})}, resident, driver), true},
		"joined, counted once":                  {asks(once, nil, resident, driver), true},
		"joined in the second way":              {asks(nil, []any{options(true, []any{"driver"}, []any{"resident", "permit"})}, resident, driver, permit), false},
		"joined by two sets":                    {asks(nil, []any{options(true, []any{"driver"}), options(true, []any{"resident"}, []any{"permit"})}, resident, driver, permit), false},
		"joined if the citizen likes":           {asks(nil, []any{options(true, []any{"resident"}), options(false, []any{"permit"})}, resident, permit), false},
		"joined with a later type, if he likes": {asks(nil, []any{options(true, []any{"resident"}), options(false, []any{"driver"})}, resident, driver), true},
	} {
		t.Run(name, func(t *testing.T) {
			v, err := verifier.New(c.CounterConfig(c.Policy(test.edit)))
			if err != nil {
				t.Fatal(err)
			}
			_, err = v.NewRequest(t.Context(), verifier.RequestOptions{})
			if (err == nil) != test.one || err != nil && !errors.Is(err, identity.ErrTypes) {
				t.Errorf("asking: %v", err)
			}
			err = v.Check(t.Context(), verifier.CheckOptions{Region: hufutest.Region})
			if is := errors.Is(err, identity.ErrTypes); is == test.one {
				t.Errorf("checking: %v", err)
			}
			if said, _ := verdict.Classify(err); !test.one && (said.Code != verdict.IdentityTypes || !said.Refused) {
				t.Errorf("said %+v", said)
			}
		})
	}
}

// TestOnePersonOfAnAnswer: an answer in both of two ways joins what the policy did not.
func TestOnePersonOfAnAnswer(t *testing.T) {
	c, citizen := proving(t)
	c.HoldPermit(citizen, c.OpenPermitDesk(), "何平", "A", "2020-01-01")
	c.NextEpoch()
	counter := c.Counter(c.Policy(asks(nil, []any{options(true, []any{"resident"}, []any{"permit"})}, hufutest.Type, hufutest.PermitType)))
	_, ask := c.Ask(citizen, counter)
	both := &openid.Response{VPToken: map[string][]string{}}
	for _, id := range []string{"resident", "permit"} {
		answer := c.Present(citizen, ask, id)
		one, err := openid.ParseResponse(answer)
		if err != nil {
			t.Fatal(err)
		}
		both.State, both.VPToken[id] = one.State, one.VPToken[id]
	}
	answer, err := both.Bytes()
	if err != nil {
		t.Fatal(err)
	}
	rejected(t, counter.Verifier, answer, verifier.CheckSchema, identity.ErrTypes)
	delete(both.VPToken, "permit")
	if answer, err = both.Bytes(); err != nil {
		t.Fatal(err)
	}
	accepted(t, counter.Verifier, answer)
}
