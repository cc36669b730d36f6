package agency

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/hufu-id/hufu/ledger"
	"github.com/hufu-id/hufu/vault"
)

// A Root is what founding a ledger takes of its root agency. The founder, such as
// sqlitelog.Init, makes the root's DID of them.
type Root struct {
	// Key is the signature key.
	Key vault.Key
	// Next is the ledger.KeyHash of the change key.
	Next [32]byte
	// Decider is the agency's say in the ledger's first agreement.
	Decider ledger.Decider
}

// PrepareRoot makes the keys of a root agency in a vault that has no agency. Call
// it again before the ledger is founded and it returns the same keys. Once the
// ledger stands, Open with its trust file gives the agency its DID. The error is
// [ErrExists] where the agency has a DID, [ErrConfig], [ErrRecord], or one of the
// stores.
func PrepareRoot(ctx context.Context, store vault.Store, opts Options) (*Root, error) {
	if store == nil {
		return nil, fmt.Errorf("%w: no store", ErrConfig)
	}
	a := withDefaults(&Agency{store: store, opts: opts})
	r, err := a.load(ctx)
	if errors.Is(err, ErrNone) {
		r, err = a.makeRoot(ctx)
	}
	if err != nil {
		return nil, err
	}
	if r.DID != "" {
		return nil, ErrExists
	}
	return a.rootOf(ctx, r)
}

func (a *Agency) makeRoot(ctx context.Context) (*record, error) {
	d, err := a.newDraft(&record{}, &ledger.DID{})
	if err != nil {
		return nil, err
	}
	if _, err := a.addSignatureKey(ctx, d); err != nil {
		return nil, err
	}
	if err := a.commitToNext(ctx, d); err != nil {
		return nil, err
	}
	if _, _, err := a.generate(ctx, a.opts.Safe, d, useAgreement); err != nil {
		return nil, err
	}
	return d.record, a.save(ctx, d.record)
}

func (a *Agency) rootOf(ctx context.Context, r *record) (*Root, error) {
	if len(r.Keys) != 3 || r.Keys[0].Use != "" || r.Keys[1].Use != useChange || r.Keys[2].Use != useAgreement {
		return nil, fmt.Errorf("%w: %d keys of a root agency", ErrRecord, len(r.Keys))
	}
	key, err := a.opts.Keys.Key(ctx, r.Keys[0].ID)
	if err != nil {
		return nil, fmt.Errorf("agency: signature key: %w", err)
	}
	return &Root{
		Key: key, Next: ledger.KeyHash(r.Keys[1].Public),
		Decider: ledger.Decider{Key: r.Keys[0].Public, Next: ledger.KeyHash(r.Keys[2].Public)},
	}, nil
}

// adopt gives a prepared root agency the DID of the ledger that was founded with
// its keys.
func (a *Agency) adopt(ctx context.Context) error {
	r, err := a.load(ctx)
	if err != nil || r.DID != "" {
		return err
	}
	root, err := a.rootOf(ctx, r)
	if err != nil {
		return err
	}
	object, _, err := a.prove(ctx, a.client.Pinned().RootDID)
	if err != nil {
		return fmt.Errorf("agency: the ledger's root: %w", err)
	}
	mine := slices.ContainsFunc(object.Keys, func(k ledger.PublicKey) bool { return bytes.Equal(k.Public, r.Keys[0].Public) })
	if !mine || !slices.Contains(object.Next, root.Next) {
		return ErrNotRoot
	}
	id := a.client.Pinned().ID()
	r.DID, r.Ledger, r.Object = object.ID, id[:], object.Bytes()
	return a.save(ctx, r)
}
