package main

import (
	"os"
	"strings"
	"testing"
)

// TestUnplugged: a counter works from a bundle while its ledger is not there.
func TestUnplugged(t *testing.T) {
	newCountry(t)
	without := hufu("verify", "answer.json", "--offline")
	if without.code == exitAccepted || !strings.Contains(without.err, "has no bundle") {
		t.Errorf("without a bundle: %q", without.err)
	}
	mustHufu(t, "ledger", "bundle", "--out", "monday.bundle")
	mustHufu(t, "counter", "bundle", "monday.bundle")
	if err := os.Rename("ledger", "away"); err != nil {
		t.Fatal(err)
	}
	got := mustHufu(t, "verify", "answer.json", "--offline")
	assertSays(t, got.stdout, "✓ Accepted", "Never received")
	if replayed := hufu("verify", "answer.json", "--offline"); replayed.code != exitRefused {
		t.Errorf("replayed offline: exit code %d, %s", replayed.code, replayed.err)
	}
	mustHufu(t, "request", "--offline", "--out", "second.jwt")
	if plugged := hufu("verify", "answer.json"); plugged.code == exitAccepted {
		t.Error("a counter without ledger and without --offline decides")
	}
	if err := os.Rename("away", "ledger"); err != nil {
		t.Fatal(err)
	}

	// The next day's bundle leaves out what the counter has.
	mustHufu(t, "agency", "accredit", "--to", "counter", "--action", "issue")
	mustHufu(t, "ledger", "bundle", "--out", "tuesday.bundle", "--since", "monday.bundle")
	if a, b := len(readFile(t, "monday.bundle")), len(readFile(t, "tuesday.bundle")); b >= a {
		t.Errorf("the first bundle has %d bytes, the next %d", a, b)
	}
	before := readFile(t, "counter/ledger.bundle")
	spoiled := readFile(t, "tuesday.bundle")
	spoiled[len(spoiled)/3] ^= 1
	writeFile(t, "spoiled.bundle", spoiled)
	if bad := hufu("counter", "bundle", "spoiled.bundle"); bad.code == exitAccepted {
		t.Error("a spoiled bundle was stored")
	}
	if string(readFile(t, "counter/ledger.bundle")) != string(before) {
		t.Error("a refused bundle changed what the counter has")
	}
	mustHufu(t, "counter", "bundle", "tuesday.bundle")
	back := hufu("counter", "bundle", "monday.bundle")
	if back.code == exitAccepted {
		t.Error("an older bundle took the place of a newer one")
	}
	assertSentence(t, back, back.code)
	gap := hufu("counter", "bundle", "tuesday.bundle", "--counter", "elsewhere")
	if gap.code == exitAccepted {
		t.Error("a counter that is not there stored a bundle")
	}
}
