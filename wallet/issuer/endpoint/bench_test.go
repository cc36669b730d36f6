package endpoint_test

import (
	"encoding/json"
	"testing"

	"github.com/hufu-id/hufu/hufutest"
)

// BenchmarkPreAuthorized is one whole flow: offer, token with DPoP, nonce, one credential,
// all over HTTP on loopback, the wallet's signatures included.
func BenchmarkPreAuthorized(b *testing.B) {
	o := open(b, nil)
	n := 0
	for b.Loop() {
		n++
		r := hufutest.NewResident("周某", []string{"1960-01-02", "1961-01-02", "1962-01-02", "1963-01-02"}[n/999%4], "110101", n%999)
		offer, _, _ := o.offer(r, map[string]any{"replaces": true})
		w := o.wallet()
		w.instance = nil
		w.nonce = o.do("POST", "/nonce", nil, "").header.Get("DPoP-Nonce")
		w.keep(w.preAuthorized(offer.Code(), ""))
		text, err := json.Marshal(w.application(1))
		none(b, err)
		w.ask("/credential", "application/json", string(text)).ok(200)
	}
}
