package main

import (
	"errors"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/hufu-id/hufu/internal/long"
	"github.com/hufu-id/hufu/ledger"
	"github.com/hufu-id/hufu/ledger/ledgertest"
)

// TestRotateRoot: the root agency of a consortium gets a new key, decides with it, and
// repairs what a thief of that one signed.
func TestRotateRoot(t *testing.T) {
	t.Parallel()
	long.NotShort(t, "starts a process")
	f := &founded{network: &network{TB: t, dir: t.TempDir()}}
	keys := []string{"--safe", f.path("safe")}
	must(t, append([]string{"found", "--origin", "ledger.example", "--heartbeat", "1s", "--root-key", f.path("root.key"), "--dir", f.path("consortium"), f.member(t, 0)}, keys...)...)
	f.begin(t, 1)
	at := append([]string{"--at", f.addresses[0], "--consortium", f.path("consortium"), "--root-key", f.path("root.key")}, keys...)
	rotate := append([]string{"rotate"}, at...)
	if _, err := hufuNode(t, "n\n", rotate...); err == nil || !strings.Contains(err.Error(), "nothing was changed") {
		t.Error(err)
	}
	var err error
	submits := func(path string, n int) error {
		t.Helper()
		if f.root, err = readKey(path); err != nil {
			t.Fatal(err)
		}
		return f.submit(f.client(0), f.anchor(n), time.Minute)
	}
	if err := submits(f.path("root.key"), 1); err != nil {
		t.Fatal(err)
	}
	must(t, append(rotate, "--yes")...)
	if err := submits(f.path("root.key"), 2); err != nil {
		t.Error("the new key:", err)
	}
	if f.root, err = readKey(f.path("root.key.1.used")); err != nil {
		t.Fatal(err)
	}
	n := 1000
	ended := func() bool { // a second after it was made, if that was just now
		n++
		_, err := f.client(0).Submit(t.Context(), f.anchor(n))
		return errors.Is(err, ledger.ErrUnauthorised)
	}
	if !eventually(ended) {
		t.Error("the old key signs on")
	}
	// Stopped after the ledger had it, the next call ends what was begun.
	if err := os.Rename(f.path("root.key"), f.path("root.key.new")); err != nil {
		t.Fatal(err)
	}
	must(t, append(rotate, "--yes")...)
	if err := submits(f.path("root.key"), 4); err != nil {
		t.Error(err)
	}
	must(t, append([]string{"agree", "--renew", "--yes", "--at", f.addresses[0], "--consortium", f.path("consortium"), "--key", f.path("root.key")}, keys...)...)

	// What a thief of that key gives falls.
	given := &ledger.Accreditation{
		Agency: f.trust.RootDID, Action: ledger.ActionVerify, Region: "110000", Type: "urn:thief", Accreditor: f.trust.RootDID,
		State: ledger.StateActive, Subject: ledgertest.SubjectOf(f.trust.RootDID),
	}
	if err := f.submit(f.client(0), f.sign(given), time.Minute); err != nil {
		t.Fatal(err)
	}
	must(t, append(rotate, "--yes", "--stolen", "1h")...)
	proof, err := f.client(0).Prove(t.Context(), given.Key())
	if err != nil {
		t.Fatal(err)
	}
	if a, err := ledger.ParseAccreditation(proof.Entries[0].Value); err != nil || a.State != ledger.StateRevoked {
		t.Error("what the thief signed stands:", err)
	}
}
