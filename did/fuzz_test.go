package did_test

import (
	"testing"

	"github.com/hufu-id/hufu/did"
)

// didSeeds are identifiers of every kind that the doors know.
func didSeeds() []string {
	return []string{
		"did:key:z6MkiTBz1ymuepAQ4HEHYSF1H8quG5GLVVQR3djdX3mDooWp",
		"did:key:zDnaerx9CtbPJ1q36T5Ln5wYt3MQYeGRG5ehnPAmxcf5mDZpv",
		"did:key:z6LSeu9HkTHSfLLeUs2nnzUSNedgDUevfNQgQjQC23ZCit6F",
		"did:key:zQ3shokFTS3brHcDQrn82RUDfCZESWL1ZdCEJwekUDPQiYBme",
		"did:jwk:" + b64(`{"crv":"P-256","kty":"EC","x":"`+rfcX+`","y":"`+rfcY+`"}`),
		"did:jwk:" + b64(`{"kty":"OKP","crv":"Ed25519","x":"`+rfcE+`"}`),
		"did:web:example.com%3A3000:user:alice",
	}
}

func FuzzDID(f *testing.F) {
	for _, seed := range didSeeds() {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		document, err := did.SelfContained().Resolve(t.Context(), text)
		if err != nil {
			return
		}
		key := document.Keys[0]
		if document.ID != text || key.Controller != text {
			t.Fatalf("%q resolves to %q", text, document.ID)
		}
		parsed, _, err := did.ParseURL(key.ID)
		if err != nil || parsed.String() != text {
			t.Fatalf("%q names its key %q (%v)", text, key.ID, err)
		}
		if again, err := did.NewKey(key.Public); err != nil || parsed.Method == "key" && again != text {
			t.Fatalf("%q encodes again as %q (%v)", text, again, err)
		}
	})
}

// jwsSeeds are tokens of both algorithms, one with an embedded key.
func jwsSeeds(t testing.TB) []string {
	var seeds []string
	for _, header := range []string{`{"alg":"ES256","typ":"example+jwt"}`, `{ "kid" : "a", "alg":"ES256","typ":"example+jwt"}`,
		`{"alg":"ES256","typ":"example+jwt","jwk":{"kty":"OKP","crv":"Ed25519","x":"` + rfcE + `"}}`} {
		seeds = append(seeds, handmade(t, newP256(t), header, `{"sub":"a"}`))
	}
	ed, err := did.SignJWS(t.Context(), newEd25519(t), did.Header{Typ: testTyp}, []byte("{}"), did.JWSOptions{})
	if err != nil {
		t.Fatal(err)
	}
	return append(seeds, ed)
}

func FuzzJWS(f *testing.F) {
	for _, seed := range jwsSeeds(f) {
		f.Add(seed)
	}
	key := newP256(f)
	f.Fuzz(func(t *testing.T, compact string) {
		token, err := did.ParseJWS(compact, testTyp, did.JWSOptions{})
		if err != nil {
			return
		}
		if token.String() != compact {
			t.Fatal("a token does not keep its bytes")
		}
		if _, err := token.Verify(key.Public()); err == nil {
			t.Fatal("a token verifies under a key that signed nothing")
		}
	})
}

func TestSeedsAreAccepted(t *testing.T) {
	if len(didSeeds()) == 0 || len(jwsSeeds(t)) == 0 {
		t.Fatal("a fuzz target without seeds")
	}
	for _, seed := range jwsSeeds(t) {
		if _, err := did.ParseJWS(seed, testTyp, did.JWSOptions{}); err != nil {
			t.Errorf("seed refused: %v", err)
		}
	}
}
