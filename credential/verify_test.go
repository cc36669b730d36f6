package credential_test

import (
	"crypto"
	"crypto/ed25519"
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/hufu-id/hufu/credential"
	"github.com/hufu-id/hufu/did"
	"github.com/hufu-id/hufu/status"
)

func TestVerify(t *testing.T) {
	verified := verify(t, parse(t, issue(t).Bytes()))
	if verified.VCT != "urn:test:residence" || verified.Issuer != "did:x:bureau" || verified.Header.Kid != "did:x:bureau#1" {
		t.Errorf("verified as %q by %q", verified.VCT, verified.Issuer)
	}
	if verified.IssuedAt.Unix() != day(2026, 1, 1) || verified.Expires.Unix() != day(2027, 1, 1) || !verified.NotBefore.IsZero() {
		t.Errorf("dates %v %v %v", verified.IssuedAt, verified.NotBefore, verified.Expires)
	}
	if verified.Status == nil || *verified.Status != (status.Reference{URI: "https://s.example/1", Index: 5}) {
		t.Errorf("status %v", verified.Status)
	}
	if !holder.PublicKey.Equal(verified.Confirmation) {
		t.Error("another holder")
	}
	// name, birthdate, address, street, three permits, zone, hufu_zk.
	if len(verified.Disclosed) != 9 {
		t.Errorf("%d disclosed", len(verified.Disclosed))
	}
	// Of 12 at the top level 4 are real.
	if verified.Undisclosed != 8 {
		t.Errorf("%d undisclosed", verified.Undisclosed)
	}
	want := residence()
	want["cnf"] = verified.Claims["cnf"]
	if got := text(t, verified.Claims); got != text(t, want) {
		t.Errorf("claims %s", got)
	}
	verified.Claims["address"].(map[string]any)["street"] = "changed"
	if verify(t, issue(t)).Claims["address"].(map[string]any)["street"] == "changed" {
		t.Error("claims are shared")
	}
}

func TestVerifyRefused(t *testing.T) {
	hidden := func(claim string) []byte {
		encoded, digest := disclose(`["salt",` + claim + `]`)
		return forge(t, `{"vct":"v","iss":"i","_sd":["`+digest+`"]}`, encoded)
	}
	plain := func(members string) []byte { return forge(t, `{"vct":"v","iss":"i"`+members+`}`) }
	typed := func(typ string) []byte {
		return forgeTyped(t, did.Header{Typ: typ}, `{"vct":"v","iss":"i"}`)
	}
	_, ed, err := ed25519.GenerateKey(nil)
	if err != nil {
		t.Fatal(err)
	}
	for label, c := range map[string]struct {
		compact []byte
		want    error
	}{
		"good":                   {plain(``), nil},
		"hidden iat":             {hidden(`"iat",1`), nil},
		"another typ":            {typed("vc+sd-jwt"), credential.ErrType},
		"no typ":                 {typed(""), credential.ErrType},
		"plain JWT's typ":        {typed("JWT"), credential.ErrType},
		"no vct":                 {forge(t, `{"iss":"i"}`), credential.ErrMissingClaim},
		"neither iss nor x5c":    {forge(t, `{"vct":"v"}`), credential.ErrMissingClaim},
		"vct a number":           {forge(t, `{"vct":1,"iss":"i"}`), credential.ErrClaim},
		"vct empty":              {forge(t, `{"vct":"","iss":"i"}`), credential.ErrClaim},
		"iss a list":             {forge(t, `{"vct":"v","iss":["i"]}`), credential.ErrClaim},
		"exp a string":           {plain(`,"exp":"1"`), credential.ErrClaim},
		"exp null":               {plain(`,"exp":null`), credential.ErrClaim},
		"exp negative":           {plain(`,"exp":-1`), credential.ErrClaim},
		"exp beyond 9999":        {plain(`,"exp":253402300800`), credential.ErrClaim},
		"expired":                {plain(`,"exp":1`), credential.ErrExpired},
		"not yet valid":          {plain(`,"nbf":4102444800`), credential.ErrNotYetValid},
		"issued in the future":   {plain(`,"iat":4102444800`), credential.ErrIssuedAt},
		"cnf of another kind":    {plain(`,"cnf":{"kid":"a"}`), credential.ErrConfirmation},
		"cnf a string":           {plain(`,"cnf":"a"`), credential.ErrConfirmation},
		"cnf private":            {plain(`,"cnf":{"jwk":{"kty":"oct","k":"AA"}}`), credential.ErrConfirmation},
		"status of another kind": {plain(`,"status":{"other":1}`), status.ErrForm},
		"status emptied": {
			plain(`,"status":{"_sd":["47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU"]}`), status.ErrForm},
	} {
		verified, err := parse(t, c.compact).Verify(issuer.Public(), credential.VerifyOptions{Now: now})
		if !errors.Is(err, c.want) {
			t.Errorf("%s: %v, want %v", label, err, c.want)
		}
		if (err == nil) != (verified != nil) {
			t.Errorf("%s: a result beside an error", label)
		}
	}
	for _, claim := range []string{`"iss","x"`, `"aud","x"`, `"nbf",1`, `"exp",4102444800`, `"cnf",{}`, `"vct#integrity","x"`, `"aka_vcts",["w"]`, `"status",{}`} {
		if _, err := parse(t, hiddenAlone(t, claim)).Verify(issuer.Public(), credential.VerifyOptions{Now: now}); !errors.Is(err, credential.ErrHiddenClaim) {
			t.Errorf("hidden %s: %v", claim, err)
		}
	}
	for label, key := range map[string]crypto.PublicKey{"another key": holder.Public(), "another algorithm": ed.Public(), "nil": nil} {
		if _, err := issue(t).Verify(key, credential.VerifyOptions{Now: now}); !errors.Is(err, credential.ErrSignature) {
			t.Errorf("%s: %v", label, err)
		}
	}
}

