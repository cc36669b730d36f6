package wallet

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"

	"github.com/hufu-id/hufu/ledger"
	"github.com/hufu-id/hufu/provenance"
	"github.com/hufu-id/hufu/vault"
	"github.com/hufu-id/hufu/zkp"
)

// ErrNoEpoch means that the ledger has closed no epoch yet.
var ErrNoEpoch = errors.New("wallet: the ledger has closed no epoch yet")

// Prepare fills the pool: want prepared proofs for every provable credential
// in the newest epoch. Proofs of older epochs are discarded. It is called while
// the app is open, never on request, so that timing tells nobody what is held.
// It returns how many proofs it made; a credential that cannot be prepared
// (zkp.ErrRevoked, zkp.ErrNotRegistered) is reported after the others are done.
func (w *Wallet) Prepare(ctx context.Context, want int) (_ int, err error) {
	defer w.ended(ctx, "prepare", w.cfg.Clock(), &err)
	defer judge(&err, CheckPrepare)
	epoch, err := w.newestEpoch(ctx)
	if err != nil {
		return 0, err
	}
	held, err := w.held(ctx)
	if err != nil {
		return 0, err
	}
	made, failures := 0, []error(nil)
	for i := range held {
		if _, provable := held[i].verified.Claims[zkp.ClaimName]; !provable || w.cfg.Prover == nil {
			continue
		}
		n, err := w.fill(ctx, &held[i], epoch, want)
		made += n
		if err != nil {
			failures = append(failures, err)
		}
	}
	return made, joined(failures, CheckPrepare)
}

func (w *Wallet) fill(ctx context.Context, h *holding, epoch *epochAt, want int) (int, error) {
	have, err := w.discardOld(ctx, h, epoch)
	if err != nil || have >= want {
		return 0, err
	}
	mine, err := w.zkCredential(ctx, h)
	if err != nil {
		return 0, err
	}
	made := 0
	for have+made < want {
		p, err := w.prepareTimed(ctx, h, mine, epoch)
		if err != nil {
			return made, err
		}
		err = w.store.Update(ctx, func(tx vault.Tx) error {
			// The blinding is uniform, so its digits name the proof uniquely.
			b := p.Blinding.Bytes()
			return tx.Put(kindPrepared, hex.EncodeToString(b[:]), p.Bytes(), vault.Tag{Name: "credential", Value: h.id})
		})
		if err != nil {
			return made, err
		}
		made++
	}
	return made, nil
}

func (w *Wallet) discardOld(ctx context.Context, h *holding, epoch *epochAt) (have int, err error) {
	err = w.store.Update(ctx, func(tx vault.Tx) error {
		have = 0
		records, err := tx.List(kindPrepared, vault.Tag{Name: "credential", Value: h.id})
		if err != nil {
			return err
		}
		for _, r := range records {
			if p, err := zkp.ParsePrepared(r.Value); err == nil && p.Epoch == epoch.Number {
				have++
				continue
			}
			if err := tx.Delete(kindPrepared, r.ID); err != nil {
				return err
			}
		}
		return nil
	})
	return have, err
}

// takePrepared removes one prepared proof from the pool, durably, before it is
// used; with none left it prepares on the spot.
func (w *Wallet) takePrepared(ctx context.Context, h *holding, mine *zkp.Credential, epoch *epochAt) (*zkp.Prepared, error) {
	var taken *zkp.Prepared
	err := w.store.Update(ctx, func(tx vault.Tx) error {
		taken = nil
		records, err := tx.List(kindPrepared, vault.Tag{Name: "credential", Value: h.id})
		if err != nil {
			return err
		}
		for _, r := range records {
			p, err := zkp.ParsePrepared(r.Value)
			if err != nil || p.Epoch != epoch.Number {
				continue
			}
			taken = p
			return tx.Delete(kindPrepared, r.ID)
		}
		return nil
	})
	if err != nil || taken != nil {
		return taken, err
	}
	return w.prepareTimed(ctx, h, mine, epoch)
}

