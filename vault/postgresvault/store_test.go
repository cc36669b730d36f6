package postgresvault_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/hufu-id/hufu/internal/postgrestest"
	"github.com/hufu-id/hufu/vault"
	"github.com/hufu-id/hufu/vault/postgresvault"
	"github.com/hufu-id/hufu/vault/vaulttest"
)

func TestMain(m *testing.M) { os.Exit(postgrestest.Main(m)) }

var key = bytes.Repeat([]byte{7}, 32)

func open(t *testing.T, address string, key []byte, opts postgresvault.Options) *postgresvault.Store {
	t.Helper()
	s, err := postgresvault.Open(t.Context(), address, key, opts)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

func TestStore(t *testing.T) {
	server := postgrestest.Start(t)
	vaulttest.TestStore(t, func(t *testing.T) vault.Store {
		return open(t, server.Database(t), key, postgresvault.Options{Create: true})
	})
}

func TestKeyStore(t *testing.T) {
	server := postgrestest.Start(t)
	vaulttest.TestKeyStore(t, func(t *testing.T) vault.KeyStore {
		return vault.NewSoftwareKeys(open(t, server.Database(t), key, postgresvault.Options{Create: true}))
	})
}

func put(ctx context.Context, s vault.Store, id, value string) error {
	return s.Update(ctx, func(tx vault.Tx) error {
		return tx.Put("offer", id, []byte(value), vault.Tag{Name: "person", Value: value})
	})
}

func get(t *testing.T, s vault.Store, id string) (value string) {
	t.Helper()
	err := s.View(t.Context(), func(tx vault.Tx) error {
		r, err := tx.Get("offer", id)
		value = string(r.Value)
		return err
	})
	if err != nil {
		t.Fatal(id, err)
	}
	return value
}

// TestOpen: what a vault is not opened for.
func TestOpen(t *testing.T) {
	address := postgrestest.Start(t).Database(t)
	refused := func(want error, address string, key []byte, opts postgresvault.Options) {
		t.Helper()
		s, err := postgresvault.Open(t.Context(), address, key, opts)
		if !errors.Is(err, want) {
			t.Errorf("got %v, want %v", err, want)
		}
		if err == nil {
			s.Close()
		}
	}
	refused(postgresvault.ErrFormat, address, key, postgresvault.Options{})
	refused(postgresvault.ErrKey, address, key[:31], postgresvault.Options{Create: true})
	first := open(t, address, key, postgresvault.Options{Create: true})
	if err := put(t.Context(), first, "a", "one"); err != nil {
		t.Fatal(err)
	}
	refused(vault.ErrLocked, address, bytes.Repeat([]byte{8}, 32), postgresvault.Options{})
	refused(vault.ErrLocked, address, bytes.Repeat([]byte{8}, 32), postgresvault.Options{Create: true})
	refused(vault.ErrRolledBack, address, key, postgresvault.Options{MinGeneration: first.Generation() + 1})
	again := open(t, address, key, postgresvault.Options{MinGeneration: first.Generation()})
	if got := get(t, again, "a"); got != "one" {
		t.Error(got)
	}
	other := open(t, address, key, postgresvault.Options{Schema: "another", Create: true})
	if err := other.View(t.Context(), func(tx vault.Tx) error { _, err := tx.Get("offer", "a"); return err }); !errors.Is(err, vault.ErrNotFound) {
		t.Error("two vaults in one database mix:", err)
	}
	secret := "host=/nowhere password=hunter2 user=x sslmode=nonsense"
	if _, err := postgresvault.Open(t.Context(), secret, key, postgresvault.Options{}); err == nil || strings.Contains(err.Error(), "hunter2") {
		t.Error(err)
	}
}

// TestSettings: a server that may lose what it acknowledges is refused.
func TestSettings(t *testing.T) {
	address := postgrestest.Start(t).Database(t)
	open(t, address, key, postgresvault.Options{Create: true})
	conn, err := pgx.Connect(t.Context(), address)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(context.Background())
	for _, setting := range []string{"full_page_writes", "fsync"} {
		for _, value := range []string{"off", "on"} {
			for _, statement := range []string{"ALTER SYSTEM SET " + setting + " = " + value, "SELECT pg_reload_conf()"} {
				if _, err := conn.Exec(context.Background(), statement); err != nil {
					t.Fatal(err)
				}
			}
			for now := ""; now != value; {
				if err := conn.QueryRow(context.Background(), "SHOW "+setting).Scan(&now); err != nil {
					t.Fatal(err)
				}
			}
			s, err := postgresvault.Open(t.Context(), address, key, postgresvault.Options{})
			if (value == "off") != errors.Is(err, postgresvault.ErrSetting) {
				t.Errorf("%s %s: %v", setting, value, err)
			}
			if err == nil {
				s.Close()
			}
		}
	}
}

// TestMakersAtOnce: desks that start together make one vault.
func TestMakersAtOnce(t *testing.T) {
	address := postgrestest.Start(t).Database(t)
	var group sync.WaitGroup
	for i := range 8 {
		group.Go(func() {
			s, err := postgresvault.Open(t.Context(), address, key, postgresvault.Options{Create: true})
			if err != nil {
				t.Error(err)
				return
			}
			defer s.Close()
			if err := put(t.Context(), s, strconv.Itoa(i), "x"); err != nil {
				t.Error(err)
			}
		})
	}
	group.Wait()
	s := open(t, address, key, postgresvault.Options{})
	if got := s.Generation(); got != 9 {
		t.Errorf("generation %d after 8 changes", got)
	}
}

// TestTwoMachines: updates of two stores do not overtake each other.
func TestTwoMachines(t *testing.T) {
	address := postgrestest.Start(t).Database(t)
	stores := []vault.Store{open(t, address, key, postgresvault.Options{Create: true}), open(t, address, key, postgresvault.Options{})}
	const rounds = 25
	var group sync.WaitGroup
	for i := range 4 {
		group.Go(func() {
			for range rounds {
				err := stores[i%2].Update(t.Context(), func(tx vault.Tx) error {
					n := 0
					if r, err := tx.Get("k", "n"); err == nil {
						n, _ = strconv.Atoi(string(r.Value))
					}
					return tx.Put("k", "n", []byte(strconv.Itoa(n+1)))
				})
				if err != nil {
					t.Error(err)
				}
			}
		})
	}
	group.Wait()
	for _, s := range stores {
		err := s.View(t.Context(), func(tx vault.Tx) error {
			r, err := tx.Get("k", "n")
			if string(r.Value) != strconv.Itoa(4*rounds) {
				t.Errorf("%s of %d", r.Value, 4*rounds)
			}
			return err
		})
		if err != nil {
			t.Error(err)
		}
	}
}

// TestTamper: a row that was changed, renamed, swapped or lost.
func TestTamper(t *testing.T) {
	address := postgrestest.Start(t).Database(t)
	s := open(t, address, key, postgresvault.Options{Create: true})
	conn, err := pgx.Connect(t.Context(), address)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(context.Background())
	for name, statement := range map[string]string{
		"content": "UPDATE hufu_vault.record SET sealed = set_byte(sealed, 0, get_byte(sealed, 0) # 1)",
		"seal":    "UPDATE hufu_vault.record SET mac = set_byte(mac, 0, get_byte(mac, 0) # 1)",
		"nonce":   "UPDATE hufu_vault.record SET nonce = '\\x00'",
		"version": "UPDATE hufu_vault.record SET version = version + 1",
		"epoch":   "UPDATE hufu_vault.record SET epoch = 2",
		"swapped": "UPDATE hufu_vault.record SET sealed = (SELECT sealed FROM hufu_vault.record r WHERE r.id <> record.id)",
		"cut":     "UPDATE hufu_vault.record SET sealed = ''",
	} {
		for _, id := range []string{"a", "b"} {
			if err := put(t.Context(), s, id, "value of "+id); err != nil {
				t.Fatal(err)
			}
		}
		if _, err := conn.Exec(t.Context(), statement); err != nil {
			t.Fatal(name, err)
		}
		read := s.View(t.Context(), func(tx vault.Tx) error { _, err := tx.Get("offer", "a"); return err })
		list := s.View(t.Context(), func(tx vault.Tx) error { _, err := tx.List("offer"); return err })
		if !errors.Is(read, vault.ErrDamaged) || !errors.Is(list, vault.ErrDamaged) {
			t.Errorf("%s: %v, %v", name, read, list)
		}
	}
	if _, err := conn.Exec(t.Context(), "UPDATE hufu_vault.vault SET generation = 1"); err != nil {
		t.Fatal(err)
	}
	for name, err := range map[string]error{
		"view": s.View(t.Context(), func(vault.Tx) error { return nil }), "update": put(t.Context(), s, "c", "x"),
	} {
		if !errors.Is(err, vault.ErrRolledBack) {
			t.Errorf("%s of a database that went back: %v", name, err)
		}
	}
}

// TestCanary: nothing of names, tags and values stands in the server's files.
func TestCanary(t *testing.T) {
	address := postgrestest.Start(t).Database(t)
	s := open(t, address, key, postgresvault.Options{Create: true})
	canary := "canary-" + rand.Text()
	if err := put(t.Context(), s, canary, canary); err != nil {
		t.Fatal(err)
	}
	conn, err := pgx.Connect(t.Context(), address)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(context.Background())
	if _, err := conn.Exec(t.Context(), "CHECKPOINT"); err != nil {
		t.Fatal(err)
	}
	host, _, _ := strings.Cut(strings.TrimPrefix(address, "host="), " ")
	files := 0
	err = walk(host, func(content []byte) {
		files++
		if bytes.Contains(content, []byte(canary)) || bytes.Contains(content, key) {
			t.Error("a file of the server has the canary or the key")
		}
	})
	if err != nil || files < 100 {
		t.Errorf("%d files were looked at: %v", files, err)
	}
}

// TestServerDies: what was acknowledged is there after the server was killed under load,
// and what was not is there whole or not at all.
func TestServerDies(t *testing.T) {
	server := postgrestest.Start(t)
	address := server.Database(t)
	s := open(t, address, key, postgresvault.Options{Create: true})
	var mu sync.Mutex
	acknowledged, doubtful := map[string]bool{}, map[string]bool{}
	ctx, stop := context.WithTimeout(t.Context(), time.Minute)
	defer stop()
	var group sync.WaitGroup
	dying := make(chan struct{})
	for w := range 4 {
		group.Go(func() {
			for i := 0; ; i++ {
				id := strconv.Itoa(w) + "-" + strconv.Itoa(i)
				err := s.Update(ctx, func(tx vault.Tx) error {
					return errors.Join(tx.Put("offer", id, []byte("x")), tx.Put("other", id, []byte("x")))
				})
				mu.Lock()
				switch {
				case err == nil:
					acknowledged[id] = true
				default:
					doubtful[id] = true
				}
				mu.Unlock()
				select {
				case <-dying:
					if err != nil {
						return
					}
				default:
				}
			}
		})
	}
	time.Sleep(500 * time.Millisecond)
	close(dying)
	if err := server.Kill(); err != nil {
		t.Fatal(err)
	}
	group.Wait()
	if err := server.Run(); err != nil {
		t.Fatal(err)
	}
	if len(acknowledged) == 0 || len(doubtful) == 0 {
		t.Fatalf("%d acknowledged, %d not", len(acknowledged), len(doubtful))
	}
	err := s.View(t.Context(), func(tx vault.Tx) error {
		offers, err1 := tx.List("offer")
		others, err2 := tx.List("other")
		if len(offers) != len(others) || len(offers) < len(acknowledged) || len(offers) > len(acknowledged)+len(doubtful) {
			t.Errorf("%d and %d records, %d acknowledged, %d in doubt", len(offers), len(others), len(acknowledged), len(doubtful))
		}
		for _, r := range offers {
			delete(acknowledged, r.ID)
		}
		return errors.Join(err1, err2)
	})
	if err != nil || len(acknowledged) != 0 {
		t.Errorf("%d acknowledged changes are lost: %v", len(acknowledged), err)
	}
}

// TestDoubt: a connection that breaks during the commit leaves it open whether the change
// was made; a commit that the server refuses does not.
func TestDoubt(t *testing.T) {
	address := postgrestest.Start(t).Database(t)
	s := open(t, address, key, postgresvault.Options{Create: true})
	conn, err := pgx.Connect(t.Context(), address)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(context.Background())
	for body, doubt := range map[string]bool{"PERFORM pg_terminate_backend(pg_backend_pid())": true, "RAISE EXCEPTION 'no'": false} {
		_, err := conn.Exec(t.Context(), `CREATE OR REPLACE FUNCTION hufu_vault.late() RETURNS trigger LANGUAGE plpgsql AS
			$$ BEGIN `+body+`; RETURN NULL; END $$; DROP TRIGGER IF EXISTS late ON hufu_vault.vault;
			CREATE CONSTRAINT TRIGGER late AFTER UPDATE ON hufu_vault.vault DEFERRABLE INITIALLY DEFERRED
			FOR EACH ROW EXECUTE FUNCTION hufu_vault.late()`)
		if err != nil {
			t.Fatal(err)
		}
		if err := put(t.Context(), s, "a", "x"); err == nil || errors.Is(err, postgresvault.ErrUnknown) != doubt {
			t.Errorf("%s: %v", body, err)
		}
	}
	if _, err := conn.Exec(t.Context(), "DROP TRIGGER late ON hufu_vault.vault"); err != nil {
		t.Fatal(err)
	}
	if err := put(t.Context(), s, "a", "y"); err != nil || get(t, s, "a") != "y" {
		t.Error("after it:", err)
	}
}

func walk(folder string, look func(content []byte)) error {
	return filepath.WalkDir(folder, func(name string, d fs.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() {
			return nil // files come and go while a server runs
		}
		content, err := os.ReadFile(name)
		if err == nil {
			look(content)
		}
		return nil
	})
}
