package credential_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/hufu-id/hufu/credential"
	"github.com/hufu-id/hufu/did"
	"github.com/hufu-id/hufu/internal/vectors"
)

type rfcExamples struct {
	IssuerJWK jsontext.Value `json:"issuer_jwk"`
	Tokens    []struct {
		JWT         string   `json:"issuer_signed_jwt"`
		Disclosures []string `json:"disclosures"`
		SDJWT       string   `json:"sd_jwt"`
	} `json:"tokens"`
}

func loadRFC(t *testing.T) rfcExamples {
	t.Helper()
	var examples rfcExamples
	if err := json.Unmarshal(vectors.Read(t, "rfc9901/examples.json"), &examples); err != nil {
		t.Fatal(err)
	}
	return examples
}

func TestRFC9901(t *testing.T) {
	examples := loadRFC(t)
	public, err := did.ParseJWK(examples.IssuerJWK)
	if err != nil {
		t.Fatal(err)
	}
	if len(examples.Tokens) != 2 {
		t.Fatalf("%d examples", len(examples.Tokens))
	}
	opts := credential.VerifyOptions{Now: now, Types: []string{"example+sd-jwt"}}
	for i, want := range []struct {
		disclosed, undisclosed int
		path                   credential.Path
		value                  any
	}{
		{10, 6, credential.Path{"address", "country"}, "JP"},
		{16, -1, credential.Path{"verified_claims", "verification", "evidence", 0, "document", "issuer", "country"}, "DE"},
	} {
		example := examples.Tokens[i]
		token, err := credential.Parse([]byte(example.SDJWT), credential.ParseOptions{})
		if err != nil {
			t.Fatal(err)
		}
		if token.String() != example.SDJWT || example.SDJWT != example.JWT+"~"+strings.Join(example.Disclosures, "~")+"~" {
			t.Errorf("example %d does not keep its bytes", i)
		}
		verified, err := token.Verify(public, opts)
		if err != nil {
			t.Fatal(err)
		}
		if len(verified.Disclosed) != want.disclosed || want.undisclosed >= 0 && verified.Undisclosed != want.undisclosed {
			t.Errorf("example %d: %d disclosed, %d not", i, len(verified.Disclosed), verified.Undisclosed)
		}
		if got := want.path.Values(verified.Claims); !slices.Equal(got, []any{want.value}) {
			t.Errorf("example %d: %s is %v", i, want.path, got)
		}
		// Each disclosure shown alone, with those it lies in, verifies.
		for _, path := range token.Disclosable() {
			shown, err := token.Disclose(path)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := shown.Verify(public, opts); err != nil {
				t.Errorf("example %d: %v", i, err)
			}
		}
	}
}

// TestOpenID4VPPresentation takes the presentation among the OpenID4VP examples
// through issuer's signature and key binding; the file folds its lines.
func TestOpenID4VPPresentation(t *testing.T) {
	examples := loadRFC(t)
	public, err := did.ParseJWK(examples.IssuerJWK)
	if err != nil {
		t.Fatal(err)
	}
	const folder = "openid4vp/sd_jwt_vcld/01/"
	folded := string(vectors.Read(t, folder+"sd_jwt_presentation.txt"))
	token := parse(t, []byte(strings.ReplaceAll(folded, "\n", "")))
	verified, err := token.Verify(public, credential.VerifyOptions{Now: now})
	if err != nil {
		t.Fatal(err)
	}
	var want map[string]any
	if err := json.Unmarshal(vectors.Read(t, folder+"verified_contents.json"), &want); err != nil {
		t.Fatal(err)
	}
	if got := text(t, verified.Claims); got != text(t, want) {
		t.Errorf("verified %s", got)
	}
	var binding struct {
		Nonce    string `json:"nonce"`
		Audience string `json:"aud"`
		IssuedAt int64  `json:"iat"`
	}
	if err := json.Unmarshal(vectors.Read(t, folder+"kb_jwt_payload.json"), &binding); err != nil {
		t.Fatal(err)
	}
	opts := credential.BindingOptions{Now: time.Unix(binding.IssuedAt, 0)}
	if _, err := verified.VerifyBinding(binding.Audience, binding.Nonce, opts); err != nil {
		t.Error(err)
	}
}
