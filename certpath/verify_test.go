package certpath_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/pem"
	"errors"
	"math/big"
	"strings"
	"testing"
	"time"

	"github.com/hufu-id/hufu/certpath"
	"github.com/hufu-id/hufu/certpath/certpathtest"
	"github.com/hufu-id/hufu/did"
)

var now = time.Date(2026, 11, 27, 10, 0, 0, 0, time.UTC)

func none(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func anchors(t testing.TB, list ...*certpath.Anchor) *certpath.Anchors {
	t.Helper()
	a, err := certpath.NewAnchors(nil, list...)
	none(t, err)
	return a
}

func TestVerify(t *testing.T) {
	root := certpathtest.New(now, "Ministry")
	below := root.Below(certpathtest.Template{Name: "Province"})
	x5c, key := below.Leaf(certpathtest.Template{Name: "University", DNSNames: []string{"u.example"}})
	path, err := anchors(t, root.Anchor()).Verify(t.Context(), x5c, certpath.Options{Now: now})
	none(t, err)
	if !key.PublicKey.Equal(path.Key) || len(path.Chain) != 2 || path.Anchor.Certificate != root.Certificate || path.Subject() != "CN=University,C=CN" {
		t.Errorf("%+v", path)
	}
	if !path.HasDNSName("u.example") || path.HasDNSName("U.example") || path.HasDNSName("v.example") || path.HasDNSName("") {
		t.Error("names of hosts")
	}
	if path.Hash() != certpath.Hash(x5c[0]) || len(path.Hash()) != 43 {
		t.Errorf("hash %s", path.Hash())
	}
	ids, err := certpath.AuthorityKeys(x5c)
	none(t, err)
	if len(ids) != 2 || string(ids[0]) != string(below.Certificate.SubjectKeyId) || string(ids[1]) != string(root.Certificate.SubjectKeyId) ||
		string(anchors(t, root.Anchor()).KeyIDs()[0]) != string(ids[1]) || len(path.AuthorityKeys()) != 2 {
		t.Errorf("authority keys %x", ids)
	}
}

// TestRefused: each chain breaks one rule, and the error says of whom and against what.
func TestRefused(t *testing.T) {
	type template = certpathtest.Template
	root, other := certpathtest.New(now, "Ministry"), certpathtest.New(now, "Stranger")
	below := root.Below(template{Name: "Province"})
	good, _ := below.Leaf(template{Name: "University"})
	leaf := func(t template) [][]byte { x5c, _ := root.Leaf(t); return x5c }
	edited := func(edit func(*x509.Certificate)) [][]byte { return leaf(template{Name: "University", Edit: edit}) }
	under := func(edit func(*x509.Certificate), t template) [][]byte {
		x5c, _ := root.Below(template{Name: "Province", Edit: edit}).Leaf(t)
		return x5c
	}
	foreign, _ := other.Leaf(template{Name: "University"})
	// Of the right name, by another key.
	twin, _ := certpathtest.New(now, "Ministry").Leaf(template{Name: "University"})
	self := certpathtest.New(now, "University")
	long := [][]byte{good[0]}
	for range 8 {
		long = append(long, good[1])
	}
	for name, c := range map[string]struct {
		x5c  [][]byte
		want error
	}{
		"empty":                       {nil, certpath.ErrChain},
		"nine":                        {long, certpath.ErrChain},
		"no certificate":              {[][]byte{good[0][1:]}, certpath.ErrChain},
		"trailing bytes":              {[][]byte{append(append([]byte{}, good[0]...), 0)}, certpath.ErrChain},
		"too large":                   {edited(func(c *x509.Certificate) { c.DNSNames = []string{strings.Repeat("a.", 9000) + "a"} }), certpath.ErrChain},
		"self-signed":                 {[][]byte{self.Certificate.Raw}, certpath.ErrSelfSigned},
		"self-signed, before a chain": {[][]byte{self.Certificate.Raw, good[1]}, certpath.ErrSelfSigned},
		"anchor alone":                {[][]byte{root.Certificate.Raw}, certpath.ErrSelfSigned},
		"anchor included":             {append(append([][]byte{}, good...), root.Certificate.Raw), certpath.ErrAnchorIncluded},
		"out of order":                {[][]byte{good[0], leaf(template{Name: "x"})[0]}, certpath.ErrOrder},
		"twice":                       {[][]byte{good[0], good[1], good[1]}, certpath.ErrOrder},
		"another's":                   {foreign, certpath.ErrUntrusted},
		"another's of the same name":  {twin, certpath.ErrUntrusted},
		"link left out":               {good[:1], certpath.ErrUntrusted},
		"authority as a leaf":         {good[1:], certpath.ErrUsage},
		"authority that may sign":     {root.Below(template{Name: "Province", Edit: func(c *x509.Certificate) { c.KeyUsage |= x509.KeyUsageDigitalSignature }}).Chain(), certpath.ErrUsage},
		"leaf encrypts":               {edited(func(c *x509.Certificate) { c.KeyUsage = x509.KeyUsageKeyAgreement }), certpath.ErrUsage},
		"leaf serves":                 {leaf(template{Usages: []asn1.ObjectIdentifier{certpath.UsageServer}}), certpath.ErrUsage},
		"link serves":                 {under(func(c *x509.Certificate) { c.UnknownExtKeyUsage = []asn1.ObjectIdentifier{certpath.UsageServer} }, template{Usages: []asn1.ObjectIdentifier{certpath.UsageMdocIssuer}}), certpath.ErrUsage},
		"expired":                     {leaf(template{Until: now.Add(-time.Second)}), certpath.ErrNotInForce},
		"not yet":                     {leaf(template{From: now.Add(time.Second)}), certpath.ErrNotInForce},
		"link expired":                {under(func(c *x509.Certificate) { c.NotAfter = now.Add(-time.Second) }, template{}), certpath.ErrNotInForce},
		"link is no authority":        {under(func(c *x509.Certificate) { c.IsCA = false }, template{}), certpath.ErrOrder},
		"link may not certify":        {under(func(c *x509.Certificate) { c.KeyUsage = x509.KeyUsageCRLSign }, template{}), certpath.ErrOrder},
		"name outside": {under(func(c *x509.Certificate) {
			c.PermittedDNSDomainsCritical, c.PermittedDNSDomains = true, []string{"p.example"}
		}, template{DNSNames: []string{"u.example"}}), certpath.ErrConstraint},
		"name excluded": {under(func(c *x509.Certificate) { c.ExcludedDNSDomains = []string{"example"} }, template{DNSNames: []string{"u.example"}}), certpath.ErrConstraint},
		"critical extension": {edited(func(c *x509.Certificate) {
			c.ExtraExtensions = []pkix.Extension{{Id: asn1.ObjectIdentifier{1, 2, 3}, Critical: true, Value: []byte{5, 0}}}
		}), certpath.ErrConstraint},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := anchors(t, root.Anchor()).Verify(t.Context(), c.x5c, certpath.Options{Now: now, Usages: certpath.IssuerUsages()})
			var failed *certpath.Error
			if !errors.Is(err, c.want) || !errors.As(err, &failed) {
				t.Fatalf("got %v, want: %v", err, c.want)
			}
			if c.want != certpath.ErrChain && (failed.Hash == "" || len(failed.Against) != 1 || failed.Against[0] != "CN=Ministry,C=CN") {
				t.Errorf("%+v", failed)
			}
			if strings.Contains(err.Error(), "University") {
				t.Errorf("it quotes the certificate: %v", err)
			}
		})
	}
}

