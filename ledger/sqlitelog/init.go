package sqlitelog

import (
	"context"
	"crypto"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/hufu-id/hufu/internal/durable"
	"github.com/hufu-id/hufu/internal/headfile"
	"github.com/hufu-id/hufu/ledger"
	"github.com/hufu-id/hufu/ledger/cosign"
	"github.com/hufu-id/hufu/ledger/machine/sqlitestore"
)

// InitOptions changes defaults of a new ledger.
type InitOptions struct {
	// EpochLength is whole seconds; zero means ledger.DefaultEpochLength.
	EpochLength time.Duration
	// MaxCheckpointAge is whole seconds; zero means
	// ledger.DefaultCheckpointAge.
	MaxCheckpointAge time.Duration
	// NextKeys are the ledger.KeyHash of the keys that may change the root's
	// DID. Without one, the root's key can never be replaced.
	NextKeys [][32]byte
	// Deciders are the agencies that decide on agreements and verifying keys; at least
	// one is needed. Threshold of them must sign; zero means all.
	Deciders  []ledger.Decider
	Threshold uint32
	// Witnesses are verifier keys of witnesses elsewhere (see CreateWitness), K
	// how many must sign, this ledger's own counted in; zero means one.
	Witnesses []string
	K         int
	// Clock is the ledger's; nil means time.Now.
	Clock func() time.Time
	// MaxPause is that of the ledger which Init opens; see Options.
	MaxPause time.Duration
}

// Init makes a ledger in the folder dir, which is made with mode 0700 if it is
// not there, and opens it. origin names the log (a host and path, by custom);
// root is the signature key of the agency at which all accreditation ends. The
// ledger begins with that agency's DID and trust/0, both signed by root.
//
// The error is fs.ErrExist where the folder has a ledger or a part of one, an
// error of package ledger or machine for unfit arguments, or the system's own.
// Where Init fails halfway, what it made stays for its owner to look at.
func Init(ctx context.Context, dir, origin string, zk ledger.ZK, root crypto.Signer, options InitOptions) (*Log, error) {
	if options.Clock == nil {
		options.Clock = time.Now
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("sqlitelog: create: %w", err)
	}
	l := &Log{dir: dir, clock: options.Clock}
	// Killed before the end of both transactions, log.db stays empty.
	err := sqlitestore.Create(ctx, filepath.Join(dir, fileWitness), func(copied *sqlitestore.Tx) error {
		return sqlitestore.Create(ctx, filepath.Join(dir, fileDatabase), func(tx *sqlitestore.Tx) error {
			first, err := l.createFiles(origin, root, options)
			if err != nil {
				return err
			}
			return l.begin(tx, copied, zk, first)
		})
	})
	if err != nil {
		return nil, err
	}
	return Open(ctx, dir, zk, Options{Clock: options.Clock, MaxPause: options.MaxPause})
}

// createFiles makes the keys and trust.json, and returns the first operations.
func (l *Log) createFiles(origin string, root crypto.Signer, options InitOptions) (first []*ledger.SignedOperation, err error) {
	if l.signer, l.witness, err = createSigners(l.dir, origin, options.Clock); err != nil {
		return nil, err
	}
	rootKey, err := ledger.DefaultSuites().MarshalKey(root.Public())
	if err != nil {
		return nil, err
	}
	agreement := &ledger.Agreement{
		Witnesses: append([]string{l.witness.VerifierKey()}, options.Witnesses...), K: uint32(max(options.K, 1)),
		Deciders: options.Deciders, Threshold: options.Threshold,
	}
	if agreement.Threshold == 0 {
		agreement.Threshold = uint32(len(agreement.Deciders))
	}
	founding, first, err := ledger.Found(origin, &ledger.DID{
		Keys: []ledger.PublicKey{{ID: "sig-1", Purpose: ledger.PurposeSignature, Public: rootKey, From: options.Clock().Unix()}},
		Next: options.NextKeys,
	}, agreement, root)
	if err != nil {
		return nil, err
	}
	if l.trust, err = ledger.NewTrust(ledger.TrustFile{
		Origin: origin, LogKey: l.signer.VerifierKey(), WitnessKeys: agreement.Witnesses, K: int(agreement.K),
		Next: agreement.Next(), Threshold: int(agreement.Threshold), RootDID: founding.RootDID, First: founding.First,
		EpochLength: options.EpochLength, MaxAge: ledger.MaxAge{Checkpoint: options.MaxCheckpointAge},
	}); err != nil {
		return nil, err
	}
	l.history = newHistory(l.dir, fileDatabase, l.trust.LogKey)
	if err := l.history.Create(headfile.Head{}); err != nil {
		return nil, fmt.Errorf("sqlitelog: create: %w", err)
	}
	if err := durable.Create(filepath.Join(l.dir, fileTrust), l.trust.Bytes(), 0o644); err != nil {
		return nil, fmt.Errorf("sqlitelog: create: %w", err)
	}
	if err := durable.SyncFolder(l.dir); err != nil {
		return nil, fmt.Errorf("sqlitelog: create: %w", err)
	}
	return first, nil
}

// begin applies the first operations.
func (l *Log) begin(tx, copied *sqlitestore.Tx, zk ledger.ZK, first []*ledger.SignedOperation) (err error) {
	if l.machine, err = newMachine(zk, l.trust); err != nil {
		return err
	}
	commit, _, err := l.apply(tx, copied, l.machine.Prepare(first))
	if err != nil {
		return err
	}
	return commit.Results[0].Err
}

func createSigners(dir, origin string, clock func() time.Time) (log, witness *ledger.NoteSigner, err error) {
	logKey, err := cosign.CreateKey(filepath.Join(dir, fileLogKey))
	if err != nil {
		return nil, nil, err
	}
	witnessKey, err := cosign.CreateKey(filepath.Join(dir, fileWitnessKey))
	if err != nil {
		return nil, nil, err
	}
	return signers(origin, logKey, witnessKey, clock)
}

func signers(origin string, logKey, witnessKey crypto.Signer, clock func() time.Time) (log, witness *ledger.NoteSigner, err error) {
	if log, err = ledger.NewLogSigner(origin, logKey); err != nil {
		return nil, nil, err
	}
	witness, err = ledger.NewCosigner(origin+"/witness", witnessKey, clock)
	return log, witness, err
}
