package interop

import (
	"crypto/ecdsa"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/hufu-id/hufu/certpath/certpathtest"
	"github.com/hufu-id/hufu/credential"
	"github.com/hufu-id/hufu/did"
	"github.com/hufu-id/hufu/examples/interop/interoptest"
)

// diploma is a credential's payload without its holder.
func diploma() object {
	return object{
		"vct": diplomaType, "exp": time.Now().Truncate(24*time.Hour).AddDate(0, 0, 7).Unix(), "degree": "理学学士",
		"address": object{"region": "440305", "street": "深南大道 1"}, "grades": []any{"A", "B"},
	}
}

// What package credential issues and binds, @sd-jwt verifies.
func TestSDJWTLibraryVerifiesOurs(t *testing.T) {
	p := start(t)
	authority := certpathtest.New(time.Now(), "Ministry")
	chain, key := authority.Leaf(certpathtest.Template{Name: "University"})
	holder := certpathtest.NewKey()
	issued, err := credential.Issue(t.Context(), key, did.Header{X5C: chain}, diploma(),
		[]credential.Path{{"degree"}, {"address"}, {"address", "region"}, {"address", "street"}, {"grades", 0}},
		credential.IssueOptions{Holder: holder.Public(), Digests: 8})
	none(t, err)
	shown, err := issued.Disclose(credential.Path{"address", "region"}, credential.Path{"grades", 0})
	none(t, err)
	bound, err := shown.Bind(t.Context(), holder, "https://library.example", "nonce-1", credential.BindOptions{})
	none(t, err)

	trust := object{"anchors": []string{string(authority.PEM())}}
	with := object{"text": bound.String(), "trust": trust, "expected": object{"nonce": "nonce-1", "audience": "https://library.example"}}
	var got struct {
		Payload object `json:"payload"`
	}
	p.do(t, "format.verify", with, &got)
	address, _ := got.Payload["address"].(object)
	grades, _ := got.Payload["grades"].([]any)
	if address["region"] != "440305" || address["street"] != nil || got.Payload["degree"] != nil || len(grades) != 2 {
		t.Errorf("%v", got.Payload)
	}
	parts := strings.Split(bound.String(), "~")
	for says, edit := range map[string]object{
		"Nonce":                        {"expected": object{"nonce": "nonce-2", "audience": "https://library.example"}},
		"the key binding is for":       {"expected": object{"nonce": "nonce-1", "audience": "https://other.example"}},
		"the chain leads to no anchor": {"trust": object{"anchors": []string{string(certpathtest.New(time.Now(), "Ministry").PEM())}}},
		"sd_hash":                      {"text": parts[0] + "~" + strings.Join(parts[2:], "~")},
	} {
		spoilt := object{}
		for k, v := range with {
			spoilt[k] = v
		}
		for k, v := range edit {
			spoilt[k] = v
		}
		if err := p.try(t, "format.verify", spoilt, nil); err == nil || !strings.Contains(strings.ToLower(err.Error()), strings.ToLower(says)) {
			t.Errorf("%s: %v", says, err)
		}
	}
}

// What @sd-jwt issues and binds, package credential verifies.
func TestWeVerifyTheSDJWTLibrarys(t *testing.T) {
	p := start(t)
	chain, key := certpathtest.New(time.Now(), "Ministry").Leaf(certpathtest.Template{Name: "University"})
	var made struct {
		Credential   string `json:"credential"`
		Presentation string `json:"presentation"`
	}
	p.do(t, "format.make", object{
		"claims": diploma(), "key": interoptest.JWK(t, key), "x5c": interoptest.X5C(chain), "nonce": "nonce-1", "audience": "https://library.example",
		"hidden": object{"_sd": []string{"degree", "address"}, "address": object{"_sd": []string{"region", "street"}}, "grades": object{"_sd": []int{0}}},
		"shown":  object{"address": object{"region": true}, "grades": object{"0": true}},
	}, &made)
	whole := verified(t, made.Credential, key)
	if whole.Claims["degree"] != "理学学士" {
		t.Errorf("%v", whole.Claims)
	}
	shown := verified(t, made.Presentation, key)
	address, _ := shown.Claims["address"].(object)
	if shown.Claims["degree"] != nil || address["region"] != "440305" || address["street"] != nil {
		t.Errorf("%v", shown.Claims)
	}
	_, err := shown.VerifyBinding("https://library.example", "nonce-1", credential.BindingOptions{})
	none(t, err)
	if _, err := shown.VerifyBinding("https://library.example", "nonce-2", credential.BindingOptions{}); !errors.Is(err, credential.ErrBindingNonce) {
		t.Errorf("another nonce: %v", err)
	}
}

func verified(t *testing.T, text string, key *ecdsa.PrivateKey) *credential.Verified {
	t.Helper()
	parsed, err := credential.Parse([]byte(text), credential.ParseOptions{})
	none(t, err)
	v, err := parsed.Verify(key.Public(), credential.VerifyOptions{})
	none(t, err)
	return v
}
