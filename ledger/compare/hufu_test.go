package main

import (
	"bytes"
	"errors"
	"path/filepath"
	"testing"

	"github.com/hufu-id/hufu/ledger"
)

func newHufu(t *testing.T) *hufu {
	t.Helper()
	h, err := openHufu(t.Context(), filepath.Join(t.TempDir(), "ledger"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { h.log.Close() })
	return h
}

// What Submit returned is in the log, the same bytes that Tessera is given, and
// under a checkpoint that the witness cosigned.
func TestOursIncludes(t *testing.T) {
	h := newHufu(t)
	for _, batch := range []int{1, 5} {
		e, err := h.entries(5, batch)
		if err != nil {
			t.Fatal(err)
		}
		receipt, err := h.log.Submit(t.Context(), e.ops...)
		if err != nil {
			t.Fatal(err)
		}
		for i, op := range receipt.Operations {
			proof, err := h.log.ProveInclusion(t.Context(), op.Index)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := ledger.VerifyInclusion(h.log.Trust(), proof, ledger.VerifyOptions{}); err != nil {
				t.Error(err)
			}
			if !bytes.Equal(proof.Leaf, e.leaves[i]) {
				t.Errorf("leaf %d is not what was submitted", op.Index)
			}
		}
	}
}

func TestOursIsWriteOnce(t *testing.T) {
	h := newHufu(t)
	hashes := h.newHashes(2)
	for i, refused := range []bool{false, true} {
		ops, err := h.sign(hashes[:1], h.anchor(1), false)
		if err != nil {
			t.Fatal(err)
		}
		err = h.submit(t.Context(), ops...)
		if refusal := (*ledger.RefusedError)(nil); errors.As(err, &refusal) != refused || (err == nil) == refused {
			t.Errorf("time %d: %v", i+1, err)
		}
	}
	proof, err := h.prove(t.Context(), hashes[0])
	if err != nil {
		t.Fatal(err)
	}
	if err := h.verify(proof, hashes[0]); err != nil {
		t.Error(err)
	}
	if h.verify(proof, hashes[1]) == nil {
		t.Error("a proof of one anchor is taken for another")
	}
	for i := range proof {
		changed := bytes.Clone(proof)
		changed[i] ^= 1
		if h.verify(changed, hashes[0]) == nil {
			t.Fatalf("byte %d may be changed", i)
		}
	}
	absent, err := h.prove(t.Context(), hashes[1])
	if err != nil {
		t.Fatal(err)
	}
	if h.verify(absent, hashes[1]) == nil {
		t.Error("an anchor that nobody made is proved")
	}
}
