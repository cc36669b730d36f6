package issuer

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/hufu-id/hufu/identity"
	"github.com/hufu-id/hufu/ledger"
	"github.com/hufu-id/hufu/openid"
	"github.com/hufu-id/hufu/publish"
	"github.com/hufu-id/hufu/zkp"
)

// ErrIdentity: the type needs the proof of an identity credential, or this desk takes
// none.
var ErrIdentity = errors.New("issuer: proof of an identity credential is missing, or not taken here")

// ErrOtherPerson: the identity credential names somebody else than the offer.
var ErrOtherPerson = errors.New("issuer: identity credential names another person than the offer")

// checkIdentity holds the proof of an identity credential against the ledger.
func (d *Desk) checkIdentity(ctx context.Context, t *Type, p *openid.IdentityProof, keyProof string, issued time.Time) (*identity.Shown, error) {
	if d.cfg.Reader == nil {
		return nil, ErrIdentity
	}
	answer, err := identity.ParseAnswer(p.Presentation)
	if err != nil {
		return nil, err
	}
	var keys *zkp.Keys
	var epoch zkp.Epoch
	var demand *identity.Demand
	err = d.cfg.Reader.Resolve(ctx, func(view *ledger.View) (err error) {
		if demand, err = d.demand(ctx, view, t, p, keyProof, issued); err != nil {
			return err
		}
		if epoch, err = d.epoch(view, answer.Epoch); err != nil {
			return err
		}
		keys, err = d.keyring.Keys(ctx, view, []zkp.Circuit{zkp.CircuitPrepare, zkp.CircuitShow})
		return err
	}, ledger.ResolveOptions{})
	if err != nil {
		return nil, err
	}
	return demand.Verify(keys, epoch, answer)
}

func (d *Desk) demand(ctx context.Context, view *ledger.View, t *Type, p *openid.IdentityProof, keyProof string, issued time.Time) (*identity.Demand, error) {
	object, err := view.Schema(p.Schema, uint32(p.Version))
	if errors.Is(err, ledger.ErrAbsent) {
		return nil, fmt.Errorf("%w: the ledger has no such schema", identity.ErrSchema)
	}
	if err != nil {
		return nil, err
	}
	schema, err := publish.Schema(ctx, d.cfg.Public, object.Hash)
	if err != nil {
		return nil, err
	}
	return identity.NewDemand(d.cfg.Keys.DID, t.Schema, schema, keyProof, issued)
}

// epoch returns an epoch of the ledger that closed recently enough.
func (d *Desk) epoch(view *ledger.View, number uint64) (zkp.Epoch, error) {
	if number > view.Head.State.Epoch {
		return zkp.Epoch{}, fmt.Errorf("%w: it has not closed the epoch of the proof", ledger.ErrBehind)
	}
	object, err := view.Epoch(number)
	if errors.Is(err, ledger.ErrAbsent) {
		return zkp.Epoch{}, fmt.Errorf("%w: no such epoch", zkp.ErrEpoch)
	}
	if err != nil {
		return zkp.Epoch{}, err
	}
	if view.Now().Sub(object.ClosedAt(d.cfg.Reader.Trust())) > d.cfg.EpochAge {
		return zkp.Epoch{}, fmt.Errorf("%w: it closed too long ago", zkp.ErrEpoch)
	}
	return publish.EpochRoots(object)
}
