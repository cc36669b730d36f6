package issuer_test

import (
	"bytes"
	"context"
	"crypto"
	"errors"
	"reflect"
	"slices"
	"testing"
	"time"

	"github.com/hufu-id/hufu/credential"
	"github.com/hufu-id/hufu/hufutest"
	"github.com/hufu-id/hufu/identity"
	"github.com/hufu-id/hufu/ledger"
	"github.com/hufu-id/hufu/openid"
	"github.com/hufu-id/hufu/predicate"
	"github.com/hufu-id/hufu/provenance"
	"github.com/hufu-id/hufu/vault"
	"github.com/hufu-id/hufu/wallet"
	"github.com/hufu-id/hufu/wallet/issuer"
	"github.com/hufu-id/hufu/zkp"
)

func equal(a, b map[string]any) bool { return reflect.DeepEqual(a, b) }

// trace judges an answer's credential as a counter would.
func (o *office) trace(t *testing.T, answer []byte) (*provenance.Credential, crypto.PublicKey, error) {
	t.Helper()
	var found *provenance.Credential
	err := o.c.Client(o.c.Log).Resolve(t.Context(), func(view *ledger.View) (err error) {
		found, err = provenance.Verify(t.Context(), provenance.Ledger(view), parsed(t, answer), o.c.Public, provenance.Options{Now: o.c.Now()})
		return err
	}, ledger.ResolveOptions{})
	if err != nil {
		return nil, nil, err
	}
	return found, found.Confirmation, nil
}

// TestReissueRefuses: the desk answers the holder of the very credential, in time, and
// nobody else.
func TestReissueRefuses(t *testing.T) {
	o := newOffice(t)
	key := o.c.Key()
	offer := o.c.Issue(o.Desk, resident(1))
	answer, err := o.Answer(t.Context(), o.apply(t, offer, func(a *application) { a.signer = key }))
	none(t, err)
	other := o.issue(t, o.c.Issue(o.Desk, resident(2)))
	good := openid.ReissueClaims{
		Audience: o.agency.DID, Credential: openid.CredentialHash(parsed(t, answer).String()), IssuedAt: o.c.Now().Truncate(time.Second),
	}
	ask := func(signer crypto.Signer, claims openid.ReissueClaims) []byte {
		text, err := openid.SignReissue(t.Context(), signer, claims)
		none(t, err)
		return []byte(text)
	}
	_, err = o.Reissue(t.Context(), ask(key, good))
	is(t, err, issuer.ErrNotReissued)
	o.stolen(t)
	_, err = o.Resign(t.Context(), issuer.ResignOptions{})
	none(t, err)

	request := ask(key, good)
	first, err := o.Reissue(t.Context(), request)
	none(t, err)
	for _, again := range [][]byte{request, ask(key, good)} {
		second, err := o.Reissue(t.Context(), again)
		none(t, err)
		if !bytes.Equal(first, second) {
			t.Error("another answer")
		}
	}
	for name, test := range map[string]struct {
		signer crypto.Signer
		edit   func(*openid.ReissueClaims)
		want   error
	}{
		"another holder key": {o.c.Key(), func(*openid.ReissueClaims) {}, issuer.ErrHolder},
		"somebody else's credential": {key, func(c *openid.ReissueClaims) {
			c.Credential = openid.CredentialHash(parsed(t, other).String())
		}, issuer.ErrHolder},
		"a credential that nobody issued": {key, func(c *openid.ReissueClaims) { c.Credential[0]++ }, issuer.ErrNotReissued},
		"the newest credential":           {key, func(c *openid.ReissueClaims) { c.Credential = openid.CredentialHash(parsed(t, first).String()) }, issuer.ErrNotReissued},
		"another desk":                    {key, func(c *openid.ReissueClaims) { c.Audience = o.c.Office.DID }, openid.ErrProofAudience},
		"an old request":                  {key, func(c *openid.ReissueClaims) { c.IssuedAt = c.IssuedAt.Add(-7 * time.Minute) }, openid.ErrProofTime},
		"a request of tomorrow":           {key, func(c *openid.ReissueClaims) { c.IssuedAt = c.IssuedAt.Add(24 * time.Hour) }, openid.ErrProofTime},
	} {
		t.Run(name, func(t *testing.T) {
			claims := good
			test.edit(&claims)
			answer, err := o.Reissue(t.Context(), ask(test.signer, claims))
			is(t, err, test.want)
			if answer != nil {
				t.Error("a refusal with an answer")
			}
		})
	}
	t.Run("replayed later", func(t *testing.T) {
		o.c.Advance(7 * time.Minute)
		_, err := o.Reissue(t.Context(), request)
		is(t, err, openid.ErrProofTime)
	})
	good.IssuedAt = o.c.Now().Truncate(time.Second)
	t.Run("signed anew twice", func(t *testing.T) {
		o.stolen(t)
		_, err := o.Resign(t.Context(), issuer.ResignOptions{})
		none(t, err)
		newest, err := o.Reissue(t.Context(), ask(key, good))
		none(t, err)
		_, _, err = o.trace(t, newest)
		none(t, err)
	})
	t.Run("revoked", func(t *testing.T) {
		o.offline = true
		if err := o.Revoke(t.Context(), offer.Code); err == nil {
			t.Fatal("revoked without a line to the ledger")
		}
		_, err := o.Reissue(t.Context(), ask(key, good)) // it waits for the ledger
		is(t, err, issuer.ErrRevoked)
		o.offline = false
		_, err = o.Recover(t.Context())
		none(t, err)
		_, err = o.Reissue(t.Context(), ask(key, good))
		is(t, err, issuer.ErrRevoked)
	})
}

