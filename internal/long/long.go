// Package long says how much effort a test may take. There are four levels, each
// with all that the one before it has:
//
//	-short              the inner loop, a minute: no proofs, no processes
//	(no flag)           README's test command, five minutes
//	HUFU_REQUIRE_ALL=1  .ci/run: cross-compiling, browsers, whole countries; what
//	                    is missing on this machine fails instead of being skipped
//	-long, HUFU_LONG=1  hours; the variable also reaches packages that do not
//	                    know the flag
//
// Only tests import it.
package long

import (
	"flag"
	"os"
	"testing"
)

var enabled = flag.Bool("long", os.Getenv("HUFU_LONG") == "1", "run what takes hours, too")

// NotShort skips a test that the inner loop has no time for, and says why.
func NotShort(t testing.TB, why string) {
	t.Helper()
	if testing.Short() {
		t.Skipf("%s: run without -short", why)
	}
}

// Landing skips a test that only has to pass before something lands, and says why.
// A benchmark is never skipped for that: it was asked for.
func Landing(t testing.TB, why string) {
	t.Helper()
	NotShort(t, why)
	_, benchmark := t.(*testing.B)
	if !benchmark && !*enabled && os.Getenv("HUFU_REQUIRE_ALL") != "1" {
		t.Skipf("%s: run with HUFU_REQUIRE_ALL=1, as .ci/run does", why)
	}
}

// Only skips a test that has no short form.
func Only(t testing.TB) {
	t.Helper()
	if !*enabled {
		t.Skip("takes long: run with -long or HUFU_LONG=1")
	}
}

// Or is how much to do: little in minutes, much in hours.
func Or(little, much int) int {
	if *enabled {
		return much
	}
	return little
}
