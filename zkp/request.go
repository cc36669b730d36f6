package zkp

import (
	"encoding/binary"
	"fmt"
	"slices"
	"time"
)

// MaxQuestions is the greatest number of credentials in one answer.
const MaxQuestions = 4

// An Epoch holds what the ledger's state machine fixed when the epoch closed.
type Epoch struct {
	Number     uint64
	Day        Day
	Registry   Element
	Revocation Element
}

// A Question asks about one credential: which schema it has, and which
// statements are true of it. Each statement is one show.
type Question struct {
	Schema     Element
	Statements []Statement
}

// A Request is what an answer is bound to: these questions, from this counter,
// until the expiry. One credential answers each question, and all credentials
// belong to one person.
type Request struct {
	Nonce     string
	Audience  string
	Query     [32]byte // SHA-256 of the query as it was sent
	Expiry    time.Time
	Scope     Scope
	Questions []Question
}

// Check refuses a request with no question or statement, with too many, or with
// a statement that is not allowed. The error is ErrStatement.
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

// Circuits lists the circuits that an answer to the request uses.
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

// A preparation is a prepare proof with its commitment.
type preparation struct {
	com   Element
	proof *Proof
}

// context returns, as a field element, the SHA-256 over nonce, audience, query,
// expiry, and every prepare proof with its public inputs. The whole answer has
// one context: no part of it can be moved into another answer.
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