// TestPathLength: an authority that may certify leaves only certifies no authority.
func TestPathLength(t *testing.T) {
	root := certpathtest.New(now, "Ministry")
	last := root.Below(certpathtest.Template{Name: "Province", Edit: func(c *x509.Certificate) { c.MaxPathLenZero = true }})
	x5c, _ := last.Leaf(certpathtest.Template{})
	_, err := anchors(t, root.Anchor()).Verify(t.Context(), x5c, certpath.Options{Now: now})
	none(t, err)
	x5c, _ = last.Below(certpathtest.Template{Name: "County"}).Leaf(certpathtest.Template{})
	if _, err := anchors(t, root.Anchor()).Verify(t.Context(), x5c, certpath.Options{Now: now}); !errors.Is(err, certpath.ErrConstraint) {
		t.Errorf("%v", err)
	}
}

// TestUsages: a restricted leaf names a usage that fits, and one that an anchor asks for.
func TestUsages(t *testing.T) {
	root := certpathtest.New(now, "Ministry")
	any := asn1.ObjectIdentifier{2, 5, 29, 37, 0}
	for name, c := range map[string]struct {
		leaf, caller, anchor []asn1.ObjectIdentifier
		want                 error
	}{
		"unrestricted":                        {nil, nil, nil, nil},
		"any":                                 {[]asn1.ObjectIdentifier{any}, nil, nil, nil},
		"restricted, nothing fits":            {[]asn1.ObjectIdentifier{certpath.UsageDocument}, nil, nil, certpath.ErrUsage},
		"fits":                                {[]asn1.ObjectIdentifier{certpath.UsageServer, certpath.UsageDocument}, certpath.IssuerUsages(), nil, nil},
		"reader":                              {[]asn1.ObjectIdentifier{certpath.UsageMdocReader}, certpath.RequesterUsages(), nil, nil},
		"reader issues":                       {[]asn1.ObjectIdentifier{certpath.UsageMdocReader}, certpath.IssuerUsages(), nil, certpath.ErrUsage},
		"anchor asks, unrestricted":           {nil, certpath.IssuerUsages(), []asn1.ObjectIdentifier{{1, 2, 3}}, certpath.ErrUsage},
		"anchor asks, any":                    {[]asn1.ObjectIdentifier{any}, certpath.IssuerUsages(), []asn1.ObjectIdentifier{{1, 2, 3}}, certpath.ErrUsage},
		"anchor asks, and gets":               {[]asn1.ObjectIdentifier{{1, 2, 3}}, certpath.IssuerUsages(), []asn1.ObjectIdentifier{{1, 2, 3}}, nil},
		"anchor asks for one, caller another": {[]asn1.ObjectIdentifier{certpath.UsageDocument}, certpath.IssuerUsages(), []asn1.ObjectIdentifier{{1, 2, 3}}, certpath.ErrUsage},
	} {
		anchor := root.Anchor()
		anchor.Usages = c.anchor
		x5c, _ := root.Leaf(certpathtest.Template{Usages: c.leaf})
		if _, err := anchors(t, anchor).Verify(t.Context(), x5c, certpath.Options{Now: now, Usages: c.caller}); !errors.Is(err, c.want) {
			t.Errorf("%s: got %v, want: %v", name, err, c.want)
		}
	}
}

