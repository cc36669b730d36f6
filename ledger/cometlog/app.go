package cometlog

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	abci "github.com/cometbft/cometbft/abci/types"
	"github.com/cometbft/cometbft/libs/log"
	cryptoproto "github.com/cometbft/cometbft/proto/tendermint/crypto"

	"github.com/hufu-id/hufu/ledger"
	"github.com/hufu-id/hufu/ledger/cosign"
	"github.com/hufu-id/hufu/ledger/machine"
	"github.com/hufu-id/hufu/ledger/machine/sqlitestore"
)

// Codes of CheckTx and of a transaction in a block. Zero means accepted.
const (
	codeMalformed = 1
	codeRefused   = 2
)

// stateHeight is the name under which the application keeps its block height in
// the database.
const stateHeight = "comet height"

// votingPower is the power of every node: one agency, one vote.
const votingPower = 10

// app is the ledger as CometBFT drives it. CometBFT calls it from one goroutine
// at a time.
type app struct {
	abci.BaseApplication

	genesis *Genesis
	machine *machine.Machine
	db      *sqlitestore.DB
	// published receives every committed state.
	published *cosign.Published
	// accepted and refused count operations since the node started.
	accepted, refused atomic.Uint64
	onRefusal         func(operations int, err error)
	// waiters receive the outcome of their transactions.
	waiters *waiters
	clock   func() time.Time
	log     log.Logger
	// maxPause is the longest time between two checkpoints.
	maxPause time.Duration
	// refusedProposals counts blocks that this node did not vote for. unproposable is the
	// reason, nil once another block was accepted.
	refusedProposals atomic.Uint64
	unproposable     atomic.Pointer[error]

	// What follows belongs to the block under way.
	block   *sqlitestore.Tx
	commit  *machine.Commit
	results map[txID]machine.Result
	old     *ledger.Agreement

	// admission judges new transactions against the last committed state.
	admission struct {
		sync.Mutex
		*machine.Admission
		snapshot *sqlitestore.Snapshot
	}
}

// A txID names a transaction: the SHA-256 of its bytes.
type txID [32]byte

// Info returns the last block that the application has applied.
func (a *app) Info(ctx context.Context, _ *abci.RequestInfo) (*abci.ResponseInfo, error) {
	info := new(abci.ResponseInfo)
	err := a.db.View(ctx, func(tx *sqlitestore.Tx) error {
		height, err := blockHeight(tx)
		if err != nil || height == 0 {
			return err
		}
		head, err := headOf(tx)
		info.LastBlockHeight, info.LastBlockAppHash = height, appHash(head)
		return err
	})
	return info, err
}

func blockHeight(tx *sqlitestore.Tx) (int64, error) {
	b, err := tx.EngineState(stateHeight)
	if err != nil || b == nil {
		return 0, err
	}
	if len(b) != 8 {
		return 0, fmt.Errorf("%w: block height", machine.ErrDamaged)
	}
	return int64(binary.BigEndian.Uint64(b)), nil
}

// headOf returns the head with its root.
func headOf(tx machine.Store) (machine.Head, error) {
	head, err := machine.ReadHead(tx)
	if err != nil || head.Size == 0 {
		return head, err
	}
	head.Root, err = machine.RootAt(tx, head.Size)
	return head, err
}

func appHash(head machine.Head) []byte {
	sum := sha256.Sum256(append(append([]byte("hufu/apphash/1\x00"), head.Root[:]...), head.State.StateRoot[:]...))
	return sum[:]
}

// InitChain applies the operations of the genesis document. If the process dies
// before the first block, CometBFT calls it again, and it finds them applied.
func (a *app) InitChain(ctx context.Context, req *abci.RequestInitChain) (*abci.ResponseInitChain, error) {
	tx, err := a.db.Begin(ctx)
	if err != nil {
		return nil, err
	}
	head, err := a.begin(tx, req.Time)
	if err != nil {
		return nil, errors.Join(err, tx.Rollback())
	}
	if err := tx.Commit(); err != nil {
		return nil, err
	}
	return &abci.ResponseInitChain{AppHash: appHash(head)}, a.committed(ctx, head, nil)
}

