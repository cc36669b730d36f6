package zkp

import (
	"encoding/binary"
	"fmt"
	"slices"
	"time"
)

// MaxQuestions is how many credentials one answer joins.
const MaxQuestions = 4

// Epoch is what the ledger's state machine fixed when an epoch closed.
type Epoch struct {
	Number     uint64
	Day        Day
	Registry   Element
	Revocation Element
}

// Question is what is asked of one credential: of which schema it is, and one
// show for each statement.
type Question struct {
	Schema     Element
	Statements []Statement
}

// Request is what an answer is bound to: these questions, from this counter,
// now. Each question is answered from one credential; all of them from the
// credentials of one person.
type Request struct {
	Nonce     string
	Audience  string
	Query     [32]byte // SHA-256 of the query as it was sent
	Expiry    time.Time
	Scope     Scope
	Questions []Question
}

// Check refuses a request that asks nothing, too much, or what no statement
// may ask.
func (r *Request) Check() error {
	if len(r.Questions) == 0 || len(r.Questions) > MaxQuestions {
		return fmt.Errorf("%w: %d questions, from 1 to %d are taken", ErrStatement, len(r.Questions), MaxQuestions)
	}
	for i := range r.Questions {
		q := &r.Questions[i]
		if len(q.Statements) == 0 || len(q.Statements) > MaxShows {
			return fmt.Errorf("%w: question %d: %d statements, from 1 to %d are taken", ErrStatement, i+1, len(q.Statements), MaxShows)
		}
		for j := range q.Statements {
			if err := q.Statements[j].Check(); err != nil {
				return fmt.Errorf("question %d, show %d: %w", i+1, j+1, err)
			}
		}
	}
	return nil
}

// Circuits lists the circuits that answer the request.
func (r *Request) Circuits() []Circuit {
	out := []Circuit{CircuitPrepare}
	for _, q := range r.Questions {
		for i := range q.Statements {
			if c := q.Statements[i].Circuit(); !slices.Contains(out, c) {
				out = append(out, c)
			}
		}
	}
	return out
}

// prepareInputs returns the public inputs in the circuit's order.
func prepareInputs(e Epoch, schema, com Element) []Element {
	return []Element{e.Registry, e.Revocation, schema, small(uint64(e.Day)), com}
}

// preparation is a prepare proof with its commitment.
type preparation struct {
	com   Element
	proof *Proof
}

// context is SHA-256 over nonce, audience, query, expiry, and every prepare
// proof with its public inputs, as a field element. It is one for the whole
// answer: no part of it can be moved into another.
func (r *Request) context(e Epoch, prepared []preparation) Element {
	var expiry [8]byte
	binary.BigEndian.PutUint64(expiry[:], uint64(r.Expiry.Unix()))
	parts := [][]byte{[]byte(r.Nonce), []byte(r.Audience), r.Query[:], expiry[:]}
	for i, p := range prepared {
		inputs := make([]byte, 0, 5*32)
		for _, in := range prepareInputs(e, r.Questions[i].Schema, p.com) {
			b := in.Bytes()
			inputs = append(inputs, b[:]...)
		}
		parts = append(parts, p.proof.Bytes(), inputs)
	}
	return HashToField("context", parts...)
}

// showInputs returns the public inputs of a show in the circuit's order.
func (s *Statement) showInputs(com, context, scope, pseudonym Element) []Element {
	in := []Element{com, context, scope, pseudonym}
	for _, p := range s.Predicates {
		p0, p1 := p.operands()
		in = append(in, small(uint64(p.Op)), small(uint64(p.Slot)), p0, p1)
	}
	var root Element // zero where no set is asked
	if set := s.set(); set != nil {
		root = set.Root()
	}
	return append(in, root, small(uint64(s.Table)))
}
