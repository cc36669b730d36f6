package credential_test

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/hufu-id/hufu/credential"
	"github.com/hufu-id/hufu/did"
	"github.com/hufu-id/hufu/internal/limits"
)

const schemaFile = `{
  "id": "urn:test:residence", "version": 1, "vct": "urn:test:residence", "region": "440300", "digests": 12,
  "claims": [
    {"path": ["name"], "type": "string", "slot": 0, "validate": "nonempty", "label": {"en": "Name", "zh": "姓名"}},
    {"path": ["id_number"], "type": "string", "slot": 1, "sensitive": true, "validate": "cn-resident-id", "label": {"en": "Identity number", "zh": "公民身份号码"}},
    {"path": ["birthdate"], "type": "date", "slot": 2, "label": {"en": "Born", "zh": "出生日期"}},
    {"path": ["address", "region"], "type": "string", "slot": 3, "validate": "gbt2260", "label": {"en": "District", "zh": "行政区划"}},
    {"path": ["children"], "type": "integer", "slot": 14, "label": {"en": "Children", "zh": "子女数"}},
    {"path": ["employer"], "type": "string", "validate": "cn-uscc", "label": {"en": "Employer", "zh": "用人单位"}},
    {"path": ["registered"], "type": "string", "validate": "date", "label": {"en": "Registered on", "zh": "登记日期"}},
    {"path": ["married"], "type": "boolean", "label": {"en": "Married", "zh": "已婚"}}
  ]
}`

func parseSchema(t testing.TB) *credential.Schema {
	t.Helper()
	schema, err := credential.ParseSchema([]byte(schemaFile))
	if err != nil {
		t.Fatal(err)
	}
	return schema
}

func TestSchema(t *testing.T) {
	schema := parseSchema(t)
	if schema.Hash() != sha256.Sum256([]byte(schemaFile)) || string(schema.Bytes()) != schemaFile {
		t.Error("the schema does not keep its bytes")
	}
	slots := schema.Slots()
	for slot, want := range map[int]string{0: `["name"]`, 3: `["address","region"]`, 4: "", 14: `["children"]`, credential.BindingSlot: ""} {
		if slots[slot] != want {
			t.Errorf("slot %d holds %s", slot, slots[slot])
		}
	}
	if len(schema.Hide()) != 8 || !schema.Claims[1].Sensitive || schema.Claims[0].Label.Chinese != "姓名" {
		t.Errorf("schema reads as %+v", schema)
	}
	claims := map[string]any{"name": "李明", "id_number": "11010519491231002X", "birthdate": "1949-12-31", "children": 2,
		"address": map[string]any{"region": "440305"}, "employer": "91350100M000100Y43", "registered": "2026-01-01", "married": true}
	if found := schema.Validate(claims); len(found) != 0 {
		t.Fatalf("refused: %v", found)
	}
	claims["iss"], claims["vct"] = "did:x:bureau", schema.VCT
	if _, err := credential.Issue(t.Context(), issuer, did.Header{}, claims, schema.Hide(), credential.IssueOptions{Digests: schema.Digests}); err != nil {
		t.Error(err)
	}
}

