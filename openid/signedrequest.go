package openid

import (
	"cmp"
	"context"
	"crypto"
	"crypto/x509"
	"errors"
	"fmt"
	"time"

	"github.com/hufu-id/hufu/did"
	"github.com/hufu-id/hufu/internal/strictjson"
)

var (
	// ErrRequestSigner means that the key that signed a request belongs to
	// another DID than the client_id.
	ErrRequestSigner = errors.New("openid: request signed by a key of another verifier")
	// ErrRequestTime means that a request has expired or lies in the future.
	ErrRequestTime = errors.New("openid: request is not in its validity period")
)

// requestType is the typ of a request object (RFC 9101, OpenID4VP 1.0 section 5).
const requestType = "oauth-authz-req+jwt"

// minEntropy is the length of 128 bits in base64url.
const minEntropy = 22

// minNonce is the shortest nonce that is read, that of the standard's own examples.
const minNonce = 12

// defaultSkew is the largest difference between two honest clocks.
const defaultSkew = time.Minute

// SignRequest writes a request as a signed request object, a compact JWS of typ
// oauth-authz-req+jwt. kid is the full DID URL of the signer's key and must
// belong to request.Verifier. The error is ErrRequest, ErrRequestSigner,
// ErrQuery, ErrTransactionData, or one of did.SignJWS.
func SignRequest(ctx context.Context, signer crypto.Signer, kid string, request *AuthorizationRequest) (string, error) {
	return signRequest(ctx, signer, did.Header{Typ: requestType, Kid: kid}, request)
}

// SignRequestX509 is SignRequest for ClientX509Hash and ClientX509DNS. The chain is in
// DER, the leaf first, without the anchor; it travels in the header x5c.
func SignRequestX509(ctx context.Context, signer crypto.Signer, chain [][]byte, request *AuthorizationRequest) (string, error) {
	return signRequest(ctx, signer, did.Header{Typ: requestType, X5C: chain}, request)
}

func signRequest(ctx context.Context, signer crypto.Signer, header did.Header, request *AuthorizationRequest) (string, error) {
	payload, err := request.payload()
	if err != nil {
		return "", err
	}
	leaf, err := request.checkSigner(header)
	if err != nil {
		return "", err
	}
	if leaf != nil && !equalKeys(leaf.PublicKey, signer.Public()) {
		return "", fmt.Errorf("%w: the certificate is of another key", ErrRequestSigner)
	}
	return did.SignJWS(ctx, signer, header, payload, did.JWSOptions{})
}

func equalKeys(a, b crypto.PublicKey) bool {
	key, ok := a.(interface{ Equal(crypto.PublicKey) bool })
	return ok && key.Equal(b)
}

// Check returns the error that SignRequest would return for the request itself: ErrRequest
// or ErrQuery.
func (r *AuthorizationRequest) Check() error {
	_, err := r.payload()
	return err
}

// payload writes a request and checks it as strictly as parsing does.
func (r *AuthorizationRequest) payload() ([]byte, error) {
	if r.Query == nil {
		return nil, fmt.Errorf("%w: no query", ErrRequest)
	}
	if len(r.Nonce) < minEntropy || len(r.State) < minEntropy {
		return nil, fmt.Errorf("%w: nonce and state need %d characters", ErrRequest, minEntropy)
	}
	if r.MaxEpochAge%time.Second != 0 {
		return nil, fmt.Errorf("%w: maximum epoch age is not in whole seconds", ErrRequest)
	}
	query, err := r.Query.Bytes()
	if err != nil {
		return nil, err
	}
	if r.IssuedAt.IsZero() || r.Expires.IsZero() {
		return nil, fmt.Errorf("%w: no time of issue or of expiry", ErrRequest)
	}
	issued, expires := strictjson.Since(r.IssuedAt.Unix()), strictjson.Until(r.Expires.Unix())
	wire := requestJSON{
		ClientID: r.ClientID(), ResponseType: vpToken, ResponseMode: string(cmp.Or(r.Mode, DirectPost)), ResponseURI: r.ResponseURI,
		Nonce: r.Nonce, State: r.State, WalletNonce: r.WalletNonce, Audience: selfIssued, IssuedAt: &issued, Expires: &expires,
		Query: query, ClientMetadata: &clientMetadataJSON{Formats: r.formats(), Keys: r.Keys, Contents: r.Contents},
		Purpose: r.Purpose, Policy: r.Policy, Exists: r.Existence,
	}
	for _, t := range r.Transactions {
		text, err := t.encode()
		if err != nil {
			return nil, err
		}
		wire.Transactions = append(wire.Transactions, text)
	}
	if !r.NotBefore.IsZero() {
		begins := strictjson.Since(r.NotBefore.Unix())
		wire.NotBefore = &begins
	}
	if r.LedgerProof != nil {
		wire.VerifierInfo = []verifierInfoJSON{infoOf(r.LedgerProof)}
	}
	if r.Scope != (Scope{}) {
		wire.Scope = r.Scope.wire()
	}
	if r.MaxEpochAge != 0 {
		wire.Epochs = &epochsJSON{MaxAge: int64(r.MaxEpochAge / time.Second)}
	}
	payload, err := marshal(&wire)
	if err != nil {
		return nil, err
	}
	_, err = parseRequestPayload(payload)
	return payload, err
}

