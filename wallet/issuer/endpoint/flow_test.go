package endpoint_test

import (
	"testing"

	"github.com/hufu-id/hufu/openid"
)

// TestPreAuthorized goes from an offer to a credential that is revoked.
func TestPreAuthorized(t *testing.T) {
	o := open(t, nil)
	offer, id, txCode := o.offer(o.c.Adult(), map[string]any{"tx_code": true})
	if len(txCode) != 6 || offer.Issuer != o.url {
		t.Errorf("%+v", offer)
	}
	w := o.wallet()
	w.keep(w.preAuthorized(offer.Code(), txCode))
	answer := response(t, w.apply(w.application(2)).ok(200))
	if len(answer.Credentials) != 2 {
		t.Errorf("%d copies", len(answer.Credentials))
	}
	body, err := (&openid.Notification{ID: answer.NotificationID, Event: openid.CredentialAccepted}).Bytes()
	none(t, err)
	w.ask("/notification", "application/json", string(body)).ok(204)
	w.ask("/notification", "application/json", string(body)).ok(204)
	o.admin("/admin/credentials/"+id+"/revoke", nil).ok(204)
	if all, revoked := o.count(); all != 2 || revoked != 2 {
		t.Errorf("%d of %d revoked", revoked, all)
	}
}

// TestSignIn goes through PAR, the page, the token endpoint and a refresh.
func TestSignIn(t *testing.T) {
	o := open(t, haip())
	w := o.wallet().signIn()
	if answer := response(t, w.apply(w.application(1)).ok(200)); len(answer.Credentials) != 1 {
		t.Error("no credential")
	}
	w.keep(w.renew())
	w.apply(w.application(1)).ok(200)
	if all, revoked := o.count(); all != 2 || revoked != 1 {
		t.Errorf("%d of %d revoked", revoked, all)
	}
}
