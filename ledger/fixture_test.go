package ledger_test

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"errors"
	"slices"
	"testing"
	"time"

	witness "github.com/transparency-dev/formats/note"
	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"

	"github.com/hufu-id/hufu/ledger"
	"github.com/hufu-id/hufu/ledger/internal/statemap"
)

const origin = "ledger.example/test"

var start = time.Date(2026, 3, 2, 9, 30, 0, 0, time.UTC)

func is(err, target error) bool { return errors.Is(err, target) }

func must[T any](v T, err error) func(testing.TB) T {
	return func(t testing.TB) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

func newKey(t testing.TB) *ecdsa.PrivateKey {
	t.Helper()
	return must(ecdsa.GenerateKey(elliptic.P256(), rand.Reader))(t)
}

func ed25519Key(t testing.TB) crypto.Signer {
	t.Helper()
	_, key, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

// didOf is a well-formed identifier.
func didOf(n byte) string {
	op := &ledger.Operation{Kind: ledger.KindDID, Key: ledger.DIDKey(""), Nonce: [16]byte{n}}
	did, err := ledger.DIDOf(op)
	if err != nil {
		panic(err)
	}
	return did
}

// world signs checkpoints over a state map of a few values, by hand: what a
// dishonest log could sign, it can.
type world struct {
	testing.TB
	now       time.Time
	log       *ledger.NoteSigner
	witnesses []*ledger.NoteSigner
	trust     *ledger.TrustFile
	values    map[string][]byte
	leaves    [][]byte
}

// first is the hash of the worlds' first agreement, and ledgerID names them.
var (
	first    = [32]byte{'f'}
	ledgerID = ledger.Founding{Origin: origin, RootDID: didOf(1), First: first}.ID()
)

// newWorld has n witnesses, of which k must cosign.
func newWorld(t testing.TB, k, n int) *world {
	t.Helper()
	w := &world{TB: t, now: start, values: map[string][]byte{}, leaves: [][]byte{[]byte("first"), []byte("second")}}
	w.log = must(ledger.NewLogSigner(origin, ed25519Key(t)))(t)
	var vkeys []string
	for i := range n {
		name := "witness.example/" + string(rune('a'+i))
		w.witnesses = append(w.witnesses, must(ledger.NewCosigner(name, ed25519Key(t), func() time.Time { return w.now }))(t))
		vkeys = append(vkeys, w.witnesses[i].VerifierKey())
	}
	w.trust = must(ledger.NewTrust(ledger.TrustFile{Origin: origin, LogKey: w.log.VerifierKey(), WitnessKeys: vkeys, K: k, RootDID: didOf(1), First: first}))(t)
	return w
}

func (w *world) put(object ledger.Object) { w.values[object.Key()] = object.Bytes() }

// subtree hashes the values whose index begins as path, depth bits deep: the
// definition of the state map, without any shortcut of the machine's.
func (w *world) subtree(keys []string, depth int) tlog.Hash {
	switch {
	case len(keys) == 0:
		return tlog.Hash{}
	case depth == statemap.Depth:
		return statemap.Leaf(statemap.Index(keys[0]), w.values[keys[0]])
	}
	left, right := split(keys, depth)
	return statemap.Node(w.subtree(left, depth+1), w.subtree(right, depth+1))
}

func split(keys []string, depth int) (left, right []string) {
	for _, key := range keys {
		if statemap.Bit(statemap.Index(key), depth) == 0 {
			left = append(left, key)
		} else {
			right = append(right, key)
		}
	}
	return left, right
}

func (w *world) keys() []string {
	var keys []string
	for key := range w.values {
		keys = append(keys, key)
	}
	return keys
}

func (w *world) mapProof(key string) []byte {
	var siblings []tlog.Hash
	keys := w.keys()
	for depth := range statemap.Depth {
		left, right := split(keys, depth)
		if statemap.Bit(statemap.Index(key), depth) == 0 {
			keys, siblings = left, append(siblings, w.subtree(right, depth+1))
		} else {
			keys, siblings = right, append(siblings, w.subtree(left, depth+1))
		}
	}
	return statemap.NewProof(siblings)
}

// hashes stores the log's hashes.
func hashes(t testing.TB, leaves [][]byte) tlog.HashReader {
	var stored []tlog.Hash
	reader := tlog.HashReaderFunc(func(indexes []int64) ([]tlog.Hash, error) {
		var out []tlog.Hash
		for _, i := range indexes {
			out = append(out, stored[i])
		}
		return out, nil
	})
	for i, leaf := range leaves {
		stored = append(stored, must(tlog.StoredHashes(int64(i), leaf, reader))(t)...)
	}
	return reader
}

// prove signs a checkpoint of what is there now.
func (w *world) prove(keys ...string) *ledger.Proof {
	w.Helper()
	state := ledger.StateLeaf{UnixMilli: uint64(w.now.UnixMilli()), StateRoot: w.subtree(w.keys(), 0)}
	w.leaves = append(w.leaves, state.Bytes())
	size := int64(len(w.leaves))
	reader := hashes(w, w.leaves)
	root := must(tlog.TreeHash(size, reader))(w)
	p := &ledger.Proof{
		Checkpoint: w.sign(ledger.FormatCheckpoint(origin, uint64(size), root), len(w.witnesses)),
		StateLeaf:  state.Bytes(),
		Inclusion:  must(tlog.ProveRecord(size, size-1, reader))(w),
	}
	for _, key := range sorted(keys) {
		p.Entries = append(p.Entries, ledger.Entry{Key: key, Value: w.values[key], Proof: w.mapProof(key)})
	}
	return must(ledger.ParseProof(p.Bytes()))(w)
}

// sign signs a text with the log's key and those of the first few witnesses.
func (w *world) sign(text string, witnesses int) []byte {
	signers := []note.Signer{w.log}
	for _, s := range w.witnesses[:witnesses] {
		signers = append(signers, s)
	}
	return must(note.Sign(&note.Note{Text: text}, signers...))(w)
}

func (w *world) verify(p *ledger.Proof) (*ledger.View, error) {
	return ledger.Verify(w.trust, p, ledger.VerifyOptions{Now: w.now})
}

func anchorOf(n byte) *ledger.Anchor {
	return &ledger.Anchor{Hash: sha256.Sum256([]byte{n}), Count: 1, Agency: didOf(2)}
}

func sorted(keys []string) []string {
	keys = slices.Clone(keys)
	slices.Sort(keys)
	return slices.Compact(keys)
}

func cosignature(t testing.TB, s *ledger.NoteSigner) note.Verifier {
	return must(witness.NewVerifierForCosignatureV1(s.VerifierKey()))(t)
}
