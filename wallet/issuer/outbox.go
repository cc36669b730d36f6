package issuer

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/hufu-id/hufu/ledger"
	"github.com/hufu-id/hufu/vault"
)

// Every effect outside the store takes the same way. A transaction changes the record
// and notes in the list what is wanted. A second one turns what is wanted into signed
// operations, and keeps them. The ledger gets these very bytes, as often as it takes:
// their ids tell it that it has them already. A third transaction writes down what the
// ledger said. The public file comes last, from what the ledger took.

// maxTogether bounds the revocations of one batch, so that a server takes it.
const maxTogether = 100

// outcome is what became of the revocations of a list.
type outcome struct {
	revoked []entry
	dropped map[entry]error
	renewed bool  // the list has a new signature
	lost    error // a new signature that the ledger refused
}

// settle finishes or drops what is wanted of a list, and makes it public. An error
// means that it is not known; everything stays as it is for the next use.
func (d *Desk) settle(ctx context.Context, uri string) (*outcome, error) {
	d.settling.Lock()
	defer d.settling.Unlock()
	out := &outcome{dropped: map[entry]error{}}
	for {
		p, err := d.prepare(ctx, uri)
		if err != nil {
			return out, err
		}
		if p == nil {
			break
		}
		ops, err := ledger.ParseBatch(p.Operations)
		if err != nil {
			return out, fmt.Errorf("%w: pending operations: %w", vault.ErrDamaged, err)
		}
		_, err = d.cfg.Ledger.Submit(ctx, ops...)
		if err != nil && !isRefusal(err) {
			return out, err
		}
		if err := d.conclude(ctx, uri, p, err, out); err != nil {
			return out, err
		}
	}
	return out, d.makePublic(ctx, uri)
}

func isRefusal(err error) bool {
	var refused *ledger.RefusedError
	return errors.As(err, &refused) || errors.Is(err, ledger.ErrTooLarge)
}

// prepare returns the pending operations of a list, and makes them of what is wanted;
// nil where nothing is.
func (d *Desk) prepare(ctx context.Context, uri string) (p *pending, err error) {
	idle := false
	err = d.cfg.Store.View(ctx, func(tx vault.Tx) error {
		l, err := getList(tx, uri)
		p, idle = l.Pending, !l.Due && len(l.Waiting) == 0
		return err
	})
	if err != nil || p != nil || idle {
		return p, err
	}
	err = d.cfg.Store.Update(ctx, func(tx vault.Tx) error {
		l, err := getList(tx, uri)
		if err != nil {
			return err
		}
		if p = l.Pending; p != nil || !l.Due && len(l.Waiting) == 0 {
			return nil // another process was here meanwhile
		}
		if p, err = d.sign(tx, l); err != nil {
			return err
		}
		l.Pending, l.Due, l.Waiting = p, false, l.Waiting[len(p.all()):]
		return l.save(tx)
	})
	return p, err
}

// sign makes the batch of what is wanted: the list with the new bits, and a
// revocation for each.
func (d *Desk) sign(tx vault.Tx, l *list) (*pending, error) {
	p := &pending{
		Sequence: l.Sequence + 1, KeyID: d.cfg.Keys.KeyID,
		ValidUntil: d.cfg.Clock().Add(time.Duration(d.cfg.StatusDays) * 24 * time.Hour).UTC().Truncate(time.Second),
		Due:        l.Due,
	}
	handles, err := p.choose(tx, l)
	if err != nil {
		return nil, err
	}
	s, err := l.status(tx, p.all())
	if err != nil {
		return nil, err
	}
	objects := []ledger.Object{&ledger.Status{
		URI: l.URI, Issuer: d.cfg.Keys.DID, Sequence: p.Sequence, Root: s.Root(), ValidUntil: p.ValidUntil.Unix(),
	}}
	for n, i := range slices.Concat(p.Indexes, p.Earlier) {
		r := &ledger.Revocation{ProofKey: handles[n].ProofKey, List: l.URI, Index: uint64(i)}
		copy(r.Random[:], handles[n].Random)
		objects = append(objects, r)
	}
	ops, err := ledger.SignObjects(d.cfg.Keys.Ledger, objects, d.cfg.Keys.Key)
	if err != nil {
		return nil, err
	}
	p.Operations = ledger.FormatBatch(ops)
	return p, nil
}

// choose takes the first entries that wait, as many as fit one batch, and returns the
// handle of each and then the earlier ones.
func (p *pending) choose(tx vault.Tx, l *list) (handles []handle, err error) {
	var earlier []handle
	for _, i := range l.Waiting {
		c, err := getIssued(tx, entry{l.URI, i})
		if err != nil {
			return nil, err
		}
		if n := len(handles) + len(earlier); n > 0 && n+1+len(c.Earlier) > maxTogether || len(p.Plain) == maxTogether {
			break
		}
		if c.handle.none() {
			p.Plain = append(p.Plain, i)
			continue
		}
		p.Indexes, handles = append(p.Indexes, i), append(handles, c.handle)
		earlier = append(earlier, c.Earlier...)
		p.Earlier = append(p.Earlier, slices.Repeat([]int{i}, len(c.Earlier))...)
	}
	return append(handles, earlier...), nil
}

