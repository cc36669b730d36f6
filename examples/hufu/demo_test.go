package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/hufu-id/hufu/internal/long"
)

// attackChecks are the demo's attacks and the check that each must fail at: those of
// "prepare" in the wallet, which cannot make a proof.
var attackChecks = map[string]string{
	"tampered": "statement", "replayed": "replay", "other-counter-claims": "binding", "other-counter-proof": "statement",
	"revoked-claims": "status", "revoked-prepare": "prepare", "revoked-proof": "epoch",
	"unaccredited-claims": "accreditation", "unaccredited-prepare": "prepare", "unaccredited-proof": "epoch", "stale": "checkpoint",
}

func demoEnvironment(t *testing.T) {
	t.Helper()
	long.NotShort(t, "plays the demo, which proves in zero knowledge")
	needKeys(t)
	environment(t)
}

func assertSays(t *testing.T, text string, wanted ...string) {
	t.Helper()
	for _, want := range wanted {
		if !strings.Contains(text, want) {
			t.Errorf("it does not say %q:\n%s", want, text)
		}
	}
}

func TestDemo(t *testing.T) {
	demoEnvironment(t)
	got := mustHufu(t, "demo", "--keep", "kept")
	assertSays(t, got.stdout, "5 rows accepted, 4 refused", "row 6, birthdate", "row 9, resident_id",
		"They will learn:     birth date; district\n", "Learned:        birth date = 1990-05-17; district = 110101",
		"Learned:        aged 18 or over, by birth date; district is 110101",
		"Never received: name, resident identity number, birth date, address",
		"[statement]", "[replay]", "[binding]", "[status]", "[epoch]", "[accreditation]", "[checkpoint]", "Done.")
	for screen, want := range map[string]int{
		"Dongcheng Library wants to check something about you.":                               2, // claims, proof
		"They will learn:     aged 18 or over, by birth date; district is 110101\n":           1,
		"They will not learn: name, resident identity number, birth date, address\n":          1,
		"Purpose:             Issue an adult library card to residents of Dongcheng District": 2,
		"cn.resident, from Dongcheng Residents' Office: valid":                                2,
		"cn.resident, from Dongcheng Residents' Office: revoked":                              1,
		"did:hufu:": 0,
	} {
		if n := strings.Count(got.stdout, screen); n != want {
			t.Errorf("%q stands there %d times, not %d:\n%s", screen, n, want, got.stdout)
		}
	}
	if got.err != "" {
		t.Errorf("standard error: %q", got.err)
	}
	for _, name := range []string{"ledger/trust.json", "root/agency.json", "wallet/vault.db", "library/counter.db",
		"messages/offer.json", "messages/application.json", "messages/response.json", "messages/request.jwt",
		"messages/answer-claims.json", "messages/answer-proof.json"} {
		if _, err := os.Stat(filepath.Join("kept", name)); err != nil {
			t.Error(err)
		}
	}
	if strings.Contains(string(readFile(t, "kept/messages/answer-proof.json")), "1990") {
		t.Error("the proof's message holds the birth date")
	}
}

func TestDemoKeepsNothingUnasked(t *testing.T) {
	demoEnvironment(t)
	t.Setenv("TMPDIR", t.TempDir())
	writeFile(t, "empty.csv", []byte("name,resident_id,birthdate,district,address\n"))
	got := hufu("demo", "--csv", "empty.csv")
	assertSentence(t, got, exitRefused)
	assertSays(t, got.err, "Not one row of the table was right")
	if left, _ := os.ReadDir(os.TempDir()); len(left) != 0 {
		t.Errorf("left behind: %v", left)
	}
}

func TestDemoExplainsInChinese(t *testing.T) {
	demoEnvironment(t)
	got := mustHufu(t, "demo", "--lang", "zh", "--explain")
	zh := sentences(t, "zh")
	for id, sentence := range zh {
		if strings.HasPrefix(id, "explain.") && id != "explain.joined" && id != "explain.epoch-live" {
			assertSays(t, got.stdout, sentence)
		}
	}
	assertSays(t, got.stdout, "出生日期 = 1990-05-17", "[statement]", "[replay]")
	for _, english := range []string{"Refused", "Learned", "birth date", "Could not"} {
		if strings.Contains(got.stdout, english) {
			t.Errorf("%q is not Chinese", english)
		}
	}
}

func TestDemoJSON(t *testing.T) {
	demoEnvironment(t)
	got := mustHufu(t, "demo", "--json")
	attacks := map[string]string{}
	accepted := 0
	for line := range strings.Lines(got.stdout) {
		var object struct {
			Attack   string `json:"attack"`
			Check    string `json:"check"`
			Accepted any    `json:"accepted"`
			Step     string `json:"step"`
		}
		if err := json.Unmarshal([]byte(line), &object); err != nil {
			t.Fatalf("%v: %q", err, line)
		}
		if object.Attack != "" {
			attacks[object.Attack] = object.Check
			if object.Accepted != false {
				t.Errorf("%s: accepted is %v", object.Attack, object.Accepted)
			}
		} else if object.Accepted == true {
			accepted++
		}
	}
	if accepted != 2 {
		t.Errorf("%d answers were accepted, want claims and proof", accepted)
	}
	for attack, check := range attackChecks {
		if got, played := attacks[attack]; !played || got != check {
			t.Errorf("%s failed at %q, want %q", attack, got, check)
		}
	}
	if len(attacks) != len(attackChecks) {
		t.Errorf("attacks played: %v", attacks)
	}
}

// TestDemoOtherTables: a table of one's own may hold nobody who can answer.
func TestDemoOtherTables(t *testing.T) {
	demoEnvironment(t)
	rows := strings.SplitAfter(string(sample("residents.csv")), "\n")
	for _, c := range []struct{ name, table, want string }{
		{"no right row", rows[0] + rows[6] + rows[8] + rows[9], "Not one row of the table was right"},
		{"a child first", rows[0] + rows[4] + rows[1], "does not show that: aged 18 or over"},
		{"other columns", "a,b\n1,2\n", "The table does not fit the credential type"},
	} {
		t.Run(c.name, func(t *testing.T) {
			writeFile(t, "own.csv", []byte(c.table))
			got := hufu("demo", "--csv", "own.csv")
			assertSentence(t, got, exitRefused)
			assertSays(t, got.err, c.want)
			asJSON := hufu("demo", "--csv", "own.csv", "--json")
			assertSays(t, asJSON.stdout, `"code":1`)
		})
	}
}
