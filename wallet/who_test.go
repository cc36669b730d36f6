package wallet_test

import (
	"testing"
	"time"

	"github.com/hufu-id/hufu/hufutest"
	"github.com/hufu-id/hufu/ledger"
	"github.com/hufu-id/hufu/verifier"
)

// TestWhoAsks: the citizen reads the name that the accreditor vouches for, and no
// name where nobody vouches.
func TestWhoAsks(t *testing.T) {
	c := hufutest.New(t, hufutest.Options{})
	citizen, counter := c.Citizen(c.Adult()), c.Counter(c.Policy(nil))
	ask := func() (ledger.Subject, bool) {
		t.Helper()
		request, err := counter.NewRequest(t.Context(), verifier.RequestOptions{})
		if err != nil {
			t.Fatal(err)
		}
		asked, err := citizen.ResolveRequest(t.Context(), request.Object)
		if err != nil {
			t.Fatal(err)
		}
		return asked.Who()
	}
	if who, known := ask(); !known || who != c.Library.Subject {
		t.Errorf("%+v", who)
	}
	c.Accredit(c.Library, ledger.ActionVerify, ledger.StateEnded)
	c.Advance(2 * time.Minute) // the counter's next proof
	if who, known := ask(); known || who != (ledger.Subject{}) {
		t.Errorf("nobody vouches: %+v", who)
	}
}

// TestWhoIssued: a card bears its issuer's name, in the list and after a restart.
func TestWhoIssued(t *testing.T) {
	c := hufutest.New(t, hufutest.Options{})
	citizen := c.Citizen(c.Adult())
	cards := 0
	for s, err := range citizen.Credentials(t.Context()) {
		if err != nil || s.Who != c.Office.Subject {
			t.Errorf("%+v, %v", s, err)
		}
		cards++
	}
	if cards != 1 {
		t.Errorf("%d cards", cards)
	}
}
