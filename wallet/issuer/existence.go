package issuer

import (
	"bytes"
	"context"
	"encoding/hex"
	"errors"
	"fmt"

	"github.com/hufu-id/hufu/credential"
	"github.com/hufu-id/hufu/ledger"
	"github.com/hufu-id/hufu/openid"
	"github.com/hufu-id/hufu/provenance"
	"github.com/hufu-id/hufu/vault"
	"github.com/hufu-id/hufu/zkp"
)

// ErrNotAnchored: no anchor covers this credential yet, or the desk did not issue it.
var ErrNotAnchored = errors.New("issuer: no anchor covers this credential")

// existence is what shows that a credential existed, by the hash of the credential.
type existence struct {
	Place entry                 `json:"place"`
	Root  string                `json:"root"` // of its batch
	Path  *provenance.Existence `json:"path"` // without the places in the log
}

// anchoring is an anchor over many credentials. There is one that is pending at most.
type anchoring struct {
	Operations []byte   `json:"operations,omitzero"` // ledger.FormatBatch, until it is in the log
	KeyID      string   `json:"keyId,omitzero"`      // signed them
	Members    []string `json:"members,omitzero"`    // ids of their existences, until then
	Root       string   `json:"root"`
	Leaf       uint64   `json:"leaf,omitzero"` // in the log, and that of the state after it
	State      uint64   `json:"state,omitzero"`
}

const pendingBatch = "pending" // id of the one

func existenceID(credential string) string {
	hash := openid.CredentialHash(credential)
	return hashText("existence", hex.EncodeToString(hash[:]))
}

// AnchorIssued anchors what was issued or signed anew since it was called last, and
// returns how many credentials. Each gets a path, kept in the desk's store, by which its
// holder shows that it existed by now: it counts then, with counters that take it, even
// if the desk's key is stolen one day. What is not anchored by that day never can be.
// Call it every day or so, or never: the ledger learns how many credentials there were,
// and nothing of any.
//
// An anchor covers at most provenance.MaxBatch credentials. Stop it at any time: what was
// begun is finished at its next use, or by Recover. Revoked and expired credentials are
// left out. It needs Config.Reader.
func (d *Desk) AnchorIssued(ctx context.Context) (n int, err error) {
	defer d.ended(ctx, "anchor-issued", d.cfg.Clock(), &err)
	defer judge(&err, CheckEntry)
	if d.cfg.Reader == nil {
		return 0, fmt.Errorf("%w: places in the log are read, and there is no reader of it", ErrConfig)
	}
	var damaged []error
	for {
		some, err := d.settleBatch(ctx)
		n += some
		if err != nil {
			return n, err
		}
		more, unread, err := d.gather(ctx)
		if err != nil {
			return n, err
		}
		if damaged = append(damaged, unread...); !more {
			return n, errors.Join(damaged...)
		}
	}
}

// settleBatch brings the pending batch to the ledger, and returns how many credentials
// are anchored by it. An error means that it is not known, but for a refusal: then
// nothing is pending, and the credentials wait for the next call.
func (d *Desk) settleBatch(ctx context.Context) (int, error) {
	d.settling.Lock()
	defer d.settling.Unlock()
	b := new(anchoring)
	var there bool
	err := d.cfg.Store.View(ctx, func(tx vault.Tx) (err error) {
		there, err = get(tx, kindBatch, pendingBatch, b)
		return err
	})
	if err != nil || !there {
		return 0, err
	}
	ops, err := ledger.ParseBatch(b.Operations)
	if err != nil {
		return 0, fmt.Errorf("%w: pending operations: %w", vault.ErrDamaged, err)
	}
	receipt, err := d.cfg.Ledger.Submit(ctx, ops...)
	switch {
	case err == nil && (receipt == nil || len(receipt.Operations) != 1):
		return 0, fmt.Errorf("%w: receipt of another batch", ledger.ErrReader)
	case err == nil:
		return d.anchored(ctx, b, ops[0], receipt.Operations[0].Index)
	case !isRefusal(err):
		return 0, err
	}
	if err := d.dropBatch(ctx, b); err != nil {
		return 0, err
	}
	if b.KeyID != d.cfg.Keys.KeyID { // it is made again with the key of today
		return 0, nil
	}
	return 0, err
}

