package main

import (
	"os"
	"strings"
	"testing"

	"github.com/hufu-id/hufu/internal/long"
)

// asked is a request of a kiosk.
type asked struct{ ID, URI string }

func (s *serving) ask(t *testing.T) (r asked) {
	t.Helper()
	s.call(t, "POST", "/api/requests", `{}`, &r)
	return r
}

func (s *serving) became(t *testing.T, r asked) (outcome struct {
	State  string
	Result struct {
		Learned       []struct{ Claim string }
		NeverReceived []struct{ Claim string }
	}
}) {
	t.Helper()
	s.call(t, "GET", "/api/requests/"+r.ID, "", &outcome)
	return outcome
}

// TestThreeTerminals is the main job over the network: a desk, a counter and a citizen, each
// with a program of its own, also after the servers were started again.
func TestThreeTerminals(t *testing.T) {
	long.NotShort(t, "founds an agency")
	environment(t)
	t.Chdir(t.TempDir())
	t.Setenv("HUFU_LEDGER", "issuer/ledger")
	desk := startIssuer(t, "127.0.0.1:0")
	kioskArgs := []string{"kiosk", "serve", "--json", "--dir", "kiosk", "--ledger", "issuer/ledger", "--addr", "127.0.0.1:0"}
	kiosk := start(t, kioskArgs...)
	if info, err := os.Stat("kiosk/admin.token"); err != nil || info.Mode().Perm() != 0o600 {
		t.Error(info, err)
	}
	mustHufu(t, "wallet", "init", "--trust", "issuer/ledger/trust.json", "--fingerprint", desk.fingerprint)
	link, code := desk.offer(t, `,"tx_code":true`)
	mustHufu(t, "wallet", "receive", link, "--tx-code", code, "--yes", "--local")

	first := kiosk.ask(t)
	got := mustHufu(t, "wallet", "present", first.URI, "--with", "claims", "--yes", "--local")
	for _, says := range []string{"Demonstration Counter wants to check something about you.", "yes, by Demonstration Root Agency", "aged 18 or over", "Your answer was accepted."} {
		if !strings.Contains(got.stdout, says) {
			t.Errorf("not said: %s\n%s", says, got.stdout)
		}
	}
	outcome := kiosk.became(t, first)
	if outcome.State != "accepted" || len(outcome.Result.Learned) != 1 || outcome.Result.Learned[0].Claim != "age_over_18" || len(outcome.Result.NeverReceived) != 10 {
		t.Errorf("%+v", outcome)
	}

	// Both servers are started again where they were.
	url, port := desk.address, kiosk.address
	desk.end(t)
	kiosk.end(t)
	desk = startIssuer(t, strings.TrimPrefix(url, "http://"))
	kioskArgs[len(kioskArgs)-1] = strings.TrimPrefix(port, "http://")
	kiosk = start(t, kioskArgs...)
	if outcome := kiosk.became(t, first); outcome.State != "accepted" {
		t.Errorf("forgotten: %+v", outcome)
	}
	again := hufu("wallet", "present", first.URI, "--with", "claims", "--yes", "--local")
	if again.code != exitRefused {
		t.Errorf("an answered request was answered again: %d %s %s", again.code, again.stdout, again.err)
	}
	second := kiosk.ask(t)
	mustHufu(t, "wallet", "present", second.URI, "--with", "claims", "--yes", "--local")
	if outcome := kiosk.became(t, second); outcome.State != "accepted" {
		t.Errorf("%+v", outcome)
	}

	// What the agency ends is refused at the counter.
	link, code = desk.offer(t, `,"tx_code":true,"replaces":true`)
	id := desk.lastID
	mustHufu(t, "wallet", "receive", link, "--tx-code", code, "--yes", "--local")
	desk.call(t, "POST", "/admin/credentials/"+id+"/revoke", `{}`, nil)
	third := kiosk.ask(t)
	if got := hufu("wallet", "present", third.URI, "--with", "claims", "--yes", "--local"); got.code != exitRefused {
		t.Errorf("revoked, and accepted: %d %s %s", got.code, got.stdout, got.err)
	}
	if outcome := kiosk.became(t, third); outcome.State != "pending" {
		t.Errorf("%+v", outcome)
	}
}
