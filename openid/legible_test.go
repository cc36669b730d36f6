package openid_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/hufu-id/hufu/openid"
)

// TestForeignTextOfQueriesAndOffers: what reaches a screen is text.
func TestForeignTextOfQueriesAndOffers(t *testing.T) {
	const query = `{"credentials":[{"id":"x","format":"dc+sd-jwt_zk","meta":{"vct_values":["urn:t"]},"predicates":[{"path":["name"],"op":"ne","value":"other"}]}]}`
	const offer = `{"credential_issuer":"https://a.example","credential_configuration_ids":["resident/1"],"grants":{"urn:ietf:params:oauth:grant-type:pre-authorized_code":{"pre-authorized_code":"c","tx_code":{"description":"code by letter"}}}}`
	if _, err := openid.ParseQuery([]byte(query)); err != nil {
		t.Fatal(err)
	}
	if _, err := openid.ParseCredentialOffer([]byte(offer)); err != nil {
		t.Fatal(err)
	}
	for _, hostile := range []string{`\u001b[2K`, `\u202e`, `\u200b`, `\u009b`, `\n`, `\ue000`} {
		for _, at := range []string{"urn:t", "name", "other"} {
			if _, err := openid.ParseQuery([]byte(strings.Replace(query, at, at+hostile, 1))); !errors.Is(err, openid.ErrQuery) {
				t.Errorf("%s after %s of a query: %v", hostile, at, err)
			}
		}
		for _, at := range []string{"resident/1", "code by letter"} {
			if _, err := openid.ParseCredentialOffer([]byte(strings.Replace(offer, at, at+hostile, 1))); !errors.Is(err, openid.ErrOffer) {
				t.Errorf("%s after %s of an offer: %v", hostile, at, err)
			}
		}
	}
}
