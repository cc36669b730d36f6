package openid

import (
	"context"
	"crypto"
	"errors"
	"fmt"
	"time"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/hufu-id/hufu/did"
	"github.com/hufu-id/hufu/internal/strictjson"
)

// ErrKeyAttestation means that a key attestation breaks OpenID4VCI 1.0 appendix D.1, is
// not fresh, or was made for another nonce.
var ErrKeyAttestation = errors.New("openid: key attestation refused")

// keyAttestationType is the typ of a key attestation.
const keyAttestationType = "key-attestation+jwt"

// A KeyAttestation is a JWT in which a key store's maker says how it guards the keys of a
// wallet (OpenID4VCI 1.0 appendix D.1). Nobody has verified it before Verify.
type KeyAttestation struct {
	// Header names the maker's key, by kid or x5c, for the caller to find.
	Header did.Header
	KeyAttestationClaims

	token *did.JWS
}

// KeyAttestationClaims is the payload of a key attestation.
type KeyAttestationClaims struct {
	// Keys are attested, at least one.
	Keys []crypto.PublicKey
	// Storage and Authentication name the resistance to attack of the key store and of the
	// user authentication, such as iso_18045_high (appendix D.2).
	Storage, Authentication []string
	// Nonce is the issuer's c_nonce, empty where none was used.
	Nonce    string
	IssuedAt time.Time // whole seconds
	Expires  time.Time // whole seconds; zero where the attestation does not say
}

type keyAttestationJSON struct {
	IssuedAt       strictjson.Since  `json:"iat"`
	Expires        *strictjson.Until `json:"exp,omitzero"`
	Keys           []jsontext.Value  `json:"attested_keys"`
	Storage        []string          `json:"key_storage,omitzero"`
	Authentication []string          `json:"user_authentication,omitzero"`
	Nonce          string            `json:"nonce,omitzero"`
}

// ParseKeyAttestation reads a key attestation. The error is ErrJSON, ErrKeyAttestation, or
// one of did.ParseJWS and did.ParseJWK.
func ParseKeyAttestation(compact string) (*KeyAttestation, error) {
	token, err := did.ParseJWS(compact, keyAttestationType, did.JWSOptions{})
	if err != nil {
		return nil, err
	}
	wire, err := unmarshal[keyAttestationJSON](token.UnverifiedPayload())
	if err != nil {
		return nil, err
	}
	a := &KeyAttestation{Header: token.Header, token: token, KeyAttestationClaims: KeyAttestationClaims{
		Storage: wire.Storage, Authentication: wire.Authentication, Nonce: wire.Nonce,
		IssuedAt: time.Unix(int64(wire.IssuedAt), 0).UTC(),
	}}
	if wire.Expires != nil {
		a.Expires = time.Unix(int64(*wire.Expires), 0).UTC()
	}
	if len(wire.Keys) == 0 || len(wire.Keys) > maxProofs {
		return nil, fmt.Errorf("%w: from 1 to %d attested_keys are taken", ErrKeyAttestation, maxProofs)
	}
	for _, object := range wire.Keys {
		key, err := did.ParseJWK(object)
		if err != nil {
			return nil, fmt.Errorf("%w: attested_keys: %w", ErrKeyAttestation, err)
		}
		a.Keys = append(a.Keys, key)
	}
	return a, a.check()
}

func (c *KeyAttestationClaims) check() error {
	if c.Nonce != "" && !isCode(c.Nonce) || !inRange(c.IssuedAt.Unix()) || len(c.Storage)+len(c.Authentication) > maxProofs {
		return fmt.Errorf("%w: nonce, iat or a level is missing or malformed", ErrKeyAttestation)
	}
	return nil
}

// SignKeyAttestation makes a key attestation. The header names the maker's key; its Typ is
// set. The error is ErrKeyAttestation, or one of did.SignJWS.
func SignKeyAttestation(ctx context.Context, maker crypto.Signer, header did.Header, claims KeyAttestationClaims) (string, error) {
	if err := claims.check(); err != nil {
		return "", err
	}
	wire := keyAttestationJSON{
		IssuedAt: strictjson.Since(claims.IssuedAt.Unix()), Storage: claims.Storage,
		Authentication: claims.Authentication, Nonce: claims.Nonce,
	}
	if !claims.Expires.IsZero() {
		ends := strictjson.Until(claims.Expires.Unix())
		wire.Expires = &ends
	}
	for _, key := range claims.Keys {
		text, err := did.MarshalJWK(key)
		if err != nil {
			return "", err
		}
		wire.Keys = append(wire.Keys, text)
	}
	payload, err := marshal(&wire)
	if err != nil {
		return "", err
	}
	header.Typ = keyAttestationType
	return did.SignJWS(ctx, maker, header, payload, did.JWSOptions{})
}

// Verify checks the maker's signature and that the attestation holds now. It does not look
// at Nonce: compare it with the c_nonce that goes with the request. The error is
// did.ErrSignature, did.ErrAlgorithm or ErrKeyAttestation.
func (a *KeyAttestation) Verify(maker crypto.PublicKey, opts VerifyOptions) error {
	if _, err := a.token.Verify(maker); err != nil {
		return err
	}
	if a.IssuedAt.After(opts.now().Add(opts.skew())) ||
		!a.Expires.IsZero() && !opts.now().Before(a.Expires.Add(opts.skew())) {
		return fmt.Errorf("%w: expired, or from the future", ErrKeyAttestation)
	}
	return nil
}
