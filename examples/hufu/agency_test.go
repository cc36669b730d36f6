package main

import (
	"context"
	"errors"
	"os"
	"strings"
	"testing"

	hufuagency "github.com/hufu-id/hufu/agency"
	"github.com/hufu-id/hufu/folder"
	"github.com/hufu-id/hufu/ledger"
	"github.com/hufu-id/hufu/ledger/ledgertest"
)

// deaf is a ledger that does not answer to what is submitted.
type deaf struct{ folder.Ledger }

func (deaf) Submit(context.Context, ...*ledger.SignedOperation) (*ledger.Receipt, error) {
	return nil, errors.New("no answer")
}

// TestInterruptedInit: any later command that reaches the ledger finishes what
// agency init began, and notes the DID.
func TestInterruptedInit(t *testing.T) {
	newCountry(t)
	clock, err := environmentClock(os.Getenv("HUFU_DEMO_CLOCK_UNSAFE"))
	if err != nil {
		t.Fatal(err)
	}
	opts := folder.Options{Clock: clock} // the commands' own: it may be another day than the machine's
	log, err := folder.OpenLedger(t.Context(), "ledger", opts)
	if err != nil {
		t.Fatal(err)
	}
	_, err = folder.NewAgency(t.Context(), "branch", ledgertest.SubjectOf("branch"), []byte(testPassphrase), deaf{log}, opts)
	if err := log.Close(); err != nil {
		t.Fatal(err)
	}
	if !errors.Is(err, hufuagency.ErrPending) {
		t.Fatalf("got %v", err)
	}
	got := hufu("agency", "accredit", "--to", "branch")
	assertSentence(t, got, exitUnknown)

	got = hufu("agency", "suspend", "--agency", "branch", "--to", "agency") // not its own to suspend
	assertSentence(t, got, exitRefused)
	if !strings.Contains(got.err, "no such accreditation") {
		t.Errorf("another sentence: %q", got.err)
	}
	mustHufu(t, "agency", "accredit", "--to", "branch", "--action", "verify")
}
