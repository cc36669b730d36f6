package client_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"testing"

	"github.com/hufu-id/hufu/hufutest"
	"github.com/hufu-id/hufu/openid/oauth"
	"github.com/hufu-id/hufu/vault"
	"github.com/hufu-id/hufu/wallet"
	"github.com/hufu-id/hufu/wallet/client"
	"github.com/hufu-id/hufu/wallet/issuer"
)

var errDead = errors.New("the power failed")

// life ends at a step: before or after a request, or before or after a transaction.
type life struct {
	steps, until int // 0: it does not end
	dead         bool
}

func (l *life) step() bool {
	l.steps++
	if l.steps == l.until {
		l.dead = true
	}
	return !l.dead
}

// mortal is a store whose process dies.
type mortal struct {
	vault.Store
	*life
}

func (m mortal) View(ctx context.Context, fn func(vault.Tx) error) error {
	if m.dead {
		return errDead
	}
	return m.Store.View(ctx, fn)
}

func (m mortal) Update(ctx context.Context, fn func(vault.Tx) error) error {
	if !m.step() {
		return errDead
	}
	if err := m.Store.Update(ctx, fn); err != nil {
		return err
	}
	if !m.step() {
		return errDead
	}
	return nil
}

// born is a phone over a store that outlives it.
func (o *office) born(h *hufutest.Holder, l *life, edit func(*client.Config)) *phone {
	o.t.Helper()
	store := mortal{h.Store, l}
	once := &hufutest.Holder{Store: store, Keys: vault.NewSoftwareKeys(store)}
	var err error
	once.Wallet, err = wallet.New(o.country.WalletConfig(once))
	none(o.t, err)
	p := o.phoneOver(once, edit)
	p.Between(func(r *http.Request, send func(*http.Request) (*client.Fetched, error)) (*client.Fetched, error) {
		if !l.step() {
			return nil, errDead
		}
		answer, err := send(r)
		if !l.step() {
			return nil, errDead
		}
		return answer, err
	})
	return p
}

// TestKilledAtEachStep: a wallet dies before or after any request or transaction of an
// issuance, and another over the same vault brings it to its end: one card with all its
// copies, and nothing left behind.
func TestKilledAtEachStep(t *testing.T) {
	if testing.Short() {
		t.Skip("goes through a hundred issuances")
	}
	t.Run("pre-authorised code", func(t *testing.T) {
		killed(t, func(o *office, p *phone) error {
			link, _ := o.lastOffer()
			return received(p.Client.Offer(t.Context(), link))(func(offer *client.Offer) (*client.Result, error) {
				return p.Client.Receive(t.Context(), offer, client.ReceiveOptions{Copies: 2})
			})
		}, nil)
	})
	t.Run("encrypted", func(t *testing.T) {
		killed(t, func(o *office, p *phone) error {
			link, _ := o.lastOffer()
			return received(p.Client.Offer(t.Context(), link))(func(offer *client.Offer) (*client.Result, error) {
				return p.Client.Receive(t.Context(), offer, client.ReceiveOptions{Copies: 2})
			})
		}, (*office).encrypted)
	})
	t.Run("stale nonce", func(t *testing.T) {
		killed(t, func(o *office, p *phone) error {
			link, _ := o.lastOffer()
			return received(p.Client.Offer(t.Context(), link))(func(offer *client.Offer) (*client.Result, error) {
				return p.Client.Receive(t.Context(), offer, client.ReceiveOptions{Copies: 2})
			})
		}, func(o *office) { o.staleNonces = 1 })
	})
}

func received(offer *client.Offer, err error) func(func(*client.Offer) (*client.Result, error)) error {
	return func(take func(*client.Offer) (*client.Result, error)) error {
		if err != nil {
			return err
		}
		_, err := take(offer)
		return err
	}
}

