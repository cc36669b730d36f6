package issuer_test

import (
	"bytes"
	"context"
	"errors"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/hufu-id/hufu/agency"
	"github.com/hufu-id/hufu/credential"
	"github.com/hufu-id/hufu/did"
	"github.com/hufu-id/hufu/hufutest"
	"github.com/hufu-id/hufu/internal/long"
	"github.com/hufu-id/hufu/ledger"
	"github.com/hufu-id/hufu/openid"
	"github.com/hufu-id/hufu/status"
	"github.com/hufu-id/hufu/verifier"
	"github.com/hufu-id/hufu/wallet"
	"github.com/hufu-id/hufu/wallet/issuer"
	"github.com/hufu-id/hufu/zkp"
)

// stolen says that both keys of the office were stolen, and opens its desk with new
// ones. It returns those before.
func (o *office) stolen(t *testing.T) agency.Keys {
	t.Helper()
	before := o.agency.Keys
	o.agency.MarkCompromised(before.KeyID, o.c.Now())
	o.agency.MarkCompromised(o.proofKeyID(t, before.Proof.ProofKey()), o.c.Now())
	o.rekeyed(t)
	return before
}

// rekeyed opens the office's desk with the keys of today.
func (o *office) rekeyed(t *testing.T) {
	t.Helper()
	o.c.Heartbeat()
	o.cfg.Keys = o.agency.Issuer()
	var err error
	o.Desk, err = issuer.New(o.cfg)
	none(t, err)
}

func (o *office) object(t *testing.T) *ledger.DID {
	t.Helper()
	b, err := o.c.Log.Get(t.Context(), ledger.DIDKey(o.agency.DID))
	none(t, err)
	object, err := ledger.ParseDID(o.agency.DID, b)
	none(t, err)
	return object
}

func (o *office) proofKeyID(t *testing.T, key zkp.PublicKey) string {
	t.Helper()
	for _, k := range o.object(t).Keys {
		if bytes.Equal(k.Public, key.Bytes()) {
			return k.ID
		}
	}
	t.Fatal("no such proof key")
	return ""
}

// reissuer carries wallets' requests to the office's desk.
type reissuer struct{ o *office }

func (r reissuer) Reissue(ctx context.Context, did string, request []byte) ([]byte, error) {
	if did != r.o.agency.DID {
		return nil, errOffline
	}
	return r.o.Reissue(ctx, request)
}

// citizen is a wallet that holds a credential of the office and refreshes there.
func (o *office) citizen(t *testing.T, n int) *hufutest.Holder {
	t.Helper()
	h := o.c.Wallet()
	cfg := o.c.WalletConfig(h)
	cfg.Reissuer = reissuer{o}
	var err error
	h.Wallet, err = wallet.New(cfg)
	none(t, err)
	_, err = h.Receive(t.Context(), o.c.Respond(h, o.Desk, resident(n)))
	none(t, err)
	return h
}

// held is the one credential of a wallet.
func held(t *testing.T, h *hufutest.Holder) *wallet.Stored {
	t.Helper()
	var one *wallet.Stored
	for s, err := range h.Credentials(t.Context()) {
		none(t, err)
		if one != nil {
			t.Fatal("two credentials")
		}
		one = s
	}
	return one
}

