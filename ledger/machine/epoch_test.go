package machine_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"slices"
	"testing"
	"time"

	"github.com/hufu-id/hufu/ledger"
	"github.com/hufu-id/hufu/ledger/ledgertest"
	"github.com/hufu-id/hufu/ledger/machine"
)

// close moves the clock past the end of the epoch and returns the closed one.
func (w *world) close() *ledger.Epoch {
	w.Helper()
	w.now = w.now.Add(time.Hour)
	state := w.accept().Head.State
	e := must(ledger.ParseEpoch(must(machine.Value(w.store, ledger.EpochKey(state.Epoch)))(w)))(w)
	if e.Number != state.Epoch || e.Day != state.Day || e.RegistryRoot != state.RegistryRoot || e.RevocationRoot != state.RevocationRoot {
		w.Fatalf("epoch %+v is not the state leaf's %+v", e, state)
	}
	registry, revocation, err := ledgertest.ZK{}.Roots(must(machine.Registry(w.store, e.Number))(w), must(machine.RevokedAfter(w.store, e.Number, nil))(w).Handles)
	if err != nil || registry != e.RegistryRoot || revocation != e.RevocationRoot {
		w.Fatal("the published sets are not those of the roots")
	}
	return e
}

func leaf(key ledger.PublicKey, version uint32, region string) [32]byte {
	from, until, _ := key.Days()
	l, _ := ledgertest.ZK{}.RegistryLeaf(key.Public, "resident", version, region, from, until)
	return l
}

func TestEpochCloses(t *testing.T) {
	w := newWorld(t)
	before := uint64(start.Unix() / 3600)
	if state := w.accept().Head.State; state.Epoch != 0 {
		t.Fatal("closed within the epoch")
	}
	w.now = start.Truncate(time.Hour).Add(time.Hour - time.Millisecond)
	if state := w.accept().Head.State; state.Epoch != 0 {
		t.Fatal("closed before its end")
	}
	w.now = w.now.Add(time.Millisecond)
	state := w.accept().Head.State
	if state.Epoch != before || state.Day != ledger.Day(w.now) {
		t.Fatalf("closed %d on day %d", state.Epoch, state.Day)
	}
	if again := w.accept().Head.State; again.Epoch != before {
		t.Fatal("closed twice")
	}
	w.now = w.now.Add(5 * time.Hour)
	if state := w.accept().Head.State; state.Epoch != before+5 {
		t.Fatalf("after five hours: %d", state.Epoch)
	}
	if _, err := machine.RevokedAfter(w.store, before+2, nil); !is(err, ledger.ErrAbsent) {
		t.Fatal("a skipped epoch:", err)
	}
	if _, err := machine.Registry(w.store, before+2); !is(err, ledger.ErrAbsent) {
		t.Fatal("a skipped epoch:", err)
	}
}

// TestRegistry: in it is who may issue, and nobody else.
func TestRegistry(t *testing.T) {
	w := newWorld(t)
	p, entitlement := w.province()
	closed := proofKey(7)
	closed.From, closed.Until = start.Unix(), start.Unix()+40*3600
	a, b := w.agency(closed), w.agency(proofKey(8))
	verifier := w.agency(proofKey(9))
	w.accept(
		w.sign(w.accreditation(a, ledger.ActionIssue, beijing), w.root.key),
		w.sign(given(p, entitlement.Key(), b, dongche), p.key),
		w.sign(w.accreditation(verifier, ledger.ActionVerify, beijing), w.root.key),
	)
	w.accept(w.sign(schemaOf(a, 1), a.key), w.sign(schemaOf(a, 2), a.key))
	other := schemaOf(a, 3)
	other.VCT = "https://example.org/driver"
	other.Owner = w.root.did
	w.accept(w.sign(other, w.root.key))

	want := [][32]byte{
		leaf(closed, 1, beijing), leaf(closed, 2, beijing), leaf(proofKey(8), 1, dongche), leaf(proofKey(8), 2, dongche),
	}
	slices.SortFunc(want, func(a, b [32]byte) int { return bytes.Compare(a[:], b[:]) })
	first := w.close()
	if got := must(machine.Registry(w.store, first.Number))(t); !slices.Equal(got, want) {
		t.Fatalf("%d leaves, want %d", len(got), len(want))
	}

	entitlement.State = ledger.StateSuspended
	w.accept(w.sign(entitlement, w.root.key))
	if got := must(machine.Registry(w.store, w.close().Number))(t); len(got) != 2 {
		t.Fatalf("province suspended: %d leaves, want 2", len(got))
	}
	if got := must(machine.Registry(w.store, first.Number))(t); !slices.Equal(got, want) {
		t.Fatal("an epoch that was closed changed")
	}

	d := a.change(t)
	d.Keys[1].CompromisedFrom = w.now.Unix() // long after its first day
	w.accept(w.sign(d, a.next))
	if got := must(machine.Registry(w.store, w.close().Number))(t); len(got) != 0 {
		t.Fatalf("a compromised key is in the registry: %d leaves", len(got))
	}
}

