package openid_test

import (
	"fmt"
	"runtime"
	"strings"
	"testing"

	"github.com/hufu-id/hufu/internal/limits"
	"github.com/hufu-id/hufu/openid"
)

// TestHostileMessages: whatever stands in a message of the greatest size, no parser takes
// more than this to refuse or read it.
func TestHostileMessages(t *testing.T) {
	const most = 12 << 20
	room := limits.Message - 256
	var members, texts, presentations strings.Builder
	for i := 0; members.Len() < room; i++ {
		fmt.Fprintf(&members, `"%06x":1,`, i)
	}
	for i := 0; texts.Len() < room; i++ {
		fmt.Fprintf(&texts, `"%06x",`, i)
	}
	for i := 0; presentations.Len() < room; i++ {
		fmt.Fprintf(&presentations, `"%06x":["a"],`, i)
	}
	cut := func(s string) string { return strings.TrimRight(s[:strings.LastIndex(s[:room], ",")], ",") }
	inputs := map[string]string{
		"members":       "{" + cut(members.String()) + "}",
		"numbers":       `{"vp_token":[` + strings.Repeat("0,", room/2) + `0]}`,
		"objects":       `{"credentials":[` + strings.Repeat("{},", room/3) + `{}]}`,
		"presentations": `{"state":"s","vp_token":{` + cut(presentations.String()) + `}}`,
		"proofs":        `{"state":"s","vp_token":{"a":[` + cut(texts.String()) + `]}}`,
		"types":         `{"credential_issuer":"https://a.example","credential_configuration_ids":[` + cut(texts.String()) + `]}`,
		"values":        `{"credentials":[{"id":"x","format":"dc+sd-jwt","meta":{"vct_values":["t"]},"claims":[{"path":["a"],"values":[` + cut(texts.String()) + `]}]}]}`,
		"path":          `{"credentials":[{"id":"x","format":"dc+sd-jwt","meta":{"vct_values":["t"]},"claims":[{"path":[` + cut(texts.String()) + `]}]}]}`,
		"vct values":    `{"credentials":[{"id":"x","format":"dc+sd-jwt","meta":{"vct_values":[` + cut(texts.String()) + `]}}]}`,
		"jwts":          `{"credential_configuration_id":"x","proofs":{"jwt":[` + cut(texts.String()) + `]}}`,
		"credentials":   `{"credentials":[` + strings.Repeat(`{"credential":"a"},`, room/19) + `{"credential":"a"}]}`,
		"dots":          strings.Repeat(".", room), "tildes": strings.Repeat("~", room), "depth": strings.Repeat("[", room),
	}
	for what, parse := range map[string]func([]byte) error{
		"query":        func(b []byte) error { _, err := openid.ParseQuery(b); return err },
		"offer":        func(b []byte) error { _, err := openid.ParseCredentialOffer(b); return err },
		"offer URI":    func(b []byte) error { _, err := openid.ParseCredentialOfferURI(string(b)); return err },
		"response":     func(b []byte) error { _, err := openid.ParseResponse(b); return err },
		"proof":        func(b []byte) error { _, err := openid.ParseProof(string(b)); return err },
		"presentation": func(b []byte) error { _, err := openid.ParseProofPresentation(string(b)); return err },
		"application":  func(b []byte) error { _, err := openid.ParseCredentialRequest(b); return err },
		"envelope":     func(b []byte) error { _, err := openid.ParseRequestEnvelope(b); return err },
		"credentials":  func(b []byte) error { _, err := openid.ParseCredentialResponse(b); return err },
		"request":      func(b []byte) error { _, err := openid.ParseRequest(string(b)); return err },
	} {
		for name, input := range inputs {
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			err := parse([]byte(input))
			runtime.ReadMemStats(&after)
			if n := after.TotalAlloc - before.TotalAlloc; err == nil || n > most {
				t.Errorf("%s of %s: %d bytes were allocated (%v)", what, name, n, err)
			}
		}
	}
}
