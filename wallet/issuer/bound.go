package issuer

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"time"

	"github.com/hufu-id/hufu/ledger"
	"github.com/hufu-id/hufu/vault"
	"github.com/hufu-id/hufu/zkp"
)

// A desk of an identity type takes a bare commitment. Its own records keep two of its
// people from sharing one. That two desks of a type do not bind one secret to two
// people is the ledger's doing: before the desk issues, it anchors a hash that is the
// same for one commitment at every desk of the type, and the ledger takes an anchor for
// a type once. The hash says nothing of the person: the commitment is as random as the secret.

// claim is a commitment that the ledger is asked to give to this desk.
type claim struct {
	Person     string `json:"person"`
	Operations []byte `json:"operations,omitzero"` // ledger.FormatBatch, until it is ours
	KeyID      string `json:"keyId,omitzero"`      // signed them
	Salt       []byte `json:"salt,omitzero"`       // of the entry that logs a new binding
	Ours       bool   `json:"ours,omitzero"`
}

// rebound is a binding that took the place of an earlier one.
type rebound struct {
	At   time.Time `json:"at"`
	Salt []byte    `json:"salt"`
	From []byte    `json:"from"` // commitment
}

func commitmentID(schema string, commitment zkp.Element) string {
	c := commitment.Bytes()
	return hashText("commitment", schema, hex.EncodeToString(c[:]))
}

// anchorOf is the hash that every desk of a type derives from a commitment.
func anchorOf(schema string, commitment zkp.Element) [32]byte {
	c := commitment.Bytes()
	h := sha256.New()
	fmt.Fprintf(h, "hufu/bound/1\x00%s\x00", schema)
	h.Write(c[:])
	return [32]byte(h.Sum(nil))
}

// rebindingOf is the salted hash by which an auditor finds a new binding in the log.
func rebindingOf(salt []byte, person string, from, to []byte) [32]byte {
	h := sha256.New()
	fmt.Fprintf(h, "hufu/rebound/1\x00%s\x00", person)
	for _, b := range [][]byte{salt, from, to} {
		h.Write(b)
	}
	return [32]byte(h.Sum(nil))
}

// claimCommitment has the ledger give a commitment to this desk before a person is bound
// to it. Asking again, after a crash or an answer that was lost, sends the same bytes.
func (d *Desk) claimCommitment(ctx context.Context, a *application) error {
	id := commitmentID(a.typ.Schema.ID, a.commitment)
	for range 2 { // a second time after a change of the desk's key
		var c *claim
		err := d.cfg.Store.Update(ctx, func(tx vault.Tx) (err error) {
			c, err = d.prepareClaim(tx, a, id)
			return err
		})
		if err != nil || c.Ours {
			return err
		}
		ops, err := ledger.ParseBatch(c.Operations)
		if err != nil {
			return fmt.Errorf("%w: pending operations: %w", vault.ErrDamaged, err)
		}
		_, err = d.cfg.Ledger.Submit(ctx, ops...)
		switch {
		case err == nil:
			return d.cfg.Store.Update(ctx, func(tx vault.Tx) error {
				c.Ours, c.Operations = true, nil
				return put(tx, kindCommitment, id, c)
			})
		case !isRefusal(err):
			return err
		}
		if err := d.cfg.Store.Update(ctx, func(tx vault.Tx) error { return tx.Delete(kindCommitment, id) }); err != nil {
			return err
		}
		if errors.Is(err, ledger.ErrConflict) {
			return fmt.Errorf("%w: another desk bound it", ErrCommitment)
		}
		if c.KeyID == d.cfg.Keys.KeyID {
			return err
		}
	}
	return ErrCommitment
}

// prepareClaim returns the claim to a commitment, and makes it where there is none.
func (d *Desk) prepareClaim(tx vault.Tx, a *application, id string) (*claim, error) {
	o, p, _, err := d.ready(tx, a)
	if err != nil {
		return nil, err
	}
	c := new(claim)
	there, err := get(tx, kindCommitment, id, c)
	if err != nil {
		return nil, err
	}
	if there && c.Person != p.id {
		return nil, ErrCommitment
	}
	commitment := a.commitment.Bytes()
	fresh := len(p.Commitment) == 0
	if other := !fresh && string(p.Commitment) != string(commitment[:]); other && !o.Rebind {
		return nil, ErrCommitment
	}
	if there {
		return c, nil
	}
	objects := []ledger.Object{&ledger.Anchor{
		Hash: anchorOf(p.Schema, a.commitment), Count: 1, Agency: d.cfg.Keys.DID, Type: a.typ.Schema.VCT,
	}}
	*c = claim{Person: p.id, KeyID: d.cfg.Keys.KeyID}
	if !fresh {
		c.Salt = make([]byte, 16)
		_, _ = rand.Read(c.Salt) // never fails
		objects = append(objects, &ledger.Audit{
			Agency: d.cfg.Keys.DID, Hash: rebindingOf(c.Salt, p.id, p.Commitment, commitment[:]),
		})
	}
	ops, err := ledger.SignObjects(d.cfg.Keys.Ledger, objects, d.cfg.Keys.Key)
	if err != nil {
		return nil, err
	}
	c.Operations = ledger.FormatBatch(ops)
	return c, put(tx, kindCommitment, id, c)
}

// bind ties a commitment to a person and returns the binding day. A commitment belongs
// to its person for good. One that takes the place of another is bound today, whatever
// day it was bound elsewhere: until today the person could answer with the other.
func (registry) bind(tx vault.Tx, p *person, a *application, rebind bool, today zkp.Day, now time.Time) (zkp.Day, error) {
	id, c := commitmentID(p.Schema, a.commitment), a.commitment.Bytes()
	given := new(claim)
	there, err := get(tx, kindCommitment, id, given)
	switch {
	case err != nil:
		return 0, err
	case there && given.Person != p.id:
		return 0, ErrCommitment
	case a.shown == nil && (!there || !given.Ours):
		return 0, ErrCommitment
	case string(p.Commitment) == string(c[:]):
		return p.Bound, nil
	}
	fresh, day := len(p.Commitment) == 0, today
	if a.shown != nil {
		// Another desk found out who the person is. A later binding takes the place of
		// an earlier one: that desk logged it. Of two bindings of one day the later is
		// the one that was not seen here yet.
		if !fresh && (a.shown.Bound < p.Bound || a.shown.Bound == p.Bound && there) {
			return 0, ErrCommitment
		}
		if fresh {
			day = a.shown.Bound
		}
		if err := put(tx, kindCommitment, id, &claim{Person: p.id, Ours: true}); err != nil {
			return 0, err
		}
	} else if !fresh {
		if !rebind {
			return 0, ErrCommitment
		}
		p.Rebound = append(p.Rebound, rebound{At: now.UTC(), Salt: given.Salt, From: p.Commitment})
	}
	p.Commitment, p.Bound = c[:], day
	return day, nil
}

// isIdentity reports whether the desk of a type finds out itself who a person is.
func (t *Type) isIdentity() bool { return len(t.Schema.BoundBy) == 0 }
