package wallet_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/hufu-id/hufu/did"
	"github.com/hufu-id/hufu/hufutest"
	"github.com/hufu-id/hufu/ledger"
	"github.com/hufu-id/hufu/openid"
	"github.com/hufu-id/hufu/verdict"
	"github.com/hufu-id/hufu/verifier"
	"github.com/hufu-id/hufu/wallet"
)

func names(labels []wallet.Label) string {
	out := make([]string, len(labels))
	for i, l := range labels {
		out[i] = l.Claim
	}
	return strings.Join(out, " ")
}

func TestConsider(t *testing.T) {
	c, citizen, _ := sketched(t)
	counter := c.Counter(c.Policy(nil))
	_, ask := c.Ask(citizen, counter)
	if ask.Requester != c.Library.DID || ask.Choices[0].Accreditation != nil || ask.Purpose.ID != "library-card" || !ask.Expires.Equal(c.Now().Add(10*time.Minute)) {
		t.Errorf("got %+v", ask)
	}
	if ask.ResponseURI != "https://counter.invalid/answer" { // the counter's stand-in
		t.Errorf("answers go to %q", ask.ResponseURI)
	}
	if len(ask.Choices) != 2 {
		t.Fatalf("%d choices", len(ask.Choices))
	}
	proof, claims := ask.Choices[0].Parts[0], ask.Choices[1].Parts[0]
	if proof.Query != "proof" || len(proof.Reveals) != 0 || len(proof.Proves) != 2 || proof.Proves[0].English != "aged 18 or over, by birth date" {
		t.Errorf("by proof: %+v", proof)
	}
	if got := names(proof.Withholds); got != "name resident_id birthdate address" { // the district is told
		t.Errorf("a proof withholds %q", got)
	}
	if got := names(claims.Reveals); claims.Query != "claims" || got != "birthdate district" {
		t.Errorf("claims reveal %q", got)
	}
	if got := names(claims.Withholds); got != "name resident_id address" || !claims.Withholds[0].Sensitive {
		t.Errorf("claims withhold %q", got)
	}
}

func TestConsiderWithoutProver(t *testing.T) {
	c := hufutest.New(t, hufutest.Options{})
	_, ask := c.Ask(c.Citizen(c.Adult()), c.Counter(c.Policy(nil)))
	if len(ask.Choices) != 1 || ask.Choices[0].Format != openid.FormatSDJWT {
		t.Errorf("got %+v", ask.Choices)
	}
}

