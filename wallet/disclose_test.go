package wallet_test

import (
	"testing"

	"github.com/hufu-id/hufu/credential"
	"github.com/hufu-id/hufu/hufutest"
	"github.com/hufu-id/hufu/openid"
	"github.com/hufu-id/hufu/wallet"
)

// TestPresentChecksAsTheCounterWould: an element whose earlier ones stay hidden moves
// to another number. What the counter would refuse is not sent.
func TestPresentChecksAsTheCounterWould(t *testing.T) {
	c, h, holder, _ := applied(t)
	f := c.Forge(c.Adult(), holder)
	f.Claims["countries"] = []any{"CN", "FR"}
	f.Hide = append(f.Hide, credential.Path{"countries", nil})
	_, err := h.Receive(t.Context(), respond(t, f.Credential()))
	none(t, err)
	for _, test := range []struct {
		number int
		want   error
	}{{0, nil}, {1, openid.ErrNoMatch}} {
		counter := c.Counter(c.Policy(func(policy hufutest.JSON) {
			policy["dcql"] = hufutest.JSON{"credentials": []any{hufutest.JSON{
				"id": "x", "format": openid.FormatSDJWT, "meta": hufutest.JSON{"vct_values": []any{hufutest.Type}},
				"claims": []any{hufutest.JSON{"path": []any{"countries", test.number}}},
			}}}
		}))
		_, ask := c.Ask(h, counter)
		_, err := h.Present(t.Context(), ask, wallet.Consent{})
		is(t, err, test.want)
	}
}
