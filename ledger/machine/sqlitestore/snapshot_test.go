package sqlitestore_test

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"github.com/hufu-id/hufu/ledger/machine"
	"github.com/hufu-id/hufu/ledger/machine/sqlitestore"
)

func reads(db *sqlitestore.DB) machine.Reads {
	return func(ctx context.Context, read func(machine.Store) error) error {
		return db.View(ctx, func(tx *sqlitestore.Tx) error { return read(tx) })
	}
}

func snapshot(t testing.TB, db *sqlitestore.DB) *sqlitestore.Snapshot {
	t.Helper()
	return must(db.Snapshot(t.Context()))(t)
}

// TestSnapshot: a snapshot goes on reading what it began with, and needs no connection
// meanwhile.
func TestSnapshot(t *testing.T) {
	db := open(t, create(t), sqlitestore.Options{Readers: 1})
	put(t, db, "key", "old")
	before := snapshot(t, db)
	put(t, db, "key", "new")
	put(t, db, "more", "new")
	after := must(db.OwnSnapshot(t.Context()))(t)
	if get(t, before, "key") != "old" || get(t, before, "more") != "" || get(t, after, "key") != "new" {
		t.Error("a snapshot moves")
	}
	if err := before.Put(machine.TableValue, []byte("key"), []byte("mine")); !errors.Is(err, sqlitestore.ErrReadOnly) {
		t.Error("a snapshot writes:", err)
	}
	if err := errors.Join(before.Rollback(), before.Rollback(), after.Rollback()); err != nil {
		t.Error(err)
	}
	if _, err := before.Get(machine.TableValue, []byte("key")); !errors.Is(err, machine.ErrGone) {
		t.Error("read after its end:", err)
	}
	err := before.Scan(machine.TableValue, nil, func([]byte, []byte) error { return nil })
	if !errors.Is(err, machine.ErrGone) {
		t.Error("scanned after its end:", err)
	}
}

// TestSnapshotReadOnly: without a writer nothing of earlier states is kept.
func TestSnapshotReadOnly(t *testing.T) {
	db := open(t, create(t), sqlitestore.Options{ReadOnly: true})
	if _, err := db.Snapshot(t.Context()); !errors.Is(err, sqlitestore.ErrReadOnly) {
		t.Error(err)
	}
}

// TestSnapshotsAgainstMemory holds snapshots of random states against copies in memory,
// while transactions are committed and rolled back.
func TestSnapshotsAgainstMemory(t *testing.T) {
	db := open(t, create(t), sqlitestore.Options{})
	random := rand.New(rand.NewPCG(4, 13))
	now := map[string]string{}
	type held struct {
		*sqlitestore.Snapshot
		want *machine.Memory
	}
	var snapshots []held
	own := errors.New("rolled back")
	for round := range 30 {
		next := map[string]string{}
		for k, v := range now {
			next[k] = v
		}
		err := db.Update(t.Context(), func(tx *sqlitestore.Tx) error {
			for n := range random.IntN(400) {
				key, value := fmt.Sprint(random.IntN(900)), fmt.Sprint(round, n)
				if err := tx.Put(machine.TableValue, []byte(key), []byte(value)); err != nil {
					return err
				}
				next[key] = value
			}
			if round == 15 { // one is taken while a transaction is under way
				snapshots = append(snapshots, held{snapshot(t, db), memoryOf(now)})
			}
			if random.IntN(4) == 0 {
				return own
			}
			return nil
		})
		if err != nil && !errors.Is(err, own) {
			t.Fatal(err)
		}
		if err == nil {
			now = next
		}
		snapshots = append(snapshots, held{snapshot(t, db), memoryOf(now)})
		if len(snapshots) > 8 {
			i := random.IntN(len(snapshots))
			if err := snapshots[i].Rollback(); err != nil {
				t.Fatal(err)
			}
			snapshots = append(snapshots[:i], snapshots[i+1:]...)
		}
		for i, s := range snapshots {
			if err := machine.Compare(s, s.want); err != nil {
				t.Fatalf("round %d, snapshot %d: %v", round, i, err)
			}
			for range 20 {
				key := fmt.Sprint(random.IntN(900))
				if got := get(t, s, key); got != get(t, s.want, key) {
					t.Fatalf("round %d, snapshot %d, %s: %q", round, i, key, got)
				}
				if got, want := scanAfter(t, s, key[:1], key), scanAfter(t, s.want, key[:1], key); got != want {
					t.Fatalf("round %d, snapshot %d, after %s:\n%s\n%s", round, i, key, got, want)
				}
			}
		}
	}
}

