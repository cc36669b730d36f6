//go:build linux

package powerloss

import (
	"bufio"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

// folderVar names the folder in the process that is traced.
const folderVar = "HUFU_TEST_POWER_LOSS"

// Traced returns the folder in the process that is traced, and "" elsewhere.
func Traced() string { return os.Getenv(folderVar) }

// Run runs the test of the given name again under strace, with the folder, and returns
// what it did there. It skips the test where strace is missing.
func Run(t testing.TB, name, dir string) []Event {
	t.Helper()
	strace, err := exec.LookPath("strace")
	if err != nil {
		if os.Getenv("HUFU_REQUIRE_ALL") == "1" {
			t.Fatal("strace is not installed")
		}
		t.Skip("strace is not installed: apt-get install strace")
	}
	trace := filepath.Join(t.TempDir(), "trace")
	child := exec.Command(strace, "-f", "-qq", "-xx", "-s", "2000000", "-o", trace,
		"-e", "trace=openat,close,write,pwrite64,fsync,fdatasync,ftruncate,unlink,unlinkat,rename,renameat,renameat2",
		os.Args[0], "-test.run", "^"+name+"$")
	child.Env = append(os.Environ(), folderVar+"="+dir)
	if out, err := child.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	return readTrace(t, trace, dir)
}

var (
	callLine    = regexp.MustCompile(`^(\d+) +(\w+)\((.*)\) += +(-?\d+)`)
	unfinished  = regexp.MustCompile(`^(\d+) +(\w+\(.*) <unfinished \.\.\.>$`)
	resumed     = regexp.MustCompile(`^(\d+) +<\.\.\. \w+ resumed>(.*)$`)
	quoted      = regexp.MustCompile(`"((?:\\x[0-9a-f]{2})*)"`)
	acknowledge = regexp.MustCompile(`acknowledged (\d+)`)
)

// readTrace reads what strace wrote, in the order in which calls returned.
func readTrace(t testing.TB, path, dir string) (events []Event) {
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

// readCall reports whether a call changes a file of the folder.
func readCall(t testing.TB, call, args, result, dir string, files map[string]string) (e Event, ok bool) {
	t.Helper()
	var texts []string
	for _, m := range quoted.FindAllStringSubmatch(args, 2) {
		texts = append(texts, unhex(t, m[1]))
	}
	inside := len(texts) > 0 && filepath.Dir(texts[0]) == dir
	fd, _, _ := strings.Cut(args, ",")
	fields := strings.Split(args, ", ")
	switch call {
	case "openat":
		delete(files, result)
		if inside {
			files[result] = filepath.Base(texts[0])
		} else if texts[0] == dir {
			files[result] = folder
		}
		return e, false
	case "close":
		delete(files, fd)
		return e, false
	case "unlink", "unlinkat":
		return Event{call: "unlink", file: filepath.Base(texts[0])}, inside
	case "rename", "renameat", "renameat2":
		return Event{call: "rename", file: filepath.Base(texts[0]), to: filepath.Base(texts[1])}, inside
	case "write":
		return Event{call: call, data: []byte(strings.Join(texts, ""))}, false
	case "fdatasync":
		call = "fsync"
	}
	e = Event{call: call, file: files[fd]}
	if call == "pwrite64" || call == "ftruncate" {
		var err error
		if e.offset, err = strconv.ParseInt(fields[len(fields)-1], 10, 64); err != nil {
			t.Fatalf("%s: %v", call, err)
		}
		e.data = []byte(strings.Join(texts, ""))
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