// TestAtSigning: a path that ended counts only where the anchor says so.
func TestAtSigning(t *testing.T) {
	root := certpathtest.New(now, "Ministry")
	x5c, _ := root.Leaf(certpathtest.Template{From: now.AddDate(-1, 0, 0), Until: now.Add(-time.Minute)})
	strict, lenient := root.Anchor(), root.Anchor()
	lenient.AtSigning = true
	for _, c := range []struct {
		anchor *certpath.Anchor
		signed time.Time
		want   error
	}{
		{strict, now.Add(-time.Hour), certpath.ErrNotInForce},
		{lenient, now.Add(-time.Hour), nil},
		{lenient, time.Time{}, certpath.ErrNotInForce},
		{lenient, now, certpath.ErrNotInForce},
		{lenient, now.AddDate(-2, 0, 0), certpath.ErrNotInForce},
	} {
		if _, err := anchors(t, c.anchor).Verify(t.Context(), x5c, certpath.Options{Now: now, Signed: c.signed}); !errors.Is(err, c.want) {
			t.Errorf("signed %v: %v", c.signed, err)
		}
	}
}

// TestKeys: P-384 is no suite of ours; Ed25519 is, and a caller may leave it out.
func TestKeys(t *testing.T) {
	root := certpathtest.New(now, "Ministry")
	template := &x509.Certificate{SerialNumber: big.NewInt(1), NotBefore: now, NotAfter: now.Add(time.Hour), KeyUsage: x509.KeyUsageDigitalSignature}
	certify := func(public any) [][]byte {
		der, err := x509.CreateCertificate(rand.Reader, template, root.Certificate, public, root.Key)
		none(t, err)
		return [][]byte{der}
	}
	p384, err := ecdsa.GenerateKey(elliptic.P384(), rand.Reader)
	none(t, err)
	if _, err := anchors(t, root.Anchor()).Verify(t.Context(), certify(p384.Public()), certpath.Options{Now: now}); !errors.Is(err, certpath.ErrKey) {
		t.Errorf("P-384: %v", err)
	}
	public, _, err := ed25519.GenerateKey(nil)
	none(t, err)
	_, err = anchors(t, root.Anchor()).Verify(t.Context(), certify(public), certpath.Options{Now: now})
	none(t, err)
	only, err := did.SuitesNamed("ES256")
	none(t, err)
	narrow, err := certpath.NewAnchors(only, root.Anchor())
	none(t, err)
	if _, err := narrow.Verify(t.Context(), certify(public), certpath.Options{Now: now}); !errors.Is(err, certpath.ErrKey) {
		t.Errorf("Ed25519 under ES256: %v", err)
	}
}

