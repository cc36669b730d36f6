package openid

import (
	"context"
	"crypto"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"time"

	"github.com/hufu-id/hufu/did"
	"github.com/hufu-id/hufu/internal/limits"
	"github.com/hufu-id/hufu/internal/strictjson"
)

// Types of requests about a credential. One is never taken for the other: whoever has
// the first gets the credential.
const (
	reissueType   = "hufu-reissue+jwt"
	existenceType = "hufu-existence+jwt"
)

// A ReissueRequest asks an issuer for what it signed in place of a credential, as after
// a theft of its key. It is a JWS by the holder key of that credential, which the jwk
// header carries. It names the credential by a hash, which tells nothing of the holder.
//
// An existence request is the same of another type: it asks for what shows that the
// credential existed by a time.
type ReissueRequest struct {
	// Unverified is the payload. Do not trust it before Verify.
	Unverified ReissueClaims

	key   crypto.PublicKey
	token *did.JWS
}

// ReissueClaims is the payload of a reissue request.
type ReissueClaims struct {
	Audience   string    // the issuer's DID or URL
	Credential [32]byte  // CredentialHash of the credential that the wallet has
	IssuedAt   time.Time // whole seconds
}

type reissueJSON struct {
	Audience   string           `json:"aud"`
	Credential string           `json:"credential"`
	IssuedAt   strictjson.Since `json:"iat"`
}

// CredentialHash names a credential: the SHA-256 of its SD-JWT as issued, with every
// disclosure and without a key binding.
func CredentialHash(compact string) [32]byte { return sha256.Sum256([]byte(compact)) }

// SignReissue makes a reissue request. The error is ErrProof, or one of did.SignJWS.
func SignReissue(ctx context.Context, holder crypto.Signer, claims ReissueClaims) (string, error) {
	return claims.sign(ctx, holder, reissueType)
}

// SignExistence makes an existence request. Errors are those of SignReissue.
func SignExistence(ctx context.Context, holder crypto.Signer, claims ReissueClaims) (string, error) {
	return claims.sign(ctx, holder, existenceType)
}

func (claims ReissueClaims) sign(ctx context.Context, holder crypto.Signer, typ string) (string, error) {
	wire := reissueJSON{
		Audience: claims.Audience, Credential: base64.RawURLEncoding.EncodeToString(claims.Credential[:]),
		IssuedAt: strictjson.Since(claims.IssuedAt.Unix()),
	}
	if _, err := wire.claims(); err != nil {
		return "", err
	}
	payload, err := marshal(&wire)
	if err != nil {
		return "", err
	}
	return did.SignJWS(ctx, holder, did.Header{Typ: typ, JWK: holder.Public()}, payload, did.JWSOptions{})
}

// ParseReissue reads a reissue request. Unknown members of the payload are refused. The
// error is ErrJSON, ErrProof, or one of did.ParseJWS.
func ParseReissue(compact string) (*ReissueRequest, error) {
	return parseReissue(compact, reissueType)
}

// ParseExistence reads an existence request. Errors are those of ParseReissue.
func ParseExistence(compact string) (*ReissueRequest, error) {
	return parseReissue(compact, existenceType)
}

func parseReissue(compact, typ string) (*ReissueRequest, error) {
	token, err := did.ParseJWS(compact, typ, did.JWSOptions{})
	if err != nil {
		return nil, err
	}
	if token.Header.JWK == nil || token.Header.Kid != "" || token.Header.X5C != nil {
		return nil, fmt.Errorf("%w: its key stands in jwk, and nowhere else", ErrProof)
	}
	wire := new(reissueJSON)
	if err := strictjson.Read(token.UnverifiedPayload(), limits.Message, wire, strictjson.RefuseNull); err != nil {
		return nil, jsonError(err)
	}
	claims, err := wire.claims()
	if err != nil {
		return nil, err
	}
	return &ReissueRequest{Unverified: claims, key: token.Header.JWK, token: token}, nil
}

func (w *reissueJSON) claims() (ReissueClaims, error) {
	hash, err := base64.RawURLEncoding.Strict().DecodeString(w.Credential)
	if err != nil || len(hash) != sha256.Size || !isIdentifier(w.Audience) || !inRange(int64(w.IssuedAt)) {
		return ReissueClaims{}, fmt.Errorf("%w: aud, credential or iat is missing or malformed", ErrProof)
	}
	return ReissueClaims{w.Audience, [32]byte(hash), time.Unix(int64(w.IssuedAt), 0).UTC()}, nil
}

// Verify checks the request's own signature, its audience and its age (at most five
// minutes), and returns the key that signed. Compare it with the credential's holder
// key. The error is did.ErrSignature, did.ErrAlgorithm, ErrProofAudience or ErrProofTime.
func (r *ReissueRequest) Verify(audience string, opts VerifyOptions) (crypto.PublicKey, error) {
	if _, err := r.token.Verify(r.key); err != nil {
		return nil, err
	}
	if r.Unverified.Audience != audience {
		return nil, ErrProofAudience
	}
	age := opts.now().Sub(r.Unverified.IssuedAt)
	if age < -opts.skew() || age > maxProofAge+opts.skew() {
		return nil, ErrProofTime
	}
	return r.key, nil
}
