package wallet

import (
	"context"
	"errors"
	"iter"
	"slices"
	"strings"
	"time"

	"github.com/hufu-id/hufu/credential"
	"github.com/hufu-id/hufu/ledger"
	"github.com/hufu-id/hufu/vault"
)

// A Stored is a credential as its owner sees it.
type Stored struct {
	ID     string
	Type   string // vct
	Issuer string
	// Who says who the issuer is, as its accreditor vouched on receipt; zero where the
	// issuer is the root, which nobody accredits.
	Who ledger.Subject
	// Anchor says who vouches for an issuer that is on no ledger; empty on it. Who then has
	// a name alone: that of the certificate or the configuration.
	Anchor    string
	Region    string
	SchemaID  string
	Version   int
	Schema    *credential.Schema // as the ledger named it on receipt
	Received  time.Time
	NotBefore time.Time
	Expires   time.Time
	Status    Status
	Provable  bool           // carries an endorsement
	Claims    map[string]any // those about the holder, for its owner only
	// Err says why this credential cannot be read: it wraps vault.ErrDamaged. What
	// else is set is what was known of it.
	Err error
}

// A Field is one claim for people, with its value as the credential has it.
type Field struct {
	Label
	Value any
}

// Fields are the claims in the order of the schema.
func (s *Stored) Fields() (out []Field) {
	if s.Schema == nil {
		return nil
	}
	for i := range s.Schema.Claims {
		claim := &s.Schema.Claims[i]
		for _, value := range claim.Path.Values(s.Claims) {
			out = append(out, Field{labelOf(claim), value})
		}
	}
	return out
}

func (d *deck) stored(c *card, now time.Time) *Stored {
	return &Stored{
		ID: c.ID, Type: c.Type, Issuer: c.Issuer, Who: c.Who, Region: c.Region, SchemaID: c.SchemaID, Version: c.Version, Schema: c.schema,
		Received: c.Received, NotBefore: c.NotBefore, Expires: c.Expires, Provable: c.Provable, Anchor: c.Anchor,
		Status: d.status(c, now), Claims: c.shown(), Err: c.err,
	}
}

// Credentials lists what this wallet holds, by id. It reads the index and opens no
// credential. A credential that cannot be read hides no other: its Stored has Err. The
// error of a pair ends the list: it is a [*Rejected] or an [*Unchecked].
func (w *Wallet) Credentials(ctx context.Context) iter.Seq2[*Stored, error] {
	return func(yield func(*Stored, error) bool) {
		d, err := w.deck(ctx)
		if err != nil {
			judge(&err, CheckVault)
			yield(nil, err)
			return
		}
		now := w.cfg.Clock()
		for _, c := range d.all {
			if !yield(d.stored(c, now), nil) {
				return
			}
		}
	}
}

// Credential returns one of what this wallet holds. The error is a [*Rejected] or an
// [*Unchecked]; it wraps vault.ErrNotFound where there is none.
func (w *Wallet) Credential(ctx context.Context, id string) (_ *Stored, err error) {
	defer judge(&err, CheckVault)
	d, err := w.deck(ctx)
	if err != nil {
		return nil, err
	}
	c := d.byID[id]
	if c == nil {
		return nil, vault.ErrNotFound
	}
	return d.stored(c, w.cfg.Clock()), nil
}

// Find returns the one credential whose id begins so. Errors are those of Credential; where
// several begin so, none is found.
func (w *Wallet) Find(ctx context.Context, beginning string) (_ *Stored, err error) {
	defer judge(&err, CheckVault)
	d, err := w.deck(ctx)
	if err != nil {
		return nil, err
	}
	var found *card
	for _, c := range d.all {
		switch {
		case !strings.HasPrefix(c.ID, beginning):
		case found != nil:
			return nil, vault.ErrNotFound
		default:
			found = c
		}
	}
	if found == nil {
		return nil, vault.ErrNotFound
	}
	return d.stored(found, w.cfg.Clock()), nil
}

// Forget deletes a credential for good, with its holder key, its prepared proofs, and
// its schema file where no other credential needs it. A store on disk leaves no copy.
// The history keeps what was shown. Forgetting again finishes what a failure
// interrupted; the error then is vault.ErrNotFound where nothing is left.
func (w *Wallet) Forget(ctx context.Context, id string) (err error) {
	defer w.ended(ctx, "forget", w.cfg.Clock(), &err)
	defer judge(&err, CheckVault)
	d, err := w.deck(ctx)
	if err != nil {
		return err
	}
	// The key goes first: without it nothing can be shown, whatever fails later.
	if err := w.forgetKey(ctx, id); err != nil {
		return err
	}
	w.pool.drop(id)
	var others []string
	err = w.store.Update(ctx, func(tx vault.Tx) (err error) {
		if others, err = forgetCopies(tx, id); err != nil {
			return err
		}
		c := d.byID[id]
		found := c != nil
		for _, kind := range []string{kindCredential, kindApplication, kindExistence} {
			err := tx.Delete(kind, id)
			if err != nil && !errors.Is(err, vault.ErrNotFound) {
				return err
			}
			found = found || err == nil
		}
		if !found {
			return vault.ErrNotFound
		}
		if err := editCards(tx, []string{id}, func(string, *facts) *facts { return nil }); err != nil || c == nil {
			return err
		}
		return forgetSchema(tx, c.SchemaHash)
	})
	if err != nil {
		return err
	}
	return w.dropKeys(ctx, others)
}

// forgetSchema deletes a schema file that no credential needs.
func forgetSchema(tx vault.Tx, hash [32]byte) error {
	for shard := range shards {
		list, err := readShard(tx, shard)
		if err != nil || slices.ContainsFunc(list, func(f *facts) bool { return f.SchemaHash == hash }) {
			return nil // in doubt it stays
		}
	}
	if err := tx.Delete(kindSchema, schemaID(hash)); err != nil && !errors.Is(err, vault.ErrNotFound) {
		return err
	}
	return nil
}

// forgetKey deletes the holder key of a credential. A record that does not read leads
// to the application, which names the key too.
func (w *Wallet) forgetKey(ctx context.Context, id string) error {
	var keyID string
	err := w.store.View(ctx, func(tx vault.Tx) error {
		a, err := readApplication(tx, id)
		if err == nil {
			keyID = a.KeyID
			return nil
		}
		rec, err := readRecord(tx, id)
		if err == nil {
			keyID = rec.KeyID
		}
		if errors.Is(err, vault.ErrDamaged) {
			return nil
		}
		return err
	})
	if err != nil || keyID == "" {
		return err
	}
	if err := w.keys.DeleteKey(ctx, keyID); err != nil && !errors.Is(err, vault.ErrNotFound) {
		return err
	}
	return nil
}

// Recheck reads every stored credential anew and makes the index from what it finds. It
// takes as long as verifying them all: an app runs it when something looks wrong. It
// returns how many cannot be read.
func (w *Wallet) Recheck(ctx context.Context) (damaged int, err error) {
	defer w.ended(ctx, "recheck", w.cfg.Clock(), &err)
	defer judge(&err, CheckVault)
	if err := w.store.Update(ctx, rebuild); err != nil {
		return 0, err
	}
	d, err := w.deck(ctx)
	if err != nil {
		return 0, err
	}
	for _, c := range d.all {
		if c.err != nil {
			damaged++
		}
	}
	return damaged, nil
}