// TestReceiveReissueRefuses: a wallet lets nothing take a credential's place that says
// something else, holds longer or is older.
func TestReceiveReissueRefuses(t *testing.T) {
	o := newOffice(t)
	h, stranger := o.citizen(t, 1), o.citizen(t, 2)
	before := held(t, h)
	o.c.Advance(25 * time.Hour)
	o.c.Heartbeat()
	o.stolen(t)
	_, err := o.Resign(t.Context(), issuer.ResignOptions{})
	none(t, err)
	fetch := func(h *hufutest.Holder) []byte {
		request, err := h.RequestReissue(t.Context(), held(t, h).ID)
		none(t, err)
		answer, err := o.Reissue(t.Context(), request)
		none(t, err)
		return answer
	}
	second := fetch(h)
	o.c.Advance(25 * time.Hour)
	o.agency.Rotate()
	o.rekeyed(t)
	_, err = o.Resign(t.Context(), issuer.ResignOptions{Retired: true})
	none(t, err)
	third := fetch(h)
	refuses := func(answer []byte, want error) {
		t.Helper()
		now := held(t, h)
		_, err := h.ReceiveReissue(t.Context(), answer)
		is(t, err, want)
		if after := held(t, h); !reflect.DeepEqual(after, now) {
			t.Error("a refusal changed the credential")
		}
	}
	refuses(fetch(stranger), wallet.ErrUnrequested)
	edition, err := credential.ParseSchema(bytes.Replace(o.c.Schema.Bytes(), []byte(`"version": 1`), []byte(`"version": 2`), 1))
	none(t, err)
	o.c.PublishSchema(edition)
	o.c.Submit(o.c.Root, &ledger.Accreditation{
		Agency: o.agency.DID, Action: ledger.ActionIssue, Region: "110102", Type: hufutest.Type,
		Accreditor: o.c.Root.DID, State: ledger.StateActive, Subject: o.agency.Subject,
	})
	for name, edit := range map[string]func(*issuer.IssueSpec){
		"holds longer":    func(s *issuer.IssueSpec) { s.NotAfter++ },
		"another entry":   func(s *issuer.IssueSpec) { s.Status.Index++ },
		"another name":    func(s *issuer.IssueSpec) { s.Claims["name"] = "赵某" },
		"another day":     func(s *issuer.IssueSpec) { s.Binding++ },
		"another region":  func(s *issuer.IssueSpec) { s.Region = "110102" },
		"another edition": func(s *issuer.IssueSpec) { s.Schema = edition },
	} {
		t.Run(name, func(t *testing.T) { refuses(o.otherwise(t, h, third, edit), wallet.ErrDiffers) })
	}
	s, err := h.ReceiveReissue(t.Context(), third)
	none(t, err)
	if s.ID != before.ID || !s.Expires.Equal(before.Expires) || s.NotBefore.Equal(before.NotBefore) {
		t.Errorf("before: %+v, after: %+v", before, s)
	}
	history, err := h.History(t.Context())
	none(t, err)
	_, err = h.ReceiveReissue(t.Context(), third)
	none(t, err)
	if again, err := h.History(t.Context()); err != nil || len(again) != len(history) {
		t.Errorf("the same once more is noted: %v", err)
	}
	refuses(second, wallet.ErrDiffers)
	_, err = h.Receive(t.Context(), third)
	is(t, err, wallet.ErrReceived)
}

