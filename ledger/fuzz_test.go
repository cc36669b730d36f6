package ledger_test

import (
	"bytes"
	"testing"

	"github.com/hufu-id/hufu/ledger"
)

// seeds are one valid input for each parser; every fuzz target gets all.
func seeds(t testing.TB) [][]byte {
	var out [][]byte
	for _, d := range doors(t) {
		out = append(out, d.valid)
	}
	w := newWorld(t, 1, 1)
	return append(out, w.trust.Bytes(), w.prove().Checkpoint, new(ledger.StateLeaf).Bytes())
}

func TestSeeds(t *testing.T) {
	if n := len(seeds(t)); n < 15 {
		t.Fatalf("%d seeds", n)
	}
}

// fuzz asserts that whatever a parser accepts has one spelling.
func fuzz(f *testing.F, parse func([]byte) ([]byte, error)) {
	for _, seed := range seeds(f) {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		if again, err := parse(b); err == nil && !bytes.Equal(again, b) {
			t.Fatalf("accepted another spelling of %x", again)
		}
	})
}

func FuzzParseSignedOperation(f *testing.F) { fuzz(f, parser(ledger.ParseSignedOperation)) }

func FuzzParseProof(f *testing.F) { fuzz(f, parser(ledger.ParseProof)) }

func FuzzParseBundle(f *testing.F) { fuzz(f, parser(ledger.ParseBundle)) }

func FuzzParseStateLeaf(f *testing.F) { fuzz(f, parser(ledger.ParseStateLeaf)) }

func FuzzParseTrust(f *testing.F) { fuzz(f, parser(ledger.ParseTrust)) }

// FuzzParseObject tries all objects of the state map.
func FuzzParseObject(f *testing.F) {
	all := doors(f)
	fuzz(f, func(b []byte) (again []byte, err error) {
		for name, d := range all {
			if name == "proof" || name == "signed operation" || name == "batched" || name == "operation" {
				continue
			}
			if again, err = d.parse(b); err == nil {
				return again, nil
			}
		}
		return nil, err
	})
}

// FuzzOpenCheckpoint: nobody without the keys makes a checkpoint that opens.
func FuzzOpenCheckpoint(f *testing.F) {
	w := newWorld(f, 1, 1)
	signed := w.prove().Checkpoint
	f.Add(signed)
	for _, seed := range seeds(f) {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		head, err := ledger.OpenCheckpoint(w.trust, b)
		if err == nil && (head.Size != 3 || text(b) != text(signed)) {
			t.Fatalf("a forged checkpoint of size %d opened", head.Size)
		}
	})
}

// FuzzVerify: a proof that differs in any byte proves nothing else.
func FuzzVerify(f *testing.F) {
	w := newWorld(f, 1, 1)
	w.put(anchorOf(1))
	there, absent := anchorOf(1).Key(), anchorOf(2).Key()
	f.Add(w.prove(there, absent).Bytes())
	f.Fuzz(func(t *testing.T, b []byte) {
		p, err := ledger.ParseProof(b)
		if err != nil {
			return
		}
		v, err := w.verify(p)
		if err != nil {
			return
		}
		if value, err := v.Get(there); err == nil && !bytes.Equal(value, w.values[there]) {
			t.Fatal("a false value verified")
		}
		if _, err := v.Get(there); is(err, ledger.ErrAbsent) {
			t.Fatal("a false absence verified")
		}
		if _, err := v.Get(absent); err == nil {
			t.Fatal("a false presence verified")
		}
	})
}
