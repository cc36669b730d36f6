package status_test

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/hufu-id/hufu/did"
	"github.com/hufu-id/hufu/internal/limits"
	"github.com/hufu-id/hufu/status"
)

const uri = "https://records.example/status/1"

var now = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

func newKey(t testing.TB) *ecdsa.PrivateKey {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func newList(t testing.TB) *status.List {
	t.Helper()
	list, err := status.New(4, 100)
	if err != nil {
		t.Fatal(err)
	}
	for index, value := range []status.Status{status.Valid, status.Invalid, status.Suspended, 3, 12} {
		if err := list.Set(index, value); err != nil {
			t.Fatal(err)
		}
	}
	return list
}

func signed(t testing.TB, key crypto.Signer) []byte {
	t.Helper()
	claims := status.Claims{Subject: uri, IssuedAt: now, Expires: now.Add(24 * time.Hour), TTL: time.Hour}
	compact, err := status.Sign(t.Context(), key, did.Header{Kid: "did:x:a#1"}, claims, newList(t))
	if err != nil {
		t.Fatal(err)
	}
	return []byte(compact)
}

// handmade signs any claims under any typ.
func handmade(t testing.TB, key crypto.Signer, typ, claims string) []byte {
	t.Helper()
	compact, err := did.SignJWS(t.Context(), key, did.Header{Typ: typ}, []byte(claims), did.JWSOptions{MaxBytes: limits.StatusToken})
	if err != nil {
		t.Fatal(err)
	}
	return []byte(compact)
}

func TestSignVerifyCheck(t *testing.T) {
	key := newKey(t)
	compact := signed(t, key)
	token, err := status.Parse(compact, status.ParseOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if token.Header().Kid != "did:x:a#1" || token.UnverifiedSubject() != uri || string(token.Bytes()) != string(compact) {
		t.Error("token does not keep what was signed")
	}
	if list, err := token.UnverifiedList(); err != nil || list.Root() != newList(t).Root() || token.UnverifiedTTL() != time.Hour {
		t.Errorf("unverified list %v, %v, to be kept for %v", list, err, token.UnverifiedTTL())
	}
	verified, err := token.Verify(key.Public(), uri, status.VerifyOptions{Now: now})
	if err != nil {
		t.Fatal(err)
	}
	if verified.TTL != time.Hour || !verified.IssuedAt.Equal(now) || !verified.Expires.Equal(now.Add(24*time.Hour)) || verified.Subject != uri {
		t.Errorf("verified as %+v", verified)
	}
	if verified.List.Root() != newList(t).Root() {
		t.Error("another list")
	}
	for index, want := range []error{nil, status.ErrRevoked, status.ErrSuspended, status.ErrUnknownStatus, status.ErrUnknownStatus, nil} {
		if err := verified.Check(index); !errors.Is(err, want) {
			t.Errorf("index %d: %v, want %v", index, err, want)
		}
	}
	for _, index := range []int{-1, 100} {
		if err := verified.Check(index); !errors.Is(err, status.ErrIndex) {
			t.Errorf("index %d: %v", index, err)
		}
	}
	if got, err := verified.Status(4); err != nil || got != 12 || got.String() != "status 12" {
		t.Errorf("index 4: %v (%v)", got, err)
	}
}

func TestVerifyRefused(t *testing.T) {
	key, other := newKey(t), newKey(t)
	day := 24 * time.Hour
	const list = `"status_list":{"bits":1,"lst":"eNrbuRgAAhcBXQ"}`
	base := fmt.Sprintf(`"sub":%q,"iat":%d`, uri, now.Unix())
	endless := handmade(t, key, status.Type, `{`+base+`,`+list+`}`)
	broken := handmade(t, key, status.Type, `{`+base+`,"exp":99999999999,"status_list":{"bits":1,"lst":"AAAA"}}`)
	for name, c := range map[string]struct {
		token []byte
		key   crypto.PublicKey
		uri   string
		opts  status.VerifyOptions
		want  error
	}{
		"good":             {signed(t, key), key.Public(), uri, status.VerifyOptions{Now: now}, nil},
		"another key":      {signed(t, key), other.Public(), uri, status.VerifyOptions{Now: now}, status.ErrSignature},
		"another list":     {signed(t, key), key.Public(), uri + "0", status.VerifyOptions{Now: now}, status.ErrSubject},
		"last second":      {signed(t, key), key.Public(), uri, status.VerifyOptions{Now: now.Add(day + time.Minute - 1)}, nil},
		"expired":          {signed(t, key), key.Public(), uri, status.VerifyOptions{Now: now.Add(day + time.Minute)}, status.ErrExpired},
		"clock a bit slow": {signed(t, key), key.Public(), uri, status.VerifyOptions{Now: now.Add(-time.Minute)}, nil},
		"from the future":  {signed(t, key), key.Public(), uri, status.VerifyOptions{Now: now.Add(-time.Minute - 1)}, status.ErrNotYetValid},
		"young enough":     {signed(t, key), key.Public(), uri, status.VerifyOptions{Now: now.Add(time.Hour), MaxAge: time.Hour}, nil},
		"too old":          {signed(t, key), key.Public(), uri, status.VerifyOptions{Now: now.Add(time.Hour + 1), MaxAge: time.Hour}, status.ErrStale},
		"no exp, no age":   {endless, key.Public(), uri, status.VerifyOptions{Now: now}, status.ErrStale},
		"no exp, with age": {endless, key.Public(), uri, status.VerifyOptions{Now: now, MaxAge: time.Hour}, nil},
		"broken list":      {broken, key.Public(), uri, status.VerifyOptions{Now: now}, status.ErrForm},
		"zero clock is now": {
			signed(t, key), key.Public(), uri, status.VerifyOptions{}, expectedAt(time.Now())},
	} {
		token, err := status.Parse(c.token, status.ParseOptions{})
		if err != nil {
			t.Fatal(name, err)
		}
		verified, err := token.Verify(c.key, c.uri, c.opts)
		if !errors.Is(err, c.want) || (err != nil) != (verified == nil) {
			t.Errorf("%s: %v, want %v", name, err, c.want)
		}
	}
}

// expectedAt is what the signed token meets on the machine's own clock.
func expectedAt(at time.Time) error {
	switch {
	case at.Before(now.Add(-time.Minute)):
		return status.ErrNotYetValid
	case at.Before(now.Add(24*time.Hour + time.Minute)):
		return nil
	}
	return status.ErrExpired
}

func TestParseRefused(t *testing.T) {
	key := newKey(t)
	const list = `"status_list":{"bits":1,"lst":"eNrbuRgAAhcBXQ"}`
	sub := fmt.Sprintf("%q", uri)
	for name, c := range map[string]struct {
		typ, claims string
		want        error
	}{
		"good":               {status.Type, `{"sub":` + sub + `,"iat":1,` + list + `}`, nil},
		"iss and ttl":        {status.Type, `{"iss":"a","sub":` + sub + `,"iat":1,"ttl":5,` + list + `}`, nil},
		"another typ":        {"JWT", `{"sub":` + sub + `,"iat":1,` + list + `}`, did.ErrType},
		"no sub":             {status.Type, `{"iat":1,` + list + `}`, status.ErrForm},
		"sub not absolute":   {status.Type, `{"sub":"/status/1","iat":1,` + list + `}`, status.ErrForm},
		"sub too long":       {status.Type, `{"sub":"https://a/` + strings.Repeat("a", 512) + `","iat":1,` + list + `}`, status.ErrForm},
		"no iat":             {status.Type, `{"sub":` + sub + `,` + list + `}`, status.ErrForm},
		"iat a string":       {status.Type, `{"sub":` + sub + `,"iat":"1",` + list + `}`, status.ErrForm},
		"iat negative":       {status.Type, `{"sub":` + sub + `,"iat":-1,` + list + `}`, status.ErrForm},
		"exp beyond 9999":    {status.Type, `{"sub":` + sub + `,"iat":1,"exp":253402300800,` + list + `}`, status.ErrForm},
		"ttl zero":           {status.Type, `{"sub":` + sub + `,"iat":1,"ttl":0,` + list + `}`, status.ErrForm},
		"no list":            {status.Type, `{"sub":` + sub + `,"iat":1}`, status.ErrForm},
		"list null":          {status.Type, `{"sub":` + sub + `,"iat":1,"status_list":null}`, status.ErrForm},
		"sub twice":          {status.Type, `{"sub":` + sub + `,"sub":` + sub + `,"iat":1,` + list + `}`, status.ErrForm},
		"exp folded":         {status.Type, `{"sub":` + sub + `,"iat":1,"EXP":1,` + list + `}`, status.ErrForm},
		"lst folded":         {status.Type, `{"sub":` + sub + `,"iat":1,"status_list":{"bits":1,"LST":"a","lst":"eNrbuRgAAhcBXQ"}}`, status.ErrForm},
		"payload an array":   {status.Type, `[]`, status.ErrForm},
		"payload null":       {status.Type, `null`, status.ErrForm},
		"trailing in claims": {status.Type, `{"sub":` + sub + `,"iat":1,` + list + `}{}`, status.ErrForm},
	} {
		if _, err := status.Parse(handmade(t, key, c.typ, c.claims), status.ParseOptions{}); !errors.Is(err, c.want) {
			t.Errorf("%s: %v, want %v", name, err, c.want)
		}
	}
	if _, err := status.Parse(make([]byte, limits.StatusToken+1), status.ParseOptions{}); !errors.Is(err, status.ErrTooLarge) {
		t.Errorf("too large: %v", err)
	}
	onlyEd, err := did.SuitesNamed("EdDSA")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := status.Parse(signed(t, key), status.ParseOptions{Suites: onlyEd}); !errors.Is(err, did.ErrAlgorithm) {
		t.Errorf("suite not listed: %v", err)
	}
}

func TestSignRefused(t *testing.T) {
	key := newKey(t)
	for name, claims := range map[string]status.Claims{
		"no subject":   {Expires: time.Now().Add(time.Hour)},
		"relative":     {Subject: "status/1", Expires: time.Now().Add(time.Hour)},
		"no expiry":    {Subject: uri},
		"already over": {Subject: uri, IssuedAt: now, Expires: now},
		"negative TTL": {Subject: uri, Expires: time.Now().Add(time.Hour), TTL: -1},
	} {
		if _, err := status.Sign(t.Context(), key, did.Header{}, claims, newList(t)); !errors.Is(err, status.ErrForm) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestReference(t *testing.T) {
	for text, want := range map[string]error{
		`{"status_list":{"idx":7,"uri":"https://a.example/1"}}`:            nil,
		`{"status_list":{"idx":7,"uri":"https://a.example/1"},"other":{}}`: nil,
		`{"other":{}}`:         status.ErrForm,
		`{}`:                   status.ErrForm,
		`null`:                 status.ErrForm,
		`{"status_list":null}`: status.ErrForm,
		`{"status_list":{"uri":"https://a.example/1"}}`:                                      status.ErrForm,
		`{"status_list":{"idx":7}}`:                                                          status.ErrForm,
		`{"status_list":{"idx":-1,"uri":"https://a.example/1"}}`:                             status.ErrIndex,
		`{"status_list":{"idx":134217728,"uri":"https://a.example/1"}}`:                      status.ErrIndex,
		`{"status_list":{"idx":1.5,"uri":"https://a.example/1"}}`:                            status.ErrForm,
		`{"status_list":{"idx":"7","uri":"https://a.example/1"}}`:                            status.ErrForm,
		`{"status_list":{"idx":7,"uri":"a"}}`:                                                status.ErrForm,
		`{"status_list":{"idx":7,"idx":8,"uri":"https://a.example/1"}}`:                      status.ErrForm,
		`{"status_list":{"idx":7,"IDX":8,"uri":"https://a.example/1"}}`:                      status.ErrForm,
		`{"status_list":{"idx":7,"uri":"https://a.example/1"}}` + strings.Repeat(" ", 1<<16): status.ErrForm,
	} {
		reference, err := status.ParseReference([]byte(text))
		if !errors.Is(err, want) {
			t.Errorf("%.80s: %v, want %v", text, err, want)
		}
		if want == nil && reference != (status.Reference{URI: "https://a.example/1", Index: 7}) {
			t.Errorf("%s reads as %+v", text, reference)
		}
	}
}
