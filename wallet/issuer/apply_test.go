package issuer_test

import (
	"bytes"
	"context"
	"crypto"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/hufu-id/hufu/credential"
	"github.com/hufu-id/hufu/hufutest"
	"github.com/hufu-id/hufu/identity"
	"github.com/hufu-id/hufu/openid"
	"github.com/hufu-id/hufu/provenance"
	"github.com/hufu-id/hufu/status"
	"github.com/hufu-id/hufu/vault"
	"github.com/hufu-id/hufu/wallet/issuer"
	"github.com/hufu-id/hufu/zkp"
)

const deskURL = "https://residents.example/desk"

// online is an office that is reached over a connection.
func online(t testing.TB) *office {
	t.Helper()
	return onlineIn(t, hufutest.New(t, hufutest.Options{}), 0)
}

func onlineIn(t testing.TB, c *hufutest.Country, size int) *office {
	t.Helper()
	o := newOfficeIn(t, c, size)
	o.cfg.URL = deskURL
	var err error
	o.Desk, err = issuer.New(o.cfg)
	none(t, err)
	none(t, o.Publish(t.Context()))
	return o
}

// request is an application over a connection, right in everything until a test spoils
// one thing.
type request struct {
	grant, configuration, audience, nonce string
	keys                                  []crypto.Signer
	commitment                            []byte
	within                                func(vault.Tx, []string) error
}

var errSpent = errors.New("nonce was used")

// once uses a nonce up in the desk's own store.
func once(tx vault.Tx, nonces []string) error {
	for _, n := range nonces {
		if _, err := tx.Get("test-nonce", n); err == nil {
			return errSpent
		}
		if err := tx.Put("test-nonce", n, []byte{1}); err != nil {
			return err
		}
	}
	return nil
}

func (o *office) request(grant string, copies int) *request {
	r := &request{grant: grant, configuration: openid.ConfigurationID(o.c.Schema.ID, 1), audience: deskURL, nonce: "nonce-1", within: once}
	for range copies {
		r.keys = append(r.keys, o.c.Key())
	}
	return r
}

// bound adds a commitment of a secret.
func (r *request) bound(t testing.TB, o *office, secret zkp.Secret) *request {
	t.Helper()
	commitment, err := secret.HolderCommitment(identity.Scope(o.agency.DID, o.c.Schema))
	none(t, err)
	b := commitment.Bytes()
	r.commitment = b[:]
	return r
}

func (r *request) application(t testing.TB, o *office) *issuer.Application {
	t.Helper()
	out := &openid.CredentialRequest{ConfigurationID: r.configuration, HolderCommitment: r.commitment}
	for _, key := range r.keys {
		proof, err := openid.SignProof(t.Context(), key, openid.ProofClaims{Audience: r.audience, Nonce: r.nonce, IssuedAt: o.c.Now()})
		none(t, err)
		out.Proofs = append(out.Proofs, proof)
	}
	return &issuer.Application{Grant: r.grant, Request: out, Within: r.within, Nonce: func(nonce string) error {
		if !strings.HasPrefix(nonce, "nonce-") {
			return openid.ErrProofNonce
		}
		return nil
	}}
}

// granted offers a credential and redeems the offer.
func (o *office) granted(t testing.TB, r hufutest.Resident, opts issuer.OfferOptions) *issuer.Grant {
	t.Helper()
	offer, err := o.Offer(t.Context(), claimsOf(r), opts)
	none(t, err)
	g, err := o.Redeem(t.Context(), offer.Code, offer.TxCode, nil)
	none(t, err)
	return g
}

// copies reads the credentials of an answer, and verifies them.
func (o *office) copies(t testing.TB, r *openid.CredentialResponse) (out []*credential.Verified) {
	t.Helper()
	for _, text := range r.Credentials {
		sd, err := credential.Parse([]byte(text), credential.ParseOptions{})
		none(t, err)
		v, err := sd.Verify(o.agency.Key.Public(), credential.VerifyOptions{Now: o.c.Now()})
		none(t, err)
		out = append(out, v)
	}
	return out
}

