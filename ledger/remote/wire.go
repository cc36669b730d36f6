package remote

import (
	"bytes"
	"errors"

	"github.com/hufu-id/hufu/ledger"
	"github.com/hufu-id/hufu/legible"
)

// wireReceipt is a ledger.Receipt in JSON.
type wireReceipt struct {
	Operations []wireOperation `json:"operations"`
	Height     uint64          `json:"height"`
	Size       uint64          `json:"size"`
	Checkpoint []byte          `json:"checkpoint"`
}

type wireOperation struct {
	ID       []byte `json:"id"`
	Index    uint64 `json:"index"`
	Height   uint64 `json:"height"`
	Replayed bool   `json:"replayed,omitzero"`
}

func toWire(r *ledger.Receipt) wireReceipt {
	w := wireReceipt{Height: r.Height, Size: r.Size, Checkpoint: r.Checkpoint}
	for _, op := range r.Operations {
		w.Operations = append(w.Operations, wireOperation{op.ID[:], op.Index, op.Height, op.Replayed})
	}
	return w
}

func (w *wireReceipt) receipt(ops []*ledger.SignedOperation) (*ledger.Receipt, error) {
	if len(w.Operations) != len(ops) {
		return nil, errAnswer
	}
	r := &ledger.Receipt{Height: w.Height, Size: w.Size, Checkpoint: w.Checkpoint}
	for i, op := range w.Operations {
		id := ops[i].Operation.ID()
		if string(op.ID) != string(id[:]) {
			return nil, errAnswer
		}
		r.Operations = append(r.Operations, ledger.OperationReceipt{ID: id, Index: op.Index, Height: op.Height, Replayed: op.Replayed})
	}
	return r, nil
}

// wireRefusal is a ledger.RefusedError.
type wireRefusal struct {
	Index int    `json:"index"`
	Kind  string `json:"kind"`
	// Code names the sentinel. Reason is for people.
	Code   string `json:"code"`
	Reason string `json:"reason"`
}

// codes names the sentinels that a reason wraps, the most specific first,
// because a reason may wrap several.
var codes = []struct {
	code string
	err  error
}{
	{"used", ledger.ErrUsed},
	{"proof", ledger.ErrProof},
	{"stale", ledger.ErrStale},
	{"unsigned", ledger.ErrUnsigned},
	{"unknown-kind", ledger.ErrUnknownKind},
	{"unauthorised", ledger.ErrUnauthorised},
	{"taken", ledger.ErrTaken},
	{"conflict", ledger.ErrConflict},
	{"missing", ledger.ErrMissing},
	{"full", ledger.ErrFull},
	{"not-admitted", ledger.ErrNotAdmitted},
	{"budget", ledger.ErrBudget},
	{"signature", ledger.ErrSignature},
	{"suite", ledger.ErrSuite},
	{"key", ledger.ErrKey},
	{"subject", ledger.ErrSubject},
	{"value", ledger.ErrValue},
	{"format", ledger.ErrFormat},
	{"too-large", ledger.ErrTooLarge},
}

func refusalOf(r *ledger.RefusedError) wireRefusal {
	w := wireRefusal{Index: r.Index, Kind: r.Kind, Reason: r.Reason.Error()}
	for _, c := range codes {
		if errors.Is(r.Reason, c.err) {
			w.Code = c.code
			break
		}
	}
	return w
}

// A remoteReason is a server's text for a reason that the client knows.
type remoteReason struct {
	text     string
	sentinel error
}

func (r *remoteReason) Error() string { return r.text }
func (r *remoteReason) Unwrap() error { return r.sentinel }

func (w *wireRefusal) refused() error {
	reason := &remoteReason{text: legible.Line(w.Reason)}
	for _, c := range codes {
		if c.code == w.Code {
			reason.sentinel = c.err
		}
	}
	return &ledger.RefusedError{Index: w.Index, Kind: legible.Line(w.Kind), Reason: reason}
}

type wireProve struct {
	Keys []string `json:"keys"`
}

type wireHashes struct {
	Hashes [][]byte `json:"hashes"`
}

type wireLeaves struct {
	Leaves [][]byte `json:"leaves"`
}

type wirePending struct {
	Checkpoint []byte   `json:"checkpoint"`
	Leaves     [][]byte `json:"leaves"`
}

type wireChanges struct {
	Changes []wireChange `json:"changes"`
}

type wireChange struct {
	Index uint64 `json:"index"`
	Leaf  []byte `json:"leaf"`
}

type wireOperations struct {
	Operations [][]byte `json:"operations"`
}

// wireRevoked is a ledger.RevokedPage.
type wireRevoked struct {
	Handles []byte `json:"handles"`
	Next    []byte `json:"next,omitzero"`
}

// page is the page after a key, if the answer can be one.
func (w *wireRevoked) page(after []byte) (*ledger.RevokedPage, error) {
	handles, err := split(w.Handles, func(b []byte) [ledger.HandleSize]byte { return [ledger.HandleSize]byte(b) })
	if err != nil {
		return nil, err
	}
	last := after
	for _, h := range handles {
		if last != nil && bytes.Compare(h[:], last) <= 0 {
			return nil, errAnswer
		}
		last = h[:]
	}
	if w.Next != nil && (len(w.Next) != ledger.HandleSize || bytes.Compare(w.Next, last) < 0 || bytes.Equal(w.Next, after)) {
		return nil, errAnswer
	}
	return &ledger.RevokedPage{Handles: handles, Next: w.Next}, nil
}

type wireError struct {
	Error string `json:"error"`
}
