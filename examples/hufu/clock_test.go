package main

import (
	"maps"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// readers are commands that only read the ledger.
var readers = []string{
	"ledger show", "ledger audit", "ledger bundle --out new.bundle",
	"wallet list", "wallet show x", "wallet history", "wallet refresh", "wallet apply offers/offer-003.json --out new-application.json",
	"wallet receive response.json", "wallet present request.jwt --with claims --yes --out new.json", "wallet reissue x",
	"request --out new.jwt", "verify answer.json",
	"wallet init --wallet new --trust ledger/trust.json --fingerprint ",
}

// TestReaderWithAWrongClock: a command that reads changes nothing on the ledger, even with
// a clock that goes ahead.
func TestReaderWithAWrongClock(t *testing.T) {
	fingerprint := newCountry(t)
	mustHufu(t, "ledger", "show")
	before := ofLedger(t)
	setClock(t, country.left.Add(192*time.Hour))
	for _, command := range readers {
		args := strings.Fields(command)
		if strings.HasSuffix(command, " ") {
			args = append(args, fingerprint)
		}
		hufu(args...)
		if now := ofLedger(t); !maps.Equal(before, now) {
			t.Errorf("%s wrote to the ledger", command)
			before = now
		}
	}
	setClock(t, country.left)
	mustHufu(t, "request", "--out", "right.jwt")
	stillGood(t)
}

// ofLedger are the files of the ledger, without what its readers note beside it.
func ofLedger(t *testing.T) map[string][32]byte {
	t.Helper()
	files := snapshot(t)
	maps.DeleteFunc(files, func(path string, _ [32]byte) bool {
		return !strings.HasPrefix(path, "ledger/") || filepath.Base(path) == "reader.trust"
	})
	if len(files) < 5 {
		t.Fatalf("only %d files", len(files))
	}
	return files
}
