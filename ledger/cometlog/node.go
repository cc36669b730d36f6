package cometlog

import (
	"cmp"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/cometbft/cometbft/libs/log"
	"github.com/cometbft/cometbft/mempool"
	"github.com/cometbft/cometbft/node"
	"github.com/cometbft/cometbft/p2p"
	"github.com/cometbft/cometbft/proxy"
	rpccore "github.com/cometbft/cometbft/rpc/core"

	"golang.org/x/mod/sumdb/note"

	"github.com/hufu-id/hufu/ledger"
	"github.com/hufu-id/hufu/ledger/cosign"
	"github.com/hufu-id/hufu/ledger/machine"
	"github.com/hufu-id/hufu/ledger/machine/sqlitestore"
	"github.com/hufu-id/hufu/legible"
)

// Options changes how a node is opened. The zero value is safe.
type Options struct {
	// Clock returns the node's time; nil means time.Now. Block time is
	// CometBFT's.
	Clock func() time.Time
	// Log receives the node's log lines; nil discards them.
	Log io.Writer
	// Verbose also logs successes.
	Verbose bool
	// VotesLost starts a node that no longer knows what it voted for, because vote.state
	// is gone or older than its last vote, or because vote.begun is gone, which tells. A
	// line about it goes to the file vote.begun.restored. Set it once the others are a
	// block further than it ever was: before, it could sign two blocks of one height.
	VotesLost bool
	// WarnSize is the size in bytes above which the log warns of the ledger's database;
	// zero means 64 GiB.
	WarnSize int64
	// MaxPause is how long the ledger may have gone without a checkpoint for this node to
	// vote for the next one; zero means machine.MaxPause. A consortium that stood still
	// for longer goes on once enough nodes were started with a longer one.
	MaxPause time.Duration
	// OnRefusal, where it is not nil, is told why operations were refused. It does not
	// wait for anything.
	OnRefusal func(operations int, err error)
}

// A Node is a running node. It is safe for concurrent use, and implements
// ledger.Reader and ledger.Submitter.
type Node struct {
	*machine.Reader

	config  *NodeConfig
	trust   *ledger.TrustFile
	app     *app
	reactor *reactor
	comet   *node.Node
	// blocks reads CometBFT's blocks. Its RPC is not opened.
	blocks *rpccore.Environment
	db     *sqlitestore.DB
	dir    string
	// voter is the address of the voting key in CometBFT.
	voter string
	// unwatch ends what watching counts.
	unwatch  func()
	watching sync.WaitGroup
	stopped  chan struct{}
	once     sync.Once
}

// readers is how many readers read a node's database at once.
const readers = 8

// Open starts the node in the folder dir. The error is [ErrConfig],
// fs.ErrNotExist, an error of package sqlitestore for the database, of package cosign
// for the cosigning key, or CometBFT's own.
func Open(ctx context.Context, dir string, zk ledger.ZK, options Options) (*Node, error) {
	if options.Clock == nil {
		options.Clock = time.Now
	}
	n := &Node{stopped: make(chan struct{})}
	// CometBFT takes a relative file for one below its own folder.
	dir, err := filepath.Abs(dir)
	if err != nil {
		return nil, fmt.Errorf("cometlog: %w", err)
	}
	n.dir = dir
	if n.config, err = ReadConfig(dir); err != nil {
		return nil, err
	}
	var genesis *Genesis
	if n.trust, genesis, err = readGenesis(dir); err != nil {
		return nil, err
	}
	if err := n.config.serves(n.trust); err != nil {
		return nil, err
	}
	if n.app, err = n.newApp(ctx, dir, genesis, zk, options); err != nil {
		return nil, errors.Join(err, n.closeDatabase())
	}
	n.Reader = machine.NewReader(n.app.published.View)
	if err := n.start(ctx, dir, genesis, options); err != nil {
		return nil, errors.Join(err, n.app.close(), n.closeDatabase())
	}
	return n, nil
}

func (n *Node) newApp(ctx context.Context, dir string, genesis *Genesis, zk ledger.ZK, options Options) (*app, error) {
	m, err := machine.New(newProvedOnce(zk), n.trust.Founding(), machine.Options{EpochLength: n.trust.EpochLength})
	if err != nil {
		return nil, err
	}
	key, err := cosign.ReadKey(filepath.Join(dir, fileCosign))
	if err != nil {
		return nil, err
	}
	signer, err := ledger.NewCosigner(n.config.Name, key, options.Clock)
	if err != nil {
		return nil, err
	}
	if err := os.MkdirAll(filepath.Join(dir, folderData), 0o700); err != nil {
		return nil, fmt.Errorf("cometlog: %w", err)
	}
	path := filepath.Join(dir, folderData, fileLedger)
	if _, err := os.Stat(path); errors.Is(err, os.ErrNotExist) {
		if err := sqlitestore.Create(ctx, path, nil); err != nil {
			return nil, err
		}
	}
	if n.db, err = sqlitestore.Open(ctx, path, sqlitestore.Options{Readers: readers}); err != nil {
		return nil, err
	}
	n.reactor = newReactor()
	a := &app{
		genesis: genesis, machine: m, db: n.db, waiters: newWaiters(), clock: options.Clock, log: logger(options),
		onRefusal: options.OnRefusal,
		// An idle ledger makes a checkpoint at each heartbeat, however long that is.
		maxPause: max(cmp.Or(options.MaxPause, machine.MaxPause), 2*genesis.heartbeat()),
	}
	a.published = cosign.New(cosign.Options{
		Trust: n.trust, Signers: []note.Signer{signer}, Snapshot: n.snapshot, Spread: n.reactor.spread,
	})
	n.reactor.published = a.published
	if err := a.resume(ctx); err != nil {
		return a, err
	}
	return a, a.addPublished(dir)
}

