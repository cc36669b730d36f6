package explorer

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"time"

	"github.com/hufu-id/hufu/ledger"
)

const (
	// maxSteps bounds the number of steps in an answer. The newest are kept.
	maxSteps = 64
	// maxRead bounds the number of steps that are read. All of them must be
	// read, from the first on.
	maxRead = 4096
)

// OfRecord returns what an agency put on the ledger under a salted hash: an anchor, and
// the state of a record that it began, with all its steps, the newest first. Another
// agency may keep the record by now. Errors: [ErrHistory], ledger.ErrKey for what is no
// DID, those of ledger.Client.Resolve, and those of the source.
func (x *Explorer) OfRecord(ctx context.Context, agency string, hash [32]byte) (*Answer, error) {
	if err := ledger.CheckDID(agency); err != nil {
		return nil, err
	}
	var anchor *ledger.Anchor
	var trail *ledger.Trail
	err := x.client.Resolve(ctx, func(view *ledger.View) error {
		var err1, err2 error
		anchor, err1 = view.Anchor(agency, hash)
		trail, err2 = view.Trail(agency, hash)
		return errors.Join(unlessAbsent(err1), unlessAbsent(err2))
	}, ledger.ResolveOptions{Keys: []string{ledger.AnchorKey(agency, hash), ledger.TrailKey(agency, hash)}})
	if err != nil {
		return nil, err
	}
	if anchor == nil && trail == nil {
		return absent(Hash, hex.EncodeToString(hash[:])), nil
	}
	a := new(Answer)
	if anchor != nil {
		s := a.add("anchor")
		s.hash("hash", hash)
		s.number("count", uint64(anchor.Count))
		s.add("agency", Agency, anchor.Agency)
		s.add("type", Text, anchor.Type)
	}
	if trail == nil {
		return a, nil
	}
	addTrail(a.add("record"), trail)
	return a, x.addSteps(ctx, a, trail)
}

func unlessAbsent(err error) error {
	if errors.Is(err, ledger.ErrAbsent) {
		return nil
	}
	return err
}

func addTrail(s *Section, t *ledger.Trail) {
	s.hash("hash", t.Record)
	s.add("record-state", Word, "record-"+t.State)
	s.number("sequence", t.Sequence)
	s.add("rule", Text, fmt.Sprintf("%s %d", t.Rule, t.Version))
	s.add("rule-owner", Agency, t.RuleOwner)
	s.add("founder", Agency, t.Founder)
	s.add("registrar", Agency, t.Registrar)
	s.add("region", Text, t.Region)
	s.hash("commitment", t.Commitment)
}

// A step is one value that a record had.
type step struct {
	index uint64
	leaf  []byte
	value []byte
	trail *ledger.Trail
}

func (x *Explorer) addSteps(ctx context.Context, a *Answer, current *ledger.Trail) error {
	if current.Sequence >= maxRead {
		a.add("more")
		return nil
	}
	steps, err := x.history(ctx, current)
	if err != nil {
		return err
	}
	for i := len(steps) - 1; i >= 0 && len(steps)-i <= maxSteps; i-- {
		at, err := x.recorded(ctx, steps[i])
		if err != nil {
			return err
		}
		s := a.add("step")
		s.number("sequence", steps[i].trail.Sequence)
		s.add("record-state", Word, "record-"+steps[i].trail.State)
		s.add("registrar", Agency, steps[i].trail.Registrar)
		s.number("index", steps[i].index)
		s.time("recorded", at.Unix())
	}
	if len(steps) > maxSteps {
		a.add("more")
	}
	return nil
}

// history reads the values of a record. Each names the hash of the one before,
// and the last is the proved one, so none can be missing or changed.
func (x *Explorer) history(ctx context.Context, current *ledger.Trail) ([]step, error) {
	var steps []step
	var previous [32]byte
	for from := uint64(0); uint64(len(steps)) <= current.Sequence; {
		changes, err := x.source.History(ctx, current.Key(), from)
		if err != nil {
			return nil, err
		}
		if len(changes) == 0 {
			return nil, fmt.Errorf("%w: it ends early", ErrHistory)
		}
		for _, c := range changes[:min(uint64(len(changes)), current.Sequence+1-uint64(len(steps)))] {
			s, err := readStep(c)
			if err != nil || s.trail.Previous != previous {
				return nil, fmt.Errorf("%w: step %d", ErrHistory, len(steps))
			}
			steps, previous, from = append(steps, s), sha256.Sum256(s.value), c.Index+1
		}
	}
	if previous != sha256.Sum256(current.Bytes()) {
		return nil, fmt.Errorf("%w: it ends elsewhere", ErrHistory)
	}
	return steps, nil
}

func readStep(c ledger.Change) (step, error) {
	signed, err := ledger.ParseSignedOperation(c.Leaf)
	if err != nil {
		return step{}, err
	}
	trail, err := ledger.ParseTrail(signed.Operation.Body)
	return step{c.Index, c.Leaf, signed.Operation.Body, trail}, err
}

// maxWait bounds the number of leaves after an operation in which its
// checkpoint is looked for.
const maxWait = 2 * ledger.MaxBatch

// recorded returns the time of a checkpoint that came after a step: the ledger
// had the step by then. Inclusion proofs show that both are in the log.
func (x *Explorer) recorded(ctx context.Context, s step) (time.Time, error) {
	leaf, err := x.included(ctx, s.index)
	if err != nil {
		return time.Time{}, err
	}
	if string(leaf) != string(s.leaf) {
		return time.Time{}, fmt.Errorf("%w: leaf %d is another", ErrHistory, s.index)
	}
	for at := s.index + 1; at < s.index+maxWait; {
		leaves, err := x.source.Entries(ctx, at)
		if err != nil {
			return time.Time{}, err
		}
		for i, leaf := range leaves {
			if ledger.IsStateLeaf(leaf) {
				return x.stateTime(ctx, at+uint64(i))
			}
		}
		at += uint64(max(len(leaves), 1))
	}
	return time.Time{}, fmt.Errorf("%w: no checkpoint after leaf %d", ErrHistory, s.index)
}

func (x *Explorer) stateTime(ctx context.Context, index uint64) (time.Time, error) {
	leaf, err := x.included(ctx, index)
	if err != nil {
		return time.Time{}, err
	}
	state, err := ledger.ParseStateLeaf(leaf)
	if err != nil {
		return time.Time{}, fmt.Errorf("%w: leaf %d", ErrHistory, index)
	}
	return state.Time(), nil
}

func (x *Explorer) included(ctx context.Context, index uint64) ([]byte, error) {
	proof, err := x.source.ProveInclusion(ctx, index)
	if err != nil {
		return nil, err
	}
	if proof == nil || proof.Index != index {
		return nil, fmt.Errorf("%w: inclusion of leaf %d", ledger.ErrReader, index)
	}
	_, err = x.client.VerifyInclusion(ctx, proof)
	return proof.Leaf, err
}