func (a *app) begin(tx *sqlitestore.Tx, at time.Time) (machine.Head, error) {
	head, err := headOf(tx)
	if err != nil || head.Size > 0 {
		return head, err
	}
	ops, err := ledger.ParseBatch(a.genesis.Operations)
	if err != nil {
		return head, fmt.Errorf("%w: operations in genesis.json: %w", ErrConfig, err)
	}
	commit, err := a.machine.Apply(tx, at, ops...)
	if err != nil {
		return head, fmt.Errorf("%w: operations in genesis.json: %w", ErrConfig, err)
	}
	return commit.Head, nil
}

// CheckTx judges a transaction before it goes to other nodes.
func (a *app) CheckTx(_ context.Context, req *abci.RequestCheckTx) (*abci.ResponseCheckTx, error) {
	ops, err := ledger.ParseBatch(req.Tx)
	if err != nil {
		return &abci.ResponseCheckTx{Code: codeMalformed, Log: err.Error()}, nil
	}
	if usesOf(ops) > blockUses {
		a.refuse(len(ops), errUses)
		a.waiters.refused(sha256.Sum256(req.Tx), errUses)
		return &abci.ResponseCheckTx{Code: codeRefused, Log: errUses.Error()}, nil
	}
	a.admission.Lock()
	defer a.admission.Unlock()
	if a.admission.Admission == nil {
		return &abci.ResponseCheckTx{Code: codeRefused, Log: ErrStopped.Error()}, nil
	}
	// The admission's clock is the node's: the block's may be a little behind.
	if err := a.admission.Admit(a.admissionTime(), ops...); err != nil {
		a.refuse(len(ops), err)
		a.waiters.refused(sha256.Sum256(req.Tx), err)
		return &abci.ResponseCheckTx{Code: codeRefused, Log: err.Error()}, nil
	}
	return &abci.ResponseCheckTx{Code: abci.CodeTypeOK}, nil
}

// admissionTime is never before the last checkpoint, whose time comes from
// other clocks.
func (a *app) admissionTime() time.Time {
	now := a.clock()
	if last := a.published.LastTime(); now.Before(last) {
		return last
	}
	return now
}

// FinalizeBlock applies a block within a transaction that Commit ends. A
// submission that does not parse or is refused has no effect, on every node
// alike.
func (a *app) FinalizeBlock(ctx context.Context, req *abci.RequestFinalizeBlock) (*abci.ResponseFinalizeBlock, error) {
	if err := a.abandon(); err != nil {
		return nil, err
	}
	var err error
	if a.block, err = a.db.Begin(context.WithoutCancel(ctx)); err != nil {
		return nil, err
	}
	if a.old, err = machine.CurrentTrust(a.block); err != nil {
		return nil, err
	}
	response := &abci.ResponseFinalizeBlock{TxResults: make([]*abci.ExecTxResult, len(req.Txs))}
	if err := a.apply(req, response); err != nil {
		return nil, err
	}
	if err := a.block.SetEngineState(stateHeight, binary.BigEndian.AppendUint64(nil, uint64(req.Height))); err != nil {
		return nil, err
	}
	if err := a.published.Keep(a.block.SetCheckpoint); err != nil {
		return nil, err
	}
	response.AppHash = appHash(a.commit.Head)
	response.ValidatorUpdates, err = a.validators()
	return response, err
}

// abandon drops a block that was never committed.
func (a *app) abandon() error {
	if a.block == nil {
		return nil
	}
	err := a.block.Rollback()
	a.block = nil
	return err
}

func (a *app) apply(req *abci.RequestFinalizeBlock, response *abci.ResponseFinalizeBlock) error {
	var submissions [][]*ledger.SignedOperation
	var places []int
	for i, tx := range req.Txs {
		ops, err := ledger.ParseBatch(tx)
		if err != nil {
			response.TxResults[i] = &abci.ExecTxResult{Code: codeMalformed, Log: err.Error()}
			continue
		}
		submissions, places = append(submissions, ops), append(places, i)
	}
	if err := a.applyEach(req.Time, submissions); err != nil {
		return err
	}
	a.results = map[txID]machine.Result{}
	for n, result := range a.commit.Results {
		response.TxResults[places[n]] = txResult(result)
		a.results[sha256.Sum256(req.Txs[places[n]])] = result
	}
	return nil
}

func txResult(r machine.Result) *abci.ExecTxResult {
	if r.Err != nil {
		return &abci.ExecTxResult{Code: codeRefused, Log: r.Err.Error()}
	}
	return &abci.ExecTxResult{Code: abci.CodeTypeOK}
}