func TestRedeem(t *testing.T) {
	o := online(t)
	offer, err := o.Offer(t.Context(), claimsOf(o.c.Adult()), issuer.OfferOptions{})
	none(t, err)
	parsed, err := openid.ParseCredentialOffer(offer.Offer)
	none(t, err)
	if parsed.Issuer != deskURL || parsed.Region != hufutest.Region {
		t.Errorf("offer of %s, region %s", parsed.Issuer, parsed.Region)
	}
	envelope := o.apply(t, *offer, func(a *application) { a.audience = deskURL })
	t.Run("what fails within redeems nothing", func(t *testing.T) {
		_, err := o.Redeem(t.Context(), offer.Code, "", func(vault.Tx, *issuer.Grant) error { return errSpent })
		is(t, err, errSpent)
	})
	t.Run("unknown code", func(t *testing.T) {
		_, err := o.Redeem(t.Context(), "other", "", nil)
		is(t, err, issuer.ErrCode)
	})
	t.Run("a transaction code that is not asked for", func(t *testing.T) {
		_, err := o.Redeem(t.Context(), offer.Code, "1234", nil)
		is(t, err, issuer.ErrTxCodeMissing)
	})
	g, err := o.Redeem(t.Context(), offer.Code, "", func(tx vault.Tx, g *issuer.Grant) error { return tx.Put("test", g.ID, nil) })
	none(t, err)
	if g.ID != offer.ID || g.Type != "test.resident/1" {
		t.Errorf("%+v", g)
	}
	none(t, o.store.View(t.Context(), func(tx vault.Tx) error { _, err := tx.Get("test", g.ID); return err }))
	t.Run("twice", func(t *testing.T) {
		_, err := o.Redeem(t.Context(), offer.Code, "", nil)
		is(t, err, issuer.ErrCodeUsed)
	})
	t.Run("by a file", func(t *testing.T) {
		_, err := o.Answer(t.Context(), envelope)
		is(t, err, issuer.ErrCodeUsed)
	})
	t.Run("too late", func(t *testing.T) {
		late, err := o.Offer(t.Context(), claimsOf(o.c.OtherAdult()), issuer.OfferOptions{Expires: o.c.Now().Add(time.Minute)})
		none(t, err)
		o.c.Advance(2 * time.Minute)
		_, err = o.Redeem(t.Context(), late.Code, "", nil)
		is(t, err, issuer.ErrOfferExpired)
	})
}

func TestTxCode(t *testing.T) {
	o := online(t)
	for _, opts := range []issuer.OfferOptions{{TxCode: "123"}, {TxCode: "123456789"}, {TxCode: "12ab"}, {TxDigits: 3}, {TxDigits: 9}, {TxDigits: 4, SignIn: true}} {
		_, err := o.Offer(t.Context(), claimsOf(o.c.Adult()), opts)
		is(t, err, issuer.ErrTxCode)
	}
	for digits := 4; digits <= 8; digits++ {
		offer, err := o.Offer(t.Context(), claimsOf(o.c.Adult()), issuer.OfferOptions{TxDigits: digits})
		none(t, err)
		parsed, err := openid.ParseCredentialOffer(offer.Offer)
		none(t, err)
		if tx := parsed.Grants.PreAuthorized.TxCode; len(offer.TxCode) != digits || tx == nil || tx.Length != digits || tx.InputMode != "numeric" {
			t.Errorf("%q, %+v", offer.TxCode, tx)
		}
	}
	offer, err := o.Offer(t.Context(), claimsOf(o.c.Adult()), issuer.OfferOptions{TxCode: "4711"})
	none(t, err)
	_, err = o.Redeem(t.Context(), offer.Code, "", nil)
	is(t, err, issuer.ErrTxCodeMissing)
	for range 4 {
		_, err = o.Redeem(t.Context(), offer.Code, "0815", nil)
		is(t, err, issuer.ErrTxCode)
	}
	t.Run("an envelope is asked for it, too", func(t *testing.T) {
		_, err := o.Answer(t.Context(), o.apply(t, *offer, func(a *application) { a.audience = deskURL }))
		is(t, err, issuer.ErrTxCodeMissing)
	})
	t.Run("after four wrong ones the right one", func(t *testing.T) {
		_, err := o.Redeem(t.Context(), offer.Code, "4711", nil)
		none(t, err)
	})
	ended, err := o.Offer(t.Context(), claimsOf(o.c.OtherAdult()), issuer.OfferOptions{TxCode: "4711", ExternalID: "file 7"})
	none(t, err)
	for n := range 5 {
		if n == 3 { // another process
			o.Desk, err = issuer.New(o.cfg)
			none(t, err)
		}
		_, err = o.Redeem(t.Context(), ended.Code, "0815", nil)
		is(t, err, issuer.ErrTxCode)
	}
	_, err = o.Redeem(t.Context(), ended.Code, "4711", nil)
	is(t, err, issuer.ErrCode)
	_, err = o.Offer(t.Context(), claimsOf(o.c.OtherAdult()), issuer.OfferOptions{}) // and a new one can be made
	none(t, err)
}

