package certpath

import (
	"bytes"
	"context"
	"crypto"
	"crypto/x509"
	"encoding/asn1"
	"errors"
	"fmt"
	"slices"
	"time"
)

// Extended key usages that issuers' and readers' profiles name.
var (
	// UsageDocument is id-kp-documentSigning (RFC 9336).
	UsageDocument = asn1.ObjectIdentifier{1, 3, 6, 1, 5, 5, 7, 3, 36}
	// UsageMdocIssuer is that of a document signer of ISO/IEC 18013-5, annex B.
	UsageMdocIssuer = asn1.ObjectIdentifier{1, 0, 18013, 5, 1, 2}
	// UsageMdocReader is that of reader authentication of ISO/IEC 18013-5, annex B.
	UsageMdocReader = asn1.ObjectIdentifier{1, 0, 18013, 5, 1, 6}
	// UsageServer and UsageClient are id-kp-serverAuth and id-kp-clientAuth (RFC 5280).
	UsageServer = asn1.ObjectIdentifier{1, 3, 6, 1, 5, 5, 7, 3, 1}
	UsageClient = asn1.ObjectIdentifier{1, 3, 6, 1, 5, 5, 7, 3, 2}
)

// usageAny is anyExtendedKeyUsage.
var usageAny = asn1.ObjectIdentifier{2, 5, 29, 37, 0}

// IssuerUsages are the extended key usages of which a restricted leaf that signs
// credentials, status lists, attestations or metadata names one.
func IssuerUsages() []asn1.ObjectIdentifier {
	return []asn1.ObjectIdentifier{UsageDocument, UsageMdocIssuer}
}

// RequesterUsages are those of a leaf that signs requests.
func RequesterUsages() []asn1.ObjectIdentifier {
	return []asn1.ObjectIdentifier{UsageMdocReader, UsageServer, UsageClient}
}

// Options narrows what is accepted. The zero value is safe.
type Options struct {
	// Now is the time of the decision; zero means the machine's.
	Now time.Time
	// Signed is the date that the message bears, zero where it bears none. It counts
	// only under an anchor with AtSigning.
	Signed time.Time
	// Usages are the extended key usages that fit. A leaf that restricts its use must
	// name one of them, or any; nil accepts only a leaf without the restriction. A leaf
	// without it is accepted either way, unless the anchor lists usages.
	Usages []asn1.ObjectIdentifier
	// CRLs has the revocation lists that an anchor asks for; nil has none, so that such
	// an anchor's paths cannot be checked.
	CRLs *CRLs
}

// A Path is a chain that leads to an anchor.
type Path struct {
	// Chain is the x5c, leaf first, without the anchor.
	Chain []*x509.Certificate
	// Anchor certified the last of it.
	Anchor *Anchor
	// Key is the leaf's public key, of an allowed suite.
	Key crypto.PublicKey
}

// Leaf returns the certificate whose key signs.
func (p *Path) Leaf() *x509.Certificate { return p.Chain[0] }

// Hash names the leaf: see the function Hash.
func (p *Path) Hash() string { return Hash(p.Leaf().Raw) }

// Subject returns the leaf's subject, made legible.
func (p *Path) Subject() string { return subject(p.Leaf()) }

// HasDNSName reports whether the leaf names a host among its subject alternative names,
// spelt exactly so: a wildcard names no host (OpenID4VP 1.0, section 5.9.3).
func (p *Path) HasDNSName(host string) bool {
	return host != "" && slices.Contains(p.Leaf().DNSNames, host)
}

// AuthorityKeys returns the authority key identifiers of the chain.
func (p *Path) AuthorityKeys() [][]byte { return authorityKeys(p.Chain) }

// Verify leads an x5c to an anchor. The error is an [*Error] that wraps one of the
// sentinels of this package; [ErrRevocation] alone says nothing about the chain.
func (a *Anchors) Verify(ctx context.Context, x5c [][]byte, opts Options) (*Path, error) {
	chain, err := Parse(x5c)
	if err != nil {
		return nil, &Error{Err: err}
	}
	failed := &Error{Who: subject(chain[0]), Hash: Hash(chain[0].Raw)}
	if err := a.form(chain); err != nil {
		failed.Err, failed.Against = err, a.Names()
		return nil, failed
	}
	certifiers := a.certifiersOf(chain[len(chain)-1])
	if len(certifiers) == 0 {
		failed.Err, failed.Against = ErrUntrusted, a.Names()
		return nil, failed
	}
	for _, anchor := range certifiers {
		if err = anchor.verify(ctx, chain, opts); err == nil {
			return &Path{Chain: chain, Anchor: anchor, Key: chain[0].PublicKey}, nil
		}
		failed.Err, failed.Against = err, append(failed.Against, anchor.String())
	}
	return nil, failed
}

// form checks what needs no anchor, and that none stands in the chain.
func (a *Anchors) form(chain []*x509.Certificate) error {
	leaf := chain[0]
	if leaf.CheckSignature(leaf.SignatureAlgorithm, leaf.RawTBSCertificate, leaf.Signature) == nil {
		return ErrSelfSigned
	}
	for _, c := range chain {
		if _, err := a.suites.ForKey(c.PublicKey); err != nil {
			return ErrKey
		}
		if slices.ContainsFunc(a.list, func(anchor *Anchor) bool { return sameAuthority(anchor.Certificate, c) }) {
			return ErrAnchorIncluded
		}
	}
	switch {
	case leaf.IsCA:
		return fmt.Errorf("%w: the leaf is an authority's", ErrUsage)
	case leaf.KeyUsage != 0 && leaf.KeyUsage&x509.KeyUsageDigitalSignature == 0:
		return fmt.Errorf("%w: the leaf may not make digital signatures", ErrUsage)
	}
	for i := range chain[1:] {
		if !bytes.Equal(chain[i].RawIssuer, chain[i+1].RawSubject) || chain[i].CheckSignatureFrom(chain[i+1]) != nil {
			return fmt.Errorf("%w: number %d does not certify the one before", ErrOrder, i+2)
		}
	}
	return nil
}

