package credential_test

import (
	"crypto/sha256"
	"crypto/sha512"
	"encoding/base64"
	"encoding/json"
	"errors"
	"testing"
	"time"

	"github.com/hufu-id/hufu/credential"
	"github.com/hufu-id/hufu/did"
)

func metadata(t testing.TB, document string) *credential.TypeMetadata {
	t.Helper()
	m, err := credential.ParseTypeMetadata([]byte(document))
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func TestParseTypeMetadataRefuses(t *testing.T) {
	for name, document := range map[string]string{
		"nothing": ``, "no type": `{}`, "integrity of nothing": `{"vct":"a","extends#integrity":"sha256-a"}`, "no path": `{"vct":"a","claims":[{}]}`,
		"empty path": `{"vct":"a","claims":[{"path":[]}]}`, "sd": `{"vct":"a","claims":[{"path":["b"],"sd":"maybe"}]}`,
		"twice": `{"vct":"a","claims":[{"path":["b"]},{"path":["b"]}]}`, "case": `{"vct":"a","Claims":[]}`, "mandatory": `{"vct":"a","claims":[{"path":["b"],"mandatory":"true"}]}`,
	} {
		if m, err := credential.ParseTypeMetadata([]byte(document)); !errors.Is(err, credential.ErrTypeMetadata) || m != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	m := metadata(t, `{"vct":"a","name":"A","display":[{"locale":"en","name":"A"}],"claims":[{"path":["b",null,0],"svg_id":"b","display":[{"locale":"en-US","label":"B\u202e"},{"locale":"en","label":"Bee"}]},{"path":["c"]}]}`)
	if len(m.Claims) != 2 || m.Claims[0].Label.English != "Bee" || len(m.Labelled()) != 1 || m.Labelled()[0].Label != (credential.Label{English: "c", Chinese: "c"}) {
		t.Errorf("%+v", m)
	}
}

// TestExtends: a type adds to what it extends, and loosens nothing.
func TestExtends(t *testing.T) {
	base := `{"vct":"base","claims":[{"path":["a"],"mandatory":true,"sd":"always","display":[{"locale":"en","label":"A"}]},{"path":["b"]}]}`
	sum := sha256.Sum256([]byte(base))
	right := "sha256-" + base64.StdEncoding.EncodeToString(sum[:])
	for name, c := range map[string]struct {
		documents []string
		want      error
	}{
		"inherits":       {[]string{base, `{"vct":"a","extends":"base","extends#integrity":"` + right + `"}`}, nil},
		"tightens":       {[]string{base, `{"vct":"a","extends":"base","claims":[{"path":["b"],"mandatory":true,"sd":"never"}]}`}, nil},
		"other hash":     {[]string{base + " ", `{"vct":"a","extends":"base","extends#integrity":"` + right + `"}`}, credential.ErrIntegrity},
		"not at hand":    {[]string{`{"vct":"a","extends":"base"}`}, credential.ErrTypeMetadata},
		"itself":         {[]string{`{"vct":"a","extends":"a"}`}, credential.ErrTypeMetadata},
		"in a circle":    {[]string{`{"vct":"a","extends":"b"}`, `{"vct":"b","extends":"a"}`}, credential.ErrTypeMetadata},
		"twice":          {[]string{base, base}, credential.ErrTypeMetadata},
		"changes sd":     {[]string{base, `{"vct":"a","extends":"base","claims":[{"path":["a"],"sd":"never"}]}`}, credential.ErrTypeMetadata},
		"makes optional": {[]string{base, `{"vct":"a","extends":"base","claims":[{"path":["a"],"mandatory":false}]}`}, credential.ErrTypeMetadata},
	} {
		var all []*credential.TypeMetadata
		for _, d := range c.documents {
			all = append(all, metadata(t, d))
		}
		if _, err := credential.NewTypes(all...); !errors.Is(err, c.want) {
			t.Errorf("%s: got %v, want: %v", name, err, c.want)
		}
	}
	types, err := credential.NewTypes(metadata(t, base), metadata(t, `{"vct":"a","extends":"base"}`))
	if err != nil {
		t.Fatal(err)
	}
	_, err = types.Check(&credential.Verified{VCT: "a", Claims: map[string]any{}}, true)
	if !errors.Is(err, credential.ErrTypeRules) {
		t.Errorf("an inherited rule: %v", err)
	}
}

// TestTypeRules issues credentials and holds them against the rules of their type.
func TestTypeRules(t *testing.T) {
	types, err := credential.NewTypes(metadata(t, `{"vct":"t","claims":[
		{"path":["always"],"sd":"always"},{"path":["never"],"sd":"never"},{"path":["must"],"mandatory":true},
		{"path":["list",null],"sd":"always"},{"path":["first",0],"sd":"never"},{"path":["o","in"],"sd":"always"}]}`))
	if err != nil {
		t.Fatal(err)
	}
	key := newKey()
	type claims = map[string]any
	for name, c := range map[string]struct {
		claims claims
		hide   []credential.Path
		whole  bool
		want   error
	}{
		"all right":          {claims{"always": 1, "never": 1, "must": 1, "list": []any{1, 2}, "o": claims{"in": 1}}, []credential.Path{{"always"}, {"list", nil}, {"o", "in"}}, true, nil},
		"in the clear":       {claims{"always": 1, "must": 1}, nil, true, credential.ErrTypeRules},
		"hidden":             {claims{"never": 1, "must": 1}, []credential.Path{{"never"}}, true, credential.ErrTypeRules},
		"missing":            {claims{"never": 1}, nil, true, credential.ErrTypeRules},
		"missing, not whole": {claims{"never": 1}, nil, false, credential.ErrTypeRules}, // nothing is undisclosed
		"element clear":      {claims{"must": 1, "list": []any{1, 2}}, []credential.Path{{"list", 0}}, true, credential.ErrTypeRules},
		"hidden by parent":   {claims{"must": 1, "o": claims{"in": 1}}, []credential.Path{{"o"}}, true, credential.ErrTypeRules},
		"no array":           {claims{"must": 1, "list": "x"}, nil, true, credential.ErrTypeRules},
		"no object":          {claims{"must": 1, "o": "x"}, nil, true, credential.ErrTypeRules},
		"number":             {claims{"must": 1, "first": []any{1}}, nil, true, nil},
		"number hidden":      {claims{"must": 1, "first": []any{1}}, []credential.Path{{"first", 0}}, true, credential.ErrTypeRules},
	} {
		c.claims["vct"], c.claims["iss"] = "t", "i"
		sd, err := credential.Issue(t.Context(), key, did.Header{}, c.claims, c.hide, credential.IssueOptions{})
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		v, err := sd.Verify(key.Public(), credential.VerifyOptions{Now: time.Now()})
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if _, err := types.Check(v, c.whole); !errors.Is(err, c.want) {
			t.Errorf("%s: got %v, want: %v", name, err, c.want)
		}
	}
	if m, err := types.Check(&credential.Verified{VCT: "other"}, true); m != nil || err != nil {
		t.Errorf("another type: %v, %v", m, err)
	}
	if m, err := (*credential.Types)(nil).Check(&credential.Verified{}, true); m != nil || err != nil {
		t.Errorf("no types: %v, %v", m, err)
	}
}

// TestCheckIntegrity: the strongest kind counts (W3C SRI, section 3.3.4).
func TestCheckIntegrity(t *testing.T) {
	document := []byte(`{"vct":"a"}`)
	of := func(prefix string, sum []byte) string { return prefix + base64.StdEncoding.EncodeToString(sum) }
	s256, s384, s512 := sha256.Sum256(document), sha512.Sum384(document), sha512.Sum512(document)
	good256, good384, good512 := of("sha256-", s256[:]), of("sha384-", s384[:]), of("sha512-", s512[:])
	for metadata, want := range map[string]error{
		good256: nil, good384: nil, good512: nil, good256 + "?a=b": nil, "sha256-AAAA " + good256: nil, "sha256-AAAA " + good512: nil, "md5-AAAA " + good256: nil,
		"": credential.ErrIntegrity, "md5-AAAA": credential.ErrIntegrity, "sha256-AAAA": credential.ErrIntegrity, good256 + " sha512-AAAA": credential.ErrIntegrity, good256[:20]: credential.ErrIntegrity,
	} {
		if err := credential.CheckIntegrity(document, metadata); !errors.Is(err, want) {
			t.Errorf("%q: %v", metadata, err)
		}
	}
}

// TestAlsoTypes: aka_vcts is a visible list of other types (SD-JWT VC draft -18, 2.2.2.2).
func TestAlsoTypes(t *testing.T) {
	for name, c := range map[string]struct {
		value any
		want  error
	}{
		"two": {[]any{"b", "c"}, nil}, "empty": {[]any{}, credential.ErrClaim}, "a text": {"b", credential.ErrClaim}, "a number": {[]any{1}, credential.ErrClaim},
		"empty text": {[]any{""}, credential.ErrClaim}, "the type itself": {[]any{"b", "a"}, credential.ErrClaim}, "twice": {[]any{"b", "b"}, credential.ErrClaim},
	} {
		payload, err := json.Marshal(map[string]any{"vct": "a", "iss": "i", "aka_vcts": c.value})
		if err != nil {
			t.Fatal(err)
		}
		v, err := parse(t, forge(t, string(payload))).Verify(issuer.Public(), credential.VerifyOptions{})
		if !errors.Is(err, c.want) || err == nil && len(v.AlsoTypes) != 2 {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func FuzzParseTypeMetadata(f *testing.F) {
	f.Add([]byte(`{"vct":"a","extends":"b","extends#integrity":"sha256-a","claims":[{"path":["a",null,1],"mandatory":true,"sd":"always","display":[{"locale":"en","label":"A"}]}]}`))
	f.Fuzz(func(t *testing.T, b []byte) {
		m, err := credential.ParseTypeMetadata(b)
		if (err == nil) != (m != nil) || err != nil && !errors.Is(err, credential.ErrTypeMetadata) {
			t.Fatalf("%v", err)
		}
		if m != nil {
			_ = m.Labelled()
		}
	})
}
