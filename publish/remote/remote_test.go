package remote_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/hufu-id/hufu/internal/limits"
	"github.com/hufu-id/hufu/publish"
	"github.com/hufu-id/hufu/publish/remote"
)

func none(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func is(t testing.TB, err, want error) {
	t.Helper()
	if !errors.Is(err, want) {
		t.Errorf("got %v, want: %v", err, want)
	}
}

// A name and a file of each caching: for ever, and for a minute.
var schemaName, typeName publish.Name

// published makes a folder with a schema in it.
func published(t *testing.T) publish.Folder {
	t.Helper()
	folder := publish.Folder(filepath.Join(t.TempDir(), "public"))
	file, err := os.ReadFile("../../hufutest/testdata/resident.schema.json")
	none(t, err)
	s, err := folder.PublishSchema(t.Context(), file)
	none(t, err)
	schemaName, typeName = publish.SchemaName(s.Hash()), publish.TypeName(s.VCT)
	return folder
}

// serve serves a handler and returns its address.
func serve(t *testing.T, h http.Handler) string {
	t.Helper()
	server := httptest.NewServer(h)
	t.Cleanup(server.Close)
	return server.URL
}

func client(t *testing.T, addresses ...string) *remote.Client {
	t.Helper()
	c, err := remote.New(remote.Options{}, addresses...)
	none(t, err)
	return c
}

func TestRoundTrip(t *testing.T) {
	folder := published(t)
	address := serve(t, http.StripPrefix("/public", remote.NewHandler(folder))) + "/public"
	for _, at := range []string{address, address + "/"} {
		c := client(t, at)
		for _, name := range []publish.Name{schemaName, typeName} {
			want, err := folder.Read(t.Context(), name)
			none(t, err)
			if got, err := c.Read(t.Context(), name); err != nil || !bytes.Equal(got, want) {
				t.Errorf("%s: %d bytes, %v", name, len(got), err)
			}
		}
		_, err := c.Read(t.Context(), publish.StatusName("urn:none"))
		is(t, err, publish.ErrNotAtHand)
		_, err = c.Read(t.Context(), publish.Name{})
		is(t, err, publish.ErrName)
	}
}

func TestAddresses(t *testing.T) {
	for _, good := range []string{
		"https://ledger.example", "https://ledger.example/", "https://ledger.example:8443/public", "https://[2001:db8::1]/public",
		"http://localhost:8080/public", "http://127.0.0.1/public", "http://127.9.9.9", "http://[::1]:8080",
	} {
		if _, err := remote.New(remote.Options{}, good); err != nil {
			t.Errorf("%s: %v", good, err)
		}
	}
	for _, bad := range []string{
		"", "ledger.example", "//ledger.example", "https://", "https:///public", "ftp://ledger.example", "file:///etc", "javascript:alert(1)",
		"http://ledger.example", "http://10.0.0.1", "http://localhost.example", "http://127.0.0.1.example", "http://0.0.0.0",
		"https://user@ledger.example", "https://user:password@ledger.example", "https://ledger.example?a=b", "https://ledger.example/?",
		"https://ledger.example/#", "https://ledger.example/%zz", "https://ledger.example\n",
	} {
		if _, err := remote.New(remote.Options{}, "https://good.example", bad); !errors.Is(err, remote.ErrAddress) {
			t.Errorf("%q: %v", bad, err)
		}
	}
	if _, err := remote.New(remote.Options{}); !errors.Is(err, remote.ErrAddress) {
		t.Errorf("none: %v", err)
	}
}

// TestAnswers: what a server may answer, and what a reader makes of it.
func TestAnswers(t *testing.T) {
	folder := published(t)
	good := serve(t, remote.NewHandler(folder))
	status := func(code int) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(code)
			_, _ = w.Write([]byte("file"))
		}
	}
	for what, test := range map[string]struct {
		answer http.HandlerFunc
		want   error
	}{
		"not found":         {status(http.StatusNotFound), publish.ErrNotAtHand},
		"gone":              {status(http.StatusGone), publish.ErrNotAtHand},
		"created":           {status(http.StatusCreated), publish.ErrUnreachable},
		"partial":           {status(http.StatusPartialContent), publish.ErrUnreachable},
		"forbidden":         {status(http.StatusForbidden), publish.ErrUnreachable},
		"broken":            {status(http.StatusInternalServerError), publish.ErrUnreachable},
		"not modified":      {status(http.StatusNotModified), publish.ErrUnreachable},
		"one byte more":     {func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(make([]byte, limits.Document+1)) }, publish.ErrTooLarge},
		"without an end":    {endless, publish.ErrTooLarge},
		"a page of a hotel": {status(http.StatusOK), publish.ErrOther},
		"an empty page":     {func(http.ResponseWriter, *http.Request) {}, publish.ErrOther},
		"cut short":         {short, publish.ErrUnreachable},
		"nothing at all":    {func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }, publish.ErrUnreachable},
		"moved for ever":    {redirect(good, http.StatusMovedPermanently), publish.ErrUnreachable},
		"moved for now":     {redirect(good, http.StatusTemporaryRedirect), publish.ErrUnreachable},
		"see other":         {redirect(good, http.StatusSeeOther), publish.ErrUnreachable},
		"moved to a file":   {redirect("file:///etc/passwd?", http.StatusFound), publish.ErrUnreachable},
	} {
		b, err := client(t, serve(t, test.answer)).Read(t.Context(), schemaName)
		if b != nil || !errors.Is(err, test.want) {
			t.Errorf("%s: %d bytes, %v; want %v", what, len(b), err, test.want)
		}
	}
}

