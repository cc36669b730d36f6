package wallet_test

import (
	"errors"
	"testing"

	"github.com/hufu-id/hufu/credential"
	"github.com/hufu-id/hufu/hufutest"
	"github.com/hufu-id/hufu/openid"
	"github.com/hufu-id/hufu/wallet"
)

// TestWhatTheCounterWouldRefuseIsNotOffered: it will compare the birth date, and asks to
// see the district alone.
func TestWhatTheCounterWouldRefuseIsNotOffered(t *testing.T) {
	c := hufutest.New(t, hufutest.Options{})
	citizen := c.Citizen(c.Adult())
	for name, test := range map[string]struct {
		claims []any
		want   error
	}{
		"shown what is compared": {[]any{hufutest.JSON{"path": []any{"district"}}, hufutest.JSON{"path": []any{"birthdate"}}}, nil},
		"shown something else":   {[]any{hufutest.JSON{"path": []any{"district"}}}, wallet.ErrNothingMatches},
	} {
		counter := c.Counter(c.Policy(func(policy hufutest.JSON) {
			policy["dcql"] = hufutest.JSON{"credentials": []any{hufutest.JSON{
				"id": "x", "format": openid.FormatSDJWT, "meta": hufutest.JSON{"vct_values": []any{hufutest.Type}}, "claims": test.claims,
				"predicates": []any{hufutest.JSON{"path": []any{"birthdate"}, "op": "at_least_years", "years": 18}},
			}}}
		}))
		ask, err := citizen.ResolveRequest(t.Context(), c.AskText(counter))
		if !errors.Is(err, test.want) || err == nil && len(ask.Choices) != 1 {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestSignaturesThatTheCounterTakes: what it does not list, it refuses.
func TestSignaturesThatTheCounterTakes(t *testing.T) {
	c := hufutest.New(t, hufutest.Options{})
	citizen, counter := c.Citizen(c.Adult()), c.Counter(c.Policy(nil))
	asked := c.Request(c.AskText(counter))
	both := []string{"EdDSA", "ES256"}
	for name, test := range map[string]struct {
		accepted openid.Algorithms
		offered  bool
	}{
		"both":                      {openid.Algorithms{SDJWT: both, KBJWT: both}, true},
		"says nothing":              {openid.Algorithms{}, true},
		"another for the issuer":    {openid.Algorithms{SDJWT: []string{"ES384"}, KBJWT: both}, false},
		"another for the holder":    {openid.Algorithms{SDJWT: both, KBJWT: []string{"EdDSA"}}, false},
		"says nothing of the first": {openid.Algorithms{KBJWT: []string{"ES256"}}, true},
	} {
		r := *asked
		r.Formats = map[string]openid.Algorithms{openid.FormatSDJWT: test.accepted, openid.FormatSDJWTZK: {}}
		object, err := openid.SignRequest(t.Context(), c.Library.Key, c.Library.KeyID, &r)
		none(t, err)
		ask, err := citizen.ResolveRequest(t.Context(), []byte(object))
		if (err == nil) != test.offered || err != nil && !errors.Is(err, wallet.ErrNothingMatches) {
			t.Errorf("%s: %+v, %v", name, ask, err)
		}
	}
}

// TestPresentChecksAsTheCounterWould: an element whose earlier ones stay hidden moves
// to another number. What the counter would refuse is not sent.
func TestPresentChecksAsTheCounterWould(t *testing.T) {
	c, h, holder, good := applied(t)
	_, err := h.Receive(t.Context(), good)
	none(t, err)
	f := c.Forge(c.Adult(), holder)
	f.Claims["countries"] = []any{"CN", "FR"}
	f.Hide = append(f.Hide, credential.Path{"countries", nil})
	for _, test := range []struct {
		number int
		want   error
	}{{0, nil}, {1, openid.ErrNoMatch}} {
		path := credential.Path{"countries", test.number}
		counter := c.Counter(c.Policy(func(policy hufutest.JSON) {
			dcql := policy["dcql"].(hufutest.JSON)
			dcql["credentials"] = append(dcql["credentials"].([]any), hufutest.JSON{
				"id": "x", "format": openid.FormatSDJWT, "meta": hufutest.JSON{"vct_values": []any{hufutest.Type}},
				"claims": []any{hufutest.JSON{"path": path}},
			})
			dcql["credential_sets"] = []any{hufutest.JSON{"options": []any{[]any{"claims"}, []any{"x"}}}}
		}))
		_, ask := c.Ask(h, counter)
		is(t, h.Disclose(t.Context(), ask, "x", f.Credential(), path), test.want)
	}
}
