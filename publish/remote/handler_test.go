package remote_test

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/hufu-id/hufu/publish"
	"github.com/hufu-id/hufu/publish/remote"
)

// forbidden is a jar that nobody may use.
type forbidden struct{ t *testing.T }

func (f forbidden) SetCookies(*url.URL, []*http.Cookie) { f.t.Error("a cookie was kept") }

func (f forbidden) Cookies(*url.URL) []*http.Cookie {
	f.t.Error("a cookie was asked for")
	return nil
}

// asked is what the handler answers to a request line, as a hostile client may
// write one.
func asked(t *testing.T, folder publish.Folder, method, path string, header ...string) *http.Response {
	t.Helper()
	r := &http.Request{Method: method, URL: &url.URL{Path: path}, Header: http.Header{}}
	for i := 0; i < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	w := httptest.NewRecorder()
	remote.NewHandler(folder).ServeHTTP(w, r.WithContext(t.Context()))
	return w.Result()
}

func TestHandler(t *testing.T) {
	folder := published(t)
	want, err := folder.Read(t.Context(), schemaName)
	none(t, err)
	for name, caching := range map[publish.Name]string{schemaName: "public, max-age=31536000, immutable", typeName: "public, max-age=60"} {
		got := asked(t, folder, http.MethodGet, "/"+name.String())
		if got.StatusCode != http.StatusOK || got.ContentLength != int64(len(want)) || got.Header.Get("Cache-Control") != caching ||
			got.Header.Get("Content-Type") != "application/json" || got.Header.Get("X-Content-Type-Options") != "nosniff" ||
			got.Header.Get("Access-Control-Allow-Origin") != "*" || got.Header.Get("Last-Modified") != "" || got.Header.Get("Set-Cookie") != "" {
			t.Errorf("%s: %d %v", name, got.StatusCode, got.Header)
		}
	}
	head := asked(t, folder, http.MethodHead, "/"+schemaName.String())
	if b := make([]byte, 1); head.StatusCode != http.StatusOK {
		t.Errorf("HEAD: %d", head.StatusCode)
	} else if n, _ := head.Body.Read(b); n != 0 {
		t.Error("HEAD has a body")
	}
	if part := asked(t, folder, http.MethodGet, "/"+schemaName.String(), "Range", "bytes=0-9"); part.StatusCode != http.StatusPartialContent || part.ContentLength != 10 {
		t.Errorf("a range: %d, %d bytes", part.StatusCode, part.ContentLength)
	}
	for _, method := range []string{http.MethodPost, http.MethodPut, http.MethodDelete, http.MethodOptions, "PROPFIND"} {
		if got := asked(t, folder, method, "/"+schemaName.String()); got.StatusCode != http.StatusMethodNotAllowed || got.Header.Get("Allow") == "" {
			t.Errorf("%s: %d", method, got.StatusCode)
		}
	}
}

// TestHandlerServesNothingElse: whatever the path, nothing but public files.
func TestHandlerServesNothingElse(t *testing.T) {
	folder := published(t)
	secret := filepath.Join(filepath.Dir(string(folder)), "secret")
	none(t, os.WriteFile(secret, []byte("secret"), 0o600))
	none(t, os.WriteFile(filepath.Join(string(folder), "notes.json"), []byte("secret"), 0o600))
	none(t, os.WriteFile(filepath.Join(string(folder), ".new"), []byte("secret"), 0o600))
	link := publish.StatusName("urn:link").String()
	none(t, os.Symlink(secret, filepath.Join(string(folder), link)))
	name := schemaName.String()
	for _, path := range []string{
		"", "/", "//", "/.", "/..", "/../secret", "/../public/" + name, "/./" + name, "//" + name, "/" + name + "/", "/" + name + "/..",
		"/" + name + "\x00", "/" + strings.ToUpper(name), "/.lock", "/.new", "/notes.json", "/feed", "/feed/", "/feed/../" + name,
		"/feed/../../secret", "/..\\secret", "/%2e%2e/secret", "/" + publish.StatusName("urn:none").String(),
	} {
		if got := asked(t, folder, http.MethodGet, path); got.StatusCode != http.StatusNotFound {
			t.Errorf("%q: %d", path, got.StatusCode)
		}
	}
	if got := asked(t, folder, http.MethodGet, "/"+link); got.StatusCode == http.StatusOK {
		t.Error("a link out of the folder was followed")
	} else if b := make([]byte, 200); true {
		n, _ := got.Body.Read(b)
		if strings.Contains(string(b[:n]), string(folder)) || strings.Contains(string(b[:n]), "secret") {
			t.Errorf("told what lies where: %s", b[:n])
		}
	}
	if got := asked(t, publish.Folder(secret+"/none"), http.MethodGet, "/"+name); got.StatusCode == http.StatusOK {
		t.Error("served from nowhere")
	}
}
