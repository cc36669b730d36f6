package verifier_test

import (
	"encoding/base64"
	"errors"
	"runtime"
	"strings"
	"testing"

	"github.com/hufu-id/hufu/hufutest"
	"github.com/hufu-id/hufu/internal/limits"
	"github.com/hufu-id/hufu/verifier"
)

// TestHostileAnswers: an answer that a stranger made up to be dear is refused as one that
// is malformed, before the ledger is asked for anything it names, and takes no more memory
// than this.
func TestHostileAnswers(t *testing.T) {
	const most = 12 << 20
	c := hufutest.New(t, hufutest.Options{})
	counter := c.Counter(c.Policy(nil))
	state := c.Request(ask(t, counter)).State
	room := limits.Message - 1024
	b64 := base64.RawURLEncoding.EncodeToString
	token := func(payload string) string {
		return b64([]byte(`{"alg":"ES256","typ":"dc+sd-jwt"}`)) + "." + b64([]byte(payload)) + "." + b64(make([]byte, 64)) + "~"
	}
	for name, text := range map[string]string{
		"tildes":      token(`{}`) + strings.Repeat("~", room-1024),
		"dots":        strings.Repeat(".", room),
		"numbers":     token(`{"a":[` + strings.Repeat("0,", room/3) + `0]}`),
		"objects":     token(`{"a":[` + strings.Repeat("{},", room/5) + `{}]}`),
		"disclosures": token(`{}`) + strings.Repeat("W10~", room/4-256),
		"depth":       token(strings.Repeat(`{"a":`, room/8)),
	} {
		answer := c.NewResponse(state, hufutest.Claims, text)
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		_, err := counter.Verify(t.Context(), answer)
		runtime.ReadMemStats(&after)
		var r *verifier.Rejected
		if n := after.TotalAlloc - before.TotalAlloc; !errors.As(err, &r) || r.Check != verifier.CheckForm || n > most {
			t.Errorf("%s: %d bytes were allocated (%.200v)", name, n, err)
		}
	}
}
