package sqlitestore_test

import (
	"bytes"
	"database/sql"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/hufu-id/hufu/internal/long"
	"github.com/hufu-id/hufu/verifier"
	"github.com/hufu-id/hufu/verifier/sqlitestore"
)

// TestPurgeGivesBack: the file of a counter that purges stays small, and nothing of a
// result stays in it.
func TestPurgeGivesBack(t *testing.T) {
	path := filepath.Join(t.TempDir(), "counter.db")
	s := open(t, path, sqlitestore.Options{Create: true})
	for i := range 300 {
		noise := make([]byte, 300) // which no packing hides
		for j := range noise {
			noise[j] = byte(rand.N(256))
		}
		fill(t, s, i, append([]byte("secret-"), noise...), time.Now())
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	full, err := os.ReadFile(path)
	if err != nil || !bytes.Contains(full, []byte("secret-")) {
		t.Fatalf("results are not where they are looked for: %v", err)
	}
	s = open(t, path, sqlitestore.Options{})
	if err := s.Purge(t.Context(), time.Now().Add(2*time.Hour)); err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	after, err := os.ReadFile(path)
	if err != nil || len(after) > len(full)*2/3 {
		t.Errorf("%d bytes before, %d after, %v", len(full), len(after), err)
	}
	if bytes.Contains(after, []byte("secret-")) {
		t.Error("a purged result can still be read")
	}
}

// fill asks with an object like those of a counter and, for half of the requests,
// stores an answer.
func fill(t testing.TB, s *sqlitestore.Store, i int, result []byte, now time.Time) {
	t.Helper()
	r := verifier.Request{
		ID: random(43), Nonce: random(43), Policy: [32]byte{1}, Query: [32]byte{2}, Created: now, Expires: now.Add(time.Hour),
	}
	r.Object = []byte(strings.Repeat("what every request of a policy says in its object ", 45) + r.ID + r.Nonce + random(86))
	if err := s.PutRequest(t.Context(), r); err != nil {
		t.Fatal(err)
	}
	if i%2 == 1 {
		return
	}
	a := verifier.Acceptance{RequestID: r.ID, Nonce: r.Nonce, At: now, Answer: [32]byte{3}, Result: result}
	if err := s.Accept(t.Context(), a); err != nil {
		t.Fatal(err)
	}
}

func random(n int) string {
	const letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
	b := make([]byte, n)
	for i := range b {
		b[i] = letters[rand.N(len(letters))]
	}
	return string(b)
}

// BenchmarkPurgeAtScale states what each of 300,000 requests takes on disk, and how long
// others wait while all of them are purged. It takes minutes: -long. One in a hundred is
// made by the store itself; the others are their copies under other names.
func BenchmarkPurgeAtScale(b *testing.B) {
	long.Only(b)
	const requests, copies = 300_000, 100
	for b.Loop() {
		b.StopTimer()
		path := filepath.Join(b.TempDir(), "counter.db")
		s := open(b, path, sqlitestore.Options{Create: true})
		now := time.Now()
		for i := range requests / copies {
			fill(b, s, i, fmt.Appendf(nil, `{"learned":[{"type":"urn:hufu:resident:1","claim":"name","value":%q}],"checks":["form","request"]}`, random(300)), now)
		}
		if err := s.Close(); err != nil {
			b.Fatal(err)
		}
		multiply(b, path, copies)
		info, err := os.Stat(path)
		if err != nil {
			b.Fatal(err)
		}
		s = open(b, path, sqlitestore.Options{})
		b.StartTimer()
		waits := putWhilePurging(b, s, now)
		b.ReportMetric(float64(info.Size())/requests, "B/request")
		b.ReportMetric(float64(len(waits)), "puts")
		b.ReportMetric(float64(waits[len(waits)/2].Microseconds())/1000, "p50-ms/put")
		b.ReportMetric(float64(waits[len(waits)*99/100].Microseconds())/1000, "p99-ms/put")
	}
}

// multiply writes copies of every request and of its nonce.
func multiply(b *testing.B, path string, copies int) {
	b.Helper()
	db, err := sql.Open("sqlite3", "file:"+path)
	if err != nil {
		b.Fatal(err)
	}
	defer db.Close()
	var made int
	if err := db.QueryRow("SELECT count(*) FROM request").Scan(&made); err != nil {
		b.Fatal(err)
	}
	const (
		nonce   = `INSERT INTO nonce (nonce, used) SELECT substr(nonce, 1, 40) || $tail, used FROM nonce WHERE nonce IN (SELECT nonce FROM request WHERE number <= $made)`
		request = `INSERT INTO request (id, nonce, object, policy, query, correlation, created, expires, failures, accepted, answer, result)
			SELECT substr(id, 1, 40) || $tail, substr(nonce, 1, 40) || $tail, object, policy, query, correlation, created, expires, failures, accepted, answer, result
			FROM request WHERE number <= $made`
	)
	for i := 1; i < copies; i++ {
		for _, statement := range []string{nonce, request} {
			if _, err := db.Exec(statement, sql.Named("tail", fmt.Sprintf(".%02d", i)), sql.Named("made", made)); err != nil {
				b.Fatal(err)
			}
		}
	}
}

// putWhilePurging returns how long each put took, in ascending order.
func putWhilePurging(b *testing.B, s *sqlitestore.Store, now time.Time) (waits []time.Duration) {
	b.Helper()
	done := make(chan error)
	go func() { done <- s.Purge(b.Context(), now.Add(2*time.Hour)) }()
	for under := true; under; time.Sleep(time.Millisecond) {
		select {
		case err := <-done:
			if err != nil {
				b.Fatal(err)
			}
			under = false
		default:
		}
		from := time.Now()
		if err := s.PutRequest(b.Context(), verifier.Request{ID: random(43), Nonce: random(43), Expires: now.Add(24 * time.Hour)}); err != nil {
			b.Fatal(err)
		}
		waits = append(waits, time.Since(from))
	}
	slices.Sort(waits)
	return waits
}
