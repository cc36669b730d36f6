package zkp_test

import (
	"testing"

	"github.com/hufu-id/hufu/internal/budget"
	"github.com/hufu-id/hufu/internal/limits"
	"github.com/hufu-id/hufu/zkp"
)

// TestFixedSizes: what has one size is refused in any other before it is read.
func TestFixedSizes(t *testing.T) {
	signed, err := newKey(t, "issuer").SignCredential(t.Context(), zkp.Message{})
	if err != nil {
		t.Fatal(err)
	}
	for name, parse := range map[string]func([]byte) error{
		"proof":     func(b []byte) error { _, err := zkp.ParseProof(b); return err },
		"prepared":  func(b []byte) error { _, err := zkp.ParsePrepared(b); return err },
		"signature": func(b []byte) error { _, err := zkp.ParseSignature(b); return err },
	} {
		seed := signed.Bytes()
		if name != "signature" {
			seed = doors(t)[name].valid
		}
		t.Run(name, func(t *testing.T) {
			budget.Door{Cap: 4 << 10, Factor: 4, Form: budget.Binary, Parse: parse, Seeds: [][]byte{seed}}.Check(t, 4<<10)
		})
	}
}

// TestCountsBudget: a proof of counts is read bucket by bucket, under the caps of the
// feed's file that carries it.
func TestCountsBudget(t *testing.T) {
	handles := make([][zkp.HandleSize]byte, 3)
	for i := range handles {
		handles[i][0] = byte(80 * i)
	}
	accumulator := new(zkp.Accumulator)
	roots, err := accumulator.BucketRoots(handles)
	if err != nil {
		t.Fatal(err)
	}
	proof, err := accumulator.ProveCounts(handles)
	if err != nil {
		t.Fatal(err)
	}
	budget.Door{Cap: limits.FeedCounts, Factor: 4, Form: budget.Binary, Seeds: [][]byte{proof}, Parse: func(b []byte) error {
		_, err := zkp.VerifyCounts(roots, b)
		return err
	}}.Check(t, 64<<10)
}
