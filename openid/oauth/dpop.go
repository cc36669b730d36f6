package oauth

import (
	"context"
	"crypto"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"net"
	"net/url"
	"strings"
	"time"

	"github.com/hufu-id/hufu/did"
	"github.com/hufu-id/hufu/internal/limits"
	"github.com/hufu-id/hufu/internal/strictjson"
)

// ErrDPoP means that a DPoP proof is malformed, or is not for this request, token or time.
var ErrDPoP = errors.New("oauth: DPoP proof refused")

// dpopType is the typ of a DPoP proof.
const dpopType = "dpop+jwt"

// maxDPoPAge is the oldest DPoP proof that is accepted.
const maxDPoPAge = 5 * time.Minute

// A DPoP shows that a request comes from the holder of a key (RFC 9449 section 4).
type DPoP struct {
	// ID is jti. The server refuses one that it has seen from this key.
	ID string
	// Nonce is the server's, empty where it gave none.
	Nonce string
	// Thumbprint is the RFC 7638 thumbprint of the key.
	Thumbprint string
	// IssuedAt is iat.
	IssuedAt time.Time
}

type dpopJSON struct {
	ID        string            `json:"jti"`
	Method    string            `json:"htm"`
	URI       string            `json:"htu"`
	IssuedAt  strictjson.Since  `json:"iat"`
	TokenHash string            `json:"ath,omitzero"`
	Nonce     string            `json:"nonce,omitzero"`
	NotBefore *strictjson.Since `json:"nbf,omitzero"`
	Expires   *strictjson.Until `json:"exp,omitzero"`
}

// DPoPRequest describes the request that a proof is for.
type DPoPRequest struct {
	// Method and URI are those of the HTTP request. Query and fragment of the URI do not
	// count.
	Method, URI string
	// Token is the access token that goes with it; empty at a token endpoint.
	Token string
}

// SignDPoP makes a fresh proof, for one request. The nonce is the server's, empty where it
// gave none; the time is whole seconds, and zero means now. The error is ErrDPoP, or one of
// did.SignJWS.
func SignDPoP(ctx context.Context, signer crypto.Signer, r DPoPRequest, nonce string, at time.Time) (string, error) {
	target, err := normalTarget(r.URI)
	if err != nil || nonce != "" && !isCode(nonce) {
		return "", fmt.Errorf("%w: malformed address or nonce", ErrDPoP)
	}
	if at.IsZero() {
		at = time.Now()
	}
	wire := dpopJSON{ID: rand.Text(), Method: r.Method, URI: target, IssuedAt: strictjson.Since(at.Unix()), Nonce: nonce}
	if r.Token != "" {
		wire.TokenHash = hashOf(r.Token)
	}
	payload, err := marshal(&wire)
	if err != nil {
		return "", err
	}
	return did.SignJWS(ctx, signer, did.Header{Typ: dpopType, JWK: signer.Public()}, payload, did.JWSOptions{})
}

// VerifyDPoP reads a proof and checks that its key signed it for this request and token,
// at most five minutes ago. Nonce and ID are the caller's to check. The error is ErrDPoP,
// or one of did.ParseJWS and did.ErrSignature.
func VerifyDPoP(compact string, r DPoPRequest, opts VerifyOptions) (*DPoP, error) {
	token, err := did.ParseJWS(compact, dpopType, did.JWSOptions{MaxBytes: limits.Document})
	if err != nil {
		return nil, err
	}
	if token.Header.JWK == nil {
		return nil, fmt.Errorf("%w: without jwk", ErrDPoP)
	}
	payload, err := token.Verify(token.Header.JWK)
	if err != nil {
		return nil, err
	}
	wire, err := unmarshal[dpopJSON](payload)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrDPoP, err)
	}
	if err := wire.check(r, opts); err != nil {
		return nil, err
	}
	thumbprint, err := did.Thumbprint(token.Header.JWK)
	if err != nil {
		return nil, err
	}
	return &DPoP{ID: wire.ID, Nonce: wire.Nonce, Thumbprint: thumbprint, IssuedAt: time.Unix(int64(wire.IssuedAt), 0).UTC()}, nil
}

func (w *dpopJSON) check(r DPoPRequest, opts VerifyOptions) error {
	if !isCode(w.ID) || len(w.ID) > limits.Identifier || w.Nonce != "" && !isCode(w.Nonce) || w.IssuedAt == 0 {
		return fmt.Errorf("%w: jti, iat or nonce is missing or malformed", ErrDPoP)
	}
	want, err := normalTarget(r.URI)
	if err != nil {
		return err
	}
	if got, err := normalTarget(w.URI); err != nil || got != want || w.Method != r.Method {
		return fmt.Errorf("%w: for another request", ErrDPoP)
	}
	if r.Token != "" && w.TokenHash != hashOf(r.Token) {
		return fmt.Errorf("%w: for another token", ErrDPoP)
	}
	if !opts.isFresh(time.Unix(int64(w.IssuedAt), 0), maxDPoPAge) || !opts.holds(w.NotBefore, w.Expires) {
		return fmt.Errorf("%w: not fresh", ErrDPoP)
	}
	return nil
}

// normalTarget writes an address in the one form that is compared: scheme and host in
// lower case, no default port, no query and no fragment (RFC 9449 section 4.3, RFC 3986
// section 6.2).
func normalTarget(uri string) (string, error) {
	u, err := url.Parse(uri)
	if err != nil || u.Host == "" || len(uri) > limits.Document {
		return "", fmt.Errorf("%w: malformed htu", ErrDPoP)
	}
	scheme, host, path := strings.ToLower(u.Scheme), strings.ToLower(u.Hostname()), u.EscapedPath()
	if port := u.Port(); port != "" && !(scheme == "https" && port == "443") && !(scheme == "http" && port == "80") {
		host = net.JoinHostPort(host, port)
	} else if strings.Contains(host, ":") {
		host = "[" + host + "]"
	}
	if path == "" {
		path = "/"
	}
	return scheme + "://" + host + path, nil
}

// hashOf is ath: the base64url SHA-256 of a token.
func hashOf(token string) string {
	h := sha256.Sum256([]byte(token))
	return base64.RawURLEncoding.EncodeToString(h[:])
}
