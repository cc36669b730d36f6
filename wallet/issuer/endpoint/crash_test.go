package endpoint_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/hufu-id/hufu/hufutest"
	"github.com/hufu-id/hufu/openid/oauth"
	"github.com/hufu-id/hufu/vault"
	"github.com/hufu-id/hufu/wallet/issuer"
	"github.com/hufu-id/hufu/wallet/issuer/endpoint"
)

// TestRestart starts the program anew between all requests of both flows.
func TestRestart(t *testing.T) {
	o := open(t, haip())
	restarting := o.client.Transport
	o.client.Transport = roundTrip(func(r *http.Request) (*http.Response, error) {
		o.start()
		if restarting == nil {
			return http.DefaultTransport.RoundTrip(r)
		}
		return restarting.RoundTrip(r)
	})
	w := o.wallet()
	w.challenge = w.askChallenge()
	out := w.issue(2)
	w.ask("/notification", "application/json", `{"notification_id":"`+out.NotificationID+`","event":"credential_accepted"}`).ok(204)
	w.keep(w.renew())
	w.apply(w.application(1)).ok(200)
	other, id, transaction := o.waiting()
	o.admin("/admin/offers/"+id+"/approve", nil).ok(204)
	other.ask("/deferred", "application/json", `{"transaction_id":"`+transaction+`"}`).ok(200)
}

type roundTrip func(*http.Request) (*http.Response, error)

func (f roundTrip) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

var errKilled = errors.New("the program was killed")

// dying is a store of a program that is killed before or after its n-th writing.
type dying struct {
	vault.Store
	at    int
	after bool
	dead  bool
}

func (d *dying) Update(ctx context.Context, fn func(vault.Tx) error) error {
	if d.dead {
		return errKilled
	}
	d.at--
	if d.at == 0 && !d.after {
		d.dead = true
		return errKilled
	}
	err := d.Store.Update(ctx, fn)
	if d.at == 0 {
		d.dead = true
		return errKilled
	}
	return err
}

func (d *dying) View(ctx context.Context, fn func(vault.Tx) error) error {
	if d.dead {
		return errKilled
	}
	return d.Store.View(ctx, fn)
}

// TestKilled kills the program at every writing of a whole flow. The wallet then repeats
// what was not answered, or begins anew, and the person has one credential in the end.
func TestKilled(t *testing.T) {
	country := hufutest.New(t, hufutest.Options{})
	for at := 1; ; at++ {
		over := false
		for _, after := range []bool{false, true} {
			t.Run(fmt.Sprintf("writing %d, after: %v", at, after), func(t *testing.T) {
				o := openIn(t, country, haip())
				store := o.deskOf.Store
				o.do("GET", "/openapi.json", nil, "").ok(200)       // sweeps
				d := &dying{Store: store, at: at + 1, after: after} // one for the server's keys
				o.deskOf.Store = d
				o.start()
				killedFlow(o, func() {
					o.deskOf.Store = store
					o.start()
				}, d)
				over = !d.dead
				if all, revoked := o.count(); all-revoked != 1 {
					t.Errorf("%d copies, %d revoked", all, revoked)
				}
			})
		}
		if over {
			return
		}
		if at > 30 {
			t.Fatal("the flow has no end")
		}
	}
}

// killedFlow goes through a flow, and starts the program anew where it does not answer.
func killedFlow(o *office, start func(), d *dying) {
	o.t.Helper()
	alive := func(r *reply) bool {
		if r.status != 500 {
			return true
		}
		if !d.dead {
			o.t.Errorf("500 of a program that lives: %s", r.body)
		}
		start()
		return false
	}
	repeat := func(send func() *reply) *reply {
		o.t.Helper()
		r := send()
		if !alive(r) {
			r = send()
		}
		return r
	}
	w := o.wallet()
	begin := func() *reply {
		pushed := repeat(func() *reply { return w.push(w.request()) })
		page := w.page(pushed)
		body := "decision=yes"
		h := http.Header{"Content-Type": {"application/x-www-form-urlencoded"}}
		r := repeat(func() *reply { return o.do("POST", page, h, body) })
		if r.status != 303 { // the decision was kept, and its answer lost
			r.refused(oauth.InvalidRequestURI)
			r = o.do("POST", w.page(w.push(w.request())), h, body).ok(303)
		}
		u, err := url.Parse(r.header.Get("Location"))
		none(o.t, err)
		code := u.Query().Get("code")
		return repeat(func() *reply { return w.exchange(code) })
	}
	r := begin()
	if r.status != 200 { // the code was used up, and its answer lost
		r.refused(oauth.InvalidGrant)
		r = begin()
	}
	w.keep(r)
	m := w.application(1)
	r = repeat(func() *reply { return w.apply(m) })
	out := response(o.t, r.ok(200))
	repeat(func() *reply {
		return w.ask("/notification", "application/json", `{"notification_id":"`+out.NotificationID+`","event":"credential_accepted"}`)
	}).ok(204)
	w.keep(repeat(w.renew))
}