// TestStolenKeyOfAnOffice: three citizens, and a thief who has the office's keys.
func TestStolenKeyOfAnOffice(t *testing.T) {
	long.NotShort(t, "proves in zero knowledge")
	c := hufutest.New(t, hufutest.Options{})
	c.UseProver()
	o := newOfficeIn(t, c, 0)
	none(t, o.Publish(t.Context()))
	var citizens []*hufutest.Holder
	var before []*wallet.Stored
	for n := range 3 {
		h := o.citizen(t, n)
		citizens, before = append(citizens, h), append(before, held(t, h))
	}
	c.NextEpoch()
	counter := c.Counter(c.Policy(nil))
	ways := []string{hufutest.Claims, hufutest.Proof}
	for _, h := range citizens {
		for _, way := range ways {
			_, err := counter.Verify(t.Context(), c.Answer(h, counter, way))
			none(t, err)
		}
	}

	keys := o.stolen(t)
	none(t, o.Publish(t.Context()))
	c.NextEpoch()
	refusesThief(t, c, o, keys, counter)
	for i, h := range citizens {
		err := h.Refresh(t.Context())
		is(t, err, wallet.ErrReissue) // the office has signed nothing yet
		is(t, err, issuer.ErrNotReissued)
		_, err = h.Prepare(t.Context(), 1)
		is(t, err, zkp.ErrNotRegistered)
		void, err := h.Void(t.Context())
		none(t, err)
		if len(void) != 1 || void[0] != before[i].ID {
			t.Errorf("void: %v", void)
		}
	}
	// What a thief signs for a wallet that asks is refused by the wallet.
	forged := thiefsAnswer(t, c, o, keys, citizens[0], before[0])
	_, err := citizens[0].ReceiveReissue(t.Context(), forged)
	is(t, err, did.ErrKeyCompromised)

	done, err := o.Resign(t.Context(), issuer.ResignOptions{})
	none(t, err)
	if done != (issuer.Resigned{Of: 3, Seen: 3, Signed: 3}) {
		t.Errorf("%+v", done)
	}
	c.NextEpoch()
	for i, h := range citizens {
		none(t, h.Refresh(t.Context()))
		after := held(t, h)
		if after.ID != before[i].ID || !after.Expires.Equal(before[i].Expires) || after.Received.Equal(before[i].Received) {
			t.Errorf("before: %+v, after: %+v", before[i], after)
		}
		history, err := h.History(t.Context())
		none(t, err)
		last := history[len(history)-1]
		if last.Purpose != "reissue "+openid.ConfigurationID(c.Schema.ID, 1) || last.Requester != o.agency.DID || len(last.Revealed)+len(last.Proved) > 0 {
			t.Errorf("the history ends with %+v", last)
		}
		for _, way := range ways {
			_, err := counter.Verify(t.Context(), c.Answer(h, counter, way))
			none(t, err)
		}
		none(t, h.Refresh(t.Context()))
		again, err := h.History(t.Context())
		none(t, err)
		if len(again) != len(history)+2 {
			t.Error("a second round fetched it again")
		}
	}
	refusesThief(t, c, o, keys, counter)
	_, err = citizens[0].ReceiveReissue(t.Context(), forged)
	is(t, err, did.ErrKeyCompromised)
	o.agrees(t)
}

// forgery is a credential that the thief signs, dated as he likes.
func forgery(t *testing.T, c *hufutest.Country, o *office, keys agency.Keys, holder *hufutest.Forgery) *credential.SDJWT {
	t.Helper()
	holder.Signer, holder.Header.Kid, holder.Claims["iss"] = keys.Key, keys.KeyID, o.agency.DID
	holder.Claims["status"] = status.Reference{URI: o.StatusURI(), Index: 1}.Claim()
	day := c.Now().Add(-30 * 24 * time.Hour).Unix()
	holder.Claims["iat"], holder.Claims["nbf"] = day, day
	return holder.Credential()
}

// refusesThief shows the counter a credential of the thief's.
func refusesThief(t *testing.T, c *hufutest.Country, o *office, keys agency.Keys, counter *hufutest.Counter) {
	t.Helper()
	key, asked := c.Key(), c.Request(c.AskText(counter))
	sd := forgery(t, c, o, keys, c.Forge(resident(700), key.Public()))
	part, err := sd.Disclose(credential.Path{"birthdate"}, credential.Path{"district"})
	none(t, err)
	bound, err := part.Bind(t.Context(), key, counter.ClientID(), asked.Nonce, credential.BindOptions{IssuedAt: c.Now()})
	none(t, err)
	_, err = counter.Verify(t.Context(), c.NewResponse(asked.State, hufutest.Claims, bound.String()))
	is(t, err, did.ErrKeyCompromised)
	var rejected *verifier.Rejected
	if !errors.As(err, &rejected) {
		t.Errorf("the forgery could not be checked: %v", err)
	}
}

