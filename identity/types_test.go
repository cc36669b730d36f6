package identity_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/hufu-id/hufu/credential"
	"github.com/hufu-id/hufu/identity"
)

func TestOnePerson(t *testing.T) {
	edit := func(file string, old, with string) *credential.Schema {
		t.Helper()
		if !strings.Contains(file, old) {
			t.Fatalf("no %s", old)
		}
		return schema(t, strings.ReplaceAll(file, old, with))
	}
	resident, licence := schema(t, residentFile), schema(t, licenceFile)
	edition := edit(residentFile, `"version":1`, `"version":2`)
	foreigner := edit(residentFile, `test.resident`, `test.foreigner`)
	nobody := edit(licenceFile, `"boundBy":[{"schema":"test.resident","version":1}],`, ``) // its own desk finds out who a person is
	editions := edit(licenceFile, `{"schema":"test.resident","version":1}`, `{"schema":"test.resident","version":1},{"schema":"test.resident","version":2}`)
	either := edit(licenceFile, `{"schema":"test.resident","version":1}`, `{"schema":"test.resident","version":1},{"schema":"test.foreigner","version":1}`)
	for _, c := range []struct {
		name    string
		schemas []*credential.Schema
		one     bool
	}{
		{"one", []*credential.Schema{resident}, true},
		{"two editions", []*credential.Schema{resident, edition}, true},
		{"with a later type", []*credential.Schema{licence, resident}, true},
		{"later types alone", []*credential.Schema{licence, editions}, true},
		{"two identity types", []*credential.Schema{resident, foreigner}, false},
		{"with a later type of another", []*credential.Schema{foreigner, licence}, false},
		{"with a type that is bound by nothing", []*credential.Schema{resident, nobody}, false},
		{"a later type of either", []*credential.Schema{either}, false},
		{"with a later type of either", []*credential.Schema{resident, either}, false},
	} {
		if err := identity.OnePerson(c.schemas...); (err == nil) != c.one || err != nil && !errors.Is(err, identity.ErrTypes) {
			t.Errorf("%s: %v", c.name, err)
		}
	}
}
