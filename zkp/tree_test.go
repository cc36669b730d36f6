package zkp_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"math/big"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/hufu-id/hufu/internal/long"
	"github.com/hufu-id/hufu/zkp"
)

func TestTreePaths(t *testing.T) {
	key := newKey(t, "issuer").ProofKey()
	var entries []zkp.RegistryEntry
	var leaves [][32]byte
	for i := range 21 {
		e := zkp.RegistryEntry{Key: key, Schema: number(uint64(i)), Region: "110101", From: 1, Until: 2}
		leaf := e.Leaf()
		entries, leaves = append(entries, e), append(leaves, leaf.Bytes())
	}
	slices.SortFunc(leaves, func(a, b [32]byte) int { return slices.Compare(a[:], b[:]) })
	registry, err := zkp.NewRegistry(leaves)
	if err != nil {
		t.Fatal(err)
	}
	for i, e := range entries {
		path, err := registry.Path(e)
		if err != nil {
			t.Fatal(err)
		}
		if got, err := path.Root(zkp.RegistryArity, e.Leaf()); err != nil || got != registry.Root() {
			t.Errorf("entry %d: root %v, %v", i, got, err)
		}
		if len(path.Children) != zkp.RegistryDepth {
			t.Errorf("entry %d: %d levels", i, len(path.Children))
		}
		other := entries[(i+1)%len(entries)]
		if _, err := path.Root(zkp.RegistryArity, other.Leaf()); !errors.Is(err, zkp.ErrForm) {
			t.Errorf("another leaf on the path of entry %d: %v", i, err)
		}
		path.Index ^= 1
		if got, err := path.Root(zkp.RegistryArity, e.Leaf()); err == nil && got == registry.Root() {
			t.Errorf("entry %d also lies at another index", i)
		}
		path.Children[3] = path.Children[3][:3]
		if _, err := path.Root(zkp.RegistryArity, e.Leaf()); !errors.Is(err, zkp.ErrForm) {
			t.Errorf("a level with three children: %v", err)
		}
	}
	if _, err := registry.Path(zkp.RegistryEntry{Key: key, Schema: number(99), Region: "110101"}); !errors.Is(err, zkp.ErrNotRegistered) {
		t.Errorf("an entry that is not there: %v", err)
	}
}

// Every field of an entry is in its leaf.
func TestRegistryLeaf(t *testing.T) {
	base := zkp.RegistryEntry{Key: newKey(t, "issuer").ProofKey(), Schema: number(1), Region: "110101", From: 1, Until: 2}
	seen := map[zkp.Element]string{base.Leaf(): "the entry itself"}
	for name, change := range map[string]func(*zkp.RegistryEntry){
		"key":    func(e *zkp.RegistryEntry) { e.Key = newKey(t, "another").ProofKey() },
		"schema": func(e *zkp.RegistryEntry) { e.Schema = number(2) },
		"region": func(e *zkp.RegistryEntry) { e.Region = "110102" },
		"from":   func(e *zkp.RegistryEntry) { e.From = 2 },
		"until":  func(e *zkp.RegistryEntry) { e.Until = 1 },
		"both":   func(e *zkp.RegistryEntry) { e.From, e.Until = 2, 1 },
	} {
		e := base
		change(&e)
		if before, ok := seen[e.Leaf()]; ok {
			t.Errorf("leaf with another %s is that of %s", name, before)
		}
		seen[e.Leaf()] = name
	}
}

func TestRegistryRefuses(t *testing.T) {
	over := bytes.Repeat([]byte{0xff}, 32)
	for name, leaves := range map[string][][32]byte{
		"unsorted":      {{1}, {0}},
		"twice":         {{1}, {1}},
		"not canonical": {{1}, [32]byte(over)},
	} {
		if _, err := zkp.NewRegistry(leaves); !errors.Is(err, zkp.ErrForm) {
			t.Errorf("%s: %v", name, err)
		}
	}
	full := make([][32]byte, 1<<16+1)
	for i := range full {
		binary.BigEndian.PutUint32(full[i][28:], uint32(i))
	}
	if _, err := zkp.NewRegistry(full); !errors.Is(err, zkp.ErrValue) {
		t.Errorf("a leaf more than there is room for: %v", err)
	}
	if _, err := zkp.RootOf(4, 2, make([]zkp.Element, 17)); !errors.Is(err, zkp.ErrValue) {
		t.Errorf("17 leaves in a tree of 16: %v", err)
	}
}

// handleAt writes a number as a handle.
func handleAt(v *big.Int) (h zkp.Handle) {
	v.FillBytes(h[:])
	return h
}

