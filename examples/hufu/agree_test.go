package main

import (
	"strings"
	"testing"
)

// TestAgree: the root decides alone, then with an office, each step a command.
func TestAgree(t *testing.T) {
	newCountry(t)
	nominated := func(dir, out string) string {
		return mustHufu(t, "ledger", "agree", "key", "--agency", dir, "--out", out, "--json").field(t, "name")
	}
	root, office := nominated("root", "root-1.json"), nominated("agency", "office-1.json")
	shown := mustHufu(t, "ledger", "agree", "propose", "--decider", "root-1.json", "--decider", "office-1.json", "--threshold", "2", "--out", "one")
	if !strings.Contains(shown.stdout, root) || !strings.Contains(shown.stdout, office) || !strings.Contains(shown.stdout, "1 must sign it now") {
		t.Error(shown.stdout)
	}
	if got := hufu("ledger", "agree", "sign", "one", "--agency", "agency", "--yes"); got.code != exitUnknown || !strings.Contains(got.err, "may sign the next agreement") {
		t.Errorf("who has no say: %+v", got)
	}
	if got := hufu("ledger", "agree", "sign", "one"); got.code != exitUsage {
		t.Errorf("nobody said yes: %+v", got)
	}
	mustHufu(t, "ledger", "agree", "sign", "one", "--yes", "--out", "one-root")
	mustHufu(t, "ledger", "agree", "submit", "one-root")

	nominated("root", "root-2.json")
	mustHufu(t, "ledger", "agree", "propose", "--decider", "root-2.json", "--unseat", office, "--threshold", "1", "--out", "two")
	if got := hufu("ledger", "agree", "propose", "--unseat", office[:7], "--out", "none"); got.code == exitAccepted {
		t.Errorf("unseated by seven digits: %+v", got)
	}
	mustHufu(t, "ledger", "agree", "sign", "two", "--yes", "--out", "two-root")
	if got := hufu("ledger", "agree", "submit", "two-root"); got.code != exitRefused {
		t.Errorf("one of two signatures: %+v", got)
	}
	if got := mustHufu(t, "agency", "rotate", "--agency", "root", "--yes"); !strings.Contains(got.stdout, "hufu ledger agree key") {
		t.Errorf("the root no longer decides alone: %+v", got)
	}
	mustHufu(t, "ledger", "agree", "sign", "two", "--agency", "agency", "--yes", "--out", "two-office")
	mustHufu(t, "ledger", "agree", "submit", "two-root", "two-office")
	mustHufu(t, "agency", "rotate", "--agency", "root", "--yes")
	mustHufu(t, "verify", "answer.json") // a counter follows
	if got := hufu("--lang", "zh", "ledger", "agree", "sign", "two", "--yes", "--out", "late"); got.code != exitRefused || !strings.Contains(got.err, "下一份协议") {
		t.Errorf("an agreement of before: %+v", got)
	}
}