func TestGrantBySignIn(t *testing.T) {
	o := online(t)
	offer, err := o.Offer(t.Context(), claimsOf(o.c.Adult()), issuer.OfferOptions{SignIn: true})
	none(t, err)
	parsed, err := openid.ParseCredentialOffer(offer.Offer)
	none(t, err)
	if parsed.Grants.AuthorizationCode == nil || parsed.Grants.AuthorizationCode.IssuerState != offer.Code || parsed.Code() != "" {
		t.Errorf("%s", offer.Offer)
	}
	_, err = o.Redeem(t.Context(), offer.Code, "", nil)
	is(t, err, issuer.ErrOtherWay)
	_, err = o.Answer(t.Context(), o.apply(t, *offer, func(a *application) { a.code, a.audience = offer.Code, deskURL }))
	is(t, err, issuer.ErrOtherWay)
	_, err = o.Grant(t.Context(), claimsOf(o.c.OtherAdult()), issuer.OfferOptions{}, offer.Code, nil)
	is(t, err, issuer.ErrOtherPerson)
	next := o.edition(t, 2)
	_, err = o.Grant(t.Context(), claimsOf(o.c.Adult()), issuer.OfferOptions{Type: next}, offer.Code, nil)
	is(t, err, issuer.ErrType)
	first := issuer.OfferOptions{Type: "test.resident/1"}
	_, err = o.Grant(t.Context(), claimsOf(o.c.Adult()), first, offer.Code, nil)
	none(t, err)
	_, err = o.Grant(t.Context(), claimsOf(o.c.Adult()), first, offer.Code, nil)
	is(t, err, issuer.ErrCodeUsed)
	g, err := o.Grant(t.Context(), claimsOf(o.c.OtherAdult()), first, "", nil)
	none(t, err)
	_, err = o.Apply(t.Context(), o.request(g.ID, 1).application(t, o))
	none(t, err)
	pre, err := o.Offer(t.Context(), claimsOf(resident(3)), first)
	none(t, err)
	_, err = o.Grant(t.Context(), claimsOf(resident(3)), first, pre.Code, nil)
	is(t, err, issuer.ErrOtherWay)
}

// TestBatch: copies have the same claims and nothing else in common.
func TestBatch(t *testing.T) {
	o := online(t)
	secret, err := zkp.GenerateSecret(nil)
	none(t, err)
	g := o.granted(t, o.c.Adult(), issuer.OfferOptions{ExternalID: "file 1"})
	answer, err := o.Apply(t.Context(), o.request(g.ID, 10).bound(t, o, secret).application(t, o))
	none(t, err)
	if len(answer.Credentials) != 10 || answer.NotificationID == "" {
		t.Fatalf("%d copies", len(answer.Credentials))
	}
	seen := map[string]bool{}
	places := map[status.Reference]bool{}
	var inOrder []int
	for i, v := range o.copies(t, answer) {
		sd, err := credential.Parse([]byte(answer.Credentials[i]), credential.ParseOptions{})
		none(t, err)
		for _, part := range strings.Split(answer.Credentials[i], "~")[1:] {
			if part != "" && seen[part] {
				t.Error("two copies share a disclosure")
			}
			seen[part] = true
		}
		e, err := zkp.ParseEndorsement(v.Claims[zkp.ClaimName].(string))
		none(t, err)
		if seen[string(e.Random[:])] {
			t.Error("two copies share a handle")
		}
		seen[string(e.Random[:])] = true
		if places[*v.Status] || !strings.HasPrefix(v.Status.URI, deskURL+"/status/") {
			t.Errorf("place %v", *v.Status)
		}
		places[*v.Status], inOrder = true, append(inOrder, v.Status.Index)
		claims := sd.UnverifiedClaims()
		for _, name := range []string{"iat", "nbf", "exp"} {
			if at := numeric(t, claims[name]); (at+8*3600)%86400 != 0 {
				t.Errorf("%s is no whole day: %d", name, at)
			}
		}
	}
	rising := true
	for i := range inOrder[1:] {
		rising = rising && inOrder[i+1] > inOrder[i]
	}
	if rising {
		t.Error("places are given in order")
	}
	_, _, err = o.trace(t, one(t, answer, 7)) // another copy than the first is traced to the office
	none(t, err)
	o.agrees(t)
	t.Run("one person, one credential", func(t *testing.T) {
		_, err := o.Offer(t.Context(), claimsOf(o.c.Adult()), issuer.OfferOptions{})
		is(t, err, issuer.ErrHeld)
	})
	t.Run("revoked together", func(t *testing.T) {
		none(t, o.RevokeID(t.Context(), g.ID))
		if all, revoked := o.count(t); all != 10 || revoked != 10 {
			t.Errorf("%d of %d", revoked, all)
		}
		o.agrees(t)
		is(t, o.RevokeBy(t.Context(), "file 1"), issuer.ErrRevoked)
	})
}