func TestGaps(t *testing.T) {
	const bucketBits = 9
	edge := new(big.Int).Lsh(big.NewInt(5), zkp.HandleBits-bucketBits) // where bucket 5 begins
	at := func(n int64) zkp.Handle { return handleAt(new(big.Int).Add(edge, big.NewInt(n))) }
	next := new(big.Int).Lsh(big.NewInt(6), zkp.HandleBits-bucketBits)
	last := handleAt(new(big.Int).Sub(next, big.NewInt(1)))
	top := new(big.Int).Lsh(big.NewInt(1), zkp.HandleBits)
	highest := handleAt(new(big.Int).Sub(top, big.NewInt(1)))
	revoked := [][zkp.HandleSize]byte{at(0), at(10), at(11), at(20), last, highest}
	rev, err := zkp.NewRevocation(revoked)
	if err != nil {
		t.Fatal(err)
	}
	for _, h := range revoked {
		if _, err := rev.Gap(h); !errors.Is(err, zkp.ErrRevoked) {
			t.Errorf("revoked %x: %v", h, err)
		}
	}
	beforeLast := handleAt(new(big.Int).Sub(next, big.NewInt(2)))
	for name, h := range map[string]zkp.Handle{
		"after the first of a bucket": at(1), "before a revoked one": at(9), "after a revoked one": at(12),
		"between": at(15), "before the last of a bucket": beforeLast,
		"first of the next bucket": handleAt(next), "last of the bucket before": at(-1),
		"zero": {}, "before the highest of all": handleAt(new(big.Int).Sub(top, big.NewInt(2))),
	} {
		gap, err := rev.Gap(h)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		v := new(big.Int).SetBytes(h[:])
		from, to := gap.From.BigInt(new(big.Int)), gap.To.BigInt(new(big.Int))
		if v.Cmp(from) < 0 || v.Cmp(to) >= 0 {
			t.Errorf("%s: %x is not in [%x, %x)", name, v, from, to)
		}
		for _, r := range revoked {
			if x := new(big.Int).SetBytes(r[:]); x.Cmp(from) >= 0 && x.Cmp(to) < 0 {
				t.Errorf("%s: the gap [%x, %x) holds the revoked %x", name, from, to, x)
			}
		}
		leaf := zkp.Compress(4, zkp.Domains()["revocation"], gap.From, gap.To)
		if root, err := gap.Path.Root(zkp.RevocationArity, leaf); err != nil || root != rev.Root() {
			t.Errorf("%s: root %v, %v", name, root, err)
		}
		if len(gap.Path.Children) != zkp.RevocationDepth {
			t.Errorf("%s: %d levels", name, len(gap.Path.Children))
		}
	}
}

func TestRevocationRefuses(t *testing.T) {
	for name, h := range map[string][][zkp.HandleSize]byte{
		"unsorted":              {{1}, {0}},
		"unsorted in a bucket":  {{0, 0, 2}, {0, 0, 1}},
		"twice":                 {{1}, {1}},
		"sorted, then unsorted": {{1}, {2}, {1, 1}},
	} {
		if _, err := zkp.NewRevocation(h); !errors.Is(err, zkp.ErrForm) {
			t.Errorf("%s: %v", name, err)
		}
		if _, _, err := new(zkp.Accumulator).Roots(nil, h); !errors.Is(err, zkp.ErrForm) {
			t.Errorf("%s, for the ledger: %v", name, err)
		}
	}
}

// An epoch after the other, with revocations added and taken back: what the
// ledger's accumulator remembers never shows.
func TestAccumulatorRemembersRight(t *testing.T) {
	long.NotShort(t, "builds the trees of twelve epochs twice")
	random := rand.New(rand.NewPCG(5, 6))
	all := handles(t, 300)
	var a zkp.Accumulator
	for epoch := range 12 {
		var revoked [][zkp.HandleSize]byte
		for _, h := range all {
			if random.IntN(12) < epoch {
				revoked = append(revoked, h)
			}
		}
		if epoch == 7 {
			revoked = nil
		}
		leaf := zkp.RegistryEntry{Key: newKey(t, "issuer").ProofKey(), Schema: number(uint64(epoch)), Region: "110101"}.Leaf()
		leaves := [][32]byte{leaf.Bytes()}
		reg, rev, err := a.Roots(leaves, revoked)
		if err != nil {
			t.Fatal(err)
		}
		freshRegistry, err := zkp.NewRegistry(leaves)
		if err != nil {
			t.Fatal(err)
		}
		fresh, err := zkp.NewRevocation(revoked)
		if err != nil {
			t.Fatal(err)
		}
		wantReg, want := freshRegistry.Root(), fresh.Root()
		if rev != want.Bytes() || reg != wantReg.Bytes() {
			t.Fatalf("epoch %d: other roots than from a fresh build", epoch)
		}
	}
}

