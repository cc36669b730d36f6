package provenance_test

import (
	"context"
	"crypto"
	"crypto/x509"
	"encoding/asn1"
	"errors"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/hufu-id/hufu/certpath"
	"github.com/hufu-id/hufu/certpath/certpathtest"
	"github.com/hufu-id/hufu/credential"
	"github.com/hufu-id/hufu/did"
	"github.com/hufu-id/hufu/ledger"
	"github.com/hufu-id/hufu/provenance"
	"github.com/hufu-id/hufu/status"
)

const (
	diploma = "urn:example:diploma"
	listURI = "https://status.example/1"
	iss     = "https://university.example/issuer"
)

var noon = time.Date(2026, 11, 27, 12, 0, 0, 0, time.UTC)

// issued is a credential of somebody off the ledger, for a test to spoil.
type issued struct {
	header did.Header
	signer crypto.Signer
	claims map[string]any
	hide   []credential.Path
}

func (i *issued) sign(t *testing.T) *credential.SDJWT {
	t.Helper()
	sd, err := credential.Issue(t.Context(), i.signer, i.header, i.claims, i.hide, credential.IssueOptions{AnyTimeOfDay: true})
	none(t, err)
	return sd
}

// fetched has status list tokens by their URI.
type fetched map[string]string

func (f fetched) StatusList(_ context.Context, uri string) ([]byte, error) {
	if token, found := f[uri]; found {
		return []byte(token), nil
	}
	return nil, errors.New("not found")
}

// abroad is a university under a ministry's certificate, its credential and its list.
type abroad struct {
	ministry *certpathtest.Authority
	issued
	list   *status.List
	opts   provenance.Options
	config provenance.Authority
	crls   *certpath.CRLs
}

func newAbroad(t *testing.T) *abroad {
	t.Helper()
	a := &abroad{ministry: certpathtest.New(noon, "Ministry")}
	a.header.X5C, a.signer = certify(a.ministry, certpathtest.Template{Name: "University", DNSNames: []string{"university.example"}})
	a.claims = map[string]any{
		"vct": diploma, "iss": iss, "iat": noon.Unix() - 3600, "exp": noon.Unix() + 3600, "name": "Li", "degree": map[string]any{"title": "Doctor"},
		"status": status.Reference{URI: listURI, Index: 3}.Claim(),
	}
	a.hide = []credential.Path{{"name"}}
	a.config = provenance.Authority{Anchor: a.ministry.Anchor(), Trust: provenance.Trust{Types: []string{diploma}}}
	var err error
	a.list, err = status.New(2, 8)
	none(t, err)
	a.opts = provenance.Options{Now: noon, Lists: fetched{listURI: a.token(t, a.signer, a.header, listURI)}}
	return a
}

func certify(a *certpathtest.Authority, t certpathtest.Template) ([][]byte, crypto.Signer) {
	x5c, key := a.Leaf(t)
	return x5c, key
}

func (a *abroad) token(t *testing.T, signer crypto.Signer, header did.Header, uri string) string {
	t.Helper()
	token, err := status.Sign(t.Context(), signer, header, status.Claims{Subject: uri, IssuedAt: noon, Expires: noon.Add(time.Hour), TTL: time.Minute}, a.list)
	none(t, err)
	return token
}

func (a *abroad) source(t *testing.T) provenance.Source {
	t.Helper()
	s, err := provenance.X509(provenance.X509Options{CRLs: a.crls}, a.config)
	none(t, err)
	return s
}

func (a *abroad) verify(t *testing.T) (*provenance.Credential, error) {
	t.Helper()
	return provenance.Verify(t.Context(), a.source(t), a.sign(t), nil, a.opts)
}

