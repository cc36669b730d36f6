// Package message is how the examples in the browser write what package zkp
// holds as Go values: JSON, with field elements, proofs and keys in base64, days
// as 2026-11-21 and instants as RFC 3339.
//
// A request that asks for a birth date in the right range and one of two
// districts looks like this:
//
//	{
//	  "nonce": "…", "audience": "…", "query": "<32 bytes>", "expiry": "2026-11-21T03:00:00Z",
//	  "scope": {"kind": "once", "owner": "did:hufu:…", "id": "vote-2026"},
//	  "questions": [{"schema": "<element>", "statements": [{
//	    "table": 34952,
//	    "predicates": [
//	      {"op": "range", "slot": 1, "low": 1, "high": 39772},
//	      {"op": "in", "slot": 2, "set": ["<element>", "<element>"]}
//	    ]
//	  }]}]
//	}
//
// Reading refuses unknown and repeated members. Whether a request asks what may
// be asked is for zkp.Request.Check, which every use of it begins with.
package message

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/hufu-id/hufu/zkp"
)

// ErrForm means that bytes are not the JSON that a function takes.
var ErrForm = errors.New("message: malformed")

// Limit caps a message in bytes: the longest one carries a status list token.
const Limit = 8 << 20

// maxTokens caps the values, names and brackets of a message: a value of two bytes in a
// list takes a hundred in memory.
const maxTokens = 32 << 10

// Read reads one JSON object strictly. The error quotes nothing of it: it may hold a
// holder's secret.
func Read[T any](b []byte) (v T, err error) {
	if !isBounded(b) || json.Unmarshal(b, &v, json.RejectUnknownMembers(true)) != nil {
		return *new(T), fmt.Errorf("%w: not the JSON that this function takes", ErrForm)
	}
	return v, nil
}

func isBounded(b []byte) bool {
	if len(b) > Limit {
		return false
	}
	d := jsontext.NewDecoder(bytes.NewReader(b))
	for range maxTokens {
		if _, err := d.ReadToken(); err != nil {
			return err == io.EOF
		}
	}
	return false
}

// Epoch is a zkp.Epoch.
type Epoch struct {
	Number     uint64 `json:"number"`
	Day        string `json:"day"`
	Registry   []byte `json:"registry"`
	Revocation []byte `json:"revocation"`
}

// Request is a zkp.Request.
type Request struct {
	Nonce     string     `json:"nonce"`
	Audience  string     `json:"audience"`
	Query     []byte     `json:"query"`
	Expiry    time.Time  `json:"expiry"`
	Scope     Scope      `json:"scope"`
	Questions []Question `json:"questions"`
}

// Scope is a zkp.Scope.
type Scope struct {
	Kind  string `json:"kind,omitzero"`
	Owner string `json:"owner,omitzero"`
	ID    string `json:"id,omitzero"`
}

// Question is a zkp.Question.
type Question struct {
	Schema     []byte      `json:"schema"`
	Statements []Statement `json:"statements"`
}

// Statement is a zkp.Statement.
type Statement struct {
	Table      uint16      `json:"table"`
	Predicates []Predicate `json:"predicates"` // at most four; the rest are never true
}

// Predicate is a zkp.Predicate.
type Predicate struct {
	Op    string   `json:"op"` // none, eq, ne, range, in or notin
	Slot  uint8    `json:"slot,omitzero"`
	Value []byte   `json:"value,omitzero"`
	Low   uint64   `json:"low,omitzero"`
	High  uint64   `json:"high,omitzero"`
	Set   [][]byte `json:"set,omitzero"`
}

var ops = map[string]zkp.Op{
	"none": zkp.OpNone, "eq": zkp.OpEq, "ne": zkp.OpNe, "range": zkp.OpRange, "in": zkp.OpIn, "notin": zkp.OpNotIn,
}

