package interop

import (
	"testing"

	"github.com/hufu-id/hufu/certpath"
	"github.com/hufu-id/hufu/certpath/certpathtest"
	"github.com/hufu-id/hufu/examples/interop/interoptest"
)

// diplomaType is what the npm issuer issues.
const diplomaType = "urn:test:diploma:1"

// university is the npm issuer with a certificate.
type university struct {
	*peer
	authority *certpathtest.Authority
	url       string
}

func openUniversity(t testing.TB, p *peer, authority *certpathtest.Authority) *university {
	t.Helper()
	u := &university{peer: p, authority: authority}
	chain, key := u.authority.Below(certpathtest.Template{Name: "Faculties"}).Leaf(certpathtest.Template{Name: "University of Testing"})
	var started struct {
		URL string `json:"url"`
	}
	p.do(t, "issuer.start", object{"jwk": interoptest.JWK(t, key), "x5c": interoptest.X5C(chain), "vct": diplomaType, "batch": 4}, &started)
	u.url = started.URL
	return u
}

func (u *university) offer(t testing.TB, edit object) string {
	t.Helper()
	with := object{"claims": object{"degree": "BSc", "name": "Zhou Anning", "year": 2007}, "disclosed": []string{"degree", "name", "year"}}
	for k, v := range edit {
		with[k] = v
	}
	var made struct {
		Offer string `json:"offer"`
	}
	u.do(t, "issuer.offer", with, &made)
	return made.Offer
}

// bureau is the npm verifier with a certificate.
type bureau struct {
	*peer
	authority *certpathtest.Authority
	client    string // its client_id
}

// openBureau starts the verifier. It trusts the issuers under anchors, in PEM.
func openBureau(t testing.TB, p *peer, authority *certpathtest.Authority, dns string, anchors ...string) *bureau {
	t.Helper()
	template := certpathtest.Template{Name: "Bureau"}
	if dns != "" {
		template.DNSNames = []string{dns}
	}
	chain, key := authority.Leaf(template)
	b := &bureau{peer: p, authority: authority, client: "x509_hash:" + certpath.Hash(chain[0])}
	if dns != "" {
		b.client = "x509_san_dns:" + dns
	}
	p.do(t, "verifier.start", object{"jwk": interoptest.JWK(t, key), "x5c": interoptest.X5C(chain), "prefix": b.client, "anchors": anchors}, nil)
	return b
}

// asked is a request of the npm verifier.
type asked struct {
	Request string `json:"request"`
	ID      string `json:"id"`
}

func (b *bureau) ask(t testing.TB, edit object) (a asked) {
	t.Helper()
	with := object{"dcql": query(diplomaType, "degree")}
	for k, v := range edit {
		with[k] = v
	}
	b.do(t, "verifier.request", with, &a)
	return a
}

// query asks for claims of one credential of a type.
func query(vct string, claims ...string) object {
	var paths []object
	for _, c := range claims {
		paths = append(paths, object{"path": []string{c}})
	}
	return object{"credentials": []object{{
		"id": "one", "format": "dc+sd-jwt", "meta": object{"vct_values": []string{vct}}, "claims": paths,
	}}}
}

// learned is what the npm verifier found in an answer.
type learned struct {
	Credentials map[string][]struct {
		Payload object `json:"payload"`
		KB      object `json:"kb"`
	} `json:"credentials"`
	Encrypted string `json:"encrypted"`
	Posted    bool   `json:"posted"`
	Refused   string `json:"refused"`
	Error     string `json:"error"`
}

func (b *bureau) result(t testing.TB, a asked) (l learned) {
	t.Helper()
	b.do(t, "verifier.result", object{"id": a.ID}, &l)
	return l
}

// The peers work with each other: what fails elsewhere is not theirs alone.
func TestPeersWorkTogether(t *testing.T) {
	p, c := start(t), interoptest.Country(t)
	u := openUniversity(t, p, certpathtest.New(c.Now(), "Ministry of Education"))
	anchors := string(u.authority.PEM())
	with := object{"offer": u.offer(t, object{"txCode": "493536"}), "txCode": "493536", "batch": 2, "notify": true, "trust": object{"anchors": []string{anchors}}}
	p.do(t, "wallet.receive", with, nil)

	b := openBureau(t, p, certpathtest.New(c.Now(), "Readers"), "", anchors)
	for _, edit := range []object{{}, {"mode": "direct_post"}, {"enc": []string{"A256GCM"}}} {
		a := b.ask(t, edit)
		p.do(t, "wallet.show", object{"request": a.Request, "enc": "A256GCM", "trust": object{"anchors": []string{string(b.authority.PEM())}}}, nil)
		if l := b.result(t, a); l.Credentials["one"][0].Payload["degree"] != "BSc" || l.Credentials["one"][0].Payload["name"] != nil {
			t.Errorf("%+v", l)
		}
	}
}