func TestForeign(t *testing.T) {
	a := newAbroad(t)
	found, err := a.verify(t)
	none(t, err)
	if !found.Foreign || found.Issuer != iss || found.Origin.Name != "CN=University,C=CN" || found.Origin.Anchor != "CN=Ministry,C=CN" || found.Region != "" || found.Claims["name"] != "Li" {
		t.Errorf("%+v", found)
	}
	var paths []string
	for _, c := range found.Schema.Claims {
		paths = append(paths, c.Path.String()+c.Label.English)
	}
	if got := strings.Join(paths, " "); got != `["degree","title"]degree title ["name"]name` || found.Schema.VCT != diploma || len(found.Schema.Bytes()) == 0 {
		t.Errorf("schema %s", got)
	}
	// Without iss the leaf alone names the issuer.
	delete(a.claims, "iss")
	found, err = a.verify(t)
	none(t, err)
	if found.Issuer != "x509_hash:"+certpath.Hash(a.header.X5C[0]) || found.Issuer != found.Origin.ID {
		t.Errorf("issuer %s", found.Issuer)
	}
	// Without iat and status it counts until its end.
	delete(a.claims, "iat")
	delete(a.claims, "status")
	_, err = a.verify(t)
	none(t, err)
}

// TestForeignRefused: each credential breaks one rule, at one step, and the refusal says who
// was held against which anchor.
func TestForeignRefused(t *testing.T) {
	stranger := certpathtest.New(noon, "Stranger")
	for name, c := range map[string]struct {
		edit      func(t *testing.T, a *abroad)
		step      provenance.Step
		reason    error
		unchecked bool
	}{
		"no type": {func(_ *testing.T, a *abroad) { a.claims["vct"] = "" }, "", nil, false},
		"another authority": {func(_ *testing.T, a *abroad) {
			a.header.X5C, a.signer = certify(stranger, certpathtest.Template{Name: "University"})
		}, provenance.StepIssuer, certpath.ErrUntrusted, false},
		"no chain":      {func(_ *testing.T, a *abroad) { a.header.X5C = nil }, provenance.StepIssuer, provenance.ErrUnknown, false},
		"another's iss": {func(_ *testing.T, a *abroad) { a.claims["iss"] = "https://other.example" }, provenance.StepIssuer, provenance.ErrIssuerName, false},
		"http iss":      {func(_ *testing.T, a *abroad) { a.claims["iss"] = "http://university.example" }, provenance.StepIssuer, provenance.ErrIssuerName, false},
		"iss is a DID":  {func(_ *testing.T, a *abroad) { a.claims["iss"] = "did:web:university.example" }, provenance.StepIssuer, provenance.ErrUnknown, false},
		"leaf expired": {func(_ *testing.T, a *abroad) {
			a.header.X5C, a.signer = certify(a.ministry, certpathtest.Template{Name: "University", Until: noon.Add(-time.Second)})
		}, provenance.StepIssuer, certpath.ErrNotInForce, false},
		"leaf may only ask": {func(_ *testing.T, a *abroad) {
			a.header.X5C, a.signer = certify(a.ministry, certpathtest.Template{Usages: certpath.RequesterUsages()})
		}, provenance.StepIssuer, certpath.ErrUsage, false},
		"revocation unknown": {func(_ *testing.T, a *abroad) { a.config.Anchor.Revocation = true }, provenance.StepIssuer, certpath.ErrRevocation, true},
		"another type":       {func(_ *testing.T, a *abroad) { a.claims["vct"] = "urn:example:passport" }, provenance.StepAccreditation, provenance.ErrNotTrustedFor, false},
		"signed by another":  {func(_ *testing.T, a *abroad) { a.signer = certpathtest.NewKey() }, provenance.StepSignature, credential.ErrSignature, false},
		"expired":            {func(_ *testing.T, a *abroad) { a.claims["exp"] = noon.Unix() - 120 }, provenance.StepValidity, credential.ErrExpired, false},
		"for ever":           {func(_ *testing.T, a *abroad) { delete(a.claims, "exp"); delete(a.claims, "status") }, provenance.StepValidity, provenance.ErrUndated, false},
		"a list is demanded": {func(_ *testing.T, a *abroad) { a.config.Status = true; delete(a.claims, "status") }, provenance.StepStatus, provenance.ErrNoStatus, false},
		"revoked":            {func(t *testing.T, a *abroad) { relist(t, a, status.Invalid) }, provenance.StepStatus, status.ErrRevoked, false},
		"suspended":          {func(t *testing.T, a *abroad) { relist(t, a, status.Suspended) }, provenance.StepStatus, status.ErrSuspended, false},
		"application's own":  {func(t *testing.T, a *abroad) { relist(t, a, 3) }, provenance.StepStatus, status.ErrUnknownStatus, false},
		"outside the list":   {func(_ *testing.T, a *abroad) { a.claims["status"] = status.Reference{URI: listURI, Index: 8}.Claim() }, provenance.StepStatus, status.ErrIndex, false},
		"no list":            {func(_ *testing.T, a *abroad) { a.opts.Lists = fetched{} }, provenance.StepStatus, provenance.ErrStatusList, true},
		"nothing is fetched": {func(_ *testing.T, a *abroad) { a.opts.Lists = nil }, provenance.StepStatus, provenance.ErrStatusList, true},
		"list of another URI": {func(t *testing.T, a *abroad) {
			a.opts.Lists = fetched{listURI: a.token(t, a.signer, a.header, listURI+"2")}
		}, provenance.StepStatus, status.ErrSubject, true},
		"list signed by a colleague": {func(t *testing.T, a *abroad) {
			x5c, key := certify(a.ministry, certpathtest.Template{Name: "Library"})
			a.opts.Lists = fetched{listURI: a.token(t, key, did.Header{X5C: x5c}, listURI)}
		}, provenance.StepStatus, provenance.ErrListSigner, true},
		"list signed by a stranger": {func(t *testing.T, a *abroad) {
			x5c, key := certify(stranger, certpathtest.Template{Name: "University"})
			a.opts.Lists = fetched{listURI: a.token(t, key, did.Header{X5C: x5c}, listURI)}
		}, provenance.StepStatus, certpath.ErrUntrusted, true},
		"list too old": {func(_ *testing.T, a *abroad) {
			a.opts.Now = noon.Add(50 * time.Minute)
			a.opts.MaxStatusAge = time.Minute
		}, provenance.StepStatus, status.ErrStale, true},
	} {
		if name == "no type" {
			continue // credential.Issue refuses it
		}
		t.Run(name, func(t *testing.T) {
			a := newAbroad(t)
			c.edit(t, a)
			_, err := a.verify(t)
			failsAt(t, err, c.step, c.reason, c.unchecked)
			var failed *provenance.Error
			if errors.As(err, &failed) && (failed.Anchor != "CN=Ministry,C=CN" || failed.Who == "" && a.header.X5C != nil && !strings.HasPrefix(a.claims["iss"].(string), "did:")) {
				t.Errorf("who %q, anchor %q", failed.Who, failed.Anchor)
			}
		})
	}
}

