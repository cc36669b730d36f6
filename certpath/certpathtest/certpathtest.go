// Package certpathtest makes certificate authorities and chains for tests, of ours and of
// adopters. Every key is a fresh P-256 key, and every certificate is valid from an hour
// before it is made.
//
// For example, New(now, "Ministry").Leaf(Template{Name: "University"}) returns an x5c of
// one certificate and the key that it certifies.
package certpathtest

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/pem"
	"math/big"
	"time"

	"github.com/hufu-id/hufu/certpath"
)

// Authority is a certificate authority.
type Authority struct {
	Certificate *x509.Certificate
	Key         *ecdsa.PrivateKey

	now   time.Time
	above [][]byte // certificates between this one and the root, this one first
}

// Template says what a certificate is to hold. The zero value fits for signing.
type Template struct {
	// Name is the subject's common name.
	Name string
	// DNSNames are subject alternative names.
	DNSNames []string
	// Usages are extended key usages; none leaves the extension out.
	Usages []asn1.ObjectIdentifier
	// From and Until are the validity; zero means from an hour before to a year after.
	From, Until time.Time
	// CRL is the address of a distribution point.
	CRL string
	// Edit changes the rest, nil nothing.
	Edit func(*x509.Certificate)
}

// New makes a root authority.
func New(now time.Time, name string) *Authority {
	a := &Authority{Key: NewKey(), now: now}
	t := a.template(Template{Name: name, Edit: authority})
	a.Certificate = sign(t, t, a.Key, a.Key)
	return a
}

// authority makes a template one of an authority.
func authority(c *x509.Certificate) {
	c.IsCA, c.BasicConstraintsValid = true, true
	c.KeyUsage = x509.KeyUsageCertSign | x509.KeyUsageCRLSign
}

// Anchor makes an anchor of the authority.
func (a *Authority) Anchor() *certpath.Anchor { return &certpath.Anchor{Certificate: a.Certificate} }

// PEM returns the authority's certificate in PEM.
func (a *Authority) PEM() []byte {
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: a.Certificate.Raw})
}

// Below makes an authority that a certifies.
func (a *Authority) Below(t Template) *Authority {
	edit := t.Edit
	t.Edit = func(c *x509.Certificate) {
		authority(c)
		if edit != nil {
			edit(c)
		}
	}
	key := NewKey()
	c := sign(a.template(t), a.Certificate, key, a.Key)
	return &Authority{Certificate: c, Key: key, now: a.now, above: append([][]byte{c.Raw}, a.above...)}
}

// Chain returns the authority's own certificate and those above it, without the root.
func (a *Authority) Chain() (x5c [][]byte) { return append(x5c, a.above...) }

// Leaf makes a fresh key and certifies it.
func (a *Authority) Leaf(t Template) (x5c [][]byte, key *ecdsa.PrivateKey) {
	key = NewKey()
	return a.Certify(key, t), key
}

// Certify certifies a key that exists. The x5c leads to the root, which it leaves out.
func (a *Authority) Certify(key *ecdsa.PrivateKey, t Template) (x5c [][]byte) {
	return append([][]byte{sign(a.template(t), a.Certificate, key, a.Key).Raw}, a.above...)
}

// Revoke makes a CRL of one day that lists certificates.
func (a *Authority) Revoke(serials ...*big.Int) []byte {
	list := &x509.RevocationList{Number: big.NewInt(a.now.UnixNano()), ThisUpdate: a.now, NextUpdate: a.now.Add(24 * time.Hour)}
	for _, n := range serials {
		list.RevokedCertificateEntries = append(list.RevokedCertificateEntries, x509.RevocationListEntry{SerialNumber: n, RevocationTime: a.now})
	}
	der, err := x509.CreateRevocationList(rand.Reader, list, a.Certificate, a.Key)
	if err != nil {
		panic(err)
	}
	return der
}

// NewKey makes a P-256 key.
func NewKey() *ecdsa.PrivateKey {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		panic(err)
	}
	return key
}

func (a *Authority) template(t Template) *x509.Certificate {
	serial, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 120))
	if err != nil {
		panic(err)
	}
	c := &x509.Certificate{
		SerialNumber: serial.Add(serial, big.NewInt(1)), Subject: pkix.Name{CommonName: t.Name, Country: []string{"CN"}},
		NotBefore: a.now.Add(-time.Hour), NotAfter: a.now.AddDate(1, 0, 0), KeyUsage: x509.KeyUsageDigitalSignature,
		DNSNames: t.DNSNames, UnknownExtKeyUsage: t.Usages,
	}
	if !t.From.IsZero() {
		c.NotBefore = t.From
	}
	if !t.Until.IsZero() {
		c.NotAfter = t.Until
	}
	if t.CRL != "" {
		c.CRLDistributionPoints = []string{t.CRL}
	}
	if t.Edit != nil {
		t.Edit(c)
	}
	return c
}

func sign(t, parent *x509.Certificate, key, with *ecdsa.PrivateKey) *x509.Certificate {
	der, err := x509.CreateCertificate(rand.Reader, t, parent, key.Public(), with)
	if err != nil {
		panic(err)
	}
	c, err := x509.ParseCertificate(der)
	if err != nil {
		panic(err)
	}
	return c
}
