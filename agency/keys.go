package agency

import (
	"context"
	"crypto"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"

	"github.com/hufu-id/hufu/internal/limits"
	"github.com/hufu-id/hufu/ledger"
	"github.com/hufu-id/hufu/vault"
	"github.com/hufu-id/hufu/zkp"
)

// Keys are what an agency signs with. The fields are those of issuer.Keys in
// package wallet/issuer, into which the struct can be converted.
type Keys struct {
	// DID is the agency's identifier.
	DID string
	// Ledger is the one that the DID is on, for which the agency signs operations.
	Ledger ledger.ID
	// KeyID is the DID URL of the signature key.
	KeyID string
	// Key is the signature key; nil where none is at hand.
	Key crypto.Signer
	// Proof is the proof key; nil where the agency has none.
	Proof zkp.Signer
}

// ParseKey reads a signature key from a PEM file, PKCS #8, for [WithKey]. The error is
// ErrConfig.
func ParseKey(file []byte) (crypto.Signer, error) {
	if len(file) > limits.Document {
		return nil, fmt.Errorf("%w: key file of %d bytes", ErrConfig, len(file))
	}
	block, _ := pem.Decode(file)
	if block == nil {
		return nil, fmt.Errorf("%w: no PEM file of a key", ErrConfig)
	}
	key, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	if err != nil {
		return nil, fmt.Errorf("%w: no PKCS #8 key", ErrConfig) // x509's words may quote it
	}
	signer, ok := key.(crypto.Signer)
	if !ok {
		return nil, fmt.Errorf("%w: the key does not sign", ErrConfig)
	}
	return signer, nil
}

// inUse returns the places in the DID of the signature key and the proof key
// that the agency works with: the last in force whose private half it keeps, or
// else the last of those; -1 where there is none.
func (a *Agency) inUse(r *record, object *ledger.DID) (signature, proof int) {
	signature, proof = -1, -1
	for i, k := range object.Keys {
		place, own := &proof, false
		if k.Purpose == ledger.PurposeSignature {
			place = &signature
			_, own = r.signatureKey(k.Public)
		} else {
			_, own = r.proofKey(k.Public)
		}
		if own && (*place < 0 || k.ValidAt(a.now()) || !object.Keys[*place].ValidAt(a.now())) {
			*place = i
		}
	}
	return signature, proof
}

// show makes the agency sign with the keys of a record. A signature key that the
// key store lost is left out, so that Rotate can replace it.
func (a *Agency) show(ctx context.Context, r *record) error {
	object, err := r.parse()
	if err != nil {
		return err
	}
	keys := Keys{DID: r.DID, Ledger: ledger.ID(r.Ledger)}
	signature, proof := a.inUse(r, object)
	if signature >= 0 {
		k, _ := r.signatureKey(object.Keys[signature].Public)
		keys.KeyID = r.DID + "#" + object.Keys[signature].ID
		key, err := a.opts.Keys.Key(ctx, k.ID)
		switch {
		case err == nil:
			keys.Key = key
		case !errors.Is(err, vault.ErrNotFound) && !errors.Is(err, vault.ErrInvalidated):
			return fmt.Errorf("agency: signature key: %w", err)
		}
	}
	if proof >= 0 {
		p, _ := r.proofKey(object.Keys[proof].Public)
		if keys.Proof, err = p.signer(); err != nil {
			return err
		}
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	a.keys, a.object = keys, object
	return nil
}

func (p proofRecord) signer() (zkp.Signer, error) {
	if len(p.Seed) != 32 {
		return nil, fmt.Errorf("%w: seed of %d bytes", ErrRecord, len(p.Seed))
	}
	key, err := zkp.NewPrivateKey([32]byte(p.Seed))
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrRecord, err)
	}
	return key, nil
}
