package remote_test

import (
	"bytes"
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/hufu-id/hufu/ledger"
	"github.com/hufu-id/hufu/ledger/remote"
)

// slow is a ledger whose lists of keys do not end.
type slow struct {
	ledger.Ledger
	begun chan struct{}
	end   chan struct{}
}

func (s *slow) Keys(context.Context, string, string) ([]string, error) {
	s.begun <- struct{}{}
	<-s.end
	return nil, nil
}

// TestDearReadsLeaveRoom: while dear reads do not end, a proof of one key is served,
// further dear ones wait, and beyond some they are told to come again.
func TestDearReadsLeaveRoom(t *testing.T) {
	log, _ := newLog(t)
	s := &slow{log, make(chan struct{}), make(chan struct{})}
	const places, waiting = 2, 64
	handler := remote.NewHandler(s, log.Trust(), remote.HandlerOptions{Reads: places})
	ask := func(method, target, body string) *httptest.ResponseRecorder {
		w := httptest.NewRecorder()
		handler.ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), method, target, strings.NewReader(body)))
		return w
	}
	var readers sync.WaitGroup
	codes := make(chan int, 200)
	for range places {
		readers.Go(func() { codes <- ask("GET", "/v1/keys", "").Code })
	}
	for range places {
		<-s.begun
	}
	key := ledger.DIDKey(log.Trust().RootDID)
	for _, w := range []*httptest.ResponseRecorder{
		ask("GET", "/v1/prove?key="+key, ""), ask("POST", "/v1/prove", fmt.Sprintf(`{"keys":[%q]}`, key)), ask("GET", "/v1/checkpoint", ""),
	} {
		if w.Code != http.StatusOK {
			t.Error("a cheap read:", w.Code, w.Body)
		}
	}
	many := `{"keys":["` + strings.Join(slices.Repeat([]string{key}, 9), `","`) + `"]}`
	long := `{"keys":["` + strings.Repeat("x", 5000) + `"]}`
	dear := []func() *httptest.ResponseRecorder{
		func() *httptest.ResponseRecorder { return ask("GET", "/v1/entries", "") },
		func() *httptest.ResponseRecorder { return ask("GET", "/v1/history?key="+key, "") },
		func() *httptest.ResponseRecorder { return ask("GET", "/v1/agreements", "") },
		func() *httptest.ResponseRecorder { return ask("GET", "/v1/registry/1", "") },
		func() *httptest.ResponseRecorder { return ask("GET", "/v1/revoked/1", "") },
		func() *httptest.ResponseRecorder { return ask("POST", "/v1/prove", many) },
		func() *httptest.ResponseRecorder { return ask("POST", "/v1/prove", long) },
		func() *httptest.ResponseRecorder {
			return ask("GET", "/v1/prove?"+strings.Repeat("key="+key+"&", 9), "")
		},
	}
	// All of these wait, or are refused at once, and none is served.
	refused := make(chan *httptest.ResponseRecorder, 200)
	for n := range waiting + len(dear) {
		readers.Go(func() { refused <- dear[n%len(dear)]() })
	}
	for range waiting + len(dear) {
		w := <-refused
		if w.Code != http.StatusServiceUnavailable || w.Header().Get("Retry-After") == "" {
			t.Error("a dear read beyond the cap:", w.Code, w.Header())
		}
	}
	close(s.end)
	readers.Wait()
	for range places {
		if code := <-codes; code != http.StatusOK {
			t.Error(code)
		}
	}
	if w := dear[0](); w.Code != http.StatusOK {
		t.Error("a place was not given back:", w.Code)
	}
}

