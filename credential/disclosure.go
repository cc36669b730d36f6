package credential

import (
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"strings"

	"github.com/hufu-id/hufu/internal/limits"
)

// Names that SD-JWT reserves (RFC 9901, sections 4.1 and 4.2).
const (
	nameDigests  = "_sd"
	nameHash     = "_sd_alg"
	nameElement  = "..."
	hashSHA256   = "sha-256"
	digestLength = 43
)

// isReserved reports whether no claim of ours may have the name.
func isReserved(name string) bool { return holdsDigests(name) || name == nameHash }

// holdsDigests reports whether no claim at all may have the name. "_sd_alg" says
// something at the top of a payload only (RFC 9901, section 4.1.1), and is a name like
// others below it.
func holdsDigests(name string) bool { return name == nameDigests || name == nameElement }

// A disclosure is one salted claim (RFC 9901, section 4.2).
type disclosure struct {
	encoded string
	digest  string
	// name is the name of the claim; element means that the disclosure is of an
	// array element and has no name.
	name    string
	element bool
	value   any
}

// digestOf hashes the text as it travels, never its decoded form.
func digestOf(encoded string) string {
	sum := sha256.Sum256([]byte(encoded))
	return base64.RawURLEncoding.EncodeToString(sum[:])
}

var base64URL = base64.RawURLEncoding.Strict()

// decodeBase64URL accepts only the text that the bytes encode to. It refuses
// line breaks itself, because Go's strict decoder skips them.
func decodeBase64URL(text string) ([]byte, bool) {
	if strings.ContainsAny(text, "\r\n") {
		return nil, false
	}
	data, err := base64URL.DecodeString(text)
	return data, err == nil
}

func isDigest(text string) bool {
	if len(text) != digestLength {
		return false
	}
	var last byte
	for i := range len(text) {
		if last = sextets[text[i]]; last > 63 {
			return false
		}
	}
	return last%4 == 0 // two bits are left over
}

// sextets has the six bits of each character of base64url, and 255 for every other.
var sextets = func() (table [256]byte) {
	const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
	for i := range table {
		table[i] = 255
	}
	for i := range len(alphabet) {
		table[alphabet[i]] = byte(i)
	}
	return table
}()

// parseDisclosure reads one disclosure; no other function does. It keeps spaces
// in foreign JSON, because the digest covers the bytes.
func parseDisclosure(encoded string) (disclosure, error) {
	data, ok := decodeBase64URL(encoded)
	if !ok {
		return disclosure{}, fmt.Errorf("%w: not canonical base64url", ErrDisclosure)
	}
	value, err := decodeValue(data)
	if err != nil {
		return disclosure{}, fmt.Errorf("%w: %w", ErrDisclosure, err)
	}
	parts, ok := value.([]any)
	if !ok || len(parts) != 2 && len(parts) != 3 {
		return disclosure{}, fmt.Errorf("%w: not an array of two or three", ErrDisclosure)
	}
	if salt, ok := parts[0].(string); !ok || salt == "" {
		return disclosure{}, fmt.Errorf("%w: no salt", ErrDisclosure)
	}
	d := disclosure{encoded: encoded, digest: digestOf(encoded), element: len(parts) == 2, value: parts[len(parts)-1]}
	if d.element {
		return d, nil
	}
	if d.name, ok = parts[1].(string); !ok || len(d.name) > limits.Identifier {
		return disclosure{}, fmt.Errorf("%w: no claim name", ErrDisclosure)
	}
	if holdsDigests(d.name) {
		return disclosure{}, ErrReservedName
	}
	return d, nil
}

// newDisclosure writes [salt, name, value], or [salt, value] for an array
// element.
func newDisclosure(parts ...any) (encoded, digest string, err error) {
	data, err := encodeValue(parts)
	if err != nil {
		return "", "", err
	}
	encoded = base64.RawURLEncoding.EncodeToString(data)
	return encoded, digestOf(encoded), nil
}
