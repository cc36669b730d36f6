package openid

import (
	"context"
	"crypto"
	"crypto/subtle"
	"errors"
	"fmt"
	"time"

	"github.com/hufu-id/hufu/did"
)

var (
	// ErrProof means that a key proof breaks OpenID4VCI 1.0 appendix F.1.
	ErrProof = errors.New("openid: invalid key proof")
	// ErrProofAudience means that a key proof was made for another issuer.
	ErrProofAudience = errors.New("openid: key proof for another issuer")
	// ErrProofNonce means that a key proof does not hold the nonce given out.
	ErrProofNonce = errors.New("openid: key proof with a wrong nonce")
	// ErrProofTime means that a key proof is too old, or from the future.
	ErrProofTime = errors.New("openid: key proof is not fresh")
)

// proofType is the typ of a key proof.
const proofType = "openid4vci-proof+jwt"

// maxProofAge is how long after its making a key proof is taken.
const maxProofAge = 5 * time.Minute

// A Proof shows that a wallet holds the private half of a new key: a JWS by
// that very key, which its jwk header carries. Nobody vouches for the key yet;
// that is what the credential is for.
type Proof struct {
	// Unverified is what the proof says until Verify.
	Unverified ProofClaims

	key   crypto.PublicKey
	token *did.JWS
}

// ProofClaims is the payload of a key proof.
type ProofClaims struct {
	Audience string    // the Credential Issuer Identifier
	Nonce    string    // the issuer's c_nonce
	IssuedAt time.Time // whole seconds
}

type proofJSON struct {
	Issuer   string `json:"iss,omitzero"`
	Audience string `json:"aud"`
	Nonce    string `json:"nonce"`
	IssuedAt int64  `json:"iat"`
}

// SignProof makes a key proof for an issuer. The nonce is the issuer's
// c_nonce; where no nonce endpoint stands between, as by file, it is the
// offer's pre-authorised code, which is single-use too. The error is ErrProof
// or did's.
func SignProof(ctx context.Context, signer crypto.Signer, claims ProofClaims) (string, error) {
	wire := proofJSON{Audience: claims.Audience, Nonce: claims.Nonce, IssuedAt: claims.IssuedAt.Unix()}
	if err := wire.check(); err != nil {
		return "", err
	}
	payload, err := marshal(&wire)
	if err != nil {
		return "", err
	}
	return did.SignJWS(ctx, signer, did.Header{Typ: proofType, JWK: signer.Public()}, payload, did.JWSOptions{})
}

// ParseProof reads a key proof. The key must stand in the jwk header: a kid or
// a certificate names a key that exists already, which a fresh credential copy
// must not be tied to. The error is did's for the token, ErrJSON or ErrProof.
func ParseProof(compact string) (*Proof, error) {
	token, err := did.ParseJWS(compact, proofType, did.JWSOptions{})
	if err != nil {
		return nil, err
	}
	if token.Header.JWK == nil || token.Header.Kid != "" || token.Header.X5C != nil {
		return nil, fmt.Errorf("%w: its key stands in jwk, and nowhere else", ErrProof)
	}
	wire, err := unmarshal[proofJSON](token.UnverifiedPayload())
	if err != nil {
		return nil, err
	}
	if err := wire.check(); err != nil {
		return nil, err
	}
	claims := ProofClaims{Audience: wire.Audience, Nonce: wire.Nonce, IssuedAt: time.Unix(wire.IssuedAt, 0).UTC()}
	return &Proof{Unverified: claims, key: token.Header.JWK, token: token}, nil
}

func (w *proofJSON) check() error {
	if !isIdentifier(w.Audience) || !isCode(w.Nonce) || !inRange(w.IssuedAt) {
		return fmt.Errorf("%w: aud, nonce or iat is missing or malformed", ErrProof)
	}
	// A wallet that names itself would be recognised by every issuer.
	if w.Issuer != "" {
		return fmt.Errorf("%w: iss does not belong in the pre-authorised flow", ErrProof)
	}
	return nil
}

// Verify checks the proof's own signature, audience, nonce and age (at most
// five minutes), and returns the key that the credential is to be bound to.
// It does not consume the nonce: do so in the transaction that issues. The
// error is did.ErrSignature, did.ErrAlgorithm, ErrProofAudience,
// ErrProofNonce or ErrProofTime.
func (p *Proof) Verify(audience, nonce string, opts VerifyOptions) (crypto.PublicKey, error) {
	if _, err := p.token.Verify(p.key); err != nil {
		return nil, err
	}
	if p.Unverified.Audience != audience {
		return nil, ErrProofAudience
	}
	if nonce == "" || subtle.ConstantTimeCompare([]byte(p.Unverified.Nonce), []byte(nonce)) != 1 {
		return nil, ErrProofNonce
	}
	age := opts.now().Sub(p.Unverified.IssuedAt)
	if age < -opts.skew() || age > maxProofAge+opts.skew() {
		return nil, ErrProofTime
	}
	return p.key, nil
}
