package certpath

import (
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"fmt"
	"slices"

	"github.com/hufu-id/hufu/internal/limits"
)

// maxChain caps the certificates of a chain, as package did does.
const maxChain = 8

// Hash returns the base64url of the SHA-256 of a certificate: what the client identifier
// prefix x509_hash carries (OpenID4VP 1.0, section 5.9.3).
func Hash(der []byte) string {
	sum := sha256.Sum256(der)
	return base64.RawURLEncoding.EncodeToString(sum[:])
}

// Parse reads the certificates of an x5c, leaf first, and verifies nothing. The error is
// [ErrChain].
func Parse(x5c [][]byte) ([]*x509.Certificate, error) {
	if len(x5c) == 0 || len(x5c) > maxChain {
		return nil, fmt.Errorf("%w: %d certificates, from 1 to %d are allowed", ErrChain, len(x5c), maxChain)
	}
	chain := make([]*x509.Certificate, len(x5c))
	for i, der := range x5c {
		if len(der) > limits.Certificate {
			return nil, fmt.Errorf("%w: certificate %d is above %d bytes", ErrChain, i+1, limits.Certificate)
		}
		var err error
		if chain[i], err = x509.ParseCertificate(der); err != nil {
			return nil, fmt.Errorf("%w: certificate %d cannot be read", ErrChain, i+1)
		}
	}
	return chain, nil
}

// AuthorityKeys returns the authority key identifiers of an x5c, of which nothing was
// verified: what a trusted_authorities query of type aki is compared with (OpenID4VP 1.0,
// section 6.1.1.1). The error is [ErrChain].
func AuthorityKeys(x5c [][]byte) ([][]byte, error) {
	chain, err := Parse(x5c)
	if err != nil {
		return nil, err
	}
	return authorityKeys(chain), nil
}

func authorityKeys(chain []*x509.Certificate) (ids [][]byte) {
	for _, c := range chain {
		if len(c.AuthorityKeyId) > 0 {
			ids = append(ids, slices.Clone(c.AuthorityKeyId))
		}
	}
	return ids
}
