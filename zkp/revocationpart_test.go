package zkp_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
	"testing"

	"github.com/hufu-id/hufu/zkp"
)

// partOf picks the handles whose leading bits are the number part.
func partOf(all [][zkp.HandleSize]byte, bits, part int) (out [][zkp.HandleSize]byte) {
	for _, h := range all {
		if int(binary.BigEndian.Uint16(h[:])>>(16-bits)) == part {
			out = append(out, h)
		}
	}
	return out
}

func whole(t testing.TB, revoked [][zkp.HandleSize]byte) *zkp.Revocation {
	t.Helper()
	r, err := zkp.NewRevocation(revoked)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// TestRevocationPart: whoever has a part finds in it what is found in the whole
// tree, and nothing about other parts.
func TestRevocationPart(t *testing.T) {
	revoked := randomHandles(3000)
	all := whole(t, revoked)
	for _, bits := range []int{0, 1, 4, 9} {
		part := 1<<bits - 1
		r, err := zkp.NewRevocationPart(all.BucketRoots(), bits, part, partOf(revoked, bits, part))
		if err != nil {
			t.Fatalf("%d bits: %v", bits, err)
		}
		if r.Root() != all.Root() {
			t.Errorf("%d bits: another root", bits)
		}
		if !slices.Equal(r.BucketRoots(), all.BucketRoots()) {
			t.Errorf("%d bits: other bucket roots", bits)
		}
		if root, err := zkp.RootOver(all.BucketRoots()); err != nil || root != all.Root() {
			t.Errorf("%d bits: root over the buckets: %v", bits, err)
		}
		for _, h := range randomHandles(3050)[:200] {
			inside := len(partOf([][zkp.HandleSize]byte{h}, bits, part)) == 1
			got, gotErr := r.Gap(h)
			want, wantErr := all.Gap(h)
			switch {
			case !inside:
				if !errors.Is(gotErr, zkp.ErrPart) || errors.Is(gotErr, zkp.ErrRevoked) {
					t.Fatalf("%d bits, outside: %v", bits, gotErr)
				}
			case !errors.Is(gotErr, wantErr) || fmt.Sprint(got) != fmt.Sprint(want):
				t.Fatalf("%d bits, inside: another gap, %v and %v", bits, gotErr, wantErr)
			}
		}
	}
}

func TestRevocationPartRefuses(t *testing.T) {
	revoked := randomHandles(2000)
	roots := whole(t, revoked).BucketRoots()
	mine := partOf(revoked, 2, 1)
	changed := func(i int, to [32]byte) [][32]byte {
		out := slices.Clone(roots)
		out[i] = to
		return out
	}
	other := slices.Clone(mine)
	other[7][11] ^= 1
	for name, c := range map[string]struct {
		roots      [][32]byte
		bits, part int
		handles    [][zkp.HandleSize]byte
		want       error
	}{
		"one handle left out":        {roots, 2, 1, slices.Delete(slices.Clone(mine), 5, 6), zkp.ErrPart},
		"one handle changed":         {roots, 2, 1, other, zkp.ErrPart},
		"handles of another part":    {roots, 2, 2, mine, zkp.ErrPart},
		"handles of the part before": {roots, 2, 0, mine, zkp.ErrPart},
		"another root of the part":   {changed(130, roots[131]), 2, 1, mine, zkp.ErrPart},
		"out of order":               {roots, 2, 1, append(slices.Clone(mine), mine[0]), zkp.ErrForm},
		"511 roots":                  {roots[1:], 2, 1, mine, zkp.ErrForm},
		"root not canonical":         {changed(0, [32]byte(bytes.Repeat([]byte{0xff}, 32))), 2, 1, mine, zkp.ErrForm},
		"ten bits":                   {roots, 10, 1, mine, zkp.ErrForm},
		"minus one bit":              {roots, -1, 0, mine, zkp.ErrForm},
		"part 4 of 2 bits":           {roots, 2, 4, mine, zkp.ErrForm},
		"part -1":                    {roots, 2, -1, mine, zkp.ErrForm},
	} {
		if _, err := zkp.NewRevocationPart(c.roots, c.bits, c.part, c.handles); !errors.Is(err, c.want) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := zkp.RootOver(roots[1:]); !errors.Is(err, zkp.ErrForm) {
		t.Errorf("a root over 511 roots: %v", err)
	}
	overfull := make([][zkp.HandleSize]byte, 1<<15) // and one gap more
	for i := range overfull {
		binary.BigEndian.PutUint32(overfull[i][8:], uint32(i))
	}
	if _, err := zkp.NewRevocationPart(roots, 2, 0, overfull); !errors.Is(err, zkp.ErrValue) {
		t.Errorf("a handle more than a bucket holds: %v", err)
	}
	// A root of another part is not this part's business, but the epoch's.
	r, err := zkp.NewRevocationPart(changed(0, roots[1]), 2, 1, mine)
	if err != nil || r.Root() == whole(t, revoked).Root() {
		t.Errorf("a changed root elsewhere: %v", err)
	}
}

// counted proves the counts of a set whose buckets hold 0, 1, 8, 9, 64 and
// more handles.
func counted(t testing.TB) (revoked [][zkp.HandleSize]byte, roots [][32]byte, proof []byte) {
	t.Helper()
	for bucket, n := range map[int]int{1: 1, 2: 7, 3: 8, 4: 9, 200: 63, 201: 64, 202: 585, 511: 4096} {
		for i := range n {
			h := zkp.Handle{byte(bucket >> 1), byte(bucket << 7)}
			binary.BigEndian.PutUint16(h[6:], uint16(i*13))
			revoked = append(revoked, h)
		}
	}
	sortHandles(revoked)
	proof, err := new(zkp.Accumulator).ProveCounts(revoked)
	if err != nil {
		t.Fatal(err)
	}
	roots, err = new(zkp.Accumulator).BucketRoots(revoked)
	if err != nil {
		t.Fatal(err)
	}
	return revoked, roots, proof
}

func TestCounts(t *testing.T) {
	revoked, roots, proof := counted(t)
	counts, err := zkp.VerifyCounts(roots, proof)
	if err != nil {
		t.Fatal(err)
	}
	for b, n := range counts {
		if want := len(partOf(revoked, 9, b)); n != want {
			t.Errorf("bucket %d holds %d, proved are %d", b, want, n)
		}
	}
}

// TestCountsCannotBeRaised: neither by saying more, nor with another handle,
// nor with the tree of another set.
func TestCountsCannotBeRaised(t *testing.T) {
	revoked, roots, proof := counted(t)
	const one = 2 // bucket 1 follows bucket 0, whose count is two bytes
	for name, change := range map[string]func(b []byte) []byte{
		"one more":         func(b []byte) []byte { b[one+1]++; return b },
		"one less":         func(b []byte) []byte { b[one+1]--; return b },
		"eight more":       func(b []byte) []byte { b[one+1] += 8; return b },
		"too many":         func(b []byte) []byte { b[one] = 0x80; return b },
		"another last":     func(b []byte) []byte { b[one+2+11] ^= 1; return b },
		"last elsewhere":   func(b []byte) []byte { b[one+2] ^= 1; return b },
		"another sibling":  func(b []byte) []byte { b[one+2+12+31] ^= 1; return b },
		"sibling above r":  func(b []byte) []byte { b[one+2+12] = 0xff; return b },
		"cut in a count":   func(b []byte) []byte { return b[:1] },
		"cut in a handle":  func(b []byte) []byte { return b[:one+2+5] },
		"cut in a sibling": func(b []byte) []byte { return b[:one+2+12+9] },
		"cut short":        func(b []byte) []byte { return b[:len(b)-1] },
		"a byte more":      func(b []byte) []byte { return append(b, 0) },
		"nothing":          func([]byte) []byte { return nil },
		"empty, not count": func(b []byte) []byte { b[1] = 1; return b },
	} {
		counts, err := zkp.VerifyCounts(roots, change(bytes.Clone(proof)))
		if counts != nil || !errors.Is(err, zkp.ErrForm) && !errors.Is(err, zkp.ErrPart) {
			t.Errorf("%s: %v", name, err)
		}
	}
	fewer, err := new(zkp.Accumulator).ProveCounts(revoked[1:])
	if err != nil {
		t.Fatal(err)
	}
	if _, err := zkp.VerifyCounts(roots, fewer); !errors.Is(err, zkp.ErrPart) {
		t.Errorf("counts of another set: %v", err)
	}
	if _, err := zkp.VerifyCounts(roots[:511], proof); !errors.Is(err, zkp.ErrForm) {
		t.Errorf("511 roots: %v", err)
	}
}

// FuzzVerifyCounts: for roots that are given there is one proof and no other.
func FuzzVerifyCounts(f *testing.F) {
	_, roots, proof := counted(f)
	flipped := bytes.Clone(proof)
	flipped[len(proof)/2] ^= 1
	for _, seed := range [][]byte{proof, proof[:len(proof)-1], append(bytes.Clone(proof), 0), flipped, make([]byte, 1024)} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		_, err := zkp.VerifyCounts(roots, b)
		if err == nil != bytes.Equal(b, proof) {
			t.Errorf("%d bytes: %v", len(b), err)
		}
	})
}
