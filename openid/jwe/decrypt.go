package jwe

import (
	"fmt"
	"strings"

	"github.com/go-jose/go-jose/v4"

	"github.com/hufu-id/hufu/internal/limits"
)

const (
	ivSize  = 12
	tagSize = 16
)

// ParseOptions changes what Parse takes. The zero value is the safe default.
type ParseOptions struct {
	// MaxBytes caps the token; zero means limits.Token.
	MaxBytes int
	// Inflate caps the content of a compressed message, in bytes. Zero refuses
	// compression. go-jose inflates at most 250,000 bytes or ten times the compressed
	// length before the cap is looked at.
	Inflate int
}

// A Message is a parsed JWE that nobody has decrypted.
type Message struct {
	// Header is authenticated only once Decrypt returned without an error. Use it to find
	// the key.
	Header Header

	object  *jose.JSONWebEncryption
	inflate int
}

// Parse reads a compact JWE and decrypts nothing. The error is [ErrTooLarge],
// [ErrToken], [ErrHeader] or [ErrAlgorithm].
func Parse(compact string, opts ParseOptions) (*Message, error) {
	most := opts.MaxBytes
	if most == 0 {
		most = limits.Token
	}
	if len(compact) > most {
		return nil, fmt.Errorf("%w: above %d bytes", ErrTooLarge, most)
	}
	if strings.Count(compact, ".") != 4 { // before there is a list of them
		return nil, ErrToken
	}
	var decoded [5][]byte
	for i, part := range strings.Split(compact, ".") {
		var ok bool
		if decoded[i], ok = decode(part); !ok {
			return nil, fmt.Errorf("%w: part %d is not canonical base64url", ErrToken, i+1)
		}
	}
	header, err := parseHeader(decoded[0])
	switch {
	case err != nil:
		return nil, err
	case len(decoded[1]) != 0:
		return nil, fmt.Errorf("%w: direct key agreement has no encrypted key", ErrToken)
	case len(decoded[2]) != ivSize || len(decoded[4]) != tagSize:
		return nil, fmt.Errorf("%w: the vector is not %d bytes or the tag not %d", ErrToken, ivSize, tagSize)
	case header.Deflated && opts.Inflate == 0:
		return nil, fmt.Errorf("%w: compression", ErrAlgorithm)
	}
	object, err := jose.ParseEncryptedCompact(compact, []jose.KeyAlgorithm{jose.ECDH_ES}, []jose.ContentEncryption{jose.A128GCM, jose.A256GCM})
	if err != nil {
		return nil, ErrHeader // go-jose's text may quote the header
	}
	return &Message{Header: *header, object: object, inflate: opts.Inflate}, nil
}

// Decrypt returns the content. The error is [ErrDecrypt], also where the key's own
// ECDH fails, or [ErrTooLarge] for content that inflates beyond its cap.
func (m *Message) Decrypt(key PrivateKey) ([]byte, error) {
	if key == nil {
		return nil, fmt.Errorf("%w: no key", ErrDecrypt)
	}
	content, err := m.object.Decrypt(agreement{key, &m.Header})
	if err != nil {
		return nil, ErrDecrypt
	}
	if m.Header.Deflated && len(content) > m.inflate {
		return nil, fmt.Errorf("%w: inflates to more than %d bytes", ErrTooLarge, m.inflate)
	}
	return content, nil
}

// agreement lets go-jose decrypt with the key that a PrivateKey agrees on.
type agreement struct {
	key    PrivateKey
	header *Header
}

// DecryptKey implements jose.OpaqueKeyDecrypter. The header was parsed before.
func (a agreement) DecryptKey([]byte, jose.Header) ([]byte, error) {
	secret, err := a.key.ECDH(a.header.ephemeral)
	if err != nil {
		return nil, err
	}
	return derive(secret, a.header.Encryption, a.header.APU, a.header.APV), nil
}
