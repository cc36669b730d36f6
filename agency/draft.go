package agency

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/hufu-id/hufu/ledger"
	"github.com/hufu-id/hufu/vault"
	"github.com/hufu-id/hufu/zkp"
)

// purpose is that of a signature key in a key store. Keys in the safe add their use.
const purpose = "agency"

// draft is a change of the DID in the making: the object as it is to be, and the
// record with the keys that were made for it.
type draft struct {
	record *record
	object *ledger.DID
	now    time.Time
	// Keys are in force from the beginning of the day and proof keys until its
	// end: credentials carry whole days.
	today, tomorrow int64
}

func (a *Agency) newDraft(r *record, object *ledger.DID) (*draft, error) {
	now := a.now()
	today, err := zkp.Today(now)
	if err != nil {
		return nil, err
	}
	return &draft{
		record: r, object: object, now: now,
		today: today.Start().Unix(), tomorrow: (today + 1).Start().Unix(),
	}, nil
}

// addSignatureKey makes a signature key, stores it and names it in the DID.
func (a *Agency) addSignatureKey(ctx context.Context, d *draft) (vault.Key, error) {
	key, public, err := a.generate(ctx, a.opts.Keys, d, "")
	if err != nil {
		return nil, err
	}
	d.add("sig", ledger.PurposeSignature, public)
	return key, nil
}

// addProofKey makes a proof key and names it in the DID.
func (a *Agency) addProofKey(d *draft) error {
	key, err := zkp.GenerateKey(nil)
	if err != nil {
		return err
	}
	seed, public := key.Seed(), key.ProofKey().Bytes()
	d.record.Proofs = append(d.record.Proofs, proofRecord{Seed: seed[:], Public: public, Sequence: d.object.Sequence})
	d.add("zk", ledger.PurposeProof, public)
	return nil
}

// commitToNext makes the key that may sign the change after this one.
func (a *Agency) commitToNext(ctx context.Context, d *draft) error {
	_, public, err := a.generate(ctx, a.opts.Safe, d, useChange)
	d.object.Next = [][32]byte{ledger.KeyHash(public)}
	return err
}

// generate makes a key in a key store and notes it in the record.
func (a *Agency) generate(ctx context.Context, keys vault.KeyStore, d *draft, use string) (vault.Key, []byte, error) {
	key, err := keys.Generate(ctx, vault.KeySpec{Algorithm: vault.ES256, Purpose: strings.TrimSuffix(purpose+"-"+use, "-")})
	if err != nil {
		return nil, nil, fmt.Errorf("agency: making a key: %w", err)
	}
	public, err := ledger.DefaultSuites().MarshalKey(key.Public())
	if err != nil {
		return nil, nil, err
	}
	d.record.Keys = append(d.record.Keys, keyRecord{
		ID: key.Info().ID, Public: public, Use: use, Sequence: d.object.Sequence,
	})
	return key, public, nil
}

// add appends a key to the DID under the first free name: sig-1, sig-2, ….
func (d *draft) add(prefix, purpose string, public []byte) {
	name := ""
	for n := 1; name == "" || slices.ContainsFunc(d.object.Keys, func(k ledger.PublicKey) bool { return k.ID == name }); n++ {
		name = fmt.Sprintf("%s-%d", prefix, n)
	}
	d.object.Keys = append(d.object.Keys, ledger.PublicKey{ID: name, Purpose: purpose, Public: public, From: d.today})
}

// end closes a key at a time, unless it ends before; place -1 is no key.
func (d *draft) end(place int, at int64) {
	if place < 0 {
		return
	}
	k := &d.object.Keys[place]
	at = max(at, k.From+1) // made this very second
	if k.Until == 0 || at < k.Until {
		k.Until = at
	}
}

// drop deletes the private keys that a proved DID no longer needs. One that the
// key store does not delete now stays in the record for the next time.
func (a *Agency) drop(ctx context.Context, r *record, object *ledger.DID) {
	now := a.now()
	ended := func(public []byte, made uint64) bool {
		if made > object.Sequence { // of a change that may still come
			return false
		}
		k, there := found(object.Keys, func(k ledger.PublicKey) bool { return bytes.Equal(k.Public, public) })
		_, until := k.Period()
		return !there || k.Compromised() || !until.IsZero() && !now.Before(until)
	}
	r.Proofs = slices.DeleteFunc(r.Proofs, func(p proofRecord) bool { return ended(p.Public, p.Sequence) })
	r.Keys = slices.DeleteFunc(r.Keys, func(k keyRecord) bool {
		switch k.Use {
		case "":
			return ended(k.Public, k.Sequence) && a.deleteKey(ctx, a.opts.Keys, k.ID)
		case useAgreement:
			return false
		}
		needed := k.Sequence > object.Sequence || slices.Contains(object.Next, ledger.KeyHash(k.Public))
		return !needed && a.deleteKey(ctx, a.opts.Safe, k.ID)
	})
}

// discard deletes private keys that no record names.
func (a *Agency) discard(ctx context.Context, keys []keyRecord) {
	for _, k := range keys {
		if k.Use != "" {
			a.deleteKey(ctx, a.opts.Safe, k.ID)
		} else {
			a.deleteKey(ctx, a.opts.Keys, k.ID)
		}
	}
}

// deleteKey reports whether the key is gone.
func (a *Agency) deleteKey(ctx context.Context, keys vault.KeyStore, id string) bool {
	err := keys.DeleteKey(ctx, id)
	return err == nil || errors.Is(err, vault.ErrNotFound)
}
