package did

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/sha256"
	"fmt"
	"slices"
	"strings"

	"github.com/go-jose/go-jose/v4"

	"github.com/hufu-id/hufu/internal/limits"
	"github.com/hufu-id/hufu/internal/strictjson"
)

// Members of a JWK that this package reads or refuses (RFC 7517, section 4;
// RFC 7518, section 6).
var (
	textMembers    = []string{"kty", "crv", "x", "y", "alg", "use", "kid"}
	privateMembers = []string{"d", "k", "p", "q", "dp", "dq", "qi", "oth", "priv"}
	jwkMembers     = slices.Concat(textMembers, []string{"key_ops"}, privateMembers)
)

// ParseJWK reads a public JSON Web Key: P-256 or Ed25519, coordinates of full
// length in canonical base64url. If "use", "key_ops" or "alg" is present, it
// must allow verification with the key's own algorithm. Other members are
// ignored. Errors: [ErrKey], [ErrPrivateKey], [ErrUnsupportedKey].
func ParseJWK(data []byte) (crypto.PublicKey, error) {
	value, err := strictjson.Value(data, limits.Document)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrKey, err)
	}
	object, ok := value.(map[string]any)
	if !ok {
		return nil, fmt.Errorf("%w: no object", ErrKey)
	}
	return JWK(object)
}

// JWK is ParseJWK for an object that was read already, with names as keys and text as
// string, by a reader that refuses a repeated name.
func JWK(object map[string]any) (crypto.PublicKey, error) {
	for name := range object {
		for _, known := range jwkMembers {
			if name != known && strings.EqualFold(name, known) {
				return nil, fmt.Errorf("%w: a member differs from a known one only in case", ErrKey)
			}
		}
	}
	for _, name := range privateMembers {
		if _, found := object[name]; found {
			return nil, ErrPrivateKey
		}
	}
	members := make(map[string]string, len(jwkMembers))
	for _, name := range textMembers {
		value, found := object[name]
		text, ok := value.(string)
		if found && !ok {
			return nil, fmt.Errorf("%w: %s is not a string", ErrKey, name)
		}
		members[name] = text
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

// publicKey builds the key from the members that define it.
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
		if len(x) != 32 || len(y) != 32 {
			return "", nil, fmt.Errorf("%w: x and y have 32 bytes each", ErrKey)
		}
		key, err := ecdsa.ParseUncompressedPublicKey(elliptic.P256(), slices.Concat([]byte{4}, x, y))
		if err != nil {
			return "", nil, fmt.Errorf("%w: not a point of P-256", ErrKey)
		}
		return ES256{}.Alg(), key, nil
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
func checkUse(object map[string]any, members map[string]string, alg string) error {
	if stated := members["alg"]; stated != "" {
		if suite, err := DefaultSuites().ByAlg(stated); err != nil || suite.Alg() != alg {
			return fmt.Errorf("%w: alg does not fit the key", ErrKey)
		}
	}
	if members["use"] != "" && members["use"] != "sig" {
		return fmt.Errorf("%w: not a signature key", ErrUnsupportedKey)
	}
	raw, found := object["key_ops"]
	if !found {
		return nil
	}
	operations, ok := raw.([]any)
	verify := false
	for _, operation := range operations {
		text, isText := operation.(string)
		ok, verify = ok && isText, verify || text == "verify"
	}
	switch {
	case !ok:
		return fmt.Errorf("%w: key_ops is not a list of strings", ErrKey)
	case !verify:
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
