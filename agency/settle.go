package agency

import (
	"bytes"
	"context"
	"errors"
	"fmt"

	"github.com/hufu-id/hufu/ledger"
)

// Settle finds out what became of a change of the DID that was interrupted: it
// submits the same operation again and asks the ledger for the DID. Then the
// change is finished or dropped, and the agency signs with the keys that the
// proved DID names. Where nothing is pending it reads the vault alone, and sees
// what other processes changed.
//
// An application is not submitted: it is asked for, and stays until an agency has admitted
// it.
//
// The error is a *ledger.RefusedError where the change was dropped, ledger.ErrNotAdmitted, [ErrPending]
// where the ledger cannot be asked or does not prove what it said, [ErrElsewhere], or
// one of the stores.
func (a *Agency) Settle(ctx context.Context) error {
	a.changing.Lock()
	defer a.changing.Unlock()
	return a.settle(ctx)
}

func (a *Agency) settle(ctx context.Context) error {
	if a.store == nil {
		return ErrElsewhere
	}
	r, err := a.load(ctx)
	if err != nil {
		return err
	}
	if r.Pending == nil {
		return a.show(ctx, r)
	}
	if a.client == nil {
		return ErrPending
	}
	op, err := r.pending()
	if err != nil {
		return err
	}
	if r.Object == nil {
		return a.enter(ctx, r)
	}
	_, err = a.log.Submit(ctx, op)
	if err != nil && !isRefusal(err) {
		return fmt.Errorf("%w: %w", ErrPending, err)
	}
	return a.conclude(ctx, r, op.Operation.Body, err)
}

// conclude holds the ledger's answer against the DID that it proves. body is the
// DID as the change wants it; refusal is nil where the ledger accepted.
func (a *Agency) conclude(ctx context.Context, r *record, body []byte, refusal error) error {
	wanted, err := ledger.ParseDID(r.DID, body)
	if err != nil {
		return fmt.Errorf("%w: %w", ErrRecord, err)
	}
	least := wanted.Sequence
	if refusal != nil {
		least = wanted.Sequence - 1 // of the DID that the change began from
	}
	object, _, err := a.prove(ctx, r.DID)
	switch {
	case err != nil:
		return fmt.Errorf("%w: %w", ErrPending, err)
	case object.Sequence < least:
		return fmt.Errorf("%w: %w: proves an older DID", ErrPending, ledger.ErrReader)
	}
	r.Pending, r.Object = nil, object.Bytes()
	a.drop(ctx, r, object)
	if err := a.keep(ctx, r); err != nil {
		return err
	}
	if refusal != nil && !bytes.Equal(object.Bytes(), body) {
		return refused(refusal)
	}
	return nil
}

// keep stores a settled record and signs with its keys from now on. Where another
// process has settled the change meanwhile, its record counts.
func (a *Agency) keep(ctx context.Context, r *record) error {
	err := a.save(ctx, r)
	switch {
	case errors.Is(err, ErrRaced):
		if r, err = a.load(ctx); err != nil {
			return err
		}
	case err != nil:
		return fmt.Errorf("%w: %w", ErrPending, err)
	}
	return a.show(ctx, r)
}

func refused(err error) error { return fmt.Errorf("agency: change of the DID: %w", err) }

// prove asks the ledger for a DID. absent means that a proof says so, and not a server.
func (a *Agency) prove(ctx context.Context, did string) (object *ledger.DID, absent bool, err error) {
	err = a.resolve(ctx, func(view *ledger.View) (err error) {
		object, err = view.DID(did)
		absent = errors.Is(err, ledger.ErrAbsent)
		return err
	}, ledger.DIDKey(did))
	return object, absent, err
}
