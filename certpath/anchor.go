package certpath

import (
	"bytes"
	"crypto/x509"
	"encoding/asn1"
	"encoding/pem"
	"fmt"
	"slices"

	"github.com/hufu-id/hufu/did"
	"github.com/hufu-id/hufu/internal/limits"
	"github.com/hufu-id/hufu/legible"
)

// maxAnchors caps the anchors of one configuration.
const maxAnchors = 256

// An Anchor is a certificate authority that the caller trusts, and on which terms.
type Anchor struct {
	Certificate *x509.Certificate
	// Usages lists extended key usages of which a leaf must name one. Empty leaves it
	// to Options.Usages.
	Usages []asn1.ObjectIdentifier
	// Revocation demands a current CRL for every certificate of the path.
	Revocation bool
	// AtSigning accepts a path that was in force when the message was signed, by the
	// date that the message bears, although it ended since. Who keeps the key of an
	// expired certificate can date back, so the safe default asks for a path that is in
	// force now.
	AtSigning bool
}

// String returns the subject, made legible.
func (a *Anchor) String() string { return subject(a.Certificate) }

// subject names a certificate to a person.
func subject(c *x509.Certificate) string { return legible.Line(c.Subject.String()) }

// ParseAnchors reads PEM blocks of type CERTIFICATE, one anchor each, with nothing but
// text between them. The error is [ErrAnchor].
func ParseAnchors(text []byte) ([]*Anchor, error) {
	if len(text) > limits.Anchors {
		return nil, fmt.Errorf("%w: above %d bytes", ErrAnchor, limits.Anchors)
	}
	var anchors []*Anchor
	for {
		block, rest := pem.Decode(text)
		if block == nil {
			break
		}
		text = rest
		if block.Type != "CERTIFICATE" {
			return nil, fmt.Errorf("%w: a PEM block that is no certificate", ErrAnchor)
		}
		certificate, err := x509.ParseCertificate(block.Bytes)
		if err != nil {
			return nil, fmt.Errorf("%w: block %d is no certificate", ErrAnchor, len(anchors)+1)
		}
		anchors = append(anchors, &Anchor{Certificate: certificate})
	}
	if len(anchors) == 0 || bytes.Contains(text, []byte("-----BEGIN")) {
		return nil, fmt.Errorf("%w: no PEM block, or a broken one", ErrAnchor)
	}
	return anchors, nil
}

// Anchors are the authorities that a chain may lead to. They never change.
type Anchors struct {
	list   []*Anchor
	suites *did.Suites
}

// NewAnchors makes the list of one configuration. suites is the allow-list for every
// key of a path; nil means did.DefaultSuites. The error is [ErrAnchor] for an empty list,
// a certificate that is no authority's, one that stands there twice, or one whose key is
// not allowed.
func NewAnchors(suites *did.Suites, anchors ...*Anchor) (*Anchors, error) {
	if suites == nil {
		suites = did.DefaultSuites()
	}
	if len(anchors) == 0 || len(anchors) > maxAnchors {
		return nil, fmt.Errorf("%w: %d given, from 1 to %d are allowed", ErrAnchor, len(anchors), maxAnchors)
	}
	for i, a := range anchors {
		switch {
		case a == nil || a.Certificate == nil:
			return nil, fmt.Errorf("%w: number %d has no certificate", ErrAnchor, i+1)
		case !a.Certificate.BasicConstraintsValid || !a.Certificate.IsCA:
			return nil, fmt.Errorf("%w: number %d is no certificate authority", ErrAnchor, i+1)
		case a.Certificate.KeyUsage != 0 && a.Certificate.KeyUsage&x509.KeyUsageCertSign == 0:
			return nil, fmt.Errorf("%w: number %d may not certify", ErrAnchor, i+1)
		case slices.ContainsFunc(anchors[:i], func(b *Anchor) bool { return b.Certificate.Equal(a.Certificate) }):
			return nil, fmt.Errorf("%w: number %d stands there twice", ErrAnchor, i+1)
		}
		if _, err := suites.ForKey(a.Certificate.PublicKey); err != nil {
			return nil, fmt.Errorf("%w: number %d: %w", ErrAnchor, i+1, ErrKey)
		}
	}
	return &Anchors{list: slices.Clone(anchors), suites: suites}, nil
}

// Names returns the anchors' subjects, made legible, in the order given.
func (a *Anchors) Names() []string {
	names := make([]string, len(a.list))
	for i, anchor := range a.list {
		names[i] = anchor.String()
	}
	return names
}

// KeyIDs returns the anchors' subject key identifiers, those that have one: what a
// request names in trusted_authorities of type aki.
func (a *Anchors) KeyIDs() (ids [][]byte) {
	for _, anchor := range a.list {
		if id := anchor.Certificate.SubjectKeyId; len(id) > 0 {
			ids = append(ids, slices.Clone(id))
		}
	}
	return ids
}
