package ledger_test

import (
	"bytes"
	"testing"

	"github.com/hufu-id/hufu/ledger"
)

func operations(t testing.TB, n int) []*ledger.Operation {
	t.Helper()
	ops := make([]*ledger.Operation, n)
	for i := range ops {
		ops[i] = must(ledger.NewOperation(anchorOf(byte(i))))(t)
	}
	return ops
}

func TestSignBatch(t *testing.T) {
	key, second := newKey(t), newKey(t)
	for _, n := range []int{1, 2, 3, 7, 8, 100} {
		checker := ledger.NewChecker(ledgerID, ledger.DefaultSuites())
		ops := operations(t, n)
		for i, signed := range must(ledger.SignBatch(ledgerID, ops, key, second))(t) {
			again := must(ledger.ParseSignedOperation(signed.Bytes()))(t)
			if !bytes.Equal(again.Bytes(), signed.Bytes()) || again.Operation.ID() != ops[i].ID() {
				t.Fatalf("operation %d of %d is read as another", i, n)
			}
			keys, err := checker.Verify(again)
			if err != nil || len(keys) != 2 {
				t.Fatalf("operation %d of %d: %v", i, n, err)
			}
			if _, err := again.Verify(ledgerID, ledger.DefaultSuites()); err != nil {
				t.Fatal("on its own:", err)
			}
		}
	}
	for _, n := range []int{0, ledger.MaxBatch + 1} {
		if _, err := ledger.SignBatch(ledgerID, make([]*ledger.Operation, n), key); !is(err, ledger.ErrTooLarge) {
			t.Errorf("%d operations: %v", n, err)
		}
	}
}

func TestBatchRefused(t *testing.T) {
	key := newKey(t)
	good := must(ledger.SignBatch(ledgerID, operations(t, 5), key))(t)
	other := must(ledger.SignBatch(ledgerID, operations(t, 5), key))(t)
	for name, c := range map[string]struct {
		alter func(s *ledger.SignedOperation)
		want  error
	}{
		"another operation": {func(s *ledger.SignedOperation) { s.Operation = good[3].Operation }, ledger.ErrSignature},
		"another place":     {func(s *ledger.SignedOperation) { s.Batch.Index = 3 }, ledger.ErrSignature},
		"another root":      {func(s *ledger.SignedOperation) { s.Batch.Root[0] ^= 1 }, ledger.ErrSignature},
		"another path":      {func(s *ledger.SignedOperation) { s.Batch.Path[0][0] ^= 1 }, ledger.ErrSignature},
		"a path more":       {func(s *ledger.SignedOperation) { s.Batch.Path = append(s.Batch.Path, [32]byte{}) }, ledger.ErrSignature},
		"no batch":          {func(s *ledger.SignedOperation) { s.Batch = nil }, ledger.ErrSignature},
		"another batch":     {func(s *ledger.SignedOperation) { s.Batch = other[1].Batch }, ledger.ErrSignature},
		// A tree of four has the same path at place 1: the count is signed.
		"another count":       {func(s *ledger.SignedOperation) { s.Batch.Count = 6 }, ledger.ErrSignature},
		"another's signature": {func(s *ledger.SignedOperation) { s.Signatures = other[1].Signatures }, ledger.ErrSignature},
		"count 0":             {func(s *ledger.SignedOperation) { s.Batch.Count, s.Batch.Index = 0, 0 }, ledger.ErrFormat},
		"count above the cap": {func(s *ledger.SignedOperation) { s.Batch.Count = ledger.MaxBatch + 1 }, ledger.ErrFormat},
		"place above count":   {func(s *ledger.SignedOperation) { s.Batch.Index = 5 }, ledger.ErrFormat},
		"path above the cap":  {func(s *ledger.SignedOperation) { s.Batch.Path = make([][32]byte, 15) }, ledger.ErrFormat},
	} {
		t.Run(name, func(t *testing.T) {
			checker := ledger.NewChecker(ledgerID, ledger.DefaultSuites())
			for _, s := range good {
				must(checker.Verify(s))(t) // the batch's own signature is remembered
			}
			s := must(ledger.ParseSignedOperation(good[1].Bytes()))(t)
			c.alter(s)
			if _, err := checker.Verify(s); !is(err, c.want) {
				t.Errorf("got %v, want %v", err, c.want)
			}
			if c.want == ledger.ErrFormat {
				if _, err := ledger.ParseSignedOperation(s.Bytes()); !is(err, c.want) {
					t.Errorf("parsed: %v", err)
				}
			}
		})
	}
}
