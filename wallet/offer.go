package wallet

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/hufu-id/hufu/credential"
	"github.com/hufu-id/hufu/identity"
	"github.com/hufu-id/hufu/ledger"
	"github.com/hufu-id/hufu/openid"
	"github.com/hufu-id/hufu/publish"
	"github.com/hufu-id/hufu/vault"
	"github.com/hufu-id/hufu/zkp"
)

// ErrOffer means that an offer is not one this wallet can take up.
var ErrOffer = errors.New("wallet: offer refused")

// ErrIdentity means that the issuer wants a proof of who the citizen is, and the citizen
// has chosen none. Wallet.ResolveOffer lists the credentials that give one.
var ErrIdentity = errors.New("wallet: the issuer wants a proof of identity")

// ErrNoIdentity means that the issuer wants a proof of who the citizen is, and no
// credential here gives one.
var ErrNoIdentity = errors.New("wallet: nothing here proves who the citizen is")

// Offered is an offer that the wallet has looked into, for its owner to decide on.
type Offered struct {
	Issuer string // DID; the Site of an issuer that is on no ledger
	// Site is the Credential Issuer Identifier, an address; empty for a desk that is
	// reached by file or QR code.
	Site string
	// Configuration is the issuer's own name of the credential, and Copies how many it
	// hands out at once.
	Configuration string
	Copies        int
	// Who says who the issuer is, as its accreditor vouches; zero where nobody does.
	Who ledger.Subject
	// LooksLike has other agencies for which the issuer may be taken, as far as this wallet
	// knows.
	LooksLike []Lookalike
	Region    string // GB/T 2260, for which the issuer offers it; empty off the ledger
	// Schema is as the ledger names it, or a name alone for an issuer that is on none.
	Schema *credential.Schema
	// Identity lists the ways to prove to the issuer who one is: one Part each, with
	// what the issuer will learn. Where NeedsIdentity is not set, a proof is for
	// people who hold this type from another desk.
	Identity      []Choice
	NeedsIdentity bool

	code string // of an offer by file
}

// ResolveOffer reads an offer and asks the ledger what the issuer may issue. Whoever
// serves the ledger learns that somebody has an offer of this issuer. Nothing is sent to
// the issuer.
func (w *Wallet) ResolveOffer(ctx context.Context, offer []byte) (_ *Offered, err error) {
	defer w.ended(ctx, "resolve-offer", w.cfg.Clock(), &err)
	defer judge(&err, CheckOffer)
	return w.resolveOffer(ctx, offer)
}

func (w *Wallet) resolveOffer(ctx context.Context, offer []byte) (*Offered, error) {
	o, err := openid.ParseCredentialOffer(offer)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrOffer, err)
	}
	if len(o.ConfigurationIDs) != 1 || o.Grants == nil || o.Grants.PreAuthorized == nil {
		return nil, fmt.Errorf("%w: one credential with a pre-authorised code is taken", ErrOffer)
	}
	if o.Grants.PreAuthorized.TxCode != nil {
		return nil, fmt.Errorf("%w: transaction codes are not supported yet", ErrOffer)
	}
	id, edition, _ := strings.Cut(o.ConfigurationIDs[0], "/")
	version, err := strconv.ParseUint(edition, 10, 31)
	if err != nil || openid.ConfigurationID(id, int(version)) != o.ConfigurationIDs[0] {
		return nil, fmt.Errorf("%w: unknown credential configuration", ErrOffer)
	}
	out := &Offered{Issuer: o.Issuer, Region: o.Region, Configuration: o.ConfigurationIDs[0], Copies: 1, code: o.Code()}
	return out, w.lookUp(ctx, out, id, int(version))
}

// lookUp completes an offer with what the ledger and this wallet know.
func (w *Wallet) lookUp(ctx context.Context, out *Offered, schema string, version int) error {
	if err := w.resolve(ctx, func(view *ledger.View) error { return w.lookInto(ctx, view, out, schema, uint32(version)) }); err != nil {
		return err
	}
	held, err := w.deck(ctx)
	if err != nil {
		return err
	}
	if _, err := w.agencies(ctx, w.cfg.Clock()); err != nil && !errors.Is(err, ErrRefresh) {
		return err
	}
	if out.LooksLike, err = w.lookalikes(ctx, out.Issuer, out.Who, held); err != nil {
		return err
	}
	out.NeedsIdentity = len(out.Schema.BoundBy) > 0
	out.Identity, err = w.identities(ctx, out, held)
	return err
}

