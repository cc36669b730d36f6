//go:build linux

// Package powerloss cuts the power of a program at any system call, for tests.
//
// A test runs itself again under strace, in a folder, and says on its standard output
// what it has acknowledged: "acknowledged 7". For a moment of the trace, a disk is then
// put together that a power failure could have left. What was synced is there. Of what
// was written since, any part may be, down to single sectors of 512 bytes.
//
// # Not checked
//
// Writes other than pwrite64, and files that were truncated when they were opened. A file
// that was made is there as soon as something in it is.
package powerloss

import (
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

const sector = 512

// folder stands for the folder itself among the names of its files.
const folder = "."

// An Event is one system call that matters.
type Event struct {
	call, file, to string // to: the new name
	offset         int64
	data           []byte
	// acknowledged is how many changes had been, after this call.
	acknowledged int
}

// A Disk is what lies in a folder.
type Disk struct {
	Files map[string][]byte
	// Acknowledged is how many changes had been.
	Acknowledged int
}

// Take copies the files of a folder.
func Take(t testing.TB, dir string) Disk {
	t.Helper()
	d := Disk{Files: map[string][]byte{}}
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		if d.Files[e.Name()], err = os.ReadFile(filepath.Join(dir, e.Name())); err != nil {
			t.Fatal(err)
		}
	}
	return d
}

// Write writes the files into a folder, without those that are memory (-shm).
func (d Disk) Write(t testing.TB, dir string) {
	t.Helper()
	for name, content := range d.Files {
		if strings.HasSuffix(name, "-shm") {
			continue
		}
		if err := os.WriteFile(filepath.Join(dir, name), content, 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

// Crash is a disk that a power failure after the events could have left.
func (d Disk) Crash(events []Event, random *rand.Rand) Disk {
	out := Disk{Files: map[string][]byte{}}
	for name, content := range d.Files {
		out.Files[name] = append([]byte{}, content...)
	}
	var unsynced []Event
	for _, e := range events {
		out.Acknowledged = max(out.Acknowledged, e.acknowledged)
		switch e.call {
		case "fsync":
			kept := unsynced[:0]
			for _, w := range unsynced {
				if w.file == e.file || w.call == "rename" && e.file == folder {
					out.apply(w)
				} else {
					kept = append(kept, w)
				}
			}
			unsynced = kept
		case "pwrite64", "ftruncate", "unlink", "rename":
			unsynced = append(unsynced, e)
		}
	}
	// All, nothing, or any part of what was not synced.
	luck := random.IntN(4)
	for _, w := range unsynced {
		if luck == 0 || luck > 1 && random.IntN(2) == 0 {
			out.apply(w)
		} else if luck == 3 {
			out.tear(w, random)
		}
	}
	return out
}

func (d Disk) apply(e Event) {
	switch e.call {
	case "pwrite64":
		end := e.offset + int64(len(e.data))
		if grow := end - int64(len(d.Files[e.file])); grow > 0 {
			d.Files[e.file] = append(d.Files[e.file], make([]byte, grow)...)
		}
		copy(d.Files[e.file][e.offset:], e.data)
	case "ftruncate":
		d.Files[e.file] = append(d.Files[e.file], make([]byte, max(0, e.offset-int64(len(d.Files[e.file]))))...)[:e.offset]
	case "unlink":
		delete(d.Files, e.file)
	case "rename":
		if content, there := d.Files[e.file]; there {
			d.Files[e.to] = content
			delete(d.Files, e.file)
		}
	}
}

// tear writes some sectors of a write.
func (d Disk) tear(e Event, random *rand.Rand) {
	for from := 0; e.call == "pwrite64" && from < len(e.data); from += sector {
		if random.IntN(2) == 0 {
			d.apply(Event{call: e.call, file: e.file, offset: e.offset + int64(from), data: e.data[from:min(from+sector, len(e.data))]})
		}
	}
}
