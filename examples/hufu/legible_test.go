package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"strings"
	"syscall"
	"testing"
	"unicode"

	"github.com/hufu-id/hufu/folder"
)

const hostile = "a\x1b[2K\r\x07\u009b\u202eb\u2066\u200f\u2028c\n\nNot sent: nothing \xff"

// checkScreen looks for what could move a cursor or turn a line.
func checkScreen(t *testing.T, what, screen string) {
	t.Helper()
	for _, r := range screen {
		if r != '\n' && unicode.IsControl(r) || unicode.In(r, unicode.Zl, unicode.Zp) || unicode.Is(unicode.Bidi_Control, r) || r == unicode.ReplacementChar {
			t.Errorf("%s: %+q has %U", what, screen, r)
			return
		}
	}
}

// TestNoTextOfStrangersMovesTheScreen walks every sentence with hostile values.
func TestNoTextOfStrangersMovesTheScreen(t *testing.T) {
	for _, lang := range []string{"en", "zh"} {
		w := newWords(lang)
		for id, sentence := range sentences(t, lang) {
			var bad, good []any
			for _, f := range fields(sentence) {
				bad = append(bad, strings.TrimPrefix(f, "."), hostile)
				good = append(good, strings.TrimPrefix(f, "."), "x")
			}
			line := w.text(id, bad...)
			checkScreen(t, id, line)
			if n, m := strings.Count(line, "\n"), strings.Count(w.text(id, good...), "\n"); n != m {
				t.Errorf("%s: a value adds %d lines", id, n-m)
			}
		}
	}
}

// TestNoErrorMovesTheScreen: names of files and complaints about flags are of
// strangers too, in sentences and in JSON.
func TestNoErrorMovesTheScreen(t *testing.T) {
	for what, err := range map[string]error{
		"flag":    usageError{errors.New(hostile)},
		"command": errors.New("unknown command " + hostile),
		"file":    &inputError{id: "input.malformed", name: hostile},
		"folder":  &folder.Error{Reason: folder.ErrExists, Path: hostile},
		"unknown": errors.New(hostile),
	} {
		for _, asJSON := range []bool{false, true} {
			var out, errOut bytes.Buffer
			a := &app{out: &out, err: &errOut, words: newWords("en"), json: asJSON}
			a.finish(err)
			checkScreen(t, what, out.String()+errOut.String())
			if n := strings.Count(errOut.String(), "\n"); n != 1 {
				t.Errorf("%s: %d lines", what, n)
			}
			if asJSON && !json.Valid(out.Bytes()) {
				t.Errorf("%s: %s is no JSON", what, out.String())
			}
		}
	}
}

// TestFullDiskIsOneSentence: whatever ran out of room, the sentence names it, and what
// helps.
func TestFullDiskIsOneSentence(t *testing.T) {
	for _, reason := range []error{syscall.ENOSPC, syscall.EDQUOT, syscall.EFBIG} {
		for _, err := range []error{
			fmt.Errorf("vault/sqlitevault: commit: %w", reason),
			&folder.Error{Reason: folder.ErrUnwritable, Path: "x", Err: &fs.PathError{Op: "write", Path: "x", Err: reason}},
		} {
			var out, errOut bytes.Buffer
			a := &app{out: &out, err: &errOut, words: newWords("en"), lang: "en"}
			if code := a.finish(err); code != 2 || strings.Count(errOut.String(), "disk is full") != 1 || strings.Count(strings.TrimSpace(errOut.String()), "\n") > 1 {
				t.Errorf("%v: %d, %q", err, code, errOut.String())
			}
		}
	}
}