// thiefsAnswer is the answer of a thief to a wallet that asks for its credential anew.
func thiefsAnswer(t *testing.T, c *hufutest.Country, o *office, keys agency.Keys, h *hufutest.Holder, s *wallet.Stored) []byte {
	t.Helper()
	all, err := h.Keys.Keys(t.Context())
	none(t, err)
	key, err := h.Keys.Key(t.Context(), all[0].ID)
	none(t, err)
	f := c.Forge(resident(0), key.Public())
	for _, claim := range c.Schema.Claims {
		f.Claims[claim.Path.String()] = s.Claims[claim.Path.String()]
	}
	response, err := (&openid.CredentialResponse{Credentials: []string{forgery(t, c, o, keys, f).String()}}).Bytes()
	none(t, err)
	return response
}

// issued3 gives three residents a credential each and returns offers, applications and
// answers.
func (o *office) issued3(t *testing.T) (offers []issuer.Offer, applications, answers [][]byte) {
	t.Helper()
	for n := range 3 {
		offer := o.c.Issue(o.Desk, resident(n))
		application := o.apply(t, offer, asIs)
		answer, err := o.Answer(t.Context(), application)
		none(t, err)
		offers, applications, answers = append(offers, offer), append(applications, application), append(answers, answer)
	}
	return offers, applications, answers
}

// TestResignSigned: what is signed anew says the same, begins today and ends as before.
func TestResignSigned(t *testing.T) {
	o := newOffice(t)
	offers, applications, answers := o.issued3(t)
	o.c.Advance(49 * time.Hour)
	o.c.Heartbeat()
	o.stolen(t)
	none(t, o.Revoke(t.Context(), offers[2].Code))
	done, err := o.Resign(t.Context(), issuer.ResignOptions{})
	none(t, err)
	if done != (issuer.Resigned{Of: 3, Seen: 3, Signed: 2, Ended: 1}) {
		t.Fatalf("%+v", done)
	}
	today, err := zkp.Today(o.c.Now())
	none(t, err)
	for n := range 2 {
		again, err := o.Answer(t.Context(), applications[n]) // a lost first answer
		none(t, err)
		before, after := parsed(t, answers[n]), parsed(t, again)
		if after.Header().Kid != o.agency.KeyID {
			t.Errorf("signed by %s", after.Header().Kid)
		}
		old, now := before.UnverifiedClaims(), after.UnverifiedClaims()
		endorsement, err := zkp.ParseEndorsement(now[zkp.ClaimName].(string))
		none(t, err)
		if endorsement.Issuer != o.agency.Proof.ProofKey() || now["nbf"] != today.Start().Unix() || now["iat"] != now["nbf"] {
			t.Error("not signed today with today's keys")
		}
		for _, changes := range []string{zkp.ClaimName, "nbf", "iat"} {
			delete(old, changes)
			delete(now, changes)
		}
		if !equal(old, now) {
			t.Errorf("before: %v\nafter: %v", old, now)
		}
		_, _, err = o.trace(t, again)
		none(t, err)
	}
	done, err = o.Resign(t.Context(), issuer.ResignOptions{})
	none(t, err)
	if done != (issuer.Resigned{Of: 3, Seen: 3, Good: 2, Ended: 1}) {
		t.Errorf("a second time: %+v", done)
	}
	o.agrees(t)
}

// TestResignRetired: a key that ended in good standing signs nothing anew unless that is
// asked for, and then both endorsements are revoked together.
func TestResignRetired(t *testing.T) {
	o := newOffice(t)
	offers, _, answers := o.issued3(t)
	o.agency.Rotate()
	o.agency.ReplaceProofKey()
	o.rekeyed(t)
	done, err := o.Resign(t.Context(), issuer.ResignOptions{})
	none(t, err)
	if done != (issuer.Resigned{Of: 3, Seen: 3, Good: 3}) {
		t.Fatalf("%+v", done)
	}
	done, err = o.Resign(t.Context(), issuer.ResignOptions{Retired: true})
	none(t, err)
	if done != (issuer.Resigned{Of: 3, Seen: 3, Signed: 3}) {
		t.Fatalf("%+v", done)
	}
	none(t, o.Revoke(t.Context(), offers[0].Code))
	o.c.NextEpoch()
	handles, err := o.c.Log.Revoked(t.Context(), o.c.Log.Trust().EpochAt(o.c.Now())-1)
	none(t, err)
	if len(handles) != 2 {
		t.Fatalf("%d handles are revoked", len(handles))
	}
	old, err := zkp.ParseEndorsement(parsed(t, answers[0]).UnverifiedClaims()[zkp.ClaimName].(string))
	none(t, err)
	if h := old.Handle(); h != handles[0] && h != handles[1] {
		t.Error("the endorsement of before is not revoked")
	}
	o.agrees(t)
}

