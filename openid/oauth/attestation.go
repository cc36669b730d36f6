package oauth

import (
	"context"
	"crypto"
	"crypto/rand"
	"errors"
	"fmt"
	"time"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/hufu-id/hufu/did"
	"github.com/hufu-id/hufu/internal/limits"
	"github.com/hufu-id/hufu/internal/strictjson"
)

// ErrAttestation means that a wallet attestation, or the proof of possession with it, is
// malformed, expired, or not for this server.
var ErrAttestation = errors.New("oauth: wallet attestation refused")

// The headers in which they travel (draft-ietf-oauth-attestation-based-client-auth-07
// section 6.1), and the header of a challenge.
const (
	AttestationHeader = "OAuth-Client-Attestation"
	PossessionHeader  = "OAuth-Client-Attestation-PoP"
	ChallengeHeader   = "OAuth-Client-Attestation-Challenge"
)

const (
	attestationType = "oauth-client-attestation+jwt"
	possessionType  = "oauth-client-attestation-pop+jwt"
)

// maxPossessionAge is the oldest proof of possession that is accepted.
const maxPossessionAge = 5 * time.Minute

// An Attestation is a JWT in which a wallet's maker vouches for a wallet's key (section
// 5.1). Nobody has verified it before Verify.
type Attestation struct {
	// Header names the maker's key, by kid or x5c, for the caller to find.
	Header did.Header
	// ClientID is sub, Issuer is iss or empty, and Key is cnf.jwk.
	ClientID, Issuer string
	Key              crypto.PublicKey
	Expires          time.Time

	token *did.JWS
	wire  *attestationJSON
}

type attestationJSON struct {
	Issuer    string            `json:"iss,omitzero"`
	Subject   string            `json:"sub"`
	Expires   strictjson.Until  `json:"exp"`
	IssuedAt  *strictjson.Since `json:"iat,omitzero"`
	NotBefore *strictjson.Since `json:"nbf,omitzero"`
	Confirm   struct {
		JWK jsontext.Value `json:"jwk"`
	} `json:"cnf"`
}

// ParseAttestation reads an attestation. The error is ErrAttestation, or one of
// did.ParseJWS and did.ParseJWK.
func ParseAttestation(compact string) (*Attestation, error) {
	token, err := did.ParseJWS(compact, attestationType, did.JWSOptions{MaxBytes: limits.Document})
	if err != nil {
		return nil, err
	}
	wire, err := unmarshal[attestationJSON](token.UnverifiedPayload())
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrAttestation, err)
	}
	if !isName(wire.Subject) || wire.Issuer != "" && !isName(wire.Issuer) || wire.Expires == 0 {
		return nil, fmt.Errorf("%w: sub or exp is missing or malformed", ErrAttestation)
	}
	key, err := did.ParseJWK(wire.Confirm.JWK)
	if err != nil {
		return nil, fmt.Errorf("%w: cnf.jwk: %w", ErrAttestation, err)
	}
	return &Attestation{
		Header: token.Header, ClientID: wire.Subject, Issuer: wire.Issuer, Key: key,
		Expires: time.Unix(int64(wire.Expires), 0).UTC(), token: token, wire: wire,
	}, nil
}

// Verify checks the maker's signature and that the attestation holds now. The error is
// ErrAttestation or did.ErrSignature.
func (a *Attestation) Verify(maker crypto.PublicKey, opts VerifyOptions) error {
	if _, err := a.token.Verify(maker); err != nil {
		return err
	}
	ends := strictjson.Until(a.Expires.Unix())
	if !opts.holds(a.wire.NotBefore, &ends) || !opts.holds(a.wire.IssuedAt, nil) {
		return fmt.Errorf("%w: expired, or not yet valid", ErrAttestation)
	}
	return nil
}

// AttestationClaims is what a wallet's maker vouches for.
type AttestationClaims struct {
	Issuer, ClientID string
	Key              crypto.PublicKey
	IssuedAt         time.Time // whole seconds
	Expires          time.Time // whole seconds
}