func TestAccumulatorLeafAndHandle(t *testing.T) {
	var a zkp.Accumulator
	key := newKey(t, "issuer").ProofKey()
	leaf, err := a.RegistryLeaf(key.Bytes(), "cn.resident", 1, "110101", 1, 2)
	want := zkp.RegistryEntry{Key: key, Schema: zkp.SchemaElement("cn.resident", 1), Region: "110101", From: 1, Until: 2}.Leaf()
	if err != nil || leaf != want.Bytes() {
		t.Errorf("leaf: %v", err)
	}
	h, err := a.Handle(key.Bytes(), [16]byte{1})
	if err != nil || h != zkp.NewHandle(key, [16]byte{1}) {
		t.Errorf("handle: %v", err)
	}
	if h == zkp.NewHandle(newKey(t, "another").ProofKey(), [16]byte{1}) {
		t.Error("two issuers can make one handle")
	}
	for _, days := range [][2]uint32{{1 << 20, 2}, {1, 1 << 20}, {1, 1<<32 - 1}} {
		if _, err := a.RegistryLeaf(key.Bytes(), "s", 1, "110101", days[0], days[1]); !errors.Is(err, zkp.ErrValue) {
			t.Errorf("days %d to %d: %v", days[0], days[1], err)
		}
	}
	if _, err := a.RegistryLeaf(key.Bytes(), "s", 1, "110101", 1<<20-1, 1<<20-1); err != nil {
		t.Error(err)
	}
	for name, bad := range map[string][]byte{"no key": nil, "neutral": littleEndian(big.NewInt(1))} {
		if _, err := a.Handle(bad, [16]byte{}); !errors.Is(err, zkp.ErrProofKey) {
			t.Errorf("handle of %s: %v", name, err)
		}
		if _, err := a.RegistryLeaf(bad, "s", 1, "110101", 1, 2); !errors.Is(err, zkp.ErrProofKey) {
			t.Errorf("leaf of %s: %v", name, err)
		}
	}
}

func TestCompressRefuses(t *testing.T) {
	for name, call := range map[string]func(){
		"width 2":             func() { zkp.Compress(2, zkp.Element{}) },
		"width 3":             func() { zkp.Compress(3, zkp.Element{}) },
		"five inputs at four": func() { zkp.Compress(4, make([]zkp.Element, 5)...) },
	} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("%s: no panic", name)
				}
			}()
			call()
		}()
	}
}

// TestRevocationBucketHoldsWhatItSays ties the limit that the ledger enforces
// to the tree: the last handle it allows fits, and one more does not.
func TestRevocationBucketHoldsWhatItSays(t *testing.T) {
	bits, capacity := new(zkp.Accumulator).RevocationBucket()
	handles := make([][zkp.HandleSize]byte, capacity+1)
	for i := range handles {
		handles[i][0], handles[i][1] = 0xab, 0x80 // nine bits alike
		handles[i][10], handles[i][11] = byte(i>>8), byte(i)
	}
	if bits != 9 {
		t.Fatalf("%d bits choose a bucket; the handles above share nine", bits)
	}
	if _, err := zkp.NewRevocation(handles[:capacity]); err != nil {
		t.Errorf("%d handles: %v", capacity, err)
	}
	if _, err := zkp.NewRevocation(handles); !errors.Is(err, zkp.ErrValue) {
		t.Errorf("%d handles: %v, want ErrValue", capacity+1, err)
	}
}

// The ledger's state machine gets an error for what it must never hand over.
func TestAccumulatorRefuses(t *testing.T) {
	unsorted := [][zkp.HandleSize]byte{{1}, {0}}
	a := new(zkp.Accumulator)
	if _, _, err := a.Roots([][32]byte{{1}, {0}}, nil); !errors.Is(err, zkp.ErrForm) {
		t.Errorf("leaves out of order: %v", err)
	}
	if _, _, err := a.Roots(nil, unsorted); !errors.Is(err, zkp.ErrForm) {
		t.Errorf("handles out of order: %v", err)
	}
	if _, err := a.BucketRoots(unsorted); !errors.Is(err, zkp.ErrForm) {
		t.Errorf("for the buckets' roots: %v", err)
	}
	if _, err := a.ProveCounts(unsorted); !errors.Is(err, zkp.ErrForm) {
		t.Errorf("for the counts: %v", err)
	}
}
