package machine

import (
	"cmp"
	"fmt"
	"strings"
	"sync/atomic"
	"time"

	"golang.org/x/mod/sumdb/tlog"

	"github.com/hufu-id/hufu/ledger"
	"github.com/hufu-id/hufu/ledger/internal/statemap"
)

// Options holds what all nodes of a ledger must agree on.
type Options struct {
	// EpochLength is the length of an epoch in whole seconds; zero means
	// ledger.DefaultEpochLength.
	EpochLength time.Duration
	// Suites is the allow-list of signature algorithms; nil means
	// ledger.DefaultSuites.
	Suites *ledger.Suites
	// AgencyBudget and NewcomerBudget take the place of the constants of these names;
	// zero means those.
	AgencyBudget, NewcomerBudget uint64
}

// A Machine applies operations. It holds no ledger state: that is in the Store
// of each call.
type Machine struct {
	zk       ledger.ZK
	founding ledger.Founding
	id       ledger.ID
	root     string
	options  Options
	verified *verified
	// newest is the agreement that was read last.
	newest atomic.Pointer[parsedAgreement]
}

// New returns the machine of one ledger: it takes what is signed for this ledger alone,
// and all chains of accreditation end at the root DID of its founding. The error is
// [ErrConfig].
func New(zk ledger.ZK, founding ledger.Founding, options Options) (*Machine, error) {
	if options.EpochLength == 0 {
		options.EpochLength = ledger.DefaultEpochLength
	}
	if options.Suites == nil {
		options.Suites = ledger.DefaultSuites()
	}
	options.AgencyBudget = cmp.Or(options.AgencyBudget, AgencyBudget)
	options.NewcomerBudget = cmp.Or(options.NewcomerBudget, NewcomerBudget)
	if zk == nil {
		return nil, fmt.Errorf("%w: zero knowledge is needed", ErrConfig)
	}
	if err := founding.Check(); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrConfig, err)
	}
	if options.EpochLength < time.Second || options.EpochLength%time.Second != 0 {
		return nil, fmt.Errorf("%w: an epoch is whole seconds", ErrConfig)
	}
	return &Machine{
		zk: zk, founding: founding, id: founding.ID(), root: founding.RootDID,
		options: options, verified: newVerified(),
	}, nil
}

// A Commit is the result of applying submissions.
type Commit struct {
	// Results stand in the order of the submissions.
	Results []Result
	// Head is the new head, or the old one if Changed is false.
	Head Head
	// Changed is false if no new operation was accepted.
	Changed bool
}

// A Result is the outcome of one submission: receipts in the order of its
// operations, or an error.
type Result struct {
	Receipts []ledger.OperationReceipt
	// Err is a [*ledger.RefusedError] or [ledger.ErrTooLarge].
	Err error
}

// Apply applies one submission at the ledger's time and makes a checkpoint: all
// of it or, with an error, nothing. Without operations it is a heartbeat, which
// keeps an idle ledger fresh and closes its epochs. An operation that the
// ledger already has is not an error and has no effect; Apply returns its first
// receipt. The error is that of the submission's Result, or of ApplyEach.
func (m *Machine) Apply(store Store, now time.Time, ops ...*ledger.SignedOperation) (*Commit, error) {
	var submissions [][]*ledger.SignedOperation
	if len(ops) > 0 {
		submissions = append(submissions, ops)
	}
	commit, err := m.ApplyEach(store, now, submissions...)
	if err == nil && len(ops) > 0 {
		err = commit.Results[0].Err
	}
	if err != nil {
		return nil, err
	}
	return commit, nil
}

// ApplyEach applies submissions one after the other at the ledger's time. It
// accepts or refuses each as a whole, and makes one checkpoint unless it
// accepted none. Without submissions it is a heartbeat. After an error nothing
// has changed. Errors: [ErrClock], ledger.ErrRules, [ErrDamaged], and the store's own.
func (m *Machine) ApplyEach(store Store, now time.Time, submissions ...[]*ledger.SignedOperation) (*Commit, error) {
	return m.ApplyPrepared(store, now, m.Prepare(submissions...))
}

// ApplyPrepared is ApplyEach for prepared submissions. It may run on several
// stores at once.
func (m *Machine) ApplyPrepared(store Store, now time.Time, p *Prepared) (*Commit, error) {
	t, err := m.begin(store, now)
	if err != nil {
		return nil, err
	}
	if err := t.knowsRules(); err != nil {
		return nil, err
	}
	commit := &Commit{Head: t.head, Changed: len(p.submissions) == 0}
	for _, s := range p.submissions {
		result, err := t.submission(s)
		if err != nil {
			return nil, err
		}
		commit.Results = append(commit.Results, result)
		for _, r := range result.Receipts {
			commit.Changed = commit.Changed || !r.Replayed
		}
	}
	if !commit.Changed {
		commit.Head.Root, err = RootAt(store, t.head.Size)
		return commit, err
	}
	commit.Head, err = t.checkpoint()
	return commit, err
}

// transition is the making of one checkpoint.
type transition struct {
	*Machine
	// base collects what was accepted. store collects what the current
	// submission writes.
	base, store *batch
	now         time.Time
	head        Head
	size        uint64
	// agencies caches the signature keys of agencies in force. A changed DID or
	// accreditation clears it.
	agencies map[string][][]byte
	// payer is the DID whose keys the operation under way needed last.
	payer string
	// admission only judges: it writes values, but neither log nor tree.
	admission bool
}