func TestConsiderRefuses(t *testing.T) {
	c := hufutest.New(t, hufutest.Options{})
	citizen, counter := c.Citizen(c.Adult()), c.Counter(c.Policy(nil))
	object, err := counter.NewRequest(t.Context(), verifier.RequestOptions{})
	none(t, err)
	asked := c.Request(object.Object)
	sign := func(edit func(*openid.AuthorizationRequest)) []byte {
		r := *asked
		edit(&r)
		out, err := openid.SignRequest(t.Context(), c.Library.Key, c.Library.KeyID, &r)
		none(t, err)
		return []byte(out)
	}
	stranger := c.Key()
	forged, err := openid.SignRequest(t.Context(), stranger, c.Library.KeyID, asked)
	none(t, err)
	unknown := "did:hufu:" + strings.Repeat("a", 32)
	nobody := *asked
	nobody.Verifier = unknown
	fromNobody, err := openid.SignRequest(t.Context(), stranger, unknown+"#sig-1", &nobody)
	none(t, err)
	noSuchKey, err := openid.SignRequest(t.Context(), stranger, c.Library.DID+"#sig-9", asked)
	none(t, err)
	for _, test := range []struct {
		name   string
		object []byte
		reason error
	}{
		{"no JWS", []byte("request"), did.ErrToken},
		{"signed by somebody else", []byte(forged), did.ErrSignature},
		{"one bit of the signature", []byte(flipEnd(string(object.Object))), did.ErrSignature},
		{"key unknown to the ledger", []byte(noSuchKey), did.ErrNoKey},
		{"from the future", sign(func(r *openid.AuthorizationRequest) {
			r.IssuedAt, r.Expires = r.IssuedAt.Add(time.Hour), r.Expires.Add(time.Hour)
		}), openid.ErrRequestTime},
	} {
		t.Run(test.name, func(t *testing.T) {
			ask, err := citizen.ResolveRequest(t.Context(), test.object)
			if ask != nil || !errors.Is(err, wallet.ErrRequest) || !errors.Is(err, test.reason) {
				t.Errorf("got %v", err)
			}
		})
	}
	t.Run("requester that nothing proves", func(t *testing.T) {
		_, err := citizen.ResolveRequest(t.Context(), []byte(fromNobody))
		is(t, err, wallet.ErrRequester)
		fails(t, err, wallet.CheckRequest, verdict.RequesterUnproved)
	})
	t.Run("expired", func(t *testing.T) {
		c.Advance(11 * time.Minute)
		defer c.Advance(-11 * time.Minute)
		_, err := citizen.ResolveRequest(t.Context(), object.Object)
		is(t, err, wallet.ErrRequest)
		is(t, err, openid.ErrRequestTime)
	})
	_, err = citizen.ResolveRequest(t.Context(), object.Object)
	none(t, err)
	// A list that is newer than the proof in the request has the last word.
	relist := func() {
		c.Advance(13 * time.Hour) // half a list's life
		c.Heartbeat()
		c.PublishAgencies()
		none(t, citizen.Refresh(t.Context()))
		object.Object = sign(func(r *openid.AuthorizationRequest) { r.IssuedAt, r.Expires = c.Now(), c.Now().Add(time.Minute) })
	}
	t.Run("the key has ended", func(t *testing.T) {
		c.Library.Change(func(d *ledger.DID) { d.Keys[0].Until = c.Now().Unix() })
		relist()
		_, err := citizen.ResolveRequest(t.Context(), object.Object)
		is(t, err, wallet.ErrRequest)
		is(t, err, did.ErrKeyNotValid)
	})
	t.Run("the requester is deactivated", func(t *testing.T) {
		c.Library.Change(func(d *ledger.DID) { d.Deactivated, d.Next = true, nil })
		relist()
		_, err := citizen.ResolveRequest(t.Context(), object.Object)
		is(t, err, wallet.ErrRequest)
		is(t, err, ledger.ErrDeactivated)
	})
}

func flipEnd(token string) string {
	at := strings.LastIndex(token, ".") + 1
	return token[:at] + flip(token[at:])
}

// TestConsiderStale: a wallet that cannot tell how fresh the ledger is says so,
// which is not the same as refusing.
func TestConsiderStale(t *testing.T) {
	c := hufutest.New(t, hufutest.Options{})
	citizen, counter := c.Citizen(c.Adult()), c.Counter(c.Policy(nil))
	asked := c.Request(c.AskText(counter))
	c.PublishAgencies()
	none(t, citizen.Refresh(t.Context()))
	c.Advance(25 * time.Hour)
	asked.IssuedAt, asked.Expires = c.Now(), c.Now().Add(time.Minute)
	for name, reasons := range map[string]struct {
		proof   []byte
		reasons []error
	}{
		"an old proof and an old list": {asked.LedgerProof, []error{ledger.ErrStale, wallet.ErrRefresh}},
		"an old list":                  {nil, []error{ledger.ErrStale, wallet.ErrRefresh}},
	} {
		t.Run(name, func(t *testing.T) {
			asked.LedgerProof = reasons.proof
			object, err := openid.SignRequest(t.Context(), c.Library.Key, c.Library.KeyID, asked)
			none(t, err)
			_, err = citizen.ResolveRequest(t.Context(), []byte(object))
			for _, reason := range reasons.reasons {
				is(t, err, reason)
			}
			fails(t, err, wallet.CheckCheckpoint, verdict.RefreshFirst)
		})
	}
}

