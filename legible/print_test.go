package legible_test

import (
	"bytes"
	"errors"
	"fmt"
	"testing"

	"github.com/hufu-id/hufu/legible"
)

type named string

func (n named) String() string { return "named " + string(n) }

func TestFprint(t *testing.T) {
	const bad, shown = "a\x1b[2K\u202eb\u3164\nc", `a\u001b[2K\u202eb \nc`
	if legible.Escape(bad) != shown {
		t.Fatalf("%q", legible.Escape(bad))
	}
	for _, value := range []any{bad, errors.New(bad), named(bad), []string{bad}, map[string]string{bad: bad}, struct{ s any }{bad}, &struct{ s string }{bad}} {
		var out bytes.Buffer
		if _, err := legible.Fprintf(&out, "%d\t%s%v %5.1f %t\n", 7, value, value, 1.5, true); err != nil {
			t.Error(err)
		}
		text := legible.Escape(fmt.Sprint(value))
		if want := "7\t" + text + text + "   1.5 true\n"; out.String() != want {
			t.Errorf("%T: %q, want %q", value, out.String(), want)
		}
		out.Reset()
		if _, err := legible.Fprintln(&out, "a:", value, 7); err != nil || out.String() != "a: "+text+" 7\n" {
			t.Errorf("%T: %q, %v", value, out.String(), err)
		}
	}
}