func TestRevocationEpochs(t *testing.T) {
	w := newWorld(t)
	a := w.accredited(proofKey(7))
	w.accept(w.sign(statusOf(a, 1), a.key))
	none := w.close()
	r := &ledger.Revocation{ProofKey: proofKey(7).Public, Random: [16]byte{1}, List: listURI, Index: 5}
	w.accept(w.sign(r, a.key))
	one := w.close()
	w.accept(w.sign(r, a.key)) // another operation, the same handle
	r.Random[0] = 2
	w.accept(w.sign(r, a.key))
	two := w.close()
	handle, _ := ledgertest.ZK{}.Handle(r.ProofKey, [16]byte{1})
	for n, e := range []*ledger.Epoch{none, one, two} {
		got := must(machine.RevokedAfter(w.store, e.Number, nil))(t).Handles
		if len(got) != n || n == 1 && got[0] != handle {
			t.Errorf("epoch %d: %d handles, want %d", e.Number, len(got), n)
		}
	}
}

// TestRevokedInTheClosingBatch counts already: the roots are those of the
// checkpoint that closes the epoch.
func TestRevokedInTheClosingBatch(t *testing.T) {
	w := newWorld(t)
	a := w.accredited(proofKey(7))
	w.accept(w.sign(statusOf(a, 1), a.key))
	w.now = w.now.Add(time.Hour)
	state := w.accept(w.sign(&ledger.Revocation{ProofKey: proofKey(7).Public, List: listURI}, a.key)).Head.State
	if got := must(machine.RevokedAfter(w.store, state.Epoch, nil))(t).Handles; len(got) != 1 {
		t.Fatalf("%d handles", len(got))
	}
}

// TestRevokedPages: the pages of an epoch together are its handles, whatever was revoked
// after it.
func TestRevokedPages(t *testing.T) {
	w := newWorld(t)
	e := w.close()
	height := must(machine.ReadHead(w.store))(t).State.Height
	var want [][ledger.HandleSize]byte
	for n := range 200_000 {
		handle := [ledger.HandleSize]byte{byte(n >> 16), byte(n >> 8), byte(n)}
		at := height
		if n%3 != 0 || n < 100_000 {
			at++ // counts from the next epoch on
		} else {
			want = append(want, handle)
		}
		if err := w.store.Put(machine.TableRevoked, handle[:], binary.BigEndian.AppendUint64(nil, at)); err != nil {
			t.Fatal(err)
		}
	}
	var got [][ledger.HandleSize]byte
	var after []byte
	for pages := 1; ; pages++ {
		page := must(machine.RevokedAfter(w.store, e.Number, after))(t)
		if got = append(got, page.Handles...); len(page.Handles) > 1<<16 {
			t.Fatalf("%d handles in a page", len(page.Handles))
		}
		if after = page.Next; after == nil {
			if pages != 4 {
				t.Errorf("%d pages", pages)
			}
			break
		}
	}
	if !slices.Equal(got, want) {
		t.Errorf("%d handles, want %d", len(got), len(want))
	}
	reader := machine.NewReader(func(_ context.Context, read func(machine.Store, []byte) error) error { return read(w.store, nil) })
	if all := must(reader.Revoked(t.Context(), e.Number))(t); !slices.Equal(all, want) {
		t.Errorf("%d handles together, want %d", len(all), len(want))
	}
}
