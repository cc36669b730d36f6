package main

import (
	"encoding/json"
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/hufu-id/hufu/ledger"
	"github.com/hufu-id/hufu/zkp/prover/ceremony"
)

func sentences(t *testing.T, lang string) map[string]string {
	t.Helper()
	b, err := locales.ReadFile("locale/" + lang + ".json")
	if err != nil {
		t.Fatal(err)
	}
	out := map[string]string{}
	if err := json.Unmarshal(b, &out); err != nil {
		t.Fatal(err)
	}
	if len(out) < 100 {
		t.Fatalf("%s: only %d sentences", lang, len(out))
	}
	if n := strings.Count(string(b), "\": \""); n != len(out) {
		t.Errorf("%s: %d lines for %d sentences: one stands twice", lang, n, len(out))
	}
	return out
}

var fieldPattern = regexp.MustCompile(`\.[A-Z]\w*`)

// fields are the values that a sentence fills in, each once.
func fields(sentence string) []string {
	found := fieldPattern.FindAllString(strings.Join(regexp.MustCompile(`\{\{[^}]*\}\}`).FindAllString(sentence, -1), " "), -1)
	slices.Sort(found)
	return slices.Compact(found)
}

func TestLocalesAgree(t *testing.T) {
	en, zh := sentences(t, "en"), sentences(t, "zh")
	for id, sentence := range en {
		other, there := zh[id]
		switch {
		case !there:
			t.Errorf("zh lacks %s", id)
		case !slices.Equal(fields(sentence), fields(other)):
			t.Errorf("%s fills in %v and %v", id, fields(sentence), fields(other))
		case strings.TrimSpace(other) == "" || strings.TrimSpace(sentence) == "":
			t.Errorf("%s says nothing", id)
		}
	}
	for id := range zh {
		if _, there := en[id]; !there {
			t.Errorf("en lacks %s", id)
		}
	}
}

// TestCounts: a heading stands over something, one is not many, and no line ends in a
// space.
func TestCounts(t *testing.T) {
	wrong := map[int]*regexp.Regexp{
		0: regexp.MustCompile(`\b0 [a-z ]*:$|0 行：$`),
		1: regexp.MustCompile(`\b1 [a-z]+s\b|\(s\)`),
		2: regexp.MustCompile(`\b2 (row|proof|entry|leaf|key|bit|node|claim|check|contribution)\b`),
	}
	const counts = ".Accepted .Bits .Checks .Claims .Count .Dropped .Ended .Good .K .Left .Lists .Of .Refused .Revoked .Seen .Signed .Size .Times .Witnesses "
	trailing := regexp.MustCompile(`[ \x{3000}](\n|$)`)
	for _, lang := range []string{"en", "zh"} {
		w := newWords(lang)
		for id, sentence := range sentences(t, lang) {
			for n, never := range wrong {
				var values []any
				for _, f := range fields(sentence) {
					values = append(values, f[1:], any("X"))
					if strings.Contains(counts, f+" ") {
						values[len(values)-1] = n
					}
				}
				text := w.text(id, values...)
				if never.MatchString(text) || trailing.MatchString(text) {
					t.Errorf("%s: %s: %q", lang, id, text)
				}
			}
		}
	}
}

// families are ids that the source puts together: a prefix and these ends.
func families() map[string][]string {
	scenes := []string{"ledger", "accredit", "import", "receive", "epoch", "ask", "claims", "proof", "attacks", "joined", "epoch-live"}
	return map[string][]string{
		"step.":          scenes,
		"explain.":       scenes,
		"action.":        {ledger.ActionIssue, ledger.ActionVerify, ledger.ActionAccredit},
		"agency.":        {ledger.StateActive, ledger.StateSuspended, ledger.StateEnded, ledger.StateRevoked},
		"setup.":         {"single-party", "ceremony"},
		"ceremony.task-": {string(ceremony.TaskCheck), string(ceremony.TaskBegin), string(ceremony.TaskContribute), string(ceremony.TaskKeys)},
		"attack.": {"tampered", "replayed", "other-counter-claims", "other-counter-proof", "revoked-claims", "revoked-prepare",
			"revoked-proof", "unaccredited-claims", "unaccredited-prepare", "unaccredited-proof", "stale"},
	}
}

// usedIDs are the ids that stand in the source whole, and those of families.
func usedIDs(t *testing.T, known map[string]string) map[string]bool {
	t.Helper()
	used := map[string]bool{}
	for prefix, ends := range families() {
		for _, end := range ends {
			used[prefix+end] = true
		}
	}
	sources, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	shape := regexp.MustCompile(`^[a-z]+\.[a-z][a-z-]*$`)
	heads := map[string]bool{}
	for id := range known {
		heads[id[:strings.IndexByte(id, '.')]] = true
	}
	for _, name := range sources {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		file, err := parser.ParseFile(token.NewFileSet(), name, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(file, func(n ast.Node) bool {
			lit, ok := n.(*ast.BasicLit)
			if !ok || lit.Kind != token.STRING {
				return true
			}
			text, _ := strconv.Unquote(lit.Value)
			head, end, _ := strings.Cut(text, ".")
			fileName := slices.Contains([]string{"json", "db", "jwt", "csv", "key", "vk", "bundle"}, end)
			if shape.MatchString(text) && heads[head] && !fileName && !strings.HasSuffix(text, "-") {
				used[text] = true
			}
			return true
		})
	}
	return used
}

func TestEverySentenceIsThereAndUsed(t *testing.T) {
	known := sentences(t, "en")
	used := usedIDs(t, known)
	for id := range used {
		if _, there := known[id]; !there {
			t.Errorf("the source says %s, which has no sentence", id)
		}
	}
	for id := range known {
		if !used[id] {
			t.Errorf("nothing says %s", id)
		}
	}
}

// TestEveryReasonHasItsSentence: an error without one would show its id. Those of
// the library have theirs in package verdict.
func TestEveryReasonHasItsSentence(t *testing.T) {
	known := sentences(t, "en")
	seen := map[error]bool{}
	for _, r := range reasons {
		if _, there := known[r.id]; !there {
			t.Errorf("no sentence %s", r.id)
		}
		if seen[r.err] {
			t.Errorf("%v stands twice; the second never counts", r.err)
		}
		seen[r.err] = true
	}
}
