package credential_test

import (
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"runtime"
	"strings"
	"testing"

	"github.com/hufu-id/hufu/credential"
	"github.com/hufu-id/hufu/internal/limits"
)

// TestHostileTokens: whatever stands in a token of the greatest size, it takes no more
// than this before its signature is verified.
func TestHostileTokens(t *testing.T) {
	const most = 8 << 20
	b64 := base64.RawURLEncoding.EncodeToString
	signature := "." + b64(make([]byte, 64)) + "~"
	payload := func(json string) string {
		return b64([]byte(`{"alg":"ES256","typ":"dc+sd-jwt"}`)) + "." + b64([]byte(json)) + signature
	}
	header := func(json string) string { return b64([]byte(json)) + ".e30" + signature }
	room := (limits.Token-1024)/4*3 - 1024 // bytes of JSON
	repeat := strings.Repeat
	var members, digests strings.Builder
	for i := 0; members.Len() < room-64; i++ {
		fmt.Fprintf(&members, `"%06x":1,`, i)
	}
	for i := 0; digests.Len() < room-64; i++ {
		d := sha256.Sum256(fmt.Append(nil, i))
		fmt.Fprintf(&digests, `"%s",`, b64(d[:]))
	}
	for name, token := range map[string]string{
		"disclosures":         payload(`{}`) + repeat("~", limits.Token-1024),
		"empty disclosures":   payload(`{}`) + repeat("W10~", (limits.Token-1024)/4),
		"parts":               repeat(".", limits.Token-1) + "~",
		"parts of a binding":  payload(`{}`) + repeat(".", limits.Token-1024),
		"members":             payload("{" + members.String() + `"z":1}`),
		"members of a header": header(`{"alg":"ES256",` + members.String() + `"z":1}`),
		"numbers":             payload(`{"a":[` + repeat("0,", room/2-8) + `0]}`),
		"numbers in a header": header(`{"alg":"ES256","x":[` + repeat("0,", room/2-32) + `0]}`),
		"lists":               payload(`{"a":[` + repeat("[],", room/3-8) + `0]}`),
		"objects":             payload(`{"a":[` + repeat("{},", room/3-8) + `0]}`),
		"digests":             payload(`{"_sd":[` + digests.String() + `"z"]}`),
		"one text":            payload(`{"a":"` + repeat("a", room-16) + `"}`),
		"depth":               payload(repeat(`{"a":`, room/5)),
	} {
		if len(token) > limits.Token || len(token) < limits.Token/2 {
			t.Fatalf("%s: %d bytes", name, len(token))
		}
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		_, err := credential.Parse([]byte(token), credential.ParseOptions{})
		runtime.ReadMemStats(&after)
		if n := after.TotalAlloc - before.TotalAlloc; n > most {
			t.Errorf("%s: %d bytes were allocated (%v)", name, n, err)
		}
	}
}
