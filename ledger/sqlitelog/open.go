package sqlitelog

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"sync/atomic"
	"time"

	"golang.org/x/mod/sumdb/note"

	"github.com/hufu-id/hufu/internal/headfile"
	"github.com/hufu-id/hufu/internal/limits"
	"github.com/hufu-id/hufu/ledger"
	"github.com/hufu-id/hufu/ledger/cosign"
	"github.com/hufu-id/hufu/ledger/machine"
	"github.com/hufu-id/hufu/ledger/machine/sqlitestore"
)

// ErrDisagrees means a witness that reached another state than the log.
var ErrDisagrees = errors.New("sqlitelog: witness reached another state")

// Names of the files in a ledger's folder.
const (
	fileDatabase   = "log.db"
	fileLogKey     = "log.key"
	fileWitness    = "witness.db"
	fileWitnessKey = "witness.key"
	fileTrust      = "trust.json"
)

// readConnections bounds how many readers read one Log at once.
const readConnections = 4

// Options changes how a ledger is opened. The zero value opens it to write.
type Options struct {
	// Clock is the ledger's; nil means time.Now.
	Clock func() time.Time
	// ReadOnly opens without the private keys, which may then be absent.
	ReadOnly bool
	// MaxPause is how long the ledger may have gone without a checkpoint before the next
	// one; zero means machine.MaxPause. A ledger that stood still for longer is opened
	// with a longer one, once.
	MaxPause time.Duration
	// Restored accepts a database that its owner put back from an older copy, or without
	// the file that says how new it must be. What was acknowledged after the copy was made
	// is gone, and the ledger signs other operations at the same sizes: a second history,
	// which every reader and witness who saw the first refuses. A database that is older
	// than witness.db, or than Known says, is not accepted. A line about it goes to the
	// file log.db.head.restored.
	Restored bool
	// Known returns the newest signed checkpoint of this ledger that is known elsewhere: at
	// a witness, at a mirror, or on another machine. Where it is not nil, Open asks once,
	// before anything is signed. A log that does not extend that checkpoint is
	// ErrRolledBack, and an error of Known ends Open.
	Known func(ctx context.Context) ([]byte, error)
}

// Log is an open ledger. It is safe for concurrent use, and implements
// ledger.Reader. It caches nothing that another process may change.
type Log struct {
	*machine.Reader

	dir   string
	trust *ledger.TrustFile
	// logKey is the log's, of trust.
	logKey  note.Verifier
	machine *machine.Machine
	clock   func() time.Time
	// maxPause is Options.MaxPause.
	maxPause time.Duration
	db       *sqlitestore.DB
	// history says how new log.db must be.
	history history
	// beside is the copy of this ledger's own witness.
	beside *sqlitestore.DB
	// waiting is set where more than this ledger's own witness must sign; then
	// one process has the ledger open to write.
	waiting atomic.Pointer[cosign.Published]
	// What follows is nil in a ledger opened to read only.
	group           *group
	signer, witness *ledger.NoteSigner
}

// Open opens the ledger in the folder dir. A file that is missing, damaged or
// not ours is left as it is. The error is that of sqlitestore.Open for a database,
// that of cosign.ReadKey for a key, cosign.ErrKeyFile for a key that trust.json
// does not name, machine.ErrDamaged, ErrRolledBack, ErrNoHead, an error of package
// ledger for trust.json, that of Options.Known, or the system's own.
func Open(ctx context.Context, dir string, zk ledger.ZK, options Options) (*Log, error) {
	if options.Clock == nil {
		options.Clock = time.Now
	}
	b, err := limits.ReadFile(filepath.Join(dir, fileTrust), limits.Document)
	if err != nil {
		return nil, fmt.Errorf("sqlitelog: trust file: %w", err)
	}
	trust, err := ledger.ParseTrust(b)
	if err != nil {
		return nil, err
	}
	l := &Log{dir: dir, trust: trust, clock: options.Clock, maxPause: options.MaxPause, history: newHistory(dir, fileDatabase, trust.LogKey)}
	l.Reader = machine.NewReader(l.published)
	if l.logKey, err = note.NewVerifier(trust.LogKey); err != nil {
		return nil, fmt.Errorf("%w: trust.json is not of a ledger in one file", ledger.ErrValue)
	}
	if l.machine, err = newMachine(zk, trust); err != nil {
		return nil, err
	}
	if !options.ReadOnly {
		if err := l.openKeys(); err != nil {
			return nil, err
		}
	}
	if err := l.openDatabase(ctx, options); err != nil {
		return nil, errors.Join(err, l.Close())
	}
	if err := l.awaitOthers(ctx); err != nil {
		return nil, errors.Join(err, l.Close())
	}
	return l, nil
}