// TestRevokedPages: a client puts pages together, and takes no page that could go on for
// ever or leaves the order.
func TestRevokedPages(t *testing.T) {
	handles := make([]byte, 5*ledger.HandleSize)
	for n := range 5 {
		handles[n*ledger.HandleSize] = byte(n + 1)
	}
	at := func(n int) []byte { return handles[n*ledger.HandleSize : (n+1)*ledger.HandleSize] }
	page := func(some, next []byte) string {
		text := `{"handles":"` + base64.StdEncoding.EncodeToString(some) + `"`
		if next != nil {
			text += `,"next":"` + base64.StdEncoding.EncodeToString(next) + `"`
		}
		return text + "}"
	}
	for name, c := range map[string]struct {
		pages []string
		want  int
		err   error
	}{
		"one page":        {[]string{page(handles, nil)}, 5, nil},
		"three":           {[]string{page(handles[:32], at(1)), page(nil, at(2)), page(handles[48:], nil)}, 4, nil},
		"none":            {[]string{page(nil, nil)}, 0, nil},
		"the same again":  {[]string{page(handles[:32], at(1)), page(handles[:32], nil)}, 0, ledger.ErrReader},
		"out of order":    {[]string{page(append(slices.Clone(at(1)), at(0)...), nil)}, 0, ledger.ErrReader},
		"one twice":       {[]string{page(append(slices.Clone(at(1)), at(1)...), nil)}, 0, ledger.ErrReader},
		"half a handle":   {[]string{page(handles[:8], nil)}, 0, ledger.ErrReader},
		"half a next":     {[]string{page(handles[:32], at(1)[:8])}, 0, ledger.ErrReader},
		"next is behind":  {[]string{page(handles[:32], at(0))}, 0, ledger.ErrReader},
		"next stays":      {[]string{page(nil, at(1)), page(nil, at(1))}, 0, ledger.ErrReader},
		"another answer":  {[]string{"handles"}, 0, ledger.ErrReader},
		"pages for ever":  {nil, 0, ledger.ErrTooLarge},
		"handles forever": {[]string{"all"}, 0, ledger.ErrTooLarge},
	} {
		asked := 0
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			asked++
			switch {
			case c.pages == nil: // each page is empty, and a further one follows
				next := make([]byte, ledger.HandleSize)
				next[0], next[1] = byte(asked>>8), byte(asked)
				fmt.Fprint(w, page(nil, next))
			case c.pages[0] == "all": // each page is full
				some := make([]byte, 100_000*ledger.HandleSize)
				for n := range 100_000 {
					at := some[n*ledger.HandleSize:]
					at[0], at[1], at[2], at[3] = byte(asked), byte(n>>16), byte(n>>8), byte(n)
				}
				fmt.Fprint(w, page(some, some[len(some)-ledger.HandleSize:]))
			default:
				fmt.Fprint(w, c.pages[asked-1])
			}
		}))
		got, err := client(t, server.URL).Revoked(t.Context(), 7)
		if !errors.Is(err, c.err) || len(got) != c.want {
			t.Errorf("%s: %d handles, %v", name, len(got), err)
		}
		if asked > 1100 {
			t.Errorf("%s: %d pages", name, asked)
		}
		server.Close()
	}
}

// TestRevokedOverHTTP: what the handler sends is what the ledger has, page by page.
func TestRevokedOverHTTP(t *testing.T) {
	log, _ := newLog(t)
	pages := &paged{Ledger: log}
	for n := range byte(9) {
		pages.handles = append(pages.handles, [ledger.HandleSize]byte{n, 1})
	}
	server := httptest.NewServer(remote.NewHandler(pages, log.Trust(), remote.HandlerOptions{}))
	t.Cleanup(server.Close)
	got, err := client(t, server.URL).Revoked(t.Context(), 7)
	if err != nil || !slices.Equal(got, pages.handles) || pages.asked != 5 {
		t.Error(got, err, pages.asked)
	}
	for _, after := range []string{"00", strings.Repeat("0", 34), strings.Repeat("x", 32)} {
		response, err := http.Get(server.URL + "/v1/revoked/7?after=" + after)
		if err != nil {
			t.Fatal(err)
		}
		response.Body.Close()
		if response.StatusCode != http.StatusBadRequest {
			t.Errorf("after %s: %d", after, response.StatusCode)
		}
	}
}

// paged sends two handles at a time.
type paged struct {
	ledger.Ledger
	handles [][ledger.HandleSize]byte
	asked   int
}

func (p *paged) RevokedAfter(_ context.Context, _ uint64, after []byte) (*ledger.RevokedPage, error) {
	p.asked++
	rest := p.handles
	for after != nil && len(rest) > 0 && bytes.Compare(rest[0][:], after) <= 0 {
		rest = rest[1:]
	}
	page := &ledger.RevokedPage{Handles: rest[:min(2, len(rest))]}
	if len(rest) > 2 {
		page.Next = rest[1][:]
	}
	return page, nil
}