// applyEach applies submissions. A block that changes nothing makes a
// checkpoint only when one is due, because each checkpoint makes CometBFT
// propose another block.
func (a *app) applyEach(at time.Time, submissions [][]*ledger.SignedOperation) error {
	head, err := headOf(a.block)
	if err != nil {
		return err
	}
	a.commit = &machine.Commit{Head: head}
	if len(submissions) > 0 {
		if a.commit, err = a.machine.ApplyEach(a.block, at, submissions...); err != nil || a.commit.Changed {
			return err
		}
	}
	if !a.due(head, at) {
		return nil
	}
	heartbeat, err := a.machine.ApplyEach(a.block, at)
	if err != nil {
		return err
	}
	a.commit.Head, a.commit.Changed = heartbeat.Head, true
	return nil
}

// due reports whether a checkpoint is needed without an operation: to stay
// fresh, or to close an epoch.
func (a *app) due(head machine.Head, at time.Time) bool {
	last := head.State.Time()
	return at.Sub(last) >= a.genesis.heartbeat() || ledger.EpochAt(at, a.genesis.epochLength()) != ledger.EpochAt(last, a.genesis.epochLength())
}

// validators returns to CometBFT the changes of a new agreement.
func (a *app) validators() ([]abci.ValidatorUpdate, error) {
	trust, err := machine.CurrentTrust(a.block)
	if err != nil || a.old == nil || trust.Number == a.old.Number {
		return nil, err
	}
	power := map[string]int64{}
	for _, key := range a.old.Nodes {
		power[string(key)] = 0
	}
	for _, key := range trust.Nodes {
		power[string(key)] = votingPower
	}
	var updates []abci.ValidatorUpdate
	for _, key := range append(append([][]byte{}, a.old.Nodes...), trust.Nodes...) {
		if p, ok := power[string(key)]; ok {
			updates = append(updates, abci.ValidatorUpdate{Power: p,
				PubKey: cryptoproto.PublicKey{Sum: &cryptoproto.PublicKey_Ed25519{Ed25519: key}}})
			delete(power, string(key))
		}
	}
	return updates, nil
}

// Commit ends the block's transaction and then notifies the waiters.
func (a *app) Commit(ctx context.Context, _ *abci.RequestCommit) (*abci.ResponseCommit, error) {
	block := a.block
	a.block = nil
	if block == nil {
		return nil, fmt.Errorf("cometlog: commit without a block")
	}
	if err := block.Commit(); err != nil {
		return nil, err
	}
	if err := a.committed(ctx, a.commit.Head, a.old); err != nil {
		return nil, err
	}
	for id, result := range a.results {
		a.count(result)
		a.waiters.done(id, result, a.commit.Head.State.Height)
	}
	a.results = nil
	return &abci.ResponseCommit{}, nil
}

// count counts the outcome of a transaction, waited for or not.
func (a *app) count(result machine.Result) {
	if result.Err != nil {
		a.refuse(1, result.Err)
	}
	for _, r := range result.Receipts {
		if !r.Replayed {
			a.accepted.Add(1)
		}
	}
}

// committed publishes a state that is on disk.
func (a *app) committed(ctx context.Context, head machine.Head, old *ledger.Agreement) error {
	ctx = context.WithoutCancel(ctx)
	if err := a.published.Committed(ctx, head, old); err != nil {
		return err
	}
	return a.renewAdmission(ctx)
}

func (a *app) renewAdmission(ctx context.Context) error {
	a.admission.Lock()
	defer a.admission.Unlock()
	snapshot, err := a.db.OwnSnapshot(ctx)
	if err != nil {
		return err
	}
	if a.admission.snapshot != nil {
		err = a.admission.snapshot.Rollback()
	}
	a.admission.snapshot, a.admission.Admission = snapshot, a.machine.NewAdmission(snapshot)
	return err
}

// close releases what the application holds of the database.
func (a *app) close() error {
	err := a.abandon()
	a.admission.Lock()
	defer a.admission.Unlock()
	if a.admission.snapshot != nil {
		err = errors.Join(err, a.admission.snapshot.Rollback())
	}
	a.admission.snapshot, a.admission.Admission = nil, nil
	return errors.Join(err, a.published.Close())
}
