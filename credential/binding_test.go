package credential_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/go-json-experiment/json"

	"github.com/hufu-id/hufu/credential"
	"github.com/hufu-id/hufu/did"
)

func TestBinding(t *testing.T) {
	verified := verify(t, parse(t, present(t).Bytes()))
	binding, err := verified.VerifyBinding("counter", "nonce-1", credential.BindingOptions{Now: now})
	if err != nil {
		t.Fatal(err)
	}
	if !binding.IssuedAt.Equal(now) || binding.Claims["aud"] != "counter" {
		t.Errorf("binding %+v", binding)
	}
}

func TestBindingExtraClaims(t *testing.T) {
	hashes := map[string]any{"transaction_data_hashes": []string{"abc"}}
	bound, err := issue(t).Bind(t.Context(), holder, "a", "n", credential.BindOptions{Claims: hashes})
	if err != nil {
		t.Fatal(err)
	}
	token := parse(t, bound.Bytes())
	verified, err := token.Verify(issuer.Public(), credential.VerifyOptions{Now: now})
	if err != nil {
		t.Fatal(err)
	}
	// Made with the machine's clock, so checked with it.
	binding, err := verified.VerifyBinding("a", "n", credential.BindingOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if got := text(t, binding.Claims["transaction_data_hashes"]); got != `["abc"]` {
		t.Errorf("further claims read as %s", got)
	}
	if len(hashes) != 1 {
		t.Error("the caller's claims were changed")
	}
}

// rebind replaces the binding of a presentation by one over any claims.
func rebind(t *testing.T, typ string, change func(map[string]any)) *credential.SDJWT {
	t.Helper()
	compact := present(t).String()
	cut := strings.LastIndex(compact, "~") + 1
	jws, err := did.ParseJWS(compact[cut:], credential.BindingType, did.JWSOptions{})
	if err != nil {
		t.Fatal(err)
	}
	var claims map[string]any
	if err := json.Unmarshal(jws.UnverifiedPayload(), &claims); err != nil {
		t.Fatal(err)
	}
	claims["iat"] = now.Unix()
	change(claims)
	payload, err := json.Marshal(claims)
	if err != nil {
		t.Fatal(err)
	}
	binding, err := did.SignJWS(t.Context(), holder, did.Header{Typ: typ}, payload, did.JWSOptions{})
	if err != nil {
		t.Fatal(err)
	}
	return parse(t, []byte(compact[:cut]+binding))
}

func TestVerifyBindingRefused(t *testing.T) {
	good := present(t).String()
	cut := strings.LastIndex(good, "~") + 1
	disclosures := strings.Split(good[:cut], "~")
	set := func(name string, value any) *credential.SDJWT {
		return rebind(t, credential.BindingType, func(claims map[string]any) { claims[name] = value })
	}
	other, err := issue(t).Bind(t.Context(), holder, "counter", "nonce-1", credential.BindOptions{IssuedAt: now})
	if err != nil {
		t.Fatal(err)
	}
	stolen := other.String()[strings.LastIndex(other.String(), "~")+1:]
	for label, c := range map[string]struct {
		token *credential.SDJWT
		opts  credential.BindingOptions
		want  error
	}{
		"good":                  {set("x", 1), credential.BindingOptions{Now: now}, nil},
		"stripped":              {parse(t, []byte(good[:cut])), credential.BindingOptions{Now: now}, credential.ErrNoBinding},
		"of another credential": {parse(t, []byte(good[:cut]+stolen)), credential.BindingOptions{Now: now}, credential.ErrBindingHash},
		"a disclosure less":     {parse(t, []byte(strings.Join(append(disclosures[:1:1], disclosures[2:]...), "~")+good[cut:])), credential.BindingOptions{Now: now}, credential.ErrBindingHash},
		"another typ":           {rebind(t, "JWT", func(map[string]any) {}), credential.BindingOptions{Now: now}, credential.ErrBindingForm},
		"no sd_hash":            {set("sd_hash", nil), credential.BindingOptions{Now: now}, credential.ErrBindingHash},
		"audience a list":       {set("aud", []string{"counter"}), credential.BindingOptions{Now: now}, credential.ErrBindingAudience},
		"another audience":      {set("aud", "other"), credential.BindingOptions{Now: now}, credential.ErrBindingAudience},
		"another nonce":         {set("nonce", "nonce-2"), credential.BindingOptions{Now: now}, credential.ErrBindingNonce},
		"nonce missing":         {set("nonce", nil), credential.BindingOptions{Now: now}, credential.ErrBindingNonce},
		"AUD beside aud":        {set("AUD", "another counter"), credential.BindingOptions{Now: now}, credential.ErrBindingForm},
		"NBF alone":             {set("NBF", 1), credential.BindingOptions{Now: now}, credential.ErrBindingForm},
		"iat missing":           {set("iat", nil), credential.BindingOptions{Now: now}, credential.ErrBindingForm},
		"exp passed":            {set("exp", 1), credential.BindingOptions{Now: now}, credential.ErrBindingAge},
		"nbf to come":           {set("nbf", 4102444800), credential.BindingOptions{Now: now}, credential.ErrBindingAge},
		"five minutes old":      {set("x", 1), credential.BindingOptions{Now: now.Add(5 * time.Minute)}, nil},
		"older":                 {set("x", 1), credential.BindingOptions{Now: now.Add(5*time.Minute + 1)}, credential.ErrBindingAge},
		"older than asked":      {set("x", 1), credential.BindingOptions{Now: now.Add(time.Minute), MaxAge: time.Second}, credential.ErrBindingAge},
		"a minute ahead":        {set("x", 1), credential.BindingOptions{Now: now.Add(-time.Minute)}, nil},
		"further ahead":         {set("x", 1), credential.BindingOptions{Now: now.Add(-time.Minute - 1)}, credential.ErrBindingAge},
		"ahead, no tolerance":   {set("x", 1), credential.BindingOptions{Now: now.Add(-1), Skew: -1}, credential.ErrBindingAge},
	} {
		verified := verify(t, c.token)
		binding, err := verified.VerifyBinding("counter", "nonce-1", c.opts)
		if !errors.Is(err, c.want) {
			t.Errorf("%s: %v, want %v", label, err, c.want)
		}
		if (err == nil) != (binding != nil) {
			t.Errorf("%s: a binding beside an error", label)
		}
	}
}

func TestVerifyBindingPayload(t *testing.T) {
	absent := rebind(t, credential.BindingType, func(claims map[string]any) { delete(claims, "iat") })
	if _, err := verify(t, absent).VerifyBinding("counter", "nonce-1", credential.BindingOptions{Now: now}); !errors.Is(err, credential.ErrBindingForm) {
		t.Errorf("iat absent: %v", err)
	}
	odd := rebind(t, credential.BindingType, func(claims map[string]any) { claims["exp"] = "tomorrow" })
	if _, err := verify(t, odd).VerifyBinding("counter", "nonce-1", credential.BindingOptions{Now: now}); !errors.Is(err, credential.ErrBindingForm) {
		t.Errorf("exp a text: %v", err)
	}
	twice, err := did.SignJWS(t.Context(), holder, did.Header{Typ: credential.BindingType}, []byte(`{"aud":"a","aud":"b"}`), did.JWSOptions{})
	if err != nil {
		t.Fatal(err)
	}
	mixed := parse(t, []byte(issue(t).String()+twice))
	if _, err := verify(t, mixed).VerifyBinding("counter", "nonce-1", credential.BindingOptions{Now: now}); !errors.Is(err, credential.ErrBindingForm) {
		t.Errorf("member twice: %v", err)
	}
}

func TestVerifyBindingNeedsQuestions(t *testing.T) {
	empty := func(name string) *credential.Verified {
		return verify(t, rebind(t, credential.BindingType, func(claims map[string]any) { claims[name] = "" }))
	}
	if _, err := empty("aud").VerifyBinding("", "nonce-1", credential.BindingOptions{Now: now}); !errors.Is(err, credential.ErrBindingAudience) {
		t.Errorf("no audience asked: %v", err)
	}
	if _, err := empty("nonce").VerifyBinding("counter", "", credential.BindingOptions{Now: now}); !errors.Is(err, credential.ErrBindingNonce) {
		t.Errorf("no nonce asked: %v", err)
	}
	if _, err := new(credential.Verified).VerifyBinding("counter", "nonce-1", credential.BindingOptions{}); !errors.Is(err, credential.ErrNoBinding) {
		t.Errorf("nothing verified: %v", err)
	}
}

func TestBindingByAnotherKey(t *testing.T) {
	thief := newKey()
	theirs, err := credential.Issue(t.Context(), issuer, did.Header{}, residence(), hiddenPaths(), credential.IssueOptions{Holder: thief.Public()})
	if err != nil {
		t.Fatal(err)
	}
	signed, err := theirs.Bind(t.Context(), thief, "counter", "nonce-1", credential.BindOptions{IssuedAt: now})
	if err != nil {
		t.Fatal(err)
	}
	binding := signed.String()[strings.LastIndex(signed.String(), "~")+1:]
	mixed := parse(t, []byte(issue(t).String()+binding))
	if _, err := verify(t, mixed).VerifyBinding("counter", "nonce-1", credential.BindingOptions{Now: now}); !errors.Is(err, credential.ErrBindingSignature) {
		t.Errorf("a thief's binding: %v", err)
	}
	bearer := forge(t, `{"vct":"v","iss":"i"}`)
	if _, err := verify(t, parse(t, append(bearer, binding...))).VerifyBinding("counter", "nonce-1", credential.BindingOptions{Now: now}); !errors.Is(err, credential.ErrNoBinding) {
		t.Errorf("a bearer credential with a binding: %v", err)
	}
}

func TestBindRefused(t *testing.T) {
	stopped, cancel := context.WithCancel(t.Context())
	cancel()
	bearer := parse(t, forge(t, `{"vct":"v","iss":"i"}`))
	odd := parse(t, forge(t, `{"vct":"v","iss":"i","cnf":{"kid":"a"}}`))
	for label, err := range map[string]struct{ got, want error }{
		"no cnf":      {bindError(bearer.Bind(t.Context(), holder, "a", "n", credential.BindOptions{})), credential.ErrNoBinding},
		"odd cnf":     {bindError(odd.Bind(t.Context(), holder, "a", "n", credential.BindOptions{})), credential.ErrConfirmation},
		"another key": {bindError(issue(t).Bind(t.Context(), issuer, "a", "n", credential.BindOptions{})), credential.ErrHolderKey},
		"no key":      {bindError(issue(t).Bind(t.Context(), nil, "a", "n", credential.BindOptions{})), credential.ErrHolderKey},
		"no audience": {bindError(issue(t).Bind(t.Context(), holder, "", "n", credential.BindOptions{})), credential.ErrOptions},
		"no nonce":    {bindError(issue(t).Bind(t.Context(), holder, "a", "", credential.BindOptions{})), credential.ErrOptions},
		"own sd_hash": {bindError(issue(t).Bind(t.Context(), holder, "a", "n", credential.BindOptions{Claims: map[string]any{"sd_hash": "x"}})), credential.ErrOptions},
		"no JSON":     {bindError(issue(t).Bind(t.Context(), holder, "a", "n", credential.BindOptions{Claims: map[string]any{"f": func() {}}})), credential.ErrJSON},
		"cancelled":   {bindError(issue(t).Bind(stopped, holder, "a", "n", credential.BindOptions{})), context.Canceled},
	} {
		if !errors.Is(err.got, err.want) {
			t.Errorf("%s: %v, want %v", label, err.got, err.want)
		}
	}
}

func bindError(_ *credential.SDJWT, err error) error { return err }
