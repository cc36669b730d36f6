package wallet

import (
	"context"
	"crypto"
	"encoding/base64"
	"encoding/hex"
	"time"

	"github.com/go-json-experiment/json"

	"github.com/hufu-id/hufu/did"
	"github.com/hufu-id/hufu/identity"
	"github.com/hufu-id/hufu/openid"
	"github.com/hufu-id/hufu/vault"
)

// application remembers what was asked for until the answer comes.
type application struct {
	Issuer   string    `json:"issuer"`
	Schema   string    `json:"schema"`
	KeyID    string    `json:"key"`
	Finished bool      `json:"finished"`
	Created  time.Time `json:"created"`
	// Issuance is that to which the key belongs, over the network.
	Issuance string `json:"issuance,omitzero"`
}

func (a *application) put(tx vault.Tx, id string) error {
	value, err := json.Marshal(a)
	if err != nil {
		return err
	}
	return tx.Put(kindApplication, id, value)
}

// ApplyOptions changes defaults. The zero value shows nothing to the issuer.
type ApplyOptions struct {
	// Identity is the id of the credential that proves to the issuer who the citizen
	// is, one of Offered.Identity. The citizen has consented to what it reveals.
	Identity string
}

// TakeUp takes up an offer where the desk answers at once: it applies, lets carry bring the
// application to the desk and the response back, receives the credential and refreshes.
// Errors are those of Apply, carry, Receive and Refresh.
func (w *Wallet) TakeUp(ctx context.Context, offer []byte, opts ApplyOptions, carry func(ctx context.Context, application []byte) (response []byte, err error)) (*Stored, error) {
	application, err := w.Apply(ctx, offer, opts)
	if err != nil {
		return nil, err
	}
	response, err := carry(ctx, application)
	if err != nil {
		return nil, err
	}
	stored, err := w.Receive(ctx, response)
	if err != nil {
		return nil, err
	}
	return stored, w.Refresh(ctx)
}

// Apply takes up an offer: it makes a fresh holder key, proves possession of it, and
// sends the holder commitment with it, or the proof of an identity credential in its
// place. The result is a request envelope for the desk. Applying twice to one offer is
// allowed; the desk answers one. The reason of a refusal is ErrOffer, ErrIdentity,
// ErrNoIdentity, or ErrNotProvable in a wallet without a prover.
func (w *Wallet) Apply(ctx context.Context, offer []byte, opts ApplyOptions) (_ []byte, err error) {
	defer w.ended(ctx, "apply", w.cfg.Clock(), &err)
	defer judge(&err, CheckOffer)
	o, err := w.resolveOffer(ctx, offer)
	if err != nil {
		return nil, err
	}
	if o.NeedsIdentity && w.cfg.Prover == nil {
		return nil, ErrNotProvable
	}
	choice, err := o.chosen(opts.Identity)
	if err != nil {
		return nil, err
	}
	key, err := w.keys.Generate(ctx, vault.KeySpec{Algorithm: vault.ES256, Purpose: "holder"})
	if err != nil {
		return nil, err
	}
	request, err := w.credentialRequest(ctx, o, choice, key)
	if err != nil {
		return nil, err
	}
	id, err := credentialID(key.Public())
	if err != nil {
		return nil, err
	}
	a := application{Issuer: o.Issuer, Schema: o.Schema.ID, KeyID: key.Info().ID, Created: w.cfg.Clock()}
	if err := w.store.Update(ctx, func(tx vault.Tx) error { return a.put(tx, id) }); err != nil {
		return nil, err
	}
	if choice == nil {
		return request, nil
	}
	return request, w.rememberIdentity(ctx, o, choice)
}

// rememberIdentity notes in the history what a proof of identity told an issuer.
func (w *Wallet) rememberIdentity(ctx context.Context, o *Offered, choice *Choice) error {
	entry := Entry{At: w.cfg.Clock().UTC(), Requester: o.Issuer, Name: o.Who.Name, Purpose: "issue " + o.Configuration, Format: choice.Format}
	entry.list(choice)
	return w.remember(ctx, entry, choice)
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

func (w *Wallet) credentialRequest(ctx context.Context, o *Offered, choice *Choice, key vault.Key) ([]byte, error) {
	now := w.cfg.Clock().Truncate(time.Second)
	proof, err := openid.SignProof(ctx, key, openid.ProofClaims{Audience: o.Issuer, Nonce: openid.OfferNonce(o.code), IssuedAt: now})
	if err != nil {
		return nil, err
	}
	request := openid.CredentialRequest{ConfigurationID: o.Configuration, Proofs: []string{proof}}
	if err := w.tie(ctx, o, choice, &request, proof, now); err != nil {
		return nil, err
	}
	return (&openid.RequestEnvelope{Code: o.code, Request: request}).Bytes()
}

// tie adds to a request what ties a provable credential to this wallet's holder: the proof
// of an identity credential, or the bare holder commitment. An issuer that is on no ledger
// gets neither.
func (w *Wallet) tie(ctx context.Context, o *Offered, choice *Choice, request *openid.CredentialRequest, proof string, now time.Time) (err error) {
	if !onLedger(o.Issuer) {
		return nil
	}
	if choice != nil {
		request.Identity, err = w.showIdentity(ctx, o, choice, proof, now)
	} else {
		request.HolderCommitment, err = w.commitment(ctx, o)
	}
	return err
}

// commitment is the bare holder commitment, for the desk of an identity type.
func (w *Wallet) commitment(ctx context.Context, o *Offered) ([]byte, error) {
	secret, err := w.secret(ctx)
	if err != nil {
		return nil, err
	}
	commitment, err := secret.HolderCommitment(identity.Scope(o.Issuer, o.Schema))
	if err != nil {
		return nil, err
	}
	c := commitment.Bytes()
	return c[:], nil
}
