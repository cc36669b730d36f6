package interop

import (
	"strings"
	"testing"

	"github.com/go-json-experiment/json"

	"github.com/hufu-id/hufu/certpath/certpathtest"
	"github.com/hufu-id/hufu/examples/interop/interoptest"
	"github.com/hufu-id/hufu/wallet/issuer"
)

// shown is what the npm wallet says of what it showed.
type shown struct {
	Status int      `json:"status"`
	Body   string   `json:"body"`
	Mode   string   `json:"mode"`
	Prefix string   `json:"prefix"`
	Shown  []string `json:"shown"`
	Enc    string   `json:"enc"`
}

// The wallet of @openid4vc shows a credential of our desk to our counter, in every way in
// which OpenID4VP and HAIP let it.
func TestOpenid4vcWalletShowsToOurCounter(t *testing.T) {
	p, c := start(t), interoptest.Country(t)
	o, n := interoptest.OpenOffice(t, c, false), interoptest.OpenCounter(t, c)
	link, _ := o.Offer(issuer.OfferOptions{})
	p.do(t, "wallet.receive", object{"offer": link, "trust": o.Trust()}, nil)
	c.Heartbeat()

	trust := object{
		"anchors": []string{string(n.Authority.PEM())},
		"dids":    object{c.Library.Identity().KeyID: interoptest.PublicJWK(t, c.Library.Identity().Key.Public())},
	}
	for name, v := range map[string]struct {
		ask, show object
		want      shown
	}{
		"x509_hash, GET, A128GCM": {
			object{"response_mode": "direct_post.jwt"}, object{"enc": "A128GCM"},
			shown{Mode: "direct_post.jwt", Prefix: "x509_hash", Enc: "A128GCM"},
		},
		"x509_hash, GET, A256GCM": {
			object{"response_mode": "direct_post.jwt"}, object{"enc": "A256GCM"},
			shown{Mode: "direct_post.jwt", Prefix: "x509_hash", Enc: "A256GCM"},
		},
		"x509_hash, POST with wallet_nonce": {
			object{"response_mode": "direct_post.jwt", "request_uri_method": "post"}, object{"enc": "A256GCM", "walletNonce": "nonce-of-the-wallet-12"},
			shown{Mode: "direct_post.jwt", Prefix: "x509_hash", Enc: "A256GCM"},
		},
		"x509_hash, POST as the library makes it": {
			object{"response_mode": "direct_post.jwt", "request_uri_method": "post"},
			object{"enc": "A256GCM", "metadata": object{"vp_formats_supported": object{"dc+sd-jwt": object{"sd-jwt_alg_values": []string{"ES256"}}}}},
			shown{Mode: "direct_post.jwt", Prefix: "x509_hash", Enc: "A256GCM"},
		},
		"x509_hash, in clear": {
			object{"response_mode": "direct_post"}, nil, shown{Mode: "direct_post", Prefix: "x509_hash"},
		},
		"x509_san_dns": {
			object{"response_mode": "direct_post.jwt", "client_id_prefix": "x509_san_dns"}, object{"enc": "A128GCM"},
			shown{Mode: "direct_post.jwt", Prefix: "x509_san_dns", Enc: "A128GCM"},
		},
		"decentralized_identifier": {
			object{"response_mode": "direct_post.jwt", "client_id_prefix": "decentralized_identifier"}, object{"enc": "A128GCM"},
			shown{Mode: "direct_post.jwt", Prefix: "decentralized_identifier", Enc: "A128GCM"},
		},
		"redirect_uri, unsigned": {
			object{"response_mode": "direct_post.jwt", "client_id_prefix": "redirect_uri"}, object{"enc": "A128GCM"},
			shown{Mode: "direct_post.jwt", Prefix: "redirect_uri", Enc: "A128GCM"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			id, request := n.Ask(v.ask)
			if v.want.Prefix == "redirect_uri" {
				request = n.ByValue(request)
			}
			with := object{"request": request, "trust": trust}
			for k, value := range v.show {
				with[k] = value
			}
			var got shown
			p.do(t, "wallet.show", with, &got)
			if got.Status != 200 || got.Mode != v.want.Mode || got.Prefix != v.want.Prefix || got.Enc != v.want.Enc || len(got.Shown) != 1 {
				t.Fatalf("%+v", got)
			}
			out := n.Outcome(id)
			text, err := json.Marshal(out.Result)
			none(t, err)
			if out.State != "accepted" || out.Refused != 0 || !strings.Contains(string(text), "1984-02-29") || strings.Contains(string(text), "周安宁") {
				t.Errorf("%+v", out)
			}
			// The same answer is taken once.
			p.do(t, "wallet.show", with, &got)
			if got.Status == 200 {
				t.Errorf("the same request was answered twice: %+v", got)
			}
		})
	}
}

// The same wallet shows npm's own credential to our counter, which knows the issuer by its
// certificate.
func TestOpenid4vcWalletShowsAnotherIssuersToOurCounter(t *testing.T) {
	p, c := start(t), interoptest.Country(t)
	u := openUniversity(t, p, certpathtest.New(c.Now(), "Ministry of Education"))
	n := interoptest.OpenOffLedger(t, c, u.authority, diplomaType, "degree")
	p.do(t, "wallet.receive", object{"offer": u.offer(t, nil), "trust": object{"anchors": []string{string(u.authority.PEM())}}}, nil)
	id, request := n.Ask(object{"response_mode": "direct_post.jwt"})
	with := object{"request": request, "enc": "A256GCM", "trust": object{"anchors": []string{string(n.Authority.PEM())}}}
	var got shown
	p.do(t, "wallet.show", with, &got)
	if out := n.Outcome(id); out.State != "accepted" || got.Status != 200 {
		t.Errorf("%+v after %+v", out, got)
	}
}
