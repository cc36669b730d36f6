package main

import (
	"bytes"
	"fmt"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/hufu-id/hufu/internal/limits"
	"github.com/hufu-id/hufu/internal/long"
	"github.com/hufu-id/hufu/openid"
)

// A door is a command that takes a file from outside.
type door struct {
	name    string
	good    string // the file it takes
	foreign string // a good file of another command
	args    func(file string) []string
}

func doors() []door {
	command := func(args ...string) func(string) []string {
		return func(file string) []string {
			out := slices.Clone(args)
			for i := range out {
				out[i] = strings.ReplaceAll(out[i], "FILE", file)
			}
			return out
		}
	}
	return []door{
		{"issue --csv", "residents.csv", "offers/offer-003.json", command("issue", "--csv", "FILE", "--out", "new")},
		{"issue --application", "next-application.json", "offers/offer-003.json", command("issue", "--application", "FILE", "--out", "new.json")},
		{"issue --schema", "schema.json", "policy.json", command("issue", "--csv", "residents.csv", "--schema", "FILE", "--out", "new")},
		{"agency schema", "schema.json", "policy.json", command("agency", "schema", "--schema", "FILE")},
		{"revoke --offer", "offers/offer-001.json", "application.json", command("revoke", "--offer", "FILE", "--yes")},
		{"wallet apply", "offers/offer-003.json", "application.json", command("wallet", "apply", "FILE", "--out", "new.json")},
		{"wallet receive", "response.json", "application.json", command("wallet", "receive", "FILE")},
		{"wallet present", "request.jwt", "response.json", command("wallet", "present", "FILE", "--with", "claims", "--yes", "--out", "new.json")},
		{"request --policy", "policy.json", "schema.json", command("request", "--policy", "FILE", "--out", "new.jwt")},
		{"verify", "answer.json", "response.json", command("verify", "FILE")},
		{"demo --csv", "residents.csv", "offers/offer-003.json", command("demo", "--csv", "FILE")},
	}
}

// damage is one way in which a file can be wrong.
type damage struct {
	name string
	code int
	make func(t *testing.T, d door) []byte // nil: no file
}

func damages() []damage {
	return []damage{
		{"missing", exitUnknown, func(*testing.T, door) []byte { return nil }},
		{"empty", exitUnknown, func(*testing.T, door) []byte { return []byte{} }},
		{"blank", exitUnknown, func(*testing.T, door) []byte { return []byte(" \n\t\n") }},
		{"oversized", exitUnknown, func(_ *testing.T, d door) []byte { return bytes.Repeat([]byte{'{'}, capOf(d)+1) }},
		{"truncated", exitRefused, func(t *testing.T, d door) []byte {
			b := bytes.TrimSpace(readFile(t, d.good))
			if d.good == "residents.csv" { // a row less is a table too
				return b[:bytes.IndexByte(b, '\n')-3]
			}
			return b[:len(b)*2/3]
		}},
		{"foreign", exitRefused, func(t *testing.T, d door) []byte { return readFile(t, d.foreign) }},
		{"random", exitRefused, func(*testing.T, door) []byte { return noise(4096) }},
		{"another version", exitRefused, func(t *testing.T, d door) []byte { return otherVersion(d, readFile(t, d.good)) }},
		{"somebody's data", exitRefused, func(*testing.T, door) []byte { return personal() }},
	}
}

// capOf is the size cap of a door's file.
func capOf(d door) int {
	switch d.good {
	case "policy.json", "schema.json":
		return documentLimit
	case "residents.csv":
		return tableLimit
	}
	return limits.Message
}

// noise is bytes that no format begins with, the same on every run.
func noise(n int) []byte {
	b := make([]byte, n)
	x := uint32(2463534242)
	for i := range b {
		x ^= x << 13
		x ^= x >> 17
		x ^= x << 5
		b[i] = byte(x) | 0x80
	}
	return b
}

// otherVersion is a good file as a later version might write it.
func otherVersion(d door, good []byte) []byte {
	switch d.good {
	case "policy.json", "schema.json":
		return append([]byte(`{"format": 2,`), good[1:]...)
	case "residents.csv":
		return append([]byte("format,"), good...)
	}
	text := openid.QRText(openid.QROffer, bytes.TrimSpace(good))
	return []byte(strings.Replace(text, "HUFU1:", "HUFU2:", 1))
}

// personal is JSON with a citizen's data as names and values.
func personal() []byte {
	rows := strings.Split(strings.TrimSpace(string(sample("residents.csv"))), "\n")[1:]
	var members []string
	for i, v := range strings.Split(rows[0], ",") {
		members = append(members, fmt.Sprintf("%q:%q", v, strings.Split(rows[1], ",")[i]))
	}
	return []byte("{" + strings.Join(members, ",") + "}")
}

// rawError is what an error of a package looks like when nobody has put it
// into a sentence.
var rawError = regexp.MustCompile(`\b(credential|did|issuer|jsontext|ledger|openid|prover|provenance|sql|sqlitelog|sqlitestore|statement|status|verifier|wallet|zkp): |\.go:\d|goroutine|panic|sqlite|runtime error`)

// assertSentence checks what every failure looks like.
func assertSentence(t *testing.T, got outcome, code int) {
	t.Helper()
	if got.code != code {
		t.Errorf("exit code %d, want %d: %s", got.code, code, got.err)
	}
	if strings.Count(got.err, "\n") != 1 || !strings.HasSuffix(got.err, "\n") || strings.TrimSpace(got.err) == "" {
		t.Errorf("standard error is not one line: %q", got.err)
	}
	if m := rawError.FindString(got.err); m != "" {
		t.Errorf("%q is no sentence for people: %q", m, got.err)
	}
	assertNothingPersonal(t, got.err)
}

// assertNothingPersonal looks for every value of the sample table but for the
// district, which policies name.
func assertNothingPersonal(t *testing.T, text string) {
	t.Helper()
	for row := range strings.Lines(string(sample("residents.csv"))) {
		for _, value := range strings.Split(strings.TrimSpace(row), ",") {
			if len(value) != 6 && strings.Contains(text, value) && !slices.Contains([]string{"name", "resident_id", "birthdate", "district", "address"}, value) {
				t.Errorf("a citizen's data stands in %q", text)
			}
		}
	}
}

func TestBadFiles(t *testing.T) {
	long.NotShort(t, "a hundred commands")
	newCountry(t)
	// A file's name is the caller's own and may be repeated; the bytes may not.
	const name = "given.file"
	for _, d := range doors() {
		for _, broken := range damages() {
			t.Run(d.name+"/"+broken.name, func(t *testing.T) {
				if b := broken.make(t, d); b != nil {
					writeFile(t, name, b)
					defer os.Remove(name)
				}
				before := snapshot(t)
				got := hufu(d.args(name)...)
				assertSentence(t, got, broken.code)
				if got.stdout != "" && !strings.HasPrefix(d.name, "demo") { // which tells its story up to there
					t.Errorf("standard output holds %q", got.stdout)
				}
				assertUnchanged(t, before)
			})
		}
	}
	stillGood(t)
}

// stillGood shows that no bad file has spoilt what was stored: the good ones
// are accepted afterwards.
func stillGood(t *testing.T) {
	t.Helper()
	mustHufu(t, "verify", "answer.json")
	mustHufu(t, "issue", "--application", "next-application.json", "--out", "next-response.json")
	mustHufu(t, "wallet", "receive", "next-response.json", "--wallet", "second")
	mustHufu(t, "revoke", "--offer", "offers/offer-001.json", "--yes")
	mustHufu(t, "ledger", "audit")
}