func newMachine(zk ledger.ZK, trust *ledger.TrustFile) (*machine.Machine, error) {
	return machine.New(zk, trust.Founding(), machine.Options{EpochLength: trust.EpochLength})
}

// openKeys reads both keys and insists that they are those of trust.json: a
// ledger that signs with others convinces nobody.
func (l *Log) openKeys() error {
	logKey, err := cosign.ReadKey(filepath.Join(l.dir, fileLogKey))
	if err != nil {
		return err
	}
	witnessKey, err := cosign.ReadKey(filepath.Join(l.dir, fileWitnessKey))
	if err != nil {
		return err
	}
	logSigner, witnessSigner, err := signers(l.trust.Origin, logKey, witnessKey, l.clock)
	if err != nil {
		return err
	}
	if logSigner.VerifierKey() != l.trust.LogKey || witnessSigner.VerifierKey() != l.trust.WitnessKeys[0] {
		return fmt.Errorf("%w: not the keys of trust.json", cosign.ErrKeyFile)
	}
	l.signer, l.witness, l.group = logSigner, witnessSigner, newGroup()
	return nil
}

func (l *Log) openDatabase(ctx context.Context, options Options) (err error) {
	// The head is read first: every process writes it after the database.
	before, lost := l.history.last(ctx)
	if lost != nil && !errors.Is(lost, ErrNoHead) {
		return lost
	}
	readOnly := options.ReadOnly
	l.db, err = sqlitestore.Open(ctx, filepath.Join(l.dir, fileDatabase), sqlitestore.Options{ReadOnly: readOnly, Readers: readConnections})
	if err != nil {
		return err
	}
	l.beside, err = sqlitestore.Open(ctx, filepath.Join(l.dir, fileWitness), sqlitestore.Options{ReadOnly: readOnly, Readers: 1, Copy: true})
	if err != nil {
		return fmt.Errorf("witness.db: %w", err)
	}
	if err := l.beside.View(ctx, func(copied *sqlitestore.Tx) error { return l.checkHead(ctx, copied) }); err != nil {
		return err
	}
	return l.checkHistory(ctx, before, lost, options)
}

// checkHistory holds the log against the head that was noted here last, and against what
// is known elsewhere.
func (l *Log) checkHistory(ctx context.Context, before headfile.Head, failed error, options Options) (err error) {
	var known []byte
	if options.Known != nil {
		if known, err = options.Known(ctx); err != nil {
			return fmt.Errorf("sqlitelog: the newest checkpoint known elsewhere: %w", err)
		}
	}
	var now headfile.Head
	err = l.db.View(ctx, func(s *sqlitestore.Tx) error {
		if known != nil {
			if err := l.checkKnown(s, known); err != nil {
				return err
			}
		}
		var went error
		if now, went, err = l.history.check(s, before); failed == nil {
			failed = went
		}
		return err
	})
	switch {
	case err != nil:
		return err
	case failed != nil && !options.Restored:
		return failed
	case options.ReadOnly:
		return nil
	case failed != nil:
		return l.history.Accept(ctx, now, l.clock())
	}
	return l.history.note(ctx, now)
}

// checkHead finds at once what would otherwise come out later: that the newest
// checkpoint is not signed, not of this log, or older than what the witness knows.
func (l *Log) checkHead(ctx context.Context, copied *sqlitestore.Tx) error {
	followed, err := machine.ReadHead(copied)
	if err != nil {
		return err
	}
	return l.db.View(ctx, func(s *sqlitestore.Tx) error {
		head, err := machine.ReadHead(s)
		if err == nil {
			err = l.checkBehind(s, followed, head)
		}
		if err != nil {
			return err
		}
		note, err := lastCheckpoint(s, head)
		if err != nil {
			return err
		}
		return l.checkCheckpoint(s, note, head.Size)
	})
}

// Close closes the files.
func (l *Log) Close() error {
	var err error
	if p := l.waiting.Load(); p != nil {
		err = p.Close()
	}
	for _, d := range []*sqlitestore.DB{l.db, l.beside} {
		if d != nil {
			err = errors.Join(err, d.Close())
		}
	}
	return err
}

// Trust is the trust file that readers are given.
func (l *Log) Trust() *ledger.TrustFile { return l.trust }