// relist signs the list anew with another status for the credential, under a fresh leaf of
// the same subject, as after a renewal.
func relist(t *testing.T, a *abroad, s status.Status) {
	t.Helper()
	none(t, a.list.Set(3, s))
	x5c, key := certify(a.ministry, certpathtest.Template{Name: "University"})
	a.opts.Lists = fetched{listURI: a.token(t, key, did.Header{X5C: x5c}, listURI)}
}

// TestListUnderAnotherAnchor: the same subject under another trusted authority is somebody
// else.
func TestListUnderAnotherAnchor(t *testing.T) {
	a, other := newAbroad(t), certpathtest.New(noon, "Other")
	x5c, key := certify(other, certpathtest.Template{Name: "University"})
	a.opts.Lists = fetched{listURI: a.token(t, key, did.Header{X5C: x5c}, listURI)}
	both, err := provenance.X509(provenance.X509Options{}, a.config, provenance.Authority{Anchor: other.Anchor(), Trust: a.config.Trust})
	none(t, err)
	_, err = provenance.Verify(t.Context(), both, a.sign(t), nil, a.opts)
	failsAt(t, err, provenance.StepStatus, provenance.ErrListSigner, true)
}

// TestIssuerByURI: a URI among the subject alternative names names an issuer, too.
func TestIssuerByURI(t *testing.T) {
	a := newAbroad(t)
	u, err := url.Parse(iss)
	none(t, err)
	a.header.X5C, a.signer = certify(a.ministry, certpathtest.Template{Name: "University", Edit: func(c *x509.Certificate) { c.URIs = []*url.URL{u} }})
	a.opts.Lists = fetched{listURI: a.token(t, a.signer, did.Header{}, listURI)} // the credential's own key
	_, err = a.verify(t)
	none(t, err)
}

