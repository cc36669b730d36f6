package verifier_test

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/hufu-id/hufu/hufutest"
	"github.com/hufu-id/hufu/internal/limits"
	"github.com/hufu-id/hufu/internal/long"
	"github.com/hufu-id/hufu/ledger"
	"github.com/hufu-id/hufu/openid"
	"github.com/hufu-id/hufu/verifier"
	"github.com/hufu-id/hufu/wallet"
	"github.com/hufu-id/hufu/zkp"
)

// counting is a country whose ledger counts under development keys, and two citizens.
func counting(t *testing.T) (c *hufutest.Country, citizen, neighbour *hufutest.Holder) {
	t.Helper()
	long.NotShort(t, "proves in zero knowledge")
	c = hufutest.New(t, hufutest.Options{ZK: &zkp.Accumulator{AllowSinglePartySetupUnsafe: true}})
	c.UseProver()
	citizen, neighbour = c.Citizen(c.Adult()), c.Citizen(c.OtherAdult())
	c.NextEpoch()
	return c, citizen, neighbour
}

var (
	yes = verifier.Text{English: "I am for the new library", Chinese: "我赞成新建图书馆"}
	no  = verifier.Text{English: "I am against it", Chinese: "我反对"}
)

// say lets a citizen say something at a counter, up to the answer.
func say(t *testing.T, h *hufutest.Holder, counter *hufutest.Counter, says verifier.Text) []byte {
	t.Helper()
	request, err := counter.NewRequest(t.Context(), verifier.RequestOptions{Says: says})
	if err != nil {
		t.Fatal(err)
	}
	if err := h.Refresh(t.Context()); err != nil {
		t.Fatal(err)
	}
	ask, err := h.ResolveRequest(t.Context(), request.Object)
	if err != nil {
		t.Fatal(err)
	}
	if told := ask.Scope.Saying; told == nil || told.Text.EN != says.English || told.Text.ZH != says.Chinese {
		t.Fatalf("the wallet shows %+v", told)
	}
	presented, err := h.Present(t.Context(), ask, wallet.Consent{})
	if err != nil {
		t.Fatal(err)
	}
	return presented.Response
}

// hand gives a use to the ledger, signed by whoever counts.
func hand(t *testing.T, c *hufutest.Country, by *hufutest.Agency, use *ledger.Use) error {
	t.Helper()
	operations, err := ledger.SignObjects(by.Ledger, []ledger.Object{use}, by.Key)
	if err != nil {
		t.Fatal(err)
	}
	_, err = c.Log.Submit(t.Context(), operations...)
	return err
}

func useOf(t *testing.T, r *verifier.Result) *ledger.Use {
	t.Helper()
	use, err := ledger.ParseUse(r.Use)
	if err != nil {
		t.Fatal(err)
	}
	return use
}

