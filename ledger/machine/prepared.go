package machine

import (
	"crypto/sha256"
	"fmt"
	"runtime"
	"sync"

	"github.com/hufu-id/hufu/internal/limits"
	"github.com/hufu-id/hufu/ledger"
)

// Prepared holds encoded submissions with judged signatures: the part of the
// work that needs no state. A log and its witness both apply them.
type Prepared struct{ submissions []submission }

type submission struct {
	ops []prepared
	// err refuses the whole submission before any operation is judged.
	err error
}

// prepared is one operation.
type prepared struct {
	*ledger.SignedOperation
	id   [32]byte
	leaf []byte
	// err is the reason to refuse the form or the signatures.
	err error
}

// Prepare encodes submissions and judges their signatures, on all cores. A bad
// signature is reported when its operation is applied.
func (m *Machine) Prepare(submissions ...[]*ledger.SignedOperation) *Prepared {
	p := &Prepared{submissions: make([]submission, len(submissions))}
	var all []*prepared
	for i, ops := range submissions {
		s := &p.submissions[i]
		if len(ops) > ledger.MaxBatch {
			s.err = fmt.Errorf("%w: %d operations, at most %d", ledger.ErrTooLarge, len(ops), ledger.MaxBatch)
			continue
		}
		s.ops = make([]prepared, len(ops))
		for j, op := range ops {
			s.ops[j].SignedOperation = op
			all = append(all, &s.ops[j])
		}
	}
	m.prepareAll(all)
	return p
}

// prepareLeaves prepares operations from the log, each as one submission,
// because a batch in a consortium's block may be larger than MaxBatch. The
// error is that of the first leaf that is not an operation.
func (m *Machine) prepareLeaves(leaves [][]byte) (p *Prepared, index int, err error) {
	ops := make([]prepared, len(leaves))
	p = &Prepared{submissions: make([]submission, len(leaves))}
	all := make([]*prepared, len(leaves))
	for i, leaf := range leaves {
		ops[i].leaf = leaf
		all[i] = &ops[i]
	}
	m.prepareAll(all)
	for i := range ops {
		if ops[i].SignedOperation == nil {
			return nil, i, ops[i].err
		}
		p.submissions[i].ops = ops[i : i+1]
	}
	return p, 0, nil
}

func (m *Machine) prepareAll(ops []*prepared) {
	workers := min(runtime.GOMAXPROCS(0), len(ops))
	var done sync.WaitGroup
	for n := range workers {
		part := ops[len(ops)*n/workers : len(ops)*(n+1)/workers]
		done.Go(func() {
			checker := ledger.NewChecker(m.id, m.options.Suites)
			for _, p := range part {
				m.prepare(checker, p)
			}
		})
	}
	done.Wait()
}

// prepare accepts an operation or a leaf.
func (m *Machine) prepare(checker *ledger.Checker, p *prepared) {
	if p.SignedOperation == nil {
		signed, err := ledger.ParseSignedOperation(p.leaf)
		if err != nil {
			p.err = err
			return
		}
		p.SignedOperation = signed
	} else {
		p.leaf = p.Bytes()
	}
	p.id = p.Operation.ID()
	switch {
	case len(p.leaf) > limits.Operation:
		p.err = fmt.Errorf("%w: operation of %d bytes", ledger.ErrTooLarge, len(p.leaf))
	case len(p.Signatures) == 0:
		p.err = ledger.ErrUnsigned
	case rules[p.Operation.Kind] == nil:
		p.err = ledger.ErrUnknownKind
	default:
		p.err = m.verify(checker, p)
	}
}

// verify verifies the signatures, unless this machine has already found them
// good.
func (m *Machine) verify(checker *ledger.Checker, p *prepared) error {
	id := sha256.Sum256(p.leaf)
	if m.verified.has(id) {
		return nil
	}
	if _, err := checker.Verify(p.SignedOperation); err != nil {
		return err
	}
	m.verified.add(id)
	return nil
}
