package issuer

import (
	"fmt"
	"time"

	"github.com/hufu-id/hufu/vault"
	"github.com/hufu-id/hufu/zkp"
)

// people decides who may hold what: it ties a person to one holder commitment a
// schema, and to one credential in force a type.
type people interface {
	// find returns the person of a type; a new one where the desk knows none.
	find(tx vault.Tx, t *Type, name string) (*person, error)
	// known returns the person whom an offer names.
	known(tx vault.Tx, id string) (*person, error)
	// bind ties an application's commitment to a person, and returns the day from which
	// the person has it. The error is ErrCommitment.
	bind(tx vault.Tx, p *person, a *application, rebind bool, today zkp.Day, now time.Time) (zkp.Day, error)
	// keep stores a person.
	keep(tx vault.Tx, p *person) error
}

// person is what a desk knows of a person under one schema.
type person struct {
	Schema     string     `json:"schema"`
	Commitment []byte     `json:"commitment,omitzero"`
	Bound      zkp.Day    `json:"bound,omitzero"`
	Offers     []promised `json:"offers,omitzero"` // not taken up, one a type
	Held       []held     `json:"held,omitzero"`   // in force when last looked at
	// Rebound lists the bindings that took the place of earlier ones.
	Rebound []rebound `json:"rebound,omitzero"`

	id string
}

type promised struct {
	Type string `json:"type"`
	Code string `json:"code"` // hash
}

type held struct {
	Type  string `json:"type"`
	Place entry  `json:"place"`
}

// registry keeps people in the desk's own store.
type registry struct{}

func (registry) find(tx vault.Tx, t *Type, name string) (*person, error) {
	p := &person{Schema: t.Schema.ID, id: hashText("person", t.Schema.ID, name)}
	_, err := get(tx, kindPerson, p.id, p)
	return p, err
}

func (registry) known(tx vault.Tx, id string) (*person, error) {
	p := &person{id: id}
	there, err := get(tx, kindPerson, id, p)
	if err == nil && !there {
		err = fmt.Errorf("%w: no person of this offer", vault.ErrDamaged)
	}
	return p, err
}

func (registry) keep(tx vault.Tx, p *person) error { return put(tx, kindPerson, p.id, p) }

// look forgets what is no longer in force.
func (p *person) look(tx vault.Tx, today zkp.Day) error {
	var left []held
	for _, h := range p.Held {
		c, err := getIssued(tx, h.Place)
		if err != nil {
			return err
		}
		if c.Revoked.IsZero() && c.NotAfter >= today {
			left = append(left, h)
		}
	}
	p.Held = left
	return nil
}

// holds reports whether a credential of the type is in force, beside the copies of an
// answer.
func (p *person) holds(typ string, beside *taken) bool {
	for _, h := range p.Held {
		if h.Type == typ && beside.copyAt(h.Place) < 0 {
			return true
		}
	}
	return false
}

// offer is the hash of the code of the offer that waits for the person, or empty.
func (p *person) offer(typ string) string {
	for _, o := range p.Offers {
		if o.Type == typ {
			return o.Code
		}
	}
	return ""
}

// promise notes an offer in place of the one before; an empty code notes none.
func (p *person) promise(typ, code string) {
	var left []promised
	for _, o := range p.Offers {
		if o.Type != typ {
			left = append(left, o)
		}
	}
	if code != "" {
		left = append(left, promised{typ, code})
	}
	p.Offers = left
}
