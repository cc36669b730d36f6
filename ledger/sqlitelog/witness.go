package sqlitelog

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"golang.org/x/mod/sumdb/note"

	"github.com/hufu-id/hufu/internal/headfile"
	"github.com/hufu-id/hufu/ledger"
	"github.com/hufu-id/hufu/ledger/cosign"
	"github.com/hufu-id/hufu/ledger/machine"
	"github.com/hufu-id/hufu/ledger/machine/sqlitestore"
)

// Witness follows a log elsewhere into a database of its own, verifies every
// signature and applies every rule, and cosigns what it reached itself: a false
// state map or a second story convinces it no more than a false log does. What it
// has signed is on disk before it leaves. It is for one goroutine at a time.
type Witness struct {
	trust   *ledger.TrustFile
	machine *machine.Machine
	signer  *ledger.NoteSigner
	log     note.Verifier
	db      *sqlitestore.DB
	// history says how new the database must be.
	history history
	// sent is the size of the newest checkpoint whose signature has arrived.
	sent uint64
}

// CreateWitness makes the folder of a witness with its key, and returns the
// verifier key for the ledger's trust file. The error is fs.ErrExist, ledger.ErrKey
// for an unfit name, or the system's own.
func CreateWitness(ctx context.Context, dir, name string) (verifierKey string, err error) {
	if err := ledger.CheckKey(name); err != nil {
		return "", err
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return "", fmt.Errorf("sqlitelog: create: %w", err)
	}
	key, err := cosign.CreateKey(filepath.Join(dir, fileWitnessKey))
	if err != nil {
		return "", err
	}
	signer, err := ledger.NewCosigner(name, key, nil)
	if err != nil {
		return "", err
	}
	if err := newHistory(dir, fileWitness, signer.VerifierKey()).Create(headfile.Head{}); err != nil {
		return "", fmt.Errorf("sqlitelog: create: %w", err)
	}
	return signer.VerifierKey(), sqlitestore.Create(ctx, filepath.Join(dir, fileWitness), nil)
}

// WitnessOptions changes how a witness is opened.
type WitnessOptions struct {
	// Clock is the witness's; nil means time.Now.
	Clock func() time.Time
	// Restored accepts a database that its owner put back from an older copy, or without
	// the file that says how new it must be. The witness has then forgotten what it signed
	// after the copy was made, and signs a second history if the log shows it one. A line
	// about it goes to the file witness.db.head.restored.
	Restored bool
}

// OpenWitness opens a witness's folder for the log of a trust file, which must
// name the witness. The error is cosign.ErrKeyFile, ErrRolledBack, ErrNoHead, an error of
// cosign.ReadKey or one of sqlitestore.Open.
func OpenWitness(ctx context.Context, dir string, trust *ledger.TrustFile, zk ledger.ZK, options WitnessOptions) (*Witness, error) {
	if options.Clock == nil {
		options.Clock = time.Now
	}
	key, err := cosign.ReadKey(filepath.Join(dir, fileWitnessKey))
	if err != nil {
		return nil, err
	}
	w := &Witness{trust: trust}
	for _, vkey := range trust.WitnessKeys {
		name, _, _ := strings.Cut(vkey, "+")
		signer, err := ledger.NewCosigner(name, key, options.Clock)
		if err == nil && signer.VerifierKey() == vkey {
			w.signer = signer
		}
	}
	if w.signer == nil || trust.LogKey == "" {
		return nil, fmt.Errorf("%w: trust.json does not name this witness", cosign.ErrKeyFile)
	}
	if w.log, err = note.NewVerifier(trust.LogKey); err != nil {
		return nil, fmt.Errorf("%w: log key", ledger.ErrValue)
	}
	if w.machine, err = newMachine(zk, trust); err != nil {
		return nil, err
	}
	w.history = newHistory(dir, fileWitness, w.signer.VerifierKey())
	// The head is read first: every process writes it after the database.
	before, lost := w.history.last(ctx)
	if lost != nil && !errors.Is(lost, ErrNoHead) {
		return nil, lost
	}
	if w.db, err = sqlitestore.Open(ctx, filepath.Join(dir, fileWitness), sqlitestore.Options{}); err != nil {
		return nil, err
	}
	if err := w.checkHistory(ctx, before, lost, options); err != nil {
		return nil, errors.Join(err, w.Close())
	}
	return w, nil
}

// checkHistory holds the database against the head that was noted last.
func (w *Witness) checkHistory(ctx context.Context, before headfile.Head, failed error, options WitnessOptions) error {
	var now headfile.Head
	err := w.db.View(ctx, func(tx *sqlitestore.Tx) (err error) {
		var went error
		if now, went, err = w.history.check(tx, before); failed == nil {
			failed = went
		}
		return err
	})
	switch {
	case err != nil:
		return err
	case failed == nil:
		return w.history.note(ctx, now)
	case options.Restored:
		return w.history.Accept(ctx, now, options.Clock())
	}
	return failed
}