func (r *AuthorizationRequest) formats() map[string]Algorithms {
	if r.Formats != nil {
		return r.Formats
	}
	names := did.DefaultSuites().Names()
	formats := make(map[string]Algorithms)
	for _, c := range r.Query.Credentials {
		formats[c.Format] = Algorithms{SDJWT: names, KBJWT: names}
	}
	return formats
}

// A SignedRequest is a request object whose signature nobody has checked.
type SignedRequest struct {
	// Unverified is the payload. Use it to choose the key, and for nothing
	// else.
	Unverified *AuthorizationRequest
	// KeyID is the full DID URL of the key that claims to have signed. By its
	// name it is a key of Unverified.Verifier. Empty where a certificate signs.
	KeyID string
	// Chain is the x5c of a request that the key of a certificate signs, in DER, leaf
	// first. The leaf is the one of the client_id; nobody has checked who certified it.
	Chain [][]byte

	leaf  *x509.Certificate
	token *did.JWS
}

// ParseRequest reads a compact request object. It does not verify the
// signature. The error is ErrJSON, ErrRequest, ErrRequestSigner, ErrQuery,
// ErrTransactionData, ErrUnsupportedFormat, or one of did.ParseJWS.
func ParseRequest(compact string) (*SignedRequest, error) {
	token, err := did.ParseJWS(compact, requestType, did.JWSOptions{})
	if err != nil {
		return nil, err
	}
	request, err := parseRequestPayload(token.UnverifiedPayload())
	if err != nil {
		return nil, err
	}
	leaf, err := request.checkSigner(token.Header)
	if err != nil {
		return nil, err
	}
	signed := &SignedRequest{Unverified: request, leaf: leaf, token: token}
	if leaf != nil {
		signed.Chain = token.Header.X5C
	} else {
		signed.KeyID = token.Header.Kid
	}
	return signed, nil
}

// Header returns the protected header, which nobody has verified.
func (r *SignedRequest) Header() did.Header { return r.token.Header }

// Bytes returns the compact request object as it was parsed.
func (r *SignedRequest) Bytes() []byte { return []byte(r.token.String()) }

// VerifyOptions says what time it is. The zero value means now, with a
// tolerance of one minute.
type VerifyOptions struct {
	// Now is the reader's time; zero means the machine's clock.
	Now time.Time
	// Skew is the largest difference from the other side's clock; zero means
	// one minute.
	Skew time.Duration
}

func (o VerifyOptions) now() time.Time {
	if o.Now.IsZero() {
		return time.Now()
	}
	return o.Now
}

func (o VerifyOptions) skew() time.Duration {
	if o.Skew == 0 {
		return defaultSkew
	}
	return o.Skew
}

// Verify checks signature and time, and returns the request. key comes from the
// DID document that KeyID names: the caller resolves it and decides whether it
// was in force. Where a certificate signs, key.Public is the one to which the caller's
// anchors lead Chain, and must be the leaf's. Verify does not check whether this verifier
// may ask, or for this purpose. The error is ErrRequestSigner for a key with another name,
// did.ErrAlgorithm, did.ErrSignature or ErrRequestTime.
func (r *SignedRequest) Verify(key did.Key, opts VerifyOptions) (*AuthorizationRequest, error) {
	if key.ID != r.KeyID || r.leaf != nil && !equalKeys(r.leaf.PublicKey, key.Public) {
		return nil, ErrRequestSigner
	}
	if _, err := r.token.Verify(key.Public); err != nil {
		return nil, err
	}
	verified := *r.Unverified
	if err := verified.CheckTime(opts); err != nil {
		return nil, err
	}
	return &verified, nil
}

// CheckTime holds iat, nbf and exp against the reader's clock, where the request has them.
// The error is ErrRequestTime.
func (r *AuthorizationRequest) CheckTime(opts VerifyOptions) error {
	now, begins := opts.now(), r.IssuedAt
	if r.NotBefore.After(begins) {
		begins = r.NotBefore
	}
	if begins.After(now.Add(opts.skew())) || !r.Expires.IsZero() && !now.Before(r.Expires.Add(opts.skew())) {
		return ErrRequestTime
	}
	return nil
}
