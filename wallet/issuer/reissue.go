package issuer

import (
	"context"
	"crypto"
	"errors"

	"github.com/hufu-id/hufu/did"
	"github.com/hufu-id/hufu/openid"
	"github.com/hufu-id/hufu/vault"
)

// Errors of Reissue.
var (
	// ErrNotReissued: nothing was signed here in place of this credential.
	ErrNotReissued = errors.New("issuer: nothing was signed in place of this credential")
	// ErrHolder: the request is not signed with the credential's holder key.
	ErrHolder = errors.New("issuer: request is not signed with the credential's holder key")
)

// Reissue returns what Resign signed in place of a credential, to its holder: the
// request (openid.SignReissue) names the credential that the wallet has by its hash and
// is signed with the holder key that the credential is bound to. The answer is the
// newest, also where the credential was signed anew several times, and the same however
// often it is asked for. Reissue changes nothing and asks nobody.
//
// The reason of a refusal is [ErrNotReissued], [ErrHolder], [ErrRevoked],
// openid.ErrProofAudience for a request to another desk, or openid.ErrProofTime for one
// older than five minutes. Within them whoever has the request gets the answer: carry
// both as you carry an application, where nobody reads along.
func (d *Desk) Reissue(ctx context.Context, request []byte) (response []byte, err error) {
	defer d.ended(ctx, "reissue", d.cfg.Clock(), &err)
	defer judge(&err, CheckApplication)
	r, err := openid.ParseReissue(string(request))
	if err != nil {
		return nil, err
	}
	holder, err := r.Verify(d.cfg.Keys.DID, openid.VerifyOptions{Now: d.cfg.Clock()})
	if err != nil {
		return nil, err
	}
	err = d.cfg.Store.View(ctx, func(tx vault.Tx) error {
		response, err = reissued(tx, r.Unverified.Credential, holder)
		return err
	})
	return response, err
}

func reissued(tx vault.Tx, credential [32]byte, holder crypto.PublicKey) ([]byte, error) {
	var at entry
	there, err := get(tx, kindResigned, resignedID(credential), &at)
	if err != nil {
		return nil, err
	}
	if !there {
		return nil, ErrNotReissued
	}
	c, err := getIssued(tx, at)
	if err != nil {
		return nil, err
	}
	if !c.Revoked.IsZero() || c.Revoking {
		return nil, ErrRevoked
	}
	return heldBy(tx, c.Offer, at, holder)
}

// heldBy returns an answer with the copy that stands at a place today, if the holder key is
// the one that it is bound to. The error is ErrNotReissued or ErrHolder.
func heldBy(tx vault.Tx, offer string, at entry, holder crypto.PublicKey) ([]byte, error) {
	o, err := getOffer(tx, offer)
	if err != nil {
		return nil, err
	}
	n := o.Taken.copyAt(at)
	if n < 0 {
		return nil, ErrNotReissued
	}
	sd, err := credentialIn(o.Taken.Response, n)
	if err != nil {
		return nil, err
	}
	if same, err := boundTo(sd.UnverifiedClaims(), holder); err != nil || !same {
		return nil, errors.Join(ErrHolder, err)
	}
	return (&openid.CredentialResponse{Credentials: []string{sd.String()}}).Bytes()
}

// boundTo reports whether claims that the desk signed itself name a holder key.
func boundTo(claims map[string]any, holder crypto.PublicKey) (bool, error) {
	confirmation, _ := claims["cnf"].(map[string]any)
	jwk, _ := confirmation["jwk"].(map[string]any)
	key, err := did.JWK(jwk)
	if err != nil {
		return false, err
	}
	mine, err := did.Thumbprint(key)
	if err != nil {
		return false, err
	}
	theirs, err := did.Thumbprint(holder)
	return mine == theirs, err
}
