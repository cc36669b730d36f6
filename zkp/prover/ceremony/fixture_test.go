package ceremony_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/hufu-id/hufu/internal/long"
	"github.com/hufu-id/hufu/zkp"
	"github.com/hufu-id/hufu/zkp/prover/ceremony"
)

const show = string(zkp.CircuitShow)

// The ceremony of these tests lies in the past, so that the beacon's values,
// drand's, are known: quicknet rounds 123 and 1000, as its operators published
// them.
var (
	round123  = time.Unix(1692803367+3*122, 0).UTC()
	round1000 = time.Unix(1692803367+3*999, 0).UTC()
	begin     = round123.Add(-time.Hour)
)

const (
	value123  = "b75c69d0b72a5d906e854e808ba7e2accb1542ac355ae486d591aa9d43765482e26cd02df835d3546d23c4b13e0dfc92"
	value1000 = "b44679b9a59af2ec876b1a6b1ad52ea9b1615fc3982b19576350f93447cb1125e342b73a8dd2bacbe47e4b6b63ed5e39"
)

// agency is one that takes part.
type agency struct {
	did string
	key *ecdsa.PrivateKey
}

// agencies are the participants in their order, and last one that is none.
var agencies = sync.OnceValue(func() (out []agency) {
	for _, did := range []string{"did:hufu:north", "did:hufu:south", "did:hufu:west", "did:hufu:stranger"} {
		key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
		if err != nil {
			panic(err)
		}
		out = append(out, agency{did, key})
	}
	return out
})

func plan(t testing.TB) ceremony.Plan {
	t.Helper()
	p := ceremony.Plan{Name: "Keys of the show circuit", Minimum: 2}
	for _, a := range agencies()[:3] {
		participant, err := ceremony.NewParticipant(a.did, &a.key.PublicKey)
		if err != nil {
			t.Fatal(err)
		}
		p.Participants = append(p.Participants, participant)
	}
	p.Beacons[0] = ceremony.BeaconRule{Source: ceremony.SourceDrand, At: round123}
	p.Beacons[1] = ceremony.BeaconRule{Source: ceremony.SourceDrand, At: round1000}
	return p
}

// at makes options with a clock and the tests' memory.
func at(now time.Time) ceremony.Options {
	return ceremony.Options{Clock: func() time.Time { return now }, Memory: shared.memory}
}

// shared are folders of a ceremony at every stage, made once.
var shared struct {
	once   sync.Once
	root   string
	memory string
	err    error
}

// Stages of the shared ceremony: after its plan, two contributions, phase 1,
// its sealing, one and three contributions, and sealing.
const (
	planned = iota
	two
	phase1
	sealed1
	one
	phase2
	sealed
)

func TestMain(m *testing.M) {
	code := m.Run()
	if shared.root != "" {
		os.RemoveAll(shared.root)
	}
	os.Exit(code)
}

// stage gives a fresh copy of the shared ceremony.
func stage(t testing.TB, n int) string {
	t.Helper()
	long.NotShort(t, "holds a ceremony")
	shared.once.Do(func() { play(t) })
	if shared.err != nil {
		t.Fatal(shared.err)
	}
	dir := filepath.Join(t.TempDir(), "ceremony")
	if err := os.CopyFS(dir, os.DirFS(folder(n))); err != nil {
		t.Fatal(err)
	}
	return dir
}

func folder(n int) string { return filepath.Join(shared.root, string(rune('0'+n))) }

// play holds the shared ceremony.
func play(t testing.TB) {
	if shared.root, shared.err = os.MkdirTemp("", "hufu-ceremony-"); shared.err != nil {
		return
	}
	shared.memory = filepath.Join(shared.root, "memory")
	dir := filepath.Join(shared.root, "play")
	ctx, n := context.Background(), 0
	keep := func() {
		if shared.err == nil {
			shared.err = os.CopyFS(folder(n), os.DirFS(dir))
		}
		n++
	}
	contribute := func(i int, now time.Time) {
		if shared.err == nil {
			_, shared.err = ceremony.Contribute(ctx, dir, agencies()[i].did, agencies()[i].key, at(now))
		}
	}
	seal := func(value string, now time.Time) {
		if shared.err == nil {
			_, shared.err = ceremony.Seal(ctx, dir, unhex(t, value), at(now))
		}
	}
	_, shared.err = ceremony.Init(ctx, dir, plan(t), []zkp.Circuit{zkp.CircuitShow}, at(begin))
	keep()
	contribute(0, begin)
	contribute(1, begin)
	keep()
	contribute(2, begin)
	keep()
	seal(value123, round123)
	keep()
	contribute(0, round123)
	keep()
	contribute(1, round123)
	contribute(2, round123)
	keep()
	seal(value1000, round1000)
	keep()
}

func path(dir string, step string, number int, ending string) string {
	return filepath.Join(dir, step, ceremony.FileBase(number, agencies()[number-1].did)+ending)
}

func read(t testing.TB, path string) []byte {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func write(t testing.TB, path string, b []byte) {
	t.Helper()
	if err := os.WriteFile(path, b, 0o600); err != nil {
		t.Fatal(err)
	}
}

func rename(t testing.TB, from, to string) {
	t.Helper()
	if err := os.Rename(from, to); err != nil {
		t.Fatal(err)
	}
}

func remove(t testing.TB, paths ...string) {
	t.Helper()
	for _, path := range paths {
		if err := os.RemoveAll(path); err != nil {
			t.Fatal(err)
		}
	}
}

// record changes a record and, with a key, signs it again.
func record(t testing.TB, path string, key *ecdsa.PrivateKey, change func(*ceremony.Record)) {
	t.Helper()
	r, err := ceremony.ParseRecord(read(t, path))
	if err != nil {
		t.Fatal(err)
	}
	change(r)
	if key != nil {
		if err := r.Sign(key); err != nil {
			t.Fatal(err)
		}
	}
	write(t, path, r.Bytes())
}

// replace puts other bytes in a contribution's place, signed by its maker.
func replace(t testing.TB, dir, step string, number int, b []byte) {
	t.Helper()
	write(t, path(dir, step, number, ".bin"), b)
	record(t, path(dir, step, number, ".json"), agencies()[number-1].key, func(r *ceremony.Record) { r.Hash = sha256.Sum256(b) })
}
