package interoptest

import (
	"crypto"
	"crypto/ecdsa"
	"encoding/base64"
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

// Country is one whose clock stands at the real time, as the peers' clock does.
func Country(t testing.TB) *hufutest.Country {
	t.Helper()
	return hufutest.New(t, hufutest.Options{Start: time.Now().Truncate(time.Second)})
}

// Office is one of our desks over HTTP. Its agency is on the ledger and has a certificate.
type Office struct {
	t       testing.TB
	Country *hufutest.Country
	Agency  *hufutest.Agency
	Desk    *issuer.Desk
	URL     string
	// Ministry certifies Authority, and that the desk.
	Ministry, Authority *certpathtest.Authority
	Makers              *certpathtest.Authority // of wallets
	serial              int
	person              hufutest.Resident // who signs in
}

// OpenOffice serves a new agency's desk, after HAIP alone where haip is set.
func OpenOffice(t testing.TB, c *hufutest.Country, haip bool) *Office {
	t.Helper()
	o := &Office{
		t: t, Country: c, Agency: c.NewAgency(),
		Ministry: certpathtest.New(c.Now(), "Ministry"), Makers: certpathtest.New(c.Now(), "Makers of wallets"),
	}
	o.person = o.Resident()
	c.Accredit(o.Agency, ledger.ActionIssue, ledger.StateActive)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	none(t, err)
	o.URL = "http://" + listener.Addr().String() + "/desk"

	cfg := c.DeskConfig(o.Agency)
	cfg.URL, cfg.Store = o.URL, vault.NewMemoryStore()
	// The chain certifies the key on the ledger, so that either way leads to the agency.
	key := &ecdsa.PrivateKey{PublicKey: *cfg.Keys.Key.Public().(*ecdsa.PublicKey)}
	o.Authority = o.Ministry.Below(certpathtest.Template{Name: "Authority"})
	cfg.Chain = o.Authority.Certify(key, certpathtest.Template{Name: "Residents' office"})
	o.Desk, err = issuer.New(cfg)
	none(t, err)
	none(t, o.Desk.Publish(t.Context()))

	anchors, err := certpath.NewAnchors(nil, o.Makers.Anchor())
	none(t, err)
	server, err := endpoint.New(t.Context(), endpoint.Config{
		Desk: o.Desk, HAIP: haip, WalletMaker: endpoint.Certified(anchors), PerMinute: 1 << 20,
		Authenticator: endpoint.AnyoneUnsafe{Person: endpoint.SignedIn{Claims: claimsOf(o.person), Replaces: true}},
		Display:       []openid.Display{{Name: "Residents' office", Locale: "en"}},
	})
	none(t, err)
	at := &httptest.Server{Listener: listener, Config: &http.Server{Handler: server}}
	at.Start()
	t.Cleanup(at.Close)
	return o
}

func claimsOf(r hufutest.Resident) Object {
	return Object{"name": r.Name, "resident_id": r.Number, "birthdate": r.Birthdate, "district": r.District, "address": r.Address}
}

// Resident is somebody who was not here before.
func (o *Office) Resident() hufutest.Resident {
	o.serial++
	return hufutest.NewResident("周安宁", "1984-02-29", "110101", 100+o.serial)
}

// Offer makes a link for somebody new.
func (o *Office) Offer(opts issuer.OfferOptions) (link string, made *issuer.Offer) {
	o.t.Helper()
	return o.offerTo(o.Resident(), opts)
}

// SignInOffer makes a link for who signs in.
func (o *Office) SignInOffer() string {
	o.t.Helper()
	link, _ := o.offerTo(o.person, issuer.OfferOptions{SignIn: true, Replaces: true})
	return link
}

func (o *Office) offerTo(r hufutest.Resident, opts issuer.OfferOptions) (link string, made *issuer.Offer) {
	o.t.Helper()
	made, err := o.Desk.Offer(o.t.Context(), claimsOf(r), opts)
	none(o.t, err)
	offer, err := openid.ParseCredentialOffer(made.Offer)
	none(o.t, err)
	link, err = offer.URI()
	none(o.t, err)
	return link, made
}

// Trust is what a peer is told about whom to trust: the ministry's certificate, in PEM.
func (o *Office) Trust() Object { return Object{"anchors": []string{string(o.Ministry.PEM())}} }

// JWK is a private key as the peers read it.
func JWK(t testing.TB, key *ecdsa.PrivateKey) Object {
	t.Helper()
	out := PublicJWK(t, key.Public())
	secret, err := key.Bytes()
	none(t, err)
	out["d"] = base64.RawURLEncoding.EncodeToString(secret)
	return out
}

// PublicJWK is a public key as the peers read it.
func PublicJWK(t testing.TB, key crypto.PublicKey) (out Object) {
	t.Helper()
	text, err := did.MarshalJWK(key)
	none(t, err)
	none(t, json.Unmarshal(text, &out))
	return out
}

// X5C is a chain as a JOSE header has it.
func X5C(chain [][]byte) (out []string) {
	for _, der := range chain {
		out = append(out, base64.StdEncoding.EncodeToString(der))
	}
	return out
}
