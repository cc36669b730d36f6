package wallet

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"reflect"
	"time"

	"github.com/hufu-id/hufu/credential"
	"github.com/hufu-id/hufu/openid"
	"github.com/hufu-id/hufu/provenance"
	"github.com/hufu-id/hufu/vault"
)

var (
	// ErrReissue means that an issuer did not hand out what it signed in place of a
	// credential, or has signed nothing yet.
	ErrReissue = errors.New("wallet: the issuer did not hand out the credential anew")
	// ErrDiffers means that what came in place of a credential says something else than
	// it, holds longer, or was signed before it.
	ErrDiffers = errors.New("wallet: credential does not say the same as the one before")
)

// RequestReissue asks the issuer of a credential for what it signed in its place, as
// after a theft of its key. The request is signed with the holder key; it names the
// credential by a hash, holds no claim, and is good for five minutes. Take it to the
// issuer as an application, where nobody reads along.
func (w *Wallet) RequestReissue(ctx context.Context, id string) (_ []byte, err error) {
	defer w.ended(ctx, "request-reissue", w.cfg.Clock(), &err)
	defer judge(&err, CheckVault)
	h, err := w.usable(ctx, id)
	if err != nil {
		return nil, err
	}
	key, err := w.keys.Key(ctx, h.keyID)
	if err != nil {
		return nil, err
	}
	request, err := openid.SignReissue(ctx, key, openid.ReissueClaims{
		Audience: h.card.Issuer, Credential: h.card.Text, IssuedAt: w.cfg.Clock().Truncate(time.Second),
	})
	return []byte(request), err
}

// ReceiveReissue checks what an issuer signed in place of a credential as Receive does,
// and that it says the same: holder key, issuer, type, claims, binding day, region,
// status entry; that it holds no longer, and was signed no earlier. Then it takes the
// old one's place in one transaction, which notes it in the history. The id stays. The
// same credential once more changes nothing.
//
// The reason of a refusal is ErrUnrequested where this wallet holds none for that key,
// ErrWrongIssuer or ErrDiffers, or as in Receive; the old one stays.
func (w *Wallet) ReceiveReissue(ctx context.Context, response []byte) (_ *Stored, err error) {
	defer w.ended(ctx, "receive-reissue", w.cfg.Clock(), &err)
	defer judge(&err, CheckForm)
	sd, err := parseResponse(response)
	if err != nil {
		return nil, err
	}
	found, err := w.trace(ctx, sd)
	if err != nil {
		return nil, err
	}
	id, err := credentialID(found.Confirmation)
	if err != nil {
		return nil, ErrUnrequested
	}
	for {
		err := w.replace(ctx, id, sd, found)
		if err == nil {
			return w.Credential(ctx, id)
		}
		if !errors.Is(err, errOvertaken) {
			return nil, err
		}
	}
}

// errOvertaken: another process replaced the credential meanwhile.
var errOvertaken = errors.New("wallet: credential was replaced meanwhile")

func (w *Wallet) replace(ctx context.Context, id string, sd *credential.SDJWT, found *provenance.Credential) error {
	d, err := w.deck(ctx)
	if err != nil {
		return err
	}
	c := d.byID[id]
	switch {
	case c == nil:
		return ErrUnrequested
	case found.Issuer != c.Issuer:
		return ErrWrongIssuer
	case openid.CredentialHash(sd.String()) == c.Text:
		return nil
	}
	before, err := w.open(ctx, c)
	if err != nil {
		return err
	}
	if err := sameAs(before, found); err != nil {
		return err
	}
	rec, card, err := w.examine(ctx, id, sd, found)
	if err != nil {
		return err
	}
	rec.KeyID = before.keyID
	var others []string // copies that the same void key signed
	err = w.store.Update(ctx, func(tx vault.Tx) error {
		now, err := readRecord(tx, id)
		if err != nil {
			return err
		}
		if sha256.Sum256([]byte(now.Text)) != c.Text {
			return errOvertaken
		}
		entry := Entry{At: w.cfg.Clock().UTC(), Requester: found.Issuer, Purpose: "reissue " + openid.ConfigurationID(c.SchemaID, c.Version)}
		if others, err = forgetCopies(tx, id); err != nil {
			return err
		}
		return errors.Join(rec.put(tx, card, found.Schema), entry.put(tx))
	})
	if err != nil {
		return err
	}
	w.pool.drop(id)
	return w.dropKeys(ctx, others)
}

// sameAs holds a credential against the one whose place it is to take.
func sameAs(before *holding, found *provenance.Credential) error {
	c, status := before.card, found.Status
	differs := func(what string) error { return fmt.Errorf("%w: %s", ErrDiffers, what) }
	switch {
	case found.VCT != c.Type || found.Schema.ID != c.SchemaID || found.Schema.Version != c.Version:
		return differs("type")
	case found.Region != c.Region:
		return differs("region")
	case status == nil || status.URI != c.StatusURI || status.Index != c.Index:
		return differs("status entry")
	case found.Expires.After(c.Expires):
		return differs("it holds longer")
	case found.NotBefore.Before(c.NotBefore):
		return differs("it is older")
	case !reflect.DeepEqual(withoutRegistered(found.Claims), withoutRegistered(before.claims)):
		return differs("claims")
	}
	return nil
}

// fetchReissued asks, through Config.Reissuer, for every credential whose issuer's key is
// void, and returns what failed.
func (w *Wallet) fetchReissued(ctx context.Context) (failed []error) {
	if w.cfg.Reissuer == nil {
		return nil
	}
	_ = w.refreshAgencies(ctx) // the round says it, if that fails
	ids, err := w.Void(ctx)
	if err != nil {
		return []error{err}
	}
	for _, id := range ids {
		if err := w.fetchOne(ctx, id); err != nil {
			failed = append(failed, err)
		}
	}
	return failed
}

func (w *Wallet) fetchOne(ctx context.Context, id string) error {
	s, err := w.Credential(ctx, id)
	if err != nil {
		return err
	}
	request, err := w.RequestReissue(ctx, id)
	if err != nil {
		return err
	}
	response, err := w.cfg.Reissuer.Reissue(ctx, s.Issuer, request)
	if err != nil {
		return &Unchecked{CheckApplication, fmt.Errorf("%w: %w", ErrReissue, err)}
	}
	_, err = w.ReceiveReissue(ctx, response)
	return err
}
