package issuer_test

import (
	"bytes"
	"crypto"
	"crypto/sha256"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/hufu-id/hufu/agency"
	"github.com/hufu-id/hufu/credential"
	"github.com/hufu-id/hufu/did"
	"github.com/hufu-id/hufu/hufutest"
	"github.com/hufu-id/hufu/ledger"
	"github.com/hufu-id/hufu/openid"
	"github.com/hufu-id/hufu/provenance"
	"github.com/hufu-id/hufu/status"
	"github.com/hufu-id/hufu/vault"
	"github.com/hufu-id/hufu/verifier"
	"github.com/hufu-id/hufu/wallet"
	"github.com/hufu-id/hufu/wallet/issuer"
)

// holder is a wallet that holds a credential of the office.
func (o *office) holder(t *testing.T, n int) *hufutest.Holder {
	t.Helper()
	h := o.c.Wallet()
	_, err := h.Receive(t.Context(), o.c.Respond(h, o.Desk, resident(n)))
	none(t, err)
	return h
}

// fetchExistence lets a wallet ask the desk, and keep what it gets.
func (o *office) fetchExistence(t *testing.T, h *hufutest.Holder) (by time.Time, path []byte) {
	t.Helper()
	id := held(t, h).ID
	request, err := h.RequestExistence(t.Context(), id)
	none(t, err)
	path, err = o.Existence(t.Context(), request)
	none(t, err)
	by, err = h.ReceiveExistence(t.Context(), id, path)
	none(t, err)
	return by, path
}

func anchors(t *testing.T, o *office, want int) {
	t.Helper()
	n, err := o.AnchorIssued(t.Context())
	none(t, err)
	if n != want {
		t.Fatalf("%d credentials are anchored, want %d", n, want)
	}
}

func takesExisted(c *hufutest.Country) *hufutest.Counter {
	return c.Counter(c.Policy(func(p hufutest.JSON) { p["existence"] = true }))
}

// TestExistence: after a theft of the office's key, a credential counts that the ledger
// shows to be older, with counters that take it.
func TestExistence(t *testing.T) {
	o := newOffice(t)
	c := o.c
	h, late := o.holder(t, 1), o.holder(t, 2)
	taker, other := takesExisted(c), c.Counter(c.Policy(nil))
	anchors(t, o, 2)
	anchors(t, o, 0)
	c.Heartbeat()
	anchored := c.Now()
	by, _ := o.fetchExistence(t, h)
	if by.After(anchored) || by.Before(anchored.Add(-time.Minute)) {
		t.Errorf("existed by %v, anchored at %v", by, anchored)
	}
	result, err := taker.Verify(t.Context(), c.Answer(h, taker, hufutest.Claims))
	none(t, err)
	if result.Issuers[0].Existed != nil {
		t.Error("the key is in force, and the counter looked at the log")
	}
	c.Advance(time.Hour)
	third := o.holder(t, 3) // not anchored
	o.stolen(t)
	none(t, o.Publish(t.Context()))

	result, err = taker.Verify(t.Context(), c.Answer(h, taker, hufutest.Claims))
	none(t, err)
	if e := result.Issuers[0].Existed; e == nil || !e.Equal(by) {
		t.Errorf("existed by %v, want %v", e, by)
	}
	_, err = other.Verify(t.Context(), c.Answer(h, other, hufutest.Claims))
	is(t, err, did.ErrKeyCompromised)
	// Nor does it count there where a wallet sends it all the same.
	_, path := o.fetchExistence(t, h)
	unasked, err := openid.ParseResponse(c.Answer(h, other, hufutest.Claims))
	none(t, err)
	unasked.Existence = map[string][]byte{hufutest.Claims: path}
	b, err := unasked.Bytes()
	none(t, err)
	_, err = other.Verify(t.Context(), b)
	is(t, err, did.ErrKeyCompromised)
	_, err = taker.Verify(t.Context(), c.Answer(late, taker, hufutest.Claims)) // the wallet never asked
	is(t, err, did.ErrKeyCompromised)
	o.fetchExistence(t, late) // the desk has kept it
	_, err = taker.Verify(t.Context(), c.Answer(late, taker, hufutest.Claims))
	none(t, err)
	request, err := third.RequestExistence(t.Context(), held(t, third).ID)
	none(t, err)
	_, err = o.Existence(t.Context(), request)
	is(t, err, issuer.ErrNotAnchored)
	anchors(t, o, 1) // after the theft
	o.fetchExistence(t, third)
	_, err = taker.Verify(t.Context(), c.Answer(third, taker, hufutest.Claims))
	is(t, err, did.ErrKeyCompromised)

	// A counter that did not ask gets nothing of it.
	_, ask := c.Ask(h, other)
	if bytes.Contains(c.Present(h, ask, hufutest.Claims), []byte("hufu_existence")) {
		t.Error("an existence was sent to a counter that did not ask")
	}
	// What was signed anew is anchored with the next batch, and the old path goes.
	_, err = o.Resign(t.Context(), issuer.ResignOptions{})
	none(t, err)
	reissues(t, o, h)
	if bytes.Contains(c.Answer(h, taker, hufutest.Claims), []byte("hufu_existence")) {
		t.Error("the path of the credential before is sent")
	}
	anchors(t, o, 3)
	o.fetchExistence(t, h)
	_, err = taker.Verify(t.Context(), c.Answer(h, taker, hufutest.Claims))
	none(t, err)
	// A revoked one does not count, however old.
	none(t, o.Revoke(t.Context(), late.Code))
	_, err = taker.Verify(t.Context(), c.Answer(late, taker, hufutest.Claims))
	is(t, err, status.ErrRevoked)
	none(t, h.Forget(t.Context(), held(t, h).ID))
	none(t, h.Store.View(t.Context(), func(tx vault.Tx) error {
		left, err := tx.List("existence")
		if len(left) > 0 {
			t.Error("a forgotten credential leaves its path")
		}
		return err
	}))
}

