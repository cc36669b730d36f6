package sqlitelog

import (
	"context"
	"slices"

	"golang.org/x/mod/sumdb/note"

	"github.com/hufu-id/hufu/ledger"
	"github.com/hufu-id/hufu/ledger/cosign"
	"github.com/hufu-id/hufu/ledger/machine"
	"github.com/hufu-id/hufu/ledger/machine/sqlitestore"
)

// awaitOthers passes the newest state on to those who wait for other witnesses'
// signatures. Where this ledger's own witness is enough, as in most, nobody does.
func (l *Log) awaitOthers(ctx context.Context) error {
	if l.group == nil {
		return nil
	}
	var head machine.Head
	var note []byte
	var trust *ledger.Agreement
	err := l.db.View(ctx, func(tx *sqlitestore.Tx) (err error) {
		head, note, trust, err = newest(tx)
		return err
	})
	if err != nil {
		return err
	}
	p := l.waiting.Load()
	if p == nil && l.suffices(trust) {
		return nil
	}
	if p == nil {
		p = cosign.New(cosign.Options{Trust: l.trust, Signers: l.signers(), Snapshot: l.snapshot})
	}
	if err := p.Committed(ctx, head, nil); err != nil {
		return err
	}
	p.Add(note) // signatures that came before the ledger was closed
	l.waiting.Store(p)
	return nil
}

// suffices reports whether this ledger's own witness is enough under an agreement: it
// asks for one, and for this one.
func (l *Log) suffices(trust *ledger.Agreement) bool {
	return trust == nil || trust.K == 1 && slices.Contains(trust.Witnesses, l.witness.VerifierKey())
}

func (l *Log) snapshot(ctx context.Context) (cosign.Snapshot, error) { return l.db.Snapshot(ctx) }

func (l *Log) signers() []note.Signer { return []note.Signer{l.signer, l.witness} }

// newest is the newest committed state, its signed checkpoint, and the agreement that says
// who must sign it.
func newest(tx *sqlitestore.Tx) (head machine.Head, signed []byte, trust *ledger.Agreement, err error) {
	if head, err = machine.ReadHead(tx); err != nil {
		return head, nil, nil, err
	}
	if head.Root, err = machine.RootAt(tx, head.Size); err != nil {
		return head, nil, nil, err
	}
	if signed, err = lastCheckpoint(tx, head); err != nil {
		return head, nil, nil, err
	}
	trust, err = machine.CurrentTrust(tx)
	return head, signed, trust, err
}

// Pending is what a witness elsewhere follows: the newest checkpoint that the log
// has signed, and leaves from an index on, as Entries returns them; none where
// the witness has them all. Readers see that checkpoint once enough witnesses
// have signed it. Errors are those of Entries.
func (l *Log) Pending(ctx context.Context, from uint64) (signed []byte, leaves [][]byte, err error) {
	err = l.db.View(ctx, func(tx *sqlitestore.Tx) error {
		head, checkpoint, _, err := newest(tx)
		if err != nil {
			return err
		}
		if signed = checkpoint; from == head.Size {
			return nil
		}
		leaves, err = machine.Entries(tx, from)
		return err
	})
	return signed, leaves, err
}

// AddCosignature takes signatures of other witnesses on a checkpoint. Those that do
// not hold, or that nobody asks for, are ledger.ErrSignature; one on a checkpoint
// that others have followed is taken and changes nothing. Other errors are
// ledger.ErrFormat, ledger.ErrTooLarge, ledger.ErrOrigin, sqlitestore.ErrReadOnly or
// the system's own.
func (l *Log) AddCosignature(ctx context.Context, signed []byte) error {
	if l.group == nil {
		return sqlitestore.ErrReadOnly
	}
	if p := l.waiting.Load(); p != nil {
		p.Add(signed)
	}
	return l.db.Update(ctx, func(tx *sqlitestore.Tx) error { return l.join(tx, signed) })
}

// join adds signatures to the stored checkpoint, if it is still the newest.
func (l *Log) join(tx *sqlitestore.Tx, signed []byte) error {
	head, stored, trust, err := newest(tx)
	if err != nil {
		return err
	}
	joined, err := cosign.Join(l.trust, trust, stored, signed)
	if err != nil {
		return err
	}
	if p := l.waiting.Load(); p != nil {
		if err := p.Keep(tx.SetCheckpoint); err != nil {
			return err
		}
	}
	if joined == nil {
		return nil
	}
	return tx.SetCheckpoint(head.State.Height, joined)
}
