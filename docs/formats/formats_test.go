// Package formats holds page, vectors and code together: every vector of
// testdata is read by the code, made again by the code, and named by its page.
package formats_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"flag"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "write testdata/*.json again")

// door reads one format: what it parsed, and the bytes that it encodes to again.
type door func(input []byte) (parsed any, again []byte, err error)

// page is one page with its vectors, made from fixed inputs.
type page struct {
	name    string         // of the page and of its vectors, without the ending
	limits  map[string]int // numbers that the page must state
	context fields         // what the vectors are held against
	doors   map[string]door
	vectors []example
	refused []refusal
}

type example struct {
	name, format string
	input        []byte
}

type refusal struct {
	name, format string
	input        []byte
	err          error
}

// pages lists every page that has vectors.
var pages = []func(testing.TB) page{
	zkPrimitives, zkEndorsement, zkVerifyingKey, zkPresentation, zkUse,
	publicFiles, feedFiles,
	ledgerTrust, ledgerOperation, ledgerObjects, ledgerCheckpoint, ledgerProof, ledgerBundle,
	qrText, query, policy, schema, existencePage,
	vaultFile, ceremonyFiles,
}

// file is testdata/‹page›.json.
type file struct {
	Page    string         `json:"page"`
	Limits  map[string]int `json:"limits,omitempty"`
	Context any            `json:"context,omitempty"`
	Vectors []vector       `json:"vectors"`
	Refused []negative     `json:"refused"`
}

type vector struct {
	Name     string `json:"name"`
	Format   string `json:"format"`
	Encoding string `json:"encoding"`
	Input    string `json:"input"`
	Parsed   any    `json:"parsed"`
}

type negative struct {
	Reason   string `json:"reason"`
	Format   string `json:"format"`
	Encoding string `json:"encoding"`
	Input    string `json:"input"`
	Error    string `json:"error"`
}

const maxFile = 24 << 10

func TestVectors(t *testing.T) {
	for _, make := range pages {
		p := make(t)
		t.Run(p.name, func(t *testing.T) {
			path := filepath.Join("testdata", p.name+".json")
			if *update {
				if err := os.WriteFile(path, p.encode(t), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			stored, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			f := readFile(t, stored)
			p.accepts(t, f.Vectors)
			p.refuses(t, f.Refused)
			p.isStated(t, f)
			if !bytes.Equal(stored, p.encode(t)) {
				t.Errorf("%s is not what the code makes", path)
			}
			if len(stored) > maxFile {
				t.Errorf("%s has %d bytes", path, len(stored))
			}
		})
	}
}

func readFile(t *testing.T, b []byte) (f file) {
	t.Helper()
	dec := json.NewDecoder(bytes.NewReader(b))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&f); err != nil {
		t.Fatal(err)
	}
	return f
}

// accepts reads every vector of the file: it parses to what the file says, and
// encodes to the very bytes.
func (p page) accepts(t *testing.T, vectors []vector) {
	t.Helper()
	if len(vectors) == 0 {
		t.Error("no vector")
	}
	for _, v := range vectors {
		input := decodeInput(t, v.Encoding, v.Input)
		parsed, again, err := p.doors[v.Format](input)
		if err != nil {
			t.Errorf("%s: %v", v.Name, err)
			continue
		}
		if got := throughJSON(t, plain(parsed)); !reflect.DeepEqual(got, v.Parsed) {
			t.Errorf("%s: parsed as %v, the file says %v", v.Name, got, v.Parsed)
		}
		if !bytes.Equal(again, input) {
			t.Errorf("%s: encodes to other bytes", v.Name)
		}
	}
}

// refuses reads every negative vector of the file.
func (p page) refuses(t *testing.T, negatives []negative) {
	t.Helper()
	if len(negatives) < 2 {
		t.Errorf("%d negative vectors", len(negatives))
	}
	for _, n := range negatives {
		if _, _, err := p.doors[n.Format](decodeInput(t, n.Encoding, n.Input)); err == nil || errorName(err) != n.Error {
			t.Errorf("%s: %v, want %q", n.Reason, err, n.Error)
		}
	}
}

// isStated looks on the page for every field, format and limit of the file.
func (p page) isStated(t *testing.T, f file) {
	t.Helper()
	b, err := os.ReadFile(p.name + ".md")
	if err != nil {
		t.Fatal(err)
	}
	text := string(b)
	want := fieldNames(f.Context, nil)
	for _, v := range f.Vectors {
		want = append(fieldNames(v.Parsed, want), v.Format)
	}
	for _, name := range slices.Compact(slices.Sorted(slices.Values(want))) {
		if !strings.Contains(text, "`"+name+"`") {
			t.Errorf("%s.md does not name `%s`", p.name, name)
		}
	}
	for what, n := range f.Limits {
		if !strings.Contains(text, thousands(n)) {
			t.Errorf("%s.md does not state %s, %s", p.name, what, thousands(n))
		}
	}
	if !strings.Contains(text, "testdata/"+p.name+".json") {
		t.Errorf("%s.md does not link its vectors", p.name)
	}
}

func (p page) encode(t testing.TB) []byte {
	t.Helper()
	f := file{Page: p.name + ".md", Limits: p.limits}
	if p.context != nil {
		f.Context = plain(p.context)
	}
	for _, e := range p.vectors {
		parsed, _, err := p.doors[e.format](e.input)
		if err != nil {
			t.Fatalf("%s: %v", e.name, err)
		}
		encoding, input := encodeInput(e.input)
		f.Vectors = append(f.Vectors, vector{e.name, e.format, encoding, input, plain(parsed)})
	}
	for _, r := range p.refused {
		encoding, input := encodeInput(r.input)
		if errorName(r.err) == "" {
			t.Fatalf("%s: no name for %v", r.name, r.err)
		}
		f.Refused = append(f.Refused, negative{r.name, r.format, encoding, input, errorName(r.err)})
	}
	var out bytes.Buffer
	enc := json.NewEncoder(&out)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", " ")
	if err := enc.Encode(f); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// TestIndex: README.md links every page, every page is linked, and every file
// of testdata belongs to one.
func TestIndex(t *testing.T) {
	index, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	var want []string
	for _, make := range pages {
		name := make(t).name
		want = append(want, name)
		if !strings.Contains(string(index), "("+name+".md)") {
			t.Errorf("README.md does not link %s.md", name)
		}
	}
	for _, pattern := range []string{"*.md", "testdata/*.json"} {
		found, err := filepath.Glob(pattern)
		if err != nil {
			t.Fatal(err)
		}
		for _, path := range found {
			name := strings.TrimSuffix(filepath.Base(path), filepath.Ext(path))
			if name != "README" && !slices.Contains(want, name) {
				t.Errorf("%s belongs to no page", path)
			}
		}
	}
}

// throughJSON is a value as a reader of the file gets it.
func throughJSON(t *testing.T, v any) (out any) {
	t.Helper()
	b, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(b, &out); err != nil {
		t.Fatal(err)
	}
	return out
}

// fieldNames collects the member names of a parsed value.
func fieldNames(v any, names []string) []string {
	switch v := v.(type) {
	case map[string]any:
		for name, member := range v {
			names = fieldNames(member, append(names, name))
		}
	case []any:
		for _, element := range v {
			names = fieldNames(element, names)
		}
	}
	return names
}

// thousands writes 65536 as 65,536.
func thousands(n int) string {
	s := strconv.Itoa(n)
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}

// errorName names the sentinel that an error wraps, empty for none.
func errorName(err error) string {
	for _, s := range sentinels {
		if errors.Is(err, s.err) {
			return s.name
		}
	}
	return ""
}