// sameAuthority reports whether two certificates are of one name and one key: a
// cross-certificate of an anchor is the anchor.
func sameAuthority(a, b *x509.Certificate) bool {
	return bytes.Equal(a.RawSubject, b.RawSubject) && bytes.Equal(a.RawSubjectPublicKeyInfo, b.RawSubjectPublicKeyInfo)
}

// certifiersOf are the anchors that signed a certificate. Two may have one name, after a
// change of keys, or one key, after a renewal.
func (a *Anchors) certifiersOf(last *x509.Certificate) (found []*Anchor) {
	for _, anchor := range a.list {
		c := anchor.Certificate
		if bytes.Equal(last.RawIssuer, c.RawSubject) && c.CheckSignature(last.SignatureAlgorithm, last.RawTBSCertificate, last.Signature) == nil {
			found = append(found, anchor)
		}
	}
	return found
}

// verify holds a chain, whose last certificate the anchor signed, against it.
func (a *Anchor) verify(ctx context.Context, chain []*x509.Certificate, opts Options) error {
	now := opts.Now
	if now.IsZero() {
		now = time.Now()
	}
	at := now
	if a.AtSigning && !opts.Signed.IsZero() && opts.Signed.Before(now) {
		at = opts.Signed
	}
	roots, between := x509.NewCertPool(), x509.NewCertPool()
	roots.AddCert(a.Certificate)
	for _, c := range chain[1:] {
		between.AddCert(c)
	}
	paths, err := chain[0].Verify(x509.VerifyOptions{
		Roots: roots, Intermediates: between, CurrentTime: at, KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageAny},
	})
	if err != nil {
		return reason(err)
	}
	whole := slices.Concat(chain, []*x509.Certificate{a.Certificate})
	if !slices.ContainsFunc(paths, func(p []*x509.Certificate) bool { return slices.EqualFunc(p, whole, (*x509.Certificate).Equal) }) {
		return ErrOrder
	}
	if err := a.checkUsages(chain, opts.Usages); err != nil {
		return err
	}
	if !a.Revocation {
		return nil
	}
	for i, c := range chain {
		if err := opts.CRLs.check(ctx, c, whole[i+1], now); err != nil {
			return err
		}
	}
	return nil
}

// reason says which rule of RFC 5280 a path breaks.
func reason(err error) error {
	var invalid x509.CertificateInvalidError
	var critical x509.UnhandledCriticalExtension
	switch {
	case errors.As(err, &invalid) && invalid.Reason == x509.Expired:
		return ErrNotInForce
	case errors.As(err, &invalid) && invalid.Reason == x509.TooManyIntermediates:
		return fmt.Errorf("%w: the path is too long", ErrConstraint)
	case errors.As(err, &invalid) && invalid.Reason == x509.NotAuthorizedToSign:
		return fmt.Errorf("%w: one that is no authority certifies", ErrConstraint)
	case errors.As(err, &invalid):
		return fmt.Errorf("%w: names", ErrConstraint)
	case errors.As(err, &critical):
		return fmt.Errorf("%w: a critical extension is not known here", ErrConstraint)
	}
	return ErrUntrusted
}

// checkUsages checks the extended key usage of the leaf, and that no authority above it
// excludes that.
func (a *Anchor) checkUsages(chain []*x509.Certificate, wanted []asn1.ObjectIdentifier) error {
	named, restricted := usagesOf(chain[0])
	if len(a.Usages) > 0 {
		wanted = a.Usages
		if !slices.ContainsFunc(named, func(o asn1.ObjectIdentifier) bool { return contains(wanted, o) }) {
			return fmt.Errorf("%w: the leaf names no extended key usage that the anchor asks for", ErrUsage)
		}
	}
	if !restricted {
		return nil
	}
	fit := slices.DeleteFunc(named, func(o asn1.ObjectIdentifier) bool { return !contains(wanted, o) && !o.Equal(usageAny) })
	for _, c := range chain[1:] {
		above, narrow := usagesOf(c)
		if narrow && !contains(above, usageAny) {
			fit = slices.DeleteFunc(fit, func(o asn1.ObjectIdentifier) bool { return !contains(above, o) })
		}
	}
	if len(fit) == 0 {
		return fmt.Errorf("%w: its extended key usage is another", ErrUsage)
	}
	return nil
}

func contains(list []asn1.ObjectIdentifier, o asn1.ObjectIdentifier) bool {
	return slices.ContainsFunc(list, o.Equal)
}

// usagesOf reads the extension of extended key usage, if there is one.
func usagesOf(c *x509.Certificate) (named []asn1.ObjectIdentifier, restricted bool) {
	for _, e := range c.Extensions {
		if e.Id.Equal(asn1.ObjectIdentifier{2, 5, 29, 37}) {
			rest, err := asn1.Unmarshal(e.Value, &named)
			if err != nil || len(rest) > 0 {
				return nil, true
			}
			return named, true
		}
	}
	return nil, false
}
