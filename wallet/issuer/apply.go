package issuer

import (
	"context"
	"fmt"

	"github.com/hufu-id/hufu/did"
	"github.com/hufu-id/hufu/openid"
	"github.com/hufu-id/hufu/vault"
)

// An Application is a credential request that came over a connection, under a grant.
type Application struct {
	// Grant is the ID of the grant.
	Grant string
	// Request is what the wallet asks for, with one key proof a copy. Its configuration is
	// named by ConfigurationID.
	Request *openid.CredentialRequest
	// Attested judges the key attestation of a wallet: its maker, its signature and what it
	// claims. Nil ignores one in a key proof, and refuses one in place of a key proof.
	Attested func(*openid.KeyAttestation) error
	// AttestationRequired refuses keys that no key attestation vouches for.
	AttestationRequired bool
	// Nonce says whether the server gave out the nonce of a key proof. It only looks:
	// consume nonces in Within. An error that wraps openid.ErrProofNonce is a refusal.
	Nonce func(nonce string) error
	// Within runs in the transaction that issues, or that keeps the application for a
	// clerk, with the nonces of the key proofs, each once. If it fails nothing is issued. Nil for
	// nothing. It may run more than once, and must call nothing but tx.
	Within func(tx vault.Tx, nonces []string) error
}

// Apply issues to an application: as many copies of one credential as it proves keys, at
// most Config.MaxBatch, each with its own salts, status entry and revocation handle. An
// application without a holder commitment gets a credential that cannot be proved.
//
// The answer names a notification id, or, for an offer with OfferOptions.Deferred that no
// clerk has approved yet, a transaction id for Collect. The very same request gets the
// very same answer again, without Within, until the wallet sends a notification, the
// grant expires or a copy is revoked. Another request under the same grant is answered,
// too, and the copies that it had before are revoked: a wallet that renews its keys, or
// lost an answer, holds one credential in force all the same.
//
// The reason of a refusal is [ErrCode] for an unknown grant, [ErrOfferExpired], [ErrType],
// [ErrHeld], [ErrCommitment], [ErrIdentity], [ErrOtherPerson], [ErrDenied], that of Nonce or
// Within, or one of openid.Proof.Verify, identity.Demand.Verify and
// openid.ErrCredentialRequest.
func (d *Desk) Apply(ctx context.Context, app *Application) (_ *openid.CredentialResponse, err error) {
	defer d.ended(ctx, "apply", d.cfg.Clock(), &err)
	defer judge(&err, CheckApplication)
	a := &application{code: app.Grant, connected: true}
	text, err := app.Request.Bytes()
	if err != nil {
		return nil, err
	}
	a.digest = hashText("application", string(text))
	if response, err := d.repeatedOver(ctx, a); response != nil || err != nil {
		return response, err
	}
	nonces, err := d.checkProofs(ctx, app, a)
	if err != nil {
		return nil, err
	}
	if app.Within != nil {
		a.within = func(tx vault.Tx) error { return app.Within(tx, nonces) }
	}
	if response, err := d.postpone(ctx, a); response != nil || err != nil {
		return response, err
	}
	answer, err := d.issueTo(ctx, a)
	if err != nil {
		return nil, err
	}
	return openid.ParseCredentialResponse(answer)
}

// repeatedOver is repeated, for what came over a connection.
func (d *Desk) repeatedOver(ctx context.Context, a *application) (response *openid.CredentialResponse, err error) {
	answer, err := d.repeated(ctx, a)
	if err != nil {
		return nil, err
	}
	if answer != nil {
		return openid.ParseCredentialResponse(answer)
	}
	err = d.cfg.Store.View(ctx, func(tx vault.Tx) error {
		response = nil
		o, err := getOffer(tx, a.code)
		if err == nil && o.Waiting != nil && o.Waiting.Application == a.digest && d.cfg.Clock().Before(o.Expires) {
			response = d.later(o.Waiting)
		}
		return err
	})
	return response, err
}

// checkProofs verifies what an application shows, and returns the nonces of its key
// proofs.
func (d *Desk) checkProofs(ctx context.Context, app *Application, a *application) (nonces []string, err error) {
	if a.typ, err = d.typeOf(app.Request.ConfigurationID); err != nil {
		return nil, err
	}
	if n := len(app.Request.Proofs); n > d.cfg.MaxBatch {
		return nil, fmt.Errorf("%w: %d key proofs, and 1 to %d are taken", openid.ErrCredentialRequest, n, d.cfg.MaxBatch)
	}
	c := &proofCheck{d: d, app: app, a: a, seen: map[string]bool{}, proved: map[string]bool{}}
	for _, text := range app.Request.Proofs {
		if err := c.proof(text); err != nil {
			return nil, err
		}
	}
	keyProof := app.Request.Attestation
	if keyProof == "" {
		keyProof = app.Request.Proofs[0]
	} else if err := c.attestationAlone(keyProof); err != nil {
		return nil, err
	}
	return c.nonces, d.checkPerson(ctx, app.Request, a, keyProof, c.made)
}

// postpone keeps an application for a clerk, where its offer wants one who has not decided
// yet. It returns nil where the credential is issued at once.
func (d *Desk) postpone(ctx context.Context, a *application) (response *openid.CredentialResponse, err error) {
	err = d.cfg.Store.Update(ctx, func(tx vault.Tx) error {
		response = nil
		o, _, _, err := d.ready(tx, a)
		if err != nil || !o.Deferred || !o.Approved.IsZero() {
			return err
		}
		w := &waiting{Transaction: newID(), Application: a.digest}
		for _, key := range a.holders {
			jwk, err := did.MarshalJWK(key)
			if err != nil {
				return err
			}
			w.Holders = append(w.Holders, jwk)
		}
		if !a.commitment.IsZero() {
			c := a.commitment.Bytes()
			w.Commitment = c[:]
		}
		if a.shown != nil {
			w.Shown = &shownHere{a.shown.Person, a.shown.Bound}
		}
		if a.within != nil {
			if err := a.within(tx); err != nil {
				return err
			}
		}
		o.Waiting, response = w, d.later(w)
		return put(tx, kindOffer, a.code, o)
	})
	return response, err
}

// later is the answer for as long as a clerk has not decided.
func (d *Desk) later(w *waiting) *openid.CredentialResponse {
	return &openid.CredentialResponse{TransactionID: w.Transaction, Interval: d.cfg.Interval}
}
