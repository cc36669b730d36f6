package openid

import (
	"context"
	"crypto"
	"crypto/subtle"
	"crypto/x509"
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

// A Proof shows that a wallet holds the private key of a key pair. It is a JWS by
// that key, and its header carries the public key. Nobody vouches for the key
// before the credential does, unless a key attestation does.
type Proof struct {
	// Unverified is the payload. Do not trust it before Verify.
	Unverified ProofClaims
	// KeyAttestation is the attestation of the key that the header carries, for
	// ParseKeyAttestation; empty where there is none.
	KeyAttestation string

	key    crypto.PublicKey
	token  *did.JWS
	begins *strictjson.Since
	ends   *strictjson.Until
}

// ProofClaims is the payload of a key proof.
type ProofClaims struct {
	Audience string    // the Credential Issuer Identifier
	Nonce    string    // the issuer's c_nonce; empty where it has no nonce endpoint
	IssuedAt time.Time // whole seconds
	// Client is the client_id of an authorisation code flow. It is empty where the
	// wallet stays anonymous, as with a pre-authorised code.
	Client string
}

type proofJSON struct {
	Issuer   string           `json:"iss,omitzero"`
	Audience string           `json:"aud"`
	Nonce    string           `json:"nonce,omitzero"`
	IssuedAt strictjson.Since `json:"iat"`
	// Appendix F.1 knows neither; a proof that has them says when it counts (RFC 7519).
	NotBefore *strictjson.Since `json:"nbf,omitzero"`
	Expires   *strictjson.Until `json:"exp,omitzero"`
}

// SignProof makes a key proof for an issuer. The nonce is the issuer's c_nonce. By file
// it is OfferNonce. An issuer with a URL and without a nonce endpoint wants none
// (OpenID4VCI 1.0 appendix F.1). The error is ErrProof, or one of did.SignJWS.
func SignProof(ctx context.Context, signer crypto.Signer, claims ProofClaims) (string, error) {
	return SignAttestedProof(ctx, signer, claims, "")
}

// SignAttestedProof is SignProof with a key attestation in the header; empty means none.
func SignAttestedProof(ctx context.Context, signer crypto.Signer, claims ProofClaims, attestation string) (string, error) {
	wire := proofJSON{
		Issuer: claims.Client, Audience: claims.Audience, Nonce: claims.Nonce,
		IssuedAt: strictjson.Since(claims.IssuedAt.Unix()),
	}
	if err := wire.check(); err != nil {
		return "", err
	}
	payload, err := marshal(&wire)
	if err != nil {
		return "", err
	}
	header := did.Header{Typ: proofType, JWK: signer.Public()}
	if attestation != "" {
		header.Extra = map[string]any{keyAttestationHeader: attestation}
	}
	return did.SignJWS(ctx, signer, header, payload, did.JWSOptions{})
}

// keyAttestationHeader is the header that carries a key attestation (appendix F.1).
const keyAttestationHeader = "key_attestation"

// ParseProof reads a key proof. The header has the key in one place: jwk, a kid
// that is a did:jwk or did:key, or the first certificate of x5c, whose chain nobody
// checks here. The error is ErrJSON, ErrProof, or one of did.ParseJWS.
func ParseProof(compact string) (*Proof, error) {
	token, err := did.ParseJWS(compact, proofType, did.JWSOptions{})
	if err != nil {
		return nil, err
	}
	key, err := proofKey(token.Header)
	if err != nil {
		return nil, err
	}
	attestation, isText := token.Header.Extra[keyAttestationHeader].(string)
	if !isText && token.Header.Extra[keyAttestationHeader] != nil {
		return nil, fmt.Errorf("%w: key_attestation is no JWT", ErrProof)
	}
	wire, err := unmarshal[proofJSON](token.UnverifiedPayload())
	if err != nil {
		return nil, err
	}
	if err := wire.check(); err != nil {
		return nil, err
	}
	claims := ProofClaims{Audience: wire.Audience, Nonce: wire.Nonce, IssuedAt: time.Unix(int64(wire.IssuedAt), 0).UTC(), Client: wire.Issuer}
	return &Proof{Unverified: claims, KeyAttestation: attestation, key: key, token: token, begins: wire.NotBefore, ends: wire.Expires}, nil
}

// proofKey returns the key that a header carries or names.
func proofKey(h did.Header) (crypto.PublicKey, error) {
	switch {
	case h.JWK != nil && h.Kid == "" && h.X5C == nil:
		return h.JWK, nil
	case h.Kid != "" && h.JWK == nil && h.X5C == nil:
		key, err := did.FindKey(context.Background(), did.SelfContained(), h.Kid, time.Time{})
		if err != nil {
			return nil, fmt.Errorf("%w: kid is no did:jwk or did:key: %w", ErrProof, err)
		}
		return key.Public, nil
	case len(h.X5C) > 0 && h.JWK == nil && h.Kid == "":
		leaf, err := x509.ParseCertificate(h.X5C[0])
		if err != nil {
			return nil, fmt.Errorf("%w: x5c is no certificate", ErrProof)
		}
		return leaf.PublicKey, nil
	}
	return nil, fmt.Errorf("%w: its key stands in jwk, kid or x5c, in one of them", ErrProof)
}

func (w *proofJSON) check() error {
	if !isIdentifier(w.Audience) || w.Nonce != "" && !isCode(w.Nonce) || !inRange(int64(w.IssuedAt)) {
		return fmt.Errorf("%w: aud or iat is missing, or aud, nonce or iat is malformed", ErrProof)
	}
	if w.Issuer != "" && !isIdentifier(w.Issuer) {
		return fmt.Errorf("%w: iss is malformed", ErrProof)
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