func numeric(t testing.TB, v any) int64 {
	t.Helper()
	n, err := credentialNumber(v)
	none(t, err)
	return n
}

// one is an answer with one copy of another.
func one(t testing.TB, r *openid.CredentialResponse, n int) []byte {
	t.Helper()
	b, err := (&openid.CredentialResponse{Credentials: r.Credentials[n : n+1]}).Bytes()
	none(t, err)
	return b
}

// TestPlain: a wallet that knows no zero knowledge gets a credential without it, which is
// revoked in the list alone, and signed anew.
func TestPlain(t *testing.T) {
	o := online(t)
	g := o.granted(t, o.c.Adult(), issuer.OfferOptions{})
	answer, err := o.Apply(t.Context(), o.request(g.ID, 2).application(t, o))
	none(t, err)
	for _, v := range o.copies(t, answer) {
		if v.Claims[zkp.ClaimName] != nil {
			t.Error("an endorsement that nobody can use")
		}
	}
	_, _, err = o.trace(t, one(t, answer, 1))
	none(t, err)
	o.agency.ReplaceProofKey()
	o.rekeyed(t)
	done, err := o.Resign(t.Context(), issuer.ResignOptions{Retired: true})
	none(t, err)
	if done.Signed != 0 || done.Good != 2 {
		t.Errorf("%+v", done)
	}
	none(t, o.RevokeID(t.Context(), g.ID))
	if _, revoked := o.count(t); revoked != 2 {
		t.Errorf("%d revoked", revoked)
	}
	o.agrees(t)
}

// TestBatchAfterTheft: each copy is signed anew, and each holder key fetches its own.
func TestBatchAfterTheft(t *testing.T) {
	o := online(t)
	g := o.granted(t, o.c.Adult(), issuer.OfferOptions{})
	secret, err := zkp.GenerateSecret(nil)
	none(t, err)
	r := o.request(g.ID, 3).bound(t, o, secret)
	answer, err := o.Apply(t.Context(), r.application(t, o))
	none(t, err)
	o.stolen(t)
	done, err := o.Resign(t.Context(), issuer.ResignOptions{})
	none(t, err)
	if done.Signed != 3 {
		t.Fatalf("%+v", done)
	}
	for i, key := range r.keys {
		message, err := openid.SignReissue(t.Context(), key, openid.ReissueClaims{Credential: openid.CredentialHash(answer.Credentials[i]), Audience: o.agency.DID, IssuedAt: o.c.Now()})
		none(t, err)
		renewed, err := o.Reissue(t.Context(), []byte(message))
		none(t, err)
		next, err := openid.ParseCredentialResponse(renewed)
		none(t, err)
		if len(next.Credentials) != 1 || next.Credentials[0] == answer.Credentials[i] {
			t.Errorf("copy %d is not signed anew", i)
		}
		_, _, err = o.trace(t, renewed)
		none(t, err)
	}
	none(t, o.RevokeID(t.Context(), g.ID))
	o.agrees(t)
}

