package wallet

import (
	"context"
	"crypto"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/go-json-experiment/json"

	"github.com/hufu-id/hufu/did"
	"github.com/hufu-id/hufu/openid"
	"github.com/hufu-id/hufu/vault"
	"github.com/hufu-id/hufu/zkp"
)

// ErrOffer means that an offer is not one this wallet can take up.
var ErrOffer = errors.New("wallet: offer refused")

// application remembers what was asked for until the answer comes.
type application struct {
	Issuer   string    `json:"issuer"`
	Schema   string    `json:"schema"`
	KeyID    string    `json:"key"`
	Finished bool      `json:"finished"`
	Created  time.Time `json:"created"`
}

// Apply takes up an offer: it makes a fresh holder key, proves possession of it
// and sends the holder commitment with it. The result is a request envelope for
// the desk. Applying twice to one offer is allowed; the desk answers one.
func (w *Wallet) Apply(ctx context.Context, offer []byte) (_ []byte, err error) {
	defer w.ended(ctx, "apply", w.cfg.Clock(), &err)
	defer judge(&err, CheckOffer)
	o, err := openid.ParseCredentialOffer(offer)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrOffer, err)
	}
	if len(o.ConfigurationIDs) != 1 || o.Grants == nil || o.Grants.PreAuthorized == nil {
		return nil, fmt.Errorf("%w: one credential with a pre-authorised code is taken", ErrOffer)
	}
	if o.Grants.PreAuthorized.TxCode != nil {
		return nil, fmt.Errorf("%w: transaction codes are not supported yet", ErrOffer)
	}
	schemaID, _, ok := strings.Cut(o.ConfigurationIDs[0], "/")
	if !ok {
		return nil, fmt.Errorf("%w: unknown credential configuration", ErrOffer)
	}
	key, err := w.keys.Generate(ctx, vault.KeySpec{Algorithm: vault.ES256, Purpose: "holder"})
	if err != nil {
		return nil, err
	}
	request, err := w.credentialRequest(ctx, o, schemaID, key)
	if err != nil {
		return nil, err
	}
	id, err := credentialID(key.Public())
	if err != nil {
		return nil, err
	}
	value, err := json.Marshal(application{Issuer: o.Issuer, Schema: schemaID, KeyID: key.Info().ID, Created: w.cfg.Clock()})
	if err != nil {
		return nil, err
	}
	if err := w.store.Update(ctx, func(tx vault.Tx) error { return tx.Put(kindApplication, id, value) }); err != nil {
		return nil, err
	}
	return request, nil
}

// credentialID names a credential by the holder key that it is bound to: the
// RFC 7638 thumbprint in hexadecimal, so that no id begins with a dash.
func credentialID(holder crypto.PublicKey) (string, error) {
	text, err := did.Thumbprint(holder)
	if err != nil {
		return "", err
	}
	b, err := base64.RawURLEncoding.DecodeString(text)
	return hex.EncodeToString(b), err
}

func (w *Wallet) credentialRequest(ctx context.Context, o *openid.CredentialOffer, schemaID string, key vault.Key) ([]byte, error) {
	code := o.Grants.PreAuthorized.Code
	proof, err := openid.SignProof(ctx, key, openid.ProofClaims{Audience: o.Issuer, Nonce: openid.OfferNonce(code), IssuedAt: w.cfg.Clock()})
	if err != nil {
		return nil, err
	}
	secret, err := w.secret(ctx)
	if err != nil {
		return nil, err
	}
	commitment, err := secret.HolderCommitment(zkp.IssuanceScope(o.Issuer, schemaID))
	if err != nil {
		return nil, err
	}
	c := commitment.Bytes()
	return (&openid.RequestEnvelope{Code: code, Request: openid.CredentialRequest{
		ConfigurationID: o.ConfigurationIDs[0], Proofs: []string{proof}, HolderCommitment: c[:],
	}}).Bytes()
}
