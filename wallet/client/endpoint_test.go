package client_test

import (
	"html"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/hufu-id/hufu/hufutest"
	"github.com/hufu-id/hufu/openid"
	"github.com/hufu-id/hufu/openid/oauth"
	"github.com/hufu-id/hufu/wallet/client"
	"github.com/hufu-id/hufu/wallet/issuer"
	"github.com/hufu-id/hufu/wallet/issuer/endpoint"
)

// served is our own desk behind our own endpoints.
func served(t *testing.T, edit func(*endpoint.Config)) *office {
	t.Helper()
	c := hufutest.New(t, hufutest.Options{})
	o := &office{t: t, country: c, id: openid.ConfigurationID(c.Schema.ID, c.Schema.Version)}
	var server http.Handler
	o.at = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		o.mu.Lock()
		o.seen = append(o.seen, r.Method+" "+r.URL.Path)
		o.mu.Unlock()
		server.ServeHTTP(w, r)
	}))
	t.Cleanup(o.at.Close)
	cfg := c.DeskConfig(c.Office)
	cfg.URL, cfg.Interval = o.at.URL+"/desk", time.Minute
	var err error
	o.desk, err = issuer.New(cfg)
	none(t, err)
	none(t, o.desk.Publish(t.Context()))
	serving := endpoint.Config{Desk: o.desk, Authenticator: endpoint.AnyoneUnsafe{Person: endpoint.SignedIn{Claims: claimsOf(o.resident())}}}
	if edit != nil {
		edit(&serving)
	}
	server, err = endpoint.New(t.Context(), serving)
	none(t, err)
	return o
}

// TestWithOurDesk: wallet and desk of this project, over HTTP.
func TestWithOurDesk(t *testing.T) {
	for name, encrypted := range map[string]bool{"plain": false, "encrypted": true} {
		t.Run(name, func(t *testing.T) {
			o := served(t, func(cfg *endpoint.Config) { cfg.RequireEncryption = encrypted })
			link, made := o.offer(issuer.OfferOptions{TxDigits: 6})
			p := o.phone()
			result, err := p.take(t, link, client.ReceiveOptions{TxCode: made.TxCode})
			stored(t, p, result, err)
			if !result.Stored.Provable || p.keys(t, "holder") != 8 {
				t.Errorf("%d copies, provable %v", p.keys(t, "holder"), result.Stored.Provable)
			}
			if n := o.count("POST /desk/notification"); n == 0 {
				t.Error("the desk was not told")
			}
			_, err = p.take(t, link, client.ReceiveOptions{TxCode: made.TxCode})
			is(t, err, client.ErrCode)
		})
	}
	t.Run("deferred", func(t *testing.T) {
		o := served(t, nil)
		o.deferred = true
		link, made := o.offer(issuer.OfferOptions{})
		p := o.phone()
		result, err := p.take(t, link, client.ReceiveOptions{Copies: 2})
		none(t, err)
		if result.Stored != nil || len(p.waits(t)) != 1 {
			t.Fatalf("%+v", result)
		}
		none(t, o.desk.Approve(t.Context(), made.ID))
		o.country.Advance(2 * time.Hour) // the access token has ended
		o.country.Heartbeat()
		result, err = p.Resume(t.Context(), result.ID)
		stored(t, p, result, err)
	})
	t.Run("sign-in", func(t *testing.T) {
		o := served(t, nil)
		p := o.phone()
		offer, err := p.Issuer(t.Context(), o.at.URL+"/desk", o.id)
		none(t, err)
		in, err := p.Begin(t.Context(), offer, client.BeginOptions{Redirect: back})
		none(t, err)
		redirect := browse(t, in.Address)
		result, err := p.Complete(t.Context(), redirect)
		stored(t, p, result, err)
		_, err = p.Complete(t.Context(), redirect)
		is(t, err, oauth.ErrState)
	})
}

// browse is what a browser does, and returns where it was sent.
func browse(t *testing.T, address string) string {
	t.Helper()
	browser := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	page, err := browser.Get(address)
	none(t, err)
	body, err := io.ReadAll(page.Body)
	none(t, err)
	_ = page.Body.Close()
	_, after, _ := strings.Cut(string(body), `action="`)
	action, _, _ := strings.Cut(after, `"`)
	at, err := page.Request.URL.Parse(html.UnescapeString(action))
	none(t, err)
	answer, err := browser.PostForm(at.String(), url.Values{"decision": {"yes"}})
	none(t, err)
	_ = answer.Body.Close()
	if answer.StatusCode/100 != 3 {
		t.Fatalf("the page answers %s", answer.Status)
	}
	return answer.Header.Get("Location")
}
