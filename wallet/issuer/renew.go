package issuer

import (
	"context"
	"errors"
	"iter"
	"math/bits"
	"time"

	"github.com/hufu-id/hufu/status"
	"github.com/hufu-id/hufu/vault"
	"github.com/hufu-id/hufu/zkp"
)

// Publish signs every status list anew, whatever its age, and puts it on the ledger
// and before the public; the first list of each type, too, where there is none. Call
// it after a change of the agency's keys, and leave the rest to Renew.
func (d *Desk) Publish(ctx context.Context) (err error) {
	defer d.ended(ctx, "publish", d.cfg.Clock(), &err)
	defer judge(&err, CheckStatus)
	return d.renew(ctx, func(*list) bool { return true })
}

// Renew signs anew the status lists that need it: those past half of their time, and
// those that were signed with another key than the desk's. It opens the first list of
// each type, and one after each that is full. Call it every hour or so; a desk that
// nobody visits stays valid by it alone.
func (d *Desk) Renew(ctx context.Context) (err error) {
	defer d.ended(ctx, "renew", d.cfg.Clock(), &err)
	defer judge(&err, CheckStatus)
	half := time.Duration(d.cfg.StatusDays) * 12 * time.Hour
	return d.renew(ctx, func(l *list) bool {
		return l.KeyID != d.cfg.Keys.KeyID || l.ValidUntil.Sub(d.cfg.Clock()) < half
	})
}

func (d *Desk) renew(ctx context.Context, due func(*list) bool) error {
	err := d.cfg.Store.Update(ctx, func(tx vault.Tx) error {
		for i := range d.cfg.Types {
			id := d.cfg.Types[i].ID()
			l, err := d.newest(tx, id)
			if err == nil && (l == nil || l.free() == 0) {
				_, err = d.follow(tx, id, l)
			}
			if err != nil {
				return err
			}
		}
		records, err := tx.List(kindList)
		if err != nil {
			return err
		}
		for _, r := range records {
			l, err := getList(tx, r.ID)
			if err != nil {
				return err
			}
			if l.Due || !due(l) {
				continue
			}
			l.Due = true
			if err := l.save(tx); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	lists, err := d.lists(ctx)
	if err != nil {
		return err
	}
	for _, l := range lists {
		if !l.wanted() {
			continue
		}
		out, err := d.settle(ctx, l.URI)
		if err := errors.Join(out.lost, err); err != nil {
			return err
		}
	}
	return nil
}

// Recovery says what became of interrupted work.
type Recovery struct {
	// Revoked is what the ledger has, and Dropped what it refused: that is in force as
	// before.
	Revoked, Dropped []Credential
	// Lists are the status lists that were brought to the ledger or to the public.
	Lists []string
	// Anchored counts the credentials whose anchor was brought to the ledger.
	Anchored int
}

// Recover finishes or drops what was interrupted: it submits again what is pending,
// and makes public what the ledger has. The other methods do the same for the lists
// that they touch, so that calling it at the start is a courtesy. After an *Unchecked
// the rest is still pending.
func (d *Desk) Recover(ctx context.Context) (_ *Recovery, err error) {
	defer d.ended(ctx, "recover", d.cfg.Clock(), &err)
	defer judge(&err, CheckEntry)
	lists, err := d.lists(ctx)
	if err != nil {
		return nil, err
	}
	r := new(Recovery)
	for _, l := range lists {
		if !l.wanted() {
			continue
		}
		out, err := d.settle(ctx, l.URI)
		if err != nil {
			return r, err
		}
		if out.lost == nil {
			r.Lists = append(r.Lists, l.URI)
		}
		dropped := make([]entry, 0, len(out.dropped))
		for at := range out.dropped {
			dropped = append(dropped, at)
		}
		if r.Revoked, err = d.describe(ctx, r.Revoked, out.revoked); err != nil {
			return r, err
		}
		if r.Dropped, err = d.describe(ctx, r.Dropped, dropped); err != nil {
			return r, err
		}
	}
	if d.cfg.Reader != nil {
		r.Anchored, err = d.settleBatch(ctx)
	}
	return r, err
}

// Credential is one issued credential, as the desk's record has it. It holds no claim.
type Credential struct {
	Type       string // Type.ID
	ExternalID string
	Status     status.Reference
	At         time.Time // of issuance
	NotAfter   zkp.Day   // the last day on which it holds
	// Revoked is when the desk learnt that the ledger has the revocation; zero for a
	// credential that is not revoked. Revoking means that the ledger has not replied yet.
	Revoked  time.Time
	Revoking bool
}

func (c *issued) public(at entry) Credential {
	return Credential{c.Type, c.External, status.Reference{URI: at.List, Index: at.Index}, c.At, c.NotAfter, c.Revoked, c.Revoking}
}

func (d *Desk) describe(ctx context.Context, to []Credential, places []entry) ([]Credential, error) {
	err := d.cfg.Store.View(ctx, func(tx vault.Tx) error {
		for _, at := range places {
			c, err := getIssued(tx, at)
			if err != nil {
				return err
			}
			to = append(to, c.public(at))
		}
		return nil
	})
	return to, err
}

// Issued yields every credential that was issued, list by list, in the order of their
// places, which is none of time. It holds one page of a list in memory, and no
// transaction while the caller works: what is issued meanwhile may be missing. An error
// is the last that it yields.
func (d *Desk) Issued(ctx context.Context) iter.Seq2[Credential, error] {
	return func(yield func(Credential, error) bool) {
		lists, err := d.lists(ctx)
		for _, l := range lists {
			for n := range l.Free {
				var page []Credential
				if page, err = d.issuedPage(ctx, l, n); err != nil {
					break
				}
				for _, c := range page {
					if !yield(c, nil) {
						return
					}
				}
			}
		}
		if err != nil {
			judge(&err, CheckVault)
			yield(Credential{}, err)
		}
	}
}

func (d *Desk) issuedPage(ctx context.Context, l *list, n int) (out []Credential, err error) {
	err = d.cfg.Store.View(ctx, func(tx vault.Tx) error {
		page, err := l.page(tx, kindTaken, n)
		if err != nil {
			return err
		}
		for i, b := range page {
			for ; b != 0; b &= b - 1 {
				at := entry{l.URI, n*pageBits + i*8 + bits.TrailingZeros8(b)}
				c, err := getIssued(tx, at)
				if err != nil {
					return err
				}
				out = append(out, c.public(at))
			}
		}
		return nil
	})
	return out, err
}
