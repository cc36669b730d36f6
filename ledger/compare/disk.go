package main

import (
	"fmt"
	"os"
)

// disk is the floor of everything durable: a file that grows.
type disk struct{ file *os.File }

func openDisk(path string) (*disk, error) {
	f, err := os.Create(path)
	if err != nil {
		return nil, fmt.Errorf("file of the floor: %w", err)
	}
	return &disk{f}, nil
}

// append writes and syncs 4 KB so many times.
func (d *disk) append(times int) error {
	page := make([]byte, 4096)
	for range times {
		if _, err := d.file.Write(page); err != nil {
			return err
		}
		if err := d.file.Sync(); err != nil {
			return err
		}
	}
	return nil
}
