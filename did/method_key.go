package did

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"encoding/binary"
	"fmt"
	"slices"
)

// Multicodec numbers of public key types (multicodec table, tag "key").
const (
	codecEd25519 = 0xed
	codecP256    = 0x1200
)

// otherCodecs lists the key types that did:key registers and this package does
// not support: secp256k1, BLS12-381 G1, G2 and both, X25519, P-384, P-521, RSA,
// SM2.
var otherCodecs = []uint64{0xe7, 0xea, 0xeb, 0xee, 0xec, 0x1201, 0x1202, 0x1205, 0x1206}

// MethodKey resolves did:key (W3C CCG, did:key method 0.9). The identifier is
// "z" followed by the base58btc form of a multicodec number and the public
// key's bytes.
type MethodKey struct{}

// NewKey returns the did:key of an Ed25519 or P-256 public key. Errors:
// [ErrKey], [ErrUnsupportedKey].
func NewKey(public crypto.PublicKey) (string, error) {
	switch key := public.(type) {
	case ed25519.PublicKey:
		if err := (EdDSA{}).Check(key); err != nil {
			return "", err
		}
		return "did:key:z" + encodeBase58(append(binary.AppendUvarint(nil, codecEd25519), key...)), nil
	case *ecdsa.PublicKey:
		if err := (ES256{}).Check(key); err != nil {
			return "", err
		}
		point, err := key.Bytes()
		if err != nil {
			return "", ErrKey
		}
		// SEC 1 compression: the parity of y, then x.
		compressed := append([]byte{2 + point[64]&1}, point[1:33]...)
		return "did:key:z" + encodeBase58(append(binary.AppendUvarint(nil, codecP256), compressed...)), nil
	}
	return "", ErrUnsupportedKey
}

// Resolve decodes the key in id. Errors: [ErrSyntax], [ErrUnsupportedMethod],
// [ErrUnsupportedKey] for another key type, [ErrKey].
func (MethodKey) Resolve(_ context.Context, id string) (*Document, error) {
	parsed, err := Parse(id)
	if err != nil {
		return nil, err
	}
	if parsed.Method != "key" {
		return nil, ErrUnsupportedMethod
	}
	if parsed.Identifier[0] != 'z' {
		return nil, fmt.Errorf("%w: not base58btc", ErrSyntax)
	}
	data, ok := decodeBase58(parsed.Identifier[1:])
	if !ok {
		return nil, fmt.Errorf("%w: not base58btc", ErrSyntax)
	}
	public, err := parseMulticodec(data)
	if err != nil {
		return nil, err
	}
	return selfContained(id, parsed.Identifier, public), nil
}

func parseMulticodec(data []byte) (crypto.PublicKey, error) {
	codec, n := binary.Uvarint(data)
	if n <= 0 || n != len(binary.AppendUvarint(nil, codec)) {
		return nil, fmt.Errorf("%w: no multicodec number", ErrSyntax)
	}
	data = data[n:]
	switch {
	case codec == codecEd25519:
		key := ed25519.PublicKey(data)
		return key, EdDSA{}.Check(key)
	case codec == codecP256:
		return parseCompressed(data)
	case slices.Contains(otherCodecs, codec):
		return nil, ErrUnsupportedKey
	}
	return nil, fmt.Errorf("%w: multicodec %#x", ErrUnsupportedKey, codec)
}

func parseCompressed(data []byte) (crypto.PublicKey, error) {
	x, y := elliptic.UnmarshalCompressed(elliptic.P256(), data)
	if x == nil {
		return nil, fmt.Errorf("%w: not a compressed point of P-256", ErrKey)
	}
	uncompressed := make([]byte, 65)
	uncompressed[0] = 4
	x.FillBytes(uncompressed[1:33])
	y.FillBytes(uncompressed[33:])
	return ecdsa.ParseUncompressedPublicKey(elliptic.P256(), uncompressed)
}
