package did

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/sha256"
	"fmt"
	"slices"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/hufu-id/hufu/internal/limits"
)

// Members of a JWK that this package reads or refuses (RFC 7517, section 4;
// RFC 7518, section 6).
var (
	jwkMembers     = []string{"kty", "crv", "x", "y", "alg", "use", "key_ops", "kid"}
	privateMembers = []string{"d", "k", "p", "q", "dp", "dq", "qi", "oth", "priv"}
)

// ParseJWK reads a public JSON Web Key: P-256 or Ed25519, coordinates of full
// length in canonical base64url. If "use", "key_ops" or "alg" is present, it
// must allow verification with the key's own algorithm. Other members are
// ignored. Errors: [ErrKey], [ErrPrivateKey], [ErrUnsupportedKey].
func ParseJWK(data []byte) (crypto.PublicKey, error) {
	object, err := parseObject(data, limits.Document, slices.Concat(jwkMembers, privateMembers)...)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrKey, err)
	}
	for _, name := range privateMembers {
		if _, found := object[name]; found {
			return nil, ErrPrivateKey
		}
	}
	members := make(map[string]string, len(jwkMembers))
	for _, name := range []string{"kty", "crv", "x", "y", "alg", "use", "kid"} {
		if members[name], err = text(object, name); err != nil {
			return nil, fmt.Errorf("%w: %s is not a string", ErrKey, name)
		}
	}
	alg, public, err := publicKey(members)
	if err != nil {
		return nil, err
	}
	if err := checkUse(object, members, alg); err != nil {
		return nil, err
	}
	return public, nil
}

// publicKey builds the key from the members that define it. It writes them in
// canonical form and lets go-jose decode the result.
func publicKey(members map[string]string) (alg string, public crypto.PublicKey, err error) {
	x, ok := decodeBase64URL(members["x"])
	if !ok {
		return "", nil, fmt.Errorf("%w: x is not base64url", ErrKey)
	}
	switch members["kty"] + " " + members["crv"] {
	case "EC P-256":
		y, ok := decodeBase64URL(members["y"])
		if !ok {
			return "", nil, fmt.Errorf("%w: y is not base64url", ErrKey)
		}
		public, err = decodeJWK(canonicalP256(x, y))
		return ES256{}.Alg(), public, err
	case "OKP Ed25519":
		if len(x) != ed25519.PublicKeySize || !isReduced(x) {
			return "", nil, fmt.Errorf("%w: not in canonical form", ErrKey)
		}
		public, err = decodeJWK(canonicalEd25519(x))
		return EdDSA{}.Alg(), public, err
	}
	return "", nil, ErrUnsupportedKey
}

// checkUse refuses a key that its own JWK reserves for another use.
func checkUse(object map[string]jsontext.Value, members map[string]string, alg string) error {
	if members["alg"] != "" && members["alg"] != alg {
		return fmt.Errorf("%w: alg does not fit the key", ErrKey)
	}
	if members["use"] != "" && members["use"] != "sig" {
		return fmt.Errorf("%w: not a signature key", ErrUnsupportedKey)
	}
	raw, ok := object["key_ops"]
	if !ok {
		return nil
	}
	var operations []string
	if err := json.Unmarshal(raw, &operations); err != nil {
		return fmt.Errorf("%w: key_ops is not a list of strings", ErrKey)
	}
	if !slices.Contains(operations, "verify") {
		return fmt.Errorf("%w: not a verification key", ErrUnsupportedKey)
	}
	return nil
}

func decodeJWK(canonical []byte) (crypto.PublicKey, error) {
	var key jose.JSONWebKey
	if err := key.UnmarshalJSON(canonical); err != nil {
		return nil, fmt.Errorf("%w: not a usable point", ErrKey)
	}
	return key.Key, nil
}

func canonicalP256(x, y []byte) []byte {
	return fmt.Appendf(nil, `{"crv":"P-256","kty":"EC","x":%q,"y":%q}`, encodeBase64URL(x), encodeBase64URL(y))
}

func canonicalEd25519(x []byte) []byte {
	return fmt.Appendf(nil, `{"crv":"Ed25519","kty":"OKP","x":%q}`, encodeBase64URL(x))
}

// MarshalJWK writes the canonical JWK of a public key: the members that RFC
// 7638, section 3.2 requires, in alphabetical order, without spaces. Errors:
// [ErrKey], [ErrUnsupportedKey].
func MarshalJWK(public crypto.PublicKey) ([]byte, error) {
	switch key := public.(type) {
	case *ecdsa.PublicKey:
		if err := (ES256{}).Check(key); err != nil {
			return nil, err
		}
		point, err := key.Bytes()
		if err != nil {
			return nil, ErrKey
		}
		return canonicalP256(point[1:33], point[33:]), nil
	case ed25519.PublicKey:
		if err := (EdDSA{}).Check(key); err != nil {
			return nil, err
		}
		return canonicalEd25519(key), nil
	}
	return nil, ErrUnsupportedKey
}

// Thumbprint returns the RFC 7638 thumbprint of a key: the SHA-256 of its
// canonical JWK in base64url, 43 characters. Errors: those of [MarshalJWK].
func Thumbprint(public crypto.PublicKey) (string, error) {
	canonical, err := MarshalJWK(public)
	if err != nil {
		return "", err
	}
	sum := sha256.Sum256(canonical)
	return encodeBase64URL(sum[:]), nil
}
