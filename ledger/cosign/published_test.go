package cosign_test

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"golang.org/x/mod/sumdb/note"

	"github.com/hufu-id/hufu/ledger"
	"github.com/hufu-id/hufu/ledger/cosign"
	"github.com/hufu-id/hufu/ledger/machine"
)

// TestPublishedOnceEnoughHaveSigned: this node's signature and two more.
func TestPublishedOnceEnoughHaveSigned(t *testing.T) {
	w := newWorld(t, 0)
	if w.published.Newest() != nil || w.published.Add(w.signed(w.apply(), 1)) {
		t.Error("something is known before the first state")
	}
	head := w.commit()
	if len(w.spread) != 1 || !bytes.Equal(w.spread[0], w.published.Newest()) {
		t.Error("the node's own signature was not spread")
	}
	if !w.published.Add(w.signed(head, 1)) || w.published.Add(w.signed(head, 1)) {
		t.Error("a signature is new once")
	}
	w.isWaiting(head.State.Height)
	if s := w.published.Status(); s.Published != 0 || s.Waiting != 1 || s.Signatures != 2 || !s.Last.Equal(w.now) {
		t.Errorf("%+v", s)
	}
	if !w.published.Add(w.signed(head, 2)) {
		t.Error("the third signature is not new")
	}
	w.isPublished(head.State.Height)
	if s := w.published.Status(); s.Published != head.State.Height || s.Size != head.Size || s.Waiting != 0 || s.Signatures != 3 {
		t.Errorf("%+v", s)
	}
	if !w.published.Add(w.signed(head, 3)) || w.published.Status().Signatures != 4 {
		t.Error("a late signature is lost")
	}
}

// TestView: readers get the published state with its checkpoint, and wait for the
// first.
func TestView(t *testing.T) {
	w := newWorld(t, 0)
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
	defer cancel()
	never := func(machine.Store, []byte) error { t.Error("a state was shown"); return nil }
	if err := w.published.View(ctx, never); !errors.Is(err, context.DeadlineExceeded) {
		t.Error(err)
	}
	head := w.commit()
	go w.published.Add(w.signed(head, 1, 2))
	own := errors.New("own")
	err := w.published.View(t.Context(), func(store machine.Store, checkpoint []byte) error {
		opened, err := ledger.OpenCheckpoint(w.trust, checkpoint)
		if err != nil || opened.Size != head.Size {
			t.Error(err)
		}
		if at, err := machine.ReadHead(store); err != nil || at.Size != head.Size {
			t.Error(at.Size, err)
		}
		return own
	})
	if !errors.Is(err, own) {
		t.Error(err)
	}
}

// TestReadersHoldNobodyUp: sixteen readers do not end. Others read the same state, the
// engine goes on, and the snapshot is given back when the last has ended.
func TestReadersHoldNobodyUp(t *testing.T) {
	w := newWorld(t, 0)
	head := w.commit()
	w.published.Add(w.signed(head, 1, 2))
	begun, goOn := make(chan struct{}), make(chan struct{})
	var readers sync.WaitGroup
	for range 16 {
		readers.Go(func() {
			err := w.published.View(t.Context(), func(machine.Store, []byte) error {
				begun <- struct{}{}
				<-goOn
				return nil
			})
			if err != nil {
				t.Error(err)
			}
		})
	}
	for range 16 {
		<-begun
	}
	shows := func(want machine.Head) {
		t.Helper()
		err := w.published.View(t.Context(), func(store machine.Store, checkpoint []byte) error {
			opened, err := ledger.OpenCheckpoint(w.trust, checkpoint)
			if err != nil || opened.Size != want.Size {
				t.Error(err)
			}
			return nil
		})
		if err != nil {
			t.Error(err)
		}
	}
	shows(head)
	next := w.commit()
	w.published.Add(w.signed(next, 1, 2))
	shows(next)
	w.opened(2)
	close(goOn)
	readers.Wait()
	w.opened(1)
}