func reissues(t *testing.T, o *office, h *hufutest.Holder) {
	t.Helper()
	request, err := h.RequestReissue(t.Context(), held(t, h).ID)
	none(t, err)
	response, err := o.Reissue(t.Context(), request)
	none(t, err)
	_, err = h.ReceiveReissue(t.Context(), response)
	none(t, err)
}

// thief has the office's key, and a holder key of his own.
type thief struct {
	*office
	keys agency.Keys
	key  crypto.Signer
	sd   *credential.SDJWT
}

func (f *thief) sign(t *testing.T) {
	t.Helper()
	f.key = f.c.Key()
	f.sd = forgery(t, f.c, f.office, f.keys, f.c.Forge(resident(700), f.key.Public()))
}

// put puts operations on the ledger, and returns the index of the first.
func (f *thief) put(t *testing.T, key crypto.Signer, objects ...ledger.Object) uint64 {
	t.Helper()
	ops, err := ledger.SignObjects(f.keys.Ledger, objects, key)
	none(t, err)
	receipt, err := f.c.Log.Submit(t.Context(), ops...)
	none(t, err)
	return receipt.Operations[0].Index
}

func (f *thief) stateAfter(t *testing.T, leaf uint64) uint64 {
	t.Helper()
	state, err := f.c.Client(f.c.Log).StateAfter(t.Context(), leaf)
	none(t, err)
	return state
}

// anchor anchors the forgery alone, in an agency's name.
func (f *thief) anchor(t *testing.T, as string, key crypto.Signer) *provenance.Existence {
	t.Helper()
	root, paths, err := provenance.NewExistences([]*credential.SDJWT{f.sd})
	none(t, err)
	e := paths[0]
	e.Leaf = f.put(t, key, &ledger.Anchor{Hash: root, Count: 1, Agency: as})
	e.State = f.stateAfter(t, e.Leaf)
	return e
}

// shows shows the forgery to a counter, with a path.
func (f *thief) shows(t *testing.T, counter *hufutest.Counter, path []byte) error {
	t.Helper()
	asked := f.c.Request(f.c.AskText(counter))
	part, err := f.sd.Disclose(credential.Path{"birthdate"}, credential.Path{"district"})
	none(t, err)
	bound, err := part.Bind(t.Context(), f.key, counter.ClientID(), asked.Nonce, credential.BindOptions{IssuedAt: f.c.Now()})
	none(t, err)
	answer := &openid.Response{State: asked.State, VPToken: map[string][]string{hufutest.Claims: {bound.String()}}}
	if path != nil {
		answer.Existence = map[string][]byte{hufutest.Claims: path}
	}
	response, err := answer.Bytes()
	none(t, err)
	_, err = counter.Verify(t.Context(), response)
	return err
}