// TestTwoServers: of two servers over one store that race for a code, a nonce or a proof,
// one wins.
func TestTwoServers(t *testing.T) {
	o := open(t, haip())
	first := o.now
	cfg, err := o.cfg, error(nil)
	cfg.Desk, err = issuer.New(o.desk.Config())
	none(t, err)
	second, err := endpoint.New(t.Context(), cfg)
	none(t, err)
	for range 5 {
		offer, _, _ := o.offer(o.c.Adult(), map[string]any{"replaces": true})
		w := o.wallet()
		w.nonce = o.do("POST", "/nonce", nil, "").header.Get("DPoP-Nonce")
		form := url.Values{"grant_type": {oauth.GrantPreAuthorized}, "pre-authorized_code": {offer.Code()}}.Encode()
		won := race(t, first, second, func() *http.Request { return request(o, "/token", w.headers("/token"), form) })
		w.keep(&reply{t: t, status: won.Code, header: won.Header(), body: won.Body.Bytes()})
		nonce := w.cNonce()
		race(t, first, second, func() *http.Request { // each with its own key proof
			texts, _ := w.proofs(1, nonce, nil)
			body, err := json.Marshal(map[string]any{"credential_configuration_id": "test.resident/1", "proofs": map[string]any{"jwt": texts}})
			none(t, err)
			h := http.Header{"Content-Type": {"application/json"}, "Authorization": {"DPoP " + w.token}, "DPoP": {w.proof("POST", "/credential", w.token)}}
			return request(o, "/credential", h, string(body))
		})
		race(t, first, second, func() *http.Request { // each with the same DPoP proof
			texts, _ := w.proofs(1, w.cNonce(), nil)
			body, err := json.Marshal(map[string]any{"credential_configuration_id": "test.resident/1", "proofs": map[string]any{"jwt": texts}})
			none(t, err)
			h := http.Header{"Content-Type": {"application/json"}, "Authorization": {"DPoP " + w.token}, "DPoP": {w.sameProof()}}
			return request(o, "/credential", h, string(body))
		})
		w.kept = ""
	}
	if all, revoked := o.count(); all != 10 || all-revoked != 1 {
		t.Errorf("%d copies, %d revoked", all, revoked)
	}
}

// sameProof is one proof for the credential endpoint, again and again.
func (w *wallet) sameProof() string {
	w.o.t.Helper()
	if w.kept == "" {
		w.kept = w.proof("POST", "/credential", w.token)
	}
	return w.kept
}

func request(o *office, path string, h http.Header, body string) *http.Request {
	r := httptest.NewRequest("POST", o.url+path, strings.NewReader(body))
	for name, values := range h {
		r.Header[http.CanonicalHeaderKey(name)] = values
	}
	return r
}

// race sends two requests at once to two servers, and returns the one answer of a winner.
func race(t *testing.T, first, second http.Handler, ask func() *http.Request) *httptest.ResponseRecorder {
	t.Helper()
	requests := []*http.Request{ask(), ask()}
	answers := []*httptest.ResponseRecorder{httptest.NewRecorder(), httptest.NewRecorder()}
	done := make(chan int, 2)
	for i, server := range []http.Handler{first, second} {
		go func() { server.ServeHTTP(answers[i], requests[i]); done <- i }()
	}
	<-done
	<-done
	var won *httptest.ResponseRecorder
	for _, a := range answers {
		if a.Code < 300 {
			if won != nil {
				t.Error("both won")
			}
			won = a
		}
	}
	if won == nil {
		t.Fatalf("nobody won: %s, %s", answers[0].Body, answers[1].Body)
	}
	return won
}