// TestAlsoTypes: a type that aka_vcts claims counts where the issuer is trusted for it.
func TestAlsoTypes(t *testing.T) {
	a := newAbroad(t)
	a.claims["aka_vcts"] = []any{"urn:example:passport", "urn:example:certificate"}
	a.config.Types = append(a.config.Types, "urn:example:certificate")
	found, err := a.verify(t)
	none(t, err)
	if len(found.AlsoTypes) != 1 || found.AlsoTypes[0] != "urn:example:certificate" {
		t.Errorf("%q", found.AlsoTypes)
	}
}

// TestTypeMetadata: what is configured of a type is checked, and its labels are shown.
func TestTypeMetadata(t *testing.T) {
	const document = `{"vct":"urn:example:diploma","claims":[{"path":["name"],"mandatory":true,"sd":"always","display":[{"locale":"zh-CN","label":"姓名"}]},{"path":["birth"],"mandatory":true}]}`
	m, err := credential.ParseTypeMetadata([]byte(document))
	none(t, err)
	types, err := credential.NewTypes(m)
	none(t, err)
	a := newAbroad(t)
	a.opts.Types = types
	_, err = a.verify(t)
	failsAt(t, err, provenance.StepSchema, credential.ErrTypeRules, false)
	a.claims["birth"], a.hide = "1990-01-01", []credential.Path{{"name"}, {"birth"}}
	found, err := a.verify(t)
	none(t, err)
	if c := found.Schema.Claims[0]; c.Label.Chinese != "姓名" || c.Label.English != "name" {
		t.Errorf("label %+v", c.Label)
	}
	// In a presentation an undisclosed claim is not a missing one; on receipt it is.
	shown, err := a.sign(t).Disclose(credential.Path{"name"})
	none(t, err)
	_, err = provenance.Verify(t.Context(), a.source(t), shown, nil, a.opts)
	none(t, err)
	a.opts.Whole = true
	_, err = provenance.Verify(t.Context(), a.source(t), shown, nil, a.opts)
	failsAt(t, err, provenance.StepSchema, credential.ErrTypeRules, false)
	a.claims["vct#integrity"] = "sha256-AAAA"
	_, err = a.verify(t)
	failsAt(t, err, provenance.StepSchema, credential.ErrIntegrity, false)
}

