package ceremony

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/gofrs/flock"

	"github.com/hufu-id/hufu/internal/limits"
	"github.com/hufu-id/hufu/zkp"
)

// Names in a ceremony's folder.
const (
	planName       = "ceremony.json"
	transcriptName = "transcript.json"
	beaconName     = "beacon.json"
	keysName       = "keys"
	lockName       = ".lock"
)

// KeysDir returns the folder of the sealed keys, for prover.Open.
func KeysDir(dir string) string { return filepath.Join(dir, keysName) }

// maxEntries bounds how many files of one step are listed.
const maxEntries = 16 * maxParticipants

// A step is one row of contributions: phase 1, or phase 2 of one circuit.
type step struct {
	phase   int // 0 or 1, as in Plan.Beacons
	circuit zkp.Circuit
}

func (s step) String() string {
	if s.phase == 0 {
		return phaseName(0)
	}
	return phaseName(1) + "/" + string(s.circuit)
}

func phaseName(phase int) string { return "phase" + strconv.Itoa(phase+1) }

func (s step) dir(root string) string { return filepath.Join(root, filepath.FromSlash(s.String())) }

// steps returns the steps of one phase.
func (p *Plan) steps(phase int) []step {
	if phase == 0 {
		return []step{{}}
	}
	var out []step
	for _, c := range p.Circuits {
		out = append(out, step{1, c.Circuit})
	}
	return out
}

func beaconPath(root string, phase int) string {
	return filepath.Join(root, phaseName(phase), beaconName)
}

// fileBase names the two files of a contribution: its number, and a short hash
// of the participant that tells them apart in a listing.
func fileBase(number int, did string) string {
	h := sha256.Sum256([]byte(did))
	return fmt.Sprintf("%04d-%s", number, hex.EncodeToString(h[:4]))
}

// listed holds the files under one number: their names without the ending.
type listed struct{ records, contributions []string }

// list sorts a step's files by number. It skips other names: a file manager's
// files, or those that an interruption left behind.
func list(dir string) (map[int]listed, int, error) {
	f, err := os.Open(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, 0, nil
	}
	if err != nil {
		return nil, 0, unavailable(err)
	}
	defer f.Close()
	names, err := f.Readdirnames(maxEntries)
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, 0, unavailable(err)
	}
	if len(names) == maxEntries {
		return nil, 0, fmt.Errorf("%w: too many files in %s", ErrForm, filepath.Base(dir))
	}
	out, last := map[int]listed{}, 0
	for _, name := range names {
		number, base, ending, ok := parseName(name)
		if !ok {
			continue
		}
		l := out[number]
		if ending == ".json" {
			l.records = append(l.records, base)
		} else {
			l.contributions = append(l.contributions, base)
		}
		out[number], last = l, max(last, number)
	}
	return out, last, nil
}

func parseName(name string) (number int, base, ending string, ok bool) {
	ending = filepath.Ext(name)
	base = strings.TrimSuffix(name, ending)
	if len(base) != 13 || base[4] != '-' || (ending != ".json" && ending != ".bin") {
		return 0, "", "", false
	}
	number, err := strconv.Atoi(base[:4])
	return number, base, ending, err == nil && number > 0
}

// readFile reads a file of at most limit bytes.
func readFile(path string, limit int64) ([]byte, error) {
	info, err := os.Stat(path) // first, because to open a pipe is to wait
	if err != nil {
		return nil, unavailable(err)
	}
	if !info.Mode().IsRegular() {
		return nil, unavailable(fmt.Errorf("%s is no file", path))
	}
	if info.Size() > limit {
		return nil, fmt.Errorf("%w: %s has %d bytes, at most %d allowed", ErrForm, filepath.Base(path), info.Size(), limit)
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, unavailable(err)
	}
	defer f.Close()
	b := make([]byte, info.Size())
	if _, err := io.ReadFull(f, b); err != nil {
		return nil, unavailable(err)
	}
	return b, nil
}

func readDocument(path string) ([]byte, error) { return readFile(path, limits.Document) }

// readOptional reads a document that may be missing.
func readOptional(path string) ([]byte, error) {
	b, err := readDocument(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	return b, err
}

// writeFile writes a file whole or not at all.
func writeFile(path string, b []byte) error {
	dir := filepath.Dir(path)
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return unavailable(err)
	}
	f, err := os.CreateTemp(dir, ".new-*")
	if err != nil {
		return unavailable(err)
	}
	defer os.Remove(f.Name())
	_, err = f.Write(b)
	if err = errors.Join(err, f.Chmod(0o644), f.Sync(), f.Close()); err != nil {
		return unavailable(err)
	}
	if err := os.Rename(f.Name(), path); err != nil {
		return unavailable(err)
	}
	// So that the name lasts through a power cut too. Not every file system can.
	if d, err := os.Open(dir); err == nil {
		_ = d.Sync()
		_ = d.Close()
	}
	return nil
}

// lock keeps two programs from writing into one folder.
func lock(dir string) (unlock func(), err error) {
	l := flock.New(filepath.Join(dir, lockName))
	ok, err := l.TryLock()
	if err != nil {
		return nil, unavailable(err)
	}
	if !ok {
		return nil, ErrBusy
	}
	return func() { _ = l.Unlock() }, nil
}
