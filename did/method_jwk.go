package did

import (
	"context"
	"crypto"
)

// MethodJWK resolves did:jwk (the did:jwk method specification, draft of 2022): the
// identifier is the base64url form of a JWK, and its key is named "#0".
type MethodJWK struct{}

// NewJWK returns the did:jwk of a public key, over its canonical JWK.
func NewJWK(public crypto.PublicKey) (string, error) {
	canonical, err := MarshalJWK(public)
	if err != nil {
		return "", err
	}
	return "did:jwk:" + encodeBase64URL(canonical), nil
}

// Resolve decodes the key. A JWK written by others may order its members
// freely: the identifier is its bytes, so two spellings are two identifiers of
// one key. Errors: [ErrSyntax], [ErrUnsupportedMethod] and those of
// [ParseJWK].
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