func endless(w http.ResponseWriter, r *http.Request) {
	for r.Context().Err() == nil {
		if _, err := w.Write(make([]byte, 1<<16)); err != nil {
			return
		}
	}
}

func short(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Length", "100")
	_, _ = w.Write([]byte("short"))
}

// redirect leads to a server that has the file: a reader who follows gets it.
func redirect(to string, code int) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, to+r.URL.Path, code) }
}

// TestNextServer: where one server does not answer, lacks the file or has another, the
// next is asked, and the one that had the file is asked first from then on.
func TestNextServer(t *testing.T) {
	folder := published(t)
	asked := 0
	lacking := serve(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked++
		http.NotFound(w, r)
	}))
	other := serve(t, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("{}")) }))
	c := client(t, "http://127.0.0.1:1", lacking, other, serve(t, remote.NewHandler(folder)))
	for range 3 {
		_, err := c.Read(t.Context(), schemaName)
		none(t, err)
	}
	if asked != 1 {
		t.Errorf("the server without the file was asked %d times", asked)
	}
	_, err := client(t, "http://127.0.0.1:1", lacking).Read(t.Context(), schemaName)
	is(t, err, publish.ErrNotAtHand)
	_, err = client(t, "http://127.0.0.1:1").Read(t.Context(), schemaName)
	is(t, err, publish.ErrUnreachable)
}

// TestPatience: a reader who gives up is no server that does not answer.
func TestPatience(t *testing.T) {
	slow := serve(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = w.Write([]byte("a"))
		_ = http.NewResponseController(w).Flush()
		<-r.Context().Done()
	}))
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	_, err := client(t, slow, slow).Read(ctx, schemaName)
	is(t, err, context.DeadlineExceeded)
	if errors.Is(err, publish.ErrUnreachable) {
		t.Errorf("got %v", err)
	}
	hasty, err := remote.New(remote.Options{HTTP: &http.Client{Timeout: 50 * time.Millisecond}}, slow)
	none(t, err)
	_, err = hasty.Read(t.Context(), schemaName)
	is(t, err, publish.ErrUnreachable)
}

// TestRequestsAreAlike: nothing in a request tells one reader from another, or from
// itself an hour ago.
func TestRequestsAreAlike(t *testing.T) {
	folder := published(t)
	var seen []string
	address := serve(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var headers []string
		for name, values := range r.Header {
			headers = append(headers, name+": "+strings.Join(values, ","))
		}
		slices.Sort(headers)
		body, _ := io.ReadAll(r.Body)
		seen = append(seen, r.Method+" "+r.URL.RequestURI()+"\n"+strings.Join(headers, "\n")+string(body))
		w.Header().Set("Set-Cookie", "who=you")
		w.Header().Set("ETag", `"you"`)
		w.Header().Set("Last-Modified", "Sat, 21 Nov 2026 02:05:00 GMT")
		file, err := folder.Read(r.Context(), schemaName)
		_, _ = w.Write(file)
		if err != nil {
			t.Error(err)
		}
	}))
	jar := &http.Client{Jar: forbidden{t}}
	for _, given := range []*http.Client{nil, jar} {
		seen = nil
		for range 2 {
			c, err := remote.New(remote.Options{HTTP: given}, address)
			none(t, err)
			for range 2 {
				_, err := c.Read(t.Context(), schemaName)
				none(t, err)
			}
		}
		for _, request := range seen {
			if request != seen[0] {
				t.Errorf("two requests differ:\n%s\n%s", seen[0], request)
			}
		}
		want := "GET /" + schemaName.String() + "\nUser-Agent: hufu"
		if got := strings.Replace(seen[0], "Accept-Encoding: gzip\n", "", 1); len(seen) != 4 || got != want {
			t.Errorf("sent:\n%s", seen[0])
		}
		if given == nil && strings.Contains(seen[0], "gzip") {
			t.Error("asked for compression")
		}
	}
	if jar.Jar == nil || jar.CheckRedirect != nil {
		t.Error("the caller's client was changed")
	}
}
