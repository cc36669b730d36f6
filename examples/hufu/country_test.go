package main

import (
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

const testPassphrase = "a passphrase for tests"

// outcome is what one command did.
type outcome struct {
	code        int
	stdout, err string
}

// hufu runs one command in this process. Its input is no terminal.
func hufu(args ...string) outcome {
	var out, errOut bytes.Buffer
	code := run(args, strings.NewReader(""), &out, &errOut)
	return outcome{code, out.String(), errOut.String()}
}

// mustHufu runs a command that is part of the stage and must be accepted.
func mustHufu(t testing.TB, args ...string) outcome {
	t.Helper()
	got := hufu(args...)
	if got.code != exitAccepted {
		t.Fatalf("hufu %s: exit code %d: %s", strings.Join(args, " "), got.code, got.err)
	}
	return got
}

// field reads a text out of a command's JSON.
func (o outcome) field(t testing.TB, name string) string {
	t.Helper()
	var object map[string]any
	if err := json.Unmarshal([]byte(o.stdout), &object); err != nil {
		t.Fatalf("%v in %q", err, o.stdout)
	}
	value, _ := object[name].(string)
	return value
}

// setClock sets the commands' clock, which goes on from there.
func setClock(t testing.TB, at time.Time) {
	t.Helper()
	if err := os.Setenv("HUFU_DEMO_CLOCK_UNSAFE", time.Until(at).String()); err != nil {
		t.Fatal(err)
	}
}

// environment sets what every command reads, and changes into a new folder.
func environment(t *testing.T) {
	t.Helper()
	t.Setenv("XDG_CACHE_HOME", keyCache(t))
	t.Setenv("HUFU_PASSPHRASE", testPassphrase)
	t.Setenv("HUFU_DEMO_CLOCK_UNSAFE", "")
	for _, name := range []string{"LC_ALL", "LC_MESSAGES", "HUFU_LEDGER", "HUFU_WALLET", "HUFU_COUNTER"} {
		t.Setenv(name, "")
	}
	t.Setenv("LANG", "en_US.UTF-8")
	t.Chdir(t.TempDir())
}

// country is what newCountry puts back for each test. It is made once, and always
// lies in one folder, because a role remembers where its ledger is.
var country struct {
	root, fingerprint string
	left              time.Time // what the commands' clock showed when it was made
}

// newCountry changes into a country in which the road was walked up to an unread
// answer:
//
//	root, ledger, agency, counter   accredited for each other
//	wallet                          holds the credential of offers/offer-001.json
//	offers/, application.json, response.json, request.jwt, answer.json
//	second                          a wallet that applied for offers/offer-002.json
//	next-application.json           its application, not answered yet
//	policy.json, schema.json, residents.csv
//
// Its clock shows the moment in which the answer was made. newCountry returns the
// trust file's fingerprint.
func newCountry(t *testing.T) (fingerprint string) {
	t.Helper()
	environment(t)
	if country.left.IsZero() {
		makeCountry(t)
		return country.fingerprint
	}
	lived := filepath.Join(country.root, "lived-in")
	if err := os.RemoveAll(lived); err != nil {
		t.Fatal(err)
	}
	copyFolder(t, filepath.Join(country.root, "pristine"), lived)
	t.Chdir(lived)
	setClock(t, country.left)
	return country.fingerprint
}

// makeCountry makes it and changes into it. It begins at noon, so that no epoch of
// a day ends while a test runs.
func makeCountry(t *testing.T) {
	t.Helper()
	var err error
	if country.root, err = os.MkdirTemp("", "hufu-country-"); err != nil {
		t.Fatal(err)
	}
	lived := filepath.Join(country.root, "lived-in")
	if err := os.Mkdir(lived, 0o700); err != nil {
		t.Fatal(err)
	}
	t.Chdir(lived)
	setClock(t, time.Now().UTC().Truncate(24*time.Hour).Add(12*time.Hour))
	country.fingerprint = walk(t)
	offset, err := environmentClock(os.Getenv("HUFU_DEMO_CLOCK_UNSAFE"))
	if err != nil {
		t.Fatal(err)
	}
	country.left = offset()
	copyFolder(t, lived, filepath.Join(country.root, "pristine"))
}

// copyFolder copies files with their modes, which key files are held to.
func copyFolder(t testing.TB, from, to string) {
	t.Helper()
	if err := os.CopyFS(to, os.DirFS(from)); err != nil {
		t.Fatal(err)
	}
	err := filepath.WalkDir(from, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := d.Info()
		if err != nil {
			return err
		}
		return os.Chmod(filepath.Join(to, strings.TrimPrefix(path, from)), info.Mode().Perm())
	})
	if err != nil {
		t.Fatal(err)
	}
}

