package agency

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/hufu-id/hufu/ledger"
)

// Rotate makes a new signature key and ends the one in use now. What the old key
// signed before still counts; what is signed with it from now on is refused,
// requests and ledger operations that are under way included. Every process that
// holds the old key must ask Keys again. Status lists must be signed anew: a list
// needs a key that is in force now.
//
// A DID holds 32 keys at most over its whole life. Rotating the root's key does
// not change which keys decide for the consortium (ledger.Agreement).
//
// The error of this and the other changes is a *ledger.RefusedError after which
// nothing has changed, [ErrPending] after which Settle finds out,
// [ErrNoChangeKey], [ErrRaced], [ErrOffline], [ErrElsewhere],
// ledger.ErrDeactivated, or one of the stores.
func (a *Agency) Rotate(ctx context.Context) error {
	return a.change(ctx, func(d *draft) error {
		signature, _ := a.inUse(d.record, d.object)
		d.end(signature, d.now.Unix())
		_, err := a.addSignatureKey(ctx, d)
		return err
	})
}

// ReplaceProofKey makes a new proof key, the first one where there was none. The
// old one ends with the day, so that every credential that begins today can be
// proved. The ledger accredits the new key when the next epoch closes.
func (a *Agency) ReplaceProofKey(ctx context.Context) error {
	return a.change(ctx, func(d *draft) error {
		_, proof := a.inUse(d.record, d.object)
		d.end(proof, d.tomorrow)
		return a.addProofKey(d)
	})
}

// MarkCompromised says that someone else may have had a key since a time: nothing
// that it signed counts any more, whatever date it bears, because a thief dates
// as he likes. What the ledger shows to have existed before that time still does.
// keyID is the key's DID URL or its part after the "#"; a zero time means always.
// A key in use is replaced in the same change.
//
// The desk must sign its status lists anew, and the credentials that the key
// signed. The agency gives anew what the ledger voids: the accreditations and
// purposes that the key has signed since.
//
// The error is [ErrUnknownKey] or as in Rotate.
func (a *Agency) MarkCompromised(ctx context.Context, keyID string, since time.Time) error {
	return a.change(ctx, func(d *draft) error {
		name := strings.TrimPrefix(keyID, d.object.ID+"#")
		place := slices.IndexFunc(d.object.Keys, func(k ledger.PublicKey) bool { return k.ID == name })
		if place < 0 {
			return ErrUnknownKey
		}
		signature, proof := a.inUse(d.record, d.object)
		at := max(since.Unix(), 1) // 0 would be never
		if k := &d.object.Keys[place]; k.CompromisedFrom == 0 || at < k.CompromisedFrom {
			k.CompromisedFrom = at
		}
		switch place {
		case signature:
			_, err := a.addSignatureKey(ctx, d)
			return err
		case proof:
			return a.addProofKey(d)
		}
		return nil
	})
}

// Deactivate ends the DID for good: nothing that rests on it counts any more, and
// it cannot be changed again.
func (a *Agency) Deactivate(ctx context.Context) error {
	return a.change(ctx, func(d *draft) error {
		d.object.Deactivated = true
		return nil
	})
}

// Change is for what the other changes do not cover, such as a second signature
// key in another office's module. edit gets the DID as it stands; it may append
// keys and bring ends forward. Change itself sets Next and Sequence, and signs.
// The ledger refuses an edit that deletes, alters or reopens a key.
func (a *Agency) Change(ctx context.Context, edit func(*ledger.DID)) error {
	return a.change(ctx, func(d *draft) error {
		edit(d.object)
		return nil
	})
}

// change makes one change of the DID, from the settled state before it to the
// settled state after it.
func (a *Agency) change(ctx context.Context, edit func(*draft) error) error {
	a.changing.Lock()
	defer a.changing.Unlock()
	if a.store != nil && a.client == nil {
		return ErrOffline
	}
	if err := a.settle(ctx); err != nil && !isRefusal(err) { // refused: what was begun before this
		return err
	}
	r, err := a.load(ctx)
	if err != nil {
		return err
	}
	object, err := r.parse()
	if err != nil {
		return err
	}
	known := len(r.Keys)
	if err := a.sign(ctx, r, object, edit); err != nil {
		a.discard(ctx, r.Keys[known:])
		return err
	}
	err = a.save(ctx, r)
	if errors.Is(err, ErrRaced) { // another error leaves open what was stored
		a.discard(ctx, r.Keys[known:])
	}
	if err != nil {
		return err
	}
	return a.settle(ctx)
}

// sign makes the operation of a change and puts it into the record.
func (a *Agency) sign(ctx context.Context, r *record, object *ledger.DID, edit func(*draft) error) error {
	if object.Deactivated {
		return ledger.ErrDeactivated
	}
	own, ok := r.changeKey(object)
	if !ok {
		return ErrNoChangeKey
	}
	key, err := a.opts.Safe.Key(ctx, own.ID)
	if err != nil {
		return fmt.Errorf("%w: %w", ErrNoChangeKey, err)
	}
	sequence := object.Sequence + 1
	object.Sequence = sequence
	d, err := a.newDraft(r, object)
	if err != nil {
		return err
	}
	if err := edit(d); err != nil {
		return err
	}
	object.ID, object.Sequence, object.Next = r.DID, sequence, nil
	if !object.Deactivated {
		if err := a.commitToNext(ctx, d); err != nil {
			return err
		}
	}
	signed, err := ledger.SignObject(a.client.Pinned().ID(), object, key)
	if err != nil {
		return err
	}
	r.Pending = signed.Bytes()
	return nil
}
