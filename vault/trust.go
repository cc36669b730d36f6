package vault

import (
	"bytes"
	"context"
	"errors"
)

// kindTrust is the kind of the records that hold a ledger client's trust.
const kindTrust = "trust"

// TrustStore is a ledger.TrustStore in one record of a Store.
type TrustStore struct {
	store  Store
	origin string
}

// NewTrustStore returns the trust store for the ledger of an origin. It is as durable
// as the store.
func NewTrustStore(store Store, origin string) *TrustStore { return &TrustStore{store, origin} }

// Load implements ledger.TrustStore.
func (t *TrustStore) Load(ctx context.Context) (state []byte, err error) {
	err = t.store.View(ctx, func(tx Tx) (err error) {
		state, err = t.read(tx)
		return err
	})
	return state, err
}

func (t *TrustStore) read(tx Tx) ([]byte, error) {
	r, err := tx.Get(kindTrust, t.origin)
	if errors.Is(err, ErrNotFound) {
		return nil, nil
	}
	return r.Value, err
}

// CompareAndSwap implements ledger.TrustStore.
func (t *TrustStore) CompareAndSwap(ctx context.Context, old, next []byte) (swapped bool, err error) {
	err = t.store.Update(ctx, func(tx Tx) error {
		swapped = false
		current, err := t.read(tx)
		if err != nil {
			return err
		}
		if (current == nil) != (old == nil) || !bytes.Equal(current, old) {
			return nil
		}
		swapped = true
		return tx.Put(kindTrust, t.origin, next)
	})
	return swapped && err == nil, err
}