// walk walks the road of newCountry in the working folder.
func walk(t *testing.T) (fingerprint string) {
	t.Helper()
	for name, b := range map[string][]byte{
		"residents.csv": sample("residents.csv"), "schema.json": sample("resident.schema.json"), "policy.json": sample("adult-in-district.policy.json"),
	} {
		writeFile(t, name, b)
	}
	mustHufu(t, "agency", "init", "--root", "--agency", "root", "--name", "National Root Agency", "--name-zh", "国家根授权机构", "--code", "11100000MB0000000P", "--contact", "010-5550 0100")
	fingerprint = mustHufu(t, "ledger", "init", "--epoch", "24h", "--json").field(t, "fingerprint")
	pinned := []string{"--trust", "ledger/trust.json", "--fingerprint", fingerprint}
	mustHufu(t, "agency", "schema")
	mustHufu(t, "agency", "init", "--name", "Dongcheng Residents' Office", "--name-zh", "东城区居民管理处", "--code", "12110101MB0000001F", "--contact", "010-5550 0101")
	mustHufu(t, "agency", "admit", "agency/application")
	mustHufu(t, "agency", "accredit", "--to", "agency")
	mustHufu(t, append([]string{"wallet", "init"}, pinned...)...)
	mustHufu(t, append([]string{"counter", "init", "--name", "Dongcheng Library", "--name-zh", "东城区图书馆", "--code", "12110101MB0000002J", "--contact", "https://library.dongcheng.example"}, pinned...)...)
	mustHufu(t, "agency", "admit", "counter/application")
	mustHufu(t, "agency", "accredit", "--to", "counter", "--action", "verify")
	mustHufu(t, "issue", "--csv", "residents.csv")
	mustHufu(t, "wallet", "apply", "offers/offer-001.json")
	mustHufu(t, "issue", "--application", "application.json", "--out", "response.json")
	mustHufu(t, "wallet", "receive", "response.json")
	mustHufu(t, append([]string{"wallet", "init", "--wallet", "second"}, pinned...)...)
	mustHufu(t, "wallet", "apply", "offers/offer-002.json", "--wallet", "second", "--out", "next-application.json")
	mustHufu(t, "request")
	mustHufu(t, "wallet", "present", "request.jwt", "--with", "claims", "--yes")
	return fingerprint
}

func writeFile(t testing.TB, name string, b []byte) {
	t.Helper()
	if err := os.WriteFile(name, b, 0o600); err != nil {
		t.Fatal(err)
	}
}

func readFile(t testing.TB, name string) []byte {
	t.Helper()
	b, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// snapshot hashes every file below the working folder but for SQLite's
// write-ahead files, which come and go with a connection.
func snapshot(t testing.TB) map[string][32]byte {
	t.Helper()
	files := map[string][32]byte{}
	err := filepath.WalkDir(".", func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		switch {
		case d.IsDir():
			files[path+"/"] = [32]byte{}
		case strings.HasSuffix(path, "-wal"), strings.HasSuffix(path, "-shm"):
		default:
			b, err := os.ReadFile(path)
			if err != nil {
				return err
			}
			files[path] = sha256.Sum256(b)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}

// assertUnchanged names the first files that differ from an earlier snapshot.
func assertUnchanged(t testing.TB, before map[string][32]byte) {
	t.Helper()
	after := snapshot(t)
	for path, hash := range before {
		if now, there := after[path]; !there {
			t.Errorf("%s is gone", path)
		} else if now != hash {
			t.Errorf("%s was changed", path)
		}
	}
	for path := range after {
		if _, there := before[path]; !there {
			t.Errorf("%s is new", path)
		}
	}
}

// unsetenv removes a variable for the length of a test.
func unsetenv(t *testing.T, name string) {
	t.Helper()
	t.Setenv(name, "") // so that it comes back
	if err := os.Unsetenv(name); err != nil {
		t.Fatal(err)
	}
}
