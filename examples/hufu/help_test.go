package main

import (
	"regexp"
	"strings"
	"testing"

	"github.com/spf13/cobra"
)

func everyCommand(t *testing.T) []*cobra.Command {
	t.Helper()
	var all []*cobra.Command
	var walk func(*cobra.Command)
	walk = func(c *cobra.Command) {
		all = append(all, c)
		for _, sub := range c.Commands() {
			walk(sub)
		}
	}
	walk((&app{words: newWords("en")}).rootCommand())
	if len(all) < 25 {
		t.Fatalf("only %d commands", len(all))
	}
	return all
}

func TestHelp(t *testing.T) {
	for _, c := range everyCommand(t) {
		path := strings.Fields(c.CommandPath())[1:]
		t.Run(c.CommandPath(), func(t *testing.T) {
			if c.Short == "" || strings.HasSuffix(c.Short, ".") {
				t.Errorf("Short is %q", c.Short)
			}
			if !strings.Contains(c.Example, "  "+strings.Join(append([]string{"hufu"}, path...), " ")) {
				t.Errorf("no example of its own: %q", c.Example)
			}
			for _, flag := range regexp.MustCompile(`--[a-z][a-z0-9-]*`).FindAllString(ownExamples(c), -1) {
				if c.Flag(flag[2:]) == nil {
					t.Errorf("an example uses %s, which is no flag", flag)
				}
			}
			got := hufu(append(path, "--help")...)
			if got.code != exitAccepted || got.err != "" {
				t.Errorf("exit code %d, standard error %q", got.code, got.err)
			}
			for _, line := range strings.Split(got.stdout, "\n") {
				if prose := !strings.HasPrefix(line, "  ") || strings.HasPrefix(line, "      -"); prose && len(line) > 80 {
					t.Errorf("wider than 80 columns: %q", line)
				}
			}
			for _, want := range []string{"Usage:", "Examples:", "--json"} {
				if !strings.Contains(got.stdout, want) {
					t.Errorf("help without %s", want)
				}
			}
		})
	}
}

// ownExamples are the examples that call a command itself, and not one below or beside it.
func ownExamples(c *cobra.Command) (own string) {
	for _, line := range strings.Split(strings.ReplaceAll(c.Example, "\\\n", ""), "\n") {
		if rest, is := strings.CutPrefix(strings.TrimSpace(line), c.CommandPath()+" "); is && (!c.HasSubCommands() || strings.HasPrefix(rest, "-")) {
			own += rest + "\n"
		}
	}
	return own
}

// TestWrongUsage: exit code 3, one line, and a word on what was wrong.
func TestWrongUsage(t *testing.T) {
	newCountry(t)
	before := snapshot(t)
	for _, c := range []struct{ command, want string }{
		{"bogus", "unknown command"},
		{"ledger bogus", "unknown command"},
		{"agency bogus", "unknown command"},
		{"wallet bogus", "unknown command"},
		{"counter bogus", "unknown command"},
		{"zkp bogus", "unknown command"},
		{"ledger show --bogus", "unknown flag"},
		{"ledger show -b", "unknown shorthand"},
		{"ledger init --epoch soon", "invalid argument"},
		{"wallet prepare --count many", "invalid argument"},
		{"ledger show --lang fr", "--lang is en or zh"},
		{"ledger show extra", "takes no arguments"},
		{"verify", "takes one answer"},
		{"wallet apply", "takes one offer"},
		{"wallet receive a b", "takes one response"},
		{"wallet present", "takes one request"},
		{"wallet show", "takes one credential"},
		{"wallet init", "required flag"},
		{"wallet init --trust ledger/trust.json", "required flag"},
		{"counter init --trust ledger/trust.json", "required flag"},
		{"agency accredit", "required flag"},
		{"agency suspend", "required flag"},
		{"revoke", "required flag"},
		{"issue", "either --csv or --application"},
		{"issue --csv a --application b", "either --csv or --application"},
		{"zkp setup", "--allow-single-party-unsafe"},
		{"agency rotate", "Please confirm"},
		{"ledger init --root agency --ledger other", "not made with --root"},
		{"ledger init --ledger other", "has a ledger already"},
		{"revoke --offer offers/offer-001.json", "Please confirm"},
		{"wallet present request.jwt --with claims --out new.json", "Please confirm"},
	} {
		t.Run(c.command, func(t *testing.T) {
			got := hufu(strings.Fields(c.command)...)
			assertSentence(t, got, exitUsage)
			if !strings.Contains(got.err, c.want) {
				t.Errorf("%q does not say %q", got.err, c.want)
			}
			assertUnchanged(t, before)
		})
	}
	stillGood(t)
}

func TestNoPassphrase(t *testing.T) {
	newCountry(t)
	before := snapshot(t)
	t.Setenv("HUFU_PASSPHRASE", "")
	got := hufu("wallet", "list")
	assertSentence(t, got, exitUsage)
	if !strings.Contains(got.err, "HUFU_PASSPHRASE is empty") {
		t.Errorf("another sentence: %q", got.err)
	}
	unsetenv(t, "HUFU_PASSPHRASE")
	for _, command := range []string{"wallet list", "agency schema", "request --out new.jwt", "agency init --agency new"} {
		got := hufu(strings.Fields(command)...)
		assertSentence(t, got, exitUsage)
		if !strings.Contains(got.err, "No passphrase") {
			t.Errorf("another sentence: %q", got.err)
		}
	}
	assertUnchanged(t, before)
}

// TestTrustIsPinned: no trust file is believed for being there.
func TestTrustIsPinned(t *testing.T) {
	fingerprint := newCountry(t)
	good := readFile(t, "ledger/trust.json")
	writeFile(t, "changed.json", []byte(strings.Replace(string(good), "{", "{ ", 1)))
	before := snapshot(t)
	for _, role := range []string{"wallet", "counter"} {
		for _, c := range []struct {
			name, file, fingerprint string
			code                    int
		}{
			{"another fingerprint", "ledger/trust.json", strings.Repeat("00", 32), exitRefused},
			{"half a fingerprint", "ledger/trust.json", fingerprint[:32], exitRefused},
			{"no hexadecimal", "ledger/trust.json", "fingerprint", exitRefused},
			{"changed file", "changed.json", fingerprint, exitRefused},
			{"foreign file", "schema.json", fingerprint, exitRefused},
			{"missing file", "nowhere.json", fingerprint, exitUnknown},
		} {
			t.Run(role+"/"+c.name, func(t *testing.T) {
				got := hufu(role, "init", "--"+role, "new", "--trust", c.file, "--fingerprint", c.fingerprint)
				assertSentence(t, got, c.code)
				if c.code == exitRefused && !strings.Contains(got.err, "not the trust file whose fingerprint was given") {
					t.Errorf("another sentence: %q", got.err)
				}
				assertUnchanged(t, before)
			})
		}
	}
}
