package issuer_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/hufu-id/hufu/hufutest"
	"github.com/hufu-id/hufu/internal/long"
	"github.com/hufu-id/hufu/ledger"
	"github.com/hufu-id/hufu/status"
	"github.com/hufu-id/hufu/vault"
	"github.com/hufu-id/hufu/wallet/issuer"
)

var errCrash = errors.New("the program was killed")

// crash stops a program at its n-th step outside, before it or after it. Nothing works
// afterwards.
type crash struct {
	at    int
	after bool
	steps int
	dead  bool
}

func (c *crash) step(do func() error) error {
	if c.dead {
		return errCrash
	}
	c.steps++
	if c.steps == c.at && !c.after {
		c.dead = true
		return errCrash
	}
	err := do()
	if c.steps == c.at {
		c.dead = true
		return errCrash
	}
	return err
}

type crashingStore struct {
	vault.Store
	c *crash
}

func (s crashingStore) Update(ctx context.Context, fn func(vault.Tx) error) error {
	if s.c.dead {
		return errCrash
	}
	inner := false // the publisher is called within a transaction, which dies with it
	err := s.c.step(func() error {
		return s.Store.Update(ctx, func(tx vault.Tx) error {
			err := fn(tx)
			if inner = s.c.dead; inner {
				return errCrash
			}
			return err
		})
	})
	if inner {
		return errCrash
	}
	return err
}

func (s crashingStore) View(ctx context.Context, fn func(vault.Tx) error) error {
	if s.c.dead {
		return errCrash
	}
	return s.Store.View(ctx, fn)
}

// doomed is the office's desk as a program that is killed.
func (o *office) doomed(t *testing.T, c *crash) *issuer.Desk {
	t.Helper()
	cfg := o.cfg
	cfg.Store = crashingStore{o.store, c}
	cfg.Ledger = submitter(func(ctx context.Context, ops ...*ledger.SignedOperation) (receipt *ledger.Receipt, err error) {
		stepped := c.step(func() error {
			receipt, err = o.cfg.Ledger.Submit(ctx, ops...)
			return err
		})
		return receipt, stepped
	})
	cfg.Publisher = publisher(func(ctx context.Context, uri string, token []byte) error {
		return c.step(func() error { return o.publishes(t, uri, token) })
	})
	desk, err := issuer.New(cfg)
	none(t, err)
	return desk
}

type publisher func(ctx context.Context, uri string, token []byte) error

func (p publisher) Publish(ctx context.Context, uri string, token []byte) error {
	return p(ctx, uri, token)
}

// publishes insists that the ledger has what is made public.
func (o *office) publishes(t *testing.T, uri string, token []byte) error {
	t.Helper()
	parsed, err := status.Parse(token, status.ParseOptions{})
	none(t, err)
	list, err := parsed.UnverifiedList()
	none(t, err)
	b, err := o.c.Log.Get(t.Context(), ledger.StatusKey(o.agency.DID, uri))
	none(t, err)
	object, err := ledger.ParseStatus(b)
	none(t, err)
	if list.Root() != object.Root {
		t.Error("a list is made public that the ledger does not have")
	}
	return o.c.Public.Publish(t.Context(), uri, token)
}

