package main

import (
	"strings"
	"testing"

	"github.com/hufu-id/hufu/internal/long"
)

// TestPutBack puts older copies of databases back. Each command says so, in both languages,
// with the flag that takes the copy as it is; with it, the command goes on, and a line says
// so for good.
func TestPutBack(t *testing.T) {
	long.NotShort(t, "a dozen commands")
	newCountry(t)
	for _, c := range []struct {
		files []string
		use   []string
		flag  string
		noted string
		goes  bool // the command works with the flag
	}{
		{[]string{"counter/counter.db"}, []string{"request", "--out", "put-back.jwt"}, "--restored", "counter/counter.db.head.restored", true},
		{[]string{"ledger/log.db", "ledger/witness.db"}, []string{"agency", "suspend", "--to", "agency"}, "--restored-ledger", "ledger/log.db.head.restored", false},
	} {
		older := map[string][]byte{}
		for _, file := range c.files {
			older[file] = readFile(t, file)
		}
		mustHufu(t, c.use...)
		for file, b := range older {
			restore(t, file, b)
		}
		again := append([]string{}, c.use...)
		if c.goes {
			again[len(again)-1] = "again-" + again[len(again)-1]
		}
		for lang, sentence := range map[string]string{"en": "If it was put back on purpose, add " + c.flag, "zh": "如系有意恢复，请加 " + c.flag} {
			before := snapshot(t)
			got := hufu(append(again, "--lang", lang)...)
			assertSentence(t, got, exitUnknown)
			if !strings.Contains(got.err, sentence) {
				t.Errorf("%s: %q", lang, got.err)
			}
			assertKept(t, before)
		}
		got := hufu(append(again, c.flag)...)
		if strings.Contains(got.err, c.flag) || c.goes && got.code != 0 {
			t.Errorf("%v: %+v", c.flag, got)
		}
		if line := string(readFile(t, c.noted)); strings.Count(line, "\n") != 1 {
			t.Errorf("%s: %q", c.noted, line)
		}
	}
}
