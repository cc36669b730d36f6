package credential_test

import (
	"testing"

	"github.com/hufu-id/hufu/credential"
)

// sdjwtSeeds are an issued credential, a presentation, one with foreign spaces
// and one with array elements.
func sdjwtSeeds(t testing.TB) [][]byte {
	spaced, spacedDigest := disclose(`[ "salt" , "name" , "Li" ]`)
	element, elementDigest := disclose(`["salt",{"a":[1,2.5,null,true]}]`)
	return [][]byte{
		issue(t).Bytes(), present(t).Bytes(),
		forge(t, `{ "vct" : "v", "iss":"i", "_sd":["`+spacedDigest+`"], "_sd_alg":"sha-256" }`, spaced),
		forge(t, `{"vct":"v","iss":"i","list":[{"...":"`+elementDigest+`"},"plain"]}`, element),
	}
}

func FuzzSDJWT(f *testing.F) {
	for _, seed := range sdjwtSeeds(f) {
		f.Add(seed)
	}
	stranger := newKey()
	f.Fuzz(func(t *testing.T, data []byte) {
		token, err := credential.Parse(data, credential.ParseOptions{})
		if err != nil {
			return
		}
		if token.String() != string(data) {
			t.Fatal("a token does not keep its bytes")
		}
		if _, err := token.Verify(stranger.Public(), credential.VerifyOptions{Now: now, Types: []string{token.Header().Typ}}); err == nil {
			t.Fatal("a token verifies under a key that signed nothing")
		}
		for _, path := range token.Disclosable() {
			shown, err := token.Disclose(path)
			if err != nil {
				t.Fatalf("a disclosable claim cannot be disclosed: %v", err)
			}
			if again, err := credential.Parse(shown.Bytes(), credential.ParseOptions{}); err != nil || again.String() != shown.String() {
				t.Fatalf("what is disclosed cannot be parsed: %v", err)
			}
		}
	})
}

func FuzzDisclosure(f *testing.F) {
	for _, seed := range disclosureSeeds() {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		encoded, digest := disclose(string(text))
		token, err := credential.Parse(forge(t, `{"vct":"v","iss":"i","_sd":["`+digest+`"]}`, encoded), credential.ParseOptions{})
		if err != nil {
			return
		}
		if len(token.Disclosable()) != 1 {
			t.Fatal("one disclosure is not one claim")
		}
		if _, err := token.Verify(issuer.Public(), credential.VerifyOptions{Now: now}); err != nil {
			t.Skip("a registered claim")
		}
	})
}

func disclosureSeeds() []string {
	return []string{`["salt","name","Li"]`, `[ "salt", "a", {"b":[1,2.5,null,true]} ]`, `["salt","n",9223372036854775807]`}
}

func FuzzSchema(f *testing.F) {
	f.Add([]byte(schemaFile))
	f.Add([]byte(smallSchema))
	f.Fuzz(func(t *testing.T, data []byte) {
		schema, err := credential.ParseSchema(data)
		if err != nil {
			return
		}
		if string(schema.Bytes()) != string(data) {
			t.Fatal("a schema does not keep its bytes")
		}
		if schema.Slots()[credential.BindingSlot] != "" {
			t.Fatal("a claim takes the binding slot")
		}
		schema.Validate(map[string]any{"name": "Li", "address": map[string]any{"region": "440305"}})
	})
}

const smallSchema = `{"id":"a","version":1,"vct":"v","region":"100000","digests":2,
"claims":[{"path":["a"],"type":"boolean","label":{"en":"A","zh":"甲"}}]}`

func FuzzPath(f *testing.F) {
	for _, seed := range pathSeeds() {
		f.Add([]byte(seed))
	}
	claims := map[string]any{"a": []any{map[string]any{"b": "x"}, "y"}}
	f.Fuzz(func(t *testing.T, data []byte) {
		path, err := credential.ParsePath(data)
		if err != nil {
			return
		}
		again, err := credential.ParsePath([]byte(path.String()))
		if err != nil || again.String() != path.String() {
			t.Fatalf("a path does not survive: %v", err)
		}
		if len(path.Expand(claims)) != len(path.Values(claims)) {
			t.Fatal("paths and values differ in number")
		}
	})
}

func pathSeeds() []string { return []string{`["a"]`, `["a",0,"b"]`, `["a",null,"b"]`, `[ "\u0061" ]`} }

func TestSeedsAreAccepted(t *testing.T) {
	if len(sdjwtSeeds(t)) == 0 || len(disclosureSeeds()) == 0 || len(pathSeeds()) == 0 {
		t.Fatal("a fuzz target without seeds")
	}
	for i, seed := range sdjwtSeeds(t) {
		verify(t, parse(t, seed))
		if i == 1 && !parse(t, seed).Bound() {
			t.Error("the presentation among the seeds has no binding")
		}
	}
	for _, seed := range disclosureSeeds() {
		encoded, digest := disclose(seed)
		parse(t, forge(t, `{"_sd":["`+digest+`"]}`, encoded))
	}
	for _, seed := range pathSeeds() {
		if _, err := credential.ParsePath([]byte(seed)); err != nil {
			t.Errorf("seed refused: %v", err)
		}
	}
	for _, seed := range []string{schemaFile, smallSchema} {
		if _, err := credential.ParseSchema([]byte(seed)); err != nil {
			t.Errorf("seed refused: %v", err)
		}
	}
}
