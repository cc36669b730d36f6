package did

import (
	"context"
	"crypto"
	"encoding/base64"
	"fmt"
	"strings"

	"github.com/go-jose/go-jose/v4"

	"github.com/hufu-id/hufu/internal/limits"
)

// AnyTypeUnsafe, passed as the wanted type, makes ParseJWS accept every typ.
// The caller must compare Header.Typ before it trusts the payload, so that no
// token passes for a token of another type.
const AnyTypeUnsafe = "*"

// JWSOptions changes how tokens are signed and parsed. The zero value is the
// safe default.
type JWSOptions struct {
	// Suites is the allow-list of algorithms; nil means [DefaultSuites].
	Suites *Suites
	// MaxBytes caps the token; zero means limits.Token.
	MaxBytes int
}

func (o JWSOptions) suites() *Suites {
	if o.Suites == nil {
		return DefaultSuites()
	}
	return o.Suites
}

func (o JWSOptions) maxBytes() int {
	if o.MaxBytes == 0 {
		return limits.Token
	}
	return o.MaxBytes
}

// A JWS is a parsed compact JWS. Nobody has verified its signature.
type JWS struct {
	// Header is not verified. Use it to choose the key to verify with, and for
	// nothing else.
	Header Header

	compact   string
	payload   []byte
	signed    []byte // the first two parts
	signature []byte
	suite     Suite
}

// String returns the token exactly as it was parsed.
func (j *JWS) String() string { return j.compact }

// UnverifiedPayload returns the payload without a check of the signature.
func (j *JWS) UnverifiedPayload() []byte { return j.payload }

// ParseJWS reads a compact JWS whose typ is exactly the given one; "" wants a
// token without typ. It does not verify the signature. Errors: [ErrTooLarge],
// [ErrToken], [ErrHeader], [ErrCritical], [ErrType], [ErrAlgorithm].
func ParseJWS(compact, typ string, opts JWSOptions) (*JWS, error) {
	if len(compact) > opts.maxBytes() {
		return nil, fmt.Errorf("%w: above %d bytes", ErrTooLarge, opts.maxBytes())
	}
	if strings.Count(compact, ".") != 2 { // before there is a list of them
		return nil, ErrToken
	}
	parts := strings.Split(compact, ".")
	var decoded [3][]byte
	for i, part := range parts {
		var ok bool
		if decoded[i], ok = decodeBase64URL(part); !ok {
			return nil, fmt.Errorf("%w: part %d is not canonical base64url", ErrToken, i+1)
		}
	}
	header, err := parseHeader(decoded[0])
	if err != nil {
		return nil, err
	}
	if typ != AnyTypeUnsafe && header.Typ != typ {
		return nil, ErrType
	}
	suite, err := opts.suites().ByAlg(header.Alg)
	if err != nil {
		return nil, err
	}
	if len(decoded[2]) != suite.SignatureSize() {
		return nil, fmt.Errorf("%w: signature is not %d bytes", ErrToken, suite.SignatureSize())
	}
	signed := compact[:len(compact)-len(parts[2])-1]
	return &JWS{
		Header: header, compact: compact, payload: decoded[1], signed: []byte(signed), signature: decoded[2], suite: suite,
	}, nil
}

// Verify checks the signature and returns the payload. The caller finds the key
// elsewhere, never in the token. The key decides the algorithm. Errors:
// [ErrAlgorithm] if the header names another algorithm, [ErrSignature] if the
// signature does not verify.
func (j *JWS) Verify(public crypto.PublicKey) ([]byte, error) {
	if err := j.suite.Check(public); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrAlgorithm, err)
	}
	if !j.suite.Verify(public, j.signed, j.signature) {
		return nil, ErrSignature
	}
	return j.payload, nil
}

// SignJWS signs payload and returns the compact token. The signer's public key
// decides the algorithm. SignJWS parses and verifies the token before it
// returns it, so that a faulty security module cannot give out a wrong
// signature. Errors: [ErrHeader], [ErrAlgorithm] if no suite fits the key,
// [ErrSigner], those of [MarshalJWK] for Header.JWK, those of [ParseJWS], and
// the context's own.
func SignJWS(ctx context.Context, signer crypto.Signer, header Header, payload []byte, opts JWSOptions) (string, error) {
	if err := ctx.Err(); err != nil {
		return "", err
	}
	if signer == nil {
		return "", fmt.Errorf("%w: none given", ErrSigner)
	}
	suite, err := opts.suites().ForKey(signer.Public())
	if err != nil {
		return "", err
	}
	members, err := header.members(suite.Alg())
	if err != nil {
		return "", err
	}
	compact, err := signCompact(suite, signer, members, payload)
	if err != nil {
		return "", fmt.Errorf("%w: %w", ErrSigner, err)
	}
	token, err := ParseJWS(compact, header.Typ, opts)
	if err != nil {
		return "", err
	}
	if _, err := token.Verify(signer.Public()); err != nil {
		return "", fmt.Errorf("%w: %w", ErrSigner, err)
	}
	return compact, nil
}

func signCompact(suite Suite, signer crypto.Signer, members map[jose.HeaderKey]any, payload []byte) (string, error) {
	alg := jose.SignatureAlgorithm(suite.Alg())
	key := jose.SigningKey{Algorithm: alg, Key: opaqueSigner{suite, signer}}
	jws, err := jose.NewSigner(key, &jose.SignerOptions{ExtraHeaders: members})
	if err != nil {
		return "", err
	}
	object, err := jws.Sign(payload)
	if err != nil {
		return "", err
	}
	return object.CompactSerialize()
}

// opaqueSigner lets go-jose sign through a crypto.Signer and a Suite.
type opaqueSigner struct {
	suite  Suite
	signer crypto.Signer
}

// Public returns nil, so that go-jose adds no key to the caller's header.
func (opaqueSigner) Public() *jose.JSONWebKey { return nil }

func (o opaqueSigner) Algs() []jose.SignatureAlgorithm {
	return []jose.SignatureAlgorithm{jose.SignatureAlgorithm(o.suite.Alg())}
}

func (o opaqueSigner) SignPayload(payload []byte, _ jose.SignatureAlgorithm) ([]byte, error) {
	return o.suite.Sign(o.signer, payload)
}

// encodeChain writes certificates as x5c requires, in padded standard base64.
func encodeChain(chain [][]byte) []string {
	texts := make([]string, len(chain))
	for i, der := range chain {
		texts[i] = base64.StdEncoding.EncodeToString(der)
	}
	return texts
}
