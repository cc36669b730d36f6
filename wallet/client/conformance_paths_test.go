package client_test

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/hufu-id/hufu/certpath/certpathtest"
	"github.com/hufu-id/hufu/credential"
	"github.com/hufu-id/hufu/did"
	"github.com/hufu-id/hufu/hufutest"
	"github.com/hufu-id/hufu/provenance"
	"github.com/hufu-id/hufu/wallet"
	"github.com/hufu-id/hufu/wallet/client"
)

// pid is the type of a credential with an array and an object, each part of which is
// disclosed by itself. Schemas of the ledger have neither.
const pid = "urn:example:pid"

// newPID makes an asker and a wallet with such a credential, from an issuer that is on no
// ledger.
func newPID(t *testing.T) (*asker, *client.Client) {
	t.Helper()
	c := hufutest.New(t, hufutest.Options{})
	ministry := certpathtest.New(c.Now(), "Ministry of the Interior")
	x5c, key := ministry.Leaf(certpathtest.Template{Name: "Registry", DNSNames: []string{"registry.example"}})
	source, err := provenance.X509(provenance.X509Options{}, provenance.Authority{Anchor: ministry.Anchor(), Trust: provenance.Trust{Types: []string{pid}}})
	none(t, err)
	cfg := c.WalletConfig(c.Wallet())
	cfg.Sources = []provenance.Source{source}
	w, err := wallet.New(cfg)
	none(t, err)
	holder, err := w.Expect(t.Context(), "https://registry.example")
	none(t, err)
	claims := map[string]any{
		"vct": pid, "iss": "https://registry.example", "iat": c.Now().Unix() - 60, "exp": c.Now().Add(90 * 24 * time.Hour).Unix(),
		"family_name": "Li", "nationalities": []any{"DE", "FR"},
		"place_of_birth": map[string]any{"country": "DE", "locality": "Köln"},
	}
	hide := []credential.Path{
		{"family_name"}, {"nationalities", 0}, {"nationalities", 1}, {"nationalities"},
		{"place_of_birth", "country"}, {"place_of_birth", "locality"}, {"place_of_birth"},
	}
	sd, err := credential.Issue(t.Context(), key, did.Header{X5C: x5c}, claims, hide, credential.IssueOptions{Holder: holder.Public(), AnyTimeOfDay: true})
	none(t, err)
	answer, err := json.Marshal(map[string]any{"credentials": []any{map[string]any{"credential": sd.String()}}})
	none(t, err)
	_, err = w.Receive(t.Context(), answer)
	none(t, err)
	a, one := newAskerOf(t, c, cfg)
	a.issuer, a.typ = key.Public(), pid
	return a, one
}

// disclosesOf asks for claims of the PID and compares all that is disclosed with want.
func disclosesOf(want string, sets [][]string, claims ...map[string]any) func(t *testing.T) {
	return func(t *testing.T) {
		a, one := newPID(t)
		q := map[string]any{"id": "pid", "format": "dc+sd-jwt", "meta": map[string]any{"vct_values": []string{pid}}, "claims": claims}
		if sets != nil {
			q["claim_sets"] = sets
		}
		a.query(map[string]any{"credentials": []any{q}})
		presents(t, a, one)
		shown := map[string]any{}
		for name, value := range a.answered()["pid"].UnverifiedClaims() {
			switch name {
			case "family_name", "nationalities", "place_of_birth":
				shown[name] = value
			}
		}
		got, err := json.Marshal(shown)
		none(t, err)
		if string(got) != want {
			t.Errorf("disclosed %s, want %s", got, want)
		}
	}
}

// named is a claim query that claim_sets name.
func named(id string, path ...any) map[string]any { return map[string]any{"id": id, "path": path} }

// pathModules are the modules of claims paths that are not a single name (OpenID4VP 1.0,
// sections 6.4.1 and 7.1).
var pathModules = map[string]func(t *testing.T){
	"array-all-elements": disclosesOf(`{"nationalities":["DE","FR"]}`, nil, claim("nationalities", nil)),
	"array-index":        disclosesOf(`{"nationalities":["DE"]}`, nil, claim("nationalities", 0)),
	"object-member": disclosesOf(`{"place_of_birth":{"locality":"Köln"}}`, [][]string{{"r"}, {"l"}, {"c"}},
		named("r", "place_of_birth", "region"), named("l", "place_of_birth", "locality"), named("c", "place_of_birth", "country")),
}
