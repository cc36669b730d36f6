package endpoint_test

import (
	"net/http"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/hufu-id/hufu/hufutest"
	"github.com/hufu-id/hufu/internal/openapitest"
	"github.com/hufu-id/hufu/openid"
)

// TestOpenAPI holds the traffic of all modules and refusals against the description. The
// desks stand at the root of their origins, as the description's paths do.
func TestOpenAPI(t *testing.T) {
	if testing.Short() {
		t.Skip("goes through all modules and refusals once more")
	}
	text, err := os.ReadFile("openapi.json")
	none(t, err)
	description := openapitest.Parse(t, text)
	country := hufutest.New(t, hufutest.Options{})
	open := func() *office { return openAt(t, country, "", haip(), description.Handler) }
	for name, module := range modules {
		if !strings.Contains(name, "discovery") { // it names a path
			module(t, open())
		}
	}
	for _, test := range refusals {
		o := open()
		o.unchanged(test.send(t, o), test.codes...)
	}
	o := open()
	offer := o.admin("/admin/offers", map[string]any{
		"credential_configuration_id": "test.resident/1", "claims": claimsOf(o.c.OtherAdult()), "by_reference": true, "tx_code": true,
	}).ok(201)
	address, err := openid.ParseOfferReference(offer.member("offer"))
	none(t, err)
	o.do("GET", address, nil, "").ok(200)
	o.do("GET", address+"x", nil, "").ok(404)
	o.lists()
	o.do("GET", "/.well-known/oauth-authorization-server", nil, "").ok(200)
	o.do("GET", "/openapi.json", nil, "").ok(200)
	w := o.wallet()
	w.askChallenge()
	w.issue(1)
	for _, path := range []string{"/admin/offers", "/admin/offers/x/approve", "/admin/offers/x/refuse", "/admin/credentials/x/revoke"} {
		o.admin(path, map[string]any{}).ok(400)
		o.do("POST", path, nil, "{}").ok(401)
	}
	id := offer.member("id")
	w.keep(w.preAuthorized(fetched(o, address), offer.member("tx_code")))
	w.apply(w.application(1)).ok(200)
	o.admin("/admin/credentials/"+id+"/revoke", nil).ok(204)
	w.token = "unknown"
	for _, path := range []string{"/deferred", "/notification"} {
		w.ask(path, "application/json", "{}").ok(401)
	}
	later, _, transaction := o.waiting()
	later.ask("/deferred", "application/json", `{"transaction_id":"`+transaction+`"}`).ok(202)
	page := w.page(w.push(w.request()))
	form := http.Header{"Content-Type": {"application/x-www-form-urlencoded"}}
	o.do("POST", page, form, "decision=").ok(200)
	w.decide(page, "yes")
	o.do("POST", page, form, "decision=yes").ok(400)
	unseen := slices.DeleteFunc(description.Unseen(), func(name string) bool {
		return strings.HasSuffix(name, " 500") || strings.HasSuffix(name, " 413")
	})
	slices.Sort(unseen)
	want := []string{"get /authorize 303"} // from a sign-in that asks nothing
	if !slices.Equal(unseen, want) {
		t.Errorf("no traffic had these answers: %q", unseen)
	}
}

// fetched is the code of an offer by reference.
func fetched(o *office, address string) string {
	o.t.Helper()
	offer, err := openid.ParseCredentialOffer(o.do("GET", address, nil, "").ok(200).body)
	none(o.t, err)
	return offer.Code()
}
