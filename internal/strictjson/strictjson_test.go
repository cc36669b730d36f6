package strictjson_test

import (
	"bytes"
	stdjson "encoding/json"
	"errors"
	"fmt"
	"maps"
	"math/big"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/hufu-id/hufu/internal/limits"
	"github.com/hufu-id/hufu/internal/strictjson"
)

const limit = 1 << 10

type inner struct {
	KeyID string `json:"key_id"`
	Bytes []byte `json:"bytes"`
}

type document struct {
	Name   string         `json:"name"`
	Number int64          `json:"number"`
	Yes    *bool          `json:"yes"`
	Inner  inner          `json:"inner"`
	List   []inner        `json:"list"`
	Map    map[string]int `json:"map"`
}

func deep(levels int) string {
	return strings.Repeat("[", levels) + strings.Repeat("]", levels)
}

// refused are refused by every option.
var refused = map[string]struct {
	input string
	want  error
}{
	"nothing":               {``, strictjson.ErrSyntax},
	"half":                  {`{"name":"x"`, strictjson.ErrSyntax},
	"trailing value":        {`{"name":"x"} 1`, strictjson.ErrSyntax},
	"trailing garbage":      {`{"name":"x"}x`, strictjson.ErrSyntax},
	"comment":               {`{"name":"x"/**/}`, strictjson.ErrSyntax},
	"trailing comma":        {`{"name":"x",}`, strictjson.ErrSyntax},
	"member twice":          {`{"name":"x","name":"x"}`, strictjson.ErrSyntax},
	"member twice, escaped": {`{"name":"x","\u006eame":"x"}`, strictjson.ErrSyntax},
	"member twice within":   {`{"inner":{"key_id":"x","key_id":"y"}}`, strictjson.ErrSyntax},
	"not UTF-8":             {"{\"name\":\"\xff\"}", strictjson.ErrSyntax},
	"half a surrogate":      {`{"name":"\ud800"}`, strictjson.ErrSyntax},
	"byte order mark":       {"\ufeff{}", strictjson.ErrSyntax},
	"too large":             {`{"name":"` + strings.Repeat("x", limit) + `"}`, strictjson.ErrTooLarge},
	"too deep":              {`{"list":` + deep(limits.JSONDepth) + `}`, strictjson.ErrDepth},
	"name in capitals":      {`{"NAME":"x"}`, strictjson.ErrShape},
	"name in both":          {`{"name":"x","Name":"x"}`, strictjson.ErrShape},
	"name with another k":   {"{\"inner\":{\"\u212aey_id\":\"x\"}}", strictjson.ErrShape},
	"name with a dash":      {`{"inner":{"key-id":"x"}}`, strictjson.ErrShape},
	"number as text":        {`{"number":"1"}`, strictjson.ErrShape},
	"fraction":              {`{"number":1.5}`, strictjson.ErrShape},
	"number too large":      {`{"number":9223372036854775808}`, strictjson.ErrShape},
	"text as a number":      {`{"name":1}`, strictjson.ErrShape},
	"list for an object":    {`[]`, strictjson.ErrShape},
	"bytes not base64":      {`{"inner":{"bytes":"!"}}`, strictjson.ErrShape},
}

func TestRefused(t *testing.T) {
	for name, c := range refused {
		for _, options := range [][]strictjson.Option{nil, {strictjson.AllowUnknown}, {strictjson.RefuseNull, strictjson.AllowUnknown}} {
			if err := strictjson.Read([]byte(c.input), limit, new(document), options...); !errors.Is(err, c.want) {
				t.Errorf("%s, %v: %v", name, options, err)
			}
		}
	}
}

func TestRead(t *testing.T) {
	yes := true
	want := document{Name: "\u00e9", Number: -1 << 63, Yes: &yes, Inner: inner{"k", []byte{1, 2}}, List: []inner{}, Map: map[string]int{"Name": 1, "name": 2}}
	const input = `{"name":"\u00e9","number":-9223372036854775808,"yes":true,"inner":{"key_id":"k","bytes":"AQI="},
		"list":[],"map":{"Name":1,"name":2}}`
	for _, options := range [][]strictjson.Option{nil, {strictjson.AllowUnknown}, {strictjson.RefuseNull}} {
		var got document
		if err := strictjson.Read([]byte(input), limit, &got, options...); err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("%v: %+v, %v", options, got, err)
		}
	}
	if err := strictjson.Read([]byte(`{}`), 2, new(document)); err != nil {
		t.Error("just below the cap:", err)
	}
	if err := strictjson.Read([]byte(deep(limits.JSONDepth)), limit, new(any)); err != nil {
		t.Error("as deep as allowed:", err)
	}
}

