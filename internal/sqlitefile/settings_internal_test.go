package sqlitefile

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestSettingsAreReadBack: a setting that SQLite did not take is noticed.
func TestSettingsAreReadBack(t *testing.T) {
	for name, c := range map[string]struct {
		settings Settings
		old, new string
	}{
		"journal":        {Settings{}, "WAL", "DELETE"},
		"sync":           {Settings{}, "&_synchronous=FULL", ""},
		"sync of a copy": {Settings{Mode: Copy}, "NORMAL", "OFF"},
		"patience":       {Settings{}, "5000", "4000"},
		"keys":           {Settings{}, "&_foreign_keys=on", ""},
		"deletion":       {Settings{SecureDelete: true}, "&_secure_delete=on", ""},
		"scratch":        {Settings{Mode: Scratch}, "_journal_mode=OFF", "_journal_mode=DELETE"},
		"scratch sync":   {Settings{Mode: Scratch}, "&_synchronous=OFF", "&_synchronous=FULL"},
		"scratch locks":  {Settings{Mode: Scratch}, "&_locking_mode=EXCLUSIVE", ""},
		"scratch memory": {Settings{Mode: Scratch}, "&_cache_size=-32000", ""},
		"query":          {Settings{Mode: Read}, "&_query_only=on", ""},
	} {
		path := filepath.Join(t.TempDir(), "file.db")
		if err := Create(path); err != nil {
			t.Fatal(err)
		}
		conn, err := Connect(t.Context(), path, Settings{}) // leaves a write-ahead log for readers
		if err := errors.Join(err, conn.Close()); err != nil {
			t.Fatal(err)
		}
		parameters, checks := c.settings.list()
		if !strings.Contains(parameters, c.old) {
			t.Fatalf("%s: %s", name, parameters)
		}
		conn, err = connect(t.Context(), path, strings.Replace(parameters, c.old, c.new, 1), checks)
		if !errors.Is(err, ErrSetting) || conn != nil {
			t.Errorf("%s: %v", name, err)
		}
		if conn, err = connect(t.Context(), path, parameters, checks); err != nil {
			t.Errorf("%s, as it should be: %v", name, err)
		} else if err := conn.Close(); err != nil {
			t.Error(err)
		}
	}
}

// TestShrink: whether space can be given back is settled when the file is made.
func TestShrink(t *testing.T) {
	for name, c := range map[string]struct {
		made Settings
		want error
	}{
		"made so":     {Settings{Shrink: true}, nil},
		"made before": {Settings{}, ErrSetting},
	} {
		path := filepath.Join(t.TempDir(), "file.db")
		if err := Create(path); err != nil {
			t.Fatal(err)
		}
		for i, settings := range []Settings{c.made, {Shrink: true}} {
			conn, err := Connect(t.Context(), path, settings)
			if i == 1 && !errors.Is(err, c.want) || i == 0 && err != nil {
				t.Errorf("%s: %v", name, err)
			}
			if err == nil {
				if _, err := conn.Exec("CREATE TABLE IF NOT EXISTS t (v)", nil); err != nil {
					t.Error(err)
				}
				if err := conn.Close(); err != nil {
					t.Error(err)
				}
			}
		}
	}
}

// TestShrinkWritesOnce: to open a file changes nothing in it.
func TestShrinkWritesOnce(t *testing.T) {
	path := filepath.Join(t.TempDir(), "file.db")
	if err := Create(path); err != nil {
		t.Fatal(err)
	}
	var before []byte
	for i := range 3 {
		conn, err := Connect(t.Context(), path, Settings{Shrink: true})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := conn.Exec("CREATE TABLE IF NOT EXISTS t (v)", nil); err != nil {
			t.Error(err)
		}
		if err := conn.Close(); err != nil {
			t.Error(err)
		}
		after, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if i > 0 && !bytes.Equal(before, after) {
			t.Error("opened, and changed")
		}
		before = after
	}
}
