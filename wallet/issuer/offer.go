package issuer

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"iter"
	"maps"
	"slices"
	"time"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/hufu-id/hufu/openid"
	"github.com/hufu-id/hufu/predicate"
	"github.com/hufu-id/hufu/vault"
)

// An Offer is one person's way to a credential.
type Offer struct {
	Row    int    // of the table; 0 for an offer that was not imported
	ID     string // names the offer at this desk; buys nothing
	Code   string // single use, secret
	TxCode string // to be sent to the person another way; empty where none was drawn
	Offer  []byte // OpenID4VCI credential offer, JSON
}

// OfferOptions are for one offer, or for all of a table.
type OfferOptions struct {
	// Type is the ID of one of the desk's types; empty means the only one.
	Type string
	// ExternalID is the agency's own name for what it offers, such as the number of a
	// file, for [Desk.RevokeBy]. It must not be a person's name or number that the
	// credential hides.
	ExternalID string
	// Replaces lets a person who holds credentials of this schema have a new one. The
	// old ones are revoked when the new one is taken up, in the transaction that
	// records it: until then the person can show them. What was lost or stolen is
	// revoked at once, by Revoke, and needs no Replaces.
	Replaces bool
	// Rebind lets a person of an identity type come with another wallet than before,
	// whose backup is lost. The ledger logs it, under a hash that an auditor can be
	// shown the record of. The binding day is new, and what the person holds is
	// revoked as with Replaces. Find out who stands there before you set it: a new
	// binding is a new person to every event that opens later.
	Rebind bool
	// TxDigits has the desk draw a transaction code of 4 to 8 digits, without which the
	// offer's code buys nothing (OpenID4VCI 1.0 section 4.1.1); zero for none. After five
	// wrong ones the offer ends. Offers of a table have none.
	TxDigits int
	// TxCode is a transaction code that the agency chose: 4 to 8 digits, in place of
	// TxDigits. The desk keeps a hash of it.
	TxCode string
	// SignIn makes an offer for the authorization code flow: its code is the issuer_state,
	// and its person takes it up by signing in. See Grant.
	SignIn bool
	// Deferred has a clerk decide after the application: see Approve and Refuse. Such an
	// offer is taken up over a connection alone.
	Deferred bool
	// Expires is when the offer ends; zero means Config.OfferDays from now.
	Expires time.Time
}

// Offer offers a credential with these claims to the person whom they name, and
// stores the offer durably before it returns. An older offer of the same type to the
// same person ends: its code is no longer known. So an offer that was lost, or has
// expired, is made again by the same call.
//
// The reason of a refusal is [ErrType], [ErrIssue] for claims that do not fit the
// schema, [ErrHeld], or [ErrTxCode] for a transaction code of another form.
func (d *Desk) Offer(ctx context.Context, claims map[string]any, opts OfferOptions) (_ *Offer, err error) {
	defer d.ended(ctx, "offer", d.cfg.Clock(), &err)
	defer judge(&err, CheckOffer)
	t, err := d.typeOf(opts.Type)
	if err != nil {
		return nil, err
	}
	if problem := t.checkClaims(claims); problem != nil {
		return nil, fmt.Errorf("%w: claim %s: %s", ErrIssue, problem.Claim, problem.Reason)
	}
	var o *Offer
	err = d.cfg.Store.Update(ctx, func(tx vault.Tx) (err error) {
		o, err = d.offer(tx, t, claims, opts, false)
		return err
	})
	return o, err
}

// batch is how many rows one transaction takes.
const batch = 1000

// A Row is one person of a table.
type Row struct {
	Claims     map[string]any // as the schema names them
	ExternalID string         // as in OfferOptions
}

// ErrOnePerson: a new binding is for one person, and the table has another number of
// rows.
var ErrOnePerson = errors.New("issuer: a table for a new binding has one row")

// ImportOptions are for all rows of a table. Type, Replaces, Rebind and Expires are as in
// OfferOptions. With Rebind a table has one row: the error is ErrOnePerson.
type ImportOptions struct {
	Type     string
	Replaces bool
	Rebind   bool
	Expires  time.Time
	// Encoding is that of the file; empty means UTF-8. It is never guessed.
	Encoding Encoding
	// ExternalID is the header of the column with the external ids; empty where the
	// table has none.
	ExternalID string
}