func memoryOf(rows map[string]string) *machine.Memory {
	m := machine.NewMemory()
	for key, value := range rows {
		if err := m.Put(machine.TableValue, []byte(key), []byte(value)); err != nil {
			panic(err)
		}
	}
	return m
}

func scanAfter(t *testing.T, store machine.Store, prefix, after string) (rows string) {
	err := store.ScanAfter(machine.TableValue, []byte(prefix), []byte(after), func(key, value []byte) error {
		rows += fmt.Sprintf("%q: %q, ", key, value)
		return nil
	})
	if err != nil {
		t.Error(err)
	}
	return rows
}

// TestPastIsBounded: where memory ends, the oldest snapshot does, and newer ones go on.
func TestPastIsBounded(t *testing.T) {
	db := open(t, create(t), sqlitestore.Options{Past: 100_000})
	fill := func(round byte) {
		err := db.Update(t.Context(), func(tx *sqlitestore.Tx) error {
			for n := range byte(200) {
				if err := tx.Put(machine.TableValue, []byte{n}, append(make([]byte, 300), round)); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	fill(1)
	old := snapshot(t, db)
	fill(2)
	if b := must(old.Get(machine.TableValue, []byte{7}))(t); b[300] != 1 {
		t.Error("not the old value")
	}
	newer := snapshot(t, db)
	fill(3)
	if _, err := old.Get(machine.TableValue, []byte{7}); !errors.Is(err, machine.ErrGone) {
		t.Error("kept beyond the cap:", err)
	}
	err := old.Scan(machine.TableValue, nil, func([]byte, []byte) error { return nil })
	if !errors.Is(err, machine.ErrGone) {
		t.Error("scanned beyond the cap:", err)
	}
	if b := must(newer.Get(machine.TableValue, []byte{7}))(t); b[300] != 2 {
		t.Error("a newer snapshot is not its own state")
	}
}

// TestGivenUpAndRolledBack: a transaction that replaces more than there is room for, and
// is rolled back, leaves a state of which there are snapshots again.
func TestGivenUpAndRolledBack(t *testing.T) {
	db := open(t, create(t), sqlitestore.Options{Past: 1000})
	put(t, db, "key", "old")
	held, own := snapshot(t, db), errors.New("own")
	err := db.Update(t.Context(), func(tx *sqlitestore.Tx) error {
		for n := range byte(100) {
			if err := tx.Put(machine.TableValue, []byte{n}, []byte{1}); err != nil {
				return err
			}
		}
		if _, err := db.Snapshot(t.Context()); !errors.Is(err, machine.ErrGone) {
			t.Error("a snapshot of a state that is given up:", err)
		}
		return own
	})
	if !errors.Is(err, own) {
		t.Fatal(err)
	}
	if _, err := held.Get(machine.TableValue, []byte("key")); !errors.Is(err, machine.ErrGone) {
		t.Error(err)
	}
	again := snapshot(t, db)
	put(t, db, "key", "new")
	if got := get(t, again, "key"); got != "old" {
		t.Error(got)
	}
}

// TestWALStaysShort: readers overlap without a gap while a writer commits, and the
// write-ahead log stays below a bound.
func TestWALStaysShort(t *testing.T) {
	const bound, batches = 1 << 20, 60
	path := create(t)
	db := open(t, path, sqlitestore.Options{WAL: bound})
	put(t, db, "first", "value")
	var readers sync.WaitGroup
	stop := make(chan struct{})
	for n := range 8 {
		readers.Go(func() { overlap(t, db, n%2 == 0, stop) })
	}
	var longest int64
	for n := range batches {
		err := db.Update(t.Context(), func(tx *sqlitestore.Tx) error {
			for k := range 40 {
				key := binary.BigEndian.AppendUint64(nil, uint64(k*batches+n)*0x9e3779b97f4a7c15)
				if err := tx.Put(machine.TableNode, key, make([]byte, 128)); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			t.Error(err)
			break
		}
		sizes := must(db.Sizes())(t)
		longest = max(longest, sizes.WAL)
	}
	close(stop)
	readers.Wait()
	if longest > bound {
		t.Errorf("the write-ahead log had %d bytes", longest)
	}
	sizes := must(db.Sizes())(t)
	if info, err := os.Stat(path); err != nil || sizes.Database != info.Size() || sizes.Database < bound/4 {
		t.Errorf("%d bytes of database: %v", sizes.Database, err)
	}
}

// overlap reads until stop, and begins the next read before the last one ends.
func overlap(t *testing.T, db *sqlitestore.DB, views bool, stop chan struct{}) {
	var last *sqlitestore.Snapshot
	for {
		select {
		case <-stop:
			return
		default:
		}
		next, err := db.Snapshot(context.Background())
		if err != nil {
			t.Error(err)
			return
		}
		if last != nil {
			last.Rollback()
		}
		last = next
		if views {
			err = db.View(context.Background(), func(tx *sqlitestore.Tx) error { return count(tx) })
		} else {
			err = count(next)
		}
		if err != nil {
			t.Error(err)
			return
		}
	}
}

func count(store machine.Store) error {
	return store.Scan(machine.TableNode, []byte{7}, func([]byte, []byte) error { return nil })
}

// TestReadersHoldNobodyUp: sixteen readers stop in the middle of a scan. Others read,
// the writer writes, and the write-ahead log is cut.
func TestReadersHoldNobodyUp(t *testing.T) {
	const bound = 256 << 10
	db := open(t, create(t), sqlitestore.Options{Readers: 2, WAL: bound})
	fill := func(more, value string) {
		err := db.Update(t.Context(), func(tx *sqlitestore.Tx) (err error) {
			for n := range 600 {
				err = errors.Join(err, tx.Put(machine.TableValue, fmt.Appendf(nil, "key %03d%s", n, more), []byte(value)))
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	fill("", "old")
	published := snapshot(t, db)
	stopped, goOn := make(chan struct{}), make(chan struct{})
	var readers sync.WaitGroup
	for range 16 {
		readers.Go(func() {
			rows := 0
			err := published.Scan(machine.TableValue, nil, func(_, value []byte) error {
				if rows++; rows == 300 {
					stopped <- struct{}{}
					<-goOn
				}
				if string(value) != "old" {
					return errors.New("a scan sees what came after")
				}
				return nil
			})
			if err != nil || rows != 600 {
				t.Error(rows, err)
			}
		})
	}
	for range 16 {
		<-stopped
	}
	for range 4 {
		fill("", string(make([]byte, 1000)))
		fill(" and more", "new")
	}
	if got := get(t, published, "key 599"); got != "old" {
		t.Error(got)
	}
	if sizes := must(db.Sizes())(t); sizes.WAL > bound {
		t.Errorf("the write-ahead log has %d bytes", sizes.WAL)
	}
	close(goOn)
	readers.Wait()
}

// TestCloseWhileWriting: Close waits for a commit that waits for readers.
func TestCloseWhileWriting(t *testing.T) {
	for range 20 {
		db := must(sqlitestore.Open(t.Context(), create(t), sqlitestore.Options{WAL: 1}))(t)
		var writer sync.WaitGroup
		writer.Go(func() {
			for {
				err := db.Update(context.Background(), func(tx *sqlitestore.Tx) error {
					return tx.Put(machine.TableValue, []byte("key"), []byte("value"))
				})
				if err != nil {
					return // it is closed
				}
			}
		})
		if err := db.Close(); err != nil {
			t.Error(err)
		}
		writer.Wait()
	}
}

// TestScratch: nothing of a scratch store stays.
func TestScratch(t *testing.T) {
	folder := t.TempDir()
	scratch := must(sqlitestore.NewScratch(t.Context(), folder))(t)
	memory := machine.NewMemory()
	for n := range 20_000 { // more than it caches
		key := binary.BigEndian.AppendUint64(nil, uint64(n)*0x9e3779b97f4a7c15)
		if err := errors.Join(scratch.Put(machine.TableValue, key, key), memory.Put(machine.TableValue, key, key)); err != nil {
			t.Fatal(err)
		}
	}
	if err := machine.Compare(scratch, memory); err != nil {
		t.Error(err)
	}
	if err := scratch.Close(); err != nil {
		t.Error(err)
	}
	if left, err := os.ReadDir(folder); err != nil || len(left) > 0 {
		t.Error(left, err)
	}
	if _, err := sqlitestore.NewScratch(t.Context(), filepath.Join(folder, "nowhere")); !errors.Is(err, os.ErrNotExist) {
		t.Error(err)
	}
}
