package interop

import (
	"slices"
	"testing"

	"github.com/hufu-id/hufu/certpath/certpathtest"
	"github.com/hufu-id/hufu/examples/interop/interoptest"
	"github.com/hufu-id/hufu/hufutest"
	"github.com/hufu-id/hufu/openid"
	"github.com/hufu-id/hufu/wallet"
	"github.com/hufu-id/hufu/wallet/client"
	"github.com/hufu-id/hufu/wallet/issuer"
)

// take takes up an offer without ceremony.
func (h *phone) take(t *testing.T, link string) {
	t.Helper()
	offer, err := h.Offer(t.Context(), link)
	none(t, err)
	got, err := h.Client.Receive(t.Context(), offer, client.ReceiveOptions{})
	none(t, err)
	if got.Stored == nil {
		t.Fatalf("%+v", got)
	}
}

// Our wallet holds a credential of our desk and one of npm's issuer. It shows either, and
// both, to the verifier of @openid4vc, which knows the issuers by their certificates.
func TestOurWalletShowsToOpenid4vcVerifier(t *testing.T) {
	p, c := start(t), interoptest.Country(t)
	o := interoptest.OpenOffice(t, c, false)
	u := openUniversity(t, p, certpathtest.New(c.Now(), "Ministry of Education"))
	readers := certpathtest.New(c.Now(), "Readers")
	h := newPhone(t, c, u.authority, readers)
	h.take(t, u.offer(t, nil))
	link, _ := o.Offer(issuer.OfferOptions{})
	h.take(t, link)
	anchors := []string{string(u.authority.PEM()), string(o.Ministry.PEM())}

	degree := query(diplomaType, "degree")
	resident := query(hufutest.Type, "birthdate", "district")
	both := object{"credentials": []object{
		degree["credentials"].([]object)[0],
		{"id": "two", "format": "dc+sd-jwt", "meta": object{"vct_values": []string{hufutest.Type}}, "claims": []object{{"path": []string{"birthdate"}}}},
	}}
	for name, v := range map[string]struct {
		dns  string
		with object
		want map[string]object // claims by query
	}{
		"theirs, GET, A128GCM":        {"", object{"enc": []string{"A128GCM"}}, map[string]object{"one": {"degree": "BSc"}}},
		"theirs, GET, A256GCM":        {"", object{"enc": []string{"A256GCM"}}, map[string]object{"one": {"degree": "BSc"}}},
		"theirs, POST":                {"", object{"method": "post"}, map[string]object{"one": {"degree": "BSc"}}},
		"theirs, in clear":            {"", object{"mode": "direct_post"}, map[string]object{"one": {"degree": "BSc"}}},
		"ours":                        {"", object{"dcql": resident}, map[string]object{"one": {"birthdate": "1984-02-29", "district": "110101"}}},
		"ours, x509_san_dns, POST":    {"localhost", object{"dcql": resident, "method": "post"}, map[string]object{"one": {"birthdate": "1984-02-29"}}},
		"ours and theirs, one answer": {"", object{"dcql": both}, map[string]object{"one": {"degree": "BSc"}, "two": {"birthdate": "1984-02-29"}}},
	} {
		t.Run(name, func(t *testing.T) {
			b := openBureau(t, p, readers, v.dns, anchors...)
			a := b.ask(t, v.with)
			ask, err := h.Request(t.Context(), a.Request)
			none(t, err)
			if ask.Requester != b.client || ask.Vouched == nil || len(ask.Choices) == 0 {
				t.Fatalf("%+v", ask)
			}
			_, err = h.Client.Present(t.Context(), ask, wallet.Consent{})
			none(t, err)
			l := b.result(t, a)
			if l.Refused != "" || len(l.Credentials) != len(v.want) {
				t.Fatalf("%+v", l)
			}
			if clear, post := v.with["mode"] == "direct_post", v.with["method"] == "post"; clear != (l.Encrypted == "") || post != l.Posted {
				t.Errorf("encrypted %q, posted %v", l.Encrypted, l.Posted)
			}
			for id, claims := range v.want {
				got := l.Credentials[id][0].Payload
				for name, value := range claims {
					if got[name] != value {
						t.Errorf("%s: %v", id, got)
					}
				}
				if got["name"] != nil || got["address"] != nil || got["year"] != nil {
					t.Errorf("more than was asked: %v", got)
				}
			}
		})
	}
}

// Our wallet says no, and npm's verifier is told so by the standard's code.
func TestOurWalletDeclinesToOpenid4vcVerifier(t *testing.T) {
	p, c := start(t), interoptest.Country(t)
	u := openUniversity(t, p, certpathtest.New(c.Now(), "Ministry of Education"))
	readers := certpathtest.New(c.Now(), "Readers")
	h := newPhone(t, c, u.authority, readers)
	h.take(t, u.offer(t, nil))
	b := openBureau(t, p, readers, "", string(u.authority.PEM()))
	a := b.ask(t, nil)
	ask, err := h.Request(t.Context(), a.Request)
	none(t, err)
	if i := slices.IndexFunc(ask.Choices, func(c wallet.Choice) bool { return c.Format == openid.FormatSDJWT }); i < 0 {
		t.Fatalf("%+v", ask.Choices)
	}
	_, err = h.Decline(t.Context(), ask)
	none(t, err)
	if l := b.result(t, a); l.Error != "access_denied" || l.Credentials != nil {
		t.Errorf("%+v", l)
	}
}