// TestThiefsExistence: nothing that a thief can still write makes a forgery old.
func TestThiefsExistence(t *testing.T) {
	o := newOffice(t)
	c := o.c
	h, neighbour := o.holder(t, 1), o.holder(t, 2)
	none(t, o.Publish(t.Context()))
	anchors(t, o, 2)
	_, theirs := o.fetchExistence(t, h)
	_, second := o.fetchExistence(t, neighbour)
	other, err := provenance.ParseExistence(second)
	none(t, err)
	c.Advance(time.Hour)
	c.Heartbeat()
	f := &thief{office: o, keys: o.agency.Keys}
	f.sign(t)
	// This thief has the key before the office says, and an accomplice's anchor in time.
	foreign := f.anchor(t, c.Office.DID, c.Office.Key)
	c.Advance(5 * time.Minute)
	since := c.Now()
	c.Advance(time.Hour)
	late := f.anchor(t, o.agency.DID, f.keys.Key) // the office does not know yet
	o.agency.MarkCompromised(f.keys.KeyID, since)
	c.Heartbeat()
	counter := takesExisted(c)
	o.rekeyed(t)
	none(t, o.Publish(t.Context()))
	honest, err := provenance.ParseExistence(theirs)
	none(t, err)
	changed := func(e *provenance.Existence, edit func(e *provenance.Existence)) []byte {
		next := *e
		edit(&next)
		return next.Bytes()
	}
	for name, test := range map[string]struct {
		path []byte
		want error
	}{
		"nothing":                  {nil, did.ErrKeyCompromised},
		"anchored after the theft": {late.Bytes(), did.ErrKeyCompromised},
		"another's path":           {theirs, provenance.ErrExistence},
		"the neighbour's":          {second, provenance.ErrExistence},
		"another agency's anchor":  {foreign.Bytes(), provenance.ErrExistence},
		"a state for an anchor":    {changed(late, func(e *provenance.Existence) { e.Leaf = honest.State }), provenance.ErrExistence},
		"a DID for an anchor":      {changed(late, func(e *provenance.Existence) { e.Leaf = 0 }), provenance.ErrExistence},
		"an anchor for a state":    {changed(foreign, func(e *provenance.Existence) { e.State = late.Leaf }), provenance.ErrExistence},
		"his anchor for a state":   {changed(honest, func(e *provenance.Existence) { e.State = late.Leaf }), provenance.ErrExistence},
		"a state before":           {changed(late, func(e *provenance.Existence) { e.State = honest.State }), provenance.ErrExistence},
		"a truncated path":         {theirs[:len(theirs)-32], provenance.ErrExistence},
		"a byte more":              {append(bytes.Clone(theirs), 0), provenance.ErrExistence},
		"a longer path":            {append(bytes.Clone(theirs), make([]byte, 32)...), provenance.ErrExistence},
		"his salt in another's":    {changed(honest, func(e *provenance.Existence) { e.Salt = late.Salt }), provenance.ErrExistence},
		"his path at another's":    {changed(late, func(e *provenance.Existence) { e.Leaf, e.State = honest.Leaf, honest.State }), provenance.ErrExistence},
		"another leaf":             {changed(honest, func(e *provenance.Existence) { e.Index, e.Salt = other.Index, other.Salt }), provenance.ErrExistence},
	} {
		t.Run(name, func(t *testing.T) {
			err := f.shows(t, counter, test.path)
			is(t, err, test.want)
			var rejected *verifier.Rejected
			if !errors.As(err, &rejected) || rejected.Check != verifier.CheckIssuer {
				t.Errorf("got %v", err)
			}
		})
	}
	t.Run("the honest holder", func(t *testing.T) {
		_, err := counter.Verify(t.Context(), c.Answer(h, counter, hufutest.Claims))
		none(t, err)
	})
	t.Run("anchored once the key is known to be stolen", func(t *testing.T) {
		root, _, err := provenance.NewExistences([]*credential.SDJWT{f.sd})
		none(t, err)
		ops, err := ledger.SignObjects(f.keys.Ledger, []ledger.Object{&ledger.Anchor{Hash: root, Count: 1, Agency: o.agency.DID}}, f.keys.Key)
		none(t, err)
		_, err = c.Log.Submit(t.Context(), ops...)
		is(t, err, ledger.ErrUnauthorised)
	})
	t.Run("wallet", func(t *testing.T) {
		_, err := h.ReceiveExistence(t.Context(), held(t, h).ID, second)
		is(t, err, provenance.ErrExistence)
		var rejected *wallet.Rejected
		if !errors.As(err, &rejected) {
			t.Errorf("got %v", err)
		}
	})
}

