package agency

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/hufu-id/hufu/ledger"
	"github.com/hufu-id/hufu/vault"
)

// Apply makes the keys of an agency in a vault that has none, and returns its application:
// the operation that creates its DID, signed by the agency alone. The ledger takes it with
// the signature of an agency that is on it (see Admit). The application's Bytes are no
// secret; ledger.DIDOf tells the DID. The keys are stored before it leaves. Called again,
// Apply returns the same application. The client says which ledger it is for.
//
// The error is [ErrExists] for an agency that is on its ledger, or founds one, [ErrConfig],
// [ErrRecord], or one of the stores.
func Apply(ctx context.Context, store vault.Store, client *ledger.Client, opts Options) (*ledger.SignedOperation, error) {
	if store == nil || client == nil {
		return nil, fmt.Errorf("%w: store and client are needed", ErrConfig)
	}
	a := withDefaults(&Agency{store: store, client: client, opts: opts})
	r, err := a.load(ctx)
	if errors.Is(err, ErrNone) {
		r, err = a.makeApplication(ctx)
	}
	switch {
	case err != nil:
		return nil, err
	case r.Object != nil || r.Pending == nil:
		return nil, ErrExists
	}
	return r.pending()
}

func (a *Agency) makeApplication(ctx context.Context) (*record, error) {
	d, err := a.newDraft(&record{}, &ledger.DID{})
	if err != nil {
		return nil, err
	}
	key, err := a.addSignatureKey(ctx, d)
	if err != nil {
		return nil, err
	}
	if a.opts.ProofKey {
		if err := a.addProofKey(d); err != nil {
			return nil, err
		}
	}
	if err := a.commitToNext(ctx, d); err != nil {
		return nil, err
	}
	id := a.client.Pinned().ID()
	d.record.Ledger = id[:]
	signed, err := ledger.SignObject(id, d.object, key)
	if err != nil {
		return nil, err
	}
	if d.record.DID, err = ledger.DIDOf(signed.Operation); err != nil {
		return nil, err
	}
	d.record.Pending = signed.Bytes()
	return d.record, a.save(ctx, d.record)
}

// enterEvery is how often Enter asks whether the agency was admitted.
const enterEvery = time.Second

// Enter opens the agency of a vault, and where there is none makes it. It hands the
// application to apply, once a call, until the ledger has the agency, and then waits for
// that: apply may send it to another agency, or show it to a person. The error is apply's,
// the context's, or one of Apply and Open.
func Enter(ctx context.Context, store vault.Store, client *ledger.Client, log ledger.Submitter, opts Options,
	apply func(context.Context, *ledger.SignedOperation) error,
) (*Agency, error) {
	a, err := Open(ctx, store, client, log, opts)
	if !errors.Is(err, ErrNone) && !errors.Is(err, ledger.ErrNotAdmitted) {
		return a, err
	}
	application, err := Apply(ctx, store, client, opts)
	if err == nil {
		err = apply(ctx, application)
	}
	if err != nil {
		return nil, err
	}
	for {
		a, err := Open(ctx, store, client, log, opts)
		if !errors.Is(err, ledger.ErrNotAdmitted) {
			return a, err
		}
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-time.After(enterEvery):
		}
	}
}

// enter takes up the DID of an application, once the ledger proves it.
func (a *Agency) enter(ctx context.Context, r *record) error {
	object, absent, err := a.prove(ctx, r.DID)
	switch {
	case absent:
		return fmt.Errorf("agency: %w", ledger.ErrNotAdmitted)
	case err != nil:
		return fmt.Errorf("%w: %w", ErrPending, err)
	}
	r.Pending, r.Object = nil, object.Bytes()
	a.drop(ctx, r, object)
	return a.keep(ctx, r)
}

// Admit countersigns the application of a newcomer and submits it. This agency answers for
// it: its bytes count in this agency's budget. Whom the ledger has already it does not admit
// again. Who the newcomer is, and what it may do, an accreditation says (Accredit). Returns
// the newcomer's DID.
//
// The error is [ErrApplication] for what is no application to this ledger, [ErrNoKey],
// [ErrOffline], an error of ledger.Client, a *ledger.RefusedError, or an [*UncertainError]
// after which Admit finds out.
func (a *Agency) Admit(ctx context.Context, application *ledger.SignedOperation) (did string, err error) {
	did, err = ledger.DIDOf(application.Operation)
	if err != nil {
		return "", fmt.Errorf("%w: %w", ErrApplication, err)
	}
	keys := a.Keys()
	switch {
	case a.client == nil:
		return "", ErrOffline
	case keys.Key == nil:
		return "", ErrNoKey
	}
	if _, absent, err := a.prove(ctx, did); !absent { // or a server says so, and proves nothing
		return did, err
	}
	signed, err := ledger.Countersign(keys.Ledger, application, keys.Key)
	if err != nil {
		return "", fmt.Errorf("%w: %w", ErrApplication, err)
	}
	_, err = a.log.Submit(ctx, signed)
	if err == nil || isRefusal(err) {
		return did, err
	}
	if _, _, proved := a.prove(ctx, did); proved == nil { // another agency has admitted it meanwhile
		return did, nil
	}
	return did, &UncertainError{Operations: []*ledger.SignedOperation{signed}, Err: err}
}