// anchored writes down where in the log a batch is, once the log proves it. Whoever comes
// second changes nothing.
func (d *Desk) anchored(ctx context.Context, b *anchoring, op *ledger.SignedOperation, leaf uint64) (n int, err error) {
	if err := d.cfg.Reader.Follow(ctx); err != nil {
		return 0, err
	}
	state, err := d.cfg.Reader.StateAfter(ctx, leaf)
	if err != nil {
		return 0, err
	}
	leaves, err := d.cfg.Reader.Leaves(ctx, leaf, state)
	if err != nil {
		return 0, err
	}
	if !bytes.Equal(leaves[0], op.Bytes()) || !ledger.IsStateLeaf(leaves[1]) {
		return 0, fmt.Errorf("%w: another leaf at the place of the anchor", ledger.ErrReader)
	}
	err = d.cfg.Store.Update(ctx, func(tx vault.Tx) error {
		n = 0
		if mine, err := isPending(tx, b); !mine || err != nil {
			return err
		}
		n = len(b.Members)
		done := &anchoring{Root: b.Root, Leaf: leaf, State: state}
		return errors.Join(tx.Delete(kindBatch, pendingBatch), put(tx, kindBatch, b.Root, done))
	})
	return n, err
}

// dropBatch undoes what gather did.
func (d *Desk) dropBatch(ctx context.Context, b *anchoring) error {
	return d.cfg.Store.Update(ctx, func(tx vault.Tx) error {
		if mine, err := isPending(tx, b); !mine || err != nil {
			return err
		}
		for _, id := range b.Members {
			e := new(existence)
			if _, err := get(tx, kindExistence, id, e); err != nil {
				return err
			}
			if err := errors.Join(tx.Delete(kindExistence, id), unanchored(tx, e.Place)); err != nil {
				return err
			}
		}
		return tx.Delete(kindBatch, pendingBatch)
	})
}

// isPending reports whether a batch still is the pending one.
func isPending(tx vault.Tx, b *anchoring) (bool, error) {
	now := new(anchoring)
	there, err := get(tx, kindBatch, pendingBatch, now)
	return there && now.Root == b.Root, err
}

// gather makes the next batch, in one transaction, and reports whether there is more to
// do. It leaves out what it cannot read, and says why.
func (d *Desk) gather(ctx context.Context) (more bool, unread []error, err error) {
	today, err := d.today()
	if err != nil {
		return false, nil, err
	}
	err = d.cfg.Store.Update(ctx, func(tx vault.Tx) error {
		unread = nil
		if more, err = get(tx, kindBatch, pendingBatch, new(anchoring)); more || err != nil {
			return err
		}
		places, err := d.waiting(tx)
		if err != nil {
			return err
		}
		more = len(places) > 0
		var members []entry
		var credentials []*credential.SDJWT
		for _, at := range places {
			sd, err := inForce(tx, at, today)
			switch {
			case errors.Is(err, vault.ErrDamaged):
				unread = append(unread, err)
			case err != nil:
				return err
			case sd != nil:
				members, credentials = append(members, at), append(credentials, sd)
			}
		}
		if len(members) == 0 {
			return nil
		}
		return d.putBatch(tx, members, credentials)
	})
	return more, unread, err
}

// inForce returns the credential at a place, nil where it is revoked or expired.
func inForce(tx vault.Tx, at entry, today zkp.Day) (*credential.SDJWT, error) {
	c, err := getIssued(tx, at)
	if err != nil || !c.Revoked.IsZero() || c.Revoking || c.NotAfter < today {
		return nil, err
	}
	o, err := getOffer(tx, c.Offer)
	n := -1
	if err == nil {
		n = o.Taken.copyAt(at)
	}
	if n < 0 {
		return nil, err
	}
	return credentialIn(o.Taken.Response, n)
}

