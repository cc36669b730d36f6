//go:build !linux

package durable

import "os"

// SyncContent puts a file's content on disk.
func SyncContent(f *os.File) error { return f.Sync() }
