package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/hufu-id/hufu/internal/long"
	"github.com/hufu-id/hufu/internal/testkeys"
	"github.com/hufu-id/hufu/openid"
	"github.com/hufu-id/hufu/zkp/prover"
)

// TestMain lets scripts run this binary as hufu, each command in its own
// process, and as qrtext, which prints a file as the text of a QR code.
func TestMain(m *testing.M) {
	testscript.Main(cleaned{m}, map[string]func(){
		"hufu":   main,
		"qrtext": qrtext,
	})
}

// cleaned removes the tests' country after the tests.
type cleaned struct{ *testing.M }

func (c cleaned) Run() int {
	code := c.M.Run()
	if country.root != "" {
		os.RemoveAll(country.root)
	}
	return code
}

// qrtext KIND FILE prints what a phone would show as a QR code.
func qrtext() {
	kinds := map[string]openid.QRType{
		"offer": openid.QROffer, "application": openid.QRCredentialRequest, "response": openid.QRCredentialResponse,
		"request": openid.QRPresentationRequest, "answer": openid.QRPresentationResponse,
	}
	kind, known := kinds[os.Args[1]]
	b, err := os.ReadFile(os.Args[2])
	if !known || err != nil {
		fmt.Fprintln(os.Stderr, "qrtext KIND FILE:", err)
		os.Exit(exitUsage)
	}
	fmt.Println(openid.QRText(kind, []byte(strings.TrimSpace(string(b)))))
}

// keyCache is where the tests' development keys lie, which the commands take for
// the user's cache.
func keyCache(t testing.TB) string {
	t.Helper()
	cache, err := testkeys.Cache()
	if err != nil {
		t.Fatal(err)
	}
	return cache
}

// needKeys makes sure that the development keys are there.
func needKeys(t testing.TB) {
	t.Helper()
	if _, err := prover.DevelopmentKeys(context.Background(), keyCache(t), nil); err != nil {
		t.Fatal(err)
	}
}

func TestScripts(t *testing.T) {
	long.Landing(t, "walks a whole country, each command in its own process")
	needKeys(t)
	cache := keyCache(t)
	testscript.Run(t, testscript.Params{
		Dir:                 "testdata/script",
		RequireExplicitExec: true,
		RequireUniqueNames:  true,
		Setup: func(env *testscript.Env) error {
			env.Setenv("HOME", env.WorkDir)
			env.Setenv("XDG_CACHE_HOME", cache)
			env.Setenv("HUFU_PASSPHRASE", "a passphrase for tests")
			env.Setenv("LANG", "en_US.UTF-8")
			for _, name := range []string{"residents.csv", "resident.schema.json", "driver.schema.json", "drivers.csv"} {
				if err := os.WriteFile(filepath.Join(env.WorkDir, name), sample(name), 0o600); err != nil {
					return err
				}
			}
			return nil
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"clockat": clockAt, "cheat": cheat, "exitcode": exitCode, "jsonenv": jsonEnv, "sleep": sleep, "oneline": oneLine,
		},
	})
}

// exitCode N COMMAND ARGS... runs a command that must exit with N.
func exitCode(ts *testscript.TestScript, _ bool, args []string) {
	if len(args) < 2 {
		ts.Fatalf("usage: exitcode N command args...")
	}
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	got := 0
	var exit *exec.ExitError
	if err := ts.Exec(args[1], args[2:]...); errors.As(err, &exit) {
		got = exit.ExitCode()
	} else if err != nil {
		ts.Fatalf("%v", err)
	}
	if got != want {
		ts.Fatalf("exit code %d, want %d", got, want)
	}
}

// clockAt TIME sets the clock of the commands that follow.
func clockAt(ts *testscript.TestScript, _ bool, args []string) {
	at, err := time.Parse(time.RFC3339, args[0])
	ts.Check(err)
	ts.Setenv("HUFU_DEMO_CLOCK_UNSAFE", time.Until(at).String())
}

// jsonEnv NAME FIELD sets a variable to a field of the last standard output.
func jsonEnv(ts *testscript.TestScript, _ bool, args []string) {
	var object map[string]any
	if err := json.Unmarshal([]byte(ts.ReadFile("stdout")), &object); err != nil {
		ts.Fatalf("standard output is not one JSON object: %v", err)
	}
	value, ok := object[args[1]].(string)
	if !ok || value == "" {
		ts.Fatalf("no text in field %s", args[1])
	}
	ts.Setenv(args[0], value)
}

// sleep DURATION lets an epoch of the real clock pass.
func sleep(ts *testscript.TestScript, _ bool, args []string) {
	d, err := time.ParseDuration(args[0])
	ts.Check(err)
	time.Sleep(d)
}

// oneLine asserts that standard error holds exactly one line.
func oneLine(ts *testscript.TestScript, _ bool, _ []string) {
	if s := ts.ReadFile("stderr"); strings.Count(s, "\n") != 1 || !strings.HasSuffix(s, "\n") {
		ts.Fatalf("standard error is not one line:\n%s", s)
	}
}
