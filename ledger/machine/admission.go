package machine

import (
	"sync"
	"time"

	"github.com/hufu-id/hufu/ledger"
)

// An Admission judges submissions one after the other as if the admitted ones
// had been applied. It appends nothing. A node uses it before it passes a
// submission on. The machine does not verify again the signatures that an
// Admission found good. An Admission does not notice keys that come into force
// or end during its life: renew it with every checkpoint. One goroutine at a
// time may use it.
type Admission struct {
	machine *Machine
	base    *batch
	// head is the store's, once the first submission has asked for it.
	head *Head
	// agencies is kept from one submission to the next.
	agencies map[string][][]byte
}

// NewAdmission returns an Admission that begins with the content of the store.
// It never writes to the store.
func (m *Machine) NewAdmission(store Store) *Admission {
	return &Admission{machine: m, base: newBatch(store), agencies: map[string][][]byte{}}
}

// Admit judges a submission at the given time. Errors: a
// [*ledger.RefusedError], ledger.ErrTooLarge, [ErrClock], [ErrDamaged], and the
// store's own.
func (a *Admission) Admit(now time.Time, ops ...*ledger.SignedOperation) error {
	if a.head == nil {
		head, err := ReadHead(a.base)
		if err != nil {
			return err
		}
		a.head = &head
	}
	t, err := a.machine.beginAt(a.base, *a.head, now)
	if err != nil {
		return err
	}
	t.admission, t.agencies = true, a.agencies
	result, err := t.submission(a.machine.Prepare(ops).submissions[0])
	if err != nil {
		return err
	}
	return result.Err
}

// verifiedSize bounds the number of remembered operations to twice this.
const verifiedSize = 1 << 16

// verified remembers signed operations with good signatures, by their SHA-256.
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