func TestOptions(t *testing.T) {
	for input, c := range map[string]struct {
		strict, unknown, null error
	}{
		`{"other":1}`:                      {strictjson.ErrShape, nil, strictjson.ErrShape},
		`{"inner":{"other":{"name":"x"}}}`: {strictjson.ErrShape, nil, strictjson.ErrShape},
		`{"name":null}`:                    {nil, nil, strictjson.ErrShape},
		`{"other":null}`:                   {strictjson.ErrShape, nil, strictjson.ErrShape},
		`{"map":{"x":null}}`:               {nil, nil, strictjson.ErrShape},
		`{"list":null}`:                    {nil, nil, strictjson.ErrShape},
	} {
		read := func(options ...strictjson.Option) error {
			return strictjson.Read([]byte(input), limit, new(document), options...)
		}
		if err := read(); !errors.Is(err, c.strict) {
			t.Errorf("%s: %v", input, err)
		}
		if err := read(strictjson.AllowUnknown); !errors.Is(err, c.unknown) {
			t.Errorf("%s, unknown allowed: %v", input, err)
		}
		if err := read(strictjson.RefuseNull); !errors.Is(err, c.null) {
			t.Errorf("%s, null refused: %v", input, err)
		}
	}
	if err := strictjson.Read([]byte(`[null]`), limit, new(any), strictjson.RefuseNull); err != nil {
		t.Error("null in a list:", err)
	}
}

// TestErrorsQuoteNothing: what is refused may be somebody's.
func TestErrorsQuoteNothing(t *testing.T) {
	const secret = "110105194912310000"
	for _, input := range []string{
		`{"` + secret + `":1}`, `{"number":"` + secret + `"}`, `{"name":` + secret + `}`, `{"name":"` + secret + `"}` + secret,
		`{"` + secret + `":1,"` + secret + `":1}`, `{"inner":{"bytes":"!` + secret + `"}}`, `{"map":{"` + secret + `":"x"}}`, secret + secret, `{"name":"` + secret + "\xff",
	} {
		for _, options := range [][]strictjson.Option{nil, {strictjson.AllowUnknown}} {
			err := strictjson.Read([]byte(input), limit, new(document), options...)
			if err != nil && strings.Contains(err.Error(), secret) {
				t.Errorf("%s: %v", input, err)
			}
		}
		if _, err := strictjson.Value([]byte(input), limit); err != nil && strings.Contains(err.Error(), secret) {
			t.Errorf("value %s: %v", input, err)
		}
		if _, err := strictjson.Object([]byte(input), limit); err != nil && strings.Contains(err.Error(), secret) {
			t.Errorf("object %s: %v", input, err)
		}
	}
}

var errOwn = errors.New("own")

type picky struct{}

func (*picky) UnmarshalJSON([]byte) error { return errOwn }

// TestCause: a type's own refusal can be told from others.
func TestCause(t *testing.T) {
	var v struct {
		Picky picky `json:"picky"`
	}
	if err := strictjson.Read([]byte(`{"picky":1}`), limit, &v); !errors.Is(err, errOwn) || !errors.Is(err, strictjson.ErrShape) {
		t.Error(err)
	}
}

func TestObject(t *testing.T) {
	object, err := strictjson.Object([]byte(`{"name":"x","other":{"NAME":1}}`), limit, "name")
	if err != nil || string(object["name"]) != `"x"` || len(object) != 2 {
		t.Error(object, err)
	}
	for name, c := range refused {
		switch name {
		case "name with another k", "name with a dash", "number as text", "fraction", "number too large", "text as a number", "bytes not base64":
			continue // the caller reads the members
		}
		if _, err := strictjson.Object([]byte(c.input), limit, "name"); !errors.Is(err, c.want) {
			t.Errorf("%s: %v", name, err)
		}
	}
	for _, input := range []string{`null`, `1`, `"x"`} {
		if _, err := strictjson.Object([]byte(input), limit); !errors.Is(err, strictjson.ErrShape) {
			t.Errorf("%s: %v", input, err)
		}
	}
}

func TestValue(t *testing.T) {
	got, err := strictjson.Value([]byte(`{"a":[1,-2,9007199254740993,1.5,1e2,1.893456e9,1893456000.0,-0.0,9.007199254740993e15,1e19,1e-2,"x",true,false,null,{}]}`), limit)
	want := map[string]any{"a": []any{int64(1), int64(-2), int64(9007199254740993), 1.5, int64(100), int64(1893456000), int64(1893456000), int64(0), int64(9007199254740993), 1e19, 1e-2, "x", true, false, nil, map[string]any{}}}
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("%#v %v", got, err)
	}
	for name, c := range refused {
		if errors.Is(c.want, strictjson.ErrShape) {
			continue
		}
		if _, err := strictjson.Value([]byte(c.input), limit); !errors.Is(err, c.want) {
			t.Errorf("%s: %v", name, err)
		}
	}
	for _, input := range []string{`9223372036854775808`, `-9223372036854775809`, `1e999`} {
		if _, err := strictjson.Value([]byte(input), limit); !errors.Is(err, strictjson.ErrShape) {
			t.Errorf("%s: %v", input, err)
		}
	}
	for _, input := range []string{`{"a":`, `{"a"`, `{`, `[1`, `[`, `{"a":1]`, `[1}`} {
		if _, err := strictjson.Value([]byte(input), limit); !errors.Is(err, strictjson.ErrSyntax) {
			t.Errorf("%s: %v", input, err)
		}
	}
}