func killed(t *testing.T, first func(*office, *phone) error, edit func(*office)) {
	o := open(t)
	if edit != nil {
		edit(o)
	}
	for until := 1; ; until++ {
		o.newOffer()
		h := o.country.Wallet()
		l := &life{until: until}
		err := first(o, o.born(h, l, nil))
		if !l.dead {
			none(t, err)
			if until < 20 {
				t.Fatalf("an issuance has only %d steps", until)
			}
			return
		}
		if err == nil && l.steps < until {
			t.Fatalf("step %d: nobody died", until)
		}
		end(t, o, h, first, fmt.Sprintf("killed at step %d", until))
	}
}

// end brings an issuance to its end, as an app does when it is opened again.
func end(t *testing.T, o *office, h *hufutest.Holder, first func(*office, *phone) error, when string) {
	t.Helper()
	p := o.born(h, new(life), nil)
	begun := len(p.waits(t)) > 0 || len(p.cards(t)) > 0
	if !begun { // nothing was sent: the citizen opens the offer again
		if err := first(o, p); err != nil {
			t.Fatalf("%s: %v", when, err)
		}
	}
	for _, waiting := range p.waits(t) {
		if _, err := p.Resume(t.Context(), waiting.ID); err != nil {
			t.Fatalf("%s: %v", when, err)
		}
	}
	for _, r := range o.requests[1:] {
		if o.staleNonces == 0 && !slices.Equal(r.Proofs, o.requests[0].Proofs) {
			t.Errorf("%s: another request than before", when)
		}
	}
	if n := len(p.cards(t)); n != 1 {
		t.Fatalf("%s: %d cards", when, n)
	}
	if n := len(p.waits(t)); n != 0 {
		t.Errorf("%s: %d issuances are left", when, n)
	}
	if n := p.keys(t, "holder"); n != 2 && begun {
		t.Errorf("%s: %d holder keys for two copies", when, n)
	}
}

// TestKilledWhileSigningIn: the code of the redirect is written down before it is used.
func TestKilledWhileSigningIn(t *testing.T) {
	if testing.Short() {
		t.Skip("goes through forty issuances")
	}
	o := open(t)
	for until := 1; ; until++ {
		h := o.country.Wallet()
		p := o.born(h, new(life), nil)
		offer, err := p.Issuer(t.Context(), o.metadata.Issuer, o.id)
		none(t, err)
		in, err := p.Begin(t.Context(), offer, client.BeginOptions{Redirect: "https://wallet.example/back", Copies: 2})
		none(t, err)
		redirect := o.signIn(in.Address, nil)
		o.requests = nil
		l := &life{until: until}
		_, err = o.born(h, l, nil).Complete(t.Context(), redirect)
		if !l.dead {
			none(t, err)
			return
		}
		complete := func(_ *office, p *phone) error {
			_, err := p.Complete(t.Context(), redirect)
			return err
		}
		p = o.born(h, new(life), nil)
		if waits := p.waits(t); len(waits) == 1 {
			if result, err := p.Resume(t.Context(), waits[0].ID); err == nil && result.SignIn {
				none(t, complete(o, p))
			}
		}
		end(t, o, h, complete, fmt.Sprintf("killed at step %d", until))
	}
}

// TestTwoAtOnce: two processes over one vault go on with one issuance; one card comes of it.
func TestTwoAtOnce(t *testing.T) {
	o := open(t)
	h := o.country.Wallet()
	o.newOffer()
	link, _ := o.lastOffer()
	l := &life{}
	p := o.born(h, l, nil)
	offer, err := p.Client.Offer(t.Context(), link)
	none(t, err)
	l.until = l.steps + 25
	_, err = p.Client.Receive(t.Context(), offer, client.ReceiveOptions{Copies: 2})
	is(t, err, errDead)
	waits := o.born(h, new(life), nil).waits(t)
	if len(waits) != 1 {
		t.Fatalf("%d issuances wait", len(waits))
	}
	done := make(chan error)
	for range 2 {
		go func() {
			_, err := o.born(h, new(life), nil).Resume(context.Background(), waits[0].ID)
			done <- err
		}()
	}
	for range 2 {
		if err := <-done; err != nil && !errors.Is(err, wallet.ErrReceived) && !errors.Is(err, vault.ErrNotFound) {
			t.Errorf("one of two: %v", err)
		}
	}
	p = o.born(h, new(life), nil)
	if len(p.cards(t)) != 1 {
		t.Errorf("%d cards", len(p.cards(t)))
	}
}

