// Package durable makes files that outlive a power failure.
package durable

import (
	"errors"
	"os"
	"runtime"
)

// Create makes a file, and refuses to overwrite one. When it returns, the content
// is on disk; the file's name is once [SyncFolder] has returned. The error is
// fs.ErrExist or the system's own.
func Create(path string, content []byte, mode os.FileMode) error {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, mode)
	if err != nil {
		return err
	}
	_, err = f.Write(content)
	return errors.Join(err, f.Sync(), f.Close())
}

// SyncFolder puts the names of a folder's files on disk.
func SyncFolder(path string) error {
	if runtime.GOOS == "windows" {
		return nil // cannot sync a folder
	}
	dir, err := os.Open(path)
	if err != nil {
		return err
	}
	return errors.Join(dir.Sync(), dir.Close())
}
