package main

import (
	"strings"
	"testing"
)

// TestNotAdmitted: an agency that nobody has admitted is nobody's to accredit, and says at
// each command where its application lies. Once it is admitted, any command that reaches the
// ledger goes on.
func TestNotAdmitted(t *testing.T) {
	newCountry(t)
	mustHufu(t, "agency", "init", "--agency", "branch", "--name-zh", "分局", "--code", "12110101MB00000098", "--contact", "010-5550 0199")
	assertSentence(t, hufu("agency", "accredit", "--to", "branch"), exitRefused)
	suspend := func() outcome { return hufu("agency", "suspend", "--agency", "branch", "--to", "agency") } // not its own to suspend
	got := suspend()
	assertSentence(t, got, exitRefused)
	if !strings.Contains(got.err, "branch/application") {
		t.Errorf("another sentence: %q", got.err)
	}
	mustHufu(t, "agency", "admit", "branch/application", "--agency", "agency")
	got = suspend()
	assertSentence(t, got, exitRefused)
	if !strings.Contains(got.err, "no such accreditation") {
		t.Errorf("another sentence: %q", got.err)
	}
}
