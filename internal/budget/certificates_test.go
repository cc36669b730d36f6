package budget_test

import (
	"bytes"
	"math/big"
	"testing"
	"time"

	"github.com/hufu-id/hufu/certpath"
	"github.com/hufu-id/hufu/certpath/certpathtest"
	"github.com/hufu-id/hufu/internal/budget"
	"github.com/hufu-id/hufu/internal/limits"
)

// TestCertificatesBudget: the longest file of anchors and the longest revocation list take
// memory in proportion, and above the cap nothing is read.
func TestCertificatesBudget(t *testing.T) {
	authority := certpathtest.New(time.Now(), "A")
	anchors := bytes.Repeat(authority.PEM(), limits.Anchors/len(authority.PEM()))
	serials := make([]*big.Int, limits.CRL/24)
	for i := range serials {
		serials[i] = big.NewInt(int64(i + 1))
	}
	list := authority.Revoke(serials...)
	for name, c := range map[string]struct {
		input  []byte
		limit  int
		factor uint64
		parse  func([]byte) error
	}{
		"anchors": {anchors, limits.Anchors, ofObject, func(b []byte) error { _, err := certpath.ParseAnchors(b); return err }},
		"list":    {list, limits.CRL, ofJSON, func(b []byte) error { return certpath.NewCRLs(nil).Add(b) }},
	} {
		if len(c.input) > c.limit || len(c.input) < c.limit/2 {
			t.Fatalf("%s: %d bytes", name, len(c.input))
		}
		var err error
		n := budget.Bytes(func() { err = c.parse(c.input) })
		t.Logf("%s: %.1f bytes for each", name, float64(n)/float64(len(c.input)))
		if err != nil || n > c.factor*uint64(c.limit) {
			t.Errorf("%s: %d bytes were allocated for %d (%v)", name, n, len(c.input), err)
		}
		if n := budget.Bytes(func() { err = c.parse(make([]byte, c.limit+1)) }); err == nil || n > uint64(3*c.limit) {
			t.Errorf("%s: above the cap %d bytes were allocated (%v)", name, n, err)
		}
	}
}
