package agency_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/hufu-id/hufu/agency"
	"github.com/hufu-id/hufu/ledger"
	"github.com/hufu-id/hufu/vault"
)

// changes are the ways to change a DID, by name.
var changes = map[string]func(context.Context, *agency.Agency) error{
	"rotate":          func(ctx context.Context, a *agency.Agency) error { return a.Rotate(ctx) },
	"proof key":       func(ctx context.Context, a *agency.Agency) error { return a.ReplaceProofKey(ctx) },
	"compromised key": func(ctx context.Context, a *agency.Agency) error { return a.MarkCompromised(ctx, "sig-1", start) },
	"change": func(ctx context.Context, a *agency.Agency) error {
		return a.Change(ctx, func(d *ledger.DID) { d.Keys[1].Until = start.Add(time.Hour).Unix() })
	},
}

// TestCrash stops the program before and after every step of every change. Open
// finishes or drops what was begun; the agency signs and changes its DID again.
func TestCrash(t *testing.T) {
	w := newWorld(t)
	for name, change := range changes {
		t.Run(name, func(t *testing.T) {
			w.TB = t
			everyStep(t, func(c *crash) (over bool) {
				a, store := w.create()
				crashing, err := agency.Open(t.Context(), crashingStore{store, c}, w.client(crashingLog{w.log.Log, c}), crashingLog{w.log.Log, c}, w.options())
				none(t, err)
				err = change(t.Context(), crashing)
				if c.dead {
					is(t, err, errCrash)
				} else {
					none(t, err)
				}
				reopened := w.open(store)
				w.works(reopened)
				if reopened.DID() != a.DID() {
					t.Error("another DID")
				}
				none(t, reopened.Rotate(t.Context()))
				w.works(reopened)
				_, err = agency.OpenOffline(t.Context(), store, w.options())
				none(t, err)
				return !c.dead
			})
		})
	}
}

// TestCrashInDeactivate: the DID is deactivated after Open, or as it was.
func TestCrashInDeactivate(t *testing.T) {
	w := newWorld(t)
	everyStep(t, func(c *crash) (over bool) {
		_, store := w.create()
		crashing, err := agency.Open(t.Context(), crashingStore{store, c}, w.client(crashingLog{w.log.Log, c}), crashingLog{w.log.Log, c}, w.options())
		none(t, err)
		err = crashing.Deactivate(t.Context())
		reopened := w.open(store)
		d := w.onLedger(reopened.DID())
		if !bytes.Equal(d.Bytes(), reopened.Object().Bytes()) {
			t.Error("the agency's DID is not the ledger's")
		}
		if err == nil && !d.Deactivated {
			t.Error("not deactivated")
		}
		if !d.Deactivated {
			none(t, reopened.Deactivate(t.Context()))
		}
		return !c.dead
	})
}

// everyStep runs a story that stops at its first step, its second, and so on,
// until it comes to its end.
func everyStep(t *testing.T, story func(*crash) (over bool)) {
	t.Helper()
	const atLeast = 4 // record, batch, question, record
	for at := 1; ; at++ {
		for _, after := range []bool{false, true} {
			over := false
			ok := t.Run(fmt.Sprintf("step %d, after: %v", at, after), func(*testing.T) {
				over = story(&crash{at: at, after: after})
			})
			if over || !ok {
				if at <= atLeast {
					t.Errorf("over after %d steps", at)
				}
				return
			}
		}
	}
}

// TestCrashInEnter: an application of which the vault knows is gone on with; one that
// stopped before can be begun again.
func TestCrashInEnter(t *testing.T) {
	w := newWorld(t)
	everyStep(t, func(c *crash) (over bool) {
		store := vault.NewMemoryStore()
		_, err := agency.Enter(t.Context(), crashingStore{store, c}, w.client(crashingLog{w.log.Log, c}), crashingLog{w.log.Log, c}, w.options(), w.admit)
		if c.dead {
			is(t, err, errCrash)
		}
		a := w.enter(store, w.options())
		w.works(a)
		none(t, a.Rotate(t.Context()))
		w.works(a)
		return !c.dead
	})
}

