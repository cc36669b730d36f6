package sqlitestore_test

import (
	"bytes"
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

// TestPurgeAtScale states what 300,000 requests take, and how long others wait while
// they are purged.
func TestPurgeAtScale(t *testing.T) {
	long.Only(t)
	const requests = 300_000
	path := filepath.Join(t.TempDir(), "counter.db")
	s := open(t, path, sqlitestore.Options{Create: true})
	now := time.Now()
	for i := range requests {
		fill(t, s, i, fmt.Appendf(nil, `{"learned":[{"type":"urn:hufu:resident:1","claim":"name","value":%q}],"checks":["form","request"]}`, random(300)), now)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("%d bytes a request", info.Size()/requests)
	if info.Size()/requests > 2048 {
		t.Error("above 2 KB a request")
	}
	s = open(t, path, sqlitestore.Options{})
	done := make(chan error)
	start := time.Now()
	go func() { done <- s.Purge(t.Context(), now.Add(2*time.Hour)) }()
	var waits []time.Duration
	for under := true; under; time.Sleep(time.Millisecond) {
		select {
		case err := <-done:
			if err != nil {
				t.Fatal(err)
			}
			under = false
		default:
		}
		from := time.Now()
		if err := s.PutRequest(t.Context(), verifier.Request{ID: random(43), Nonce: random(43), Expires: now.Add(24 * time.Hour)}); err != nil {
			t.Fatal(err)
		}
		waits = append(waits, time.Since(from))
	}
	slices.Sort(waits)
	p99 := waits[len(waits)*99/100]
	t.Logf("purged in %v; %d puts meanwhile, p50 %v, p99 %v, longest %v", time.Since(start), len(waits), waits[len(waits)/2], p99, waits[len(waits)-1])
	if p99 > 50*time.Millisecond {
		t.Error("p99 above 50 ms")
	}
}
