package budget_test

import (
	"bufio"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/hufu-id/hufu/internal/budget"
	"github.com/hufu-id/hufu/internal/long"
)

const sizeVariable = "HUFU_BUDGET_SIZE"

// slack is how often a statement may run that is reached once for each input.
const slack = 200_000

// counted are the packages whose statements are counted: ours, and the libraries that
// read for us.
const counted = "github.com/hufu-id/hufu/...,github.com/fxamacker/cbor/v2,github.com/go-json-experiment/json/...,github.com/go-jose/go-jose/v4/...,golang.org/x/mod/sumdb/note,slices,strings,bytes,sort"

// TestWorkIsLinear: no statement runs much more than twice as often when the inputs are
// twice as long. Statements are counted, never the clock.
func TestWorkIsLinear(t *testing.T) {
	long.Landing(t, "builds every parser with counters")
	dir := t.TempDir()
	binary := filepath.Join(dir, "budget.test")
	run(t, nil, "go", "test", "-c", "-cover", "-covermode=count", "-coverpkg="+counted, "-o", binary, ".")
	at := func(size int) map[string]int {
		profile := filepath.Join(dir, strconv.Itoa(size))
		run(t, []string{sizeVariable + "=" + strconv.Itoa(size)}, binary, "-test.run=^TestInputsOfSize$", "-test.coverprofile="+profile)
		return counts(t, profile)
	}
	half, full := at(32<<10), at(64<<10)
	if len(full) < 5000 || full[""] < 10_000_000 {
		t.Fatalf("only %d statements were counted, %d times", len(full), full[""])
	}
	for statement, n := range full {
		if n > slack && float64(n) > 2.6*float64(half[statement]) {
			t.Errorf("%s: %d times for the one, %d for inputs twice as long", statement, half[statement], n)
		}
	}
}

// TestInputsOfSize runs every parser over its inputs, for the counters of
// TestWorkIsLinear.
func TestInputsOfSize(t *testing.T) {
	size, err := strconv.Atoi(os.Getenv(sizeVariable))
	if err != nil {
		t.Skipf("%s is not set", sizeVariable)
	}
	for name, d := range doors(t) {
		if d.Cap < 8<<10 {
			continue // too short for anything to grow
		}
		inputs := 0
		for _, seed := range d.Seeds {
			// Where the cap is below the size, half of the cap is compared with the cap.
			for _, input := range budget.Inflate(d.Form, seed, min(size, d.Cap*size/(64<<10))) {
				_ = d.Parse(input)
				inputs++
			}
		}
		if inputs == 0 {
			t.Errorf("%s: no inputs", name)
		}
	}
}

func run(t *testing.T, env []string, name string, args ...string) {
	t.Helper()
	cmd := exec.Command(name, args...)
	cmd.Env = append(os.Environ(), env...)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%s: %v\n%s", name, err, out)
	}
}

// counts reads a cover profile: how often each block ran, by its place; all of them
// under "".
func counts(t *testing.T, profile string) map[string]int {
	t.Helper()
	file, err := os.Open(profile)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	out := map[string]int{}
	for lines := bufio.NewScanner(file); lines.Scan(); {
		place, rest, _ := strings.Cut(lines.Text(), " ")
		_, times, found := strings.Cut(rest, " ")
		if n, err := strconv.Atoi(times); found && err == nil && !strings.Contains(place, "/internal/budget/") {
			out[place] += n
			out[""] += n
		}
	}
	return out
}
