package wallet

import (
	"bytes"
	"context"
	"errors"
	"time"

	"github.com/hufu-id/hufu/ledger"
	"github.com/hufu-id/hufu/openid"
	"github.com/hufu-id/hufu/provenance"
	"github.com/hufu-id/hufu/vault"
)

// RequestExistence asks the issuer of a credential for what shows that it existed by a
// time of the ledger, if the issuer anchors its credentials. The request is signed with
// the holder key; it names the credential by a hash and holds no claim. Ask some days
// after the receipt, on the app's own clock.
func (w *Wallet) RequestExistence(ctx context.Context, id string) (_ []byte, err error) {
	defer w.ended(ctx, "request-existence", w.cfg.Clock(), &err)
	defer judge(&err, CheckVault)
	h, err := w.usable(ctx, id)
	if err != nil {
		return nil, err
	}
	key, err := w.keys.Key(ctx, h.keyID)
	if err != nil {
		return nil, err
	}
	request, err := openid.SignExistence(ctx, key, openid.ReissueClaims{
		Audience: h.card.Issuer, Credential: h.card.Text, IssuedAt: w.cfg.Clock().Truncate(time.Second),
	})
	return []byte(request), err
}

// ReceiveExistence checks with the ledger that an existence is of a credential, keeps it
// beside the credential, and says by when the credential existed. Present sends it to
// counters that ask for it. A counter that was given it learns the anchor, whose time and
// number of credentials are public.
//
// The reason of a refusal is provenance.ErrExistence.
func (w *Wallet) ReceiveExistence(ctx context.Context, id string, path []byte) (by time.Time, err error) {
	defer w.ended(ctx, "receive-existence", w.cfg.Clock(), &err)
	defer judge(&err, CheckForm)
	e, err := provenance.ParseExistence(path)
	if err != nil {
		return by, err
	}
	h, err := w.usable(ctx, id)
	if err != nil {
		return by, err
	}
	if err := w.resolve(ctx, func(*ledger.View) error { return nil }); err != nil {
		return by, err
	}
	existed, err := e.Verify(ctx, w.cfg.Ledger, h.sd)
	if err != nil {
		return by, err
	}
	return existed.By, w.store.Update(ctx, func(tx vault.Tx) error {
		if _, err := readRecord(tx, id); err != nil { // it was forgotten meanwhile
			return err
		}
		return tx.Put(kindExistence, id, append(h.card.Text[:], path...))
	})
}

// existenceOf returns what shows that a credential existed, nil where nothing does.
func (w *Wallet) existenceOf(ctx context.Context, c *card) (path []byte, err error) {
	err = w.store.View(ctx, func(tx vault.Tx) error {
		r, err := tx.Get(kindExistence, c.ID)
		if errors.Is(err, vault.ErrNotFound) {
			return nil
		}
		if err == nil && bytes.HasPrefix(r.Value, c.Text[:]) { // else it is of the one before
			path = bytes.Clone(r.Value[len(c.Text):])
		}
		return err
	})
	return path, err
}

// existences are sent beside the disclosed claims of a choice, where the counter asks for
// them and the wallet has them.
func (w *Wallet) existences(ctx context.Context, ask *Request, choice *Choice) (all map[string][]byte, err error) {
	if !ask.request.Existence || choice.Format != openid.FormatSDJWT {
		return nil, nil
	}
	for i := range choice.Parts {
		path, err := w.existenceOf(ctx, choice.Parts[i].card)
		if err != nil {
			return nil, err
		}
		if path == nil {
			continue
		}
		if all == nil {
			all = map[string][]byte{}
		}
		all[choice.Parts[i].Query] = path
	}
	return all, nil
}
