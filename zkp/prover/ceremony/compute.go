package ceremony

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"slices"

	curve "github.com/consensys/gnark-crypto/ecc/bn254"
	groth16 "github.com/consensys/gnark/backend/groth16/bn254"
	"github.com/consensys/gnark/backend/groth16/bn254/mpcsetup"

	"github.com/hufu-id/hufu/zkp"
	"github.com/hufu-id/hufu/zkp/prover"
)

// A Task names a long computation.
type Task string

// The tasks.
const (
	TaskCheck      Task = "check"      // one contribution
	TaskBegin      Task = "begin"      // the beginning of phase 2 of a circuit
	TaskContribute Task = "contribute" // the caller's own contribution
	TaskKeys       Task = "keys"       // the sealed keys of a circuit
)

// A Step reports the beginning of a task.
type Step struct {
	Task Task
	// Of is the step. For TaskCheck, Number is the number of the contribution.
	Of     string
	Number int
	// Done of Total tasks are finished.
	Done, Total int
}

// work does the long computations on a checked chain.
type work struct {
	*chain
	memory   memory
	progress func(Step)
	done     int
	total    int
	commons  *mpcsetup.SrsCommons // of the sealed phase 1, computed when needed
	begins   map[step]*beginning
}

// beginning is the beginning of phase 2 of one circuit: a contribution that
// nobody made, and those parts of the keys that no contribution changes.
type beginning struct {
	start       []byte
	alpha, beta curve.G1Affine
	beta2       curve.G2Affine
	evaluations mpcsetup.Phase2Evaluations
}

// run returns at once if the context is cancelled. gnark cannot be interrupted:
// the computation goes on, without effect, until it ends or the program does.
func run[T any](ctx context.Context, compute func() (T, error)) (T, error) {
	type result struct {
		value T
		err   error
	}
	done := make(chan result, 1)
	go func() {
		value, err := compute()
		done <- result{value, err}
	}()
	select {
	case <-ctx.Done():
		var none T
		return none, ctx.Err()
	case r := <-done:
		return r.value, r.err
	}
}

func (w *work) report(task Task, s step, number int) {
	if w.progress != nil {
		w.progress(Step{Task: task, Of: s.String(), Number: number, Done: w.done, Total: w.total})
	}
	w.done++
}

// verify checks every contribution and computes every beginning.
func (w *work) verify(ctx context.Context) error {
	for phase := range w.beacons {
		for _, s := range w.plan.steps(phase) {
			if phase == 1 && w.beacons[0] != nil {
				if err := w.begin(ctx, s); err != nil {
					return err
				}
			}
			if err := w.verifyRow(ctx, s); err != nil {
				return err
			}
		}
	}
	return nil
}

// verifyRow checks that each contribution follows from the one before it. It
// does not read again what the memory holds.
func (w *work) verifyRow(ctx context.Context, s step) error {
	row := w.rows[s]
	if s.phase == 1 && len(row) > 0 && row[0].Previous != sha256.Sum256(w.begins[s].start) {
		return &Refused{s.String(), 1, row[0].Participant, fmt.Errorf("%w: not built on the common beginning", ErrChain)}
	}
	for i, entry := range row {
		w.report(TaskCheck, s, i+1)
		name := fact("contribution", []byte(s.String()), entry.Previous[:], entry.Hash[:])
		if _, known := w.memory.recall(name); known {
			continue
		}
		_, err := run(ctx, func() (struct{}, error) { return struct{}{}, w.follows(s, i) })
		if errors.Is(err, ErrProof) || errors.Is(err, ErrForm) || errors.Is(err, ErrChain) {
			return &Refused{s.String(), i + 1, entry.Participant, err}
		}
		if err != nil {
			return err
		}
		if err := w.memory.keep(name, nil); err != nil {
			return err
		}
	}
	return nil
}

// follows checks contribution i, from 0, against the one before it.
func (w *work) follows(s step, i int) error {
	if s.phase == 0 {
		before, err := w.phase1(i - 1)
		if err != nil {
			return err
		}
		next, err := w.phase1(i)
		if err != nil {
			return err
		}
		return proved(before.Verify(next))
	}
	before, err := w.phase2(s, i-1)
	if err != nil {
		return err
	}
	next, err := w.phase2(s, i)
	if err != nil {
		return err
	}
	return proved(before.Verify(next))
}

func proved(err error) error {
	if err != nil {
		return fmt.Errorf("%w: %w", ErrProof, err)
	}
	return nil
}

// phase1 reads contribution i, from 0; −1 is the beginning.
func (w *work) phase1(i int) (*mpcsetup.Phase1, error) {
	if i < 0 {
		return mpcsetup.NewPhase1(uint64(w.domain())), nil
	}
	b, err := w.contribution(step{}, i)
	if err != nil {
		return nil, err
	}
	return parsePhase1(b, w.domain())
}

// phase2 reads contribution i, from 0; −1 is the beginning.
func (w *work) phase2(s step, i int) (*mpcsetup.Phase2, error) {
	if i < 0 {
		p := new(mpcsetup.Phase2)
		if _, err := p.ReadFrom(bytes.NewReader(w.begins[s].start)); err != nil {
			return nil, fmt.Errorf("ceremony: reading the beginning: %w", err)
		}
		return p, nil
	}
	b, err := w.contribution(s, i)
	if err != nil {
		return nil, err
	}
	return parsePhase2(b, w.shape(s))
}