// TestSeveralAnchors: an authority that changed its key keeps its name, and the reason of
// each anchor that could be meant is told.
func TestSeveralAnchors(t *testing.T) {
	before, after, other := certpathtest.New(now, "Ministry"), certpathtest.New(now, "Ministry"), certpathtest.New(now, "Other")
	x5c, _ := after.Leaf(certpathtest.Template{})
	all := anchors(t, other.Anchor(), before.Anchor(), after.Anchor())
	path, err := all.Verify(t.Context(), x5c, certpath.Options{Now: now})
	none(t, err)
	if path.Anchor.Certificate != after.Certificate {
		t.Error("another anchor")
	}
	_, err = all.Verify(t.Context(), x5c, certpath.Options{Now: now.AddDate(2, 0, 0)})
	var failed *certpath.Error
	if !errors.As(err, &failed) || !errors.Is(err, certpath.ErrNotInForce) || len(failed.Against) != 1 {
		t.Errorf("%v", err)
	}
}

func TestAnchorsRefuse(t *testing.T) {
	root := certpathtest.New(now, "Ministry")
	x5c, _ := root.Leaf(certpathtest.Template{})
	leaf, err := x509.ParseCertificate(x5c[0])
	none(t, err)
	idle := root.Below(certpathtest.Template{Edit: func(c *x509.Certificate) { c.KeyUsage = x509.KeyUsageCRLSign }})
	p384, err := ecdsa.GenerateKey(elliptic.P384(), rand.Reader)
	none(t, err)
	strange, err := x509.CreateCertificate(rand.Reader, root.Certificate, root.Certificate, p384.Public(), root.Key)
	none(t, err)
	stranger, err := x509.ParseCertificate(strange)
	none(t, err)
	for name, list := range map[string][]*certpath.Anchor{
		"none": nil, "nil": {nil}, "empty": {{}}, "a leaf": {{Certificate: leaf}}, "may not certify": {idle.Anchor()},
		"twice": {root.Anchor(), root.Anchor()}, "P-384": {{Certificate: stranger}},
	} {
		if _, err := certpath.NewAnchors(nil, list...); !errors.Is(err, certpath.ErrAnchor) {
			t.Errorf("%s: %v", name, err)
		}
	}
	pair := append(append([]byte("the ministry\n"), root.PEM()...), certpathtest.New(now, "Other").PEM()...)
	list, err := certpath.ParseAnchors(pair)
	none(t, err)
	if names := anchors(t, list...).Names(); len(names) != 2 || names[1] != "CN=Other,C=CN" {
		t.Errorf("%q", names)
	}
	key := pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: []byte{1}})
	for name, text := range map[string][]byte{
		"nothing": nil, "text": []byte("the ministry"), "a key": append(root.PEM(), key...), "broken": append(root.PEM(), root.PEM()[:80]...),
		"no certificate": pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: []byte{1}}), "too large": make([]byte, 1<<20+1),
	} {
		if _, err := certpath.ParseAnchors(text); !errors.Is(err, certpath.ErrAnchor) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestRevocation(t *testing.T) {
	const address = "https://crl.example/1"
	root := certpathtest.New(now, "Ministry")
	below := root.Below(certpathtest.Template{Name: "Province", CRL: address})
	x5c, _ := below.Leaf(certpathtest.Template{CRL: address + "b"})
	anchor := root.Anchor()
	anchor.Revocation = true
	leaf, err := x509.ParseCertificate(x5c[0])
	none(t, err)
	edited := func(edit func(*x509.RevocationList)) []byte {
		list := &x509.RevocationList{Number: big.NewInt(1), ThisUpdate: now, NextUpdate: now.Add(time.Hour)}
		edit(list)
		der, err := x509.CreateRevocationList(rand.Reader, list, below.Certificate, below.Key)
		none(t, err)
		return der
	}
	served := func(root, below []byte) func(context.Context, string) ([]byte, error) {
		return func(_ context.Context, url string) ([]byte, error) {
			if list := map[string][]byte{address: root, address + "b": below}[url]; list != nil {
				return list, nil
			}
			return nil, errors.New("not found")
		}
	}
	critical := pkix.Extension{Id: asn1.ObjectIdentifier{2, 5, 29, 28}, Critical: true, Value: []byte{0x30, 0}}
	for name, c := range map[string]struct {
		fetch func(context.Context, string) ([]byte, error)
		want  error
	}{
		"none revoked":      {served(root.Revoke(), below.Revoke()), nil},
		"another revoked":   {served(root.Revoke(leaf.SerialNumber), below.Revoke()), nil}, // by another authority
		"leaf revoked":      {served(root.Revoke(), below.Revoke(big.NewInt(1), leaf.SerialNumber)), certpath.ErrRevoked},
		"authority revoked": {served(root.Revoke(below.Certificate.SerialNumber), below.Revoke()), certpath.ErrRevoked},
		"not to be had":     {served(root.Revoke(), nil), certpath.ErrRevocation},
		"nothing fetched":   {nil, certpath.ErrRevocation},
		"another's":         {served(root.Revoke(), certpathtest.New(now, "Province").Revoke()), certpath.ErrRevocation},
		"no list":           {served(root.Revoke(), []byte("no list")), certpath.ErrRevocation},
		"too large":         {served(root.Revoke(), make([]byte, 1<<20+1)), certpath.ErrRevocation},
		"out of date": {served(root.Revoke(), edited(func(l *x509.RevocationList) {
			l.ThisUpdate, l.NextUpdate = now.Add(-2*time.Hour), now.Add(-time.Hour)
		})), certpath.ErrRevocation},
		"from the future": {served(root.Revoke(), edited(func(l *x509.RevocationList) { l.ThisUpdate = now.Add(time.Hour / 2) })), certpath.ErrRevocation},
		"of a part":       {served(root.Revoke(), edited(func(l *x509.RevocationList) { l.ExtraExtensions = []pkix.Extension{critical} })), certpath.ErrRevocation},
	} {
		_, err := anchors(t, anchor).Verify(t.Context(), x5c, certpath.Options{Now: now, CRLs: certpath.NewCRLs(c.fetch)})
		if !errors.Is(err, c.want) {
			t.Errorf("%s: got %v, want: %v", name, err, c.want)
		}
	}
	if _, err := anchors(t, anchor).Verify(t.Context(), x5c, certpath.Options{Now: now}); !errors.Is(err, certpath.ErrRevocation) {
		t.Errorf("without lists: %v", err)
	}
	given := certpath.NewCRLs(nil)
	none(t, given.Add(root.Revoke()))
	none(t, given.Add(below.Revoke()))
	_, err = anchors(t, anchor).Verify(t.Context(), x5c, certpath.Options{Now: now, CRLs: given})
	none(t, err)
	late, err := x509.CreateRevocationList(rand.Reader, &x509.RevocationList{
		Number: big.NewInt(2), ThisUpdate: now.Add(time.Second), NextUpdate: now.Add(time.Hour),
		RevokedCertificateEntries: []x509.RevocationListEntry{{SerialNumber: leaf.SerialNumber, RevocationTime: now}},
	}, below.Certificate, below.Key)
	none(t, err)
	none(t, given.Add(late))
	none(t, given.Add(below.Revoke())) // an older one changes nothing
	if _, err := anchors(t, anchor).Verify(t.Context(), x5c, certpath.Options{Now: now, CRLs: given}); !errors.Is(err, certpath.ErrRevoked) {
		t.Errorf("a newer list: %v", err)
	}
	if err := given.Add(nil); !errors.Is(err, certpath.ErrRevocation) {
		t.Errorf("%v", err)
	}
}

// TestCRLsAreKept: a list is fetched once until its end.
func TestCRLsAreKept(t *testing.T) {
	root := certpathtest.New(now, "Ministry")
	x5c, _ := root.Leaf(certpathtest.Template{CRL: "https://crl.example/1"})
	anchor, fetched := root.Anchor(), 0
	anchor.Revocation = true
	crls := certpath.NewCRLs(func(context.Context, string) ([]byte, error) { fetched++; return root.Revoke(), nil })
	for range 3 {
		_, err := anchors(t, anchor).Verify(t.Context(), x5c, certpath.Options{Now: now, CRLs: crls})
		none(t, err)
	}
	if fetched != 1 {
		t.Errorf("fetched %d times", fetched)
	}
	if _, err := anchors(t, anchor).Verify(t.Context(), x5c, certpath.Options{Now: now.Add(25 * time.Hour), CRLs: crls}); !errors.Is(err, certpath.ErrRevocation) || fetched != 2 {
		t.Errorf("after its end: %v, fetched %d times", err, fetched)
	}
}

func FuzzVerify(f *testing.F) {
	root := certpathtest.New(now, "Ministry")
	below := root.Below(certpathtest.Template{Name: "Province"})
	x5c, key := below.Leaf(certpathtest.Template{Name: "University"})
	f.Add(x5c[0], x5c[1])
	f.Add(root.Certificate.Raw, x5c[0])
	list := anchors(f, root.Anchor())
	f.Fuzz(func(t *testing.T, first, second []byte) {
		path, err := list.Verify(t.Context(), [][]byte{first, second}, certpath.Options{Now: now})
		var failed *certpath.Error
		if err != nil && !errors.As(err, &failed) {
			t.Fatalf("an error of another type: %v", err)
		}
		if err == nil && !key.PublicKey.Equal(path.Key) {
			t.Fatal("another key was accepted")
		}
	})
}

func FuzzParseAnchors(f *testing.F) {
	f.Add(certpathtest.New(now, "Ministry").PEM())
	f.Fuzz(func(t *testing.T, text []byte) {
		list, err := certpath.ParseAnchors(text)
		if (err == nil) != (len(list) > 0) || err != nil && !errors.Is(err, certpath.ErrAnchor) {
			t.Fatalf("%d, %v", len(list), err)
		}
	})
}
