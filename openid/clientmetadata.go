package openid

import (
	"fmt"
	"slices"

	"github.com/hufu-id/hufu/internal/limits"
)

// A ResponseMode says how a wallet sends its answer.
type ResponseMode string

// The response modes of this package.
const (
	// DirectPost: a form in clear (OpenID4VP 1.0 section 8.2). The zero ResponseMode means it.
	DirectPost ResponseMode = "direct_post"
	// DirectPostJWT: a form with an encrypted JWT (section 8.3.1). HAIP 1.0 asks for it.
	DirectPostJWT ResponseMode = "direct_post.jwt"
)

// defaultContent is the content encryption where the metadata names none (OpenID4VP 1.0
// section 5.1).
const defaultContent = "A128GCM"

// ContentEncryptions are the enc values that the verifier takes, the preferred first:
// Contents, or the standard's default.
func (r *AuthorizationRequest) ContentEncryptions() []string {
	if r.Contents == nil {
		return []string{defaultContent}
	}
	return r.Contents
}

// Encrypted reports whether the answer must be encrypted.
func (r *AuthorizationRequest) Encrypted() bool { return r.Mode == DirectPostJWT }

// clientMetadataJSON is client_metadata (OpenID4VP 1.0 section 5.1).
type clientMetadataJSON struct {
	Formats  map[string]Algorithms `json:"vp_formats_supported"`
	Keys     *KeySet               `json:"jwks,omitzero"`
	Contents []string              `json:"encrypted_response_enc_values_supported,omitzero"`
}

// checkEncryption checks what an encrypted answer needs, without reading the keys.
func (r *AuthorizationRequest) checkEncryption() error {
	switch r.Mode {
	case "":
		return nil
	case DirectPostJWT:
	default:
		return fmt.Errorf("%w: response_mode is neither %s nor %s", ErrRequest, DirectPost, DirectPostJWT)
	}
	if r.Keys == nil || len(r.Keys.Keys) == 0 || len(r.Keys.Keys) > maxKeys {
		return fmt.Errorf("%w: an encrypted answer needs from 1 to %d keys in client_metadata", ErrRequest, maxKeys)
	}
	for _, key := range r.Keys.Keys {
		if key.Kind() != '{' || len(key) > limits.Document {
			return fmt.Errorf("%w: a key of client_metadata is no object", ErrRequest)
		}
	}
	if r.Contents != nil && (len(r.Contents) == 0 || len(r.Contents) > maxKeys || slices.ContainsFunc(r.Contents, isNoCode)) {
		return fmt.Errorf("%w: encrypted_response_enc_values_supported is empty or malformed", ErrRequest)
	}
	return nil
}

// KeySetBytes returns the keys for the answer as a JWK Set, which jwe.ParseKeySet reads.
func (r *AuthorizationRequest) KeySetBytes() ([]byte, error) {
	if r.Keys == nil {
		return nil, fmt.Errorf("%w: no key for the answer", ErrRequest)
	}
	return marshal(r.Keys)
}