// ImportRows offers a credential to each person of a table whose rows are read
// already, in batches of one durable transaction each. Wrong rows are refused one by
// one; rows are numbered from 1. An error of the sequence, of the store or of ctx ends
// the import after some batch. Repeat it: a row that has an offer which still holds,
// with the same claims, gets that very offer again.
func (d *Desk) ImportRows(ctx context.Context, rows iter.Seq2[Row, error], opts ImportOptions) (_ []Offer, _ []RowError, err error) {
	defer d.ended(ctx, "import", d.cfg.Clock(), &err)
	defer judge(&err, CheckTable)
	t, err := d.typeOf(opts.Type)
	if err != nil {
		return nil, nil, err
	}
	return d.importAll(ctx, t, func(yield func(numbered, error) bool) {
		n := 0
		for row, err := range rows {
			n++
			if !yield(numbered{n, row}, err) {
				return
			}
		}
	}, opts)
}

// numbered is a row of a table.
type numbered struct {
	number int
	Row
}

func (d *Desk) importAll(ctx context.Context, t *Type, rows iter.Seq2[numbered, error], opts ImportOptions) (offers []Offer, refused []RowError, err error) {
	seen := map[string]bool{} // in this table
	next, stop := iter.Pull2(rows)
	defer stop()
	for more := true; more; {
		var some []numbered
		for len(some) < batch {
			var row numbered
			var failed error
			if row, failed, more = next(); failed != nil {
				return nil, nil, failed
			}
			if !more {
				break
			}
			some = append(some, row)
		}
		if opts.Rebind && len(offers)+len(refused) == 0 && len(some) != 1 {
			return nil, nil, ErrOnePerson
		}
		if len(some) == 0 {
			break
		}
		made, wrong, err := d.importSome(ctx, t, some, opts, seen)
		if err != nil {
			return nil, nil, err
		}
		offers, refused = append(offers, made...), append(refused, wrong...)
	}
	return offers, refused, nil
}

func (d *Desk) importSome(ctx context.Context, t *Type, rows []numbered, opts ImportOptions, seen map[string]bool) (offers []Offer, refused []RowError, err error) {
	here := map[string]bool{}
	err = d.cfg.Store.Update(ctx, func(tx vault.Tx) error {
		offers, refused = nil, nil
		clear(here)
		for _, r := range rows {
			problem := t.checkClaims(r.Claims)
			if problem == nil {
				claim, name := t.person(r.Claims)
				if id := hashText(name); seen[id] || here[id] {
					problem = &RowError{Claim: claim, Reason: ReasonDuplicate}
				} else {
					here[id] = true
				}
			}
			if problem == nil {
				o, err := d.offer(tx, t, r.Claims, OfferOptions{ExternalID: r.ExternalID, Replaces: opts.Replaces, Rebind: opts.Rebind, Expires: opts.Expires}, true)
				switch {
				case err == nil:
					o.Row = r.number
					offers = append(offers, *o)
					continue
				case errors.Is(err, ErrHeld):
					claim, _ := t.person(r.Claims)
					problem = &RowError{Claim: claim, Reason: ReasonHeld}
				default:
					return err
				}
			}
			problem.Row = r.number
			refused = append(refused, *problem)
		}
		return nil
	})
	if err != nil {
		return nil, nil, err
	}
	maps.Copy(seen, here)
	return offers, refused, nil
}

// offer makes an offer. again returns one that holds and says the same instead.
func (d *Desk) offer(tx vault.Tx, t *Type, claims map[string]any, opts OfferOptions, again bool) (*Offer, error) {
	now := d.cfg.Clock()
	today, err := d.today()
	if err != nil {
		return nil, err
	}
	_, name := t.person(claims)
	p, err := d.people.find(tx, t, name)
	if err != nil {
		return nil, err
	}
	if err := p.look(tx, today); err != nil {
		return nil, err
	}
	if p.holds(t.ID(), nil) && !opts.Replaces && !opts.Rebind {
		return nil, ErrHeld
	}
	if opts.Rebind && !t.isIdentity() {
		return nil, fmt.Errorf("%w: only the desk of an identity type binds anew", ErrIdentity)
	}
	text, err := deterministic(claims)
	if err != nil {
		return nil, err
	}
	expires := opts.Expires.UTC()
	if opts.Expires.IsZero() {
		expires = now.AddDate(0, 0, d.cfg.OfferDays).UTC()
	}
	o := &offer{
		Type: t.ID(), Person: p.id, Claims: jsontext.Value(text), External: opts.ExternalID,
		Replaces: opts.Replaces || opts.Rebind, Rebind: opts.Rebind, Expires: expires,
		SignIn: opts.SignIn, Deferred: opts.Deferred,
	}
	txCode, err := opts.txCode()
	if err != nil {
		return nil, err
	}
	if before := p.offer(t.ID()); before != "" {
		old, err := d.withdraw(tx, before, func(old *offer) bool { return again && old.sameAs(o) && now.Before(old.Expires) })
		if err != nil {
			return nil, err
		}
		if old != nil {
			return d.written(old, "")
		}
	}
	o.Code = newID()
	id := hashText("offer", o.Code)
	o.lock(txCode)
	p.promise(o.Type, id)
	if err := d.people.keep(tx, p); err != nil {
		return nil, err
	}
	if err := alter(tx, o.External, func(e *external) { e.Offers = append(e.Offers, id) }); err != nil {
		return nil, err
	}
	if err := put(tx, kindOffer, id, o); err != nil {
		return nil, err
	}
	return d.written(o, txCode)
}