func (n *Node) snapshot(ctx context.Context) (cosign.Snapshot, error) { return n.db.Snapshot(ctx) }

// resume signs the newest checkpoint again: signatures on it may have been lost
// with the process.
func (a *app) resume(ctx context.Context) error {
	var head machine.Head
	err := a.db.View(ctx, func(tx *sqlitestore.Tx) (err error) {
		head, err = headOf(tx)
		return err
	})
	if err != nil {
		return err
	}
	if head.Size == 0 {
		return a.renewAdmission(ctx)
	}
	return a.committed(ctx, head, nil)
}

func (n *Node) start(ctx context.Context, dir string, genesis *Genesis, options Options) error {
	config := n.config.comet(dir, genesis.heartbeat())
	if err := config.ValidateBasic(); err != nil {
		return fmt.Errorf("%w: %w", ErrConfig, err)
	}
	if err := os.MkdirAll(filepath.Join(config.RootDir, "wal"), 0o700); err != nil {
		return fmt.Errorf("cometlog: %w", err)
	}
	peerKey, err := p2p.LoadNodeKey(config.NodeKeyFile())
	if err != nil {
		return fmt.Errorf("%w: peer.key: %w", ErrConfig, err)
	}
	voter, err := loadVoter(ctx, config, filepath.Join(dir, fileVoted), options.VotesLost)
	if err != nil {
		return err
	}
	n.voter = voter.Key.Address.String()
	n.comet, err = node.NewNodeWithContext(ctx, config, voter, peerKey, proxy.NewLocalClientCreator(n.app),
		node.DefaultGenesisDocProviderFunc(config), openDB,
		node.DefaultMetricsProvider(config.Instrumentation), logger(options),
		node.CustomReactors(map[string]p2p.Reactor{"CHECKPOINTS": n.reactor}))
	if err != nil {
		return fmt.Errorf("cometlog: %w", err)
	}
	if n.blocks, err = n.comet.ConfigureRPC(); err != nil {
		return fmt.Errorf("cometlog: %w", err)
	}
	consensus, ok := n.blocks.ConsensusState.(interface{ Wait() })
	if !ok {
		return errors.New("cometlog: consensus cannot be watched")
	}
	if err := n.comet.Start(); err != nil {
		return fmt.Errorf("cometlog: %w", err)
	}
	watched, stop := context.WithCancel(context.WithoutCancel(ctx))
	alarm := &sizeAlarm{db: n.db, log: logger(options), database: cmp.Or(options.WarnSize, defaultWarnSize), wal: warnWAL}
	n.watching.Go(func() { alarm.watch(watched) })
	n.watching.Go(func() { n.keepPublished(watched) })
	n.unwatch = stop
	go n.callNewPeers()
	// Consensus ends by itself where a block cannot be applied, while the node around it
	// goes on: what it served then would only grow older.
	stopped := sync.OnceFunc(func() { close(n.stopped) })
	go func() {
		consensus.Wait()
		stopped()
	}()
	go func() {
		<-n.comet.Quit()
		stopped()
	}()
	return nil
}

func logger(options Options) log.Logger {
	if options.Log == nil {
		return log.NewNopLogger()
	}
	level := log.AllowError()
	if options.Verbose {
		level = log.AllowInfo()
	}
	return log.NewFilter(log.NewTMJSONLogger(log.NewSyncWriter(legibleLog{options.Log})), level)
}

// legibleLog escapes lines of JSON that quote what others sent: peers name themselves.
type legibleLog struct{ io.Writer }

func (l legibleLog) Write(b []byte) (int, error) {
	if _, err := l.Writer.Write(legible.JSON(b)); err != nil {
		return 0, err
	}
	return len(b), nil
}

// Trust returns the trust file for readers.
func (n *Node) Trust() *ledger.TrustFile { return n.trust }

// Config returns the content of node.json.
func (n *Node) Config() NodeConfig { return *n.config }

// Done returns a channel that is closed when the node has stopped, for any
// reason: also where it can apply no more blocks. What it then serves is what it knew.
func (n *Node) Done() <-chan struct{} { return n.stopped }

