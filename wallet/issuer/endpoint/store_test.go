package endpoint_test

import (
	"path/filepath"
	"testing"
	"time"

	"github.com/hufu-id/hufu/vault"
	"github.com/hufu-id/hufu/vault/sqlitevault"
	"github.com/hufu-id/hufu/wallet/issuer"
	"github.com/hufu-id/hufu/wallet/issuer/endpoint"
)

// TestOnDisk goes through a flow over an encrypted file, which is opened anew in the middle.
func TestOnDisk(t *testing.T) {
	path := filepath.Join(t.TempDir(), "desk")
	secret, serve := []byte("a passphrase of a test"), haip()
	store, err := sqlitevault.Create(t.Context(), path, secret, sqlitevault.Options{})
	none(t, err)
	o := open(t, func(d *issuer.Config, e *endpoint.Config) { serve(d, e); d.Store = store })
	w := o.wallet().signIn()
	m := w.application(2)
	none(t, store.Close())
	store, err = sqlitevault.Open(t.Context(), path, secret, sqlitevault.Options{})
	none(t, err)
	defer store.Close()
	o.start()
	w.apply(m).ok(200)
	w.keep(w.renew())
}

// TestSweep: what has ended leaves the store.
func TestSweep(t *testing.T) {
	o := open(t, haip())
	count := func() (n int) {
		none(t, o.deskOf.Store.View(t.Context(), func(tx vault.Tx) error {
			records, err := tx.List("oauth")
			n = len(records)
			return err
		}))
		return n
	}
	w := o.wallet().signIn()
	w.apply(w.application(1)).ok(200)
	before := count()
	for range 4 {
		o.c.Advance(time.Hour)
		o.do("POST", "/nonce", nil, "").ok(200)
	}
	if after := count(); before < 5 || after != 1 { // the session holds as long as the offer
		t.Errorf("%d records, then %d", before, after)
	}
	w.keep(w.renew())
}
