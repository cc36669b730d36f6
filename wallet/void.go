package wallet

import (
	"context"
	"errors"
	"maps"
	"slices"

	"github.com/hufu-id/hufu/ledger"
	"github.com/hufu-id/hufu/vault"
	"github.com/hufu-id/hufu/zkp"
)

// signers are the keys that signed a credential.
type signers struct {
	keyID string // DID URL
	proof string // bytes of the proof key; empty without an endorsement
}

// Void lists the credentials that no longer count because their issuer's key was
// compromised, by id, revoked and expired ones left out. The issuer signs them anew:
// RequestReissue asks for it. Void goes by the list of agencies, as the last round left it,
// and reads the DIDs of issuers on the ledger that the list does not have: call it on the
// app's own clock, as Refresh does, and not because of a request.
func (w *Wallet) Void(ctx context.Context) (ids []string, err error) {
	defer w.ended(ctx, "void", w.cfg.Clock(), &err)
	defer judge(&err, CheckIssuer)
	d, err := w.deck(ctx)
	if err != nil {
		return nil, err
	}
	signed := map[*card]signers{}
	for _, c := range d.all {
		if c.err != nil || c.Anchor != "" || c.holds(w.cfg.Clock()) != nil {
			continue
		}
		s, err := w.signersOf(ctx, c)
		if errors.Is(err, vault.ErrDamaged) {
			continue // named where cards are listed
		}
		if err != nil {
			return nil, err
		}
		signed[c] = s
	}
	listed, err := w.agencies(ctx, w.cfg.Clock())
	if err != nil && !errors.Is(err, ErrRefresh) {
		return nil, err
	}
	for c, s := range signed {
		if listed == nil {
			break
		}
		object, err := listed.DID(c.Issuer)
		if err != nil {
			continue // the ledger is asked
		}
		if s.compromised(c.Issuer, object) {
			ids = append(ids, c.ID)
		}
		delete(signed, c)
	}
	asked, err := w.voidOnLedger(ctx, signed)
	ids = append(ids, asked...)
	slices.Sort(ids)
	return ids, err
}

// voidOnLedger asks the ledger for the issuers of credentials.
func (w *Wallet) voidOnLedger(ctx context.Context, signed map[*card]signers) (ids []string, err error) {
	keys := map[string]bool{}
	for c := range signed {
		keys[ledger.DIDKey(c.Issuer)] = true
	}
	if len(keys) == 0 {
		return nil, nil
	}
	err = w.resolve(ctx, func(view *ledger.View) error {
		ids = nil
		for c, s := range signed {
			object, err := view.DID(c.Issuer)
			if err != nil {
				return err
			}
			if s.compromised(c.Issuer, object) {
				ids = append(ids, c.ID)
			}
		}
		return nil
	}, slices.Sorted(maps.Keys(keys))...)
	return ids, err
}

// compromised reports whether one of the keys is, by its issuer's DID.
func (s signers) compromised(issuer string, object *ledger.DID) bool {
	return slices.ContainsFunc(object.Keys, func(k ledger.PublicKey) bool {
		return k.Compromised() && (issuer+"#"+k.ID == s.keyID || k.Purpose == ledger.PurposeProof && string(k.Public) == s.proof)
	})
}

// signersOf opens a credential once in the life of the wallet.
func (w *Wallet) signersOf(ctx context.Context, c *card) (signers, error) {
	w.mu.Lock()
	s, known := w.signers[c.pooled()]
	w.mu.Unlock()
	if known {
		return s, nil
	}
	h, err := w.open(ctx, c)
	if err != nil {
		return signers{}, err
	}
	s.keyID = h.sd.Header().Kid
	if text, ok := h.claims[zkp.ClaimName].(string); ok {
		endorsement, err := zkp.ParseEndorsement(text)
		if err != nil {
			return signers{}, err
		}
		s.proof = string(endorsement.Issuer.Bytes())
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.signers == nil {
		w.signers = map[pooled]signers{}
	}
	w.signers[c.pooled()] = s
	return s, nil
}