// FuzzRead: what is taken is taken alike by a reader that folds case, ignores
// unknown members and lets the last of two win.
func FuzzRead(f *testing.F) {
	for _, c := range refused {
		f.Add([]byte(c.input))
	}
	f.Add([]byte(`{"name":"x","number":1,"yes":true,"inner":{"key_id":"k","bytes":"AQI="},"list":[{}],"map":{"a":1}}`))
	f.Add([]byte(`{"other":{"name":[null]},"name":"\ud83d\ude00"}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		for _, options := range [][]strictjson.Option{nil, {strictjson.AllowUnknown}, {strictjson.AllowUnknown, strictjson.RefuseNull}} {
			var got, other document
			if strictjson.Read(data, limit, &got, options...) != nil {
				continue
			}
			if err := stdjson.Unmarshal(data, &other); err != nil {
				t.Fatalf("%v: no other reader takes it: %v", options, err)
			}
			if g, o := spell(t, got), spell(t, other); g != o {
				t.Fatalf("%v: %s, another reader: %s", options, g, o)
			}
		}
	})
}

// FuzzValue: a value is the same to another reader, and its objects are those of
// Object.
func FuzzValue(f *testing.F) {
	for _, c := range refused {
		f.Add([]byte(c.input))
	}
	f.Add([]byte(`{"a":[1,1.5,1e2,"x",true,null,{"b":{}}]}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		got, err := strictjson.Value(data, limit)
		if err != nil {
			return
		}
		decoder := stdjson.NewDecoder(bytes.NewReader(data))
		decoder.UseNumber()
		var other any
		if err := decoder.Decode(&other); err != nil || !alike(got, other) {
			t.Fatalf("%#v, another reader: %#v, %v", got, other, err)
		}
		members, isObject := got.(map[string]any)
		object, err := strictjson.Object(data, limit)
		if (err == nil) != isObject || !slices.Equal(sortedKeys(members), sortedKeys(object)) {
			t.Fatalf("%v: object of %d members: %v", members, len(object), err)
		}
	})
}

// spell writes a document, nil and empty alike.
func spell(t *testing.T, d document) string {
	b, err := stdjson.Marshal(d)
	if err != nil {
		t.Fatal(err)
	}
	return strings.NewReplacer(":null", ":0", ":[]", ":0", ":{}", ":0", `:""`, ":0").Replace(string(b))
}

// alike compares numbers by their value.
func alike(got, other any) bool {
	switch other := other.(type) {
	case stdjson.Number:
		if n, ok := got.(int64); ok {
			if m, err := other.Int64(); err == nil {
				return n == m
			}
			m, ok := new(big.Rat).SetString(other.String())
			return ok && m.IsInt() && m.Num().IsInt64() && m.Num().Int64() == n
		}
		m, err := other.Float64()
		return err == nil && got == m
	case []any:
		list, ok := got.([]any)
		return ok && slices.EqualFunc(list, other, alike)
	case map[string]any:
		object, ok := got.(map[string]any)
		return ok && maps.EqualFunc(object, other, alike)
	}
	return got == other
}

func sortedKeys[T any](m map[string]T) []string { return slices.Sorted(maps.Keys(m)) }

// Two readers would take this differently.
func ExampleRead() {
	var v struct {
		Name string `json:"name"`
	}
	err := strictjson.Read([]byte(`{"name":"x","Name":"y"}`), limits.Document, &v, strictjson.AllowUnknown)
	fmt.Println(err)
	// Output: not the expected JSON: a member differs from a known one in case or dashes alone
}

// TestTokens: only what has the cap of a vault's record may have more tokens than any
// document from outside.
func TestTokens(t *testing.T) {
	list := func(tokens int) []byte { return []byte("[" + strings.Repeat("0,", tokens-3) + "0]") }
	for _, c := range []struct{ limit, tokens int }{
		{limits.Message, limits.JSONTokens}, {limits.StatusToken + 1, limits.JSONTokens}, {limits.Record - 1, limits.JSONTokens}, {limits.Record, limits.RecordTokens},
	} {
		var v []int64
		if err := strictjson.Read(list(c.tokens), c.limit, &v); err != nil {
			t.Errorf("%d tokens under %d bytes: %v", c.tokens, c.limit, err)
		}
		if err := strictjson.Read(list(c.tokens+1), c.limit, &v); !errors.Is(err, strictjson.ErrTooLarge) {
			t.Errorf("%d tokens under %d bytes: %v", c.tokens+1, c.limit, err)
		}
		if _, err := strictjson.Value(list(c.tokens+1), c.limit); !errors.Is(err, strictjson.ErrTooLarge) {
			t.Errorf("a value of %d tokens under %d bytes: %v", c.tokens+1, c.limit, err)
		}
	}
}