// sameAs reports whether two offers, neither redeemed nor locked, give the same person the
// same.
func (o *offer) sameAs(other *offer) bool {
	return o.Redeemed.IsZero() && o.TxCode == "" && o.SignIn == other.SignIn && o.Deferred == other.Deferred && bytes.Equal(o.Claims, other.Claims) && o.External == other.External && o.Replaces == other.Replaces && o.Rebind == other.Rebind
}

// withdraw deletes an offer that nobody took up, or returns it where keep says so.
func (d *Desk) withdraw(tx vault.Tx, id string, keep func(*offer) bool) (*offer, error) {
	o := new(offer)
	there, err := get(tx, kindOffer, id, o)
	if err != nil || !there {
		return nil, err
	}
	if keep(o) {
		return o, nil
	}
	if err := alter(tx, o.External, func(e *external) {
		e.Offers = slices.DeleteFunc(e.Offers, func(other string) bool { return other == id })
	}); err != nil {
		return nil, err
	}
	return nil, tx.Delete(kindOffer, id)
}

// alter changes what an agency's own name stands for; an empty name is none.
func alter(tx vault.Tx, name string, change func(*external)) error {
	if name == "" {
		return nil
	}
	e := new(external)
	id := hashText("external", name)
	if _, err := get(tx, kindExternal, id, e); err != nil {
		return err
	}
	change(e)
	return put(tx, kindExternal, id, e)
}

// written is an offer as its person gets it, and beside it the transaction code.
func (d *Desk) written(o *offer, txCode string) (*Offer, error) {
	t, err := d.typeOf(o.Type)
	if err != nil {
		return nil, err
	}
	at, name := d.cfg.Keys.DID, o.Type
	if d.cfg.URL != "" {
		at, name = d.cfg.URL, t.Configuration()
	}
	text, err := (&openid.CredentialOffer{
		Issuer:           at,
		Region:           t.Region,
		ConfigurationIDs: []string{name},
		Grants:           o.grants(),
	}).Bytes()
	if err != nil {
		return nil, err
	}
	return &Offer{ID: hashText("offer", o.Code), Code: o.Code, TxCode: txCode, Offer: text}, nil
}

// grants say how the offer is taken up.
func (o *offer) grants() *openid.Grants {
	if o.SignIn {
		return &openid.Grants{AuthorizationCode: &openid.AuthorizationCodeGrant{IssuerState: o.Code}}
	}
	pre := &openid.PreAuthorizedGrant{Code: o.Code}
	if o.TxDigits > 0 {
		pre.TxCode = &openid.TxCode{InputMode: "numeric", Length: o.TxDigits}
	}
	return &openid.Grants{PreAuthorized: pre}
}

// checkClaims returns what is wrong with the first claim that is.
func (t *Type) checkClaims(claims map[string]any) *RowError {
	if problems := t.Schema.Validate(claims); len(problems) > 0 {
		first := problems[0]
		if v, ok := predicate.Claim(claims, first.Path); ok && first.Reason == reasonDate && isOtherDate(v) {
			first.Reason = ReasonDateForm
		}
		return &RowError{Claim: predicate.Name(first.Path), Reason: first.Reason}
	}
	if claim, ok := t.birthDateAgrees(claims); !ok {
		return &RowError{Claim: claim, Reason: ReasonMismatch}
	}
	return nil
}

// newID draws 192 bits that nobody guesses.
func newID() string {
	var b [24]byte
	_, _ = rand.Read(b[:]) // never fails
	return base64.RawURLEncoding.EncodeToString(b[:])
}