func TestPinned(t *testing.T) {
	key := certpathtest.NewKey()
	byJWK, err := did.NewJWK(key.Public())
	none(t, err)
	byKey, err := did.NewKey(key.Public())
	none(t, err)
	trust := provenance.Trust{Types: []string{diploma}}
	ended := did.Key{ID: "old", Public: key.Public(), Until: noon}
	for name, c := range map[string]struct {
		pin  provenance.Pin
		kid  string
		want error
	}{
		"did:jwk":             {provenance.Pin{ID: byJWK, Trust: trust}, byJWK + "#0", nil},
		"did:jwk by fragment": {provenance.Pin{ID: byJWK, Trust: trust}, "#0", nil},
		"did:jwk without kid": {provenance.Pin{ID: byJWK, Trust: trust}, "", nil},
		"did:key":             {provenance.Pin{ID: byKey, Trust: trust}, byKey + "#" + strings.TrimPrefix(byKey, "did:key:"), nil},
		"a key":               {provenance.Pin{ID: iss, Keys: []did.Key{{Public: key.Public()}}, Trust: trust}, "", nil},
		"one of two keys":     {provenance.Pin{ID: iss, Keys: []did.Key{{ID: "a", Public: certpathtest.NewKey().Public()}, {ID: "b", Public: key.Public()}}, Trust: trust}, "b", nil},
		"which of two":        {provenance.Pin{ID: iss, Keys: []did.Key{{ID: "a", Public: key.Public()}, {ID: "b", Public: key.Public()}}, Trust: trust}, "", did.ErrNoKey},
		"another kid":         {provenance.Pin{ID: byJWK, Trust: trust}, byJWK + "#1", did.ErrNoKey},
		"ended":               {provenance.Pin{ID: iss, Keys: []did.Key{ended}, Trust: trust}, "old", did.ErrKeyNotValid},
		"for another type":    {provenance.Pin{ID: byJWK, Trust: provenance.Trust{Types: []string{"urn:other"}}}, "", provenance.ErrNotTrustedFor},
		"for requests":        {provenance.Pin{ID: byJWK, Trust: provenance.Trust{Requests: true}}, "", provenance.ErrNotTrustedFor},
		"another's key":       {provenance.Pin{ID: iss, Keys: []did.Key{{Public: certpathtest.NewKey().Public()}}, Trust: trust}, "", credential.ErrSignature},
	} {
		source, err := provenance.Pinned(nil, c.pin)
		none(t, err)
		one := issued{header: did.Header{Kid: c.kid}, signer: key, claims: map[string]any{"vct": diploma, "iss": c.pin.ID, "exp": noon.Unix() + 60, "iat": noon.Unix() - 60}}
		found, err := provenance.Verify(t.Context(), source, one.sign(t), nil, provenance.Options{Now: noon})
		if !errors.Is(err, c.want) || err == nil && found.Issuer != c.pin.ID {
			t.Errorf("%s: got %v, want: %v", name, err, c.want)
		}
	}
	unlisted := issued{signer: key, claims: map[string]any{"vct": diploma, "iss": byKey, "exp": noon.Unix() + 60}}
	source, err := provenance.Pinned(nil, provenance.Pin{ID: byJWK, Trust: trust})
	none(t, err)
	_, err = provenance.Verify(t.Context(), source, unlisted.sign(t), nil, provenance.Options{Now: noon})
	failsAt(t, err, provenance.StepIssuer, provenance.ErrUnknown, false)
}

