// Package wallettest holds the contract tests of wallet.Store and
// wallet.KeyStore. An implementation's own test calls them:
//
//	func TestStore(t *testing.T) { wallettest.TestStore(t, open) }
//
// They say nothing about secrecy, durability or a second process: those
// belong to the tests of the implementation that promises them.
package wallettest

import (
	"context"
	"errors"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/hufu-id/hufu/wallet"
)

// TestStore runs the contract against the stores that open returns, each of
// them empty and for one subtest. TestStore closes them.
func TestStore(t *testing.T, open func(t *testing.T) wallet.Store) {
	tests := []struct {
		name string
		run  func(t *testing.T, s wallet.Store)
	}{
		{"put, get, replace, delete", testLifecycle},
		{"an absent record is ErrNotFound", testAbsent},
		{"kinds do not mix", testKinds},
		{"list by tags, in order", testList},
		{"a replaced record loses its tags", testRetag},
		{"a failed update leaves nothing", testRollback},
		{"a panicking update leaves nothing", testPanic},
		{"a cancelled context writes nothing", testCancelled},
		{"a view cannot write", testReadOnly},
		{"a transaction ends with its function", testTxDone},
		{"names are bounded", testNames},
		{"values are copies", testCopies},
		{"updates do not overtake each other", testConcurrent},
		{"a closed store is ErrClosed", testClosed},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := open(t)
			defer s.Close()
			tt.run(t, s)
		})
	}
}

func update(t *testing.T, s wallet.Store, fn func(wallet.Tx) error) {
	t.Helper()
	if err := s.Update(t.Context(), fn); err != nil {
		t.Fatal(err)
	}
}

func put(t *testing.T, s wallet.Store, kind, id, value string, tags ...wallet.Tag) {
	t.Helper()
	update(t, s, func(tx wallet.Tx) error { return tx.Put(kind, id, []byte(value), tags...) })
}

func get(t *testing.T, s wallet.Store, kind, id string) (record wallet.Record, err error) {
	t.Helper()
	err = s.View(t.Context(), func(tx wallet.Tx) (err error) {
		record, err = tx.Get(kind, id)
		return err
	})
	return record, err
}

func wantRecord(t *testing.T, s wallet.Store, kind, id, value string, version uint64) {
	t.Helper()
	r, err := get(t, s, kind, id)
	if err != nil {
		t.Fatal(err)
	}
	if r.Kind != kind || r.ID != id || string(r.Value) != value || r.Version != version {
		t.Errorf("got %s/%s version %d %q, want %s/%s version %d %q",
			r.Kind, r.ID, r.Version, r.Value, kind, id, version, value)
	}
}