// TestExistenceAtTheHour: the anchor lies before the theft on every clock.
func TestExistenceAtTheHour(t *testing.T) {
	for _, after := range []time.Duration{-time.Second, 0, time.Second, time.Minute, 61 * time.Second} {
		t.Run(fmt.Sprint(after), func(t *testing.T) {
			o := newOffice(t)
			h := o.holder(t, 1)
			anchors(t, o, 1)
			by, _ := o.fetchExistence(t, h)
			counter := takesExisted(o.c)
			o.c.Advance(time.Hour)
			o.agency.MarkCompromised(o.agency.KeyID, by.Add(after))
			o.rekeyed(t)
			none(t, o.Publish(t.Context()))
			_, err := counter.Verify(t.Context(), o.c.Answer(h, counter, hufutest.Claims))
			if after > time.Minute {
				none(t, err)
			} else {
				is(t, err, did.ErrKeyCompromised)
			}
		})
	}
}

// TestExistenceTellsNothing: what two holders have of one batch has only siblings in
// common, and nothing of the person or the credential.
func TestExistenceTellsNothing(t *testing.T) {
	o := newOffice(t)
	var holders []*hufutest.Holder
	for n := range 5 {
		holders = append(holders, o.holder(t, n))
	}
	anchors(t, o, len(holders))
	var all []*provenance.Existence
	for n, h := range holders {
		_, path := o.fetchExistence(t, h)
		e, err := provenance.ParseExistence(path)
		none(t, err)
		if !bytes.Equal(e.Bytes(), path) {
			t.Fatal("the path holds more than its fields")
		}
		all = append(all, e)
		text := textOf(t, h)
		jwt, _, _ := strings.Cut(text, "~")
		signed, whole := sha256.Sum256([]byte(jwt)), openid.CredentialHash(text)
		secrets := [][]byte{signed[:], whole[:], []byte(jwt[len(jwt)-16:])}
		for _, value := range claimsOf(resident(n)) {
			secrets = append(secrets, []byte(value.(string)))
		}
		for _, s := range secrets {
			if bytes.Contains(path, s) {
				t.Errorf("holder %d: the path holds %x", n, s)
			}
		}
	}
	for i, a := range all {
		for _, b := range all[i+1:] {
			if a.Leaf != b.Leaf || a.State != b.State || a.Count != b.Count {
				t.Error("a holder can be told by the places")
			}
			if a.Salt == b.Salt || a.Index == b.Index || slices.Contains(a.Siblings, b.Salt) || slices.Contains(b.Siblings, a.Salt) {
				t.Error("what is one holder's stands in another's")
			}
		}
	}
}

// textOf is the credential of a wallet.
func textOf(t *testing.T, h *hufutest.Holder) (text string) {
	t.Helper()
	none(t, h.Store.View(t.Context(), func(tx vault.Tx) error {
		r, err := tx.Get("credential", held(t, h).ID)
		_, text, _ = strings.Cut(string(r.Value), `"text":"`)
		text, _, _ = strings.Cut(text, `"`)
		return err
	}))
	return text
}