// contribution reads a file again and refuses one that has changed meanwhile.
func (w *work) contribution(s step, i int) ([]byte, error) {
	entry := w.rows[s][i]
	b, err := readFile(entry.path, int64(w.shape(s).size))
	if err != nil {
		return nil, err
	}
	if sha256.Sum256(b) != entry.Hash {
		return nil, fmt.Errorf("%w: changed while it was read", ErrChain)
	}
	return b, nil
}

// begin computes the beginning of phase 2 of a circuit.
func (w *work) begin(ctx context.Context, s step) error {
	w.report(TaskBegin, s, 0)
	system, err := w.systems[s.circuit].Hash()
	if err != nil {
		return err
	}
	last := w.rows[step{}][len(w.rows[step{}])-1]
	name := fact("beginning", system[:], last.Hash[:], w.beacons[0])
	if b, known := w.memory.recall(name); known {
		if w.begins[s], err = decodeBeginning(b); err == nil {
			return nil
		}
	}
	if w.begins[s], err = run(ctx, func() (*beginning, error) { return w.computeBeginning(s) }); err != nil {
		return err
	}
	b, err := w.begins[s].encode()
	if err != nil {
		return err
	}
	return w.memory.keep(name, b)
}

func (w *work) computeBeginning(s step) (*beginning, error) {
	if w.commons == nil {
		last, err := w.phase1(len(w.rows[step{}]) - 1)
		if err != nil {
			return nil, err
		}
		commons := last.Seal(w.beacons[0])
		w.commons = &commons
	}
	system := w.systems[s.circuit]
	commons := truncate(w.commons, domainOf(system))
	p, b := new(mpcsetup.Phase2), new(beginning)
	b.evaluations = p.Initialize(system.R1CS(), &commons)
	b.alpha, b.beta, b.beta2 = commons.G1.AlphaTau[0], commons.G1.BetaTau[0], commons.G2.Beta
	var err error
	b.start, err = bytesOf(p)
	return b, err
}

// truncate takes the part that a smaller circuit needs: the first powers of τ
// are what a phase 1 of that size would have given.
func truncate(c *mpcsetup.SrsCommons, n int) mpcsetup.SrsCommons {
	out := *c
	out.G1.Tau = c.G1.Tau[:2*n-1]
	out.G1.AlphaTau, out.G1.BetaTau = c.G1.AlphaTau[:n], c.G1.BetaTau[:n]
	out.G2.Tau = c.G2.Tau[:n]
	return out
}

// keys computes the files of the sealed keys.
func (w *work) keys(ctx context.Context) (map[string][]byte, error) {
	var pairs []prover.KeyPair
	for _, s := range w.plan.steps(1) {
		w.report(TaskKeys, s, 0)
		pair, err := run(ctx, func() (*prover.KeyPair, error) { return w.sealCircuit(s) })
		if err != nil {
			return nil, err
		}
		pairs = append(pairs, *pair)
	}
	return prover.EncodeKeys(zkp.SetupCeremony, pairs...)
}

func (w *work) sealCircuit(s step) (*prover.KeyPair, error) {
	last, err := w.phase2(s, len(w.rows[s])-1)
	if err != nil {
		return nil, err
	}
	b, system := w.begins[s], w.systems[s.circuit]
	// Of phase 1, sealing reads no more than this.
	var commons mpcsetup.SrsCommons
	commons.G1.AlphaTau = make([]curve.G1Affine, domainOf(system))
	commons.G1.AlphaTau[0], commons.G1.BetaTau, commons.G2.Beta = b.alpha, []curve.G1Affine{b.beta}, b.beta2
	evaluations := b.evaluations
	pk, vk := last.Seal(&commons, &evaluations, w.beacons[1])
	return &prover.KeyPair{System: system, Proving: pk.(*groth16.ProvingKey), Verifying: vk.(*groth16.VerifyingKey)}, nil
}

// starts returns the hashes of the beginnings.
func (w *work) starts() map[step]Hash {
	out := map[step]Hash{{}: phase1Start(w.domain())}
	for s, b := range w.begins {
		out[s] = sha256.Sum256(b.start)
	}
	return out
}

// parts returns the points of a beginning in the order of its encoding.
func (b *beginning) parts() []any {
	e := &b.evaluations
	return []any{&b.alpha, &b.beta, &b.beta2, &e.G1.A, &e.G1.B, &e.G1.VKK, &e.G2.B}
}

// encode writes a beginning for the memory only.
func (b *beginning) encode() ([]byte, error) {
	var out bytes.Buffer
	out.Write(binary.BigEndian.AppendUint64(nil, uint64(len(b.start))))
	out.Write(b.start)
	enc := curve.NewEncoder(&out, curve.RawEncoding())
	for _, part := range b.parts() {
		if err := enc.Encode(part); err != nil {
			return nil, fmt.Errorf("ceremony: memory: %w", err)
		}
	}
	return out.Bytes(), nil
}

func decodeBeginning(in []byte) (*beginning, error) {
	if len(in) < 8 || binary.BigEndian.Uint64(in) > uint64(len(in)-8) {
		return nil, ErrForm
	}
	start := in[8 : 8+binary.BigEndian.Uint64(in)]
	b := &beginning{start: slices.Clone(start)}
	dec := curve.NewDecoder(bytes.NewReader(in[8+len(start):]), curve.NoSubgroupChecks())
	for _, part := range b.parts() {
		if err := dec.Decode(part); err != nil {
			return nil, fmt.Errorf("%w: memory: %w", ErrForm, err)
		}
	}
	return b, nil
}
