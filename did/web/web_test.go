package web_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/hufu-id/hufu/did"
	"github.com/hufu-id/hufu/did/web"
)

// TestAddress has the examples of the method specification, and hosts that are none.
func TestAddress(t *testing.T) {
	for id, want := range map[string]string{
		"did:web:w3c-ccg.github.io":            "https://w3c-ccg.github.io/.well-known/did.json",
		"did:web:w3c-ccg.github.io:user:alice": "https://w3c-ccg.github.io/user/alice/did.json",
		"did:web:example.com%3A3000:user":      "https://example.com:3000/user/did.json",
	} {
		if got, err := web.Address(id); err != nil || got != want {
			t.Errorf("%s: %s, %v", id, got, err)
		}
	}
	for id, want := range map[string]error{
		"did:key:z": did.ErrUnsupportedMethod, "did:web:": did.ErrSyntax, "did:web:a%2Fb": did.ErrSyntax, "did:web:a%40b": did.ErrSyntax, "did:web:a:..:b": did.ErrSyntax,
		"did:web:a::b": did.ErrSyntax, "did:web:a:%2E%2E": did.ErrSyntax, "did:web:a%3Fb": did.ErrSyntax, "did:web:a:b%3A": did.ErrSyntax, "did:web:a%20b": did.ErrSyntax, "did:web:a%00": did.ErrSyntax,
	} {
		if got, err := web.Address(id); !errors.Is(err, want) {
			t.Errorf("%s: %s, %v", id, got, err)
		}
	}
}

const id = "did:web:u.example"

func keys(t testing.TB) (jwk, multibase string) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	b, err := did.MarshalJWK(key.Public())
	if err != nil {
		t.Fatal(err)
	}
	text, err := did.NewKey(key.Public())
	if err != nil {
		t.Fatal(err)
	}
	return string(b), strings.TrimPrefix(text, "did:key:")
}

func method(name, key string) string {
	return fmt.Sprintf(`{"id":%q,"type":"JsonWebKey2020","controller":%q,"publicKeyJwk":%s}`, name, id, key)
}

func document(methods, assertion string) string {
	return fmt.Sprintf(`{"@context":["https://www.w3.org/ns/did/v1"],"id":%q,"verificationMethod":[%s],"assertionMethod":[%s]}`, id, methods, assertion)
}

func TestParse(t *testing.T) {
	jwk, multibase := keys(t)
	multi := fmt.Sprintf(`{"id":"%s#m","type":"Multikey","controller":%q,"publicKeyMultibase":%q}`, id, id, multibase)
	rsa := fmt.Sprintf(`{"id":"#r","type":"JsonWebKey","controller":%q,"publicKeyJwk":{"kty":"RSA","n":"AQ","e":"AQAB"}}`, id)
	got, err := web.Parse([]byte(document(method(id+"#a", jwk)+","+method("#b", jwk)+","+rsa, `"#a",`+multi+`,"#r"`)), id)
	if err != nil || len(got.Keys) != 2 || got.Keys[0].ID != id+"#a" || got.Keys[1].ID != id+"#m" || got.Keys[1].Alg != "ES256" {
		t.Fatalf("%+v, %v", got, err)
	}
	a := method("#a", jwk)
	for name, text := range map[string]string{
		"nothing": ``, "another's id": strings.Replace(document(a, `"#a"`), `"id":"did:web:u.`, `"id":"did:web:v.`, 1), "another's": strings.ReplaceAll(document(a, `"#a"`), "u.example", "v.example"), "no key may sign": document(a, ``), "no such key": document(a, `"#b"`),
		"two of one id": document(a+","+method(id+"#a", jwk), `"#a"`), "named twice": document(a, `"#a","#a"`), "only RSA": document(rsa, `"#r"`),
		"another controller": document(strings.Replace(a, `"controller":"did:web:u.`, `"controller":"did:web:v.`, 1), `"#a"`), "key of another DID": document(method("did:web:v.example#a", jwk), `"did:web:v.example#a"`),
		"private key": document(method("#a", strings.Replace(jwk, "{", `{"d":"AQ",`, 1)), `"#a"`), "a number": document(a, `1`), "case": strings.Replace(document(a, `"#a"`), "assertionMethod", "AssertionMethod", 1),
	} {
		if _, err := web.Parse([]byte(text), id); !errors.Is(err, web.ErrDocument) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestResolve fetches from a server, once in five minutes, and never from here without
// being asked to.
func TestResolve(t *testing.T) {
	jwk, _ := keys(t)
	asked, text := 0, ""
	at := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked++
		if r.URL.Path != "/law/did.json" {
			http.NotFound(w, r)
			return
		}
		_, _ = w.Write([]byte(text))
	}))
	defer at.Close()
	host := strings.Replace(strings.TrimPrefix(at.URL, "https://"), ":", "%3A", 1)
	name := "did:web:" + host + ":law"
	text = strings.ReplaceAll(document(method("#a", jwk), `"#a"`), id, name)
	roots := x509.NewCertPool()
	roots.AddCert(at.Certificate())
	if _, err := web.NewResolver(web.Options{Roots: roots}).Resolve(t.Context(), name); !errors.Is(err, web.ErrUnavailable) || asked != 0 {
		t.Errorf("%v, asked %d times", err, asked)
	}
	r := web.NewResolver(web.Options{Roots: roots, Loopback: true})
	for range 2 {
		got, err := r.Resolve(t.Context(), name)
		if err != nil || got.ID != name || len(got.Keys) != 1 || asked != 1 {
			t.Fatalf("%+v, %v, asked %d times", got, err, asked)
		}
	}
	if _, err := r.Resolve(t.Context(), "did:web:"+host+":none"); !errors.Is(err, web.ErrUnavailable) {
		t.Errorf("%v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := r.Resolve(ctx, "did:web:"+host+":other"); !errors.Is(err, context.Canceled) {
		t.Errorf("%v", err)
	}
}

func FuzzParse(f *testing.F) {
	jwk, multibase := keys(f)
	f.Add([]byte(document(method("#a", jwk), `"#a",{"id":"#m","type":"Multikey","controller":"`+id+`","publicKeyMultibase":"`+multibase+`"}`)))
	f.Fuzz(func(t *testing.T, b []byte) {
		d, err := web.Parse(b, id)
		if (err == nil) != (d != nil && len(d.Keys) > 0) || err != nil && !errors.Is(err, web.ErrDocument) {
			t.Fatalf("%v, %v", d, err)
		}
	})
}
