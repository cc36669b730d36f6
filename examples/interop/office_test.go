package interop

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"net"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/go-json-experiment/json"

	"github.com/hufu-id/hufu/certpath"
	"github.com/hufu-id/hufu/certpath/certpathtest"
	"github.com/hufu-id/hufu/did"
	"github.com/hufu-id/hufu/hufutest"
	"github.com/hufu-id/hufu/ledger"
	"github.com/hufu-id/hufu/openid"
	"github.com/hufu-id/hufu/vault"
	"github.com/hufu-id/hufu/wallet/issuer"
	"github.com/hufu-id/hufu/wallet/issuer/endpoint"
)

// country is one whose clock stands at the real time, as the peers' clock does.
func country(t testing.TB) *hufutest.Country {
	t.Helper()
	return hufutest.New(t, hufutest.Options{Start: time.Now().Truncate(time.Second)})
}

// office is one of our desks over HTTP. Its agency is on the ledger and has a certificate.
type office struct {
	t        testing.TB
	country  *hufutest.Country
	agency   *hufutest.Agency
	desk     *issuer.Desk
	url      string
	ministry *certpathtest.Authority // of the desk's certificate
	makers   *certpathtest.Authority // of wallets
	serial   int
	person   hufutest.Resident // who signs in
}

func openOffice(t testing.TB, c *hufutest.Country, haip bool) *office {
	t.Helper()
	o := &office{
		t: t, country: c, agency: c.NewAgency(),
		ministry: certpathtest.New(c.Now(), "Ministry"), makers: certpathtest.New(c.Now(), "Makers of wallets"),
	}
	o.person = o.resident()
	c.Accredit(o.agency, ledger.ActionIssue, ledger.StateActive)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	none(t, err)
	o.url = "http://" + listener.Addr().String() + "/desk"

	cfg := c.DeskConfig(o.agency)
	cfg.URL, cfg.Store = o.url, vault.NewMemoryStore()
	// The chain certifies the key on the ledger, so that either way leads to the agency.
	key := &ecdsa.PrivateKey{PublicKey: *cfg.Keys.Key.Public().(*ecdsa.PublicKey)}
	cfg.Chain = o.ministry.Below(certpathtest.Template{Name: "Authority"}).Certify(key, certpathtest.Template{Name: "Residents' office"})
	o.desk, err = issuer.New(cfg)
	none(t, err)
	none(t, o.desk.Publish(t.Context()))

	anchors, err := certpath.NewAnchors(nil, o.makers.Anchor())
	none(t, err)
	server, err := endpoint.New(t.Context(), endpoint.Config{
		Desk: o.desk, HAIP: haip, WalletMaker: endpoint.Certified(anchors), PerMinute: 1 << 20,
		Authenticator: endpoint.AnyoneUnsafe{Person: endpoint.SignedIn{Claims: claimsOf(o.person), Replaces: true}},
		Display:       []openid.Display{{Name: "Residents' office", Locale: "en"}},
	})
	none(t, err)
	at := &httptest.Server{Listener: listener, Config: &http.Server{Handler: server}}
	at.Start()
	t.Cleanup(at.Close)
	return o
}

func claimsOf(r hufutest.Resident) object {
	return object{"name": r.Name, "resident_id": r.Number, "birthdate": r.Birthdate, "district": r.District, "address": r.Address}
}

// resident is somebody who was not here before.
func (o *office) resident() hufutest.Resident {
	o.serial++
	return hufutest.NewResident("周安宁", "1984-02-29", "110101", 100+o.serial)
}

// offer makes a link for somebody new.
func (o *office) offer(opts issuer.OfferOptions) (link string, made *issuer.Offer) {
	o.t.Helper()
	return o.offerTo(o.resident(), opts)
}

// signInOffer makes a link for who signs in.
func (o *office) signInOffer() string {
	o.t.Helper()
	link, _ := o.offerTo(o.person, issuer.OfferOptions{SignIn: true, Replaces: true})
	return link
}

func (o *office) offerTo(r hufutest.Resident, opts issuer.OfferOptions) (link string, made *issuer.Offer) {
	o.t.Helper()
	made, err := o.desk.Offer(o.t.Context(), claimsOf(r), opts)
	none(o.t, err)
	offer, err := openid.ParseCredentialOffer(made.Offer)
	none(o.t, err)
	link, err = offer.URI()
	none(o.t, err)
	return link, made
}

// trust is what a peer is told about whom to trust: the ministry's certificate, in PEM.
func (o *office) trust() object { return object{"anchors": []string{string(o.ministry.PEM())}} }

// jwk is a private key as the peers read it.
func jwk(t testing.TB, key *ecdsa.PrivateKey) object {
	t.Helper()
	out := jwkOf(t, key.Public())
	secret, err := key.Bytes()
	none(t, err)
	out["d"] = base64.RawURLEncoding.EncodeToString(secret)
	return out
}

func jwkOf(t testing.TB, key crypto.PublicKey) (out object) {
	t.Helper()
	text, err := did.MarshalJWK(key)
	none(t, err)
	none(t, json.Unmarshal(text, &out))
	return out
}

// x5c is a chain as a JOSE header has it.
func x5c(chain [][]byte) (out []string) {
	for _, der := range chain {
		out = append(out, base64.StdEncoding.EncodeToString(der))
	}
	return out
}

func anchorPEM(c *x509.Certificate) string {
	return string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: c.Raw}))
}
