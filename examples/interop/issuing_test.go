package interop

import (
	"strings"
	"testing"

	"github.com/hufu-id/hufu/certpath/certpathtest"
	"github.com/hufu-id/hufu/examples/interop/interoptest"
	"github.com/hufu-id/hufu/hufutest"
	"github.com/hufu-id/hufu/wallet/issuer"
)

// received is what the npm wallet says of what it took.
type received struct {
	Credentials []struct {
		Credential string `json:"credential"`
		Payload    object `json:"payload"`
		Header     object `json:"header"`
		Bound      string `json:"bound"`
	} `json:"credentials"`
	TokenType string `json:"tokenType"`
	Draft     string `json:"draft"`
	Deferred  bool   `json:"deferred"`
}

// check says whether the credentials are the desk's, each with a key of its own.
func (r *received) check(t *testing.T, o *interoptest.Office, copies int) {
	t.Helper()
	if len(r.Credentials) != copies || r.Draft != "V1" {
		t.Fatalf("%d credentials after %s, want %d", len(r.Credentials), r.Draft, copies)
	}
	keys := map[string]bool{}
	for _, c := range r.Credentials {
		keys[c.Bound] = true
		if c.Payload["vct"] != hufutest.Type || c.Payload["name"] != "周安宁" || c.Payload["iss"] != o.Agency.DID {
			t.Errorf("payload %v", c.Payload)
		}
		if c.Header["x5c"] == nil || c.Payload["status"] == nil {
			t.Errorf("no certificate or no status: %v %v", c.Header, c.Payload)
		}
	}
	if len(keys) != copies {
		t.Error("copies share a key")
	}
}

// The wallet of @openid4vc takes a batch with a transaction code, DPoP with the server's
// nonce, and proofs that name their key in either way. @sd-jwt verifies what came, and its
// status, under the desk's certificate.
func TestOpenid4vcWalletReceivesFromOurDesk(t *testing.T) {
	p, o := start(t), interoptest.OpenOffice(t, interoptest.Country(t), false)
	for name, edit := range map[string]object{
		"jwk proof":    {},
		"did proof":    {"proof": "did"},
		"one copy":     {"batch": 1},
		"bearer token": {"dpop": false},
	} {
		t.Run(name, func(t *testing.T) {
			link, made := o.Offer(issuer.OfferOptions{TxDigits: 6})
			with := object{"offer": link, "txCode": made.TxCode, "batch": 2, "notify": true, "trust": o.Trust()}
			copies := 2
			for k, v := range edit {
				with[k] = v
			}
			if with["batch"] == 1 {
				copies = 1
			}
			var got received
			p.do(t, "wallet.receive", with, &got)
			got.check(t, o, copies)
			if want := map[bool]string{true: "DPoP", false: "Bearer"}[edit["dpop"] == nil]; got.TokenType != want {
				t.Errorf("a %s token", got.TokenType)
			}
		})
	}
}

// What the desk revokes, @sd-jwt refuses by the desk's status list.
func TestSDJWTLibraryRefusesWhatOurDeskRevoked(t *testing.T) {
	p, o := start(t), interoptest.OpenOffice(t, interoptest.Country(t), false)
	link, made := o.Offer(issuer.OfferOptions{})
	var got received
	p.do(t, "wallet.receive", object{"offer": link, "trust": o.Trust()}, &got)
	again := object{"text": got.Credentials[0].Credential, "trust": o.Trust()}
	p.do(t, "format.verify", again, nil)
	none(t, o.Desk.RevokeID(t.Context(), made.ID))
	none(t, o.Desk.Publish(t.Context()))
	if err := p.try(t, "format.verify", again, nil); err == nil || !strings.Contains(err.Error(), "Status is not valid") {
		t.Errorf("after revocation: %v", err)
	}
}

// The same wallet signs in after HAIP: attested, with PAR, PKCE and DPoP.
func TestOpenid4vcWalletSignsInAtOurDesk(t *testing.T) {
	p, o := start(t), interoptest.OpenOffice(t, interoptest.Country(t), true)
	chain, key := o.Makers.Leaf(certpathtest.Template{Name: "Maker"})
	with := object{
		"offer": o.SignInOffer(), "batch": 2, "trust": o.Trust(), "notify": true, "clientId": "https://wallet.example/app",
		"maker": object{"jwk": interoptest.JWK(t, key), "x5c": interoptest.X5C(chain)},
	}
	var got received
	p.do(t, "wallet.receive", with, &got)
	got.check(t, o, 2)

	with["offer"] = o.SignInOffer()
	delete(with, "maker")
	if err := p.try(t, "wallet.receive", with, nil); err == nil || !strings.Contains(err.Error(), "invalid_client") {
		t.Errorf("a wallet without attestation: %v", err)
	}
	chain, key = certpathtest.New(o.Country.Now(), "Nobody").Leaf(certpathtest.Template{Name: "Maker"})
	with["maker"] = object{"jwk": interoptest.JWK(t, key), "x5c": interoptest.X5C(chain)}
	if err := p.try(t, "wallet.receive", with, nil); err == nil || !strings.Contains(err.Error(), "invalid_client") {
		t.Errorf("a wallet of an unknown maker: %v", err)
	}
}

// Offers by reference, and a credential that the desk approves later.
func TestOpenid4vcWalletComesBackToOurDesk(t *testing.T) {
	p, o := start(t), interoptest.OpenOffice(t, interoptest.Country(t), false)
	link, made := o.Offer(issuer.OfferOptions{Deferred: true})
	var got received
	p.do(t, "wallet.receive", object{"offer": link, "trust": o.Trust()}, &got)
	if !got.Deferred || len(got.Credentials) != 0 {
		t.Fatalf("%+v", got)
	}
	none(t, o.Desk.Approve(t.Context(), made.ID))
	p.do(t, "wallet.comeBack", nil, &got)
	got.check(t, o, 1)
}
