package issuer

import (
	"context"
	"errors"
	"slices"

	"github.com/hufu-id/hufu/vault"
)

// Revoke ends the credential that was issued under an offer's code: its bit in
// the status list, and its handle in the revocation tree, which the next epoch
// shows. Both go to the ledger in one batch, and the public list follows.
//
// A *Rejected says that nothing was revoked. After an *Unchecked the desk's next use
// finishes the revocation, as does Revoke itself when it is called again.
func (d *Desk) Revoke(ctx context.Context, code string) (err error) {
	defer d.ended(ctx, "revoke", d.cfg.Clock(), &err)
	defer judge(&err, CheckRevocation)
	return d.revokeOffer(ctx, hashText("offer", code))
}

// RevokeID is Revoke by the id of an offer, which Offer returns beside its code.
func (d *Desk) RevokeID(ctx context.Context, id string) (err error) {
	defer d.ended(ctx, "revoke", d.cfg.Clock(), &err)
	defer judge(&err, CheckRevocation)
	return d.revokeOffer(ctx, id)
}

// revokeOffer ends every copy that was issued under an offer and is not revoked yet.
func (d *Desk) revokeOffer(ctx context.Context, id string) error {
	return d.revoke(ctx, func(tx vault.Tx) ([]entry, error) {
		o, err := getOffer(tx, id)
		if err != nil {
			return nil, err
		}
		if o.Taken == nil {
			return nil, ErrNotIssued
		}
		return notRevoked(tx, o.Taken.places())
	})
}

// notRevoked leaves out what is revoked. The error is ErrRevoked where nothing is left.
func notRevoked(tx vault.Tx, places []entry) (left []entry, err error) {
	for _, at := range places {
		c, err := getIssued(tx, at)
		if err != nil {
			return nil, err
		}
		if c.Revoked.IsZero() {
			left = append(left, at)
		}
	}
	if len(left) == 0 {
		return nil, ErrRevoked
	}
	return left, nil
}

// RevokeBy ends what stands under an external id: the credentials in force, as Revoke
// does, and the offers that nobody took up. The reason of a refusal is [ErrNotIssued]
// where nothing stands under it, or [ErrRevoked] where all of it has ended.
func (d *Desk) RevokeBy(ctx context.Context, externalID string) (err error) {
	defer d.ended(ctx, "revoke", d.cfg.Clock(), &err)
	defer judge(&err, CheckRevocation)
	return d.revoke(ctx, func(tx vault.Tx) ([]entry, error) {
		e := new(external)
		there, err := get(tx, kindExternal, hashText("external", externalID), e)
		if err != nil {
			return nil, err
		}
		if !there || externalID == "" || len(e.Held)+len(e.Offers) == 0 {
			return nil, ErrNotIssued
		}
		for _, id := range e.Offers {
			if err := d.end(tx, id); err != nil {
				return nil, err
			}
		}
		if len(e.Held) == 0 {
			return nil, nil
		}
		left, err := notRevoked(tx, e.Held)
		if len(e.Offers) > 0 && errors.Is(err, ErrRevoked) {
			err = nil
		}
		return left, err
	})
}

// end withdraws an offer, also from its person.
func (d *Desk) end(tx vault.Tx, id string) error {
	o, err := getOffer(tx, id)
	if err != nil {
		return err
	}
	p, err := d.people.known(tx, o.Person)
	if err != nil {
		return err
	}
	p.promise(o.Type, "")
	if err := d.people.keep(tx, p); err != nil {
		return err
	}
	_, err = d.withdraw(tx, id, func(*offer) bool { return false })
	return err
}

// revoke asks for the revocation of credentials, and settles their lists.
func (d *Desk) revoke(ctx context.Context, find func(vault.Tx) ([]entry, error)) error {
	var found []entry
	err := d.cfg.Store.Update(ctx, func(tx vault.Tx) (err error) {
		if found, err = find(tx); err != nil {
			return err
		}
		for _, at := range found {
			if err := want(tx, at); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	var lists []string
	for _, at := range found {
		if !slices.Contains(lists, at.List) {
			lists = append(lists, at.List)
		}
	}
	for _, uri := range lists {
		out, err := d.settle(ctx, uri)
		if err := errors.Join(d.became(ctx, found, uri, out), err); err != nil {
			return err
		}
	}
	return nil
}

// became says whether the credentials of a list are revoked, once nothing is pending.
func (d *Desk) became(ctx context.Context, found []entry, uri string, out *outcome) error {
	return d.cfg.Store.View(ctx, func(tx vault.Tx) error {
		for _, at := range found {
			if at.List != uri {
				continue
			}
			c, err := getIssued(tx, at)
			switch {
			case err != nil:
				return err
			case out.dropped[at] != nil:
				return out.dropped[at]
			case c.Revoked.IsZero() && !c.Revoking: // dropped by another process
				return ErrDropped
			}
		}
		return nil
	})
}

// want asks for the revocation of a credential.
func want(tx vault.Tx, at entry) error {
	c, err := getIssued(tx, at)
	switch {
	case err != nil:
		return err
	case !c.Revoked.IsZero():
		return ErrRevoked
	case c.Revoking:
		return nil
	}
	l, err := getList(tx, at.List)
	if err != nil {
		return err
	}
	c.Revoking = true
	l.Waiting = append(l.Waiting, at.Index)
	return errors.Join(put(tx, kindCredential, at.id(), c), l.save(tx))
}

// markRevoked writes down that the ledger has a revocation. The answer is no longer
// given again.
func (d *Desk) markRevoked(tx vault.Tx, at entry) error {
	c, err := getIssued(tx, at)
	if err != nil {
		return err
	}
	if c.Revoking = false; c.Revoked.IsZero() {
		c.Revoked = d.cfg.Clock().UTC()
	}
	o, err := getOffer(tx, c.Offer)
	if err != nil {
		return err
	}
	if err := put(tx, kindCredential, at.id(), c); err != nil {
		return err
	}
	if o.Taken.copyAt(at) < 0 {
		return nil // of an earlier answer
	}
	o.Taken.Ended = true
	switch _, err := notRevoked(tx, o.Taken.places()); {
	case errors.Is(err, ErrRevoked):
		o.Taken.Response = nil
	case err != nil:
		return err
	}
	return put(tx, kindOffer, c.Offer, o)
}

func without[T comparable](list []T, one T) []T {
	return slices.DeleteFunc(list, func(other T) bool { return other == one })
}
