package issuer_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/hufu-id/hufu/credential"
	"github.com/hufu-id/hufu/hufutest"
	"github.com/hufu-id/hufu/wallet/issuer"
)

const amounts = `{"id":"test.amount","version":1,"vct":"urn:test:amount:1","region":"110000","claims":[
{"path":["resident_id"],"type":"string","slot":0,"validate":"cn-resident-id","label":{"en":"number","zh":"号码"}},
{"path":["amount"],"type":"integer","slot":1,"label":{"en":"amount","zh":"数额"}}],"digests":6}`

// TestIntegersDigitForDigit: every integer of [0, 2^63) that a table or a program names
// is issued as it stands there, and every other spelling is refused at the door.
func TestIntegersDigitForDigit(t *testing.T) {
	o := newOfficeIn(t, hufutest.New(t, hufutest.Options{}), 0)
	schema, err := credential.ParseSchema([]byte(amounts))
	none(t, err)
	o.c.Schema = schema
	o.cfg.Types = []issuer.Type{{Schema: schema, Region: hufutest.Region}}
	o.accredit(schema)
	o.reopen(t)
	people := 0
	number := func() string {
		people++
		return resident(people).Number
	}
	issued := func(t *testing.T, offer issuer.Offer) string {
		t.Helper()
		return fmt.Sprint(parsed(t, o.issue(t, offer)).UnverifiedClaims()["amount"])
	}
	for _, n := range []int64{0, 1, 1<<53 - 1, 1 << 53, 1<<53 + 1, 1<<63 - 2, 1<<63 - 1} {
		want := fmt.Sprint(n)
		t.Run(want, func(t *testing.T) {
			offers, refused, err := o.Import(t.Context(), strings.NewReader("resident_id,amount\n"+number()+","+want+"\n"), issuer.ImportOptions{})
			none(t, err)
			if len(refused) != 0 {
				t.Fatal(refused)
			}
			if got := issued(t, offers[0]); got != want {
				t.Errorf("a table's row: issued %s", got)
			}
			offer, err := o.Offer(t.Context(), map[string]any{"resident_id": number(), "amount": n}, issuer.OfferOptions{})
			none(t, err)
			if got := issued(t, *offer); got != want {
				t.Errorf("a program's claims: issued %s", got)
			}
		})
	}
	for _, n := range []string{"-1", "9223372036854775808", "1e3", "1.0", "007", "+7", "-0", "1 000", "0x7", "1_0", "\uff17"} {
		t.Run(n, func(t *testing.T) {
			_, refused, err := o.Import(t.Context(), strings.NewReader("resident_id,amount\n"+number()+","+n+"\n"), issuer.ImportOptions{Encoding: issuer.UTF8})
			none(t, err)
			if len(refused) != 1 || refused[0].Row != 1 || refused[0].Claim != "amount" {
				t.Errorf("got %+v", refused)
			}
		})
	}
	for _, v := range []any{int64(-1), 7.5, 1e300, "7", nil, true} {
		offer, err := o.Offer(t.Context(), map[string]any{"resident_id": number(), "amount": v}, issuer.OfferOptions{})
		if err == nil {
			t.Errorf("%T %v: offered %s", v, v, issued(t, *offer))
		}
	}
	for want, values := range map[string][]any{"7": {7, uint64(7), float64(7)}, "9007199254740992": {float64(1 << 53)}} {
		for _, v := range values { // whole numbers of other Go types
			offer, err := o.Offer(t.Context(), map[string]any{"resident_id": number(), "amount": v}, issuer.OfferOptions{})
			if err != nil {
				t.Errorf("%T %v: %v", v, v, err)
			} else if got := issued(t, *offer); got != want {
				t.Errorf("%T %v: issued %s", v, v, got)
			}
		}
	}
}
