// Package openapitest holds real traffic against an OpenAPI 3.1 description: each request
// and each answer of a handler, method, path, status, content type and body. Only tests
// import it.
package openapitest

import (
	"bytes"
	"fmt"
	"io"
	"mime"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"
)

// A Document is a parsed description.
type Document struct {
	t        testing.TB
	compiler *jsonschema.Compiler
	paths    map[string]map[string]any

	mu   sync.Mutex
	seen map[string]bool
}

const location = "https://description.example/openapi.json"

// Parse reads a description. Every schema in it is a JSON Schema of 2020-12.
func Parse(t testing.TB, description []byte) *Document {
	t.Helper()
	value, err := jsonschema.UnmarshalJSON(bytes.NewReader(description))
	if err != nil {
		t.Fatal(err)
	}
	root, _ := value.(map[string]any)
	if version, _ := root["openapi"].(string); !strings.HasPrefix(version, "3.1.") {
		t.Fatalf("not OpenAPI 3.1: %q", version)
	}
	d := &Document{t: t, compiler: jsonschema.NewCompiler(), paths: map[string]map[string]any{}, seen: map[string]bool{}}
	d.compiler.AssertFormat()
	if err := d.compiler.AddResource(location, value); err != nil {
		t.Fatal(err)
	}
	paths, _ := root["paths"].(map[string]any)
	for path, item := range paths {
		operations, ok := item.(map[string]any)
		if !ok {
			t.Fatalf("%s is no object", path)
		}
		d.paths[path] = operations
	}
	return d
}

// Handler checks all traffic of a handler. Requests that it refuses may be other than the
// description says; answers may not.
func (d *Document) Handler(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			d.t.Error(err)
		}
		r.Body = io.NopCloser(bytes.NewReader(body))
		recorded := httptest.NewRecorder()
		next.ServeHTTP(recorded, r)
		d.check(r, body, recorded)
		for name, values := range recorded.Header() {
			w.Header()[name] = values
		}
		w.WriteHeader(recorded.Code)
		_, _ = w.Write(recorded.Body.Bytes())
	})
}

// Unseen lists the answers, as "method path status", that no traffic had.
func (d *Document) Unseen() (out []string) {
	for path, operations := range d.paths {
		for method, operation := range operations {
			responses, _ := operation.(map[string]any)["responses"].(map[string]any)
			for status := range responses {
				if name := method + " " + path + " " + status; !d.seen[name] {
					out = append(out, name)
				}
			}
		}
	}
	return out
}

func (d *Document) check(r *http.Request, body []byte, w *httptest.ResponseRecorder) {
	path, ok := d.path(r.URL.Path)
	method := strings.ToLower(r.Method)
	if _, described := d.paths[path][method]; !ok || !described {
		if w.Code != http.StatusNotFound && w.Code != http.StatusMethodNotAllowed {
			d.t.Errorf("%s %s is not described, and answered with %d", r.Method, r.URL.Path, w.Code)
		}
		return
	}
	name := fmt.Sprintf("%s %s %d", method, path, w.Code)
	d.mu.Lock()
	d.seen[name] = true
	d.mu.Unlock()
	at := []string{"paths", path, method}
	if w.Code == http.StatusOK && len(body) > 0 {
		d.body(name+": request", append(at, "requestBody"), r.Header.Get("Content-Type"), body)
	}
	if w.Body.Len() == 0 && d.isEmpty(path, method, w.Code) {
		return
	}
	d.body(name, append(at, "responses", strconv.Itoa(w.Code)), w.Header().Get("Content-Type"), w.Body.Bytes())
}

// isEmpty reports whether an answer is described, and without content.
func (d *Document) isEmpty(path, method string, status int) bool {
	responses, _ := d.paths[path][method].(map[string]any)["responses"].(map[string]any)
	answer, described := responses[strconv.Itoa(status)].(map[string]any)
	return described && answer["content"] == nil
}

// path finds the described path of an address.
func (d *Document) path(address string) (string, bool) {
	parts := strings.Split(address, "/")
	for path := range d.paths {
		pattern := strings.Split(path, "/")
		match := len(pattern) == len(parts)
		for i := 0; match && i < len(parts); i++ {
			match = pattern[i] == parts[i] || strings.HasPrefix(pattern[i], "{") && parts[i] != ""
		}
		if match {
			return path, true
		}
	}
	return "", false
}

// body validates a body against the schema of its content type.
func (d *Document) body(name string, at []string, contentType string, body []byte) {
	kind, _, err := mime.ParseMediaType(contentType)
	if err != nil {
		d.t.Errorf("%s: content type %q", name, contentType)
		return
	}
	schema, err := d.compiler.Compile(location + "#" + pointer(append(at, "content", kind, "schema")))
	if err != nil {
		d.t.Errorf("%s: %s is not described: %v", name, kind, err)
		return
	}
	value, err := decode(kind, body)
	if err != nil {
		d.t.Errorf("%s: %v", name, err)
		return
	}
	if err := schema.Validate(value); err != nil {
		d.t.Errorf("%s: %v", name, err)
	}
}

func decode(kind string, body []byte) (any, error) {
	switch kind {
	case "application/json":
		return jsonschema.UnmarshalJSON(bytes.NewReader(body))
	case "application/x-www-form-urlencoded":
		values, err := url.ParseQuery(string(body))
		fields := map[string]any{}
		for name := range values {
			fields[name] = values.Get(name)
		}
		return fields, err
	}
	return string(body), nil
}

// pointer is a JSON pointer (RFC 6901) as a fragment.
func pointer(parts []string) string {
	var b strings.Builder
	for _, part := range parts {
		b.WriteString("/" + url.PathEscape(strings.NewReplacer("~", "~0", "/", "~1").Replace(part)))
	}
	return b.String()
}
