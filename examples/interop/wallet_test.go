package interop

import (
	"errors"
	"testing"
	"time"

	"github.com/hufu-id/hufu/certpath"
	"github.com/hufu-id/hufu/certpath/certpathtest"
	"github.com/hufu-id/hufu/examples/interop/interoptest"
	"github.com/hufu-id/hufu/hufutest"
	"github.com/hufu-id/hufu/provenance"
	"github.com/hufu-id/hufu/wallet"
	"github.com/hufu-id/hufu/wallet/client"
)

// phone is our wallet with its HTTP side.
type phone struct {
	*hufutest.Holder
	*client.Client
}

// newPhone makes a wallet that trusts the authorities for diplomas and for who asks.
func newPhone(t testing.TB, c *hufutest.Country, authorities ...*certpathtest.Authority) *phone {
	t.Helper()
	var trusted []provenance.Authority
	for _, a := range authorities {
		trusted = append(trusted, provenance.Authority{Anchor: a.Anchor(), Trust: provenance.Trust{Types: []string{diplomaType}, Requests: true}})
	}
	source, err := provenance.X509(provenance.X509Options{}, trusted...)
	none(t, err)
	h := c.Wallet()
	cfg := c.WalletConfig(h)
	cfg.Sources, cfg.Requesters = []provenance.Source{source}, source
	h.Wallet, err = wallet.New(cfg)
	none(t, err)
	p := &phone{Holder: h}
	p.Client, err = client.New(client.Config{Wallet: h.Wallet, Loopback: true, Copies: 3, Clock: c.Now})
	none(t, err)
	return p
}

// Our wallet takes a batch from the issuer of @openid4vc, with a transaction code and DPoP
// with the server's nonce, and notifies it. Who signed is known by its certificate.
func TestOurWalletReceivesFromOpenid4vcIssuer(t *testing.T) {
	p, c := start(t), interoptest.Country(t)
	u := openUniversity(t, p, certpathtest.New(c.Now(), "Ministry of Education"))
	h := newPhone(t, c, u.authority)
	offer, err := h.Offer(t.Context(), u.offer(t, object{"txCode": "493536"}))
	none(t, err)
	if offer.Site != u.url || offer.TxCode == nil || offer.TxCode.Length != 6 || offer.Names[0].Name != "University of Testing" {
		t.Errorf("%+v", offer)
	}
	if _, err := h.Client.Receive(t.Context(), offer, client.ReceiveOptions{TxCode: "000000"}); !errors.Is(err, client.ErrTxCode) && !errors.Is(err, client.ErrCode) {
		t.Errorf("a wrong transaction code: %v", err)
	}
	got, err := h.Client.Receive(t.Context(), offer, client.ReceiveOptions{TxCode: "493536"})
	none(t, err)
	if got.Stored == nil || got.Untold != nil {
		t.Fatalf("%+v", got)
	}
	if s := got.Stored; s.Anchor != "CN=Ministry of Education,C=CN" || s.Who.Name.English != "CN=University of Testing,C=CN" {
		t.Errorf("%+v", s)
	}
	var seen struct {
		Events []string `json:"events"`
		Proofs []string `json:"proofs"`
	}
	p.do(t, "issuer.seen", nil, &seen)
	if len(seen.Events) != 1 || seen.Events[0] != "credential_accepted" || len(seen.Proofs) != 3 {
		t.Errorf("the issuer saw %+v", seen)
	}
	if _, err := h.Client.Receive(t.Context(), offer, client.ReceiveOptions{TxCode: "493536"}); !errors.Is(err, client.ErrCode) {
		t.Errorf("a used code: %v", err)
	}
}

// The issuer is not ready, and our wallet comes back.
func TestOurWalletComesBackToOpenid4vcIssuer(t *testing.T) {
	p, c := start(t), interoptest.Country(t)
	u := openUniversity(t, p, certpathtest.New(c.Now(), "Ministry of Education"))
	h := newPhone(t, c, u.authority)
	offer, err := h.Offer(t.Context(), u.offer(t, object{"deferred": true}))
	none(t, err)
	got, err := h.Client.Receive(t.Context(), offer, client.ReceiveOptions{})
	none(t, err)
	if got.Stored != nil || got.ID == "" {
		t.Fatalf("%+v", got)
	}
	c.Advance(2 * time.Second)
	got, err = h.Resume(t.Context(), got.ID)
	none(t, err)
	if got.Stored == nil {
		t.Fatalf("%+v", got)
	}
}

// What an issuer under another authority signs, our wallet refuses, and tells the issuer.
func TestOurWalletRefusesOpenid4vcIssuerItDoesNotTrust(t *testing.T) {
	p, c := start(t), interoptest.Country(t)
	u := openUniversity(t, p, certpathtest.New(c.Now(), "Ministry of Education"))
	h := newPhone(t, c, certpathtest.New(c.Now(), "Ministry of Education"))
	offer, err := h.Offer(t.Context(), u.offer(t, nil))
	none(t, err)
	_, err = h.Client.Receive(t.Context(), offer, client.ReceiveOptions{})
	var rejected *wallet.Rejected
	if !errors.As(err, &rejected) || !errors.Is(err, certpath.ErrUntrusted) {
		t.Errorf("%v", err)
	}
	var seen struct {
		Events []string `json:"events"`
	}
	p.do(t, "issuer.seen", nil, &seen)
	if len(seen.Events) != 1 || seen.Events[0] != "credential_failure" {
		t.Errorf("the issuer saw %+v", seen)
	}
}
