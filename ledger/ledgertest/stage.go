package ledgertest

import (
	"crypto"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"strconv"
	"testing"
	"time"

	"github.com/hufu-id/hufu/ledger"
)

// SmallZK is ZK with caps that a test reaches: beyond them no epoch closes.
type SmallZK struct{ ZK }

// Caps of SmallZK.
const (
	smallRegistry = 24
	smallBucket   = 12
)

// RegistryCapacity is small.
func (SmallZK) RegistryCapacity() int { return smallRegistry }

// RevocationBucket is small: two buckets.
func (SmallZK) RevocationBucket() (bits, capacity int) { return 1, smallBucket }

// Roots fails beyond the caps, as real trees do.
func (z SmallZK) Roots(leaves [][32]byte, revoked [][ledger.HandleSize]byte) (registry, revocation [32]byte, err error) {
	var buckets [2]int
	for _, handle := range revoked {
		buckets[handle[0]>>7]++
	}
	if len(leaves) > smallRegistry || max(buckets[0], buckets[1]) > smallBucket {
		return registry, revocation, errors.New("too many leaves")
	}
	return z.ZK.Roots(leaves, revoked)
}

// A Stage is a fresh ledger with SmallZK, on which [Property] plays.
type Stage struct {
	// Founding names the ledger.
	Founding ledger.Founding
	// AgencyBudget is how many bytes an agency may put on the ledger in a day.
	AgencyBudget uint64
	// EpochLength is that of the ledger.
	EpochLength time.Duration
	// Root is the signature key of the root agency, which alone decides. Next is the key
	// that signs the next agreement.
	Root, Next crypto.Signer
	// Agreement returns the first agreement.
	Agreement *ledger.Agreement
	// Now is the ledger's time.
	Now func() time.Time
	// Submit submits a batch, and returns nil where the ledger has all of it.
	Submit func(ops ...*ledger.SignedOperation) error
	// CloseEpoch waits, or turns a clock, until an epoch is closed that began after the
	// call, and returns it.
	CloseEpoch func() (*ledger.Epoch, error)
	// Check demands that the ledger replays, that it opens again, and that a witness signs.
	Check func() error
}

// kept are seeds that are played each time; the long ones once found a fault.
var kept = []uint64{1, 2, 3, 5646642472799552541, 12715779950580856982, 13827262386594451697}

// Plays runs [Property] on fresh stages: once for each seed that was kept, and then for new
// ones until so much time has passed. The seed in the variable HUFU_SEED takes their place.
func Plays(t *testing.T, lasts time.Duration, steps int, fresh func(t testing.TB) *Stage) {
	seeds := kept
	if text := os.Getenv("HUFU_SEED"); text != "" {
		seed, err := strconv.ParseUint(text, 10, 64)
		if err != nil {
			t.Fatal(err)
		}
		seeds, lasts = []uint64{seed}, 0
	}
	began := time.Now()
	for n := 0; (n < len(seeds) || time.Since(began) < lasts) && !t.Failed(); n++ {
		seed := rand.Uint64()
		if n < len(seeds) {
			seed = seeds[n]
		}
		t.Run(fmt.Sprint("seed ", seed), func(t *testing.T) { Property(t, seed, steps, fresh(t)) })
	}
}

// Property plays a number of steps on a ledger: honest and hostile operations of every
// kind by parties that come, rise, fall and steal. Whatever the ledger accepts,
//
//   - no agency has put more on the ledger in a day than its budget,
//   - the next epoch closes,
//   - the log replays, the engine opens again, and a witness signs,
//   - a ledger that was founded anew by the same root refuses every operation, and
//   - the root can repair: it takes back what anybody has, and a new office issues.
func Property(t testing.TB, seed uint64, steps int, s *Stage) {
	t.Helper()
	p := newPlay(t, seed, s)
	defer func() {
		if t.Failed() {
			t.Logf("again with HUFU_SEED=%d", seed)
		}
	}()
	for step := range steps {
		p.step()
		if step%25 == 24 {
			p.closeEpoch()
		}
		if step%100 == 99 {
			p.check()
		}
		if t.Failed() {
			return
		}
	}
	p.closeEpoch()
	p.check()
	p.elsewhere()
	p.repair()
	p.closeEpoch()
	p.check()
	t.Logf("seed %d: %d operations accepted, %d refused, %d for want of room", seed, len(p.accepted), p.refused, p.full)
}
