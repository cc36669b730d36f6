package issuer

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/go-json-experiment/json"

	"github.com/hufu-id/hufu/did"
	"github.com/hufu-id/hufu/internal/limits"
	"github.com/hufu-id/hufu/internal/strictjson"
	"github.com/hufu-id/hufu/ledger"
	"github.com/hufu-id/hufu/status"
	"github.com/hufu-id/hufu/vault"
)

// Revoke ends the credential that was issued under an offer's code: its bit in
// the status list, and its handle in the revocation tree, which the next epoch
// shows. Both go to the ledger in one batch. The desk's own record changes
// after the ledger has answered; doing it twice is refused there.
func (d *Desk) Revoke(ctx context.Context, code string) (err error) {
	defer d.ended(ctx, "revoke", d.cfg.Clock(), &err)
	defer judge(&err, CheckRevocation)
	d.turn.Lock()
	defer d.turn.Unlock()
	var o *offer
	var list *list
	err = d.store.View(ctx, func(tx vault.Tx) (err error) {
		if o, err = getOffer(tx, code); err != nil {
			return err
		}
		list, err = d.statusList(tx)
		return err
	})
	switch {
	case err != nil:
		return err
	case o.Issued == nil:
		return ErrNotIssued
	case !o.Issued.Revoked.IsZero():
		return ErrRevoked
	}
	if err := list.status.Set(o.Issued.Index, status.Invalid); err != nil {
		return err
	}
	list.sequence++
	revocation := &ledger.Revocation{ProofKey: d.keys.Proof.ProofKey().Bytes(), List: d.StatusURI(), Index: uint64(o.Issued.Index)}
	copy(revocation.Random[:], o.Issued.Random)
	if err := d.publish(ctx, list, revocation); err != nil {
		return err
	}
	o.Issued.Revoked = d.cfg.Clock().UTC()
	value, err := json.Marshal(o)
	if err != nil {
		return err
	}
	return d.store.Update(ctx, func(tx vault.Tx) error {
		if err := list.save(tx); err != nil {
			return err
		}
		return tx.Put(kindOffer, hashText(code), value)
	})
}

// Publish signs the status list anew and puts its root on the ledger: at the
// opening of the desk, and before a signed list expires.
func (d *Desk) Publish(ctx context.Context) (err error) {
	defer d.ended(ctx, "publish", d.cfg.Clock(), &err)
	defer judge(&err, CheckStatus)
	d.turn.Lock()
	defer d.turn.Unlock()
	var list *list
	err = d.store.View(ctx, func(tx vault.Tx) (err error) {
		list, err = d.statusList(tx)
		return err
	})
	if err != nil {
		return err
	}
	list.sequence++
	if err := d.publish(ctx, list); err != nil {
		return err
	}
	return d.store.Update(ctx, func(tx vault.Tx) error { return list.save(tx) })
}

// publish makes the signed list public first: readers who see the new root on
// the ledger must find the list that belongs to it.
func (d *Desk) publish(ctx context.Context, list *list, more ...ledger.Object) error {
	now := d.cfg.Clock()
	expires := now.Add(time.Duration(d.cfg.StatusDays) * 24 * time.Hour)
	token, err := status.Sign(ctx, d.keys.Key, did.Header{Kid: d.keys.KeyID},
		status.Claims{Subject: d.StatusURI(), IssuedAt: now, Expires: expires}, list.status)
	if err != nil {
		return err
	}
	objects := append([]ledger.Object{&ledger.Status{
		URI: d.StatusURI(), Issuer: d.keys.DID, Sequence: list.sequence,
		Root: list.status.Root(), ValidUntil: expires.Unix(),
	}}, more...)
	ops, err := ledger.SignObjects(objects, d.keys.Key)
	if err != nil {
		return err
	}
	if err := d.cfg.Publisher.Publish(ctx, d.StatusURI(), []byte(token)); err != nil {
		return fmt.Errorf("issuer: publishing the status list: %w", err)
	}
	_, err = d.cfg.Ledger.Submit(ctx, ops...)
	return err
}

// list is the status list and which of its entries are taken.
type list struct {
	status   *status.List
	taken    map[int]bool
	sequence uint64
}

type listRecord struct {
	List     []byte `json:"list"` // status.List.Bytes
	Taken    []int  `json:"taken"`
	Sequence uint64 `json:"sequence"`
}

const listID = "list"

func (d *Desk) statusList(tx vault.Tx) (*list, error) {
	r, err := tx.Get(kindStatus, listID)
	if errors.Is(err, vault.ErrNotFound) {
		fresh, err := status.New(1, d.cfg.StatusSize)
		return &list{status: fresh, taken: map[int]bool{}}, err
	}
	if err != nil {
		return nil, err
	}
	var rec listRecord
	if err := strictjson.Read(r.Value, limits.Record, &rec); err != nil {
		return nil, fmt.Errorf("%w: stored status list: %w", vault.ErrDamaged, err)
	}
	l := &list{taken: make(map[int]bool, len(rec.Taken)), sequence: rec.Sequence}
	for _, i := range rec.Taken {
		l.taken[i] = true
	}
	if l.status, err = status.ParseList(rec.List); err != nil {
		return nil, fmt.Errorf("%w: stored status list: %w", vault.ErrDamaged, err)
	}
	return l, nil
}

// allocate draws an unpredictable unused index, so that neighbours in the list
// were not neighbours at the desk.
func (l *list) allocate() (int, error) {
	i, err := status.Allocate(l.status.Size(), func(i int) bool { return l.taken[i] })
	if err == nil {
		l.taken[i] = true
	}
	return i, err
}

func (l *list) save(tx vault.Tx) error {
	b, err := l.status.Bytes()
	if err != nil {
		return err
	}
	rec := listRecord{List: b, Sequence: l.sequence}
	for i := range l.taken {
		rec.Taken = append(rec.Taken, i)
	}
	value, err := json.Marshal(rec)
	if err != nil {
		return err
	}
	return tx.Put(kindStatus, listID, value)
}
