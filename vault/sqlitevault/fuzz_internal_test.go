package sqlitevault

import (
	"bytes"
	"testing"
)

// FuzzGeneration: a file tells a counter only where it holds what the vault's own keys
// wrote for that counter.
func FuzzGeneration(f *testing.F) {
	k := deriveKeys(make([]byte, 16), make([]byte, 32), 1)
	other := deriveKeys(make([]byte, 16), bytes.Repeat([]byte{1}, 32), 1)
	both := k.generationFile(7)
	copy(both[generationAt(8):], k.generationFile(8)[generationAt(8):generationAt(8)+generationSlot])
	for _, b := range [][]byte{nil, []byte(generationMagic), k.generationFile(1), k.generationFile(2), both, other.generationFile(3), append(k.generationFile(1), 0)} {
		f.Add(b)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		newest, ok := k.parseGeneration(b)
		if !ok {
			return
		}
		at := generationAt(newest)
		if !bytes.Equal(b[at:at+generationSlot], k.generationFile(newest)[at:at+generationSlot]) || len(b) != generationBytes {
			t.Errorf("%x tells %d", b, newest)
		}
	})
}

func TestGenerationSeeds(t *testing.T) {
	k := deriveKeys(make([]byte, 16), make([]byte, 32), 1)
	for _, n := range []uint64{1, 2, 7} {
		if newest, ok := k.parseGeneration(k.generationFile(n)); !ok || newest != n {
			t.Errorf("%d: %d, %t", n, newest, ok)
		}
	}
}
