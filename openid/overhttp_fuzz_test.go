package openid_test

import (
	"net/url"
	"reflect"
	"testing"

	"github.com/hufu-id/hufu/openid"
)

// FuzzRequestLink: what is read says the same once it is written again.
func FuzzRequestLink(f *testing.F) {
	request := overHTTP(f, openid.ClientRedirectURI, "https://counter.example/response")
	f.Add((&openid.RequestLink{Unsigned: request}).String())
	f.Add((&openid.RequestLink{ClientID: "x509_hash:a", URI: "https://counter.example/1", Method: openid.MethodPost}).String())
	f.Add((&openid.RequestLink{ClientID: "x509_hash:a", Object: "a.b.c"}).String())
	f.Fuzz(func(t *testing.T, text string) {
		link, err := openid.ParseRequestLink(text)
		if err != nil || link.Unsigned != nil {
			return
		}
		again, err := openid.ParseRequestLink(link.String())
		if err != nil || !reflect.DeepEqual(again, link) {
			t.Fatalf("%+v is read again as %+v (%v)", link, again, err)
		}
	})
}

// FuzzUnsignedObject: nothing but an address says who asks, whatever the object says.
func FuzzUnsignedObject(f *testing.F) {
	object, err := overHTTP(f, openid.ClientRedirectURI, "https://counter.example/response").UnsignedObject()
	if err != nil {
		f.Fatal(err)
	}
	f.Add(object)
	f.Fuzz(func(t *testing.T, text string) {
		r, err := openid.ParseUnsignedObject(text)
		if err == nil && (r.Prefix != openid.ClientRedirectURI || r.Verifier != r.ResponseURI) {
			t.Fatalf("an unsigned request of %s", r.ClientID())
		}
	})
}

// FuzzResponseForm: an answer in clear survives being written.
func FuzzResponseForm(f *testing.F) {
	f.Add(`vp_token=%7B%22a%22%3A%5B%22b%22%5D%7D&state=s`)
	f.Add("response=a.b.c.d.e")
	f.Add("error=access_denied&state=s")
	f.Fuzz(func(t *testing.T, body string) {
		values, err := url.ParseQuery(body)
		if err != nil {
			return
		}
		form, err := openid.ParseResponseForm(values)
		if err != nil || form.Response == nil {
			return
		}
		written, err := form.Response.Form()
		if err != nil {
			t.Fatal(err)
		}
		again, err := openid.ParseResponseForm(written)
		if err != nil || !reflect.DeepEqual(again, form) {
			t.Fatalf("%+v is read again as %+v (%v)", form.Response, again, err)
		}
	})
}
