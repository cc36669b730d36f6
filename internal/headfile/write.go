package headfile

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/gofrs/flock"

	"github.com/hufu-id/hufu/internal/durable"
)

// Create makes the file with mode 0600, whole or not at all. The error is fs.ErrExist or
// the system's own. Two processes must not call it at once.
func (f *File) Create(h Head) error {
	if _, err := os.Lstat(f.path); err == nil {
		return fmt.Errorf("%s: %w", f.path, fs.ErrExist)
	}
	return f.Replace(h)
}

// Replace makes the file anew, whatever stands there, whole or not at all.
func (f *File) Replace(h Head) error {
	made := f.path + ".new"
	if err := os.Remove(made); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	out, err := os.OpenFile(made, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	_, err = out.WriteAt(append(f.slot(h), make([]byte, slotBytes)...), 0)
	if err := errors.Join(err, out.Sync(), out.Close()); err != nil {
		return err
	}
	if err := os.Rename(made, f.path); err != nil {
		return err
	}
	if err := durable.SyncFolder(filepath.Dir(f.path)); err != nil {
		return err
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.noted, f.wanted, f.failed = h, h, false
	return nil
}

// Accept makes the file anew for a database that its owner put back on purpose, and the
// Counter follows. Before that it writes a line to a second file, with the suffix
// ".restored", which nothing else changes: when, what the head said, and what it says now.
func (f *File) Accept(ctx context.Context, h Head, now time.Time) error {
	said := "nothing"
	before, err := f.readFile()
	switch {
	case err == nil:
		said = fmt.Sprint(before.Counter)
	case !errors.Is(err, ErrMissing):
		return err
	}
	line := fmt.Sprintf("%s the head said %s, and was set to %d\n", now.UTC().Format(time.RFC3339), said, h.Counter)
	log, err := os.OpenFile(f.path+".restored", os.O_WRONLY|os.O_CREATE|os.O_APPEND, 0o600)
	if err != nil {
		return err
	}
	_, err = log.WriteString(line)
	if err := errors.Join(err, log.Sync(), log.Close()); err != nil {
		return err
	}
	if err := f.Replace(h); err != nil || f.counter == nil {
		return err
	}
	return f.counter.Raise(ctx, h.Counter)
}

// Note writes a head that the database has reached, and returns when it or a newer one is
// on the disk, and the Counter knows of it. After an error, Settle tries again. The error
// is ErrMissing, the Counter's or the system's own.
func (f *File) Note(ctx context.Context, h Head) error {
	f.mu.Lock()
	f.wanted = newer(f.wanted, h)
	f.mu.Unlock()
	f.turn.Lock()
	defer f.turn.Unlock()
	return f.flush(ctx)
}

// Settle writes what Note could not. A store calls it before it changes anything more.
func (f *File) Settle(ctx context.Context) error {
	f.mu.Lock()
	failed := f.failed
	f.mu.Unlock()
	if !failed {
		return nil
	}
	f.turn.Lock()
	defer f.turn.Unlock()
	return f.flush(ctx)
}

// flush writes the newest head that is wanted, for all who wait for their turn.
func (f *File) flush(ctx context.Context) error {
	f.mu.Lock()
	wanted, noted := f.wanted, f.noted
	f.mu.Unlock()
	if wanted.Counter <= noted.Counter {
		return nil
	}
	err := f.write(wanted)
	if err == nil && f.counter != nil {
		err = f.counter.Raise(ctx, wanted.Counter)
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.failed = err != nil; f.failed {
		return fmt.Errorf("write the head: %w", err)
	}
	f.noted = newer(f.noted, wanted)
	return nil
}

// write opens the file anew each time: another process may have replaced it.
func (f *File) write(h Head) (err error) {
	lock := flock.New(f.path, flock.SetFlag(os.O_RDWR))
	if err := lock.Lock(); err != nil {
		if errors.Is(err, fs.ErrNotExist) {
			return ErrMissing
		}
		return err
	}
	defer func() { err = errors.Join(err, lock.Close()) }()
	file, err := os.OpenFile(f.path, os.O_RDWR, 0)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, file.Close()) }()
	newest, slot, err := f.read(file)
	if err != nil {
		return err
	}
	if newest.Counter < h.Counter {
		if _, err := file.WriteAt(f.slot(h), int64(1-slot)*slotBytes); err != nil {
			return err
		}
	}
	// Also what another process wrote, and perhaps did not live to sync.
	return durable.SyncContent(file)
}

func newer(a, b Head) Head {
	if b.Counter > a.Counter {
		return b
	}
	return a
}