func TestNothingMatches(t *testing.T) {
	c, _, _ := sketched(t)
	for name, test := range map[string]struct {
		holder *hufutest.Holder
		edit   func(hufutest.JSON)
		want   string
	}{
		"an empty wallet":                   {c.Wallet(), nil, ""},
		"a predicate that does not hold":    {c.Citizen(c.Child()), nil, "aged 18 or over, by birth date"},
		"another district":                  {c.Citizen(hufutest.NewResident("白露", "1990-01-01", "110105", 3)), nil, "district is 110101"},
		"a claim that the type has not got": {c.Citizen(c.OtherAdult()), func(p hufutest.JSON) { asks(p, "nationality") }, `["nationality"] is not in this credential`},
	} {
		t.Run(name, func(t *testing.T) {
			object, err := c.Counter(c.Policy(test.edit)).NewRequest(t.Context(), verifier.RequestOptions{})
			none(t, err)
			ask, err := test.holder.ResolveRequest(t.Context(), object.Object)
			is(t, err, wallet.ErrNothingMatches)
			if ask != nil {
				t.Error("an ask without a choice")
			}
			var none *wallet.NothingMatches
			if !errors.As(err, &none) || err.Error() != "wallet: rejected at match: "+wallet.ErrNothingMatches.Error() {
				t.Fatalf("%v", err)
			}
			var said []string
			for _, m := range none.Mismatches {
				for _, s := range m.Fails {
					said = append(said, s.English)
				}
				said = append(said, m.Err.Error())
			}
			if got := strings.Join(said, "; "); !strings.Contains(got, test.want) || (got == "") != (test.want == "") {
				t.Errorf("says %q, want %q", got, test.want)
			}
		})
	}
}

// asks makes both queries of the policy ask for one claim.
func asks(policy hufutest.JSON, claim string) {
	for _, q := range policy["dcql"].(hufutest.JSON)["credentials"].([]any) {
		q := q.(hufutest.JSON)
		delete(q, "predicates")
		if q["format"] == openid.FormatSDJWT {
			q["claims"] = []any{hufutest.JSON{"path": []string{claim}}}
		} else {
			q["predicates"] = []any{hufutest.JSON{"path": []string{claim}, "op": "eq", "value": "x"}}
		}
	}
}

func TestUnaccreditedRequester(t *testing.T) {
	c := hufutest.New(t, hufutest.Options{})
	citizen, curious := c.Citizen(c.Adult()), c.NewAgency()
	counter := c.CounterOf(curious, c.Policy(nil))
	_, ask := c.Ask(citizen, counter)
	if !errors.Is(ask.Choices[0].Accreditation, wallet.ErrNotAccredited) || !errors.Is(ask.Choices[0].Accreditation, ledger.ErrNotAccredited) {
		t.Fatalf("got %v", ask.Choices[0].Accreditation)
	}
	_, err := citizen.Present(t.Context(), ask, wallet.Consent{})
	is(t, err, wallet.ErrNotAccredited)
	if history, err := citizen.History(t.Context()); err != nil || len(history) != 0 {
		t.Errorf("history of what never left: %v, %v", history, err)
	}
	presented, err := citizen.Present(t.Context(), ask, wallet.Consent{AcceptUnaccredited: true})
	none(t, err)
	if _, err := counter.Verify(t.Context(), presented.Response); err != nil {
		t.Error(err)
	}
	t.Run("suspended", func(t *testing.T) {
		library := c.Counter(c.Policy(nil))
		c.Accredit(c.Library, ledger.ActionVerify, ledger.StateSuspended)
		_, ask := c.Ask(citizen, library)
		if !errors.Is(ask.Choices[0].Accreditation, ledger.ErrSuspended) {
			t.Errorf("got %v", ask.Choices[0].Accreditation)
		}
	})
}

