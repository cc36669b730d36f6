// Package headfile keeps a file beside a database that says how new the database
// must be.
//
// A database in SQLite goes back to an older state where somebody deletes its log or
// puts an older copy back, and looks right afterwards. The head file does not go back
// with it.
//
// # Format
//
// Two slots of 512 bytes, a sector each:
//
//	"hufu/headfile/1\n" ‖ u64 counter ‖ digest (32 bytes) ‖ mac (32 bytes) ‖ zeros
//
// Numbers are big-endian. mac is HMAC-SHA-256 of the 56 bytes before it, under the
// database's key. A slot whose mac does not hold counts for nothing. Of two that count,
// the greater counter does. What the digest means, the database's package says.
//
// # Order
//
// The owner commits to the database, calls Note, and acknowledges the change after that.
// Note returns when the head is on the disk. So the head never names a state that the
// database had not reached: a crash at any step gives no false alarm. And it names every
// state that was acknowledged: a database that lacks one is behind its head. Note
// overwrites the older slot, and the other one holds meanwhile. It costs one fdatasync of
// a block that exists. Callers that wait at the same time share it.
//
// # Example
//
// A store opens counter.db, reads counter.db.head and refuses a database whose counter
// is lower. After each commit it calls Note with its own counter.
//
// # Not checked
//
// A database and its head file that are put back together, from one older copy of both,
// look right. So does a database that went on from an older copy elsewhere, and has a
// greater counter, unless the digest tells. Who may write the file, and has the key, can
// write any head.
package headfile

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"sync"
)

// ErrMissing means a head file that is missing, damaged or another database's.
var ErrMissing = errors.New("the head file is missing, damaged or another database's")

const (
	magic     = "hufu/headfile/1\n"
	signed    = len(magic) + 8 + 32
	slotBytes = 512
	fileBytes = 2 * slotBytes
)

// Head is a state of a database. Counter grows with each change.
type Head struct {
	Counter uint64
	Digest  [32]byte
}

// A Counter counts up and never back, in a place where nobody who can replace the files
// can change it: in a TPM, or at a service.
type Counter interface {
	// Read returns the value.
	Read(ctx context.Context) (uint64, error)
	// Raise returns when the value is at least to.
	Raise(ctx context.Context, to uint64) error
}

// File is a head file. It is safe for many goroutines and processes.
type File struct {
	path    string
	key     []byte
	counter Counter // nil for none

	turn sync.Mutex // held while the file is written
	mu   sync.Mutex // guards what follows
	// noted is the newest head that this process wrote or read, wanted the newest that
	// it was told to write. failed says that the last try failed.
	noted, wanted Head
	failed        bool
}

// New names the head file at path. It reads and makes nothing. Where counter is not nil,
// it must know of each state, too, before the state is acknowledged.
func New(path string, key []byte, counter Counter) *File {
	return &File{path: path, key: key, counter: counter}
}

// slot is one slot that holds a head.
func (f *File) slot(h Head) []byte {
	b := make([]byte, 0, slotBytes)
	b = append(b, magic...)
	b = binary.BigEndian.AppendUint64(b, h.Counter)
	b = append(b, h.Digest[:]...)
	b = append(b, f.mac(b)...)
	return b[:slotBytes]
}

func (f *File) mac(b []byte) []byte {
	mac := hmac.New(sha256.New, f.key)
	mac.Write(b)
	return mac.Sum(nil)
}

// parse returns the newest head in a file's bytes, and the slot that holds it. The error
// is ErrMissing.
func (f *File) parse(b []byte) (newest Head, slot int, err error) {
	if len(b) != fileBytes {
		return Head{}, 0, ErrMissing
	}
	err = ErrMissing
	for i := range 2 {
		s := b[i*slotBytes:][:slotBytes]
		h := Head{Counter: binary.BigEndian.Uint64(s[len(magic):]), Digest: [32]byte(s[len(magic)+8 : signed])}
		if bytes.Equal(s, f.slot(h)) && (err != nil || h.Counter > newest.Counter) {
			newest, slot, err = h, i, nil
		}
	}
	return newest, slot, err
}

// Read returns the newest head: that of the file or, where it is greater, the Counter's
// value. With ErrMissing, it is the Counter's alone. Other errors are the Counter's and the
// system's own.
func (f *File) Read(ctx context.Context) (Head, error) {
	h, err := f.readFile()
	if f.counter == nil || err != nil && !errors.Is(err, ErrMissing) {
		return h, err
	}
	value, failed := f.counter.Read(ctx)
	if failed != nil {
		return Head{}, fmt.Errorf("read the counter: %w", failed)
	}
	h.Counter = max(h.Counter, value)
	return h, err
}

func (f *File) readFile() (Head, error) {
	in, err := os.Open(f.path)
	if errors.Is(err, fs.ErrNotExist) {
		return Head{}, ErrMissing
	}
	if err != nil {
		return Head{}, err
	}
	defer in.Close()
	h, _, err := f.read(in)
	if err == nil {
		f.mu.Lock()
		defer f.mu.Unlock()
		f.noted = newer(f.noted, h)
	}
	return h, err
}

func (f *File) read(in *os.File) (Head, int, error) {
	b, err := io.ReadAll(io.LimitReader(in, fileBytes+1))
	if err != nil {
		return Head{}, 0, err
	}
	return f.parse(b)
}

// Noted returns the newest head that this process wrote or read.
func (f *File) Noted() Head {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.noted
}
