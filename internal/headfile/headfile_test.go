package headfile_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/hufu-id/hufu/internal/headfile"
)

func head(n uint64) headfile.Head { return headfile.Head{Counter: n, Digest: [32]byte{byte(n)}} }

func is(t *testing.T, err, want error) {
	t.Helper()
	if !errors.Is(err, want) {
		t.Errorf("got %v, want %v", err, want)
	}
}

// made returns a head file, and another process's view of it.
func made(t *testing.T, n uint64) (path string, own, other *headfile.File) {
	t.Helper()
	path = filepath.Join(t.TempDir(), "x.head")
	own, other = headfile.New(path, []byte("key"), nil), headfile.New(path, []byte("key"), nil)
	is(t, own.Create(head(n)), nil)
	return path, own, other
}

func wants(t *testing.T, f *headfile.File, n uint64) {
	t.Helper()
	if h, err := f.Read(t.Context()); err != nil || h != head(n) {
		t.Errorf("%+v, %v; want %d", h, err, n)
	}
}

func TestNote(t *testing.T) {
	path, own, other := made(t, 1)
	wants(t, other, 1)
	for _, n := range []uint64{2, 3, 7} {
		is(t, own.Note(t.Context(), head(n)), nil)
		wants(t, other, n)
	}
	is(t, own.Note(t.Context(), head(5)), nil)
	wants(t, other, 7)
	is(t, other.Note(t.Context(), head(8)), nil)
	is(t, own.Note(t.Context(), head(8)), nil)
	wants(t, own, 8)
	if n := own.Noted().Counter; n != 8 {
		t.Error(n)
	}
	is(t, own.Create(head(9)), fs.ErrExist)
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 || info.Size() != 1024 {
		t.Error(info, err)
	}
}

// TestLateProcess: one that comes late with an older head does not take it back.
func TestLateProcess(t *testing.T) {
	_, own, other := made(t, 1)
	for n := uint64(2); n < 40; n++ {
		if n%3 > 0 {
			is(t, other.Note(t.Context(), head(n+1)), nil)
		}
		is(t, own.Note(t.Context(), head(n)), nil)
	}
	wants(t, own, 39)
}

// TestTorn: while one head is written, the one before holds.
func TestTorn(t *testing.T) {
	path, own, other := made(t, 1)
	for n := uint64(2); n < 5; n++ {
		is(t, own.Note(t.Context(), head(n)), nil)
		b, err := os.ReadFile(path)
		is(t, err, nil)
		at := bytes.Index(b, binary.BigEndian.AppendUint64([]byte("hufu/headfile/1\n"), n))
		b[at+20]++
		is(t, os.WriteFile(path, b, 0o600), nil)
		wants(t, other, n-1)
		b[at+20]--
		is(t, os.WriteFile(path, b, 0o600), nil)
	}
}

// TestManyAtOnce: who has returned finds its own head, or a newer one, in the file.
func TestManyAtOnce(t *testing.T) {
	path, own, other := made(t, 1)
	var next atomic.Uint64
	next.Store(1)
	var group sync.WaitGroup
	for i := range 8 {
		group.Go(func() {
			f := []*headfile.File{own, other}[i%2]
			for range 20 {
				n := next.Add(1)
				if err := f.Note(context.Background(), head(n)); err != nil {
					t.Error(err)
				}
				if h, err := headfile.New(path, []byte("key"), nil).Read(context.Background()); err != nil || h.Counter < n {
					t.Errorf("%d is not there: %+v, %v", n, h, err)
				}
			}
		})
	}
	group.Wait()
	wants(t, own, next.Load())
}

// TestMissing: a file that is not there, damaged or another's is never made by Note.
func TestMissing(t *testing.T) {
	path, own, _ := made(t, 1)
	stranger := headfile.New(path, []byte("another key"), nil)
	_, err := stranger.Read(t.Context())
	is(t, err, headfile.ErrMissing)
	is(t, stranger.Note(t.Context(), head(9)), headfile.ErrMissing)
	wants(t, own, 1)
	is(t, os.Remove(path), nil)
	_, err = own.Read(t.Context())
	is(t, err, headfile.ErrMissing)
	is(t, own.Note(t.Context(), head(2)), headfile.ErrMissing)
	is(t, own.Settle(t.Context()), headfile.ErrMissing)
	if _, err := os.Stat(path); !errors.Is(err, fs.ErrNotExist) {
		t.Error("Note made a file")
	}
	again := headfile.New(path, []byte("key"), nil)
	is(t, again.Create(head(1)), nil)
	is(t, own.Settle(t.Context()), nil)
	wants(t, again, 2)
	is(t, own.Settle(t.Context()), nil)
}

// TestAccept sets an older head and says so.
func TestAccept(t *testing.T) {
	path, own, other := made(t, 9)
	now := time.Date(2026, 3, 2, 9, 30, 0, 0, time.UTC)
	is(t, own.Accept(t.Context(), head(4), now), nil)
	wants(t, other, 4)
	is(t, own.Note(t.Context(), head(5)), nil)
	is(t, os.Remove(path), nil)
	is(t, own.Accept(t.Context(), head(6), now), nil)
	wants(t, other, 6)
	b, err := os.ReadFile(path + ".restored")
	is(t, err, nil)
	lines := strings.Split(string(b), "\n")
	if len(lines) != 3 || !strings.Contains(lines[0], "2026-03-02T09:30:00Z the head said 9, and was set to 4") || !strings.Contains(lines[1], "said nothing") {
		t.Errorf("%q", lines)
	}
}