// TestGoneAndAgain: what the database no longer holds is read again from the state that
// was published since, and is an error where there is none.
func TestGoneAndAgain(t *testing.T) {
	w := newWorld(t, 0)
	head := w.commit()
	w.published.Add(w.signed(head, 1, 2))
	gone := func(machine.Store, []byte) error { return machine.ErrGone }
	if err := w.published.View(t.Context(), gone); !errors.Is(err, machine.ErrGone) || !errors.Is(err, ledger.ErrUnreachable) {
		t.Error(err)
	}
	rounds := 0
	err := w.published.View(t.Context(), func(machine.Store, []byte) error {
		if rounds++; rounds > 1 {
			return nil
		}
		next := w.commit()
		w.published.Add(w.signed(next, 1, 2))
		return machine.ErrGone
	})
	if err != nil || rounds != 2 {
		t.Error(rounds, err)
	}
	w.opened(1)
}

// TestEarlySignatures: others may be ahead of this engine.
func TestEarlySignatures(t *testing.T) {
	w := newWorld(t, 0)
	w.commit()
	head := w.apply()
	if w.published.Add(w.signed(head, 1, 2)) {
		t.Error("a checkpoint that this engine has not reached counts")
	}
	w.isWaiting(head.State.Height)
	if err := w.published.Committed(t.Context(), head, nil); err != nil {
		t.Fatal(err)
	}
	w.isPublished(head.State.Height)
}

func TestSignaturesThatDoNotCount(t *testing.T) {
	w := newWorld(t, 0)
	head := w.commit()
	w.published.Add(w.signed(head, 2)) // one is missing
	_, key, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	stranger := must(ledger.NewCosigner(origin+"/b", key, nil))(t)
	forged := must(note.Sign(&note.Note{Text: ledger.FormatCheckpoint(origin, head.Size, head.Root)}, stranger))(t)
	other := head
	other.Root[0] ^= 1
	for name, signed := range map[string][]byte{
		"stranger": forged, "another root": w.signed(other, 1), "garbage": []byte("garbage"), "nothing": nil,
		"too large": bytes.Repeat([]byte("x"), 1<<20),
	} {
		if w.published.Add(signed) {
			t.Errorf("%s: taken", name)
		}
	}
	w.isWaiting(head.State.Height)
}

// TestNewerStates: what was never signed by enough is passed over, and its
// snapshot given back.
func TestNewerStates(t *testing.T) {
	w := newWorld(t, 0)
	first, second, third := w.commit(), w.commit(), w.commit()
	w.opened(3)
	w.published.Add(w.signed(second, 1, 2))
	w.isPublished(second.State.Height)
	w.opened(2)
	w.published.Add(w.signed(first, 1, 2))
	w.isPublished(second.State.Height)
	w.published.Add(w.signed(third, 1, 2))
	w.isPublished(third.State.Height)
	w.opened(1)
	if err := w.published.Committed(t.Context(), second, nil); err != nil {
		t.Fatal(err)
	}
	w.opened(1) // a state that is behind changes nothing
}

func TestTooManyWait(t *testing.T) {
	w := newWorld(t, 0)
	oldest := w.commit()
	var newest machine.Head
	for range cosign.MaxPending {
		newest = w.commit()
	}
	w.opened(cosign.MaxPending)
	w.published.Add(w.signed(oldest, 1, 2))
	w.isWaiting(oldest.State.Height)
	w.published.Add(w.signed(newest, 1, 2))
	w.isPublished(newest.State.Height)
	w.opened(1)
}

// TestAgreementChanges: a state that changes who signs is signed by those before
// and those after.
func TestAgreementChanges(t *testing.T) {
	w := newWorld(t, 0)
	old := must(machine.CurrentTrust(w.store))(t)
	keys := w.keys()
	head := w.apply(w.agreement(2, keys[2], keys[3]))
	if err := w.published.Committed(t.Context(), head, old); err != nil {
		t.Fatal(err)
	}
	w.published.Add(w.signed(head, 1))
	w.isWaiting(head.State.Height)
	w.published.Add(w.signed(head, 2))
	w.isWaiting(head.State.Height) // enough of the old, one of the new
	w.published.Add(w.signed(head, 3))
	w.isPublished(head.State.Height)

	next := w.commit() // under the new agreement alone
	w.published.Add(w.signed(next, 1))
	w.isWaiting(next.State.Height)
	w.published.Add(w.signed(next, 2, 3))
	_, _, checkpoint, err := w.published.Await(t.Context(), next.State.Height)
	if err != nil || bytes.Contains(checkpoint, []byte(origin+"/b ")) {
		t.Errorf("%s%v", checkpoint, err)
	}
}