// SignAttestation makes an attestation. The header names the maker's key; its Typ is set.
// The error is ErrAttestation, or one of did.SignJWS.
func SignAttestation(ctx context.Context, maker crypto.Signer, header did.Header, claims AttestationClaims) (string, error) {
	jwk, err := did.MarshalJWK(claims.Key)
	if err != nil {
		return "", err
	}
	iat := strictjson.Since(claims.IssuedAt.Unix())
	wire := attestationJSON{
		Issuer: claims.Issuer, Subject: claims.ClientID, Expires: strictjson.Until(claims.Expires.Unix()), IssuedAt: &iat,
	}
	wire.Confirm.JWK = jwk
	payload, err := marshal(&wire)
	if err != nil {
		return "", err
	}
	header.Typ = attestationType
	return did.SignJWS(ctx, maker, header, payload, did.JWSOptions{})
}

// A Possession is a JWT by which a wallet shows that it has the key of its attestation
// (section 5.2).
type Possession struct {
	// ID is jti: the server refuses one that it has seen.
	ID string
	// Challenge is the server's, empty where it gave none.
	Challenge string
	IssuedAt  time.Time
}

type possessionJSON struct {
	Issuer    string            `json:"iss,omitzero"`
	Audience  string            `json:"aud"`
	ID        string            `json:"jti"`
	IssuedAt  strictjson.Since  `json:"iat"`
	Challenge string            `json:"challenge,omitzero"`
	NotBefore *strictjson.Since `json:"nbf,omitzero"`
	Expires   *strictjson.Until `json:"exp,omitzero"`
}

// SignPossession makes a fresh proof of possession for the server of that issuer. The
// challenge is the server's, empty where it gave none; a zero time means now. The error is
// ErrAttestation, or one of did.SignJWS.
func SignPossession(ctx context.Context, key crypto.Signer, clientID, server, challenge string, at time.Time) (string, error) {
	if !isName(clientID) || challenge != "" && !isCode(challenge) {
		return "", fmt.Errorf("%w: malformed client or challenge", ErrAttestation)
	}
	if at.IsZero() {
		at = time.Now()
	}
	payload, err := marshal(&possessionJSON{
		Issuer: clientID, Audience: server, ID: rand.Text(), IssuedAt: strictjson.Since(at.Unix()), Challenge: challenge,
	})
	if err != nil {
		return "", err
	}
	return did.SignJWS(ctx, key, did.Header{Typ: possessionType}, payload, did.JWSOptions{})
}

// VerifyPossession reads the proof that goes with an attestation and checks that its key
// signed it, for this server, at most five minutes ago. ID and Challenge are the caller's
// to check. The error is ErrAttestation, or one of did.ParseJWS and did.ErrSignature.
func (a *Attestation) VerifyPossession(compact, server string, opts VerifyOptions) (*Possession, error) {
	token, err := did.ParseJWS(compact, possessionType, did.JWSOptions{MaxBytes: limits.Document})
	if err != nil {
		return nil, err
	}
	payload, err := token.Verify(a.Key)
	if err != nil {
		return nil, err
	}
	wire, err := unmarshal[possessionJSON](payload)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrAttestation, err)
	}
	switch issued := time.Unix(int64(wire.IssuedAt), 0).UTC(); {
	case wire.Audience != server:
		return nil, fmt.Errorf("%w: proof of possession for another server", ErrAttestation)
	case wire.Issuer != "" && wire.Issuer != a.ClientID:
		return nil, fmt.Errorf("%w: proof of possession of another client", ErrAttestation)
	case !isCode(wire.ID) || len(wire.ID) > limits.Identifier || wire.Challenge != "" && !isCode(wire.Challenge):
		return nil, fmt.Errorf("%w: jti or challenge is missing or malformed", ErrAttestation)
	case wire.IssuedAt == 0 || !opts.isFresh(issued, maxPossessionAge) || !opts.holds(wire.NotBefore, wire.Expires):
		return nil, fmt.Errorf("%w: proof of possession is not fresh", ErrAttestation)
	default:
		return &Possession{wire.ID, wire.Challenge, issued}, nil
	}
}

type challengeJSON struct {
	Challenge string `json:"attestation_challenge"`
}

// ParseChallenge reads the answer of a challenge endpoint (section 8). The error is
// ErrMessage.
func ParseChallenge(data []byte) (string, error) {
	wire, err := unmarshal[challengeJSON](data)
	if err != nil {
		return "", err
	}
	if !isCode(wire.Challenge) {
		return "", fmt.Errorf("%w: no attestation_challenge", ErrMessage)
	}
	return wire.Challenge, nil
}

// ChallengeBytes returns the answer of a challenge endpoint.
func ChallengeBytes(challenge string) ([]byte, error) { return marshal(&challengeJSON{challenge}) }