// TestResignOfOneKey: where only the signature key was stolen, the handle stays.
func TestResignOfOneKey(t *testing.T) {
	o := newOffice(t)
	_, applications, answers := o.issued3(t)
	o.agency.MarkCompromised(o.agency.KeyID, o.c.Now())
	o.rekeyed(t)
	_, err := o.Resign(t.Context(), issuer.ResignOptions{})
	none(t, err)
	again, err := o.Answer(t.Context(), applications[1])
	none(t, err)
	handle := func(answer []byte) zkp.Handle {
		e, err := zkp.ParseEndorsement(parsed(t, answer).UnverifiedClaims()[zkp.ClaimName].(string))
		none(t, err)
		return e.Handle()
	}
	if bytes.Equal(again, answers[1]) || handle(again) != handle(answers[1]) {
		t.Error("not signed anew, or with another handle")
	}
}

// TestResignLeaves: what cannot be signed anew is named and stays as it is, and all the
// rest is signed. The registry loses the leaf of the stolen key and gains one of the new.
func TestResignLeaves(t *testing.T) {
	o := newOffice(t)
	_, applications, answers := o.issued3(t)
	other := o.edition(t, 2)
	o.c.NameSchema(o.cfg.Types[1].Schema)
	o.oneWallet(t)
	offer, err := o.Offer(t.Context(), claimsOf(resident(9)), issuer.OfferOptions{Type: other, ExternalID: "file 9"})
	none(t, err)
	last := o.apply(t, *offer, func(a *application) { a.configuration = other })
	answer, err := o.Answer(t.Context(), last)
	none(t, err)
	applications, answers = append(applications, last), append(answers, answer)
	o.c.NextEpoch()
	before := o.leaves(t)
	if len(before) != 2 || len(o.registry(t, before)) != 2 {
		t.Fatalf("%d leaves, %d of them in the registry", len(before), len(o.registry(t, before)))
	}
	o.cfg.Types = o.cfg.Types[:1]
	o.stolen(t)
	var left []string
	opts := issuer.ResignOptions{Left: func(c issuer.Credential, why error) {
		left = append(left, c.ExternalID)
		is(t, why, issuer.ErrType)
	}}
	done, err := o.Resign(t.Context(), opts)
	none(t, err)
	if done != (issuer.Resigned{Of: 4, Seen: 4, Signed: 3, Left: 1}) || !slices.Equal(left, []string{"file 9"}) {
		t.Errorf("%+v, left: %q", done, left)
	}
	second := make([][]byte, len(answers))
	for n := range answers {
		second[n], err = o.Answer(t.Context(), applications[n])
		none(t, err)
		if n == 3 {
			if !bytes.Equal(second[n], answers[n]) {
				t.Error("what is left was changed")
			}
			continue
		}
		if kid := parsed(t, second[n]).Header().Kid; kid != o.agency.KeyID {
			t.Errorf("credential %d is signed by %s", n, kid)
		}
		_, _, err = o.trace(t, second[n])
		none(t, err)
	}
	o.c.NextEpoch()
	after := o.leaves(t)
	if stay := o.registry(t, before); len(stay) != 0 {
		t.Errorf("%d leaves of the stolen key stay", len(stay))
	}
	if there := o.registry(t, after); len(after) != 2 || len(there) != 2 {
		t.Errorf("%d leaves of the new key, %d of them in the registry", len(after), len(there))
	}

	o.c.Accredit(o.agency, ledger.ActionIssue, ledger.StateSuspended)
	o.stolen(t)
	opts.Left = func(_ issuer.Credential, why error) {
		if !errors.Is(why, issuer.ErrType) {
			is(t, why, zkp.ErrNotRegistered)
		}
	}
	done, err = o.Resign(t.Context(), opts) // its lists it renews: what it issued can still be revoked
	none(t, err)
	if done != (issuer.Resigned{Of: 4, Seen: 4, Left: 4}) {
		t.Errorf("an office that is suspended signs: %+v", done)
	}
	for n := range answers {
		if now, err := o.Answer(t.Context(), applications[n]); err != nil || !bytes.Equal(now, second[n]) {
			t.Errorf("credential %d was changed: %v", n, err)
		}
	}
}