// TestNotAsked: an engine that the agreement does not name signs nothing.
func TestNotAsked(t *testing.T) {
	w := newWorld(t)
	head := w.commit()
	if len(w.spread) != 0 || w.published.Newest() != nil {
		t.Error("signed")
	}
	w.isWaiting(head.State.Height)
	w.published.Add(w.signed(head, 1, 2, 3))
	w.isPublished(head.State.Height)

	// The others were faster.
	next := w.apply()
	w.published.Add(w.signed(next, 1, 2, 3))
	if err := w.published.Committed(t.Context(), next, nil); err != nil {
		t.Fatal(err)
	}
	w.isPublished(next.State.Height)
}

func TestKeep(t *testing.T) {
	w := newWorld(t, 0)
	kept := map[uint64][]byte{}
	put := func(height uint64, checkpoint []byte) error {
		kept[height] = checkpoint
		return nil
	}
	heads := []machine.Head{w.commit(), w.commit(), w.commit()}
	w.published.Add(w.signed(heads[0], 1, 2))
	w.published.Add(w.signed(heads[2], 1, 2))
	failed := errors.New("disk")
	if err := w.published.Keep(func(uint64, []byte) error { return failed }); !errors.Is(err, failed) {
		t.Error(err)
	}
	for range 2 {
		if err := w.published.Keep(put); err != nil {
			t.Fatal(err)
		}
		for _, n := range []int{0, 2} {
			if _, err := ledger.OpenCheckpoint(w.trust, kept[heads[n].State.Height]); err != nil {
				t.Error(n, err)
			}
		}
		if len(kept) != 2 {
			t.Errorf("%d checkpoints were kept", len(kept))
		}
		// The second time there is nothing to keep.
		put = func(uint64, []byte) error { return errors.New("kept twice") }
	}
}

func TestClose(t *testing.T) {
	w := newWorld(t, 0)
	head := w.commit()
	w.published.Add(w.signed(head, 1, 2))
	w.commit()
	waiting := make(chan error)
	go func() {
		_, _, _, err := w.published.Await(t.Context(), head.State.Height+1)
		waiting <- err
	}()
	if err := w.published.Close(); err != nil {
		t.Fatal(err)
	}
	if err := <-waiting; !errors.Is(err, cosign.ErrStopped) {
		t.Error("waiting:", err)
	}
	if err := w.published.View(t.Context(), func(machine.Store, []byte) error { return nil }); !errors.Is(err, cosign.ErrStopped) {
		t.Error("view:", err)
	}
	w.opened(0)
}

// TestNoAgreement: a state without one is not a ledger's.
func TestNoAgreement(t *testing.T) {
	w := newWorld(t, 0)
	w.store = machine.NewMemory()
	if err := w.published.Committed(t.Context(), machine.Head{Size: 1}, nil); !errors.Is(err, machine.ErrDamaged) {
		t.Error(err)
	}
	w.opened(0)
}

func TestJoin(t *testing.T) {
	w := newWorld(t, 0)
	agreement := must(machine.CurrentTrust(w.store))(t)
	head := w.apply()
	stored := w.signed(head, 0)
	joined, err := cosign.Join(w.trust, agreement, stored, w.signed(head, 1, 2))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := ledger.OpenCheckpoint(w.trust, joined); err != nil || !bytes.HasPrefix(joined, stored) {
		t.Errorf("%s%v", joined, err)
	}
	for name, signed := range map[string][]byte{"known": w.signed(head, 0), "another checkpoint": w.signed(w.apply(), 1)} {
		if joined, err := cosign.Join(w.trust, agreement, stored, signed); joined != nil || err != nil {
			t.Errorf("%s: %s%v", name, joined, err)
		}
	}
	agreement.Witnesses = slices.Delete(agreement.Witnesses, 1, 2)
	if _, err := cosign.Join(w.trust, agreement, stored, w.signed(head, 1)); !errors.Is(err, ledger.ErrSignature) {
		t.Error("signer that is not asked:", err)
	}
}

// Of four nodes three must sign.
func ExamplePublished() {
	w := newWorld(new(testing.T), 0)
	head := w.apply()
	ctx := context.Background()
	if err := w.published.Committed(ctx, head, nil); err != nil {
		fmt.Println(err)
	}
	fmt.Println("waiting:", w.published.Status().Waiting)
	w.published.Add(w.signed(head, 1, 2))
	_, height, _, err := w.published.Await(ctx, 1)
	fmt.Println("published:", height, err)
	// Output:
	// waiting: 1
	// published: 1 <nil>
}
