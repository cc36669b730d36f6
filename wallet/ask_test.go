package wallet_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/hufu-id/hufu/did"
	"github.com/hufu-id/hufu/internal/testworld"
	"github.com/hufu-id/hufu/ledger"
	"github.com/hufu-id/hufu/openid"
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
	if ask.Requester != c.Library.DID || ask.Accreditation != nil || ask.Purpose.ID != "library-card" || !ask.Expires.Equal(c.Now().Add(10*time.Minute)) {
		t.Errorf("got %+v", ask)
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
	c := testworld.New(t, testworld.Options{})
	_, ask := c.Ask(c.Citizen(c.Adult()), c.Counter(c.Policy(nil)))
	if len(ask.Choices) != 1 || ask.Choices[0].Format != openid.FormatSDJWT {
		t.Errorf("got %+v", ask.Choices)
	}
}

func TestConsiderRefuses(t *testing.T) {
	c := testworld.New(t, testworld.Options{})
	citizen, counter := c.Citizen(c.Adult()), c.Counter(c.Policy(nil))
	object, err := counter.Ask(t.Context())
	none(t, err)
	asked := c.Request([]byte(object))
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
		{"one bit of the signature", []byte(flipEnd(object)), did.ErrSignature},
		{"requester unknown to the ledger", []byte(fromNobody), ledger.ErrAbsent},
		{"key unknown to the ledger", []byte(noSuchKey), did.ErrNoKey},
		{"from the future", sign(func(r *openid.AuthorizationRequest) {
			r.IssuedAt, r.Expires = r.IssuedAt.Add(time.Hour), r.Expires.Add(time.Hour)
		}), openid.ErrRequestTime},
	} {
		t.Run(test.name, func(t *testing.T) {
			ask, err := citizen.Consider(t.Context(), test.object)
			if ask != nil || !errors.Is(err, wallet.ErrRequest) || !errors.Is(err, test.reason) {
				t.Errorf("got %v", err)
			}
		})
	}
	t.Run("expired", func(t *testing.T) {
		c.Advance(11 * time.Minute)
		defer c.Advance(-11 * time.Minute)
		_, err := citizen.Consider(t.Context(), []byte(object))
		is(t, err, wallet.ErrRequest)
		is(t, err, openid.ErrRequestTime)
	})
	_, err = citizen.Consider(t.Context(), []byte(object))
	none(t, err)
	t.Run("the key has ended", func(t *testing.T) {
		c.Library.Change(func(d *ledger.DID) { d.Keys[0].Until = c.Now().Unix() })
		_, err := citizen.Consider(t.Context(), []byte(object))
		is(t, err, wallet.ErrRequest)
		is(t, err, did.ErrKeyNotValid)
	})
	t.Run("the requester is deactivated", func(t *testing.T) {
		c.Library.Change(func(d *ledger.DID) { d.Deactivated, d.Next = true, nil })
		_, err := citizen.Consider(t.Context(), []byte(object))
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
	c := testworld.New(t, testworld.Options{})
	citizen, counter := c.Citizen(c.Adult()), c.Counter(c.Policy(nil))
	c.Advance(25 * time.Hour)
	object, err := counter.Ask(t.Context())
	none(t, err)
	_, err = citizen.Consider(t.Context(), []byte(object))
	is(t, err, ledger.ErrStale)
	if errors.Is(err, wallet.ErrRequest) {
		t.Error("refused, though nothing is known against it")
	}
}

func TestNothingMatches(t *testing.T) {
	c, _, _ := sketched(t)
	for name, test := range map[string]struct {
		holder *testworld.Holder
		edit   func(testworld.JSON)
	}{
		"an empty wallet":                   {c.Wallet(), nil},
		"a predicate that does not hold":    {c.Citizen(c.Child()), nil},
		"another district":                  {c.Citizen(testworld.NewResident("白露", "1990-01-01", "110105", 3)), nil},
		"a claim that the type has not got": {c.Citizen(c.OtherAdult()), func(p testworld.JSON) { asks(p, "nationality") }},
	} {
		t.Run(name, func(t *testing.T) {
			object, err := c.Counter(c.Policy(test.edit)).Ask(t.Context())
			none(t, err)
			ask, err := test.holder.Consider(t.Context(), []byte(object))
			is(t, err, wallet.ErrNothingMatches)
			if ask != nil {
				t.Error("an ask without a choice")
			}
		})
	}
}

// asks makes both queries of the policy ask for one claim.
func asks(policy testworld.JSON, claim string) {
	for _, q := range policy["dcql"].(testworld.JSON)["credentials"].([]any) {
		q := q.(testworld.JSON)
		delete(q, "predicates")
		if q["format"] == openid.FormatSDJWT {
			q["claims"] = []any{testworld.JSON{"path": []string{claim}}}
		} else {
			q["predicates"] = []any{testworld.JSON{"path": []string{claim}, "op": "eq", "value": "x"}}
		}
	}
}

func TestUnaccreditedRequester(t *testing.T) {
	c := testworld.New(t, testworld.Options{})
	citizen, curious := c.Citizen(c.Adult()), c.NewAgency()
	counter := c.CounterOf(curious, c.Policy(nil))
	_, ask := c.Ask(citizen, counter)
	if !errors.Is(ask.Accreditation, wallet.ErrNotAccredited) || !errors.Is(ask.Accreditation, ledger.ErrNotAccredited) {
		t.Fatalf("got %v", ask.Accreditation)
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
		if !errors.Is(ask.Accreditation, ledger.ErrSuspended) {
			t.Errorf("got %v", ask.Accreditation)
		}
	})
}
