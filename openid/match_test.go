package openid_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/hufu-id/hufu/openid"
)

// resident is a credential's claims as package credential decodes them.
func resident() map[string]any {
	return map[string]any{
		"vct": "urn:resident", "name": "n", "age": int64(18), "member": true, "half": 1.5, "whole": 2.0,
		"address": map[string]any{"city": "Taian", "street": "s"},
		"degrees": []any{map[string]any{"type": "BSc"}, map[string]any{"type": "MSc"}, "PhD"},
		"empty":   []any{},
	}
}

// disclosure builds a query for one credential with these claims members.
func disclosure(t *testing.T, members string) *openid.CredentialQuery {
	t.Helper()
	text := `{"credentials":[{"id":"x","format":"dc+sd-jwt","meta":{"vct_values":["urn:other","urn:resident"]}` + members + `}]}`
	query, err := openid.ParseQuery([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return query.Credential("x")
}

func TestMatch(t *testing.T) {
	tests := []struct{ name, members, want string }{
		{"no claims", ``, ""},
		{"one claim", `,"claims":[{"path":["name"]}]`, "[name]"},
		{"nested", `,"claims":[{"path":["address","city"]},{"path":["address"]}]`, "[address city] [address]"},
		{"absent", `,"claims":[{"path":["name"]},{"path":["address","zip"]}]`, "no"},
		{"name in an array", `,"claims":[{"path":["degrees","type"]}]`, "no"},
		{"number in an object", `,"claims":[{"path":["address",0]}]`, "no"},
		{"null in an object", `,"claims":[{"path":["address",null]}]`, "no"},
		{"through a string", `,"claims":[{"path":["name","x"]}]`, "no"},
		{"element", `,"claims":[{"path":["degrees",1,"type"]}]`, "[degrees 0] [degrees 1 type]"},
		{"element beyond", `,"claims":[{"path":["degrees",3]}]`, "no"},
		{"every element", `,"claims":[{"path":["degrees",null,"type"]}]`, "[degrees 0 type] [degrees 1 type]"},
		{"every element of none", `,"claims":[{"path":["empty",null]}]`, "no"},
		{"value", `,"claims":[{"path":["address","city"],"values":["Jinan","Taian"]}]`, "[address city]"},
		{"another value", `,"claims":[{"path":["address","city"],"values":["Jinan"]}]`, "no"},
		{"value of an element", `,"claims":[{"path":["degrees",null,"type"],"values":["MSc"]}]`, "[degrees 1 type]"},
		{"number", `,"claims":[{"path":["age"],"values":[18]}]`, "[age]"},
		{"number as a string", `,"claims":[{"path":["age"],"values":["18"]}]`, "no"},
		{"fraction", `,"claims":[{"path":["half"],"values":[1]}]`, "no"},
		{"number that is not written whole", `,"claims":[{"path":["whole"],"values":[2]}]`, "no"},
		{"boolean", `,"claims":[{"path":["member"],"values":[true]}]`, "[member]"},
		{"other boolean", `,"claims":[{"path":["member"],"values":[false]}]`, "no"},
		{"boolean as a string", `,"claims":[{"path":["member"],"values":["true"]}]`, "no"},
		{"value of an object", `,"claims":[{"path":["address"],"values":["Taian"]}]`, "no"},
		{"first set", `,"claims":[{"id":"a","path":["name"]},{"id":"b","path":["age"]}],"claim_sets":[["a"],["b"]]`, "[name]"},
		{"second set", `,"claims":[{"id":"a","path":["zip"]},{"id":"b","path":["age"]},{"id":"c","path":["name"]}],"claim_sets":[["a","c"],["b"]]`, "[age]"},
		{"no set", `,"claims":[{"id":"a","path":["zip"]},{"id":"b","path":["age"]}],"claim_sets":[["a"],["a","b"]]`, "no"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			query := disclosure(t, tt.members)
			paths, err := query.Match(resident())
			var texts []string
			for _, path := range paths {
				texts = append(texts, fmt.Sprint([]any(path)))
			}
			got := strings.Join(texts, " ")
			if errors.Is(err, openid.ErrNoMatch) {
				got = "no"
			} else if err != nil {
				t.Fatal(err)
			}
			if got != tt.want {
				t.Errorf("got %q, want %q", got, tt.want)
			}
			if answer := query.CheckAnswer(resident()); (answer == nil) != (err == nil) {
				t.Errorf("CheckAnswer disagrees: %v", answer)
			}
		})
	}
}

func TestMatchType(t *testing.T) {
	for _, vct := range []any{nil, "urn:else", 7} {
		claims := resident()
		claims["vct"] = vct
		if _, err := disclosure(t, "").Match(claims); !errors.Is(err, openid.ErrNoMatch) {
			t.Errorf("vct %v: %v", vct, err)
		}
	}
}

// A verifier gets less than the holder has: what was asked must be in it.
func TestCheckAnswerOnLess(t *testing.T) {
	query := disclosure(t, `,"claims":[{"path":["name"]},{"path":["address","city"],"values":["Taian"]}]`)
	answer := map[string]any{"vct": "urn:resident", "name": "n", "address": map[string]any{"city": "Taian"}}
	if err := query.CheckAnswer(answer); err != nil {
		t.Error(err)
	}
	answer["address"] = map[string]any{"city": "Jinan"}
	if err := query.CheckAnswer(answer); !errors.Is(err, openid.ErrNoMatch) {
		t.Errorf("another value: %v", err)
	}
	delete(answer, "address")
	if err := query.CheckAnswer(answer); !errors.Is(err, openid.ErrNoMatch) {
		t.Errorf("withheld claim: %v", err)
	}
}

func TestMatchPredicates(t *testing.T) {
	query, err := openid.ParseQuery([]byte(proofQueryText))
	if err != nil {
		t.Fatal(err)
	}
	proof := query.Credential("age")
	claims := map[string]any{"vct": "urn:resident", "birthdate": "2000-01-01", "city": "370900"}
	if _, err := proof.Match(claims); !errors.Is(err, openid.ErrNoMatch) {
		t.Errorf("2 of 4 attributes where 3 are needed: %v", err)
	}
	claims["member"] = true
	if paths, err := proof.Match(claims); err != nil || paths != nil {
		t.Errorf("3 of 4 attributes: %v, %v", paths, err)
	}
	claims["vct"] = "urn:other"
	if _, err := proof.Match(claims); !errors.Is(err, openid.ErrNoMatch) {
		t.Errorf("another type: %v", err)
	}
	if err := proof.CheckAnswer(resident()); !errors.Is(err, openid.ErrUnsupportedFormat) {
		t.Errorf("claims in answer to predicates: %v", err)
	}
	if !proof.HolderBinding() {
		t.Error("holder binding is not the default")
	}
}

func setsQuery(t *testing.T, sets string) *openid.Query {
	t.Helper()
	var credentials []string
	for _, id := range []string{"a", "b", "c", "d"} {
		credentials = append(credentials, `{"id":"`+id+`","format":"dc+sd-jwt","meta":{"vct_values":["t"]}}`)
	}
	credentials[3] = strings.Replace(credentials[3], `"meta"`, `"multiple":true,"meta"`, 1)
	query, err := openid.ParseQuery([]byte(`{"credentials":[` + strings.Join(credentials, ",") + `]` + sets + `}`))
	if err != nil {
		t.Fatal(err)
	}
	return query
}

func TestSelect(t *testing.T) {
	const alternatives = `,"credential_sets":[{"options":[["b","a"],["c"]]},{"required":false,"options":[["a"],["d"]]}]`
	tests := []struct{ name, sets, can, want string }{
		{"everything", ``, "abcd", "abcd|"},
		{"everything but one", ``, "abc", "no"},
		{"preferred, in the query's order", alternatives, "abcd", "ab|"},
		{"second choice", alternatives, "ac", "c|a"},
		{"half an option", alternatives, "bd", "no"},
		{"optional alone", alternatives, "d", "no"},
		{"both", alternatives, "cd", "c|d"},
		{"optional left out", alternatives, "c", "c|"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			can := func(id string) bool { return strings.Contains(tt.can, id) }
			required, optional, err := setsQuery(t, tt.sets).Select(can)
			got := strings.Join(required, "") + "|" + strings.Join(optional, "")
			if errors.Is(err, openid.ErrNoMatch) {
				got = "no"
			} else if err != nil {
				t.Fatal(err)
			}
			if got != tt.want {
				t.Errorf("got %s, want %s", got, tt.want)
			}
		})
	}
}

func TestCheckResponse(t *testing.T) {
	query := setsQuery(t, `,"credential_sets":[{"options":[["a","b"],["d"]]}]`)
	tests := []struct {
		name, answers string
		want          error
	}{
		{"first option", "ab", nil},
		{"several where allowed", "dd", nil},
		{"more than needed, but asked", "abc", nil},
		{"half an option", "a", openid.ErrNoMatch},
		{"not asked", "abx", openid.ErrUnasked},
		{"several where one was asked", "aab", openid.ErrUnasked},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r := &openid.Response{VPToken: make(map[string][]string)}
			for _, id := range strings.Split(tt.answers, "") {
				r.VPToken[id] = slices.Concat(r.VPToken[id], []string{"presentation"})
			}
			if err := query.CheckResponse(r); !errors.Is(err, tt.want) {
				t.Errorf("got %v, want %v", err, tt.want)
			}
		})
	}
}