// TestCrashInAdmit: who admits stops at any step, and does it again.
func TestCrashInAdmit(t *testing.T) {
	w := newWorld(t)
	for at := range 5 {
		for _, after := range []bool{false, true} {
			c := &crash{at: at + 1, after: after}
			root, err := agency.Open(t.Context(), w.rootStore, w.client(crashingLog{w.log.Log, c}), crashingLog{w.log.Log, c}, w.options())
			none(t, err)
			store := vault.NewMemoryStore()
			application, err := agency.Apply(t.Context(), store, w.client(w.log), w.options())
			none(t, err)
			if _, err := root.Admit(t.Context(), application); c.dead && c.n > 0 && err == nil && !after {
				t.Error("admitted by a program that stopped")
			}
			none(t, w.admit(t.Context(), application))
			w.works(w.open(store))
		}
	}
}

// TestKeysAreStoredFirst looks into the vault at the moment of submission.
func TestKeysAreStoredFirst(t *testing.T) {
	w := newWorld(t)
	a, store := w.create()
	looked := 0
	w.log.submit = func(ops []*ledger.SignedOperation) (*ledger.Receipt, error) {
		looked++
		d, err := ledger.ParseDID(a.DID(), ops[0].Operation.Body)
		none(t, err)
		infos, err := vault.NewSoftwareKeys(store).Keys(t.Context())
		none(t, err)
		var stored [][]byte
		for _, info := range infos {
			stored = append(stored, marshal(t, info.Public))
		}
		newest := d.Keys[len(d.Keys)-1].Public
		if !slices.ContainsFunc(stored, func(k []byte) bool { return bytes.Equal(k, newest) }) {
			t.Error("the new signature key is not in the vault")
		}
		if !slices.ContainsFunc(stored, func(k []byte) bool { return ledger.KeyHash(k) == d.Next[0] }) {
			t.Error("the new change key is not in the vault")
		}
		return w.log.Log.Submit(t.Context(), ops...)
	}
	none(t, a.Rotate(t.Context()))
	if looked != 1 {
		t.Errorf("%d submissions", looked)
	}
}

// TestLostAnswer: the line breaks before or after the ledger has the change. The
// agency does not know, says so, and finds out.
func TestLostAnswer(t *testing.T) {
	w := newWorld(t)
	for name, submit := range map[string]func([]*ledger.SignedOperation) (*ledger.Receipt, error){
		"before": func([]*ledger.SignedOperation) (*ledger.Receipt, error) { return nil, errLine },
		"after": func(ops []*ledger.SignedOperation) (*ledger.Receipt, error) {
			_, err := w.log.Log.Submit(t.Context(), ops...)
			return nil, errors.Join(errLine, err)
		},
		"accepted, yet not applied": func([]*ledger.SignedOperation) (*ledger.Receipt, error) { return &ledger.Receipt{}, nil },
	} {
		t.Run(name, func(t *testing.T) {
			w.TB = t
			a, store := w.create()
			w.log.submit = submit
			err := a.Rotate(t.Context())
			w.log.submit = nil
			is(t, err, agency.ErrPending)
			_, err = agency.OpenOffline(t.Context(), store, w.options())
			is(t, err, agency.ErrPending)
			none(t, a.Settle(t.Context()))
			w.works(a)
			if id := a.Keys().KeyID; id != a.DID()+"#sig-2" {
				t.Errorf("signs with %s", id)
			}
			none(t, a.Settle(t.Context()))
			none(t, a.Rotate(t.Context()))
			w.works(a)
		})
	}
}

// TestNoProof: the ledger takes the change and does not prove it.
func TestNoProof(t *testing.T) {
	w := newWorld(t)
	a, store := w.create()
	w.log.prove = func() error { return errLine }
	is(t, a.Rotate(t.Context()), agency.ErrPending)
	is(t, a.Settle(t.Context()), errLine)
	_, err := agency.Open(t.Context(), store, w.client(w.log), w.log, w.options())
	is(t, err, agency.ErrPending)
	w.log.prove = nil
	w.works(w.open(store))
}

