package openid_test

import (
	"errors"
	"fmt"
	"reflect"
	"strings"
	"testing"

	"github.com/hufu-id/hufu/credential"
	"github.com/hufu-id/hufu/internal/limits"
	"github.com/hufu-id/hufu/openid"
)

const queryText = `{"credentials":[` +
	`{"id":"pid","format":"dc+sd-jwt","meta":{"vct_values":["urn:resident"]},` +
	`"trusted_authorities":[{"type":"aki","values":["s9tIpPmhxdiuNkHMEWNpYim8S8Y"]}],` +
	`"claims":[{"id":"a","path":["name"]},{"id":"b","path":["address","city"],"values":["Taian",7,true]},{"id":"c","path":["phones",null,0]}],` +
	`"claim_sets":[["a","b"],["c"]]},` +
	`{"id":"flag","format":"dc+sd-jwt","meta":{"vct_values":["urn:flag"]},"multiple":true,"require_cryptographic_holder_binding":false}],` +
	`"credential_sets":[{"options":[["pid"],["flag"]]},{"options":[["flag"]],"required":false}]}`

func parseQuery(data []byte) error {
	_, err := openid.ParseQuery(data)
	return err
}

func TestParseQueryRefuses(t *testing.T) {
	claims := `"claims":[{"id":"a","path":["name"]},`
	tests := append(jsonRefusals("credentials"), []refusal{
		{"no credentials", `{"credentials":[`, `{"credentials":[],"x":[`, openid.ErrQuery},
		{"no format", `"format":"dc+sd-jwt",`, ``, openid.ErrQuery},
		{"repeated id", `"id":"flag"`, `"id":"pid"`, openid.ErrQuery},
		{"empty id", `"id":"pid"`, `"id":""`, openid.ErrQuery},
		{"dotted id", `"id":"pid"`, `"id":"p.d"`, openid.ErrQuery},
		{"long id", `"id":"pid"`, `"id":"` + strings.Repeat("p", limits.Identifier+1) + `"`, openid.ErrQuery},
		{"no meta", `"meta":{"vct_values":["urn:resident"]},`, ``, openid.ErrQuery},
		{"no types", `["urn:resident"]`, `[]`, openid.ErrQuery},
		{"empty type", `["urn:resident"]`, `[""]`, openid.ErrQuery},
		{"repeated type", `["urn:resident"]`, `["x","x"]`, openid.ErrQuery},
		{"types not a list", `["urn:resident"]`, `"urn:resident"`, openid.ErrJSON},
		{"keys of circuits", `["urn:resident"]`, `["urn:resident"],"hufu_vk":{}`, openid.ErrQuery},
		{"no authorities", `[{"type":"aki","values":["s9tIpPmhxdiuNkHMEWNpYim8S8Y"]}]`, `[]`, openid.ErrQuery},
		{"authority without type", `"type":"aki",`, ``, openid.ErrQuery},
		{"authority without values", `["s9tIpPmhxdiuNkHMEWNpYim8S8Y"]`, `[]`, openid.ErrQuery},
		{"empty claims", `"claims":[{"id":"a","path":["name"]},{"id":"b","path":["address","city"],"values":["Taian",7,true]},{"id":"c","path":["phones",null,0]}]`, `"claims":[]`, openid.ErrQuery},
		{"sets without claims", `"claims":`, `"not_claims":`, openid.ErrQuery},
		{"repeated claim id", `"id":"b"`, `"id":"a"`, openid.ErrQuery},
		{"malformed claim id", `"id":"b"`, `"id":"b c"`, openid.ErrQuery},
		{"claim in another case", `"path":["name"]`, `"PATH":["other"],"path":["name"]`, openid.ErrJSON},
		{"no path", `"path":["name"]`, `"x":1`, openid.ErrQuery},
		{"empty path", `["name"]`, `[]`, openid.ErrQuery},
		{"path not a list", `["name"]`, `"name"`, openid.ErrQuery},
		{"negative number in a path", `,null,0]`, `,null,-1]`, openid.ErrQuery},
		{"fraction in a path", `,null,0]`, `,null,0.5]`, openid.ErrQuery},
		{"object in a path", `,null,0]`, `,null,{}]`, openid.ErrQuery},
		{"huge number in a path", `,null,0]`, `,null,4294967296]`, openid.ErrQuery},
		{"path that begins with null", `["phones",null,0]`, `[null,0]`, openid.ErrQuery},
		{"long name in a path", `["name"]`, `["` + strings.Repeat("n", limits.Identifier+1) + `"]`, openid.ErrQuery},
		{"long path", `["name"]`, `["a"` + strings.Repeat(`,"a"`, limits.JSONDepth) + `]`, openid.ErrQuery},
		{"no values", `["Taian",7,true]`, `[]`, openid.ErrQuery},
		{"repeated value", `["Taian",7,true]`, `[7,7]`, openid.ErrQuery},
		{"fractional value", `["Taian",7,true]`, `[7.0]`, openid.ErrQuery},
		{"huge value", `["Taian",7,true]`, `[9223372036854775808]`, openid.ErrQuery},
		{"null value", `["Taian",7,true]`, `[null]`, openid.ErrQuery},
		{"object value", `["Taian",7,true]`, `[{}]`, openid.ErrQuery},
		{"long value", `["Taian",7,true]`, `["` + strings.Repeat("v", limits.Identifier+1) + `"]`, openid.ErrQuery},
		{"no claim sets", `[["a","b"],["c"]]`, `[]`, openid.ErrQuery},
		{"empty claim set", `[["a","b"],["c"]]`, `[[]]`, openid.ErrQuery},
		{"unknown claim in a set", `[["a","b"],["c"]]`, `[["d"]]`, openid.ErrQuery},
		{"claim twice in a set", `[["a","b"],["c"]]`, `[["a","a"]]`, openid.ErrQuery},
		{"claim without id in a set", claims, `"claims":[{"path":["name"]},`, openid.ErrQuery},
		{"empty id in a set", `[["a","b"],["c"]]`, `[[""]]`, openid.ErrQuery},
		{"malformed predicate", `"multiple":true`, `"predicates":[{"path":["x"],"op":"eq"}]`, openid.ErrQuery},
		{"empty predicates", `"multiple":true`, `"predicates":[]`, openid.ErrQuery},
		{"acceptance", `"multiple":true`, `"predicates_accept":"any"`, openid.ErrQuery},
		{"no credential sets", `[{"options":[["pid"],["flag"]]},{"options":[["flag"]],"required":false}]`, `[]`, openid.ErrQuery},
		{"no options", `[["pid"],["flag"]]`, `[]`, openid.ErrQuery},
		{"empty option", `[["pid"],["flag"]]`, `[[]]`, openid.ErrQuery},
		{"unknown credential", `[["pid"],["flag"]]`, `[["nobody"]]`, openid.ErrQuery},
		{"credential twice", `[["pid"],["flag"]]`, `[["pid","pid"]]`, openid.ErrQuery},
	}...)
	checkRefusals(t, queryText, tests, parseQuery)
	const plain = `{"credentials":[{"id":"x","format":"dc+sd-jwt","meta":{"vct_values":["t"]},` +
		`"claims":[{"id":"a","path":["a"]},{"id":"b","path":["b"]}]},{"id":"y","format":"dc+sd-jwt","meta":{"vct_values":["t"]}}]}`
	checkRefusals(t, plain, []refusal{
		{"repeated id alone", `"id":"y"`, `"id":"x"`, openid.ErrQuery},
		{"malformed id alone", `"id":"y"`, `"id":"y z"`, openid.ErrQuery},
		{"empty claims alone", `[{"id":"a","path":["a"]},{"id":"b","path":["b"]}]`, `[]`, openid.ErrQuery},
		{"repeated claim id alone", `"id":"b"`, `"id":"a"`, openid.ErrQuery},
		{"malformed claim id alone", `"id":"b"`, `"id":"b c"`, openid.ErrQuery},
		{"33 credentials", `{"id":"y"`, manyCredentials(32) + `{"id":"y"`, openid.ErrQuery},
	}, parseQuery)
	if err := parseQuery([]byte(`{"credentials":[]}`)); !errors.Is(err, openid.ErrQuery) {
		t.Errorf("empty credentials: %v", err)
	}
}

