package credential_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"encoding/base64"
	"path"
	"testing"

	"github.com/go-json-experiment/json"
	"go.yaml.in/yaml/v3"

	"github.com/hufu-id/hufu/credential"
	"github.com/hufu-id/hufu/did"
	"github.com/hufu-id/hufu/internal/vectors"
)

// waivedCases are those of sd-jwt-python that this package refuses on purpose.
var waivedCases = map[string]string{
	"json_serialization_flattened": "only the compact form is read, as OpenID4VP presents it",
	"json_serialization_general":   "only the compact form is read, as OpenID4VP presents it",
	"header_mod":                   "its kid is a number, which RFC 7515, section 4.1.4 does not allow",
}

type testcase struct {
	UserClaims yaml.Node      `yaml:"user_claims"`
	Disclosed  map[string]any `yaml:"holder_disclosed_claims"`
	Expected   map[string]any `yaml:"expect_verified_user_claims"`
	KeyBinding bool           `yaml:"key_binding"`
}

type testSettings struct {
	Identifiers struct {
		Issuer, Verifier string
	}
	Keys struct {
		Issuer []privateJWK `yaml:"issuer_keys"`
		Holder privateJWK   `yaml:"holder_key"`
	} `yaml:"key_settings"`
	Nonce string `yaml:"key_binding_nonce"`
	IAT   int64
	EXP   int64
}

type privateJWK struct{ D string }

func (k privateJWK) signer(t *testing.T) *ecdsa.PrivateKey {
	t.Helper()
	d, err := base64.RawURLEncoding.DecodeString(k.D)
	if err != nil {
		t.Fatal(err)
	}
	key, err := ecdsa.ParseRawPrivateKey(elliptic.P256(), d)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func readYAML(t *testing.T, file string, out any) {
	t.Helper()
	if err := yaml.Unmarshal(vectors.Read(t, file), out); err != nil {
		t.Fatal(file, err)
	}
}

// untag turns a node into claims and collects the paths of the tag !sd.
func untag(t *testing.T, node *yaml.Node, at credential.Path, hide *[]credential.Path) any {
	t.Helper()
	if node.Tag == "!sd" {
		*hide = append(*hide, at)
		node.Tag = ""
	}
	down := func(element any) credential.Path {
		return append(at[:len(at):len(at)], element)
	}
	switch node.Kind {
	case yaml.MappingNode:
		object := map[string]any{}
		for i := 0; i < len(node.Content); i += 2 {
			key, value := node.Content[i], node.Content[i+1]
			if key.Tag == "!sd" {
				*hide = append(*hide, down(key.Value))
			}
			object[key.Value] = untag(t, value, down(key.Value), hide)
		}
		return object
	case yaml.SequenceNode:
		array := []any{}
		for i, element := range node.Content {
			array = append(array, untag(t, element, down(i), hide))
		}
		return array
	}
	var value any
	if err := node.Decode(&value); err != nil {
		t.Fatal(err)
	}
	return value
}

// wanted collects the paths that holder_disclosed_claims marks as true.
func wanted(selection any, at credential.Path, paths *[]credential.Path) {
	down := func(element any) credential.Path {
		return append(at[:len(at):len(at)], element)
	}
	switch selection := selection.(type) {
	case bool:
		if selection {
			*paths = append(*paths, at)
		}
	case map[string]any:
		for name, inner := range selection {
			wanted(inner, down(name), paths)
		}
	case []any:
		for i, inner := range selection {
			wanted(inner, down(i), paths)
		}
	}
}

func TestSDJWTPythonCases(t *testing.T) {
	var settings testSettings
	readYAML(t, "sd-jwt-testcases/settings.yml", &settings)
	files := vectors.Glob(t, "sd-jwt-testcases/*/specification.yml")
	if len(files) != 17 {
		t.Fatalf("%d cases", len(files))
	}
	for _, file := range files {
		name := path.Base(path.Dir(file))
		t.Run(name, func(t *testing.T) {
			if why, waived := waivedCases[name]; waived {
				t.Skip("waived: " + why)
			}
			runCase(t, file, settings)
		})
	}
}

func runCase(t *testing.T, file string, settings testSettings) {
	var c testcase
	readYAML(t, file, &c)
	signer, owner := settings.Keys.Issuer[0].signer(t), settings.Keys.Holder.signer(t)
	var hide, show []credential.Path
	claims := untag(t, &c.UserClaims, nil, &hide).(map[string]any)
	claims["iss"], claims["iat"], claims["exp"] = settings.Identifiers.Issuer, settings.IAT, settings.EXP
	opts := credential.IssueOptions{AnyTimeOfDay: true}
	if c.KeyBinding {
		opts.Holder = owner.Public()
	}
	issued, err := credential.Issue(t.Context(), signer, did.Header{Typ: "example+sd-jwt"}, claims, hide, opts)
	if err != nil {
		t.Fatal(err)
	}
	wanted(c.Disclosed, nil, &show)
	shown, err := issued.Disclose(show...)
	if err != nil {
		t.Fatal(err)
	}
	if c.KeyBinding {
		shown, err = shown.Bind(t.Context(), owner, settings.Identifiers.Verifier, settings.Nonce, credential.BindOptions{IssuedAt: now})
		if err != nil {
			t.Fatal(err)
		}
	}
	verified, err := parse(t, shown.Bytes()).Verify(signer.Public(), credential.VerifyOptions{Now: now, Types: []string{"example+sd-jwt"}})
	if err != nil {
		t.Fatal(err)
	}
	if c.KeyBinding {
		if _, err := verified.VerifyBinding(settings.Identifiers.Verifier, settings.Nonce, credential.BindingOptions{Now: now}); err != nil {
			t.Error(err)
		}
	}
	for _, name := range []string{"iss", "iat", "exp", "cnf"} {
		delete(verified.Claims, name)
	}
	if got, want := text(t, verified.Claims), text(t, c.Expected); got != want {
		t.Errorf("verified %s\nexpected %s", got, want)
	}
}

func text(t *testing.T, value any) string {
	t.Helper()
	data, err := json.Marshal(value, json.Deterministic(true))
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}