// TestBatchExistence: an anchor covers every copy.
func TestBatchExistence(t *testing.T) {
	o := online(t)
	g := o.granted(t, o.c.Adult(), issuer.OfferOptions{})
	r := o.request(g.ID, 3)
	answer, err := o.Apply(t.Context(), r.application(t, o))
	none(t, err)
	n, err := o.AnchorIssued(t.Context())
	none(t, err)
	if n != 3 {
		t.Errorf("%d anchored", n)
	}
	for i, key := range r.keys {
		message, err := openid.SignExistence(t.Context(), key, openid.ReissueClaims{Credential: openid.CredentialHash(answer.Credentials[i]), Audience: o.agency.DID, IssuedAt: o.c.Now()})
		none(t, err)
		path, err := o.Existence(t.Context(), []byte(message))
		none(t, err)
		_, err = provenance.ParseExistence(path)
		none(t, err)
	}
}

// TestApplyAgain: the same request has the same answer, another one replaces it.
func TestApplyAgain(t *testing.T) {
	o := online(t)
	g := o.granted(t, o.c.Adult(), issuer.OfferOptions{})
	app := o.request(g.ID, 2).application(t, o)
	first, err := o.Apply(t.Context(), app)
	none(t, err)
	again, err := o.Apply(t.Context(), app)
	none(t, err)
	if strings.Join(first.Credentials, " ") != strings.Join(again.Credentials, " ") || first.NotificationID != again.NotificationID {
		t.Error("another answer")
	}
	r := o.request(g.ID, 2)
	_, err = o.Apply(t.Context(), r.application(t, o))
	is(t, err, errSpent) // the nonce
	r.nonce = "nonce-2"
	second, err := o.Apply(t.Context(), r.application(t, o))
	none(t, err)
	if all, revoked := o.count(t); all != 4 || revoked != 2 {
		t.Errorf("%d of %d revoked", revoked, all)
	}
	o.agrees(t)
	is(t, o.Notify(t.Context(), g.ID, first.NotificationID, openid.CredentialAccepted), issuer.ErrNotification)
	is(t, o.Notify(t.Context(), "other", second.NotificationID, openid.CredentialAccepted), issuer.ErrNotification)
	none(t, o.Notify(t.Context(), g.ID, second.NotificationID, openid.CredentialAccepted))
	none(t, o.Notify(t.Context(), g.ID, second.NotificationID, openid.CredentialAccepted))
	_, err = o.Apply(t.Context(), r.application(t, o))
	is(t, err, errSpent) // once the wallet has it, the answer is not given again
}

func TestApplyRefuses(t *testing.T) {
	o := online(t)
	g := o.granted(t, o.c.Adult(), issuer.OfferOptions{})
	pre, err := o.Offer(t.Context(), claimsOf(o.c.OtherAdult()), issuer.OfferOptions{})
	none(t, err)
	for _, test := range []struct {
		name   string
		edit   func(*request)
		reason error
	}{
		{"unknown grant", func(r *request) { r.grant = "other" }, issuer.ErrCode},
		{"an offer that was not redeemed", func(r *request) { r.grant = pre.ID }, issuer.ErrCode},
		{"another type", func(r *request) { r.configuration = "test.resident/2" }, issuer.ErrType},
		{"too many copies", func(r *request) { r.keys = append(r.keys, o.request("", 10).keys...) }, openid.ErrCredentialRequest},
		{"two copies on one key", func(r *request) { r.keys = append(r.keys, r.keys[0]) }, openid.ErrProof},
		{"proof for the DID", func(r *request) { r.audience = o.agency.DID }, openid.ErrProofAudience},
		{"foreign nonce", func(r *request) { r.nonce = "other" }, openid.ErrProofNonce},
		{"commitment zero", func(r *request) { r.commitment = make([]byte, 32) }, openid.ErrCredentialRequest},
		{"what fails within", func(r *request) { r.within = func(vault.Tx, []string) error { return errSpent } }, errSpent},
	} {
		t.Run(test.name, func(t *testing.T) {
			r := o.request(g.ID, 1)
			test.edit(r)
			response, err := o.Apply(t.Context(), r.application(t, o))
			is(t, err, test.reason)
			if response != nil {
				t.Error("a credential all the same")
			}
			if all, _ := o.count(t); all != 0 {
				t.Errorf("%d credentials", all)
			}
		})
	}
	_, err = o.Apply(t.Context(), o.request(g.ID, 1).application(t, o))
	none(t, err)
	t.Run("after its end", func(t *testing.T) {
		o.c.Advance(91 * 24 * time.Hour)
		none(t, o.Renew(t.Context()))
		_, err := o.Apply(t.Context(), o.request(g.ID, 1).application(t, o))
		is(t, err, issuer.ErrOfferExpired)
	})
}