func TestParseSchemaRefused(t *testing.T) {
	change := func(old, new string) string {
		if !strings.Contains(schemaFile, old) {
			t.Fatalf("%q is not in the schema", old)
		}
		return strings.Replace(schemaFile, old, new, 1)
	}
	for label, file := range map[string]string{
		"not JSON":                 "{",
		"data after the end":       schemaFile + "{}",
		"member twice":             change(`"version": 1`, `"version": 1, "version": 2`),
		"unknown member":           change(`"version": 1`, `"version": 1, "extra": 2`),
		"misspelt sensitive":       change(`"sensitive"`, `"Sensitive"`),
		"too large":                schemaFile + strings.Repeat(" ", limits.Document),
		"no id":                    change(`"id": "urn:test:residence"`, `"id": ""`),
		"id too long":              change(`"id": "urn:test:residence"`, `"id": "`+strings.Repeat("a", 513)+`"`),
		"version zero":             change(`"version": 1`, `"version": 0`),
		"version a text":           change(`"version": 1`, `"version": "1"`),
		"version beyond 31 bits":   change(`"version": 1`, `"version": 2147483648`),
		"no vct":                   change(`"vct": "urn:test:residence"`, `"vct": ""`),
		"unknown province":         change(`"440300"`, `"990300"`),
		"region of five digits":    change(`"440300"`, `"44030"`),
		"no claims":                `{"id":"a","version":1,"vct":"v","region":"440300","digests":1,"claims":[]}`,
		"no path":                  change(`"path": ["name"], `, ""),
		"null":                     "null",
		"array":                    "[]",
		"path empty":               change(`["name"]`, `[]`),
		"path into a list":         change(`["name"]`, `["name",0]`),
		"path through a list":      change(`["name"]`, `["name",null]`),
		"path of an empty name":    change(`["name"]`, `[""]`),
		"path of a reserved name":  change(`["name"]`, `["_sd"]`),
		"path of a registered one": change(`["name"]`, `["exp"]`),
		"path twice":               change(`["name"]`, `["birthdate"]`),
		"path within another":      change(`["name"]`, `["address"]`),
		"slot 15":                  change(`"slot": 14`, `"slot": 15`),
		"slot negative":            change(`"slot": 14`, `"slot": -1`),
		"slot twice":               change(`"slot": 14`, `"slot": 3`),
		"no English label":         change(`"Name"`, `""`),
		"no Chinese label":         change(`"姓名"`, `""`),
		"no label":                 change(`"label": {"en": "Name", "zh": "姓名"}`, `"label": {}`),
		"unknown type":             change(`"type": "boolean"`, `"type": "float"`),
		"unknown validator":        change(`"nonempty"`, `"strong"`),
		"validator of another type": change(`{"path": ["children"], "type": "integer"`,
			`{"path": ["children"], "validate": "date", "type": "integer"`),
		"no digest for the endorsement": change(`"digests": 12`, `"digests": 7`),
		"too many digests":              change(`"digests": 12`, `"digests": 513`),
		"person is no claim":            change(`"digests": 12`, `"digests": 12, "person": ["nobody"]`),
		"person is a date":              change(`"digests": 12`, `"digests": 12, "person": ["birthdate"]`),
		"bound by itself":               change(`"digests": 12`, `"digests": 12, "person": ["name"], "boundBy": [{"schema":"urn:test:residence","version":2}]`),
		"bound, and names nobody":       change(`"digests": 12`, `"digests": 12, "boundBy": [{"schema":"a","version":1}]`),
		"bound by nothing":              change(`"digests": 12`, `"digests": 12, "person": ["name"], "boundBy": [{"schema":"","version":1}]`),
		"bound by edition 0":            change(`"digests": 12`, `"digests": 12, "person": ["name"], "boundBy": [{"schema":"a","version":0}]`),
		"bound by one twice":            change(`"digests": 12`, `"digests": 12, "person": ["name"], "boundBy": [{"schema":"a","version":1},{"schema":"a","version":1}]`),
		"bound by too many":             change(`"digests": 12`, `"digests": 12, "person": ["name"], "boundBy": [`+strings.TrimSuffix(manySchemas(9), ",")+`]`),
	} {
		if _, err := credential.ParseSchema([]byte(file)); !errors.Is(err, credential.ErrSchema) {
			t.Errorf("%s: %v", label, err)
		}
	}
	if _, err := credential.ParseSchema([]byte(change(`"digests": 12`, `"digests": 8`))); err != nil {
		t.Errorf("one digest more than top-level claims: %v", err)
	}
}

func manySchemas(n int) (list string) {
	for i := range n {
		list += fmt.Sprintf(`{"schema":"s%d","version":1},`, i)
	}
	return list
}

func TestSchemaPerson(t *testing.T) {
	file := strings.Replace(schemaFile, `"digests": 12`, `"digests": 12, "person": ["name"], "boundBy": [`+strings.TrimSuffix(manySchemas(8), ",")+`]`, 1)
	schema, err := credential.ParseSchema([]byte(file))
	if err != nil {
		t.Fatal(err)
	}
	if schema.Person.String() != `["name"]` || len(schema.BoundBy) != credential.MaxBoundBy || schema.BoundBy[7] != (credential.SchemaRef{Schema: "s7", Version: 1}) {
		t.Errorf("person %s, bound by %v", schema.Person, schema.BoundBy)
	}
}

