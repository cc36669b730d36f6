package remote

import (
	"bytes"
	"testing"

	"github.com/hufu-id/hufu/ledger"
)

// FuzzRevokedPage: whatever a server sends, a page that is taken is in order and leads on.
func FuzzRevokedPage(f *testing.F) {
	after := bytes.Repeat([]byte{1}, ledger.HandleSize)
	f.Add([]byte(`{"handles":"AgICAgICAgICAgICAgICAg==","next":"AgICAgICAgICAgICAgICAg=="}`))
	f.Add([]byte(`{"handles":""}`))
	f.Fuzz(func(t *testing.T, b []byte) {
		var w wireRevoked
		if readAnswer(b, &w) != nil {
			return
		}
		page, err := w.page(after)
		if err != nil {
			return
		}
		last := after
		for _, h := range page.Handles {
			if bytes.Compare(h[:], last) <= 0 {
				t.Error("out of order")
			}
			last = h[:]
		}
		if page.Next != nil && (bytes.Compare(page.Next, after) <= 0 || bytes.Compare(page.Next, last) < 0) {
			t.Error("does not lead on")
		}
	})
}