// waiting marks entries that no anchor covers, and returns them: as many as one covers.
func (d *Desk) waiting(tx vault.Tx) (places []entry, err error) {
	records, err := tx.List(kindList)
	if err != nil {
		return nil, err
	}
	for _, r := range records {
		l, err := getList(tx, r.ID)
		if err != nil {
			return nil, err
		}
		for n := range l.Free {
			taken, err := l.page(tx, kindTaken, n)
			if err != nil {
				return nil, err
			}
			anchored, err := l.page(tx, kindAnchored, n)
			if err != nil {
				return nil, err
			}
			found := len(places)
			for i := range taken {
				for bit := range 8 {
					if len(places) < provenance.MaxBatch && (taken[i]&^anchored[i])>>bit&1 == 1 {
						anchored[i] |= 1 << bit
						places = append(places, entry{l.URI, n*pageBits + i*8 + bit})
					}
				}
			}
			if found == len(places) {
				continue
			}
			if err := l.savePage(tx, kindAnchored, n, anchored); err != nil {
				return nil, err
			}
		}
	}
	return places, nil
}

// unanchored lets an entry wait for an anchor again, as after a new signature.
func unanchored(tx vault.Tx, at entry) error {
	page, bit := pageID(at.List, at.Index/pageBits), at.Index%pageBits
	r, err := tx.Get(kindAnchored, page)
	if errors.Is(err, vault.ErrNotFound) {
		return nil // nothing is
	}
	if err == nil && bit/8 >= len(r.Value) {
		err = fmt.Errorf("%w: page of a status list", vault.ErrDamaged)
	}
	if err != nil {
		return err
	}
	r.Value[bit/8] &^= 1 << (bit % 8)
	return tx.Put(kindAnchored, page, r.Value)
}

func (d *Desk) putBatch(tx vault.Tx, members []entry, credentials []*credential.SDJWT) error {
	root, paths, err := provenance.NewExistences(credentials)
	if err != nil {
		return err
	}
	ops, err := ledger.SignObjects(d.cfg.Keys.Ledger, []ledger.Object{
		&ledger.Anchor{Hash: root, Count: uint64(len(members)), Agency: d.cfg.Keys.DID},
	}, d.cfg.Keys.Key)
	if err != nil {
		return err
	}
	b := &anchoring{Operations: ledger.FormatBatch(ops), KeyID: d.cfg.Keys.KeyID, Root: hex.EncodeToString(root[:])}
	for i, at := range members {
		id := existenceID(credentials[i].String())
		b.Members = append(b.Members, id)
		if err := put(tx, kindExistence, id, &existence{Place: at, Root: b.Root, Path: paths[i]}); err != nil {
			return err
		}
	}
	return put(tx, kindBatch, pendingBatch, b)
}

// Existence returns what shows that a credential existed, a provenance.Existence in its
// canonical form, to the credential's holder: the request (openid.SignExistence) is
// signed with the holder key. It is kept after the credential was signed anew, for
// whoever has the old one. Existence changes nothing and asks nobody. The answer tells
// nothing of the person; whoever has it as well as the credential knows that they belong
// together.
//
// The reason of a refusal is [ErrNotAnchored], [ErrHolder], openid.ErrProofAudience, or
// openid.ErrProofTime for a request older than five minutes.
func (d *Desk) Existence(ctx context.Context, request []byte) (path []byte, err error) {
	defer d.ended(ctx, "existence", d.cfg.Clock(), &err)
	defer judge(&err, CheckApplication)
	r, err := openid.ParseExistence(string(request))
	if err != nil {
		return nil, err
	}
	holder, err := r.Verify(d.cfg.Keys.DID, openid.VerifyOptions{Now: d.cfg.Clock()})
	if err != nil {
		return nil, err
	}
	id := hashText("existence", hex.EncodeToString(r.Unverified.Credential[:]))
	err = d.cfg.Store.View(ctx, func(tx vault.Tx) error {
		e, b := new(existence), new(anchoring)
		there, err := get(tx, kindExistence, id, e)
		if there && err == nil {
			there, err = get(tx, kindBatch, e.Root, b)
		}
		switch {
		case err == nil && !there:
			err = ErrNotAnchored
		case err == nil && e.Path == nil:
			err = fmt.Errorf("%w: existence without a path", vault.ErrDamaged)
		}
		if err != nil {
			return err
		}
		c, err := getIssued(tx, e.Place)
		if err != nil {
			return err
		}
		if _, err := heldBy(tx, c.Offer, e.Place, holder); err != nil {
			return err
		}
		e.Path.Leaf, e.Path.State = b.Leaf, b.State
		path = e.Path.Bytes()
		return nil
	})
	return path, err
}