func TestQueryRoundTrip(t *testing.T) {
	for name, text := range map[string]string{"disclosure": queryText, "proof": proofQueryText} {
		query, err := openid.ParseQuery([]byte(text))
		if err != nil {
			t.Fatal(name, err)
		}
		data, err := query.Bytes()
		if err != nil {
			t.Fatal(name, err)
		}
		again, err := openid.ParseQuery(data)
		if err != nil || !reflect.DeepEqual(again, query) {
			t.Errorf("%s: %v\n%s", name, err, data)
		}
	}
	if _, err := new(openid.Query).Bytes(); !errors.Is(err, openid.ErrQuery) {
		t.Errorf("an empty query was written: %v", err)
	}
	foreign := &openid.Query{Credentials: []openid.CredentialQuery{{
		ID: "a", Format: openid.FormatSDJWT, Meta: openid.Meta{VCTValues: []string{"t"}},
		Claims: []openid.ClaimQuery{{Path: credential.Path{"x"}, Values: openid.Values{1.5}}},
	}}}
	if _, err := foreign.Bytes(); !errors.Is(err, openid.ErrQuery) {
		t.Errorf("a value of another type was written: %v", err)
	}
}

var someHash = strings.Repeat("0a", 32)

var proofQueryText = `{"credentials":[{"id":"age","format":"dc+sd-jwt_zk",` +
	`"meta":{"vct_values":["urn:resident"],"hufu_vk":{"show":["` + someHash + `"]}},` +
	`"predicates":[{"path":["birthdate"],"op":"at_least_years","years":18},{"path":["city"],"op":"in","values":["370900","370100"]},` +
	`{"path":["income"],"op":"range","min":0,"max":5000},{"path":["member"],"op":"ne","value":false}],` +
	`"predicates_accept":{"k_of":3}}]}`

