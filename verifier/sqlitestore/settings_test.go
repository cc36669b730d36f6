package sqlitestore

import (
	"database/sql"
	"errors"
	"path/filepath"
	"testing"
)

// A connection that SQLite opened its own way is refused.
func TestSettings(t *testing.T) {
	db, err := sql.Open("sqlite3", filepath.Join(t.TempDir(), "counter.db"))
	if err != nil {
		t.Fatal(err)
	}
	s := &Store{db: db}
	defer s.Close()
	if err := s.checkSettings(t.Context()); !errors.Is(err, ErrSetting) {
		t.Errorf("got %v, want ErrSetting", err)
	}
}