func TestValidate(t *testing.T) {
	schema := parseSchema(t)
	for label, c := range map[string]struct {
		name  string
		value any
		want  credential.Reason
	}{
		"resident identity number": {"id_number", "11010519491231002X", ""},
		"of GB 11643's annex":      {"id_number", "440524188001010014", ""},
		"born in 1799":             {"id_number", "440524179901010014", credential.ReasonDate},
		"check digit":              {"id_number", "110105194912310021", credential.ReasonCheckDigit},
		"two digits swapped":       {"id_number", "11010519491213002X", credential.ReasonCheckDigit},
		"small x":                  {"id_number", "11010519491231002x", credential.ReasonCharacter},
		"letter inside":            {"id_number", "1101051949123100AX", credential.ReasonCharacter},
		"seventeen digits":         {"id_number", "11010519491231002", credential.ReasonLength},
		"30 February":              {"id_number", "11010519490230002X", credential.ReasonDate},
		"no such province":         {"id_number", "99010519491231002X", credential.ReasonRegion},
		"the whole country":        {"id_number", "10000019491231002X", credential.ReasonRegion},
		"identity number a number": {"id_number", 110105194912310021, credential.ReasonType},
		"social credit code":       {"employer", "91350100M000100Y43", ""},
		"national registration":    {"employer", "91100000100003962T", ""},
		"code's check digit":       {"employer", "91350100M000100Y44", credential.ReasonCheckDigit},
		"code with I":              {"employer", "91350100I000100Y43", credential.ReasonCharacter},
		"code too short":           {"employer", "91350100M000100Y4", credential.ReasonLength},
		"code's region":            {"employer", "91990100M000100Y43", credential.ReasonRegion},
		"code's region of letters": {"employer", "9135A100M000100Y43", credential.ReasonCharacter},
		"date":                     {"birthdate", "2024-02-29", ""},
		"no leap year":             {"birthdate", "2023-02-29", credential.ReasonDate},
		"before 1900":              {"birthdate", "1899-12-31", credential.ReasonDate},
		"first day":                {"birthdate", "1900-01-01", ""},
		"short date":               {"birthdate", "2024-2-9", credential.ReasonDate},
		"date a number":            {"birthdate", 20240229, credential.ReasonType},
		"validator date":           {"registered", "2024-02-30", credential.ReasonDate},
		"blank name":               {"name", " \u3000", credential.ReasonEmpty},
		"control character":        {"name", "Li\u0007", credential.ReasonCharacter},
		"not in form C":            {"name", "e\u0301", credential.ReasonCharacter},
		"integer":                  {"children", 0, ""},
		"integer negative":         {"children", -1, credential.ReasonRange},
		"integer with fraction":    {"children", 1.5, credential.ReasonType},
		"integer a text":           {"children", "1", credential.ReasonType},
		"boolean":                  {"married", false, ""},
		"boolean a text":           {"married", "true", credential.ReasonType},
		"null":                     {"married", nil, credential.ReasonType},
		"unknown claim":            {"nickname", "x", credential.ReasonUnknown},
		"a list where a text is":   {"registered", []string{"2024-01-01"}, credential.ReasonType},
		"unknown within an object": {"address", map[string]any{"street": "x"}, credential.ReasonUnknown},
		"region within an object":  {"address", map[string]any{"region": "44030"}, credential.ReasonLength},
		"province not known":       {"address", map[string]any{"region": "990000"}, credential.ReasonRegion},
		"region with letters":      {"address", map[string]any{"region": "44030A"}, credential.ReasonCharacter},
	} {
		claims := map[string]any{"name": "李明", c.name: c.value}
		found := schema.Validate(claims)
		if c.want == "" && len(found) == 0 {
			continue
		}
		if len(found) != 1 || found[0].Reason != c.want {
			t.Errorf("%s: %v, want %q", label, found, c.want)
		}
		for _, field := range found {
			if s, ok := c.value.(string); ok && s != "x" && strings.Contains(field.Error(), s) {
				t.Errorf("%s: the value stands in the error", label)
			}
		}
	}
	if found := schema.Validate(map[string]any{}); len(found) != 1 || found[0].Reason != credential.ReasonMissing {
		t.Errorf("no claims at all: %v", found)
	}
	if found := schema.Validate(map[string]any{"name": func() {}}); len(found) != 1 || found[0].Reason != credential.ReasonType {
		t.Errorf("no JSON at all: %v", found)
	}
}