// Each way to answer has its own accreditation: who may ask for residents, and no
// longer for drivers, gets no licence by offering the choice.
func TestAccreditationOfEachChoice(t *testing.T) {
	c := hufutest.New(t, hufutest.Options{})
	desk := c.OpenPermitDesk()
	citizen := c.Citizen(c.Adult())
	c.HoldPermit(citizen, desk, "周安宁", "C1", "2008-06-01")
	c.Submit(c.Root, &ledger.Accreditation{
		Agency: c.Library.DID, Action: ledger.ActionVerify, Region: hufutest.Region, Type: hufutest.PermitType,
		Accreditor: c.Root.DID, State: ledger.StateSuspended, Subject: c.Library.Subject,
	})
	counter := c.Counter(c.Policy(func(policy hufutest.JSON) {
		query := func(id, vct, claim string) hufutest.JSON {
			return hufutest.JSON{
				"id": id, "format": openid.FormatSDJWT, "meta": hufutest.JSON{"vct_values": []any{vct}},
				"claims": []any{hufutest.JSON{"path": []any{claim}}},
			}
		}
		policy["dcql"] = hufutest.JSON{
			"credentials":     []any{query("claims", hufutest.Type, "birthdate"), query("licence", hufutest.PermitType, "class")},
			"credential_sets": []any{hufutest.JSON{"options": []any{[]any{"claims"}, []any{"licence"}}}},
		}
	}))
	_, ask := c.Ask(citizen, counter)
	if len(ask.Choices) != 2 || ask.Choices[0].Accreditation != nil {
		t.Fatalf("choices %+v", ask.Choices)
	}
	is(t, ask.Choices[1].Accreditation, wallet.ErrNotAccredited)
	_, err := citizen.Present(t.Context(), ask, wallet.Consent{Choice: 1})
	is(t, err, wallet.ErrNotAccredited)
	_, err = citizen.Present(t.Context(), ask, wallet.Consent{Choice: 1, AcceptUnaccredited: true})
	none(t, err)
	_, err = citizen.Present(t.Context(), ask, wallet.Consent{})
	none(t, err)
}

// The citizen is told before consenting that a proof will be known again, and
// finds it in the history.
func TestScopeIsTold(t *testing.T) {
	c, citizen, _ := sketched(t)
	for kind, scope := range map[string]hufutest.JSON{
		"": {"kind": "none"}, "pairwise": {"kind": "pairwise"}, "once": {"kind": "once", "event": "card-2026"},
	} {
		counter := c.Counter(c.Policy(func(p hufutest.JSON) {
			p["scope"] = scope
			dcql := p["dcql"].(hufutest.JSON) // claims would be recognised anyway
			dcql["credentials"] = dcql["credentials"].([]any)[:1]
			delete(dcql, "credential_sets")
			if kind == "once" {
				hufutest.Once(p)
			}
		}))
		_, ask := c.Ask(citizen, counter)
		event, _ := scope["event"].(string)
		if string(ask.Scope.Kind) != kind || ask.Scope.Event != event {
			t.Errorf("%q: told %+v", kind, ask.Scope)
		}
		presented, err := citizen.Present(t.Context(), ask, wallet.Consent{})
		none(t, err)
		if presented.Entry.Scope != kind || presented.Entry.Event != event {
			t.Errorf("%q: remembered %+v", kind, presented.Entry)
		}
	}
}

// A purpose that its regulator took back is no reason to ask any more.
func TestPurposeTakenBack(t *testing.T) {
	c := hufutest.New(t, hufutest.Options{})
	citizen := c.Citizen(c.Adult())
	for state, reason := range map[string]error{ledger.StateActive: nil, ledger.StateSuspended: ledger.ErrSuspended, ledger.StateEnded: ledger.ErrEnded} {
		t.Run(state, func(t *testing.T) {
			other := c.NewAgency()
			c.Accredit(other, ledger.ActionVerify, ledger.StateActive)
			c.Submit(c.Root, &ledger.Purpose{
				Verifier: other.DID, ID: "library-card", Regulator: c.Root.DID, Region: hufutest.Region,
				Basis:     ledger.Text{English: "Library act", Chinese: "公共图书馆法"},
				Asked:     []ledger.Asked{{Type: hufutest.Type, Claims: []string{"birthdate", "district"}}},
				Retention: "P0D", State: state,
			})
			ask, err := citizen.ResolveRequest(t.Context(), c.AskText(c.CounterOf(other, c.Policy(nil))))
			none(t, err)
			if got := ask.Choices[0].Accreditation; !errors.Is(got, reason) || reason == nil && got != nil {
				t.Errorf("got %v", got)
			}
		})
	}
}
