package openid

import (
	"errors"
	"fmt"
	"slices"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/hufu-id/hufu/internal/limits"
)

// ErrEncryption means that what a message says of its encrypted answer cannot be followed.
var ErrEncryption = errors.New("openid: invalid encryption parameters")

// ResponseEncryption is credential_response_encryption: how a wallet wants its answer
// encrypted (OpenID4VCI 1.0 section 8.2).
type ResponseEncryption struct {
	// JWK is the wallet's public key, as a JSON object with kty, crv, x, y, alg, and kid
	// where it has one. Package openid/jwe reads it.
	JWK jsontext.Value `json:"jwk"`
	// Content is enc, the algorithm of the content, such as A256GCM.
	Content string `json:"enc"`
	// Compression is zip; empty means none.
	Compression string `json:"zip,omitzero"`
}

func (e *ResponseEncryption) check() error {
	if e.JWK.Kind() != '{' || len(e.JWK) > limits.Document {
		return fmt.Errorf("%w: jwk is missing or no object", ErrEncryption)
	}
	if !isCode(e.Content) || e.Compression != "" && !isCode(e.Compression) {
		return fmt.Errorf("%w: enc is missing, or enc or zip is malformed", ErrEncryption)
	}
	return nil
}

// Encryption is what an issuer says of encrypted messages (OpenID4VCI 1.0 section 12.2.4,
// credential_request_encryption and credential_response_encryption).
type Encryption struct {
	// Keys are the issuer's public keys, a JWK set, for requests alone.
	Keys *KeySet `json:"jwks,omitzero"`
	// Algorithms are the key management algorithms (alg), for responses alone.
	Algorithms []string `json:"alg_values_supported,omitzero"`
	// Contents are the content algorithms (enc).
	Contents []string `json:"enc_values_supported"`
	// Compressions are the compression algorithms (zip); nil means none.
	Compressions []string `json:"zip_values_supported,omitzero"`
	// Required says that nothing is taken, or sent, in clear.
	Required bool `json:"encryption_required"`
}

// A KeySet is a JWK set whose keys package openid/jwe reads.
type KeySet struct {
	Keys []jsontext.Value `json:"keys"`
}

// maxKeys caps the keys of a KeySet.
const maxKeys = 32

func (e *Encryption) check() error {
	if len(e.Contents) == 0 || len(e.Contents) > maxKeys || !slices.Equal(e.Contents, slices.DeleteFunc(slices.Clone(e.Contents), isNoCode)) {
		return fmt.Errorf("%w: enc_values_supported is empty or malformed", ErrMetadata)
	}
	if e.Keys != nil && (len(e.Keys.Keys) == 0 || len(e.Keys.Keys) > maxKeys) {
		return fmt.Errorf("%w: jwks has from 1 to %d keys", ErrMetadata, maxKeys)
	}
	return nil
}

func isNoCode(s string) bool { return !isCode(s) }
