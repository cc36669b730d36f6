package agency

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/hufu-id/hufu/ledger"
)

// Agreement returns the agreement that holds. The error is [ErrOffline], or one of
// ledger.Client.
func (a *Agency) Agreement(ctx context.Context) (*ledger.Agreement, error) {
	if a.client == nil {
		return nil, ErrOffline
	}
	return a.client.Agreement(ctx)
}

// Nominate makes what the agency hands in to decide in the agreement after the one that
// holds: it names the signature key in use, and the hash of an agreement key that nobody
// has seen. Nominate makes that key in the safe, once: before the agreement it names the
// same one again. Give the nomination to the agency that proposes the agreement.
//
// The error is [ErrNoKey], [ErrOffline], [ErrElsewhere], [ErrPending], [ErrRaced], one of
// ledger.Client, or one of the stores.
func (a *Agency) Nominate(ctx context.Context) (n *ledger.Nomination, err error) {
	err = a.agreeing(ctx, func(r *record, current *ledger.Agreement) error {
		key, err := a.Signer()
		if err != nil {
			return err
		}
		fresh, err := a.freshKey(ctx, r, current)
		if err != nil {
			return err
		}
		pinned := a.client.Pinned()
		unsigned := ledger.Nomination{Origin: pinned.Origin, Ledger: pinned.ID(), Decider: ledger.Decider{Next: ledger.KeyHash(fresh.Public)}}
		if own, ok := found(r.Keys, func(k keyRecord) bool { return promised(current, k) }); ok {
			unsigned.Replaces = ledger.KeyHash(own.Public)
		}
		n, err = ledger.Nominate(unsigned, key)
		return err
	})
	return n, err
}

// freshKey is an agreement key that has not signed and that no agreement names.
func (a *Agency) freshKey(ctx context.Context, r *record, current *ledger.Agreement) (keyRecord, error) {
	fresh, ok := found(r.Keys, func(k keyRecord) bool { return k.Use == useAgreement && !k.Signed && !promised(current, k) })
	if ok {
		return fresh, nil
	}
	object, err := r.parse()
	if err != nil {
		return fresh, err
	}
	made, err := a.newDraft(r, object)
	if err != nil {
		return fresh, err
	}
	if _, _, err := a.generate(ctx, a.opts.Safe, made, useAgreement); err != nil {
		return fresh, err
	}
	return r.Keys[len(r.Keys)-1], nil
}

// Agree makes the next agreement, for an agency that decides alone: it renews the agency's
// own say and hands the agreement in. edit changes what else is to change; nil is nothing.
// Where other agencies must sign, use Nominate and SignAgreement: [ErrNoSay].
//
// Further errors are those of edit, Nominate, SignAgreement, a *ledger.RefusedError after
// which nothing has changed, or an [*UncertainError].
func (a *Agency) Agree(ctx context.Context, edit func(*ledger.Agreement) error) (*ledger.Agreement, error) {
	n, err := a.Nominate(ctx)
	if err != nil {
		return nil, err
	}
	holds, err := a.Agreement(ctx)
	if err != nil {
		return nil, err
	}
	if holds.Threshold > 1 || n.Replaces == [32]byte{} {
		return nil, fmt.Errorf("%w alone", ErrNoSay)
	}
	next := holds.Successor()
	if err := next.Seat(a.client.Pinned().ID(), n); err != nil {
		return nil, err
	}
	if edit != nil {
		if err := edit(next); err != nil {
			return nil, err
		}
	}
	op, err := ledger.Unsigned(next)
	if err != nil {
		return nil, err
	}
	signed, err := a.SignAgreement(ctx, op)
	if err != nil {
		return nil, err
	}
	_, err = a.log.Submit(ctx, signed)
	switch {
	case err == nil:
		return next, nil
	case !isRefusal(err):
		err = &UncertainError{Operations: []*ledger.SignedOperation{signed}, Err: err}
	}
	return nil, err
}

// SignAgreement adds this agency's signature to the consortium's next agreement. It signs
// with the key that the agreement that holds committed to, and from then on that key is
// known: the next agreement must name a fresh one for this agency (see Nominate).
//
// The error is [ErrAgreement] for an operation that is not the next agreement,
// [ErrNoSay] where no key of this agency may sign it, an error of ledger.Countersign, or
// as in Nominate.
func (a *Agency) SignAgreement(ctx context.Context, signed *ledger.SignedOperation) (out *ledger.SignedOperation, err error) {
	next, err := ledger.ParseAgreement(signed.Operation.Body)
	if err != nil || signed.Operation.Kind != ledger.KindAgreement {
		return nil, fmt.Errorf("%w: no agreement", ErrAgreement)
	}
	err = a.agreeing(ctx, func(r *record, current *ledger.Agreement) error {
		if next.Number != current.Number+1 || next.Previous != current.Hash() {
			return fmt.Errorf("%w: agreement %d, and %d holds", ErrAgreement, next.Number, current.Number)
		}
		place := slices.IndexFunc(r.Keys, func(k keyRecord) bool { return k.Use == useAgreement && promised(current, k) })
		if place < 0 {
			return ErrNoSay
		}
		if promised(next, r.Keys[place]) {
			return fmt.Errorf("%w: it counts again on the key that signs it", ErrAgreement)
		}
		key, err := a.opts.Safe.Key(ctx, r.Keys[place].ID)
		if err != nil {
			return fmt.Errorf("%w: %w", ErrNoSay, err)
		}
		r.Keys[place].Signed = true
		out, err = ledger.Countersign(a.client.Pinned().ID(), signed, key)
		return err
	})
	if err != nil {
		return nil, err
	}
	return out, nil
}

// promised reports whether an agreement names a key for the agreement after it.
func promised(t *ledger.Agreement, k keyRecord) bool {
	return slices.Contains(t.Next(), ledger.KeyHash(k.Public))
}

// agreeing runs a step with the settled record and the agreement that holds, and saves the
// record. Keys that have served are gone before.
func (a *Agency) agreeing(ctx context.Context, step func(*record, *ledger.Agreement) error) error {
	a.changing.Lock()
	defer a.changing.Unlock()
	if a.client == nil {
		return ErrOffline
	}
	if err := a.settle(ctx); err != nil && !isRefusal(err) {
		return err
	}
	r, err := a.load(ctx)
	if err != nil {
		return err
	}
	current, err := a.client.Agreement(ctx)
	if err != nil {
		return err
	}
	r.Keys = slices.DeleteFunc(r.Keys, func(k keyRecord) bool {
		return k.Use == useAgreement && k.Signed && !promised(current, k) && a.deleteKey(ctx, a.opts.Safe, k.ID)
	})
	known := len(r.Keys)
	if err := step(r, current); err != nil {
		a.discard(ctx, r.Keys[known:])
		return err
	}
	err = a.save(ctx, r)
	if errors.Is(err, ErrRaced) { // another error leaves open what was stored
		a.discard(ctx, r.Keys[known:])
	}
	return err
}