// hiddenAlone hides a claim in a payload that has none of the registered ones.
func hiddenAlone(t *testing.T, claim string) []byte {
	encoded, digest := disclose(`["salt",` + claim + `]`)
	return forgeTyped(t, did.Header{Typ: credential.Type}, `{"_sd":["`+digest+`"]}`, encoded)
}

func TestVerifyClockAndTypes(t *testing.T) {
	at := day(2026, 3, 1)
	token := parse(t, forgeTyped(t, did.Header{Typ: "x+sd-jwt"}, `{"nbf":1772323200,"iat":1772323200,"exp":1772409600}`))
	if at != 1772323200 {
		t.Fatal("test dates are off", at)
	}
	start, end := time.Unix(at, 0), time.Unix(at, 0).Add(24*time.Hour)
	types := []string{"x+sd-jwt"}
	for label, c := range map[string]struct {
		opts credential.VerifyOptions
		want error
	}{
		"at the start":           {credential.VerifyOptions{Now: start, Types: types}, nil},
		"a minute early":         {credential.VerifyOptions{Now: start.Add(-time.Minute), Types: types}, nil},
		"more than a minute":     {credential.VerifyOptions{Now: start.Add(-time.Minute - 1), Types: types}, credential.ErrIssuedAt},
		"early, no tolerance":    {credential.VerifyOptions{Now: start.Add(-1), Skew: -1, Types: types}, credential.ErrIssuedAt},
		"early, two minutes":     {credential.VerifyOptions{Now: start.Add(-2 * time.Minute), Skew: 2 * time.Minute, Types: types}, nil},
		"within tolerance":       {credential.VerifyOptions{Now: end.Add(time.Minute - 1), Types: types}, nil},
		"at its end":             {credential.VerifyOptions{Now: end.Add(time.Minute), Types: types}, credential.ErrExpired},
		"late, no tolerance":     {credential.VerifyOptions{Now: end, Skew: -1, Types: types}, credential.ErrExpired},
		"default types":          {credential.VerifyOptions{Now: start}, credential.ErrType},
		"empty list of types":    {credential.VerifyOptions{Now: start, Types: []string{}}, credential.ErrType},
		"the machine's clock":    {credential.VerifyOptions{Types: types}, machineClock(end)},
		"one of several allowed": {credential.VerifyOptions{Now: start, Types: []string{credential.Type, "x+sd-jwt"}}, nil},
	} {
		if _, err := token.Verify(issuer.Public(), c.opts); !errors.Is(err, c.want) {
			t.Errorf("%s: %v, want %v", label, err, c.want)
		}
	}
}