func TestDeferred(t *testing.T) {
	o := online(t)
	secret, err := zkp.GenerateSecret(nil)
	none(t, err)
	g := o.granted(t, o.c.Adult(), issuer.OfferOptions{Deferred: true})
	app := o.request(g.ID, 2).bound(t, o, secret).application(t, o)
	later, err := o.Apply(t.Context(), app)
	none(t, err)
	if later.TransactionID == "" || later.Interval != time.Minute || len(later.Credentials) > 0 {
		t.Fatalf("%+v", later)
	}
	again, err := o.Apply(t.Context(), app)
	none(t, err)
	if again.TransactionID != later.TransactionID {
		t.Error("the same application waits twice")
	}
	for range 2 {
		still, err := o.Collect(t.Context(), g.ID, later.TransactionID)
		none(t, err)
		if still.TransactionID != later.TransactionID || still.Interval == 0 {
			t.Errorf("%+v", still)
		}
	}
	_, err = o.Collect(t.Context(), g.ID, "other")
	is(t, err, issuer.ErrTransaction)
	_, err = o.Collect(t.Context(), "other", later.TransactionID)
	is(t, err, issuer.ErrTransaction)
	_, err = o.Collect(t.Context(), g.ID, "")
	is(t, err, issuer.ErrTransaction)
	is(t, o.Approve(t.Context(), "other"), issuer.ErrCode)
	none(t, o.Approve(t.Context(), g.ID))
	is(t, o.Approve(t.Context(), g.ID), issuer.ErrNotDeferred)
	is(t, o.Refuse(t.Context(), g.ID), issuer.ErrNotDeferred)
	first, err := o.Collect(t.Context(), g.ID, later.TransactionID)
	none(t, err)
	second, err := o.Collect(t.Context(), g.ID, later.TransactionID)
	none(t, err)
	if len(first.Credentials) != 2 || strings.Join(first.Credentials, " ") != strings.Join(second.Credentials, " ") {
		t.Error("another answer")
	}
	_, _, err = o.trace(t, one(t, first, 1))
	none(t, err)
	none(t, o.Notify(t.Context(), g.ID, first.NotificationID, openid.CredentialAccepted))
	_, err = o.Collect(t.Context(), g.ID, later.TransactionID)
	is(t, err, issuer.ErrTransaction)
	o.agrees(t)
	t.Run("refused", func(t *testing.T) {
		g := o.granted(t, o.c.OtherAdult(), issuer.OfferOptions{Deferred: true})
		r := o.request(g.ID, 1)
		r.nonce = "nonce-2"
		later, err := o.Apply(t.Context(), r.application(t, o))
		none(t, err)
		none(t, o.Refuse(t.Context(), g.ID))
		_, err = o.Collect(t.Context(), g.ID, later.TransactionID)
		is(t, err, issuer.ErrDenied)
		r.nonce = "nonce-3"
		_, err = o.Apply(t.Context(), r.application(t, o))
		is(t, err, issuer.ErrDenied)
	})
	t.Run("not by file", func(t *testing.T) {
		offer, err := o.Offer(t.Context(), claimsOf(resident(5)), issuer.OfferOptions{Deferred: true})
		none(t, err)
		_, err = o.Answer(t.Context(), o.apply(t, *offer, func(a *application) { a.audience = deskURL }))
		is(t, err, issuer.ErrOtherWay)
	})
}

