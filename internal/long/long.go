// Package long tells tests whether they may take hours: with -long, or with
// HUFU_LONG=1, which also reaches packages that do not know the flag. Only tests
// import it.
package long

import (
	"flag"
	"os"
	"testing"
)

var enabled = flag.Bool("long", os.Getenv("HUFU_LONG") == "1", "run what takes hours, too")

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