// otherwise signs what an answer says, but for one thing, with the office's keys.
func (o *office) otherwise(t *testing.T, h *hufutest.Holder, answer []byte, edit func(*issuer.IssueSpec)) []byte {
	t.Helper()
	found, holder, err := o.trace(t, answer)
	none(t, err)
	endorsement, err := zkp.ParseEndorsement(found.Claims[zkp.ClaimName].(string))
	none(t, err)
	binding, err := zkp.ParseDay(found.Claims[predicate.ClaimBinding].(string))
	none(t, err)
	secret := new(zkp.Secret)
	none(t, h.Store.View(t.Context(), func(tx vault.Tx) error {
		r, err := tx.Get("secret", "holder")
		copy(secret[:], r.Value)
		return err
	}))
	commitment, err := secret.HolderCommitment(identity.Scope(o.agency.DID, o.c.Schema))
	none(t, err)
	spec := &issuer.IssueSpec{
		Schema: o.c.Schema, Claims: claimsOf(resident(1)), Region: found.Region, Holder: holder, Commitment: commitment,
		Binding: binding, Status: *found.Status, NotBefore: endorsement.NotBefore, NotAfter: endorsement.NotAfter,
	}
	edit(spec)
	keys := o.agency.Issuer()
	out, err := issuer.Issue(t.Context(), &keys, spec, nil)
	none(t, err)
	response, err := (&openid.CredentialResponse{Credentials: []string{out.Credential.String()}}).Bytes()
	none(t, err)
	return response
}

// readOnly is a store into which nothing can be written.
type readOnly struct{ vault.Store }

func (readOnly) Update(context.Context, func(vault.Tx) error) error {
	return errors.New("nothing is written here")
}

// TestReissueRepeated: a request that is sent again gets the same answer, byte for byte,
// or a refusal, and leaves nothing behind: not while the desk lives, not after it was
// opened anew, not after the holder has received the answer.
func TestReissueRepeated(t *testing.T) {
	o := newOffice(t)
	h := o.citizen(t, 1)
	anchors(t, o, 1)
	asksExistence, err := h.RequestExistence(t.Context(), held(t, h).ID)
	none(t, err)
	o.stolen(t)
	_, err = o.Resign(t.Context(), issuer.ResignOptions{})
	none(t, err)
	request, err := h.RequestReissue(t.Context(), held(t, h).ID)
	none(t, err)
	first, err := o.Reissue(t.Context(), request)
	none(t, err)
	path, err := o.Existence(t.Context(), asksExistence)
	none(t, err)
	issued, _ := o.count(t)
	again := func(want error) {
		t.Helper()
		cfg := o.cfg
		cfg.Store = readOnly{o.store}
		cfg.Ledger = noLine
		desk, err := issuer.New(cfg)
		none(t, err)
		for range 3 {
			answer, err := desk.Reissue(t.Context(), request)
			is(t, err, want)
			shown, err2 := desk.Existence(t.Context(), asksExistence)
			is(t, err2, want)
			if want == nil && (!bytes.Equal(answer, first) || !bytes.Equal(shown, path)) || want != nil && (answer != nil || shown != nil) {
				t.Error("another answer")
			}
		}
		if now, _ := o.count(t); now != issued {
			t.Errorf("%d credentials, before %d", now, issued)
		}
	}
	again(nil)
	_, err = h.ReceiveReissue(t.Context(), first)
	none(t, err)
	again(nil)
	if _, err := o.Resign(t.Context(), issuer.ResignOptions{}); err != nil {
		t.Fatal(err)
	}
	again(nil)
	o.c.Advance(6*time.Minute + time.Second)
	again(openid.ErrProofTime)
}

// TestVoid: a wallet names what no longer counts, whichever of the two keys was stolen,
// until it has it anew; what is over is left out.
func TestVoid(t *testing.T) {
	for name, mark := range map[string]func(o *office){
		"signature key": func(o *office) { o.agency.MarkCompromised(o.agency.KeyID, o.c.Now()) },
		"proof key":     func(o *office) { o.agency.MarkCompromised(o.proofKeyID(t, o.agency.Proof.ProofKey()), o.c.Now()) },
	} {
		t.Run(name, func(t *testing.T) {
			o := newOffice(t)
			h, revoked := o.holder(t, 1), o.holder(t, 2)
			isVoid := func(h *hufutest.Holder, want ...string) {
				t.Helper()
				void, err := h.Void(t.Context())
				none(t, err)
				if !slices.Equal(void, want) {
					t.Errorf("void: %q, want %q", void, want)
				}
			}
			isVoid(h)
			o.agency.Rotate() // in good standing
			o.rekeyed(t)
			isVoid(h)
			o = o.again(t, h)
			none(t, o.Revoke(t.Context(), revoked.Code))
			mark(o)
			o.rekeyed(t)
			none(t, o.Publish(t.Context()))
			none(t, revoked.RefreshStatus(t.Context()))
			isVoid(revoked)
			isVoid(h, held(t, h).ID)
			_, err := o.Resign(t.Context(), issuer.ResignOptions{})
			none(t, err)
			reissues(t, o, h)
			isVoid(h)
		})
	}
}

// again signs everything with the keys of today, and lets a wallet fetch it.
func (o *office) again(t *testing.T, h *hufutest.Holder) *office {
	t.Helper()
	_, err := o.Resign(t.Context(), issuer.ResignOptions{Retired: true})
	none(t, err)
	reissues(t, o, h)
	return o
}