func (m *Machine) begin(store Store, now time.Time) (*transition, error) {
	head, err := ReadHead(store)
	if err != nil {
		return nil, err
	}
	return m.beginAt(newBatch(store), head, now)
}

// beginAt begins after a head that the store has.
func (m *Machine) beginAt(base *batch, head Head, now time.Time) (*transition, error) {
	if now.Unix() < 0 || now.UnixMilli() < int64(head.State.UnixMilli) {
		return nil, ErrClock
	}
	// The ledger knows milliseconds; finer would not survive a replay.
	now = time.UnixMilli(now.UnixMilli())
	return &transition{
		Machine: m, base: base, store: base, now: now, head: head, size: head.Size,
		agencies: map[string][][]byte{},
	}, nil
}

// submission applies operations and keeps all of them or none. A returned error
// is not the submission's fault.
func (t *transition) submission(s submission) (Result, error) {
	if s.err != nil {
		return Result{Err: s.err}, nil
	}
	size := t.size
	t.store = newBatch(t.base)
	defer func() { t.store = t.base }()
	var receipts []ledger.OperationReceipt
	for i, p := range s.ops {
		receipt, err := t.operation(p)
		if err != nil {
			t.size = size
			clear(t.agencies)
			return refuse(i, p.Operation.Kind, err)
		}
		receipts = append(receipts, receipt)
	}
	t.store.join(t.base)
	return Result{Receipts: receipts}, nil
}

// height returns the height of this checkpoint.
func (t *transition) height() uint64 {
	if t.head.Size == 0 {
		return 0
	}
	return t.head.State.Height + 1
}

// checkpoint closes the epoch if it is due, appends the state leaf and writes
// everything.
func (t *transition) checkpoint() (Head, error) {
	state := t.head.State
	state.Height, state.UnixMilli = t.height(), uint64(t.now.UnixMilli())
	if err := t.closeEpoch(&state); err != nil {
		return Head{}, err
	}
	var err error
	if state.StateRoot, err = setLeaves(t.base, t.base.changedLeaves()); err != nil {
		return Head{}, err
	}
	if err := t.append(state.Bytes()); err != nil {
		return Head{}, err
	}
	if err := t.store.Put(TableHead, headKey, append(u64(t.size), state.Bytes()...)); err != nil {
		return Head{}, err
	}
	root, err := RootAt(t.store, t.size)
	if err != nil {
		return Head{}, err
	}
	return Head{Size: t.size, Root: root, State: state}, t.store.flush()
}

func (t *transition) append(leaf []byte) error {
	err := appendLeaf(t.store, t.size, leaf)
	t.size++
	return err
}

// setValue changes the state map. Its tree follows with the checkpoint.
func (t *transition) setValue(key string, value []byte) error {
	if strings.HasPrefix(key, ledger.PrefixDID) || strings.HasPrefix(key, ledger.PrefixAccreditation) {
		clear(t.agencies)
	}
	if err := t.store.Put(TableValue, []byte(key), value); err != nil {
		return err
	}
	if t.admission {
		return nil
	}
	index := statemap.Index(key)
	t.store.leaves[index] = statemap.Leaf(index, value)
	return nil
}

// Get implements ledger.State.
func (t *transition) Get(key string) ([]byte, error) { return getValue(t.store, key) }

func getValue(store Store, key string) ([]byte, error) {
	value, err := store.Get(TableValue, []byte(key))
	if err == nil && value == nil {
		return nil, ledger.ErrAbsent
	}
	return value, err
}

// Value returns the value of the state map under a key. Errors:
// ledger.ErrAbsent, ledger.ErrKey, and the store's own.
func Value(store Store, key string) ([]byte, error) {
	if err := ledger.CheckKey(key); err != nil {
		return nil, err
	}
	return getValue(store, key)
}

// Prove makes a proof of the keys under a signed checkpoint of the store's
// head. Errors: ledger.ErrKey, [ErrDamaged], and the store's own.
func Prove(store Store, checkpoint []byte, keys ...string) (*ledger.Proof, error) {
	head, err := ReadHead(store)
	if err != nil {
		return nil, err
	}
	if head.Size == 0 {
		return nil, fmt.Errorf("%w: empty ledger", ErrDamaged)
	}
	inclusion, err := tlog.ProveRecord(int64(head.Size), int64(head.Size-1), hashReader(store))
	if err != nil {
		return nil, err
	}
	proof := &ledger.Proof{Checkpoint: checkpoint, StateLeaf: head.State.Bytes(), Inclusion: inclusion}
	for _, key := range sortedUnique(keys) {
		entry, err := proveEntry(store, key)
		if err != nil {
			return nil, err
		}
		proof.Entries = append(proof.Entries, entry)
	}
	return proof, nil
}

func proveEntry(store Store, key string) (ledger.Entry, error) {
	value, err := Value(store, key)
	if err != nil && !isAbsent(err) {
		return ledger.Entry{}, err
	}
	proof, err := proveKey(store, key)
	return ledger.Entry{Key: key, Value: value, Proof: proof}, err
}

// ProveConsistency proves that the log of size to extends that of size from.
// Errors: ledger.ErrNotIncluded if the sizes are out of range, and the store's
// own.
func ProveConsistency(store Store, from, to uint64) ([]tlog.Hash, error) {
	head, err := ReadHead(store)
	if err != nil {
		return nil, err
	}
	if from == 0 || from > to || to > head.Size {
		return nil, fmt.Errorf("%w: sizes %d and %d of a log of %d", ledger.ErrNotIncluded, from, to, head.Size)
	}
	return tlog.ProveTree(int64(to), int64(from), hashReader(store))
}
