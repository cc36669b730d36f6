package jwe

import (
	"crypto"
	"encoding/base64"
	"encoding/binary"
	"fmt"

	"github.com/go-jose/go-jose/v4"
	josecipher "github.com/go-jose/go-jose/v4/cipher"
)

// EncryptOptions changes what Encrypt writes. The zero value is the safe default.
type EncryptOptions struct {
	// Encryption is the content encryption; empty means A256GCM.
	Encryption Encryption
	// APU and APV enter the header and the key derivation; nil for none.
	APU, APV []byte
	// Type and ContentType are typ and cty; empty for none.
	Type, ContentType string
	// Deflate compresses the content, for a reader that asked for it. The length then
	// tells something of the content.
	Deflate bool
}

// Encrypt encrypts content to a public key, under a new ephemeral key, and returns the
// compact JWE. The error is [ErrKey] or [ErrAlgorithm].
func Encrypt(content []byte, to *PublicKey, opts EncryptOptions) (string, error) {
	if opts.Encryption == "" {
		opts.Encryption = A256GCM
	}
	if opts.Encryption.KeySize() == 0 {
		return "", ErrAlgorithm
	}
	if to == nil {
		return "", fmt.Errorf("%w: none given", ErrKey)
	}
	if _, err := signatureKey(to.Key); err != nil {
		return "", err
	}
	ephemeral, err := GenerateKey()
	if err != nil {
		return "", err
	}
	secret, err := ephemeral.ECDH(to.Key)
	if err != nil {
		return "", fmt.Errorf("%w: %w", ErrKey, err)
	}
	epk := (&PublicKey{Key: ephemeral.PublicKey()}).JWK()
	delete(epk, "use")
	delete(epk, "alg")
	return seal(content, derive(secret, opts.Encryption, opts.APU, opts.APV), epk, to.ID, opts)
}

// seal writes the token. go-jose agrees on keys without apu and apv, so that it is given
// the agreed key and the header that goes with it.
func seal(content, key []byte, epk map[string]any, kid string, opts EncryptOptions) (string, error) {
	members := map[jose.HeaderKey]any{"alg": Alg, "epk": epk}
	for name, value := range map[jose.HeaderKey]string{
		"kid": kid, "apu": base64.RawURLEncoding.EncodeToString(opts.APU), "apv": base64.RawURLEncoding.EncodeToString(opts.APV),
		"typ": opts.Type, "cty": opts.ContentType,
	} {
		if value != "" {
			members[name] = value
		}
	}
	options := &jose.EncrypterOptions{ExtraHeaders: members}
	if opts.Deflate {
		options.Compression = jose.DEFLATE
	}
	encrypter, err := jose.NewEncrypter(jose.ContentEncryption(opts.Encryption), jose.Recipient{Algorithm: jose.DIRECT, Key: key}, options)
	if err != nil {
		return "", err
	}
	object, err := encrypter.Encrypt(content)
	if err != nil {
		return "", err
	}
	return object.CompactSerialize()
}

// derive is the Concat KDF of RFC 7518, section 4.6.2, for direct key agreement.
func derive(secret []byte, e Encryption, apu, apv []byte) []byte {
	prefixed := func(b []byte) []byte { return append(binary.BigEndian.AppendUint32(nil, uint32(len(b))), b...) }
	bits := binary.BigEndian.AppendUint32(nil, uint32(e.KeySize())*8)
	key := make([]byte, e.KeySize())
	// Reading the derivation never fails.
	_, _ = josecipher.NewConcatKDF(crypto.SHA256, secret, prefixed([]byte(e)), prefixed(apu), prefixed(apv), bits, nil).Read(key)
	return key
}
