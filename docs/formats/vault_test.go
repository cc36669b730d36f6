package formats_test

import (
	"context"
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/sha256"
	"database/sql"
	"encoding/binary"
	"fmt"
	"math/big"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	_ "github.com/mattn/go-sqlite3"
	"golang.org/x/crypto/argon2"
	"golang.org/x/crypto/chacha20poly1305"

	"github.com/hufu-id/hufu/vault"
	"github.com/hufu-id/hufu/vault/sqlitevault"
)

const passphrase = "correct horse battery staple"

// rows are the contents of a vault, made by the formulas of vault.md alone.
type rows struct {
	wallet, root                []byte
	salt, slotNonce, wrapped    []byte
	id, kind, nonce, sealed, ac []byte
	tag                         []byte
}

// parts writes each part behind its length.
func parts(list ...[]byte) (out []byte) {
	for _, p := range list {
		out = append(binary.BigEndian.AppendUint32(out, uint32(len(p))), p...)
	}
	return out
}

func u64(n uint64) []byte { return binary.BigEndian.AppendUint64(nil, n) }

func mac(key []byte, list ...[]byte) []byte {
	h := hmac.New(sha256.New, key)
	h.Write(parts(list...))
	return h.Sum(nil)
}

func (r *rows) derive(t testing.TB, label string, context []byte) []byte {
	t.Helper()
	info := parts([]byte("hufu/vault/1"), []byte(label), r.wallet, u64(1), context)
	return must[[]byte](t)(hkdf.Expand(sha256.New, r.root, string(info), 32))
}

func seal(t testing.TB, key, nonce, plain, associated []byte) []byte {
	t.Helper()
	aead, err := chacha20poly1305.NewX(key)
	if err != nil {
		t.Fatal(err)
	}
	return aead.Seal(nil, nonce, plain, associated)
}

func fixed(name string, n int) []byte {
	s := seed(name)
	return s[:n]
}

func (r *rows) slotData(wallet []byte) []byte {
	return parts(wallet, []byte("slot"), []byte("passphrase"), u64(1), []byte("argon2id/32768/2/1"), r.salt)
}

func newRows(t testing.TB) *rows {
	t.Helper()
	r := &rows{wallet: fixed("wallet id", 16), root: fixed("root key", 32), salt: fixed("salt of a slot", 16), slotNonce: fixed("nonce of a slot", 24), nonce: fixed("nonce of a record", 24)}
	key := argon2.IDKey([]byte(passphrase), r.salt, 2, 32<<10, 1, 32)
	r.wrapped = seal(t, key, r.slotNonce, r.root, r.slotData(r.wallet))
	names := r.derive(t, "names", nil)
	r.kind = mac(names, []byte("kind"), []byte("credential"))[:16]
	r.id = mac(names, []byte("record"), []byte("credential"), []byte("id-1"))[:16]
	r.tag = mac(r.derive(t, "tags", nil), []byte("credential"), []byte("vct"), []byte("urn:example:resident:1"))[:16]
	data := parts(r.wallet, []byte("record"), r.id, r.kind, u64(1), u64(1), u64(1))
	whole := seal(t, r.derive(t, "record", r.id), r.nonce, parts([]byte("credential"), []byte("id-1"), []byte("a secret")), data)
	r.sealed, r.ac = whole[:len(whole)-16], whole[len(whole)-16:]
	return r
}

// digest is the sum of the rows' shares modulo 2^256.
func (r *rows) digest(t testing.TB) []byte {
	t.Helper()
	key := r.derive(t, "digest", nil)
	sum := new(big.Int)
	for _, share := range [][]byte{
		mac(key, []byte("slot"), r.slotData(nil), r.slotNonce, r.wrapped),
		mac(key, []byte("record"), r.id, r.kind, u64(1), u64(1), r.nonce, r.ac),
		mac(key, []byte("tag"), r.tag, r.id),
	} {
		sum.Add(sum, new(big.Int).SetBytes(share))
	}
	sum.Mod(sum, new(big.Int).Lsh(big.NewInt(1), 256))
	return sum.FillBytes(make([]byte, 32))
}