// TestOneWins: of two desks over one store, racing for one code and one nonce, one wins.
func TestOneWins(t *testing.T) {
	o := online(t)
	other, err := issuer.New(o.cfg)
	none(t, err)
	for n := range 8 {
		offer, err := o.Offer(t.Context(), claimsOf(resident(n)), issuer.OfferOptions{})
		none(t, err)
		errs := both(func(d *issuer.Desk) error {
			_, err := d.Redeem(context.Background(), offer.Code, "", nil)
			return err
		}, o.Desk, other)
		oneWon(t, errs, issuer.ErrCodeUsed)
		apps := map[*issuer.Desk]*issuer.Application{}
		for _, d := range []*issuer.Desk{o.Desk, other} {
			r := o.request(offer.ID, 1)
			r.nonce += strings.Repeat("x", n)
			apps[d] = r.application(t, o)
		}
		errs = both(func(d *issuer.Desk) error { _, err := d.Apply(context.Background(), apps[d]); return err }, o.Desk, other)
		oneWon(t, errs, errSpent)
	}
	if all, revoked := o.count(t); all != 8 || revoked != 0 {
		t.Errorf("%d credentials, %d revoked", all, revoked)
	}
	o.agrees(t)
}

func both(do func(*issuer.Desk) error, desks ...*issuer.Desk) []error {
	results := make(chan error, len(desks))
	for _, d := range desks {
		go func() { results <- do(d) }()
	}
	var errs []error
	for range desks {
		errs = append(errs, <-results)
	}
	return errs
}

func oneWon(t *testing.T, errs []error, lost error) {
	t.Helper()
	if (errs[0] == nil) == (errs[1] == nil) {
		t.Errorf("not exactly one won: %v", errs)
	}
	is(t, errors.Join(errs...), lost)
}

func TestChain(t *testing.T) {
	o := online(t)
	path := certify(t, o.agency.Key)
	o.cfg.Chain = path.chain
	desk, err := issuer.New(o.cfg)
	none(t, err)
	o.Desk = desk
	none(t, o.Publish(t.Context()))
	g := o.granted(t, o.c.Adult(), issuer.OfferOptions{})
	answer, err := o.Apply(t.Context(), o.request(g.ID, 1).application(t, o))
	none(t, err)
	sd, err := credential.Parse([]byte(answer.Credentials[0]), credential.ParseOptions{})
	none(t, err)
	if h := sd.Header(); len(h.X5C) != 2 || !bytes.Equal(h.X5C[0], path.chain[0]) || h.Kid != o.agency.KeyID {
		t.Errorf("%d certificates, kid %s", len(h.X5C), h.Kid)
	}
	if sd.UnverifiedClaims()["iss"] != o.agency.DID {
		t.Error("iss is another")
	}
	raw, err := o.c.Public.Fetch(t.Context(), o.StatusURI())
	none(t, err)
	token, err := status.Parse(raw, status.ParseOptions{})
	none(t, err)
	if len(token.Header().X5C) != 2 {
		t.Error("the status list has no certificates")
	}
	_, _, err = o.trace(t, one(t, answer, 0))
	none(t, err)
	for name, chain := range map[string][][]byte{
		"of another key":    certify(t, o.c.Key()).chain,
		"with its anchor":   append(path.chain[:2:2], path.anchor),
		"in another order":  {path.chain[1], path.chain[0]},
		"a self-signed one": {path.anchor},
		"no certificate":    {{1, 2, 3}},
	} {
		cfg := o.cfg
		cfg.Chain = chain
		if _, err := issuer.New(cfg); !errors.Is(err, issuer.ErrConfig) {
			t.Errorf("%s: %v", name, err)
		}
	}
	for _, url := range []string{"http://residents.example", "https://a.example/?b", "https://a.example/#", "https://u@a.example", "https://a.example/", "a"} {
		cfg := o.cfg
		cfg.URL = url
		if _, err := issuer.New(cfg); !errors.Is(err, issuer.ErrConfig) {
			t.Errorf("%s: %v", url, err)
		}
	}
}

// TestBatchInAFullList: copies that the newest list has no room for have the next one.
func TestBatchInAFullList(t *testing.T) {
	o := onlineIn(t, hufutest.New(t, hufutest.Options{}), 8)
	for n := range 2 {
		r := o.request(o.granted(t, resident(n), issuer.OfferOptions{}).ID, 5)
		r.nonce += strings.Repeat("x", n)
		_, err := o.Apply(t.Context(), r.application(t, o))
		none(t, err)
	}
	o.agrees(t)
}