// TestCounted: each person is counted once on the ledger, at whatever counter of the agency,
// with the words that the wallet showed and no others.
func TestCounted(t *testing.T) {
	c, citizen, neighbour := counting(t)
	policy := c.Policy(hufutest.Counted)
	c.OpenEvent(c.Library, policy)
	here, there := c.Counter(policy), c.Counter(policy)

	answer := say(t, citizen, here, yes)
	result := accepted(t, here.Verifier, answer)
	if *result.Says != yes || result.Pseudonym == "" {
		t.Errorf("said %v", result.Says)
	}
	repeated(t, here.Verifier, answer, result)
	use := useOf(t, result)
	if err := here.Check(t.Context(), verifier.CheckOptions{Region: hufutest.Region}); err != nil {
		t.Error(err)
	}

	t.Run("words of the counter's own", func(t *testing.T) {
		other := *use
		other.Payload[0]++
		if err := hand(t, c, c.Library, &other); !errors.Is(err, ledger.ErrProof) {
			t.Errorf("got %v", err)
		}
	})
	t.Run("counted", func(t *testing.T) {
		if err := hand(t, c, c.Library, use); err != nil {
			t.Fatal(err)
		}
		history, err := citizen.History(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		told := history[len(history)-1]
		if told.Scope != "counted" || told.Event != use.Event || told.Saying == nil || told.Saying.Payload() != use.Payload {
			t.Errorf("the citizen's history has %+v", told)
		}
	})
	t.Run("again, at the same counter", func(t *testing.T) {
		rejected(t, here.Verifier, say(t, citizen, here, no), verifier.CheckOnce, verifier.ErrUsedOnce)
	})
	t.Run("again, at another counter", func(t *testing.T) {
		second := useOf(t, accepted(t, there.Verifier, say(t, citizen, there, no)))
		if second.Nullifier != use.Nullifier || second.Payload == use.Payload {
			t.Error("another person, or the same words")
		}
		if err := hand(t, c, c.Library, second); !errors.Is(err, ledger.ErrUsed) {
			t.Errorf("got %v", err)
		}
	})
	t.Run("the neighbour, with the same words", func(t *testing.T) {
		theirs := useOf(t, accepted(t, there.Verifier, say(t, neighbour, there, yes)))
		if theirs.Nullifier == use.Nullifier || theirs.Payload == use.Payload {
			t.Error("one payload or mark for two people")
		}
		if err := hand(t, c, c.Library, theirs); err != nil {
			t.Error(err)
		}
	})
}

// TestCountedOnlyAsSaid: a requester cannot turn an answer in another scope into a use, and a
// wallet answers no request whose nonce commits to other words than it shows.
func TestCountedOnlyAsSaid(t *testing.T) {
	c, citizen, _ := counting(t)
	policy := c.Policy(hufutest.Counted)
	c.OpenEvent(c.Library, policy)
	counter := c.Counter(policy)
	request, err := counter.NewRequest(t.Context(), verifier.RequestOptions{Says: no})
	if err != nil {
		t.Fatal(err)
	}
	t.Run("other words than the nonce's", func(t *testing.T) {
		asked := c.Request(request.Object)
		asked.Scope.Saying.Text.EN, asked.Scope.Saying.Text.ZH = yes.English, yes.Chinese
		_, err := citizen.ResolveRequest(t.Context(), c.SignRequest(c.Library, asked))
		if !errors.Is(err, wallet.ErrSaying) || !errors.Is(err, wallet.ErrRequest) {
			t.Errorf("got %v", err)
		}
	})
	t.Run("the nonce of a ballot in a scope that shows none", func(t *testing.T) {
		if err := citizen.Refresh(t.Context()); err != nil {
			t.Fatal(err)
		}
		asked := c.Request(request.Object)
		asked.Scope.Kind, asked.Scope.Saying = openid.ScopeOnce, nil
		ask, err := citizen.ResolveRequest(t.Context(), c.SignRequest(c.Library, asked))
		if err != nil {
			t.Fatal(err)
		}
		presented, err := citizen.Present(t.Context(), ask, wallet.Consent{})
		if err != nil {
			t.Fatal(err)
		}
		rejected(t, counter.Verifier, presented.Response, verifier.CheckStatement, zkp.ErrShow)
	})
}

// TestCountedNeedsTheRule: where the ledger has not the policy's rule, nothing is accepted:
// the citizen would believe to be counted.
func TestCountedNeedsTheRule(t *testing.T) {
	c, citizen, _ := counting(t)
	policy := c.Policy(hufutest.Counted)
	counter := c.Counter(policy)
	unchecked(t, counter.Verifier, say(t, citizen, counter, yes), verifier.CheckPolicy, verifier.ErrRule)
	if err := counter.Check(t.Context(), verifier.CheckOptions{Region: hufutest.Region}); !errors.Is(err, verifier.ErrRule) {
		t.Errorf("at the start: %v", err)
	}
	rule, err := policy.Rule(c.Library.DID, c.Schema)
	if err != nil {
		t.Fatal(err)
	}
	rule.Question.Statement[0]++
	c.Submit(c.Library, rule)
	unchecked(t, counter.Verifier, say(t, citizen, counter, yes), verifier.CheckPolicy, verifier.ErrRule)
}

// otherObject is a store that returns another request's object.
type otherObject struct {
	verifier.Store
	object []byte
}

func (s otherObject) Request(ctx context.Context, id string) (verifier.Request, error) {
	r, err := s.Store.Request(ctx, id)
	r.Object = s.object
	return r, err
}

// TestCountedAsStored: words that do not belong to the request's nonce are not counted.
func TestCountedAsStored(t *testing.T) {
	c, citizen, _ := counting(t)
	policy := c.Policy(hufutest.Counted)
	c.OpenEvent(c.Library, policy)
	counter := c.Counter(policy)
	other, err := counter.NewRequest(t.Context(), verifier.RequestOptions{Says: no})
	if err != nil {
		t.Fatal(err)
	}
	for name, object := range map[string][]byte{"another": other.Small, "one that counts nothing": c.AskText(c.Counter(c.Policy(nil)))} {
		v := open(t, c, counter, func(cfg *verifier.Config) {
			cfg.Store, cfg.Policies = otherObject{counter.Store, object}, []*verifier.Policy{policy}
		})
		t.Run(name, func(t *testing.T) {
			unchecked(t, v, say(t, citizen, counter, yes), verifier.CheckRequest, verifier.ErrSays)
		})
	}
}

// TestSays: words go with a counted event, and a counted event with words.
func TestSays(t *testing.T) {
	c := hufutest.New(t, hufutest.Options{})
	counted, plain := c.Counter(c.Policy(hufutest.Counted)), c.Counter(c.Policy(nil))
	for name, test := range map[string]struct {
		counter *hufutest.Counter
		says    verifier.Text
	}{
		"nothing said": {counted, verifier.Text{}}, "in one language": {counted, verifier.Text{English: "yes"}},
		"illegible": {counted, verifier.Text{English: "yes\x1b[2J", Chinese: "同意"}}, "said for nothing": {plain, yes},
	} {
		if _, err := test.counter.NewRequest(t.Context(), verifier.RequestOptions{Says: test.says}); !errors.Is(err, verifier.ErrSays) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestCountedPolicies: the rule fixes the question before the event opens.
func TestCountedPolicies(t *testing.T) {
	first := func(p hufutest.JSON) hufutest.JSON { return proofQuery(p)["predicates"].([]any)[1].(hufutest.JSON) }
	edited := func(edit func(hufutest.JSON)) []byte {
		return hufutest.PolicyFile(func(p hufutest.JSON) { hufutest.Counted(p); edit(p) })
	}
	if _, err := verifier.ParsePolicy(edited(func(hufutest.JSON) {})); err != nil {
		t.Fatal(err)
	}
	set := func(with hufutest.JSON) func(hufutest.JSON) {
		return func(p hufutest.JSON) {
			asked := first(p)
			clear(asked)
			for k, v := range with {
				asked[k] = v
			}
		}
	}
	for name, edit := range map[string]func(hufutest.JSON){
		"an age":               set(hufutest.JSON{"path": []any{"birthdate"}, "op": string(openid.OpAtLeastYears), "years": 18}),
		"a greatest age":       set(hufutest.JSON{"path": []any{"birthdate"}, "op": string(openid.OpAfterYears), "years": 18}),
		"a set":                set(hufutest.JSON{"path": []any{"district"}, "op": string(openid.OpIn), "values": []any{"110101", "110102"}}),
		"outside a set":        set(hufutest.JSON{"path": []any{"district"}, "op": string(openid.OpNotIn), "values": []any{"110101", "110102"}}),
		"a value":              set(hufutest.JSON{"path": []any{"district"}, "op": string(openid.OpReveal)}),
		"no event":             func(p hufutest.JSON) { p["scope"] = hufutest.JSON{"kind": "counted"} },
		"a version of 33 bits": func(p hufutest.JSON) { p["version"] = 1 << 32 },
		"an event of blanks":   func(p hufutest.JSON) { p["scope"].(hufutest.JSON)["event"] = "the vote of 2026" },
		"an id of blanks":      func(p hufutest.JSON) { p["id"] = "the vote" },
		"an id beside no DID":  func(p hufutest.JSON) { p["id"] = strings.Repeat("a", limits.Identifier-42) },
		"no bound on bindings": func(p hufutest.JSON) { q := proofQuery(p); q["predicates"] = q["predicates"].([]any)[:2] },
		"two credentials": func(p hufutest.JSON) {
			dcql := p["dcql"].(hufutest.JSON)
			other := hufutest.JSON{}
			for k, v := range proofQuery(p) {
				other[k] = v
			}
			other["id"] = "other"
			dcql["credentials"] = append(dcql["credentials"].([]any), other)
		},
	} {
		if _, err := verifier.ParsePolicy(edited(edit)); !errors.Is(err, verifier.ErrPolicy) {
			t.Errorf("%s: %v", name, err)
		}
	}
	t.Run("more than one statement", func(t *testing.T) {
		c := hufutest.New(t, hufutest.Options{})
		policy := c.Policy(func(p hufutest.JSON) {
			hufutest.Counted(p)
			q := proofQuery(p)
			for range 2 {
				q["predicates"] = append(q["predicates"].([]any), first(p))
			}
		})
		if _, err := policy.Rule(c.Library.DID, c.Schema); !errors.Is(err, verifier.ErrPolicy) {
			t.Errorf("got %v", err)
		}
		if _, err := c.Counter(policy).NewRequest(t.Context(), verifier.RequestOptions{Says: yes}); !errors.Is(err, verifier.ErrPolicy) {
			t.Errorf("asked: %v", err)
		}
	})
	t.Run("the schema of another type, or another scope", func(t *testing.T) {
		c := hufutest.New(t, hufutest.Options{})
		other := *c.Schema
		other.VCT = "urn:test:other:1"
		if _, err := c.Policy(hufutest.Counted).Rule(c.Library.DID, &other); !errors.Is(err, verifier.ErrPolicy) {
			t.Errorf("got %v", err)
		}
		if _, err := c.Policy(nil).Rule(c.Library.DID, c.Schema); !errors.Is(err, verifier.ErrPolicy) {
			t.Errorf("got %v", err)
		}
	})
}
