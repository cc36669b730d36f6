package statemap_test

import (
	"testing"

	"github.com/hufu-id/hufu/internal/budget"
	"github.com/hufu-id/hufu/ledger/internal/statemap"
)

// TestBudget: a proof has a bit for each level and a hash for each bit, and no more is
// read.
func TestBudget(t *testing.T) {
	const most = 32 + statemap.Depth*32
	c := twenty()
	budget.Door{Cap: most, Factor: 4, Form: budget.Binary, Seeds: [][]byte{c.prove("key 1"), c.prove("absent")}, Parse: func(b []byte) error {
		_, err := statemap.Root(b, "key 1", nil)
		return err
	}}.Check(t, most)
}