// leaves are the leaves that the registry ought to have of the office's proof key.
func (o *office) leaves(t *testing.T) (out [][32]byte) {
	t.Helper()
	none(t, o.c.Client(o.c.Log).Resolve(t.Context(), func(view *ledger.View) error {
		out = nil
		key := o.agency.Proof.ProofKey()
		from, until, ok, err := view.IssuingDays(o.agency.DID, key.Bytes(), hufutest.Type, hufutest.Region)
		if err != nil || !ok {
			return err
		}
		for version := range uint32(2) {
			leaf, err := new(zkp.Accumulator).RegistryLeaf(key.Bytes(), o.c.Schema.ID, version+1, hufutest.Region, from, until)
			if err != nil {
				return err
			}
			out = append(out, leaf)
		}
		return nil
	}, ledger.ResolveOptions{}))
	return out
}

// registry are those of some leaves that the newest closed epoch has.
func (o *office) registry(t *testing.T, leaves [][32]byte) (out [][32]byte) {
	t.Helper()
	all, err := o.c.Log.Registry(t.Context(), o.c.Log.Trust().EpochAt(o.c.Now())-1)
	none(t, err)
	for _, leaf := range leaves {
		if slices.Contains(all, leaf) {
			out = append(out, leaf)
		}
	}
	return out
}

// TestResignNeedsKeysInForce: nothing is signed under a key that is void itself.
func TestResignNeedsKeysInForce(t *testing.T) {
	o := newOffice(t)
	o.issued3(t)
	o.agency.MarkCompromised(o.agency.KeyID, o.c.Now())
	o.c.Heartbeat()
	_, err := o.Resign(t.Context(), issuer.ResignOptions{}) // with the old keys
	is(t, err, did.ErrKeyCompromised)
	o.cfg.Reader, o.cfg.Public = nil, nil
	o.rekeyed(t)
	_, err = o.Resign(t.Context(), issuer.ResignOptions{})
	is(t, err, issuer.ErrConfig)
}

// TestResignStops: it stops when it is told to, and goes on where it was; two at once do
// no harm.
func TestResignStops(t *testing.T) {
	o := newOffice(t)
	const people = 150
	for n := range people {
		o.issue(t, o.c.Issue(o.Desk, resident(n)))
	}
	o.stolen(t)
	ctx, stop := context.WithCancel(t.Context())
	done, err := o.Resign(ctx, issuer.ResignOptions{Progress: func(r issuer.Resigned) {
		if r.Signed > 0 {
			stop()
		}
	}})
	is(t, err, context.Canceled)
	if done.Signed == 0 || done.Signed == people {
		t.Fatalf("%+v", done)
	}
	first := done.Signed
	var all sync.WaitGroup
	var counts [2]issuer.Resigned
	for i := range counts {
		desk, err := issuer.New(o.cfg)
		none(t, err)
		all.Go(func() {
			if counts[i], err = desk.Resign(t.Context(), issuer.ResignOptions{}); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	if counts[0].Signed+counts[1].Signed+first != people {
		t.Errorf("%d, then %+v and %+v", first, counts[0], counts[1])
	}
	done, err = o.Resign(t.Context(), issuer.ResignOptions{})
	none(t, err)
	if done.Good != people {
		t.Errorf("%+v", done)
	}
	o.agrees(t)
}