// Close closes the database.
func (w *Witness) Close() error { return w.db.Close() }

// Step follows the log as far as it goes and cosigns its newest checkpoint, unless
// it has. It reports the size that was signed, 0 for none. A log that shows what
// its operations do not lead to, that goes back, or that tells a second story, is
// ErrDisagrees, a [*machine.DamagedError] or a
// [*ledger.InconsistentError], and then the witness never signs for it again
// what comes after. Other errors are the log's and the system's own.
func (w *Witness) Step(ctx context.Context, log ledger.Witnessed) (signed uint64, err error) {
	for {
		done, size, err := w.step(ctx, log)
		if err != nil || done {
			return size, err
		}
	}
}

// Follow steps at every interval until ctx ends, which is no error, or the log does
// not deserve a signature any more; it then returns Step's error. A log that does
// not answer (ledger.ErrUnreachable) is asked again. signed, if not nil, receives
// the size of every checkpoint that was signed.
func (w *Witness) Follow(ctx context.Context, log ledger.Witnessed, every time.Duration, signed func(size uint64)) error {
	for ctx.Err() == nil {
		size, err := w.Step(ctx, log)
		switch {
		case ctx.Err() != nil:
			return nil
		case err != nil && !errors.Is(err, ledger.ErrUnreachable):
			return err
		case size > 0 && signed != nil:
			signed(size)
		}
		select {
		case <-time.After(every):
		case <-ctx.Done():
		}
	}
	return nil
}

func (w *Witness) step(ctx context.Context, log ledger.Witnessed) (done bool, size uint64, err error) {
	tx, err := w.db.Begin(ctx)
	if err != nil {
		return true, 0, err
	}
	cosigned, head, done, err := w.follow(ctx, tx, log)
	if err != nil {
		return true, 0, errors.Join(err, tx.Rollback())
	}
	if err := tx.Commit(); err != nil {
		return true, 0, err
	}
	if cosigned == nil {
		return done, 0, nil
	}
	if err := w.history.note(ctx, headfile.Head{Counter: head.Size, Digest: head.Root}); err != nil {
		return true, 0, err
	}
	if err := log.AddCosignature(ctx, cosigned); err != nil {
		return true, 0, err
	}
	w.sent = head.Size
	return true, head.Size, nil
}

// follow applies what the log has, up to a checkpoint.
func (w *Witness) follow(ctx context.Context, tx *sqlitestore.Tx, log ledger.Witnessed) (cosigned []byte, head machine.Head, done bool, err error) {
	replica, err := machine.NewReplica(w.machine, tx)
	if err != nil {
		return nil, head, false, err
	}
	before := replica.Head()
	if noted := w.history.Noted(); before.Size < noted.Counter {
		return nil, head, false, fmt.Errorf("%w (%d leaves of %d)", ErrRolledBack, before.Size, noted.Counter)
	}
	signed, leaves, err := log.Pending(ctx, replica.Next())
	if err != nil {
		return nil, head, false, err
	}
	claim, err := w.open(signed)
	if err != nil {
		return nil, head, false, err
	}
	for len(leaves) > 0 {
		for _, leaf := range leaves {
			if err := replica.Add(leaf); err != nil {
				return nil, head, false, err
			}
		}
		if replica.Pending() == 0 {
			break
		}
		// In the middle of a checkpoint: what follows belongs to it.
		if _, leaves, err = log.Pending(ctx, replica.Next()); err != nil {
			return nil, head, false, err
		}
	}
	head = replica.Head()
	switch {
	case claim.Size > head.Size:
		return nil, head, head.Size == before.Size, nil // more is to come
	case claim.Size < head.Size && head.Size > before.Size:
		return nil, head, false, nil // the log went on while it was asked
	case claim.Size != head.Size || claim.Root != head.Root:
		reached := &ledger.Head{Origin: w.trust.Origin, Size: head.Size, Root: head.Root}
		return nil, head, false, &ledger.InconsistentError{Older: reached, Newer: claim, Err: ErrDisagrees}
	}
	if own, err := tx.Checkpoint(head.State.Height); err != nil || own != nil {
		if w.sent == head.Size {
			own = nil
		}
		return own, head, true, err // signed before, and perhaps lost on its way
	}
	text := ledger.FormatCheckpoint(w.trust.Origin, head.Size, head.Root)
	if cosigned, err = note.Sign(&note.Note{Text: text}, w.signer); err != nil {
		return nil, head, false, fmt.Errorf("sqlitelog: cosigning: %w", err)
	}
	return cosigned, head, true, tx.SetCheckpoint(head.State.Height, cosigned)
}

// open verifies the log's signature.
func (w *Witness) open(signed []byte) (*ledger.Head, error) {
	n, err := note.Open(signed, note.VerifierList(w.log))
	if err != nil {
		return nil, fmt.Errorf("%w: checkpoint not signed by the log", ErrDisagrees)
	}
	return ledger.ParseCheckpoint(n)
}
