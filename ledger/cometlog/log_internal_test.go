package cometlog

import (
	"bytes"
	"encoding/json"
	"testing"
)

// TestLogIsLegible: what a peer calls itself moves no cursor where a log is read.
func TestLogIsLegible(t *testing.T) {
	const bad = "a\x1b[2K\u202eb\u009b\u2066c\n"
	var out bytes.Buffer
	logger(Options{Log: &out, Verbose: true}).Error("peer "+bad, "moniker", bad)
	for _, r := range "\x1b\u202e\u009b\u2066" {
		if bytes.ContainsRune(out.Bytes(), r) {
			t.Errorf("%q has %U", out.String(), r)
		}
	}
	var line map[string]any
	if err := json.Unmarshal(out.Bytes(), &line); err != nil || line["moniker"] != bad || bytes.Count(out.Bytes(), []byte("\n")) != 1 {
		t.Errorf("%q: %v", out.String(), err)
	}
}
