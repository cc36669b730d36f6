package remote_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/hufu-id/hufu/did"
	"github.com/hufu-id/hufu/internal/fetch"
	"github.com/hufu-id/hufu/publish"
	"github.com/hufu-id/hufu/publish/remote"
	"github.com/hufu-id/hufu/status"
)

// TestStatusLists: a list is fetched once in its ttl, which counts no more than MaxAge, and
// never beyond its end; what is about another list is not kept.
func TestStatusLists(t *testing.T) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	none(t, err)
	list, err := status.New(1, 8)
	none(t, err)
	now := time.Date(2026, 11, 27, 12, 0, 0, 0, time.UTC)
	asked, claims, accept := 0, status.Claims{}, ""
	at := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked++
		accept = r.Header.Get("Accept")
		token, err := status.Sign(r.Context(), key, did.Header{}, claims, list)
		if err != nil {
			t.Error(err)
		}
		_, _ = w.Write([]byte(token))
	}))
	defer at.Close()
	uri := at.URL + "/1"
	for name, c := range map[string]struct {
		sub           string
		ttl, lifetime time.Duration
		kept          time.Duration
	}{
		"ttl": {uri, time.Minute, time.Hour, time.Minute}, "long ttl": {uri, 24 * time.Hour, 48 * time.Hour, time.Hour}, "ends before": {uri, time.Minute, 10 * time.Second, 10 * time.Second},
		"no ttl": {uri, 0, time.Hour, 0}, "of another": {uri + "2", time.Minute, time.Hour, 0},
	} {
		asked, claims = 0, status.Claims{Subject: c.sub, IssuedAt: now, Expires: now.Add(c.lifetime), TTL: c.ttl}
		clock := now
		lists := remote.NewStatusLists(remote.ListOptions{Network: remote.Network{Loopback: true}, Clock: func() time.Time { return clock }})
		read := func(want int) {
			t.Helper()
			if _, err := lists.StatusList(t.Context(), uri); err != nil || asked != want {
				t.Errorf("%s: %v, asked %d times, want %d", name, err, asked, want)
			}
		}
		read(1)
		if c.kept > 0 {
			clock = now.Add(c.kept - time.Second)
			read(1)
		}
		clock = now.Add(c.kept)
		read(2)
	}
	if accept != "application/statuslist+jwt" {
		t.Errorf("asked for %q", accept)
	}
	asked = 0
	safe := remote.NewStatusLists(remote.ListOptions{})
	_, err = safe.StatusList(t.Context(), uri)
	is(t, err, publish.ErrUnreachable)
	is(t, err, fetch.ErrAddress)
	for _, bad := range []string{"urn:list:1", "\x00", uri + "#a", "https://10.0.0.1/1"} {
		_, err := safe.StatusList(t.Context(), bad)
		is(t, err, publish.ErrUnreachable)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err = remote.NewStatusLists(remote.ListOptions{Network: remote.Network{Loopback: true}}).StatusList(ctx, uri)
	is(t, err, context.Canceled)
	if asked != 0 {
		t.Errorf("asked %d times", asked)
	}
}
