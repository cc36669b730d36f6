package oauth

import (
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"errors"
	"strings"
)

// ErrVerifier means that a PKCE verifier does not belong to the challenge.
var ErrVerifier = errors.New("oauth: code_verifier does not fit the code_challenge")

// NewVerifier draws a PKCE code verifier of 43 characters (RFC 7636 section 4.1).
func NewVerifier() string {
	b := make([]byte, 32)
	_, _ = rand.Read(b) // never fails
	return base64.RawURLEncoding.EncodeToString(b)
}

// Challenge returns the code challenge of a verifier under the method S256 (RFC 7636
// section 4.2). The method "plain" is not supported.
func Challenge(verifier string) string {
	h := sha256.Sum256([]byte(verifier))
	return base64.RawURLEncoding.EncodeToString(h[:])
}

// CheckVerifier compares a verifier with the challenge of the authorization request. The
// error is ErrVerifier.
func CheckVerifier(verifier, challenge string) error {
	if !isVerifier(verifier) || subtle.ConstantTimeCompare([]byte(Challenge(verifier)), []byte(challenge)) != 1 {
		return ErrVerifier
	}
	return nil
}

// isVerifier accepts 43 to 128 unreserved characters (RFC 7636 section 4.1).
func isVerifier(s string) bool {
	return len(s) >= 43 && len(s) <= 128 && !strings.ContainsFunc(s, func(r rune) bool {
		return !isAlphanumeric(r) && !strings.ContainsRune("-._~", r)
	})
}

// isHash accepts the base64url text of a SHA-256.
func isHash(s string) bool {
	b, err := base64.RawURLEncoding.Strict().DecodeString(s)
	return err == nil && len(b) == sha256.Size
}

func isAlphanumeric(r rune) bool {
	return r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9'
}
