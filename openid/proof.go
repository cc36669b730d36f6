package openid

import (
	"context"
	"crypto"
	"crypto/subtle"
	"errors"
	"fmt"
	"time"

	"github.com/hufu-id/hufu/did"
	"github.com/hufu-id/hufu/internal/strictjson"
)

var (
	// ErrProof means that a key proof breaks OpenID4VCI 1.0 appendix F.1.
	ErrProof = errors.New("openid: invalid key proof")
	// ErrProofAudience means that a key proof was made for another issuer.
	ErrProofAudience = errors.New("openid: key proof for another issuer")
	// ErrProofNonce means that a key proof does not hold the nonce that the
	// issuer gave.
	ErrProofNonce = errors.New("openid: key proof with a wrong nonce")
	// ErrProofTime means that a key proof is too old or lies in the future.
	ErrProofTime = errors.New("openid: key proof is not fresh")
)

// proofType is the typ of a key proof.
const proofType = "openid4vci-proof+jwt"

// maxProofAge is the oldest key proof that is accepted.
const maxProofAge = 5 * time.Minute

// A Proof shows that a wallet holds the private key of a new key pair. It is a
// JWS by that key, and its jwk header carries the public key. Nobody vouches
// for the key before the credential does.
type Proof struct {
	// Unverified is the payload. Do not trust it before Verify.
	Unverified ProofClaims

	key    crypto.PublicKey
	token  *did.JWS
	begins *strictjson.Since
	ends   *strictjson.Until
}

// ProofClaims is the payload of a key proof.
type ProofClaims struct {
	Audience string    // the Credential Issuer Identifier
	Nonce    string    // the issuer's c_nonce
	IssuedAt time.Time // whole seconds
}

type proofJSON struct {
	Issuer   string           `json:"iss,omitzero"`
	Audience string           `json:"aud"`
	Nonce    string           `json:"nonce"`
	IssuedAt strictjson.Since `json:"iat"`
	// Appendix F.1 knows neither; a proof that has them says when it counts (RFC 7519).
	NotBefore *strictjson.Since `json:"nbf,omitzero"`
	Expires   *strictjson.Until `json:"exp,omitzero"`
}

// SignProof makes a key proof for an issuer. The nonce is the issuer's c_nonce.
// Without a nonce endpoint, as by file, the nonce is the pre-authorised code of
// the offer, which is also single-use. The error is ErrProof, or one of
// did.SignJWS.
func SignProof(ctx context.Context, signer crypto.Signer, claims ProofClaims) (string, error) {
	wire := proofJSON{Audience: claims.Audience, Nonce: claims.Nonce, IssuedAt: strictjson.Since(claims.IssuedAt.Unix())}
	if err := wire.check(); err != nil {
		return "", err
	}
	payload, err := marshal(&wire)
	if err != nil {
		return "", err
	}
	return did.SignJWS(ctx, signer, did.Header{Typ: proofType, JWK: signer.Public()}, payload, did.JWSOptions{})
}

// ParseProof reads a key proof. The key must stand in the jwk header. A kid or
// a certificate is refused: it names a key that exists already, and a new
// credential copy must not be tied to such a key. The error is ErrJSON,
// ErrProof, or one of did.ParseJWS.
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
	claims := ProofClaims{Audience: wire.Audience, Nonce: wire.Nonce, IssuedAt: time.Unix(int64(wire.IssuedAt), 0).UTC()}
	return &Proof{Unverified: claims, key: token.Header.JWK, token: token, begins: wire.NotBefore, ends: wire.Expires}, nil
}

func (w *proofJSON) check() error {
	if !isIdentifier(w.Audience) || !isCode(w.Nonce) || !inRange(int64(w.IssuedAt)) {
		return fmt.Errorf("%w: aud, nonce or iat is missing or malformed", ErrProof)
	}
	// A wallet that names itself would be recognised by every issuer.
	if w.Issuer != "" {
		return fmt.Errorf("%w: iss does not belong in the pre-authorised flow", ErrProof)
	}
	return nil
}

// Verify checks the proof's own signature, its audience, its nonce and its age
// (at most five minutes), and returns the key to bind the credential to. It
// does not consume the nonce: consume it in the transaction that issues. The
// error is did.ErrSignature, did.ErrAlgorithm, ErrProofAudience, ErrProofNonce
// or ErrProofTime.
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
	if p.begins != nil && time.Unix(int64(*p.begins), 0).After(opts.now().Add(opts.skew())) ||
		p.ends != nil && !opts.now().Before(time.Unix(int64(*p.ends), 0).Add(opts.skew())) {
		return nil, ErrProofTime
	}
	return p.key, nil
}