// prepareNow places the credential in the trees of the epoch and proves.
func (w *Wallet) prepareNow(ctx context.Context, h *holding, mine *zkp.Credential, epoch *epochAt) (*zkp.Prepared, error) {
	if w.cfg.Prover == nil {
		return nil, fmt.Errorf("%w: no prover", ErrConfig)
	}
	registry, revocation, err := w.trees(ctx, epoch, mine.Endorsement.Handle())
	if err != nil {
		return nil, err
	}
	window, err := w.windowIn(ctx, epoch, h.verified.Issuer, mine.Endorsement.Issuer)
	if err != nil {
		return nil, err
	}
	witness, err := zkp.NewPrepareWitness(mine, epoch.Epoch, window.from, window.until, registry, revocation, nil)
	if errors.Is(err, zkp.ErrEpoch) {
		return nil, feedError(err) // of the trees, and not of the credential
	}
	if err != nil {
		return nil, err
	}
	return w.cfg.Prover.Prepare(ctx, witness)
}

// keyWindow is the days of a proof key.
type keyWindow struct{ from, until zkp.Day }

// windowIn is keyWindow once an epoch: asked at every proof, it would tell who
// serves the ledger when one is used.
func (w *Wallet) windowIn(ctx context.Context, epoch *epochAt, issuer string, key zkp.PublicKey) (keyWindow, error) {
	name := issuer + string(key.Bytes())
	w.mu.Lock()
	if w.windowsOf != epoch.Number {
		w.windowsOf, w.windows = epoch.Number, map[string]keyWindow{}
	}
	window, known := w.windows[name]
	w.mu.Unlock()
	if known {
		return window, nil
	}
	window, err := w.keyWindow(ctx, issuer, key)
	if err != nil {
		return window, err
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.windowsOf == epoch.Number {
		w.windows[name] = window
	}
	return window, nil
}

// keyWindow finds the days of a proof key in its issuer's ledger object.
func (w *Wallet) keyWindow(ctx context.Context, issuer string, key zkp.PublicKey) (window keyWindow, err error) {
	err = w.resolve(ctx, func(view *ledger.View) error {
		object, err := view.DID(issuer)
		if err != nil {
			return err
		}
		for i := range object.Keys {
			k := &object.Keys[i]
			if k.Purpose == ledger.PurposeProof && string(k.Public) == string(key.Bytes()) {
				from, until, ok := k.Days()
				if !ok {
					return zkp.ErrNotRegistered
				}
				window = keyWindow{zkp.Day(from), zkp.Day(until)}
				return nil
			}
		}
		return zkp.ErrNotRegistered
	})
	return window, err
}

// zkCredential joins a stored credential with the holder secret.
func (w *Wallet) zkCredential(ctx context.Context, h *holding) (*zkp.Credential, error) {
	secret, err := w.secret(ctx)
	if err != nil {
		return nil, err
	}
	return provableOf(&provenance.Credential{Verified: h.verified, Schema: h.schema, Region: h.region()}, secret)
}

// newestEpoch is the newest closed epoch, proved under a fresh checkpoint:
// everyone who shows in an epoch shows the same roots.
func (w *Wallet) newestEpoch(ctx context.Context) (*epochAt, error) {
	var out *epochAt
	err := w.resolve(ctx, func(view *ledger.View) error {
		if view.Head.State.Day == 0 {
			return ErrNoEpoch
		}
		object, err := view.Epoch(view.Head.State.Epoch)
		if err != nil {
			return err
		}
		registry, err := zkp.ParseElement(object.RegistryRoot[:])
		if err != nil {
			return err
		}
		revocation, err := zkp.ParseElement(object.RevocationRoot[:])
		if err != nil {
			return err
		}
		out = &epochAt{closed: object.ClosedAt(w.cfg.Ledger.Trust()), Epoch: zkp.Epoch{
			Number: object.Number, Day: zkp.Day(object.Day), Registry: registry, Revocation: revocation,
		}}
		return nil
	})
	return out, err
}
