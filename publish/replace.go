package publish

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path"
	"path/filepath"
	"time"

	"github.com/gofrs/flock"

	"github.com/hufu-id/hufu/internal/durable"
)

// Names that a writer uses in a folder; see the package comment.
const (
	lockName = ".lock"
	newName  = ".new"
)

// lockPause is how long a writer waits before it tries the lock again.
const lockPause = 5 * time.Millisecond

// locked runs use while no other writer of the folder runs, in this process or
// another. It makes the folder if need be. A writer that dies lets go of the lock.
func locked(ctx context.Context, dir string, use func(*os.Root) error) (err error) {
	if err := ctx.Err(); err != nil {
		return err
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return fmt.Errorf("publish: %w", err)
	}
	lock := flock.New(filepath.Join(dir, lockName))
	if _, err := lock.TryLockContext(ctx, lockPause); err != nil {
		return fmt.Errorf("publish: waiting for another writer: %w", err)
	}
	defer func() { err = errors.Join(err, lock.Close()) }()
	root, err := os.OpenRoot(dir)
	if err != nil {
		return fmt.Errorf("publish: %w", err)
	}
	defer root.Close()
	return use(root)
}

// replace writes a file whole or not at all. The bytes go into a new file, which
// takes the other's place once they are on the disk; then the folder goes there. A
// writer that dies in between leaves the old file, and a new one that the next
// writer removes. The caller holds the lock.
func replace(root *os.Root, name string, b []byte) error {
	if err := root.Remove(newName); err != nil && !errors.Is(err, os.ErrNotExist) {
		return fmt.Errorf("publish: %w", err)
	}
	err := writeNew(root, b)
	if err == nil {
		err = root.Rename(newName, name)
	}
	if err != nil {
		_ = root.Remove(newName) // or the next writer does
		return fmt.Errorf("publish: %w", err)
	}
	if err := durable.SyncFolder(filepath.Join(root.Name(), filepath.FromSlash(path.Dir(name)))); err != nil {
		return fmt.Errorf("publish: %w", err)
	}
	return nil
}

func writeNew(root *os.Root, b []byte) error {
	f, err := root.OpenFile(newName, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
	if err != nil {
		return err
	}
	_, err = f.Write(b)
	// A web server of another user reads the file, whatever the writer's umask.
	return errors.Join(err, f.Chmod(0o644), f.Sync(), f.Close())
}