// Ready returns nil where the node takes part: it runs, and readers see a checkpoint that
// is not older than three heartbeats. The error is [ErrStopped] or [ErrBehind].
func (n *Node) Ready() error {
	select {
	case <-n.stopped:
		return ErrStopped
	default:
	}
	limit := 3 * n.app.genesis.heartbeat()
	at := n.app.published.Status().At
	if age := n.app.clock().Sub(at); at.IsZero() || age > limit {
		err := fmt.Errorf("%w: the newest is of %s", ErrBehind, at.UTC().Format(time.RFC3339))
		if refused := n.app.unproposable.Load(); refused != nil {
			err = fmt.Errorf("%w; the last proposed block was refused: %w", err, *refused)
		}
		return err
	}
	return nil
}

// Close stops the node.
func (n *Node) Close() error {
	var err error
	n.once.Do(func() {
		if n.comet.IsRunning() {
			err = n.comet.Stop()
		}
		n.comet.Wait()
		n.unwatch()
		n.watching.Wait()
		err = errors.Join(err, n.app.close(), n.closeDatabase())
	})
	return err
}

func (n *Node) closeDatabase() error {
	if n.db == nil {
		return nil
	}
	return n.db.Close()
}

// Submit implements ledger.Submitter: it passes a batch to the consortium and
// returns when the batch is in a published checkpoint. After a
// [*ledger.RefusedError], ledger.ErrFormat or ledger.ErrTooLarge nothing has
// changed. After [ErrBusy] this node did not take the batch. After any other
// error, such as [ErrStopped] or the end of ctx, the batch may still be
// applied: submit it again.
//
// The node judges a batch when it comes in, again after every block that does
// not contain it, and last in its block. A late refusal is this node's
// judgement on the common state. If it depends on the time, a node whose clock
// differs may still put the batch into a block.
func (n *Node) Submit(ctx context.Context, ops ...*ledger.SignedOperation) (*ledger.Receipt, error) {
	tx := ledger.FormatBatch(ops)
	if _, err := ledger.ParseBatch(tx); err != nil {
		return nil, err
	}
	result, cancel := n.app.waiters.wait(sha256.Sum256(tx))
	defer cancel()
	if err := n.enter(tx); err != nil {
		return nil, err
	}
	select {
	case out := <-result:
		return n.receipt(ctx, out)
	case <-ctx.Done():
		return nil, fmt.Errorf("cometlog: waiting for the consortium: %w", ctx.Err())
	case <-n.stopped:
		return nil, ErrStopped
	}
}

// enter puts a transaction into the pool that blocks are made from. A
// transaction that is there already is waited for. One that was in a block
// already is let in again and has no second effect.
func (n *Node) enter(tx []byte) error {
	err := n.comet.Mempool().CheckTx(tx, nil, mempool.TxInfo{})
	var full mempool.ErrMempoolIsFull
	switch {
	case errors.Is(err, mempool.ErrTxInCache):
		return n.again(tx)
	case errors.As(err, &full):
		n.app.refuse(1, ErrBusy)
		return ErrBusy
	case err != nil:
		return fmt.Errorf("cometlog: %w", err)
	}
	return nil
}

// again looks up the outcome of a transaction that this node has seen: applied,
// or still waiting in the pool.
func (n *Node) again(tx []byte) error {
	ops, err := ledger.ParseBatch(tx)
	if err != nil {
		return err
	}
	// Not the published state: the block may wait for signatures.
	snapshot, err := n.db.OwnSnapshot(context.Background())
	if err != nil {
		return err
	}
	receipts, err := machine.Receipts(snapshot, ops)
	var head machine.Head
	if err == nil {
		head, err = machine.ReadHead(snapshot)
	}
	if err := errors.Join(err, snapshot.Rollback()); err != nil || receipts == nil {
		return err
	}
	n.app.waiters.done(sha256.Sum256(tx), machine.Result{Receipts: receipts}, head.State.Height)
	return nil
}

func (n *Node) receipt(ctx context.Context, out outcome) (*ledger.Receipt, error) {
	if out.result.Err != nil {
		return nil, out.result.Err
	}
	size, height, checkpoint, err := n.app.published.Await(ctx, out.height)
	if err != nil {
		return nil, err
	}
	return &ledger.Receipt{Operations: out.result.Receipts, Height: height, Size: size, Checkpoint: checkpoint}, nil
}

// Audit replays the whole log and compares every row of the database; see
// machine.Auditor. It replays into a temporary file in the node's folder. progress may
// be nil. Consensus does not notice a changed row that no operation reads.
func (n *Node) Audit(ctx context.Context, progress func(machine.Progress)) (err error) {
	scratch, err := sqlitestore.NewScratch(ctx, filepath.Join(n.dir, folderData))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, scratch.Close()) }()
	reads := func(ctx context.Context, read func(machine.Store) error) error {
		return n.db.View(ctx, func(tx *sqlitestore.Tx) error { return read(tx) })
	}
	return n.app.machine.Audit(ctx, reads, scratch, progress)
}
