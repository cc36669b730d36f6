package did

import (
	"context"
	"crypto"
)

// MethodJWK resolves did:jwk (did:jwk method specification, draft of 2022). The
// identifier is the base64url form of a JWK. Its key is named "#0".
type MethodJWK struct{}

// NewJWK returns the did:jwk of a public key, made from the canonical JWK.
// Errors: those of [MarshalJWK].
func NewJWK(public crypto.PublicKey) (string, error) {
	canonical, err := MarshalJWK(public)
	if err != nil {
		return "", err
	}
	return "did:jwk:" + encodeBase64URL(canonical), nil
}

// Resolve decodes the key in id. A JWK that other software wrote may order its
// members freely. The identifier is the bytes of the JWK, so two spellings of
// one key are two identifiers. Errors: [ErrSyntax], [ErrUnsupportedMethod], and
// those of [ParseJWK].
func (MethodJWK) Resolve(_ context.Context, id string) (*Document, error) {
	parsed, err := Parse(id)
	if err != nil {
		return nil, err
	}
	if parsed.Method != "jwk" {
		return nil, ErrUnsupportedMethod
	}
	data, ok := decodeBase64URL(parsed.Identifier)
	if !ok {
		return nil, ErrSyntax
	}
	public, err := ParseJWK(data)
	if err != nil {
		return nil, err
	}
	return selfContained(id, "0", public), nil
}