// script fills the tables.
func (r *rows) script(t testing.TB) []byte {
	t.Helper()
	digest := r.digest(t)
	head := mac(r.derive(t, "head", nil), r.wallet, u64(1), u64(1), u64(2), digest)
	return fmt.Appendf(nil, `INSERT INTO vault VALUES (1, X'%X', X'%X', 1, 2, X'%X', X'%X');
INSERT INTO slot VALUES ('passphrase', 32768, 2, 1, X'%X', X'%X', X'%X');
INSERT INTO record VALUES (X'%X', X'%X', 1, 1, X'%X', X'%X');
INSERT INTO body VALUES (X'%X', X'%X');
INSERT INTO tag VALUES (X'%X', X'%X');
`, r.wallet, r.derive(t, "commitment", nil), digest, head, r.salt, r.slotNonce, r.wrapped,
		r.id, r.kind, r.nonce, r.ac, r.id, r.sealed, r.tag, r.id)
}

// tables is the schema that vault.md states.
func tables(t testing.TB) string {
	t.Helper()
	b, err := os.ReadFile("vault.md")
	if err != nil {
		t.Fatal(err)
	}
	block := regexp.MustCompile("(?s)```sql\n(.*?)```").FindSubmatch(b)
	if block == nil {
		t.Fatal("vault.md states no tables")
	}
	return string(block[1])
}

func vaultFile(t testing.TB) page {
	r := newRows(t)
	good := r.script(t)
	hexOf := func(b []byte) []byte { return fmt.Appendf(nil, "X'%X'", b) }
	return page{
		name:    "vault",
		context: fields{"passphrase": passphrase, "rootKey": r.root},
		doors: map[string]door{
			"vault": openVault(t, passphrase, r.generation(t, 2)), "vault, another passphrase": openVault(t, "x", r.generation(t, 2)),
			"vault, seen at 3": openVault(t, passphrase, r.generation(t, 3)),
			"generation": func(b []byte) (any, []byte, error) {
				shown, _, err := openVault(t, passphrase, b)(good)
				return shown, b, err
			},
		},
		vectors: []example{
			{"one record with one tag", "vault", good},
			{"of that vault", "generation", r.generation(t, 2)},
			{"of that vault, one behind, in the other slot", "generation", r.generation(t, 1)},
			{"of that vault, in the other slot", "generation", append(r.generation(t, 2)[512:], r.generation(t, 2)[:512]...)},
		},
		refused: []refusal{
			{"another passphrase", "vault, another passphrase", good, vault.ErrLocked},
			{"fewer passes than two", "vault", replaced(t, good, []byte("32768, 2, 1"), []byte("32768, 1, 1")), sqlitevault.ErrKDF},
			{"other parameters than were sealed", "vault", replaced(t, good, []byte("32768, 2, 1"), []byte("32768, 3, 1")), vault.ErrLocked},
			{"a record's nonce changed", "vault", replaced(t, good, hexOf(r.nonce), hexOf(flipped(r.nonce, 0, 1))), sqlitevault.ErrIntegrity},
			{"the tag removed", "vault", good[:strings.LastIndex(string(good), "INSERT")], sqlitevault.ErrIntegrity},
			{"the counter brought forward", "vault", replaced(t, good, []byte(", 1, 2, X"), []byte(", 1, 4, X")), sqlitevault.ErrIntegrity},
			{"an older vault than one seen before", "vault, seen at 3", good, sqlitevault.ErrRolledBack},
			{"one ahead of the vault", "generation", r.generation(t, 3), sqlitevault.ErrRolledBack},
			{"a mac changed", "generation", flipped(r.generation(t, 2), 60, 1), sqlitevault.ErrNoGeneration},
			{"a zero changed", "generation", flipped(r.generation(t, 2), 500, 1), sqlitevault.ErrNoGeneration},
			{"a byte more", "generation", append(r.generation(t, 2), 0), sqlitevault.ErrNoGeneration},
		},
	}
}