// stories are what a desk does. Each returns how to find out that nothing is lost.
var stories = map[string]func(t *testing.T, o *office, c *crash) (again func()){
	"import": func(t *testing.T, o *office, c *crash) func() {
		rows := table(resident(1).Row(), resident(2).Row())
		_, _, err := o.doomed(t, c).Import(t.Context(), rows, issuer.ImportOptions{})
		killed(t, c, err)
		return func() {
			offers, refused, err := o.Import(t.Context(), table(resident(1).Row(), resident(2).Row()), issuer.ImportOptions{})
			none(t, err)
			if len(offers) != 2 || len(refused) != 0 {
				t.Errorf("%d offers, refused: %v", len(offers), refused)
			}
			o.issue(t, offers[0])
		}
	},
	"answer": func(t *testing.T, o *office, c *crash) func() {
		offer := o.c.Issue(o.Desk, resident(1))
		application := o.apply(t, offer, asIs)
		first, err := o.doomed(t, c).Answer(t.Context(), application)
		killed(t, c, err)
		return func() {
			second, err := o.Answer(t.Context(), application)
			none(t, err)
			if first != nil && !bytes.Equal(first, second) {
				t.Error("another credential")
			}
			if all, _ := o.count(t); all != 1 {
				t.Errorf("%d credentials", all)
			}
		}
	},
	"following list": func(t *testing.T, o *office, c *crash) func() {
		for n := range 8 {
			o.issue(t, o.c.Issue(o.Desk, resident(n)))
		}
		application := o.apply(t, o.c.Issue(o.Desk, resident(8)), asIs)
		_, err := o.doomed(t, c).Answer(t.Context(), application)
		killed(t, c, err)
		return func() {
			_, err := o.Answer(t.Context(), application)
			none(t, err)
		}
	},
	"revoke": func(t *testing.T, o *office, c *crash) func() {
		offer := o.c.Issue(o.Desk, resident(1))
		o.issue(t, offer)
		killed(t, c, o.doomed(t, c).Revoke(t.Context(), offer.Code))
		return func() {
			if err := o.Revoke(t.Context(), offer.Code); err != nil {
				is(t, err, issuer.ErrRevoked)
			}
			if _, revoked := o.count(t); revoked != 1 {
				t.Errorf("%d revoked", revoked)
			}
		}
	},
	"replace": func(t *testing.T, o *office, c *crash) func() {
		o.oneWallet(t)
		o.issue(t, o.c.Issue(o.Desk, resident(1)))
		offer, err := o.Offer(t.Context(), claimsOf(resident(1)), issuer.OfferOptions{Replaces: true})
		none(t, err)
		application := o.apply(t, *offer, asIs)
		_, err = o.doomed(t, c).Answer(t.Context(), application)
		if !c.dead { // what fails after the answer is kept does not fail the answer
			none(t, err)
		}
		return func() {
			_, err := o.Answer(t.Context(), application)
			none(t, err)
			_, err = o.Recover(t.Context())
			none(t, err)
			if all, revoked := o.count(t); all != 2 || revoked != 1 {
				t.Errorf("%d credentials, %d revoked", all, revoked)
			}
		}
	},
	"resign": func(t *testing.T, o *office, c *crash) func() {
		_, applications, answers := o.issued3(t)
		o.stolen(t)
		_, err := o.doomed(t, c).Resign(t.Context(), issuer.ResignOptions{})
		killed(t, c, err)
		return func() {
			done, err := o.Resign(t.Context(), issuer.ResignOptions{})
			none(t, err)
			if done.Signed+done.Good != 3 {
				t.Errorf("%+v", done)
			}
			for n, application := range applications {
				again, err := o.Answer(t.Context(), application)
				none(t, err)
				if bytes.Equal(again, answers[n]) {
					t.Error("not signed anew")
				}
				_, _, err = o.trace(t, again)
				none(t, err)
			}
		}
	},
	"revoke after resign": func(t *testing.T, o *office, c *crash) func() {
		offers, _, _ := o.issued3(t)
		o.agency.ReplaceProofKey()
		o.rekeyed(t)
		_, err := o.Resign(t.Context(), issuer.ResignOptions{Retired: true})
		none(t, err)
		killed(t, c, o.doomed(t, c).Revoke(t.Context(), offers[1].Code))
		return func() {
			if err := o.Revoke(t.Context(), offers[1].Code); err != nil {
				is(t, err, issuer.ErrRevoked)
			}
			if _, revoked := o.count(t); revoked != 1 {
				t.Errorf("%d revoked", revoked)
			}
		}
	},
	"anchor": func(t *testing.T, o *office, c *crash) func() {
		holders := []*hufutest.Holder{o.holder(t, 1), o.holder(t, 2)}
		o.c.Heartbeat()
		_, err := o.doomed(t, c).AnchorIssued(t.Context())
		killed(t, c, err)
		o.c.Advance(time.Hour)
		theft := o.c.Now()
		inLog := 0 // before the theft
		keys, err := o.c.Log.Keys(t.Context(), ledger.PrefixAnchor, "")
		none(t, err)
		for _, key := range keys {
			b, err := o.c.Log.Get(t.Context(), key)
			none(t, err)
			if a, err := ledger.ParseAnchor(b); err == nil && a.Agency == o.agency.DID && a.Count == 2 {
				inLog++
			}
		}
		return func() {
			_, err := o.AnchorIssued(t.Context())
			none(t, err)
			anchors(t, o, 0)
			for _, h := range holders {
				by, _ := o.fetchExistence(t, h)
				if inLog > 0 && !by.Before(theft) {
					t.Error("it is in the log from before, and counts from later on")
				}
			}
		}
	},
	"publish": func(t *testing.T, o *office, c *crash) func() {
		o.issue(t, o.c.Issue(o.Desk, resident(1)))
		killed(t, c, o.doomed(t, c).Publish(t.Context()))
		return func() { none(t, o.Publish(t.Context())) }
	},
}

