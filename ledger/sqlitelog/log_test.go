package sqlitelog_test

import (
	"crypto/sha256"
	"errors"
	"testing"

	"github.com/hufu-id/hufu/ledger"
)

func TestSubmittedIsProved(t *testing.T) {
	w := newWorld(t)
	r := w.submit(w.anchor(1), w.anchor(2))
	if r.Height != 1 || r.Size != 6 || len(r.Operations) != 2 || r.Operations[1].Index != 4 {
		t.Fatalf("receipt %+v", r)
	}
	there, absent := ledger.AnchorKey(sha256.Sum256([]byte{1})), ledger.AnchorKey(sha256.Sum256([]byte{9}))
	v := w.view(there, absent)
	if a, err := v.Anchor(sha256.Sum256([]byte{1})); err != nil || a.Agency != w.rootDID() {
		t.Fatal(a, err)
	}
	if _, err := v.Get(absent); !errors.Is(err, ledger.ErrAbsent) {
		t.Fatal(err)
	}
	if err := w.log.Audit(t.Context()); err != nil {
		t.Fatal(err)
	}
}
