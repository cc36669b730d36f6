package did

import (
	"fmt"
	"strings"

	"github.com/hufu-id/hufu/internal/limits"
)

// A DID is a decentralized identifier, split into its parts (DID Core 3.1).
type DID struct {
	// Method names the DID method: lower-case letters and digits.
	Method string
	// Identifier is the text after the method, colons included.
	Identifier string
}

// String returns the text form, did:method:identifier.
func (d DID) String() string { return "did:" + d.Method + ":" + d.Identifier }

// Parse reads a DID without path, query or fragment. The error is [ErrSyntax].
func Parse(text string) (DID, error) {
	if len(text) > limits.Identifier {
		return DID{}, fmt.Errorf("%w: above %d bytes", ErrSyntax, limits.Identifier)
	}
	rest, ok := strings.CutPrefix(text, "did:")
	method, identifier, colon := strings.Cut(rest, ":")
	if !ok || !colon || !isMethod(method) || !isIdentifier(identifier) {
		return DID{}, ErrSyntax
	}
	return DID{Method: method, Identifier: identifier}, nil
}

// ParseURL reads a DID URL that consists of a DID and a fragment, the form that
// names a key: did:method:identifier#fragment. It returns the fragment without
// the "#". A missing fragment, a path or a query is refused with [ErrSyntax].
func ParseURL(text string) (id DID, fragment string, err error) {
	if len(text) > limits.Identifier {
		return DID{}, "", fmt.Errorf("%w: above %d bytes", ErrSyntax, limits.Identifier)
	}
	bare, fragment, ok := strings.Cut(text, "#")
	if !ok || !isSegment(fragment) {
		return DID{}, "", fmt.Errorf("%w: no key named after #", ErrSyntax)
	}
	id, err = Parse(bare)
	return id, fragment, err
}

func isMethod(s string) bool {
	for i := range len(s) {
		if c := s[i]; (c < 'a' || c > 'z') && (c < '0' || c > '9') {
			return false
		}
	}
	return s != ""
}

// isIdentifier allows empty segments between colons, but not at the end.
func isIdentifier(s string) bool {
	segments := strings.Split(s, ":")
	for _, segment := range segments[:len(segments)-1] {
		if segment != "" && !isSegment(segment) {
			return false
		}
	}
	return isSegment(segments[len(segments)-1])
}

// isSegment reports whether s is one or more idchar (DID Core 3.1).
func isSegment(s string) bool {
	for i := 0; i < len(s); i++ {
		switch c := s[i]; {
		case c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z', c >= '0' && c <= '9':
		case c == '.', c == '-', c == '_':
		case c == '%' && i+2 < len(s) && isHex(s[i+1]) && isHex(s[i+2]):
			i += 2
		default:
			return false
		}
	}
	return s != ""
}

// isHex accepts upper case only: the ABNF says HEXDIG, and each name then has
// one spelling.
func isHex(c byte) bool { return c >= '0' && c <= '9' || c >= 'A' && c <= 'F' }
