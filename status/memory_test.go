package status_test

import (
	"encoding/base64"
	"fmt"
	"runtime"
	"strings"
	"testing"

	"github.com/hufu-id/hufu/internal/limits"
	"github.com/hufu-id/hufu/status"
)

// TestHostileTokens: whatever stands in a token of the greatest size, reading it takes no
// more than a few times that size.
func TestHostileTokens(t *testing.T) {
	b64 := base64.RawURLEncoding.EncodeToString
	header, signature := b64([]byte(`{"alg":"ES256","typ":"statuslist+jwt"}`)), "."+b64(make([]byte, 64))
	room := limits.StatusToken/4*3 - 4096
	var members strings.Builder
	for i := 0; members.Len() < room-64; i++ {
		fmt.Fprintf(&members, `"%07x":1,`, i)
	}
	for name, token := range map[string]string{
		"members":             header + "." + b64([]byte("{"+members.String()+`"sub":"x"}`)) + signature,
		"numbers":             header + "." + b64([]byte(`{"x":[`+strings.Repeat("0,", room/2-8)+`0]}`)) + signature,
		"members of a header": b64([]byte(`{"alg":"ES256",`+members.String()+`"z":1}`)) + ".e30" + signature,
		"parts":               strings.Repeat(".", limits.StatusToken-1),
	} {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		_, err := status.Parse([]byte(token), status.ParseOptions{})
		runtime.ReadMemStats(&after)
		if n := after.TotalAlloc - before.TotalAlloc; err == nil || n > 6*limits.StatusToken {
			t.Errorf("%s: %d bytes were allocated (%v)", name, n, err)
		}
	}
}
