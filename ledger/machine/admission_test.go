package machine_test

import (
	"bytes"
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/hufu-id/hufu/ledger"
	"github.com/hufu-id/hufu/ledger/machine"
)

// TestAdmission: what depends on what was admitted before is admitted, and the
// store stays as it was.
func TestAdmission(t *testing.T) {
	w := newWorld(t)
	a, create := w.newAgency()
	before := dump(t, w.store)
	admission := w.machine.NewAdmission(w.store)
	accr, anchor := w.sign(w.accreditation(a, ledger.ActionIssue, beijing), w.root.key), w.sign(anchorOf(a, 1), a.key)
	if err := admission.Admit(w.now, anchor); !is(err, ledger.ErrMissing) {
		t.Error("before its DID:", err)
	}
	for _, op := range []*ledger.SignedOperation{create, accr, anchor, anchor} {
		if err := admission.Admit(w.now, op); err != nil {
			t.Error(err)
		}
	}
	if err := admission.Admit(w.now, w.sign(anchorOf(a, 1), a.key)); !is(err, ledger.ErrConflict) {
		t.Error("write-once:", err)
	}
	if err := admission.Admit(w.now, w.sign(anchorOf(a, 2), a.key), w.sign(anchorOf(a, 3), newKey(t))); !is(err, ledger.ErrUnauthorised) {
		t.Error(err)
	}
	if err := admission.Admit(w.now, w.sign(anchorOf(a, 2), a.key)); err != nil {
		t.Error("a refused submission left something behind:", err)
	}
	if err := admission.Admit(w.now.Add(-time.Hour)); !is(err, machine.ErrClock) {
		t.Error(err)
	}
	if !bytes.Equal(before, dump(t, w.store)) {
		t.Error("admission wrote to the store")
	}
	w.accept(create, accr, anchor)
	if err := w.audit(w.store); err != nil {
		t.Error(err)
	}
}

// TestRememberedSignature: a signature that was found good is remembered with all
// that it covers, and no other.
func TestRememberedSignature(t *testing.T) {
	w := newWorld(t)
	op := w.sign(anchorOf(w.root, 1), w.root.key)
	if err := w.machine.NewAdmission(w.store).Admit(w.now, op); err != nil {
		t.Fatal(err)
	}
	forged := must(ledger.ParseSignedOperation(op.Bytes()))(t)
	forged.Operation.Nonce[0] ^= 1
	w.refuse(ledger.ErrSignature, forged)
	w.accept(op)
}

// TestLongHistory: an answer has about 1 MiB at most, and the next begins after it.
func TestLongHistory(t *testing.T) {
	w := newWorld(t)
	purpose := &ledger.Purpose{
		Verifier: w.agency().did, ID: "p", Regulator: w.root.did, Region: dongche, Basis: ledger.Text{English: "Act", Chinese: "条例"},
		Asked: []ledger.Asked{{Type: vct}}, Retention: "P0D",
	}
	for n := range 60 {
		purpose.Asked[0].Claims = append(purpose.Asked[0].Claims, fmt.Sprintf("%02d%s", n, strings.Repeat("c", 200)))
	}
	const changes = 100
	for n := range changes {
		purpose.State = []string{ledger.StateActive, ledger.StateSuspended}[n%2]
		w.accept(w.sign(purpose, w.root.key))
	}
	reader := machine.NewReader(func(_ context.Context, read func(machine.Store, []byte) error) error { return read(w.store, nil) })
	got := 0
	for from := uint64(0); got < changes; {
		part := must(reader.History(t.Context(), purpose.Key(), from))(t)
		size := 0
		for _, c := range part {
			size += len(c.Leaf)
		}
		if len(part) == 0 || size > 1<<20+16<<10 {
			t.Fatalf("%d changes of %d bytes after %d", len(part), size, got)
		}
		got, from = got+len(part), part[len(part)-1].Index+1
	}
}

func TestHistory(t *testing.T) {
	w := newWorld(t)
	a := w.accredited()
	w.accept(w.sign(statusOf(a, 1), a.key))
	w.accept(w.sign(&ledger.Audit{Agency: a.did, Hash: [32]byte{1}}, a.key), w.sign(statusOf(a, 2), a.key))
	reader := machine.NewReader(func(_ context.Context, read func(machine.Store, []byte) error) error {
		return read(w.store, []byte("checkpoint"))
	})
	changes := must(reader.History(t.Context(), ledger.StatusKey(a.did, listURI), 0))(t)
	if len(changes) != 2 {
		t.Fatalf("%d changes", len(changes))
	}
	for i, c := range changes {
		op := must(ledger.ParseSignedOperation(c.Leaf))(t)
		if s := must(ledger.ParseStatus(op.Operation.Body))(t); s.Sequence != uint64(i+1) {
			t.Errorf("change %d has sequence %d", i, s.Sequence)
		}
		p := must(reader.ProveInclusion(t.Context(), c.Index))(t)
		if !bytes.Equal(p.Leaf, c.Leaf) {
			t.Error("another leaf is proved")
		}
	}
	if later := must(reader.History(t.Context(), ledger.StatusKey(a.did, listURI), changes[0].Index+1))(t); len(later) != 1 {
		t.Errorf("%d changes after the first", len(later))
	}
	if dids := must(reader.History(t.Context(), ledger.DIDKey(a.did), 0))(t); len(dids) != 1 {
		t.Errorf("%d changes of a DID that was created", len(dids))
	}
	if _, err := reader.History(t.Context(), "a b", 0); !is(err, ledger.ErrKey) {
		t.Error(err)
	}
	if chain := must(reader.TrustChain(t.Context(), 0))(t); len(chain) != 1 {
		t.Errorf("%d agreements", len(chain))
	}
	head := must(machine.ReadHead(w.store))(t)
	if _, err := reader.ProveInclusion(t.Context(), head.Size); !is(err, ledger.ErrNotIncluded) {
		t.Error(err)
	}
	if _, err := reader.Entries(t.Context(), head.Size); !is(err, ledger.ErrNotIncluded) {
		t.Error(err)
	}
	if leaves := must(reader.Entries(t.Context(), 1))(t); uint64(len(leaves)) != head.Size-1 {
		t.Errorf("%d leaves of %d", len(leaves), head.Size-1)
	}
}
