package main

import (
	"os"
	"strings"
	"testing"
)

// TestResign: an office whose keys were stolen signs anew, and a wallet fetches its
// credential by file and shows it.
func TestResign(t *testing.T) {
	newCountry(t)
	if got := hufu("agency", "compromised"); got.code != exitUsage { // nobody said yes
		t.Fatalf("%+v", got)
	}
	mustHufu(t, "agency", "compromised", "--yes")
	mustHufu(t, "status", "renew")
	refused := hufu("verify", "answer.json")
	if refused.code != exitRefused {
		t.Fatalf("what the stolen key signed: %+v", refused)
	}
	id := mustHufu(t, "wallet", "list", "--json").field(t, "credential")
	if got := mustHufu(t, "wallet", "refresh"); !strings.Contains(got.stdout, id) {
		t.Errorf("the wallet does not say that %s is void: %q", id, got.stdout)
	}
	mustHufu(t, "wallet", "reissue", id[:8], "--out", "early.jwt")
	if got := hufu("agency", "reissue", "early.jwt"); got.code != exitRefused {
		t.Errorf("before anything was signed anew: %+v", got)
	}

	got := mustHufu(t, "agency", "resign")
	if !strings.Contains(got.stdout, "signed anew: 1;") {
		t.Errorf("%q", got.stdout)
	}
	if got := mustHufu(t, "agency", "resign", "--json"); !strings.Contains(got.stdout, `"good":1`) || !strings.Contains(got.stdout, `"signed":0`) {
		t.Errorf("a second time: %q", got.stdout)
	}
	mustHufu(t, "wallet", "reissue", id[:8])
	if got := hufu("--lang", "zh", "agency", "reissue", "reissue.jwt", "--agency", "counter"); got.code == exitAccepted {
		t.Errorf("another agency answers: %+v", got)
	}
	mustHufu(t, "agency", "reissue", "reissue.jwt")
	if got := hufu("wallet", "receive", "reissued.json"); got.code != exitRefused {
		t.Errorf("received as a new one: %+v", got)
	}
	if got := hufu("--wallet", "second", "wallet", "receive", "--reissued", "reissued.json"); got.code == exitAccepted {
		t.Errorf("another wallet took it: %+v", got)
	}
	mustHufu(t, "wallet", "receive", "--reissued", "reissued.json")
	if got := mustHufu(t, "wallet", "history"); !strings.Contains(got.stdout, "reissue") {
		t.Errorf("the history does not say so: %q", got.stdout)
	}
	if got := mustHufu(t, "wallet", "refresh"); strings.Contains(got.stdout, id) {
		t.Errorf("void still: %q", got.stdout)
	}
	mustHufu(t, "request", "--out", "again.jwt")
	mustHufu(t, "wallet", "present", "again.jwt", "--with", "claims", "--yes", "--out", "again.json")
	mustHufu(t, "verify", "again.json")
	if _, err := os.Stat("reissue.jwt"); err != nil {
		t.Error(err)
	}
}

// TestRotate: what the old keys of office and counter signed stays valid, and both go on
// with the new ones.
func TestRotate(t *testing.T) {
	newCountry(t)
	for _, dir := range []string{"agency", "counter"} {
		got := mustHufu(t, "agency", "rotate", "--agency", dir, "--yes")
		if !strings.Contains(got.stdout, "sig-2") {
			t.Errorf("%q", got.stdout)
		}
	}
	for range 2 { // the root decides for the ledger with the new key, and with the one after
		mustHufu(t, "agency", "rotate", "--agency", "root", "--yes")
	}
	mustHufu(t, "verify", "answer.json")
	mustHufu(t, "request", "--out", "again.jwt")
	mustHufu(t, "wallet", "present", "again.jwt", "--with", "claims", "--yes", "--out", "again.json")
	mustHufu(t, "verify", "again.json")
	if got := mustHufu(t, "agency", "rotate", "--yes", "--proof-key", "--json"); !strings.Contains(got.stdout, `["sig-3","zk-2"]`) {
		t.Errorf("%q", got.stdout)
	}
	mustHufu(t, "issue", "--application", "next-application.json", "--out", "next-response.json")
	mustHufu(t, "wallet", "receive", "next-response.json", "--wallet", "second")
}
