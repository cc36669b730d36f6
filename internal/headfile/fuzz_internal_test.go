package headfile

import (
	"bytes"
	"testing"
)

func whole(slots ...[]byte) []byte {
	return append(bytes.Join(slots, nil), make([]byte, fileBytes-len(slots)*slotBytes)...)
}

// FuzzParse: a file tells a head only where a slot holds what the key wrote for it.
func FuzzParse(f *testing.F) {
	own, other := New("", []byte("own"), nil), New("", []byte("other"), nil)
	one, two := own.slot(Head{Counter: 1}), own.slot(Head{Counter: 2, Digest: [32]byte{1}})
	for _, b := range [][]byte{nil, []byte(magic), one, whole(one), whole(one, two), whole(two, one), whole(other.slot(Head{Counter: 3})), append(whole(one), 0)} {
		f.Add(b)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		h, slot, err := own.parse(b)
		if err == nil && (len(b) != fileBytes || !bytes.Equal(b[slot*slotBytes:][:slotBytes], own.slot(h))) {
			t.Errorf("%x tells %+v", b, h)
		}
	})
}

// TestParse: the greater of two counters counts, in whichever slot it stands.
func TestParse(t *testing.T) {
	own, other := New("", []byte("own"), nil), New("", []byte("other"), nil)
	one, two := own.slot(Head{Counter: 1}), own.slot(Head{Counter: 2, Digest: [32]byte{1}})
	foreign := other.slot(Head{Counter: 3})
	torn := append(append([]byte{}, two[:40]...), one[40:]...)
	for name, c := range map[string]struct {
		file []byte
		want uint64 // 0 for none
		slot int
	}{
		"one": {whole(one), 1, 0}, "both": {whole(one, two), 2, 1}, "the other way round": {whole(two, one), 2, 0},
		"torn": {whole(torn, one), 1, 1}, "foreign": {whole(foreign, one), 1, 1}, "foreign alone": {whole(foreign), 0, 0},
		"nothing": {nil, 0, 0}, "zeros": {whole(), 0, 0}, "longer": {append(whole(one), 0), 0, 0}, "shorter": {whole(one)[:fileBytes-1], 0, 0},
	} {
		h, slot, err := own.parse(c.file)
		if h.Counter != c.want || slot != c.slot || (err == nil) != (c.want > 0) {
			t.Errorf("%s: %d in slot %d, %v", name, h.Counter, slot, err)
		}
	}
}