// machineClock is what a token of 1 March 2026 meets without an injected clock.
func machineClock(end time.Time) error {
	switch at := time.Now(); {
	case at.Before(end.Add(-24*time.Hour - time.Minute)):
		return credential.ErrIssuedAt
	case at.Before(end.Add(time.Minute)):
		return nil
	}
	return credential.ErrExpired
}

func TestDisclose(t *testing.T) {
	token := issue(t)
	for label, c := range map[string]struct {
		paths []credential.Path
		want  []string
	}{
		"nothing":            {nil, nil},
		"one claim":          {[]credential.Path{{"name"}}, []string{`["name"]`}},
		"parent":             {[]credential.Path{{"address"}}, []string{`["address"]`, `["address","street"]`}},
		"child with parent":  {[]credential.Path{{"address", "street"}}, []string{`["address"]`, `["address","street"]`}},
		"plain child":        {[]credential.Path{{"address", "region"}}, []string{`["address"]`}},
		"array itself":       {[]credential.Path{{"permits"}}, []string{`["permits",0]`, `["permits",1]`, `["permits",2,"zone"]`, `["permits",2]`}},
		"one element":        {[]credential.Path{{"permits", 1}}, []string{`["permits",0]`}},
		"all elements":       {[]credential.Path{{"permits", nil}}, []string{`["permits",0]`, `["permits",1]`, `["permits",2,"zone"]`, `["permits",2]`}},
		"within an element":  {[]credential.Path{{"permits", 2, "zone"}}, []string{`["permits",0,"zone"]`, `["permits",0]`}},
		"a registered claim": {[]credential.Path{{"vct"}}, nil},
		"twice the same":     {[]credential.Path{{"name"}, {"name"}}, []string{`["name"]`}},
	} {
		shown, err := token.Disclose(c.paths...)
		if err != nil {
			t.Fatal(label, err)
		}
		var got []string
		for _, path := range verify(t, parse(t, shown.Bytes())).Disclosed {
			got = append(got, path.String())
		}
		slices.Sort(got)
		slices.Sort(c.want)
		if !slices.Equal(got, c.want) {
			t.Errorf("%s discloses %v, want %v", label, got, c.want)
		}
	}
	for label, c := range map[string]struct {
		path credential.Path
		want error
	}{
		"unknown":           {credential.Path{"nickname"}, credential.ErrNoSuchClaim},
		"unknown child":     {credential.Path{"address", "planet"}, credential.ErrNoSuchClaim},
		"index out of list": {credential.Path{"permits", 3}, credential.ErrNoSuchClaim},
		"index into object": {credential.Path{"address", 0}, credential.ErrNoSuchClaim},
		"name into list":    {credential.Path{"permits", "0"}, credential.ErrNoSuchClaim},
		"all of a text":     {credential.Path{"name", nil}, credential.ErrNoSuchClaim},
		"empty path":        {credential.Path{}, credential.ErrPath},
		"negative index":    {credential.Path{"permits", -1}, credential.ErrPath},
		"odd element":       {credential.Path{1.5}, credential.ErrPath},
	} {
		if _, err := token.Disclose(credential.Path{"name"}, c.path); !errors.Is(err, c.want) {
			t.Errorf("%s: %v, want %v", label, err, c.want)
		}
	}
	if bound := present(t); !bound.Bound() {
		t.Error("not bound")
	} else if again, err := bound.Disclose(credential.Path{"name"}); err != nil || again.Bound() {
		t.Errorf("a binding survives disclosing less: %v", err)
	}
}