// revokes returns the entry that an operation of the batch revokes.
func (p *pending) revokes(operation int) (index int, ok bool) {
	all := slices.Concat(p.Indexes, p.Earlier)
	if operation < 1 || operation > len(all) {
		return 0, false // the list itself
	}
	return all[operation-1], true
}

// conclude writes down what the ledger said of a batch. refusal is nil where it took
// the batch. Two processes may do this for one batch, one after the other.
func (d *Desk) conclude(ctx context.Context, uri string, p *pending, refusal error, out *outcome) error {
	var now outcome
	err := d.cfg.Store.Update(ctx, func(tx vault.Tx) error {
		now = outcome{dropped: map[entry]error{}}
		l, err := getList(tx, uri)
		if err != nil {
			return err
		}
		if same := l.Pending != nil && bytes.Equal(l.Pending.Operations, p.Operations); same {
			l.Pending = nil
		} else if refusal != nil {
			return nil // concluded by another process
		}
		if refusal == nil {
			err = d.accepted(tx, l, p, &now)
		} else {
			err = d.refused(tx, l, p, refusal, &now)
		}
		if err != nil {
			return err
		}
		return l.save(tx)
	})
	if err != nil {
		return err
	}
	out.revoked = append(out.revoked, now.revoked...)
	for at, why := range now.dropped {
		out.dropped[at] = why
	}
	out.renewed, out.lost = out.renewed || now.renewed, errors.Join(out.lost, now.lost)
	return nil
}

// accepted gives a list and its credentials what the ledger has.
func (d *Desk) accepted(tx vault.Tx, l *list, p *pending, out *outcome) error {
	changed, err := l.revoke(tx, p.all())
	if err != nil {
		return err
	}
	for _, i := range p.all() {
		at := entry{l.URI, i}
		if err := d.markRevoked(tx, at); err != nil {
			return err
		}
		out.revoked = append(out.revoked, at)
	}
	if p.Sequence > l.Sequence {
		l.Sequence, l.ValidUntil, l.KeyID = p.Sequence, p.ValidUntil, p.KeyID
		out.renewed = true
	} else if changed { // the ledger's newer list lacks these bits
		l.Due = true
	}
	return nil
}

// refused drops the operation that the ledger names, or all of them. What was signed
// with a key that is no longer in use, or was overtaken by another process, is wanted
// as before.
func (d *Desk) refused(tx vault.Tx, l *list, p *pending, refusal error, out *outcome) error {
	drop, keep := p.all(), []int(nil)
	var r *ledger.RefusedError
	index, named := 0, false
	if errors.As(refusal, &r) {
		index, named = p.revokes(r.Index)
	}
	switch {
	case p.KeyID != d.cfg.Keys.KeyID || p.Sequence <= l.Sequence:
		drop, keep = nil, p.all()
		l.Due = true
	case named:
		drop, keep = []int{index}, without(p.all(), index)
		l.Due = p.Due
	default:
		out.lost = refusal
	}
	l.Waiting = append(keep, l.Waiting...)
	for _, i := range drop {
		at := entry{l.URI, i}
		c, err := getIssued(tx, at)
		if err != nil {
			return err
		}
		c.Revoking = false
		if err := put(tx, kindCredential, at.id(), c); err != nil {
			return err
		}
		out.dropped[at] = refusal
	}
	return nil
}

// makePublic gives the publisher the list that the ledger took last. It holds the
// store meanwhile, so that nobody publishes an older list after it.
func (d *Desk) makePublic(ctx context.Context, uri string) error {
	behind := false
	err := d.cfg.Store.View(ctx, func(tx vault.Tx) error {
		l, err := getList(tx, uri)
		behind = l.Public != l.Sequence
		return err
	})
	if err != nil || !behind {
		return err
	}
	return d.cfg.Store.Update(ctx, func(tx vault.Tx) error {
		l, err := getList(tx, uri)
		if err != nil || l.Public == l.Sequence {
			return err
		}
		token, err := d.token(ctx, tx, l)
		if err != nil {
			return err
		}
		if err := d.cfg.Publisher.Publish(ctx, uri, token); err != nil {
			return fmt.Errorf("%w: %w", ErrNotPublic, err)
		}
		l.Public = l.Sequence
		return l.save(tx)
	})
}

// wanted reports whether a list has something to settle.
func (l *list) wanted() bool {
	return l.Pending != nil || l.Due || len(l.Waiting) > 0 || l.Public != l.Sequence
}

// StatusLists names the status lists that the publisher took, for readers who want them all
// (draft-ietf-oauth-status-list-20, section 9.3).
func (d *Desk) StatusLists(ctx context.Context) (uris []string, err error) {
	defer judge(&err, CheckStatus)
	lists, err := d.lists(ctx)
	for _, l := range lists {
		if l.Public > 0 {
			uris = append(uris, l.URI)
		}
	}
	slices.Sort(uris)
	return uris, err
}

// lists are the heads of all lists in the store, those of other types included.
func (d *Desk) lists(ctx context.Context) (all []*list, err error) {
	err = d.cfg.Store.View(ctx, func(tx vault.Tx) error {
		all = nil
		records, err := tx.List(kindList)
		for _, r := range records {
			l := new(list)
			if _, err := get(tx, kindList, r.ID, l); err != nil {
				return err
			}
			all = append(all, l)
		}
		return err
	})
	return all, err
}