// TestOlderProof: a server refuses a change and proves a DID from before the one
// that the agency knows. The agency does not go back to it.
func TestOlderProof(t *testing.T) {
	w := newWorld(t)
	_, store := w.create()
	older := w.log.proved
	none(t, w.open(store).Rotate(t.Context()))
	a := w.open(store) // with a client that has seen nothing
	w.log.replay = older
	w.log.submit = func([]*ledger.SignedOperation) (*ledger.Receipt, error) {
		return nil, &ledger.RefusedError{Kind: ledger.KindDID, Reason: ledger.ErrConflict}
	}
	err := a.Rotate(t.Context())
	w.log.submit, w.log.replay = nil, nil
	is(t, err, agency.ErrPending)
	is(t, err, ledger.ErrReader)
	none(t, a.Settle(t.Context()))
	w.works(a)
	none(t, a.Rotate(t.Context()))
	w.works(a)
}

// TestDroppedChangeComesBack: a server says that the change was refused, and it
// reaches the ledger all the same. The keys of the change are still there.
func TestDroppedChangeComesBack(t *testing.T) {
	w := newWorld(t)
	a, store := w.create()
	var withheld []*ledger.SignedOperation
	w.log.submit = func(ops []*ledger.SignedOperation) (*ledger.Receipt, error) {
		withheld = ops
		return nil, &ledger.RefusedError{Kind: ledger.KindDID, Reason: ledger.ErrConflict}
	}
	refused(t, a.Rotate(t.Context()), ledger.ErrConflict)
	w.log.submit = nil
	w.works(a)
	_, err := w.log.Log.Submit(t.Context(), withheld...)
	none(t, err)

	refused(t, a.Rotate(t.Context()), ledger.ErrConflict) // begun from the DID before
	w.works(a)
	none(t, a.Rotate(t.Context()))
	w.works(a)
	w.works(w.open(store))
}

// TestRefusedChange: an edit that the ledger does not take changes nothing, and
// neither Open nor the next change repeats it.
func TestRefusedChange(t *testing.T) {
	w := newWorld(t)
	a, store := w.create()
	deletes := func(d *ledger.DID) { d.Keys = d.Keys[:1] }
	refused(t, a.Change(t.Context(), deletes), ledger.ErrConflict)
	w.works(a)
	none(t, a.Rotate(t.Context()))
	w.works(a)

	// The same, where the program stops before the answer comes.
	w.log.submit = func([]*ledger.SignedOperation) (*ledger.Receipt, error) { return nil, errLine }
	is(t, a.Change(t.Context(), deletes), agency.ErrPending)
	w.log.submit = nil
	again := w.open(store)
	w.works(again)
	none(t, again.Rotate(t.Context()))

	w.log.submit = func([]*ledger.SignedOperation) (*ledger.Receipt, error) { return nil, errLine }
	is(t, again.Change(t.Context(), deletes), agency.ErrPending)
	w.log.submit = nil
	none(t, again.Rotate(t.Context()))
	w.works(again)
}

// TestAbsentWithoutProof: a server says without proof that there is no such DID. The
// application stays, and nobody is admitted on the server's word.
func TestAbsentWithoutProof(t *testing.T) {
	w := newWorld(t)
	store := vault.NewMemoryStore()
	application, err := agency.Apply(t.Context(), store, w.client(w.log), w.options())
	none(t, err)
	none(t, w.admit(t.Context(), application))
	w.log.prove = func() error { return fmt.Errorf("%w: %w", ledger.ErrReader, ledger.ErrAbsent) }
	_, err = agency.Open(t.Context(), store, w.client(w.log), w.log, w.options())
	is(t, err, agency.ErrPending)
	is(t, w.admit(t.Context(), application), ledger.ErrReader)
	w.log.prove = nil
	w.works(w.open(store))
}