// Value is the zkp.Epoch.
func (e *Epoch) Value() (zkp.Epoch, error) {
	day, err := zkp.ParseDay(e.Day)
	if err != nil {
		return zkp.Epoch{}, err
	}
	out := zkp.Epoch{Number: e.Number, Day: day}
	if out.Registry, err = zkp.ParseElement(e.Registry); err != nil {
		return zkp.Epoch{}, err
	}
	out.Revocation, err = zkp.ParseElement(e.Revocation)
	return out, err
}

// Value is the zkp.Request.
func (r *Request) Value() (*zkp.Request, error) {
	if len(r.Query) != 32 {
		return nil, fmt.Errorf("%w: query hash of %d bytes", ErrForm, len(r.Query))
	}
	out := &zkp.Request{Nonce: r.Nonce, Audience: r.Audience, Query: [32]byte(r.Query), Expiry: r.Expiry, Scope: r.Scope.Value()}
	for _, q := range r.Questions {
		question, err := q.value()
		if err != nil {
			return nil, err
		}
		out.Questions = append(out.Questions, question)
	}
	return out, out.Check()
}

// Value is the zkp.Scope.
func (s Scope) Value() zkp.Scope {
	return zkp.Scope{Kind: zkp.ScopeKind(s.Kind), Owner: s.Owner, ID: s.ID}
}

func (q *Question) value() (out zkp.Question, err error) {
	if out.Schema, err = zkp.ParseElement(q.Schema); err != nil {
		return out, err
	}
	for _, s := range q.Statements {
		statement, err := s.value()
		if err != nil {
			return out, err
		}
		out.Statements = append(out.Statements, statement)
	}
	return out, nil
}

func (s *Statement) value() (zkp.Statement, error) {
	out := zkp.Statement{Table: s.Table}
	if len(s.Predicates) > len(out.Predicates) {
		return out, fmt.Errorf("%w: %d predicates", ErrForm, len(s.Predicates))
	}
	for i, p := range s.Predicates {
		predicate, err := p.value()
		if err != nil {
			return out, err
		}
		out.Predicates[i] = predicate
	}
	return out, nil
}

func (p *Predicate) value() (zkp.Predicate, error) {
	op, known := ops[p.Op]
	if !known {
		return zkp.Predicate{}, fmt.Errorf("%w: unknown operation", ErrForm)
	}
	out := zkp.Predicate{Op: op, Slot: p.Slot, Low: p.Low, High: p.High}
	var err error
	if len(p.Value) > 0 {
		if out.Value, err = zkp.ParseElement(p.Value); err != nil {
			return out, err
		}
	}
	if len(p.Set) > 0 {
		members := make([]zkp.Element, len(p.Set))
		for i, b := range p.Set {
			if members[i], err = zkp.ParseElement(b); err != nil {
				return out, err
			}
		}
		out.Set, err = zkp.NewSet(members...)
	}
	return out, err
}

// Credential is a zkp.Credential. It holds everything that a proof hides, the
// holder's secret included: it stays in the page.
type Credential struct {
	Endorsement string   `json:"endorsement"` // as zkp.Endorsement.String writes it
	Schema      []byte   `json:"schema"`
	Attributes  [][]byte `json:"attributes"` // by slot
	Secret      []byte   `json:"secret"`
}

// Value is the zkp.Credential. Whether its issuer signed it is for
// zkp.Credential.Check.
func (c *Credential) Value() (*zkp.Credential, error) {
	endorsement, err := zkp.ParseEndorsement(c.Endorsement)
	if err != nil {
		return nil, err
	}
	if len(c.Secret) != zkp.SecretSize || len(c.Attributes) != zkp.Slots {
		return nil, fmt.Errorf("%w: secret or attributes", ErrForm)
	}
	out := &zkp.Credential{Endorsement: endorsement, Secret: zkp.Secret(c.Secret)}
	if out.Schema, err = zkp.ParseElement(c.Schema); err != nil {
		return nil, err
	}
	for i, b := range c.Attributes {
		if out.Attributes[i], err = zkp.ParseElement(b); err != nil {
			return nil, err
		}
	}
	return out, nil
}
