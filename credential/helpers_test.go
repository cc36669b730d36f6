package credential_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"testing"
	"time"

	"github.com/hufu-id/hufu/credential"
	"github.com/hufu-id/hufu/did"
)

var (
	now    = time.Date(2026, 3, 1, 9, 0, 0, 0, time.UTC)
	issuer = newKey()
	holder = newKey()
)

func newKey() *ecdsa.PrivateKey {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		panic(err)
	}
	return key
}

func decode64(text string) ([]byte, error) { return base64.RawURLEncoding.DecodeString(text) }

func b64(text string) string { return base64.RawURLEncoding.EncodeToString([]byte(text)) }

// disclose encodes a disclosure given as JSON text.
func disclose(text string) (encoded, digest string) {
	encoded = b64(text)
	sum := sha256.Sum256([]byte(encoded))
	return encoded, b64(string(sum[:]))
}

// forge signs any payload text as an SD-JWT VC and appends disclosures.
func forge(t testing.TB, payload string, disclosures ...string) []byte {
	t.Helper()
	return forgeTyped(t, did.Header{Typ: credential.Type}, payload, disclosures...)
}

func forgeTyped(t testing.TB, header did.Header, payload string, disclosures ...string) []byte {
	t.Helper()
	jws, err := did.SignJWS(t.Context(), issuer, header, []byte(payload), did.JWSOptions{})
	if err != nil {
		t.Fatal(err)
	}
	for _, d := range disclosures {
		jws += "~" + d
	}
	return []byte(jws + "~")
}

func parse(t testing.TB, compact []byte) *credential.SDJWT {
	t.Helper()
	token, err := credential.Parse(compact, credential.ParseOptions{})
	if err != nil {
		t.Fatal(err)
	}
	return token
}

func verify(t testing.TB, token *credential.SDJWT) *credential.Verified {
	t.Helper()
	verified, err := token.Verify(issuer.Public(), credential.VerifyOptions{Now: now})
	if err != nil {
		t.Fatal(err)
	}
	return verified
}

func day(year int, month time.Month, d int) int64 {
	return time.Date(year, month, d, 0, 0, 0, 0, time.UTC).Unix()
}

// residence is a credential's claims with nested and listed ones.
func residence() map[string]any {
	return map[string]any{
		"iss": "did:x:bureau", "vct": "urn:test:residence", "iat": day(2026, 1, 1), "exp": day(2027, 1, 1),
		"name":      "李明",
		"birthdate": "1990-02-28",
		"address":   map[string]any{"region": "440305", "street": "深南大道 1"},
		"permits":   []any{"north", "south", map[string]any{"zone": "east", "until": 2030}},
		"hufu_zk":   "AQE",
		"status":    map[string]any{"status_list": map[string]any{"idx": 5, "uri": "https://s.example/1"}},
	}
}

func hiddenPaths() []credential.Path {
	return []credential.Path{{"name"}, {"birthdate"}, {"address"}, {"address", "street"},
		{"permits", nil}, {"permits", 2, "zone"}, {"hufu_zk"}}
}

func issue(t testing.TB) *credential.SDJWT {
	t.Helper()
	token, err := credential.Issue(t.Context(), issuer, did.Header{Kid: "did:x:bureau#1"}, residence(), hiddenPaths(),
		credential.IssueOptions{Holder: holder.Public(), Digests: 12})
	if err != nil {
		t.Fatal(err)
	}
	return token
}

// present is a presentation of name and street, bound to a counter.
func present(t testing.TB) *credential.SDJWT {
	t.Helper()
	shown, err := issue(t).Disclose(credential.Path{"name"}, credential.Path{"address", "street"})
	if err != nil {
		t.Fatal(err)
	}
	bound, err := shown.Bind(t.Context(), holder, "counter", "nonce-1", credential.BindOptions{IssuedAt: now})
	if err != nil {
		t.Fatal(err)
	}
	return bound
}