// TestTrustFailsClosed: a configuration that trusts for nothing is refused.
func TestTrustFailsClosed(t *testing.T) {
	root := certpathtest.New(noon, "Ministry")
	all := provenance.Trust{Types: []string{diploma}}
	key := []did.Key{{Public: certpathtest.NewKey().Public()}}
	for name, err := range map[string]error{
		"no authorities": second(provenance.X509(provenance.X509Options{})), "authority for nothing": second(provenance.X509(provenance.X509Options{}, provenance.Authority{Anchor: root.Anchor()})),
		"authority for any type": second(provenance.X509(provenance.X509Options{}, provenance.Authority{Anchor: root.Anchor(), Trust: provenance.Trust{Types: []string{""}}})),
		"no pins":                second(provenance.Pinned(nil)), "pin for nothing": second(provenance.Pinned(nil, provenance.Pin{ID: iss, Keys: key})),
		"no name": second(provenance.Pinned(nil, provenance.Pin{Keys: key, Trust: all})), "no key": second(provenance.Pinned(nil, provenance.Pin{ID: iss, Trust: all})),
		"twice":       second(provenance.Pinned(nil, provenance.Pin{ID: iss, Keys: key, Trust: all}, provenance.Pin{ID: iss, Keys: key, Trust: all})),
		"a strange":   second(provenance.Pinned(nil, provenance.Pin{ID: iss, Keys: []did.Key{{Public: "key"}}, Trust: all})),
		"one id":      second(provenance.Pinned(nil, provenance.Pin{ID: iss, Keys: append(key, key...), Trust: all})),
		"not legible": second(provenance.Pinned(nil, provenance.Pin{ID: iss, Name: "a\u202eb", Keys: key, Trust: all})),
	} {
		if !errors.Is(err, provenance.ErrTrust) && !errors.Is(err, certpath.ErrAnchor) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func second(_ provenance.Source, err error) error { return err }

// TestSources: a source that names an issuer decides alone, and who knows nobody says so.
func TestSources(t *testing.T) {
	a := newAbroad(t)
	key := certpathtest.NewKey()
	pins, err := provenance.Pinned(nil, provenance.Pin{ID: iss, Keys: []did.Key{{Public: key.Public()}}, Trust: provenance.Trust{Types: []string{diploma}}})
	none(t, err)
	off := provenance.OffLedger("did:hufu:root")
	verify := func(s provenance.Sources) (*provenance.Credential, error) {
		return provenance.Verify(t.Context(), s, a.sign(t), nil, a.opts)
	}
	found, err := verify(provenance.Sources{off, a.source(t)})
	none(t, err)
	if found.Origin.Path == nil {
		t.Error("another source has decided")
	}
	// The name is pinned to another key: the chain does not get round that.
	_, err = verify(provenance.Sources{a.source(t), pins})
	failsAt(t, err, provenance.StepSignature, credential.ErrSignature, false)

	other := certpathtest.New(noon, "Other")
	elsewhere, err := provenance.X509(provenance.X509Options{}, provenance.Authority{Anchor: other.Anchor(), Trust: provenance.Trust{Types: []string{diploma}}})
	none(t, err)
	delete(a.claims, "iss")
	_, err = verify(provenance.Sources{off, elsewhere, pins})
	failsAt(t, err, provenance.StepIssuer, provenance.ErrUnknown, false)
	var unknown *provenance.UnknownError
	if !errors.As(err, &unknown) || len(unknown.Refusals) != 3 || unknown.Refusals[0].Anchor != "did:hufu:root" || unknown.Refusals[1].Anchor != "CN=Other,C=CN" || !errors.Is(unknown.Refusals[1].Err, certpath.ErrUntrusted) {
		t.Errorf("%+v", unknown)
	}
	_, err = verify(nil)
	failsAt(t, err, provenance.StepIssuer, provenance.ErrUnknown, false)
	// What is no agency of the ledger never gets to it; what claims to be one only there.
	a.claims["iss"] = "did:hufu:" + strings.Repeat("a", 32)
	_, err = verify(provenance.Sources{off, a.source(t), pins})
	failsAt(t, err, provenance.StepIssuer, provenance.ErrUnknown, false)
}

func TestIdentifyRequester(t *testing.T) {
	root := certpathtest.New(noon, "Registry")
	x5c, key := root.Leaf(certpathtest.Template{Name: "Shop", DNSNames: []string{"shop.example"}, Usages: []asn1.ObjectIdentifier{certpath.UsageMdocReader}})
	header := did.Header{X5C: x5c}
	shop, err := did.NewJWK(key.Public())
	none(t, err)
	make := func(trust provenance.Trust) provenance.Sources {
		x, err := provenance.X509(provenance.X509Options{}, provenance.Authority{Anchor: root.Anchor(), Trust: trust})
		none(t, err)
		p, err := provenance.Pinned(nil, provenance.Pin{ID: shop, Name: "Shop", Trust: trust}, provenance.Pin{ID: "shop", Keys: []did.Key{{Public: key.Public()}}, Trust: trust})
		none(t, err)
		return provenance.Sources{provenance.OffLedger("root"), x, p}
	}
	may, mayNot := make(provenance.Trust{Requests: true}), make(provenance.Trust{Types: []string{diploma}})
	hash := "x509_hash:" + certpath.Hash(x5c[0])
	foreign, _ := certpathtest.New(noon, "Registry").Leaf(certpathtest.Template{DNSNames: []string{"shop.example"}})
	for name, c := range map[string]struct {
		sources provenance.Sources
		client  string
		header  did.Header
		want    error
	}{
		"hash": {may, hash, header, nil}, "host": {may, "x509_san_dns:shop.example", header, nil}, "DID": {may, "decentralized_identifier:" + shop, did.Header{Kid: shop + "#0"}, nil},
		"pre-registered":     {may, "shop", did.Header{}, nil},
		"another's hash":     {may, "x509_hash:" + certpath.Hash(foreign[0]), header, provenance.ErrClientID},
		"a hash in padding":  {may, hash + "=", header, provenance.ErrClientID},
		"no chain":           {may, hash, did.Header{}, provenance.ErrClientID},
		"another host":       {may, "x509_san_dns:other.example", header, provenance.ErrClientID},
		"of nobody":          {may, "x509_hash:" + certpath.Hash(foreign[0]), did.Header{X5C: foreign}, provenance.ErrUnknown},
		"host of nobody":     {may, "x509_san_dns:shop.example", did.Header{X5C: foreign}, provenance.ErrUnknown},
		"unknown DID":        {may, "decentralized_identifier:did:jwk:abc", did.Header{}, provenance.ErrUnknown},
		"unknown name":       {may, "stranger", header, provenance.ErrUnknown},
		"unknown prefix":     {may, "verifier_attestation:shop.example", header, provenance.ErrUnknown},
		"hash, not trusted":  {mayNot, hash, header, provenance.ErrNotTrustedFor},
		"DID, not trusted":   {mayNot, "decentralized_identifier:" + shop, did.Header{}, provenance.ErrNotTrustedFor},
		"certificate of DID": {may, "decentralized_identifier:did:web:shop.example", header, provenance.ErrUnknown},
	} {
		origin, err := provenance.IdentifyRequester(t.Context(), c.sources, c.client, c.header, noon)
		if !errors.Is(err, c.want) {
			t.Errorf("%s: got %v, want: %v", name, err, c.want)
		}
		var failed *provenance.Error
		if err != nil && (!errors.As(err, &failed) || failed.Anchor == "" || failed.Unchecked || origin != nil) {
			t.Errorf("%s: %+v", name, failed)
		}
		if err == nil && (origin.Key.Public == nil || !key.PublicKey.Equal(origin.Key.Public) || origin.ID != strings.TrimPrefix(c.client, "decentralized_identifier:")) {
			t.Errorf("%s: %+v", name, origin)
		}
	}
	// What cannot be found out is no refusal.
	anchor := root.Anchor()
	anchor.Revocation = true
	strict, err := provenance.X509(provenance.X509Options{}, provenance.Authority{Anchor: anchor, Trust: provenance.Trust{Requests: true}})
	none(t, err)
	_, err = provenance.IdentifyRequester(t.Context(), strict, hash, header, noon)
	failsAt(t, err, provenance.StepIssuer, certpath.ErrRevocation, true)
	_, err = provenance.IdentifyRequester(t.Context(), mayNot, hash, header, noon)
	failsAt(t, err, provenance.StepAccreditation, provenance.ErrNotTrustedFor, false)
	var failed *provenance.Error
	if errors.As(err, &failed); failed.Who != "CN=Shop,C=CN" || failed.Anchor != "CN=Registry,C=CN" {
		t.Errorf("%+v", failed)
	}
	// A leaf for requests issues nothing.
	x, err := provenance.X509(provenance.X509Options{}, provenance.Authority{Anchor: root.Anchor(), Trust: provenance.Trust{Types: []string{diploma}}})
	none(t, err)
	if _, err := x.Identify(t.Context(), provenance.Message{Header: header, Action: ledger.ActionIssue, Now: noon}); !errors.Is(err, certpath.ErrUsage) {
		t.Errorf("%v", err)
	}
}