// TestAnchorIssued: what the ledger refuses is anchored another time, what it did not
// answer is finished, and two desks make one anchor.
func TestAnchorIssued(t *testing.T) {
	o := newOffice(t)
	h, gone := o.holder(t, 1), o.holder(t, 2)
	none(t, o.Revoke(t.Context(), gone.Code))
	refuses := func(want error) {
		t.Helper()
		_, err := o.AnchorIssued(t.Context())
		is(t, err, want)
		request, err := h.RequestExistence(t.Context(), held(t, h).ID)
		none(t, err)
		_, err = o.Existence(t.Context(), request)
		is(t, err, issuer.ErrNotAnchored)
	}
	o.refuses = &ledger.RefusedError{Kind: ledger.KindAnchor, Reason: ledger.ErrFull}
	refuses(ledger.ErrFull)
	o.refuses = nil
	o.offline = true
	refuses(errOffline)
	o.offline, o.deaf = false, true
	refuses(errOffline)
	o.deaf = false
	done, err := o.Recover(t.Context())
	none(t, err)
	if done.Anchored != 1 {
		t.Errorf("%d are anchored", done.Anchored)
	}
	o.fetchExistence(t, h)

	// A change of keys while a batch is pending.
	second := o.holder(t, 3)
	o.offline = true
	_, err = o.AnchorIssued(t.Context())
	is(t, err, errOffline)
	o.offline = false
	o.agency.MarkCompromised(o.agency.KeyID, o.c.Now().Add(time.Hour))
	o.rekeyed(t)
	var all sync.WaitGroup
	var counts [2]int
	for i := range counts {
		desk, err := issuer.New(o.cfg)
		none(t, err)
		all.Go(func() {
			if counts[i], err = desk.AnchorIssued(t.Context()); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	if counts[0]+counts[1] != 1 {
		t.Errorf("%d credentials are anchored", counts)
	}
	o.fetchExistence(t, second)

	request, err := second.RequestExistence(t.Context(), held(t, second).ID)
	none(t, err)
	_, err = o.Reissue(t.Context(), request) // it would hand out the credential
	is(t, err, did.ErrType)
	reissue, err := second.RequestReissue(t.Context(), held(t, second).ID)
	none(t, err)
	_, err = o.Existence(t.Context(), reissue)
	is(t, err, did.ErrType)
	asked := openid.ReissueClaims{
		Audience: o.agency.DID, Credential: openid.CredentialHash(textOf(t, second)), IssuedAt: o.c.Now().Truncate(time.Second),
	}
	stranger, err := openid.SignExistence(t.Context(), o.c.Key(), asked)
	none(t, err)
	_, err = o.Existence(t.Context(), []byte(stranger))
	is(t, err, issuer.ErrHolder)
	asked.Audience = o.c.Office.DID
	elsewhere, err := openid.SignExistence(t.Context(), o.c.Key(), asked)
	none(t, err)
	_, err = o.Existence(t.Context(), []byte(elsewhere))
	is(t, err, openid.ErrProofAudience)
	o.c.Advance(7 * time.Minute)
	_, err = o.Existence(t.Context(), request)
	is(t, err, openid.ErrProofTime)

	o.cfg.Reader, o.cfg.Public = nil, nil
	o.rekeyed(t)
	_, err = o.AnchorIssued(t.Context())
	is(t, err, issuer.ErrConfig)
}

// TestAnchorBatches: more than one anchor covers, and one that cannot be read hides no
// other.
func TestAnchorBatches(t *testing.T) {
	o := newOffice(t)
	first := o.c.Issue(o.Desk, resident(0))
	o.issue(t, first)
	people := provenance.MaxBatch + 2
	if testing.Short() {
		people = 4
	}
	for n := range people {
		o.issue(t, o.c.Issue(o.Desk, hufutest.NewResident("周某", fmt.Sprintf("19%02d-01-02", n/900+60), "110101", n%900)))
	}
	spoilt := 0
	none(t, o.store.Update(t.Context(), func(tx vault.Tx) error {
		records, err := tx.List("offer")
		for _, r := range records {
			if bytes.Contains(r.Value, []byte(first.Code)) {
				spoilt++
				from := bytes.Index(r.Value, []byte(`"response":"`)) + len(`"response":"`)
				return tx.Put("offer", r.ID, append(bytes.Clone(r.Value[:from]), append([]byte("e30="), r.Value[from+bytes.IndexByte(r.Value[from:], '"'):]...)...))
			}
		}
		return err
	}))
	if spoilt != 1 {
		t.Fatal("nothing was spoilt")
	}
	n, err := o.AnchorIssued(t.Context())
	is(t, err, vault.ErrDamaged)
	if n != people {
		t.Errorf("%d of %d are anchored", n, people)
	}
	anchors(t, o, 0)
}
