package openid_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/hufu-id/hufu/credential"
	"github.com/hufu-id/hufu/did"
	"github.com/hufu-id/hufu/internal/limits"
	"github.com/hufu-id/hufu/openid"
)

// TestDuplicateClaimQueriesAreIgnored: OpenID4VP 1.0 section 6.1, "Wallets SHOULD
// ignore such duplicate claim queries".
func TestDuplicateClaimQueriesAreIgnored(t *testing.T) {
	for name, claims := range map[string]string{
		"twice the same":         `[{"path":["name"]},{"path":["name"]}]`,
		"with and without value": `[{"path":["name"]},{"path":["age"]},{"path":["name"],"values":["other"]}]`,
		"one in each set":        `[{"id":"a","path":["name"]},{"id":"b","path":["name"],"values":["n"]}],"claim_sets":[["a"],["b"]]`,
	} {
		query, err := openid.ParseQuery([]byte(`{"credentials":[{"id":"x","format":"dc+sd-jwt","meta":{"vct_values":["urn:t"]},"claims":` + claims + `}]}`))
		if err != nil {
			t.Errorf("%s: the whole request is refused: %v", name, err)
			continue
		}
		paths, err := query.Credentials[0].Match(map[string]any{"vct": "urn:t", "name": "n", "age": int64(18)})
		if err != nil {
			t.Errorf("%s: %v", name, err)
		}
		seen := map[string]bool{}
		for _, p := range paths {
			if seen[p.String()] {
				t.Errorf("%s: %s is disclosed twice", name, p)
			}
			seen[p.String()] = true
		}
	}
}

// TestUnknownFormatIsOneThatCannotBeAnswered: a request that also offers a format
// that is not known is answered in the one that is.
func TestUnknownFormatIsOneThatCannotBeAnswered(t *testing.T) {
	for name, other := range map[string]string{
		"mso_mdoc":    `{"id":"m","format":"mso_mdoc","meta":{"doctype_value":"org.iso.18013.5.1.mDL"},"claims":[{"path":["org.iso.18013.5.1","age_over_18"]}]}`,
		"jwt_vc_json": `{"id":"m","format":"jwt_vc_json","meta":{"type_values":[["IDCredential"]]}}`,
	} {
		query, err := openid.ParseQuery([]byte(`{"credentials":[` + other +
			`,{"id":"s","format":"dc+sd-jwt","meta":{"vct_values":["urn:t"]},"claims":[{"path":["age"]}]}],"credential_sets":[{"options":[["m"],["s"]]}]}`))
		if err != nil {
			t.Errorf("%s: the whole request is refused: %v", name, err)
			continue
		}
		if _, err := query.Credential("m").Match(map[string]any{"vct": "urn:t", "org.iso.18013.5.1": "x"}); !errors.Is(err, openid.ErrNoMatch) {
			t.Errorf("%s matches: %v", name, err)
		}
		required, _, err := query.Select(func(id string) bool { return id == "s" })
		if err != nil || len(required) != 1 || required[0] != "s" {
			t.Errorf("%s: %v, %v", name, required, err)
		}
		if _, err := openid.ParseQuery([]byte(`{"credentials":[` + other + `]}`)); !errors.Is(err, openid.ErrUnsupportedFormat) {
			t.Errorf("%s alone: %v", name, err)
		}
	}
}