func TestParsePredicatesRefuses(t *testing.T) {
	years, set, bounds, value := `"op":"at_least_years","years":18`, `"values":["370900","370100"]`, `"min":0,"max":5000`, `"op":"ne","value":false`
	accept := `"predicates_accept":{"k_of":3}`
	tests := []refusal{
		{"unknown op", `"at_least_years"`, `"at_most_years"`, openid.ErrQuery},
		{"op in another case", `"at_least_years"`, `"AT_LEAST_YEARS"`, openid.ErrQuery},
		{"unknown member", years, years + `,"unless":1`, openid.ErrQuery},
		{"member in another case", `"years":18`, `"Years":18`, openid.ErrQuery},
		{"member of another op", years, years + `,"value":1`, openid.ErrQuery},
		{"two operands", value, value + `,"max":1`, openid.ErrQuery},
		{"no operand", value, `"op":"ne"`, openid.ErrQuery},
		{"no years", `,"years":18`, ``, openid.ErrQuery},
		{"negative years", `"years":18`, `"years":-18`, openid.ErrQuery},
		{"too many years", `"years":18`, `"years":151`, openid.ErrQuery},
		{"fractional years", `"years":18`, `"years":17.5`, openid.ErrQuery},
		{"path that is empty", `["birthdate"]`, `[]`, openid.ErrQuery},
		{"set that is empty", set, `"values":[]`, openid.ErrQuery},
		{"set of two types", set, `"values":["a",1]`, openid.ErrQuery},
		{"repeated member of a set", set, `"values":["a","a"]`, openid.ErrQuery},
		{"second set", value, `"op":"notin","values":[1]`, openid.ErrQuery},
		{"bounds out of order", bounds, `"min":2,"max":1`, openid.ErrQuery},
		{"negative bound", bounds, `"min":-1,"max":1`, openid.ErrQuery},
		{"negative single bound", bounds, `"max":-1`, openid.ErrQuery},
		{"bounds of two types", bounds, `"min":1,"max":"2000-01-01"`, openid.ErrQuery},
		{"bound that is no date", bounds, `"min":"2001-02-29"`, openid.ErrQuery},
		{"bound that is a boolean", bounds, `"min":true`, openid.ErrQuery},
		{"fractional value", `"value":false`, `"value":0.5`, openid.ErrQuery},
		{"fifth predicate", `"predicates":[`, `"predicates":[{"path":["x"],"op":"eq","value":1},`, openid.ErrQuery},
		{"no predicates", `"predicates":`, `"other":`, openid.ErrQuery},
		{"claims", accept, `"claims":[{"path":["x"]}]`, openid.ErrQuery},
		{"claim sets", accept, `"claim_sets":[["x"]]`, openid.ErrQuery},
		{"multiple", accept, `"multiple":true`, openid.ErrQuery},
		{"no holder binding", accept, `"require_cryptographic_holder_binding":false`, openid.ErrQuery},
		{"k too large", `"k_of":3`, `"k_of":5`, openid.ErrQuery},
		{"k of 0", `"k_of":3`, `"k_of":0`, openid.ErrQuery},
		{"k missing", `{"k_of":3}`, `{}`, openid.ErrQuery},
		{"k with company", `"k_of":3`, `"k_of":3,"x":1`, openid.ErrQuery},
		{"unknown acceptance", `{"k_of":3}`, `"most"`, openid.ErrQuery},
		{"no keys", `"show":["` + someHash + `"]`, ``, openid.ErrQuery},
		{"circuit without keys", `["` + someHash + `"]`, `[]`, openid.ErrQuery},
		{"circuit without name", `"show":[`, `"":[`, openid.ErrQuery},
		{"short hash", someHash, someHash[2:], openid.ErrQuery},
		{"hash in upper case", someHash, strings.ToUpper(someHash), openid.ErrQuery},
		{"hash that is not hexadecimal", someHash, "x" + someHash[1:], openid.ErrQuery},
	}
	checkRefusals(t, proofQueryText, tests, parseQuery)
}

func TestParsePredicates(t *testing.T) {
	tests := []struct{ name, old, new string }{
		{"dates", `"min":0,"max":5000`, `"min":"1990-01-01","max":"2000-02-29"`},
		{"one bound", `"min":0,"max":5000`, `"min":7`},
		{"any", `{"k_of":3}`, `"any"`},
		{"all", `{"k_of":3}`, `"all"`},
		{"after_years", `at_least_years`, `after_years`},
		{"eq", `"op":"ne","value":false`, `"op":"eq","value":"x"`},
		{"notin", `"in"`, `"notin"`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if err := parseQuery(edit(t, proofQueryText, tt.old, tt.new)); err != nil {
				t.Error(err)
			}
		})
	}
	for k, want := range map[int]int{0: 4, 1: 1, 3: 3} {
		if got := (openid.Acceptance{K: k}).Need(4); got != want {
			t.Errorf("acceptance %d of 4 needs %d, want %d", k, got, want)
		}
	}
}

func manyCredentials(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, `{"id":"n%d","format":"dc+sd-jwt","meta":{"vct_values":["t"]}},`, i)
	}
	return b.String()
}