func wantList(t *testing.T, s wallet.Store, kind, want string, tags ...wallet.Tag) {
	t.Helper()
	var ids []string
	err := s.View(t.Context(), func(tx wallet.Tx) error {
		records, err := tx.List(kind, tags...)
		for _, r := range records {
			ids = append(ids, r.ID+"="+string(r.Value))
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if got := strings.Join(ids, " "); got != want {
		t.Errorf("list of %s by %v: got %q, want %q", kind, tags, got, want)
	}
}

func wantError(t *testing.T, err, want error) {
	t.Helper()
	if !errors.Is(err, want) {
		t.Errorf("got error %v, want %v", err, want)
	}
}

func testLifecycle(t *testing.T, s wallet.Store) {
	put(t, s, "credential", "a", "one")
	wantRecord(t, s, "credential", "a", "one", 1)
	put(t, s, "credential", "a", "two")
	wantRecord(t, s, "credential", "a", "two", 2)
	update(t, s, func(tx wallet.Tx) error { return tx.Delete("credential", "a") })
	_, err := get(t, s, "credential", "a")
	wantError(t, err, wallet.ErrNotFound)
	put(t, s, "credential", "a", "")
	wantRecord(t, s, "credential", "a", "", 1)
}

func testAbsent(t *testing.T, s wallet.Store) {
	_, err := get(t, s, "credential", "nobody")
	wantError(t, err, wallet.ErrNotFound)
	err = s.Update(t.Context(), func(tx wallet.Tx) error { return tx.Delete("credential", "nobody") })
	wantError(t, err, wallet.ErrNotFound)
}

func testKinds(t *testing.T, s wallet.Store) {
	put(t, s, "ab", "c", "first")
	put(t, s, "a", "bc", "second")
	wantRecord(t, s, "ab", "c", "first", 1)
	wantRecord(t, s, "a", "bc", "second", 1)
	wantList(t, s, "a", "bc=second")
	wantList(t, s, "b", "")
}

func testList(t *testing.T, s wallet.Store) {
	red, large := wallet.Tag{Name: "colour", Value: "red"}, wallet.Tag{Name: "size", Value: "large"}
	put(t, s, "k", "c", "3", red, large)
	put(t, s, "k", "a", "1", red)
	put(t, s, "k", "b", "2", large)
	put(t, s, "other", "d", "4", red)
	wantList(t, s, "k", "a=1 b=2 c=3")
	wantList(t, s, "k", "a=1 c=3", red)
	wantList(t, s, "k", "c=3", red, large)
	wantList(t, s, "k", "", wallet.Tag{Name: "size", Value: "red"})
}

func testRetag(t *testing.T, s wallet.Store) {
	oldTag, newTag := wallet.Tag{Name: "state", Value: "old"}, wallet.Tag{Name: "state", Value: "new"}
	put(t, s, "k", "a", "1", oldTag, oldTag)
	put(t, s, "k", "a", "2", newTag)
	wantList(t, s, "k", "", oldTag)
	wantList(t, s, "k", "a=2", newTag)
	put(t, s, "k", "a", "3")
	wantList(t, s, "k", "", newTag)
}

func testRollback(t *testing.T, s wallet.Store) {
	put(t, s, "k", "a", "kept")
	failure := errors.New("the caller changed its mind")
	err := s.Update(t.Context(), func(tx wallet.Tx) error {
		if err := tx.Put("k", "a", []byte("lost")); err != nil {
			return err
		}
		if err := tx.Put("k", "b", []byte("lost")); err != nil {
			return err
		}
		r, err := tx.Get("k", "b")
		if err != nil || string(r.Value) != "lost" {
			t.Errorf("a transaction does not see its own write: %v", err)
		}
		return failure
	})
	wantError(t, err, failure)
	wantList(t, s, "k", "a=kept")
}

func testPanic(t *testing.T, s wallet.Store) {
	func() {
		defer func() {
			if recover() == nil {
				t.Error("the panic was swallowed")
			}
		}()
		s.Update(t.Context(), func(tx wallet.Tx) error {
			tx.Put("k", "a", []byte("lost"))
			panic("caller's mistake")
		})
	}()
	wantList(t, s, "k", "")
	put(t, s, "k", "b", "after")
	wantList(t, s, "k", "b=after")
}

func testCancelled(t *testing.T, s wallet.Store) {
	ctx, cancel := context.WithCancel(t.Context())
	err := s.Update(ctx, func(tx wallet.Tx) error {
		err := tx.Put("k", "a", []byte("lost"))
		cancel()
		return err
	})
	wantError(t, err, context.Canceled)
	wantError(t, s.View(ctx, func(wallet.Tx) error { return nil }), context.Canceled)
	wantList(t, s, "k", "")
}

func testReadOnly(t *testing.T, s wallet.Store) {
	put(t, s, "k", "a", "1")
	err := s.View(t.Context(), func(tx wallet.Tx) error {
		wantError(t, tx.Put("k", "b", nil), wallet.ErrReadOnly)
		wantError(t, tx.Delete("k", "a"), wallet.ErrReadOnly)
		return nil
	})
	if err != nil {
		t.Error(err)
	}
	wantList(t, s, "k", "a=1")
}

func testTxDone(t *testing.T, s wallet.Store) {
	for name, run := range map[string]func(context.Context, func(wallet.Tx) error) error{
		"view": s.View, "update": s.Update,
	} {
		var kept wallet.Tx
		if err := run(t.Context(), func(tx wallet.Tx) error { kept = tx; return nil }); err != nil {
			t.Fatal(name, err)
		}
		_, err := kept.Get("k", "a")
		wantError(t, err, wallet.ErrTxDone)
		_, err = kept.List("k")
		wantError(t, err, wallet.ErrTxDone)
		wantError(t, kept.Put("k", "a", nil), wallet.ErrTxDone)
		wantError(t, kept.Delete("k", "a"), wallet.ErrTxDone)
	}
}

func testNames(t *testing.T, s wallet.Store) {
	long := strings.Repeat("x", 513)
	update(t, s, func(tx wallet.Tx) error {
		for _, name := range []string{"", long} {
			_, err := tx.Get(name, "a")
			wantError(t, err, wallet.ErrName)
			_, err = tx.List(name)
			wantError(t, err, wallet.ErrName)
			wantError(t, tx.Put("k", name, nil), wallet.ErrName)
			wantError(t, tx.Put("k", "a", nil, wallet.Tag{Name: name}), wallet.ErrName)
			wantError(t, tx.Delete("k", name), wallet.ErrName)
		}
		return nil
	})
}

func testCopies(t *testing.T, s wallet.Store) {
	value := []byte("first")
	update(t, s, func(tx wallet.Tx) error {
		err := tx.Put("k", "a", value)
		value[0] = 'X'
		return err
	})
	r, err := get(t, s, "k", "a")
	if err != nil {
		t.Fatal(err)
	}
	r.Value[0] = 'Y'
	wantRecord(t, s, "k", "a", "first", 1)
}

func testConcurrent(t *testing.T, s wallet.Store) {
	const writers, rounds = 4, 10
	put(t, s, "k", "counter", "0")
	var group sync.WaitGroup
	for range writers {
		group.Go(func() {
			for range rounds {
				if err := s.Update(t.Context(), increment); err != nil {
					t.Error(err)
				}
				if _, err := get(t, s, "k", "counter"); err != nil {
					t.Error(err)
				}
			}
		})
	}
	group.Wait()
	wantRecord(t, s, "k", "counter", strconv.Itoa(writers*rounds), writers*rounds+1)
}

func increment(tx wallet.Tx) error {
	r, err := tx.Get("k", "counter")
	if err != nil {
		return err
	}
	n, err := strconv.Atoi(string(r.Value))
	if err != nil {
		return err
	}
	return tx.Put("k", "counter", []byte(strconv.Itoa(n+1)))
}

func testClosed(t *testing.T, s wallet.Store) {
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	nothing := func(wallet.Tx) error { return nil }
	wantError(t, s.View(t.Context(), nothing), wallet.ErrClosed)
	wantError(t, s.Update(t.Context(), nothing), wallet.ErrClosed)
}