// TestInterrupted: Ctrl-C ends a call at once, and what was begun waits.
func TestInterrupted(t *testing.T) {
	o := open(t)
	p := o.phone()
	link, _ := o.offer(issuer.OfferOptions{})
	offer, err := p.Client.Offer(t.Context(), link)
	none(t, err)
	ctx, cancel := context.WithCancel(t.Context())
	o.before = func(_ http.ResponseWriter, r *http.Request) bool {
		if r.URL.Path == "/desk/credential" {
			cancel()
			_, _ = io.Copy(io.Discard, r.Body) // so that the server notices who hangs up
			<-r.Context().Done()
			return true
		}
		return false
	}
	_, err = p.Client.Receive(ctx, offer, client.ReceiveOptions{})
	is(t, err, context.Canceled)
	o.mu.Lock()
	o.before = nil
	o.mu.Unlock()
	waits := p.waits(t)
	if len(waits) != 1 {
		t.Fatalf("%d issuances wait", len(waits))
	}
	result, err := p.Resume(t.Context(), waits[0].ID)
	none(t, err)
	if result.Stored == nil {
		t.Error("not stored")
	}
}

// TestAbandon: what the citizen gives up leaves nothing, and the issuer hears nothing.
func TestAbandon(t *testing.T) {
	o := open(t)
	o.deferred = true
	p := o.phone()
	link, _ := o.offer(issuer.OfferOptions{})
	result, err := p.take(t, link, client.ReceiveOptions{})
	none(t, err)
	before := len(o.seen)
	none(t, p.Abandon(t.Context(), result.ID))
	if len(p.waits(t)) != 0 || p.keys(t, "holder") != 0 || p.keys(t, "session") != 0 || len(o.seen) != before {
		t.Error("an abandoned issuance left something")
	}
	is(t, p.Abandon(t.Context(), result.ID), vault.ErrNotFound)
}

// TestNothingIsTriedTwice: a server that fails or refuses is asked once.
func TestNothingIsTriedTwice(t *testing.T) {
	for name, answer := range map[string]func(w http.ResponseWriter){
		"500": func(w http.ResponseWriter) { w.WriteHeader(http.StatusInternalServerError) },
		"429": func(w http.ResponseWriter) { w.WriteHeader(http.StatusTooManyRequests) },
		"invalid_nonce": func(w http.ResponseWriter) {
			w.WriteHeader(400)
			_, _ = w.Write((&oauth.Error{Code: oauth.InvalidNonce}).Bytes())
		},
		"nonce again": func(w http.ResponseWriter) { again(w, oauth.UseDPoPNonce) },
		"token again": func(w http.ResponseWriter) { again(w, oauth.InvalidToken) },
		"redirect":    func(w http.ResponseWriter) { w.Header().Set("Location", "/desk/elsewhere"); w.WriteHeader(307) },
	} {
		t.Run(name, func(t *testing.T) {
			o := open(t)
			p := o.phone()
			link, _ := o.offer(issuer.OfferOptions{})
			o.before = func(w http.ResponseWriter, r *http.Request) bool {
				if r.URL.Path != "/desk/credential" {
					return false
				}
				answer(w)
				return true
			}
			if _, err := p.take(t, link, client.ReceiveOptions{}); err == nil {
				t.Fatal("it went on")
			}
			most := map[string]int{"500": 1, "429": 1, "redirect": 1}[name]
			if n := o.count("POST /desk/credential"); n > max(most, 2) || most > 0 && n > most {
				t.Errorf("asked %d times", n)
			}
			if o.count("GET /desk/elsewhere")+o.count("POST /desk/elsewhere") > 0 {
				t.Error("a redirect was followed")
			}
		})
	}
}

func again(w http.ResponseWriter, c oauth.Code) {
	w.Header().Set("DPoP-Nonce", "n-1")
	w.Header().Set("WWW-Authenticate", fmt.Sprintf(`DPoP error=%q`, c))
	w.WriteHeader(http.StatusUnauthorized)
}
