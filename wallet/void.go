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
// RequestReissue asks for it. Void reads the issuers' DIDs on the ledger: call it on the
// app's own clock, as Refresh does, and not because of a request.
func (w *Wallet) Void(ctx context.Context) (ids []string, err error) {
	defer w.ended(ctx, "void", w.cfg.Clock(), &err)
	defer judge(&err, CheckIssuer)
	d, err := w.deck(ctx)
	if err != nil {
		return nil, err
	}
	signed, keys := map[*card]signers{}, map[string]bool{}
	for _, c := range d.all {
		if c.err != nil || c.holds(w.cfg.Clock()) != nil {
			continue
		}
		s, err := w.signersOf(ctx, c)
		if errors.Is(err, vault.ErrDamaged) {
			continue // named where cards are listed
		}
		if err != nil {
			return nil, err
		}
		signed[c], keys[ledger.DIDKey(c.Issuer)] = s, true
	}
	if len(signed) == 0 {
		return nil, nil
	}
	err = w.resolve(ctx, func(view *ledger.View) error {
		ids = nil
		for c, s := range signed {
			object, err := view.DID(c.Issuer)
			if err != nil {
				return err
			}
			if slices.ContainsFunc(object.Keys, func(k ledger.PublicKey) bool {
				return k.Compromised() && (c.Issuer+"#"+k.ID == s.keyID || k.Purpose == ledger.PurposeProof && string(k.Public) == s.proof)
			}) {
				ids = append(ids, c.ID)
			}
		}
		slices.Sort(ids)
		return nil
	}, slices.Sorted(maps.Keys(keys))...)
	return ids, err
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