// generation is the file beside a vault, of one counter, in the slot of its last bit.
func (r *rows) generation(t testing.TB, counter uint64) []byte {
	slot := append(append([]byte("hufu/headfile/1\n"), u64(counter)...), make([]byte, 32)...)
	h := hmac.New(sha256.New, r.derive(t, "generation", nil))
	h.Write(slot)
	file := make([]byte, 1024)
	copy(file[counter%2*512:], h.Sum(slot))
	return file
}

// openVault makes a file of a script, with another beside it, and opens it as a wallet
// does.
func openVault(t testing.TB, passphrase string, generation []byte) door {
	return func(script []byte) (any, []byte, error) {
		path := filepath.Join(t.TempDir(), "vault.db")
		db := must[*sql.DB](t)(sql.Open("sqlite3", path))
		if _, err := db.Exec(tables(t) + "PRAGMA application_id = 0x48754657; PRAGMA user_version = 1;" + string(script)); err != nil {
			t.Fatal(err)
		}
		again := dump(t, db)
		if err := db.Close(); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path+".generation", generation, 0o600); err != nil {
			t.Fatal(err)
		}
		store, err := sqlitevault.Open(t.Context(), path, []byte(passphrase), sqlitevault.Options{})
		if err != nil {
			return nil, nil, err
		}
		defer store.Close()
		var found []vault.Record
		err = store.View(t.Context(), func(tx vault.Tx) error {
			found, err = tx.List("credential", vault.Tag{Name: "vct", Value: "urn:example:resident:1"})
			return err
		})
		if err != nil {
			return nil, nil, err
		}
		return fields{"generation": store.Generation(), "records": found}, again, nil
	}
}

// dump writes the rows of the tables as the script does.
func dump(t testing.TB, db *sql.DB) (out []byte) {
	t.Helper()
	for _, q := range []struct{ table, columns string }{
		{"vault", "one, quote(wallet), quote(commitment), epoch, counter, quote(rows), quote(mac)"},
		{"slot", "quote(name), memory, time, threads, quote(salt), quote(nonce), quote(wrapped)"},
		{"record", "quote(id), quote(kind), version, epoch, quote(nonce), quote(mac)"},
		{"body", "quote(id), quote(sealed)"},
		{"tag", "quote(tag), quote(record)"},
	} {
		list := must[*sql.Rows](t)(db.Query("SELECT concat_ws(', ', " + q.columns + ") FROM " + q.table))
		for list.Next() {
			var values string
			if err := list.Scan(&values); err != nil {
				t.Fatal(err)
			}
			out = fmt.Appendf(out, "INSERT INTO %s VALUES (%s);\n", q.table, values)
		}
	}
	return out
}

// TestVaultTables: the page states the tables that the code makes.
func TestVaultTables(t *testing.T) {
	made := filepath.Join(t.TempDir(), "made.db")
	store, err := sqlitevault.Create(context.Background(), made, []byte(passphrase), sqlitevault.Options{KDF: sqlitevault.KDF{MemoryKiB: 32 << 10, Time: 2, Threads: 1}})
	if err != nil {
		t.Fatal(err)
	}
	if err := store.Close(); err != nil {
		t.Fatal(err)
	}
	code := must[*sql.DB](t)(sql.Open("sqlite3", made))
	defer code.Close()
	stated := must[*sql.DB](t)(sql.Open("sqlite3", filepath.Join(t.TempDir(), "stated.db")))
	defer stated.Close()
	if _, err := stated.Exec(tables(t)); err != nil {
		t.Fatal(err)
	}
	if a, b := declarations(t, code), declarations(t, stated); !slices.Equal(a, b) {
		t.Errorf("the code makes %q, the page states %q", a, b)
	}
}

func declarations(t *testing.T, db *sql.DB) (out []string) {
	t.Helper()
	list := must[*sql.Rows](t)(db.Query("SELECT sql FROM sqlite_schema WHERE sql IS NOT NULL ORDER BY name"))
	for list.Next() {
		var s string
		if err := list.Scan(&s); err != nil {
			t.Fatal(err)
		}
		out = append(out, strings.Join(strings.Fields(s), " "))
	}
	return out
}
