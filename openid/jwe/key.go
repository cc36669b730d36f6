package jwe

import (
	"crypto/ecdh"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"encoding/base64"
	"fmt"
	"slices"
	"strings"

	"github.com/hufu-id/hufu/did"
	"github.com/hufu-id/hufu/internal/limits"
	"github.com/hufu-id/hufu/internal/strictjson"
)

// Alg is the one key agreement of this package (RFC 7518, section 4.6).
const Alg = "ECDH-ES"

// A PrivateKey agrees on a secret with a public key of P-256: the x coordinate of their
// product, 32 bytes. *ecdh.PrivateKey is one; a security module can be another.
type PrivateKey interface {
	ECDH(remote *ecdh.PublicKey) ([]byte, error)
}

// A PublicKey is a key of P-256 to which messages are encrypted.
type PublicKey struct {
	// ID is the key's kid, which the message repeats; empty for none.
	ID  string
	Key *ecdh.PublicKey
}

// GenerateKey makes a private key.
func GenerateKey() (*ecdh.PrivateKey, error) { return ecdh.P256().GenerateKey(rand.Reader) }

// NewPublicKey names a key by its RFC 7638 thumbprint. The error is [ErrKey] for a key of
// another curve.
func NewPublicKey(key *ecdh.PublicKey) (*PublicKey, error) {
	public, err := signatureKey(key)
	if err != nil {
		return nil, err
	}
	id, err := did.Thumbprint(public)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrKey, err)
	}
	return &PublicKey{ID: id, Key: key}, nil
}

// signatureKey is the same point as package did writes it.
func signatureKey(key *ecdh.PublicKey) (*ecdsa.PublicKey, error) {
	if key == nil || key.Curve() != ecdh.P256() {
		return nil, fmt.Errorf("%w: not of P-256", ErrKey)
	}
	return ecdsa.ParseUncompressedPublicKey(elliptic.P256(), key.Bytes())
}

// JWK returns the key as a JSON Web Key: kty, crv, x, y, use "enc", alg and, where the
// key has an ID, kid.
func (k *PublicKey) JWK() map[string]any {
	point := k.Key.Bytes() // 4 ‖ x ‖ y
	encode := base64.RawURLEncoding.EncodeToString
	jwk := map[string]any{
		"kty": "EC", "crv": "P-256", "x": encode(point[1:33]), "y": encode(point[33:]), "use": "enc", "alg": Alg,
	}
	if k.ID != "" {
		jwk["kid"] = k.ID
	}
	return jwk
}

// ParsePublicKey reads a JSON Web Key. The error is [ErrKey].
func ParsePublicKey(data []byte) (*PublicKey, error) {
	value, err := strictjson.Value(data, limits.Document)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrKey, err)
	}
	object, ok := value.(map[string]any)
	if !ok {
		return nil, fmt.Errorf("%w: no object", ErrKey)
	}
	return ReadPublicKey(object)
}

// ReadPublicKey is ParsePublicKey for an object that strictjson.Value read. alg must be
// ECDH-ES, which OpenID4VP 1.0 (section 8.3) and OpenID4VCI 1.0 (section 10) ask for;
// use, where it stands, "enc", and key_ops "deriveKey" or "deriveBits".
func ReadPublicKey(object map[string]any) (*PublicKey, error) {
	if alg, _ := object["alg"].(string); alg != Alg {
		return nil, fmt.Errorf("%w: alg is not %s", ErrKey, Alg)
	}
	if use, found := object["use"]; found && use != "enc" {
		return nil, fmt.Errorf("%w: not for encryption", ErrKey)
	}
	if !derives(object) {
		return nil, fmt.Errorf("%w: key_ops does not allow key agreement", ErrKey)
	}
	id, ok := object["kid"].(string)
	if _, found := object["kid"]; found && (!ok || len(id) > limits.Identifier) {
		return nil, fmt.Errorf("%w: kid is malformed", ErrKey)
	}
	key, err := readPoint(object)
	if err != nil {
		return nil, err
	}
	return &PublicKey{ID: id, Key: key}, nil
}

// maxKeys caps the keys of a set.
const maxKeys = 32

// ParseKeySet reads a JWK Set (RFC 7517, section 5) and returns its usable keys in order.
// It skips keys of another kind or use, as that section asks. The error is [ErrKey],
// also where no key is usable.
func ParseKeySet(data []byte) ([]*PublicKey, error) {
	value, err := strictjson.Value(data, limits.Document)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrKey, err)
	}
	object, _ := value.(map[string]any)
	entries, ok := object["keys"].([]any)
	if !ok || len(entries) > maxKeys {
		return nil, fmt.Errorf("%w: not a set of at most %d keys", ErrKey, maxKeys)
	}
	var keys []*PublicKey
	for _, entry := range entries {
		object, ok := entry.(map[string]any)
		if !ok {
			return nil, fmt.Errorf("%w: no object", ErrKey)
		}
		if key, err := ReadPublicKey(object); err == nil {
			keys = append(keys, key)
		}
	}
	if len(keys) == 0 {
		return nil, fmt.Errorf("%w: none of a set of %d is for %s on P-256", ErrKey, len(entries), Alg)
	}
	return keys, nil
}

func derives(object map[string]any) bool {
	raw, found := object["key_ops"]
	operations, ok := raw.([]any)
	return !found || ok && slices.ContainsFunc(operations, func(o any) bool { return o == "deriveKey" || o == "deriveBits" })
}

// readPoint reads the members that define a key, by the one door for public keys. What
// is said of its use is not its concern.
func readPoint(object map[string]any) (*ecdh.PublicKey, error) {
	point := make(map[string]any, len(object))
	for name, value := range object {
		if !slices.ContainsFunc([]string{"use", "alg", "key_ops", "kid"}, func(s string) bool { return strings.EqualFold(s, name) }) {
			point[name] = value
		} else if strings.ToLower(name) != name {
			return nil, fmt.Errorf("%w: a member differs from a known one only in case", ErrKey)
		}
	}
	public, err := did.JWK(point)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrKey, err)
	}
	key, ok := public.(*ecdsa.PublicKey)
	if !ok {
		return nil, fmt.Errorf("%w: not of P-256", ErrKey)
	}
	agreed, err := key.ECDH()
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrKey, err)
	}
	return agreed, nil
}
