package issuer_test

import (
	"strings"
	"testing"

	"github.com/hufu-id/hufu/openid"
	"github.com/hufu-id/hufu/vault"
	"github.com/hufu-id/hufu/wallet/issuer"
	"github.com/hufu-id/hufu/zkp"
)

// connect gives an office of a crash story a URL.
func (o *office) connect(t *testing.T) {
	t.Helper()
	o.cfg.URL = deskURL
	var err error
	o.Desk, err = issuer.New(o.cfg)
	none(t, err)
}

func texts(r *openid.CredentialResponse) string {
	if r == nil {
		return ""
	}
	return strings.Join(r.Credentials, " ")
}

// What a desk does over a connection, killed at every step.
func init() {
	stories["redeem"] = func(t *testing.T, o *office, c *crash) func() {
		o.connect(t)
		offer, err := o.Offer(t.Context(), claimsOf(resident(1)), issuer.OfferOptions{TxCode: "4711"})
		none(t, err)
		desk := o.doomed(t, c)
		_, wrong := desk.Redeem(t.Context(), offer.Code, "0815", nil)
		_, err = desk.Redeem(t.Context(), offer.Code, "4711", func(tx vault.Tx, g *issuer.Grant) error { return tx.Put("test", g.ID, nil) })
		if c.dead && err != nil {
			is(t, err, errCrash)
		} else {
			none(t, err)
			is(t, wrong, issuer.ErrTxCode)
		}
		return func() {
			recorded := o.store.View(t.Context(), func(tx vault.Tx) error { _, err := tx.Get("test", offer.ID); return err })
			_, err := o.Redeem(t.Context(), offer.Code, "4711", nil)
			if recorded == nil { // the token is there: the code is spent
				is(t, err, issuer.ErrCodeUsed)
			} else {
				none(t, err)
			}
		}
	}
	stories["apply"] = func(t *testing.T, o *office, c *crash) func() {
		o.connect(t)
		secret, err := zkp.GenerateSecret(nil)
		none(t, err)
		g := o.granted(t, resident(1), issuer.OfferOptions{})
		app := o.request(g.ID, 3).bound(t, o, secret).application(t, o)
		first, err := o.doomed(t, c).Apply(t.Context(), app)
		killed(t, c, err)
		return func() {
			second, err := o.Apply(t.Context(), app)
			none(t, err)
			if first != nil && texts(first) != texts(second) {
				t.Error("another answer")
			}
			if all, revoked := o.count(t); all != 3 || revoked != 0 {
				t.Errorf("%d copies, %d revoked", all, revoked)
			}
		}
	}
	stories["apply again"] = func(t *testing.T, o *office, c *crash) func() {
		o.connect(t)
		g := o.granted(t, resident(1), issuer.OfferOptions{})
		_, err := o.Apply(t.Context(), o.request(g.ID, 2).application(t, o))
		none(t, err)
		r := o.request(g.ID, 2)
		r.nonce = "nonce-2"
		app := r.application(t, o)
		_, err = o.doomed(t, c).Apply(t.Context(), app)
		if !c.dead { // what fails after the answer is kept does not fail the answer
			none(t, err)
		}
		return func() {
			_, err := o.Apply(t.Context(), app)
			none(t, err)
			_, err = o.Recover(t.Context())
			none(t, err)
			if all, revoked := o.count(t); all != 4 || revoked != 2 {
				t.Errorf("%d copies, %d revoked", all, revoked)
			}
		}
	}
	stories["deferred"] = func(t *testing.T, o *office, c *crash) func() {
		o.connect(t)
		g := o.granted(t, resident(1), issuer.OfferOptions{Deferred: true})
		app := o.request(g.ID, 2).application(t, o)
		desk := o.doomed(t, c)
		later, err := desk.Apply(t.Context(), app)
		if err == nil {
			err = desk.Approve(t.Context(), g.ID)
		}
		var first *openid.CredentialResponse
		if err == nil {
			first, err = desk.Collect(t.Context(), g.ID, later.TransactionID)
		}
		killed(t, c, err)
		return func() {
			again, err := o.Apply(t.Context(), app)
			none(t, err)
			if again.TransactionID != "" {
				if err := o.Approve(t.Context(), g.ID); err != nil {
					is(t, err, issuer.ErrNotDeferred)
				}
				again, err = o.Collect(t.Context(), g.ID, again.TransactionID)
				none(t, err)
			}
			if first != nil && texts(first) != texts(again) {
				t.Error("another answer")
			}
			if all, revoked := o.count(t); all != 2 || revoked != 0 {
				t.Errorf("%d copies, %d revoked", all, revoked)
			}
		}
	}
}