// lookInto finds the schema of an offer, and whether the issuer may issue it.
func (w *Wallet) lookInto(ctx context.Context, view *ledger.View, out *Offered, id string, version uint32) error {
	object, err := view.Schema(id, version)
	if errors.Is(err, ledger.ErrAbsent) {
		return fmt.Errorf("%w: the ledger has no such credential type", ErrOffer)
	}
	if err != nil {
		return err
	}
	if out.Schema, err = publish.Schema(ctx, w.cfg.Public, object.Hash); err != nil {
		return err
	}
	if out.Region == "" {
		return fmt.Errorf("%w: it names no region", ErrOffer)
	}
	chain, err := view.Accredited(out.Issuer, out.Schema.VCT, ledger.ActionIssue, out.Region, view.Now())
	if err != nil {
		return err
	}
	if out.Who, err = view.Subject(chain); errors.Is(err, ledger.ErrAbsent) {
		return nil // a root agency that has not said who it is
	}
	return err
}

// identities lists the credentials that the issuer takes as a proof of identity. For an
// identity type those are of other desks.
func (w *Wallet) identities(ctx context.Context, out *Offered, held *deck) ([]Choice, error) {
	if w.cfg.Prover == nil {
		return nil, nil
	}
	now := w.cfg.Clock()
	today, err := zkp.Today(now)
	if err != nil {
		return nil, err
	}
	var choices []Choice
	asked := map[*credential.Schema]bool{}
	for _, c := range held.all {
		if c.err != nil || asked[c.schema] || !identity.Takes(out.Schema, c.schema) {
			continue
		}
		asked[c.schema] = true
		query, err := identity.Query(c.schema)
		if err != nil {
			continue
		}
		m := &matcher{ctx: ctx, w: w, held: held, now: now, today: today, parts: map[string][]Part{}}
		for _, part := range m.answer(query) {
			if out.NeedsIdentity || held.byID[part.Credential].Issuer != out.Issuer {
				choices = append(choices, Choice{Format: openid.FormatSDJWTZK, Parts: []Part{part}})
			}
		}
	}
	return choices, nil
}

// showIdentity makes the proof of an identity credential for one application.
func (w *Wallet) showIdentity(ctx context.Context, o *Offered, choice *Choice, keyProof string, issued time.Time) (*openid.IdentityProof, error) {
	h, err := w.usable(ctx, choice.Parts[0].Credential)
	if err != nil {
		return nil, err
	}
	schema := h.card.schema
	demand, err := identity.NewDemand(o.Issuer, o.Schema, schema, keyProof, issued)
	if err != nil {
		return nil, err
	}
	mine, err := w.zkCredential(ctx, h)
	if err != nil {
		return nil, err
	}
	revealed, err := demand.Reveal(h.claims)
	if err != nil {
		return nil, err
	}
	epoch, err := w.epochHere(ctx)
	if err != nil {
		return nil, err
	}
	request, err := demand.Request(epoch.Day, revealed)
	if err != nil {
		return nil, err
	}
	prepared, err := w.takePrepared(ctx, h, mine, epoch)
	if err != nil {
		return nil, err
	}
	answer, err := zkp.NewAnswer(request, epoch.Epoch, zkp.Holding{Credential: mine, Prepared: prepared})
	if err != nil {
		return nil, err
	}
	shown, err := w.cfg.Prover.Show(ctx, answer)
	if err != nil {
		return nil, err
	}
	text := (&openid.ProofPresentation{Proof: shown[0].Bytes(), Reveals: revealed}).String()
	return &openid.IdentityProof{Schema: schema.ID, Version: schema.Version, Presentation: text}, nil
}

// chosen finds the choice that shows a credential. No choice is right where the issuer
// asks for none.
func (o *Offered) chosen(id string) (*Choice, error) {
	for i := range o.Identity {
		if o.Identity[i].Parts[0].Credential == id {
			return &o.Identity[i], nil
		}
	}
	switch {
	case id != "":
		return nil, fmt.Errorf("%w: the issuer takes no proof of it", vault.ErrNotFound)
	case o.NeedsIdentity && len(o.Identity) == 0:
		return nil, ErrNoIdentity
	case o.NeedsIdentity:
		return nil, ErrIdentity
	}
	return nil, nil
}
