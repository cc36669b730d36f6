package machine

import (
	"fmt"
	"time"

	"golang.org/x/mod/sumdb/note"

	"github.com/hufu-id/hufu/ledger"
)

// Witness replays a log into a store of its own and cosigns only checkpoints
// that it reached itself: what it says about the state map does not rest on the
// log's word.
type Witness struct {
	machine *Machine
	origin  string
	log     note.Verifier
	signer  *ledger.NoteSigner
}

// NewWitness makes a witness of the log of that origin and verifier key. The
// error is [ErrConfig].
func NewWitness(machine *Machine, origin, logKey string, signer *ledger.NoteSigner) (*Witness, error) {
	verifier, err := note.NewVerifier(logKey)
	if err != nil || machine == nil || signer == nil {
		return nil, fmt.Errorf("%w: a witness needs a machine, a log's key and its own", ErrConfig)
	}
	return &Witness{machine, origin, verifier, signer}, nil
}

// Cosign applies the operations to the witness's own store and, if that leads to
// the very checkpoint that the log signed, returns it with a cosignature. The
// checkpoint covers the state leaf, so equal checkpoints are equal states. The
// error is [ErrDisagrees], that of Machine.Apply, or the signer's own.
func (w *Witness) Cosign(store Store, signed []byte, at time.Time, ops ...*ledger.SignedOperation) ([]byte, error) {
	n, err := note.Open(signed, note.VerifierList(w.log))
	if err != nil {
		return nil, fmt.Errorf("%w: checkpoint not signed by the log", ErrDisagrees)
	}
	if err := w.Follow(store, n.Text, at, ops...); err != nil {
		return nil, err
	}
	cosigned, err := note.Sign(n, w.signer)
	if err != nil {
		return nil, fmt.Errorf("machine: cosigning: %w", err)
	}
	return cosigned, nil
}

// Follow applies the operations to the witness's own store and insists that they
// lead to the checkpoint of that text. Errors are those of Cosign.
func (w *Witness) Follow(store Store, text string, at time.Time, ops ...*ledger.SignedOperation) error {
	commit, err := w.machine.Apply(store, at, ops...)
	if err != nil {
		return err
	}
	if text != ledger.FormatCheckpoint(w.origin, commit.Head.Size, commit.Head.Root) {
		return ErrDisagrees
	}
	return nil
}

// Signer is what the witness signs with.
func (w *Witness) Signer() note.Signer { return w.signer }
