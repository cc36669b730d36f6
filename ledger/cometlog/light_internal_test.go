package cometlog

import (
	"context"
	"testing"
)

type bytesSource []byte

func (b bytesSource) LightBlock(context.Context, int64) ([]byte, error) { return b, nil }

// FuzzLightBlock: what a node sends is refused or a whole block, and never more.
func FuzzLightBlock(f *testing.F) {
	f.Add([]byte{})
	f.Add([]byte{0x0a, 0x02, 0x0a, 0x00, 0x12, 0x00})
	f.Fuzz(func(t *testing.T, b []byte) {
		block, err := lightProvider{"chain", bytesSource(b)}.LightBlock(context.Background(), 0)
		if err == nil && (block == nil || block.SignedHeader == nil || block.ValidatorSet == nil) {
			t.Errorf("%x is taken for a block", b)
		}
	})
}
