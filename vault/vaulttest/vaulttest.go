// Package vaulttest holds the contract tests of vault.Store and
// vault.KeyStore. An implementation's own test calls them:
//
//	func TestStore(t *testing.T) { vaulttest.TestStore(t, open) }
//
// They say nothing about secrecy, durability or a second process: those
// belong to the tests of the implementation that promises them.
package vaulttest

import (
	"context"
	"errors"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/hufu-id/hufu/vault"
)

// TestStore runs the contract against the stores that open returns, each of
// them empty and for one subtest. TestStore closes them.
func TestStore(t *testing.T, open func(t *testing.T) vault.Store) {
	tests := []struct {
		name string
		run  func(t *testing.T, s vault.Store)
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

func update(t *testing.T, s vault.Store, fn func(vault.Tx) error) {
	t.Helper()
	if err := s.Update(t.Context(), fn); err != nil {
		t.Fatal(err)
	}
}

func put(t *testing.T, s vault.Store, kind, id, value string, tags ...vault.Tag) {
	t.Helper()
	update(t, s, func(tx vault.Tx) error { return tx.Put(kind, id, []byte(value), tags...) })
}

func get(t *testing.T, s vault.Store, kind, id string) (record vault.Record, err error) {
	t.Helper()
	err = s.View(t.Context(), func(tx vault.Tx) (err error) {
		record, err = tx.Get(kind, id)
		return err
	})
	return record, err
}

func wantRecord(t *testing.T, s vault.Store, kind, id, value string, version uint64) {
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

func wantList(t *testing.T, s vault.Store, kind, want string, tags ...vault.Tag) {
	t.Helper()
	var ids []string
	err := s.View(t.Context(), func(tx vault.Tx) error {
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

func testLifecycle(t *testing.T, s vault.Store) {
	put(t, s, "credential", "a", "one")
	wantRecord(t, s, "credential", "a", "one", 1)
	put(t, s, "credential", "a", "two")
	wantRecord(t, s, "credential", "a", "two", 2)
	update(t, s, func(tx vault.Tx) error { return tx.Delete("credential", "a") })
	_, err := get(t, s, "credential", "a")
	wantError(t, err, vault.ErrNotFound)
	put(t, s, "credential", "a", "")
	wantRecord(t, s, "credential", "a", "", 1)
}

func testAbsent(t *testing.T, s vault.Store) {
	_, err := get(t, s, "credential", "nobody")
	wantError(t, err, vault.ErrNotFound)
	err = s.Update(t.Context(), func(tx vault.Tx) error { return tx.Delete("credential", "nobody") })
	wantError(t, err, vault.ErrNotFound)
}

func testKinds(t *testing.T, s vault.Store) {
	put(t, s, "ab", "c", "first")
	put(t, s, "a", "bc", "second")
	wantRecord(t, s, "ab", "c", "first", 1)
	wantRecord(t, s, "a", "bc", "second", 1)
	wantList(t, s, "a", "bc=second")
	wantList(t, s, "b", "")
}

func testList(t *testing.T, s vault.Store) {
	red, large := vault.Tag{Name: "colour", Value: "red"}, vault.Tag{Name: "size", Value: "large"}
	put(t, s, "k", "c", "3", red, large)
	put(t, s, "k", "a", "1", red)
	put(t, s, "k", "b", "2", large)
	put(t, s, "other", "d", "4", red)
	wantList(t, s, "k", "a=1 b=2 c=3")
	wantList(t, s, "k", "a=1 c=3", red)
	wantList(t, s, "k", "c=3", red, large)
	wantList(t, s, "k", "", vault.Tag{Name: "size", Value: "red"})
}

func testRetag(t *testing.T, s vault.Store) {
	oldTag, newTag := vault.Tag{Name: "state", Value: "old"}, vault.Tag{Name: "state", Value: "new"}
	put(t, s, "k", "a", "1", oldTag, oldTag)
	put(t, s, "k", "a", "2", newTag)
	wantList(t, s, "k", "", oldTag)
	wantList(t, s, "k", "a=2", newTag)
	put(t, s, "k", "a", "3")
	wantList(t, s, "k", "", newTag)
}

func testRollback(t *testing.T, s vault.Store) {
	put(t, s, "k", "a", "kept")
	failure := errors.New("the caller changed its mind")
	err := s.Update(t.Context(), func(tx vault.Tx) error {
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

func testPanic(t *testing.T, s vault.Store) {
	func() {
		defer func() {
			if recover() == nil {
				t.Error("the panic was swallowed")
			}
		}()
		s.Update(t.Context(), func(tx vault.Tx) error {
			tx.Put("k", "a", []byte("lost"))
			panic("caller's mistake")
		})
	}()
	wantList(t, s, "k", "")
	put(t, s, "k", "b", "after")
	wantList(t, s, "k", "b=after")
}

func testCancelled(t *testing.T, s vault.Store) {
	ctx, cancel := context.WithCancel(t.Context())
	err := s.Update(ctx, func(tx vault.Tx) error {
		err := tx.Put("k", "a", []byte("lost"))
		cancel()
		return err
	})
	wantError(t, err, context.Canceled)
	wantError(t, s.View(ctx, func(vault.Tx) error { return nil }), context.Canceled)
	wantList(t, s, "k", "")
}

func testReadOnly(t *testing.T, s vault.Store) {
	put(t, s, "k", "a", "1")
	err := s.View(t.Context(), func(tx vault.Tx) error {
		wantError(t, tx.Put("k", "b", nil), vault.ErrReadOnly)
		wantError(t, tx.Delete("k", "a"), vault.ErrReadOnly)
		return nil
	})
	if err != nil {
		t.Error(err)
	}
	wantList(t, s, "k", "a=1")
}

func testTxDone(t *testing.T, s vault.Store) {
	for name, run := range map[string]func(context.Context, func(vault.Tx) error) error{
		"view": s.View, "update": s.Update,
	} {
		var kept vault.Tx
		if err := run(t.Context(), func(tx vault.Tx) error { kept = tx; return nil }); err != nil {
			t.Fatal(name, err)
		}
		_, err := kept.Get("k", "a")
		wantError(t, err, vault.ErrTxDone)
		_, err = kept.List("k")
		wantError(t, err, vault.ErrTxDone)
		wantError(t, kept.Put("k", "a", nil), vault.ErrTxDone)
		wantError(t, kept.Delete("k", "a"), vault.ErrTxDone)
	}
}

func testNames(t *testing.T, s vault.Store) {
	long := strings.Repeat("x", 513)
	update(t, s, func(tx vault.Tx) error {
		for _, name := range []string{"", long} {
			_, err := tx.Get(name, "a")
			wantError(t, err, vault.ErrName)
			_, err = tx.List(name)
			wantError(t, err, vault.ErrName)
			wantError(t, tx.Put("k", name, nil), vault.ErrName)
			wantError(t, tx.Put("k", "a", nil, vault.Tag{Name: name}), vault.ErrName)
			wantError(t, tx.Delete("k", name), vault.ErrName)
		}
		return nil
	})
}

func testCopies(t *testing.T, s vault.Store) {
	value := []byte("first")
	update(t, s, func(tx vault.Tx) error {
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

func testConcurrent(t *testing.T, s vault.Store) {
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

func increment(tx vault.Tx) error {
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

func testClosed(t *testing.T, s vault.Store) {
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	nothing := func(vault.Tx) error { return nil }
	wantError(t, s.View(t.Context(), nothing), vault.ErrClosed)
	wantError(t, s.Update(t.Context(), nothing), vault.ErrClosed)
}
