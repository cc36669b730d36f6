package openid

import (
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"fmt"
	"net/url"
	"slices"
	"strings"

	"github.com/hufu-id/hufu/did"
)

// A ClientPrefix says how a verifier is known (OpenID4VP 1.0 section 5.9.3).
type ClientPrefix string

// The prefixes of this package.
const (
	// ClientDID: the verifier is a DID, whose key signs. The zero ClientPrefix means it.
	ClientDID ClientPrefix = "decentralized_identifier"
	// ClientX509Hash: the verifier is the base64url SHA-256 of a certificate in DER, whose
	// key signs. HAIP 1.0 (section 5) asks for it.
	ClientX509Hash ClientPrefix = "x509_hash"
	// ClientX509DNS: the verifier is a DNS name that the certificate bears.
	ClientX509DNS ClientPrefix = "x509_san_dns"
	// ClientRedirectURI: the verifier is the response_uri. Nothing is signed.
	ClientRedirectURI ClientPrefix = "redirect_uri"
)

// Signed reports whether a request with this prefix is signed.
func (p ClientPrefix) Signed() bool { return p != ClientRedirectURI }

// X509 reports whether the key of a certificate signs.
func (p ClientPrefix) X509() bool { return p == ClientX509Hash || p == ClientX509DNS }

// ClientID returns the client_id, prefix included, which a key binding JWT names as its
// audience.
func (r *AuthorizationRequest) ClientID() string { return string(r.prefix()) + ":" + r.Verifier }

func (r *AuthorizationRequest) prefix() ClientPrefix {
	if r.Prefix == "" {
		return ClientDID
	}
	return r.Prefix
}

// setClientID splits a client_id at its first colon. The zero value of Prefix stands for
// ClientDID, so that equal requests are equal.
func (r *AuthorizationRequest) setClientID(clientID string) error {
	prefix, verifier, _ := strings.Cut(clientID, ":")
	switch p := ClientPrefix(prefix); p {
	case ClientDID:
	case ClientX509Hash, ClientX509DNS, ClientRedirectURI:
		r.Prefix = p
	default:
		return fmt.Errorf("%w: client_id has no prefix that is supported", ErrRequest)
	}
	r.Verifier = verifier
	return nil
}

// checkClient checks the form of the client_id, and that the response_uri is one that it
// permits.
func (r *AuthorizationRequest) checkClient() error {
	switch r.prefix() {
	case ClientDID:
		if _, err := did.Parse(r.Verifier); err != nil {
			return fmt.Errorf("%w: client_id: %w", ErrRequest, err)
		}
	case ClientX509Hash:
		if hash, err := decodeBase64URL(r.Verifier); err != nil || len(hash) != sha256.Size {
			return fmt.Errorf("%w: client_id is no SHA-256 in base64url", ErrRequest)
		}
	case ClientX509DNS:
		u, err := url.Parse(r.ResponseURI)
		if err != nil || r.Verifier == "" || u.Hostname() != r.Verifier {
			return fmt.Errorf("%w: response_uri is of another host than client_id", ErrRequest)
		}
	case ClientRedirectURI:
		if r.Verifier != r.ResponseURI {
			return fmt.Errorf("%w: response_uri is not the one of client_id", ErrRequest)
		}
	default:
		return fmt.Errorf("%w: client_id has no prefix that is supported", ErrRequest)
	}
	return nil
}

// CertificateHash names a certificate as x509_hash does: the base64url SHA-256 of its DER.
func CertificateHash(der []byte) string {
	sum := sha256.Sum256(der)
	return base64.RawURLEncoding.EncodeToString(sum[:])
}

// checkSigner holds the header of a signed request against its client_id. For a
// certificate it returns the leaf.
func (r *AuthorizationRequest) checkSigner(header did.Header) (*x509.Certificate, error) {
	switch p := r.prefix(); {
	case p == ClientDID:
		return nil, checkRequestSigner(header.Kid, r.Verifier)
	case !p.X509() || len(header.X5C) == 0:
		return nil, fmt.Errorf("%w: x5c is missing, or goes with another client_id", ErrRequestSigner)
	}
	leaf, err := x509.ParseCertificate(header.X5C[0])
	if err != nil {
		return nil, fmt.Errorf("%w: x5c holds what is no certificate", ErrRequestSigner)
	}
	named := CertificateHash(leaf.Raw) == r.Verifier
	if r.Prefix == ClientX509DNS {
		named = slices.Contains(leaf.DNSNames, r.Verifier)
	}
	if !named {
		return nil, fmt.Errorf("%w: the certificate is not the one of client_id", ErrRequestSigner)
	}
	return leaf, nil
}

func checkRequestSigner(kid, verifier string) error {
	id, _, err := did.ParseURL(kid)
	if err != nil || id.String() != verifier {
		return ErrRequestSigner
	}
	return nil
}
