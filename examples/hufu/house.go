package main

import (
	"context"
	"errors"
	"os"
	"time"

	"github.com/hufu-id/hufu/credential"
	"github.com/hufu-id/hufu/ledger"
	"github.com/hufu-id/hufu/ledger/sqlitelog"
	"github.com/hufu-id/hufu/publish"
	"github.com/hufu-id/hufu/zkp"
	"github.com/hufu-id/hufu/zkp/prover"
)

// A ledger's folder holds, beside log.db and its keys, what it makes public:
//
//	trust.json   who to trust; its fingerprint travels another way
//	public/      the public files, as package publish lays them out
//	public/keys/ proving keys of a ceremony
//
// Wallets and counters take the trust file's folder as the place of all that;
// each public file counts only where the ledger names its hash.
const (
	trustName  = "trust.json"
	publicName = "public"
)

// logOrigin names the demonstration's log.
const logOrigin = "hufu.example/ledger"

// initLedger makes a ledger; its genesis gives the root agency its DID.
func initLedger(ctx context.Context, dir string, root *agency, opts sqlitelog.InitOptions) (*sqlitelog.Log, error) {
	keys, err := root.rootKeys(ctx, opts.Clock)
	if err != nil {
		return nil, err
	}
	opts.NextKeys = [][32]byte{keys.Next}
	log, err := sqlitelog.Init(ctx, dir, logOrigin, new(zkp.Accumulator), keys.Key, opts)
	if errors.Is(err, os.ErrExist) {
		return nil, &inputError{id: "output.exists", name: dir, err: err}
	}
	if err != nil {
		return nil, err
	}
	// The root's vault learns of the ledger when a command opens the agency: until
	// witnesses elsewhere have signed, the ledger proves nothing.
	root.card.DID = log.Trust().RootDID
	if err := root.saveCard(); err != nil {
		return nil, errors.Join(err, log.Close())
	}
	return log, nil
}

// ledgerLog is a ledger as the commands use it: a file of this machine, or nodes
// that are asked.
type ledgerLog interface {
	ledger.Reader
	ledger.Submitter
	Get(ctx context.Context, key string) ([]byte, error)
	Registry(ctx context.Context, epoch uint64) ([][32]byte, error)
	Revoked(ctx context.Context, epoch uint64) ([][12]byte, error)
	Trust() *ledger.TrustFile
	Close() error
}

// openLedger opens a ledger's folder. One that lies on this machine is kept
// alive: whoever uses it makes the checkpoint that closes an epoch which is over.
func openLedger(ctx context.Context, dir string, clock func() time.Time) (ledgerLog, error) {
	if joined, err := openJoined(dir, clock); joined != nil || err != nil {
		return joined, err
	}
	log, err := openFile(ctx, dir, clock)
	if err != nil {
		return nil, err
	}
	if err := keepAlive(ctx, log, clock()); err != nil {
		return nil, errors.Join(&inputError{id: "ledger.closed", name: dir, err: err}, log.Close())
	}
	return log, nil
}

// openFile opens a ledger that lies on this machine.
func openFile(ctx context.Context, dir string, clock func() time.Time) (*sqlitelog.Log, error) {
	log, err := sqlitelog.Open(ctx, dir, new(zkp.Accumulator), sqlitelog.Options{Clock: clock})
	if errors.Is(err, os.ErrNotExist) {
		return nil, &inputError{id: "ledger.missing", name: dir, err: err}
	}
	if errors.Is(err, ledger.ErrFormat) { // of the folder's own files
		err = errDamaged
	}
	if err != nil {
		return nil, &inputError{id: "ledger.closed", name: dir, err: err}
	}
	return log, nil
}

func keepAlive(ctx context.Context, log *sqlitelog.Log, now time.Time) error {
	proof, err := log.Prove(ctx)
	if err != nil {
		return err
	}
	state, err := ledger.ParseStateLeaf(proof.StateLeaf)
	if err != nil {
		return err
	}
	if log.Trust().EpochAt(state.Time()) == log.Trust().EpochAt(now) {
		return nil
	}
	_, err = log.Heartbeat(ctx)
	return err
}

// readTrust reads a trust file and insists on its fingerprint.
func (a *app) readTrust(name, fingerprint string) (*ledger.TrustFile, error) {
	b, err := a.readFile(name, documentLimit)
	if err != nil {
		return nil, err
	}
	trust, err := ledger.ParseTrustPinned(b, fingerprint)
	if err != nil && !errors.Is(err, ledger.ErrFingerprint) {
		return nil, &inputError{id: "input.malformed", name: name}
	}
	return trust, err
}

// developmentKeys opens, or makes, this machine's single-party keys.
func (a *app) developmentKeys(ctx context.Context) (*prover.Prover, error) {
	cache, err := os.UserCacheDir()
	if err != nil {
		return nil, usageError{errors.New(a.words.text("keys.no-cache"))}
	}
	return prover.DevelopmentKeys(ctx, cache, a.keyProgress())
}

// publishKeys puts the verifying keys on the ledger, signed by the root, and
// their bytes into the public folder.
func publishKeys(ctx context.Context, root *agency, folder publish.Folder, keys *prover.Prover) error {
	var public []*zkp.VerifyingKey
	for _, circuit := range prover.Circuits() {
		b, hash, err := keys.VerifyingKey(circuit)
		if err != nil {
			return err
		}
		if err := folder.PublishKey(ctx, b); err != nil {
			return err
		}
		key, err := zkp.ParseVerifyingKey(b, hash, zkp.KeyOptions{AllowSinglePartySetupUnsafe: true})
		if err != nil {
			return err
		}
		public = append(public, key)
	}
	return root.PublishVerifyingKeys(ctx, [32]byte{}, public...)
}

// publishSchema puts a schema on the ledger and its file into the public folder.
func publishSchema(ctx context.Context, owner *agency, folder publish.Folder, file []byte) (*credential.Schema, error) {
	schema, err := folder.PublishSchema(ctx, file)
	if err != nil {
		return nil, err
	}
	return schema, owner.PublishSchema(ctx, schema)
}
