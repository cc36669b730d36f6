package issuer

import (
	"bytes"
	"crypto"
	"crypto/x509"
	"fmt"
	"net"
	"net/url"
	"strings"

	"github.com/hufu-id/hufu/did"
	"github.com/hufu-id/hufu/internal/limits"
)

// checkURL looks at the Credential Issuer Identifier.
func (c *Config) checkURL() error {
	if c.URL == "" {
		return nil
	}
	u, err := url.Parse(c.URL)
	if err != nil || len(c.URL) > limits.Identifier/2 || u.User != nil || u.Opaque != "" ||
		strings.ContainsAny(c.URL, "?#") || strings.HasSuffix(c.URL, "/") || !isServed(u) {
		return fmt.Errorf("%w: the desk's URL is https, or http to a loopback address, without query, fragment and last slash", ErrConfig)
	}
	return nil
}

func isServed(u *url.URL) bool {
	ip := net.ParseIP(u.Hostname())
	return u.Hostname() != "" && (u.Scheme == "https" ||
		u.Scheme == "http" && (u.Hostname() == "localhost" || ip != nil && ip.IsLoopback()))
}

// checkChain looks at the certificate path: that it certifies the desk's own key, that each
// certificate is signed by the next, and that no self-signed one is in it (HAIP 1.0 section
// 6.1.1). Whether anybody trusts the anchor is the reader's question.
func (c *Config) checkChain() error {
	var before *x509.Certificate
	for i, der := range c.Chain {
		cert, err := x509.ParseCertificate(der)
		switch {
		case err != nil:
			return fmt.Errorf("%w: certificate %d of the chain cannot be read", ErrConfig, i+1)
		case bytes.Equal(cert.RawSubject, cert.RawIssuer):
			return fmt.Errorf("%w: certificate %d of the chain is self-signed", ErrConfig, i+1)
		case before == nil && !sameKey(cert.PublicKey, c.Keys.Key.Public()):
			return fmt.Errorf("%w: the chain certifies another key than the desk's", ErrConfig)
		case before != nil && before.CheckSignatureFrom(cert) != nil:
			return fmt.Errorf("%w: certificate %d of the chain did not sign the one before", ErrConfig, i+1)
		}
		before = cert
	}
	return nil
}

func sameKey(a, b crypto.PublicKey) bool {
	known, ok := a.(interface{ Equal(crypto.PublicKey) bool })
	return ok && known.Equal(b)
}

// header is the JWS header of status lists, as Issue has it for credentials.
func (c *Config) header() did.Header { return did.Header{Kid: c.Keys.KeyID, X5C: c.Chain} }
