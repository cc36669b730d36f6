package jwe

import (
	"crypto/ecdh"
	"encoding/base64"
	"fmt"
	"strings"

	"github.com/hufu-id/hufu/internal/limits"
	"github.com/hufu-id/hufu/internal/strictjson"
)

// An Encryption is the content encryption, the header's enc.
type Encryption string

// The content encryptions that HAIP 1.0 (section 5) asks for.
const (
	A128GCM Encryption = "A128GCM"
	A256GCM Encryption = "A256GCM"
)

// KeySize is the length of the content key in bytes, zero for an unknown encryption.
func (e Encryption) KeySize() int {
	switch e {
	case A128GCM:
		return 16
	case A256GCM:
		return 32
	}
	return 0
}

// deflate is the one value of zip (RFC 7516, section 4.1.3).
const deflate = "DEF"

// Header is the protected header of a JWE (RFC 7516, section 4; RFC 7518, section 4.6.1).
type Header struct {
	Encryption Encryption
	// KeyID is the kid of the recipient's key; empty for none.
	KeyID string
	// APU and APV name the producer and the recipient in the key derivation. Nil for none.
	APU, APV []byte
	// Type and ContentType are typ and cty; empty for none.
	Type, ContentType string
	// Deflated means that the content is compressed (zip "DEF").
	Deflated bool

	ephemeral *ecdh.PublicKey
}

// knownMembers lists the members that Header has a field for, and those that are refused.
var knownMembers = []string{"alg", "enc", "epk", "kid", "apu", "apv", "typ", "cty", "zip", "crit", "jku", "x5u"}

func parseHeader(data []byte) (*Header, error) {
	value, err := strictjson.Value(data, limits.Document)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrHeader, err)
	}
	object, ok := value.(map[string]any)
	if !ok {
		return nil, fmt.Errorf("%w: no object", ErrHeader)
	}
	for name := range object {
		for _, known := range knownMembers {
			if name != known && strings.EqualFold(name, known) {
				return nil, fmt.Errorf("%w: a member differs from a known one only in case", ErrHeader)
			}
		}
	}
	for _, name := range []string{"crit", "jku", "x5u"} {
		if _, found := object[name]; found {
			return nil, fmt.Errorf("%w: %s is not allowed", ErrHeader, name)
		}
	}
	return readHeader(object)
}

func readHeader(object map[string]any) (*Header, error) {
	texts := map[string]string{}
	for _, name := range []string{"alg", "enc", "kid", "apu", "apv", "typ", "cty", "zip"} {
		value, found := object[name]
		text, ok := value.(string)
		if found && !ok {
			return nil, fmt.Errorf("%w: %s is not a string", ErrHeader, name)
		}
		texts[name] = text
	}
	h := &Header{
		Encryption: Encryption(texts["enc"]), KeyID: texts["kid"], Type: texts["typ"], ContentType: texts["cty"],
		Deflated: texts["zip"] == deflate,
	}
	_, zipped := object["zip"]
	switch {
	case texts["alg"] != Alg || h.Encryption.KeySize() == 0:
		return nil, ErrAlgorithm
	case zipped != h.Deflated:
		return nil, fmt.Errorf("%w: compression", ErrAlgorithm)
	}
	var err error
	if h.APU, err = party(object, "apu"); err != nil {
		return nil, err
	}
	if h.APV, err = party(object, "apv"); err != nil {
		return nil, err
	}
	ephemeral, ok := object["epk"].(map[string]any)
	if !ok {
		return nil, fmt.Errorf("%w: epk is missing", ErrHeader)
	}
	if h.ephemeral, err = readPoint(ephemeral); err != nil {
		return nil, fmt.Errorf("%w: epk: %w", ErrHeader, err)
	}
	return h, nil
}

// party reads apu or apv.
func party(object map[string]any, name string) ([]byte, error) {
	text, found := object[name].(string)
	if !found {
		return nil, nil
	}
	b, ok := decode(text)
	if !ok || len(b) > limits.Identifier {
		return nil, fmt.Errorf("%w: %s is not canonical base64url of at most %d bytes", ErrHeader, name, limits.Identifier)
	}
	return b, nil
}

var base64URL = base64.RawURLEncoding.Strict()

// decode accepts the only spelling of RFC 7515, section 2.
func decode(s string) ([]byte, bool) {
	if strings.ContainsAny(s, "\r\n") {
		return nil, false
	}
	b, err := base64URL.DecodeString(s)
	return b, err == nil
}
