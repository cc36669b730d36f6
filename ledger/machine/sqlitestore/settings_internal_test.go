package sqlitestore

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestSettingsAreReadBack: a setting that SQLite did not take is noticed.
func TestSettingsAreReadBack(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "log.db"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for name, settings := range map[string]string{
		"journal":  strings.Replace(writeSettings, "WAL", "DELETE", 1),
		"sync":     strings.Replace(writeSettings, "FULL", "NORMAL", 1),
		"patience": strings.Replace(writeSettings, "5000", "4000", 1),
		"keys":     strings.Replace(writeSettings, "_foreign_keys=on", "_foreign_keys=off", 1),
	} {
		db, err := connect(t.Context(), filepath.Join(dir, "log.db"), settings, writeChecks)
		if !errors.Is(err, ErrSetting) || db != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	db, err := connect(t.Context(), filepath.Join(dir, "log.db"), writeSettings, writeChecks)
	if err != nil {
		t.Fatal(err)
	}
	if err := db.close(); err != nil {
		t.Fatal(err)
	}
	if _, err := connect(t.Context(), filepath.Join(dir, "nowhere"), writeSettings, writeChecks); err == nil {
		t.Error("a folder that is not there")
	}
}

// TestAfter: the end of a range of keys.
func TestAfter(t *testing.T) {
	for prefix, want := range map[string]string{"": "", "a": "b", "a\xff": "b", "\xff\xff": "", "ab\xff\xff": "ac"} {
		if got := after([]byte(prefix)); string(got) != want {
			t.Errorf("%q: %q", prefix, got)
		}
	}
}
