package machine

import (
	"sync"
	"time"

	"github.com/hufu-id/hufu/ledger"
)

// Admission judges submissions one after the other, as if those it admitted had
// been applied, without appending anything: what a node asks before it passes a
// submission on. Signatures that it found good are not verified again when the
// machine applies the same operations. Keys that come into force or end within
// its life are not noticed: it is renewed with every checkpoint. It is for one
// goroutine at a time.
type Admission struct {
	machine *Machine
	base    *batch
	// agencies is remembered from one submission to the next.
	agencies map[string][][]byte
}

// NewAdmission begins with what is in the store, to which it never writes.
func (m *Machine) NewAdmission(store Store) *Admission {
	return &Admission{machine: m, base: newBatch(store), agencies: map[string][][]byte{}}
}

// Admit judges a submission at a time. The error is a [*ledger.RefusedError],
// ledger.ErrTooLarge, [ErrClock], [ErrDamaged] or the store's own.
func (a *Admission) Admit(now time.Time, ops ...*ledger.SignedOperation) error {
	t, err := a.machine.begin(a.base, now)
	if err != nil {
		return err
	}
	t.base, t.store, t.admission, t.agencies = a.base, a.base, true, a.agencies
	result, err := t.submission(a.machine.Prepare(ops).submissions[0])
	if err != nil {
		return err
	}
	return result.Err
}

// verifiedSize bounds how many operations are remembered: twice that at most.
const verifiedSize = 1 << 16

// verified remembers signed operations whose signatures hold, by their SHA-256.
type verified struct {
	mu         sync.Mutex
	young, old map[[32]byte]bool
}

func newVerified() *verified {
	return &verified{young: map[[32]byte]bool{}, old: map[[32]byte]bool{}}
}

func (v *verified) has(id [32]byte) bool {
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.young[id] || v.old[id]
}

func (v *verified) add(id [32]byte) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if len(v.young) >= verifiedSize {
		v.young, v.old = map[[32]byte]bool{}, v.young
	}
	v.young[id] = true
}
