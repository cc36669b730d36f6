package agency

import (
	"bytes"
	"context"
	"errors"
	"fmt"

	"github.com/hufu-id/hufu/credential"
	"github.com/hufu-id/hufu/ledger"
	"github.com/hufu-id/hufu/zkp"
)

// Submit signs each object with the agency's signature key and submits them
// together: all are accepted, or none. The receipt is as in ledger.Submitter.
//
// The error is [ErrNoKey], [ErrOffline], [ErrConfig] without an object, an error
// of ledger.SignObjects, a *ledger.RefusedError after which nothing has changed,
// or an [*UncertainError].
func (a *Agency) Submit(ctx context.Context, objects ...ledger.Object) (*ledger.Receipt, error) {
	keys := a.Keys()
	switch {
	case a.client == nil:
		return nil, ErrOffline
	case keys.Key == nil:
		return nil, ErrNoKey
	case len(objects) == 0:
		return nil, fmt.Errorf("%w: nothing to submit", ErrConfig)
	}
	ops, err := ledger.SignObjects(keys.Ledger, objects, keys.Key)
	if err != nil {
		return nil, err
	}
	receipt, err := a.log.Submit(ctx, ops...)
	if err != nil && !isRefusal(err) {
		err = &UncertainError{Operations: ops, Err: err}
	}
	return receipt, err
}

// PublishSchema fixes a credential type on the ledger, under this agency's name.
// The ledger keeps the hash alone: the file (schema.Bytes) goes to wallets and
// counters another way. A version that the ledger holds already with the same
// content is not submitted again; another content is a *ledger.RefusedError.
// Other errors are those of Submit and ledger.Client.
func (a *Agency) PublishSchema(ctx context.Context, schema *credential.Schema) error {
	return a.publish(ctx, &ledger.Schema{
		ID: schema.ID, Version: uint32(schema.Version), VCT: schema.VCT, Hash: schema.Hash(),
		Attributes: schema.Slots(), Owner: a.DID(),
	})
}

// PublishVerifyingKeys names the verifying keys of circuits on the ledger, all or
// none. transcript is the SHA-256 of the ceremony's transcript, and zero for keys
// of a single party: [ErrTranscript] otherwise. Keys that the ledger holds already
// are not submitted again.
//
// The consortium decides on verifying keys. This agency's signature alone is
// enough where the agreement's threshold is one and names its key; else sign the
// ledger.VK objects with all who decide, by ledger.SignObjects. Other errors are
// those of Submit and ledger.Client.
func (a *Agency) PublishVerifyingKeys(ctx context.Context, transcript [32]byte, keys ...*zkp.VerifyingKey) error {
	objects := make([]ledger.Object, len(keys))
	for i, key := range keys {
		setup := ledger.SetupSingleParty
		if key.Setup() == zkp.SetupCeremony {
			setup = ledger.SetupCeremony
		}
		if (setup == ledger.SetupCeremony) == (transcript == [32]byte{}) {
			return ErrTranscript
		}
		objects[i] = &ledger.VK{
			Circuit: string(key.Circuit()), KeyHash: key.Hash(), TranscriptHash: transcript,
			Setup: setup, State: ledger.VKActive,
		}
	}
	return a.publish(ctx, objects...)
}

// publish submits those objects that the ledger does not hold word for word.
func (a *Agency) publish(ctx context.Context, objects ...ledger.Object) error {
	var missing []ledger.Object
	keys := make([]string, len(objects))
	for i, object := range objects {
		keys[i] = object.Key()
	}
	err := a.resolve(ctx, func(view *ledger.View) error {
		missing = nil
		for _, object := range objects {
			held, err := view.Get(object.Key())
			if err != nil && !errors.Is(err, ledger.ErrAbsent) {
				return err
			}
			if !bytes.Equal(held, object.Bytes()) {
				missing = append(missing, object)
			}
		}
		return nil
	}, keys...)
	if err != nil || len(missing) == 0 {
		return err
	}
	_, err = a.Submit(ctx, missing...)
	return err
}