func killed(t *testing.T, c *crash, err error) {
	t.Helper()
	if c.dead {
		is(t, err, errCrash)
	} else {
		none(t, err)
	}
}

// TestCrash kills the desk before and after every step outside of everything that it
// does. What was begun is finished or dropped, and the desk works.
func TestCrash(t *testing.T) {
	country := hufutest.New(t, hufutest.Options{})
	for name, story := range stories {
		t.Run(name, func(t *testing.T) {
			for at := 1; ; at++ {
				over := false
				for _, after := range []bool{false, true} {
					t.Run(fmt.Sprintf("step %d, after: %v", at, after), func(t *testing.T) {
						o := newOfficeIn(t, country, 8)
						c := &crash{at: at, after: after}
						again := story(t, o, c)
						over = !c.dead
						_, err := o.Recover(t.Context())
						none(t, err)
						o.agrees(t)
						again()
						o.agrees(t)
					})
				}
				if over {
					return
				}
				if at > 60 {
					t.Fatal("the story has no end")
				}
			}
		})
	}
}

// TestCrashAtRandom lets one office live, with a kill at a random step of each thing
// that it does.
func TestCrashAtRandom(t *testing.T) {
	o := newOfficeIn(t, hufutest.New(t, hufutest.Options{}), 32)
	random := rand.New(rand.NewPCG(1, 2))
	live := map[string]hufutest.Resident{} // by code, in force as far as is known
	ended := map[string]bool{}             // acknowledged as revoked
	given := map[status.Reference]bool{}
	crashes := 0
	for n := range long.Or(60, 2000) {
		c := &crash{at: 1 + random.IntN(9), after: random.IntN(2) == 1}
		desk := o.doomed(t, c)
		switch pick := random.IntN(6); {
		case pick == 0:
			_ = desk.Publish(t.Context())
		case pick <= 2 && len(live) > 0:
			for code := range live {
				if desk.Revoke(t.Context(), code) == nil {
					ended[code] = true
				}
				delete(live, code)
				break
			}
		default:
			r := hufutest.NewResident("周某", fmt.Sprintf("19%02d-01-02", n/900+60), "110101", n%900)
			offer := o.c.Issue(o.Desk, r)
			application := o.apply(t, offer, asIs)
			first, err := desk.Answer(t.Context(), application)
			if err == nil || random.IntN(2) == 0 { // else the citizen does not come again
				again, err := o.Answer(t.Context(), application)
				none(t, err)
				if first != nil && !bytes.Equal(first, again) {
					t.Fatal("another credential")
				}
				if at := reference(t, again); given[at] {
					t.Fatalf("entry %d was given to two people", at.Index)
				} else {
					given[at] = true
				}
				live[offer.Code] = r
			}
		}
		if c.dead {
			crashes++
		}
		if random.IntN(10) == 0 {
			_, err := o.Recover(t.Context())
			none(t, err)
			o.agrees(t)
		}
	}
	_, err := o.Recover(t.Context())
	none(t, err)
	o.agrees(t)
	known := map[status.Reference]bool{}
	for c, err := range o.Issued(t.Context()) {
		none(t, err)
		if known[c.Status] {
			t.Errorf("entry %d stands twice", c.Status.Index)
		}
		known[c.Status] = true
	}
	for at := range given {
		if !known[at] {
			t.Errorf("the desk forgot entry %d", at.Index)
		}
	}
	for code := range ended {
		is(t, o.Revoke(t.Context(), code), issuer.ErrRevoked)
	}
	t.Logf("%d crashes, %d credentials, %d revoked", crashes, len(known), len(ended))
	if crashes == 0 || len(ended) == 0 {
		t.Error("nothing was tried")
	}
}
