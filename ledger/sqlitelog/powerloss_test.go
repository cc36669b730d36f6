//go:build linux

package sqlitelog_test

import (
	"bufio"
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/hufu-id/hufu/internal/long"
	"github.com/hufu-id/hufu/ledger"
	"github.com/hufu-id/hufu/ledger/ledgertest"
	"github.com/hufu-id/hufu/ledger/sqlitelog"
)

// powerLoss names the folder of the ledger in the process that is traced.
const powerLoss = "HUFU_TEST_POWER_LOSS"

// TestPowerLoss cuts the power at any system call. A process appends to a ledger
// under strace; then, for a moment of the trace, a disk is put together that a
// power failure could have left: what was synced is there, of what was written
// since any part may be, down to single sectors. The ledger must open, hold all
// that was acknowledged until then, and pass its audit.
func TestPowerLoss(t *testing.T) {
	if dir := os.Getenv(powerLoss); dir != "" {
		appendUntilDone(dir)
		return
	}
	long.NotShort(t, "traces a process")
	strace, err := exec.LookPath("strace")
	if err != nil {
		if os.Getenv("HUFU_REQUIRE_ALL") == "1" {
			t.Fatal("strace is not installed")
		}
		t.Skip("strace is not installed: apt-get install strace")
	}
	w := newWorld(t)
	for i, op := range w.separately(kinds["map"], 40) {
		if err := os.WriteFile(filepath.Join(w.dir, strconv.Itoa(i)+".op"), op.Bytes(), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.log.Close(); err != nil {
		t.Fatal(err)
	}
	start := readDisk(t, w.dir)
	trace := filepath.Join(t.TempDir(), "trace")
	child := exec.Command(strace, "-f", "-qq", "-xx", "-s", "2000000", "-o", trace,
		"-e", "trace=openat,close,write,pwrite64,fsync,fdatasync,ftruncate,unlink", os.Args[0], "-test.run", "^TestPowerLoss$")
	child.Env = append(os.Environ(), powerLoss+"="+w.dir)
	if out, err := child.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	events := readTrace(t, trace, w.dir)
	images := long.Or(150, 9000)
	random := rand.New(rand.NewPCG(1, 2))
	acknowledged := 0
	for range images {
		at := random.IntN(len(events) + 1)
		disk := start.crash(events[:at], random)
		acknowledged = max(acknowledged, disk.acknowledged)
		w.survives(disk, fmt.Sprintf("cut after %d of %d system calls", at, len(events)))
	}
	if acknowledged < 30 {
		t.Errorf("the trace knows of %d acknowledged operations", acknowledged)
	}
	t.Logf("%d images of %d moments", images, len(events)+1)
}

// appendUntilDone is the traced process.
func appendUntilDone(dir string) {
	log, err := sqlitelog.Open(context.Background(), dir, ledgertest.ZK{}, sqlitelog.Options{Clock: func() time.Time { return start }})
	if err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
	for n := 0; ; n++ {
		b, err := os.ReadFile(filepath.Join(dir, strconv.Itoa(n)+".op"))
		if err != nil {
			return // killed by nobody: what matters is in the trace
		}
		op, err := ledger.ParseSignedOperation(b)
		if err == nil {
			_, err = log.Submit(context.Background(), op)
		}
		if err != nil {
			fmt.Println(err)
			os.Exit(1)
		}
		fmt.Printf("acknowledged %d\n", n+1)
	}
}

// event is one system call that matters.
type event struct {
	call, file string
	offset     int64
	data       []byte
	// acknowledged is how many operations had been, after this call.
	acknowledged int
}

// disk is what lies on it.
type disk struct {
	files        map[string][]byte
	acknowledged int
}

func readDisk(t testing.TB, dir string) disk {
	t.Helper()
	d := disk{files: map[string][]byte{}}
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		if d.files[e.Name()], err = os.ReadFile(filepath.Join(dir, e.Name())); err != nil {
			t.Fatal(err)
		}
	}
	return d
}

const sector = 512

// crash is a disk that a power failure after the events could have left.
func (d disk) crash(events []event, random *rand.Rand) disk {
	out := disk{files: map[string][]byte{}}
	for name, content := range d.files {
		out.files[name] = append([]byte{}, content...)
	}
	var unsynced []event
	for _, e := range events {
		out.acknowledged = max(out.acknowledged, e.acknowledged)
		switch e.call {
		case "fsync":
			kept := unsynced[:0]
			for _, w := range unsynced {
				if w.file == e.file {
					out.apply(w)
				} else {
					kept = append(kept, w)
				}
			}
			unsynced = kept
		case "pwrite64", "ftruncate", "unlink":
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

func (d disk) apply(e event) {
	switch e.call {
	case "pwrite64":
		end := e.offset + int64(len(e.data))
		if grow := end - int64(len(d.files[e.file])); grow > 0 {
			d.files[e.file] = append(d.files[e.file], make([]byte, grow)...)
		}
		copy(d.files[e.file][e.offset:], e.data)
	case "ftruncate":
		d.files[e.file] = append(d.files[e.file], make([]byte, max(0, e.offset-int64(len(d.files[e.file]))))...)[:e.offset]
	case "unlink":
		delete(d.files, e.file)
	}
}

// tear writes some sectors of a write.
func (d disk) tear(e event, random *rand.Rand) {
	for from := 0; e.call == "pwrite64" && from < len(e.data); from += sector {
		if random.IntN(2) == 0 {
			d.apply(event{call: e.call, file: e.file, offset: e.offset + int64(from), data: e.data[from:min(from+sector, len(e.data))]})
		}
	}
}

// survives opens the ledger on a disk.
func (w *world) survives(d disk, moment string) {
	w.Helper()
	dir := w.TempDir()
	for name, content := range d.files {
		if strings.HasSuffix(name, "-shm") || strings.HasSuffix(name, ".op") {
			continue // memory, and not the ledger's
		}
		if err := os.WriteFile(filepath.Join(dir, name), content, 0o600); err != nil {
			w.Fatal(err)
		}
	}
	defer os.RemoveAll(dir)
	log, err := sqlitelog.Open(context.Background(), dir, ledgertest.ZK{}, sqlitelog.Options{Clock: w.clock.Now})
	if err != nil {
		w.Fatalf("%s: %v", moment, err)
	}
	defer log.Close()
	for n := range d.acknowledged {
		if _, err := log.Get(context.Background(), ledger.AnchorKey(log.Trust().RootDID, numbered(n))); err != nil {
			w.Fatalf("%s: operation %d of %d acknowledged is lost: %v", moment, n, d.acknowledged, err)
		}
	}
	if err := log.Audit(context.Background(), nil); err != nil {
		w.Fatalf("%s: %v", moment, err)
	}
}

var (
	callLine    = regexp.MustCompile(`^(\d+) +(\w+)\((.*)\) += +(-?\d+)`)
	unfinished  = regexp.MustCompile(`^(\d+) +(\w+\(.*) <unfinished \.\.\.>$`)
	resumed     = regexp.MustCompile(`^(\d+) +<\.\.\. \w+ resumed>(.*)$`)
	quoted      = regexp.MustCompile(`"((?:\\x[0-9a-f]{2})*)"`)
	acknowledge = regexp.MustCompile(`acknowledged (\d+)`)
)

// readTrace reads what strace wrote, in the order in which calls returned.
func readTrace(t testing.TB, path, dir string) (events []event) {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	begun, files := map[string]string{}, map[string]string{}
	lines := bufio.NewScanner(f)
	lines.Buffer(nil, 16<<20)
	acknowledged := 0
	for lines.Scan() {
		line := lines.Text()
		if m := unfinished.FindStringSubmatch(line); m != nil {
			begun[m[1]] = m[2]
			continue
		}
		if m := resumed.FindStringSubmatch(line); m != nil {
			line = m[1] + " " + begun[m[1]] + m[2]
		}
		m := callLine.FindStringSubmatch(line)
		if m == nil || strings.HasPrefix(m[4], "-") {
			continue
		}
		e, ok := readCall(t, m[2], m[3], m[4], dir, files)
		if e.call == "write" {
			if said := acknowledge.FindStringSubmatch(string(e.data)); said != nil {
				acknowledged, _ = strconv.Atoi(said[1])
				ok = true
			}
		}
		if ok {
			e.acknowledged = acknowledged
			events = append(events, e)
		}
	}
	if err := lines.Err(); err != nil {
		t.Fatal(err)
	}
	return events
}

// readCall reports whether a call changes a file of the ledger.
func readCall(t testing.TB, call, args, result, dir string, files map[string]string) (e event, ok bool) {
	t.Helper()
	text := ""
	if m := quoted.FindStringSubmatch(args); m != nil {
		text = unhex(t, m[1])
	}
	fd, _, _ := strings.Cut(args, ",")
	fields := strings.Split(args, ", ")
	switch call {
	case "openat":
		delete(files, result)
		if filepath.Dir(text) == dir {
			files[result] = filepath.Base(text)
		}
		return e, false
	case "close":
		delete(files, fd)
		return e, false
	case "unlink":
		return event{call: call, file: filepath.Base(text)}, filepath.Dir(text) == dir
	case "write":
		return event{call: call, data: []byte(text)}, false
	case "fdatasync":
		call = "fsync"
	}
	e = event{call: call, file: files[fd]}
	if call == "pwrite64" || call == "ftruncate" {
		var err error
		if e.offset, err = strconv.ParseInt(fields[len(fields)-1], 10, 64); err != nil {
			t.Fatalf("%s: %v", call, err)
		}
		e.data = []byte(text)
	}
	return e, e.file != ""
}

func unhex(t testing.TB, s string) string {
	t.Helper()
	var b strings.Builder
	for part := range strings.SplitSeq(s, `\x`) {
		if part == "" {
			continue
		}
		n, err := strconv.ParseUint(part, 16, 8)
		if err != nil {
			t.Fatal(err)
		}
		b.WriteByte(byte(n))
	}
	return b.String()
}
