package verifier

import (
	"context"
	"crypto"
	"errors"
	"fmt"
	"slices"

	"github.com/hufu-id/hufu/credential"
	"github.com/hufu-id/hufu/did"
	"github.com/hufu-id/hufu/did/hufu"
	"github.com/hufu-id/hufu/ledger"
	"github.com/hufu-id/hufu/publish"
	"github.com/hufu-id/hufu/zkp"
)

// CheckKeys is a check of Verifier.Check alone: the counter's own key is in force.
const CheckKeys Check = "keys"

// CheckOptions changes defaults.
type CheckOptions struct {
	// Region is the GB/T 2260 code of the place where the credentials that will be
	// shown were issued; empty means the whole country.
	Region string
}

const wholeCountry = "000000"

// Check finds out before the first citizen does whether the counter can do its work:
// its key is in force on the ledger; it is accredited to ask for every type of every
// policy; the schema of each, and the verifying keys where proofs are asked for, are at
// hand and the ledger's; each question can be asked of its type; what proofs are joined,
// or count people, rests on one identity type; the rule of a counted event is the
// ledger's. The error is a [*Rejected] for what is not so, an [*Unchecked] for what could
// not be found out.
func (v *Verifier) Check(ctx context.Context, opts CheckOptions) (err error) {
	now := v.cfg.Clock()
	defer func() { v.watch.End(ctx, "check", now, v.cfg.Clock(), err) }()
	if opts.Region == "" {
		opts.Region = wholeCountry
	}
	maxAge := v.cfg.Policies[0].MaxAge.Checkpoint
	for _, p := range v.cfg.Policies {
		maxAge = min(maxAge, p.MaxAge.Checkpoint)
	}
	return ledgerError(v.cfg.Ledger.Resolve(ctx, func(view *ledger.View) error {
		return v.checkUnder(ctx, view, opts.Region)
	}, ledger.ResolveOptions{Keys: []string{ledger.DIDKey(v.cfg.Identity.DID)}, MaxAge: maxAge, Now: now}))
}

func (v *Verifier) checkUnder(ctx context.Context, view *ledger.View, region string) error {
	if err := v.checkKey(view); err != nil {
		return refusedUnlessMissing(CheckKeys, err)
	}
	for _, p := range v.cfg.Policies {
		if err := v.checkPolicy(ctx, view, p, region); err != nil {
			return err
		}
	}
	return nil
}

// checkKey holds the key that signs requests against the ledger's.
func (v *Verifier) checkKey(view *ledger.View) error {
	document, err := hufu.FromView(view, v.cfg.Identity.DID)
	if err != nil {
		return err
	}
	key, err := document.Key(v.cfg.Identity.KeyID)
	if err != nil {
		return err
	}
	if err := key.CheckAt(view.Now()); err != nil {
		return err
	}
	public, ok := key.Public.(interface{ Equal(crypto.PublicKey) bool })
	if !ok || !public.Equal(v.cfg.Identity.Key.Public()) {
		return fmt.Errorf("%w: requests are signed with another", did.ErrNoKey)
	}
	return nil
}

func (v *Verifier) checkPolicy(ctx context.Context, view *ledger.View, p *Policy, region string) error {
	schemas := make([]*credential.Schema, len(p.Query.Credentials))
	var circuits []zkp.Circuit
	for i := range schemas {
		q := &p.Query.Credentials[i]
		for _, vct := range q.Meta.VCTValues {
			if _, err := view.Accredited(v.cfg.Identity.DID, vct, ledger.ActionVerify, region, view.Now()); err != nil {
				return refusedUnlessMissing(CheckAccreditation, err)
			}
		}
		schema, err := v.schemaFor(ctx, q)
		if err != nil {
			return &Unchecked{CheckSchema, err}
		}
		schemas[i] = schema
		if err := publish.CheckSchema(view, schema); err != nil {
			return check(CheckSchema, err)
		}
		question, err := v.questions.of(p.hash, schema, q)
		if err != nil {
			return &Rejected{CheckPolicy, err}
		}
		if isProof(*q) {
			circuits = append(circuits, question.Circuits()...)
		}
	}
	if err := p.checkOnePerson(schemas); err != nil {
		return &Rejected{CheckPolicy, err}
	}
	if p.Scope.Kind == kindCounted {
		if err := v.checkRule(view, p, schemas[0]); err != nil {
			return refusedUnlessMissing(CheckPolicy, err)
		}
	}
	if circuits == nil {
		return nil
	}
	slices.Sort(circuits)
	_, err := v.keys(ctx, view, slices.Compact(circuits))
	return err
}

// refusedUnlessMissing leaves to ledger.Resolve what the proof at hand does not cover.
func refusedUnlessMissing(c Check, err error) error {
	var missing *ledger.NotProvedError
	if errors.As(err, &missing) {
		return err
	}
	return &Rejected{c, err}
}