// TestWhatIsDisclosedSatisfiesTheQuery at the counter, and tells something. Each part
// of the credential is selectively disclosable.
func TestWhatIsDisclosedSatisfiesTheQuery(t *testing.T) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	sd, err := credential.Issue(t.Context(), key, did.Header{}, map[string]any{
		"iss": "did:x:y", "vct": "urn:t", "nat": []any{"CN", "FR", "DE"}, "address": map[string]any{"city": "X", "street": "Y"},
	}, []credential.Path{{"nat"}, {"nat", nil}, {"address"}, {"address", "city"}, {"address", "street"}}, credential.IssueOptions{})
	if err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]string{
		`["address"]`: `map[city:X street:Y] <nil>`, `["address","city"]`: `map[city:X] <nil>`,
		`["nat"]`: `<nil> [CN FR DE]`, `["nat",null]`: `<nil> [CN FR DE]`, `["nat",0]`: `<nil> [CN]`,
		`["nat",1]`: `<nil> [CN FR]`, // the first keeps the second in its place
	} {
		query, err := openid.ParseQuery([]byte(`{"credentials":[{"id":"x","format":"dc+sd-jwt","meta":{"vct_values":["urn:t"]},"claims":[{"path":` + path + `}]}]}`))
		if err != nil {
			t.Fatal(err)
		}
		paths, err := query.Credentials[0].Match(sd.UnverifiedClaims())
		if err != nil {
			t.Errorf("%s: the holder has nothing: %v", path, err)
			continue
		}
		shown, err := sd.Disclose(paths...)
		if err != nil {
			t.Fatal(err)
		}
		claims := shown.UnverifiedClaims()
		if err := query.Credentials[0].CheckAnswer(claims); err != nil {
			t.Errorf("%s: shown to the counter is %v, and refused there: %v", path, claims, err)
		}
		if got := fmt.Sprint(claims["address"], " ", claims["nat"]); got != want {
			t.Errorf("%s discloses %s, want %s", path, got, want)
		}
	}
	two := `[{"path":["address","city"]},{"path":["nat",1]},{"path":["nat",0]}]` // together, each once
	query, err := openid.ParseQuery([]byte(`{"credentials":[{"id":"x","format":"dc+sd-jwt","meta":{"vct_values":["urn:t"]},"claims":` + two + `}]}`))
	if err != nil {
		t.Fatal(err)
	}
	paths, err := query.Credentials[0].Match(sd.UnverifiedClaims())
	if got := fmt.Sprint(paths); err != nil || got != `[["address","city"] ["nat",0] ["nat",1]]` {
		t.Errorf("two claims: %s, %v", got, err)
	}
	query, err = openid.ParseQuery([]byte(`{"credentials":[{"id":"x","format":"dc+sd-jwt","meta":{"vct_values":["urn:t"]},"claims":[{"path":["address"]}]}]}`))
	if err != nil {
		t.Fatal(err)
	}
	for _, shell := range []any{map[string]any{}, []any{}, []any{map[string]any{}}} {
		if err := query.Credentials[0].CheckAnswer(map[string]any{"vct": "urn:t", "address": shell}); !errors.Is(err, openid.ErrNoMatch) {
			t.Errorf("%v counts as an address: %v", shell, err)
		}
	}
}

// TestValuesInAnyForm: é is one letter, however it is typed.
func TestValuesInAnyForm(t *testing.T) {
	query, err := openid.ParseQuery([]byte(`{"credentials":[{"id":"x","format":"dc+sd-jwt","meta":{"vct_values":["urn:t"]},"claims":[{"path":["name"],"values":["Andre\u0301"]}]}]}`))
	if err != nil {
		t.Fatal(err)
	}
	if err := query.Credentials[0].CheckAnswer(map[string]any{"vct": "urn:t", "name": "Andr\u00e9"}); err != nil {
		t.Error(err)
	}
	if err := query.Credentials[0].CheckAnswer(map[string]any{"vct": "urn:t", "name": "Andre"}); err == nil {
		t.Error("another name fits")
	}
}

// TestOffersAreShort: each type is compared with those before it.
func TestOffersAreShort(t *testing.T) {
	var ids []string
	for i := range 65 {
		ids = append(ids, fmt.Sprintf(`"type/%d"`, i))
	}
	offer := func(n int) error {
		_, err := openid.ParseCredentialOffer([]byte(`{"credential_issuer":"https://a.example","credential_configuration_ids":[` + strings.Join(ids[:n], ",") + `]}`))
		return err
	}
	if err := offer(64); err != nil {
		t.Error(err)
	}
	if err := offer(65); !errors.Is(err, openid.ErrOffer) {
		t.Errorf("65 types: %v", err)
	}
	if limits.Message < 65*len(ids[0]) {
		t.Error("the cap on messages says it already")
	}
}
