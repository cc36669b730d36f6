package endpoint_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/hufu-id/hufu/hufutest"
	"github.com/hufu-id/hufu/openid/oauth"
	"github.com/hufu-id/hufu/status"
)

// lists reads the desk's status lists as a stranger does: from the authorization server's
// metadata to the aggregation, and from there to each list, in both forms.
func (o *office) lists() {
	o.t.Helper()
	address, err := oauth.WellKnown(oauth.ServerName, o.url)
	none(o.t, err)
	server, err := oauth.ParseServerMetadata(o.do("GET", address, nil, "").ok(200).body, o.url)
	none(o.t, err)
	all := o.do("GET", server.StatusLists, nil, "").ok(200)
	uris, err := status.ParseAggregation(all.body)
	none(o.t, err)
	if server.StatusLists != o.url+"/status/aggregation" || len(uris) != len(o.desk.Config().Types) || !strings.HasPrefix(uris[0], o.url+"/status/") {
		o.t.Errorf("%q at %q", uris, server.StatusLists)
	}
	var roots [][32]byte
	for kind, parse := range map[string]func([]byte, status.ParseOptions) (*status.Token, error){
		"application/statuslist+jwt": status.Parse, "application/statuslist+cwt": status.ParseCWT,
	} {
		r := o.do("GET", uris[0], http.Header{"Accept": {kind}}, "").ok(200)
		token, err := parse(r.body, status.ParseOptions{})
		none(o.t, err)
		v, err := token.Verify(o.desk.Config().Keys.Key.Public(), uris[0], status.VerifyOptions{Now: o.c.Now()})
		none(o.t, err)
		roots = append(roots, v.List.Root())
		if h := r.header; h.Get("Content-Type") != kind || h.Get("Cache-Control") != "public, max-age=300" || h.Get("Access-Control-Allow-Origin") != "*" || h.Get("Vary") != "Accept" {
			o.t.Errorf("%s: %v", kind, h)
		}
		o.do("GET", uris[0], http.Header{"Accept": {kind}, "If-None-Match": {r.header.Get("ETag")}}, "").ok(304)
	}
	if roots[0] != roots[1] {
		o.t.Error("the forms say different things")
	}
	o.do("GET", uris[0], http.Header{"Accept": {"text/html"}}, "").ok(406)
	o.do("GET", uris[0]+"?time=1", nil, "").ok(501)
	o.do("GET", "/status/x/1", nil, "").ok(404)
	o.do("GET", uris[0][:len(uris[0])-1]+"%31", nil, "").ok(404) // addresses are compared as they are written
}

// TestStatusLists: at the root of an origin and below a path.
func TestStatusLists(t *testing.T) {
	c := hufutest.New(t, hufutest.Options{})
	for _, path := range []string{"", "/desk", "/a%20desk"} {
		openAt(t, c, path, haip(), func(h http.Handler) http.Handler { return h }).lists()
	}
}
