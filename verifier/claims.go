package verifier

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/hufu-id/hufu/credential"
	"github.com/hufu-id/hufu/ledger"
	"github.com/hufu-id/hufu/predicate"
	"github.com/hufu-id/hufu/provenance"
	"github.com/hufu-id/hufu/zkp"
)

// Reasons of the policy check.
var (
	ErrIssuerNotNamed = errors.New("verifier: issuer is not among those the policy names")
	ErrNotMet         = errors.New("verifier: the disclosed claims do not meet the policy")
	// ErrEndorsementDisclosed: the holder sent the endorsement, which no presentation
	// may carry: whoever holds it can look for its owner.
	ErrEndorsementDisclosed = errors.New("verifier: the answer discloses the endorsement; erase it")
)

// judgeClaims checks an SD-JWT presentation: whole or in part.
func (v *Verifier) judgeClaims(ctx context.Context, a *answer, view *ledger.View) error {
	sd, err := credential.Parse([]byte(a.parts[0].text), credential.ParseOptions{})
	if err != nil {
		return &Rejected{CheckForm, err}
	}
	a.result.Bytes = len(a.parts[0].text)
	found, err := provenance.Verify(ctx, provenance.Ledger(view), sd, v.cfg.Public,
		provenance.Options{Now: a.now, MaxStatusAge: a.policy.MaxAge.Status})
	if err != nil {
		return fromProvenance(err)
	}
	a.passed(CheckIssuer, CheckAccreditation, CheckSchema, CheckSignature, CheckValidity, CheckStatus)
	if _, err := found.VerifyBinding(v.ClientID(), a.request.Nonce, credential.BindingOptions{
		Now: a.now, MaxAge: a.now.Sub(a.request.Created) + credential.DefaultSkew, // while the request lives
	}); err != nil {
		return &Rejected{CheckBinding, err}
	}
	a.passed(CheckBinding)
	if err := v.meetsPolicy(a, found); err != nil {
		return &Rejected{CheckPolicy, err}
	}
	a.passed(CheckPolicy)
	a.result.Types, a.result.Issuer = []string{found.VCT}, found.Issuer
	if chain := found.Origin.Chain; len(chain) > 0 { // the root is accredited by nobody
		name := chain[0].Subject.Name
		a.result.IssuerName = &Text{English: name.English, Chinese: name.Chinese}
	}
	a.learnClaims(found)
	return nil
}

// fromProvenance keeps false and unknown apart. The *provenance.Error stays inside:
// it says who was held against which anchor.
func fromProvenance(err error) error {
	var failed *provenance.Error
	if !errors.As(err, &failed) {
		return err
	}
	if failed.Unchecked {
		return &Unchecked{Check(failed.Step), failed}
	}
	return &Rejected{Check(failed.Step), failed}
}

// meetsPolicy repeats every check of the query on what was received.
func (v *Verifier) meetsPolicy(a *answer, found *provenance.Credential) error {
	if a.policy.AccreditedBy == "" && !slices.Contains(a.policy.Issuers, found.Issuer) {
		return ErrIssuerNotNamed
	}
	if _, disclosed := found.Claims[zkp.ClaimName]; disclosed {
		return ErrEndorsementDisclosed
	}
	if err := a.parts[0].query.CheckAnswer(found.Claims); err != nil {
		return fmt.Errorf("%w: %w", ErrNotMet, err)
	}
	today, err := zkp.Today(a.now)
	if err != nil {
		return err
	}
	held, err := predicate.Holds(found.Schema, a.parts[0].query, found.Claims, today)
	if err != nil {
		return err
	}
	if !held {
		return ErrNotMet
	}
	return nil
}

// learnClaims lists what was disclosed, asked for or not, and what was not. A claim
// that the schema does not name was received all the same, and stands under its path:
// a counter that kept quiet about it would say less than it knows.
func (a *answer) learnClaims(found *provenance.Credential) {
	a.result.Learned, a.result.NeverReceived = nil, nil
	for i := range found.Schema.Claims {
		c := &found.Schema.Claims[i]
		label := Text{c.Label.English, c.Label.Chinese}
		if value, ok := predicate.Claim(found.Claims, c.Path); ok {
			a.result.Learned = append(a.result.Learned, Learned{Type: found.VCT, Claim: predicate.Name(c.Path), Label: label, Value: value})
		} else {
			a.result.NeverReceived = append(a.result.NeverReceived, Withheld{found.VCT, predicate.Name(c.Path), label})
		}
	}
	for _, name := range slices.Sorted(maps.Keys(found.Claims)) {
		if !slices.Contains(envelope, name) {
			a.learnOther(found, credential.Path{name}, found.Claims[name])
		}
	}
}

// envelope are the claims about the credential, and not about its holder.
var envelope = []string{"iss", "iat", "nbf", "exp", "vct", "vct#integrity", "status", "cnf", provenance.ClaimSource}

// learnOther lists what lies at a path and is no claim of the schema, nor a part of one.
func (a *answer) learnOther(found *provenance.Credential, at credential.Path, value any) {
	for i := range found.Schema.Claims {
		if path := found.Schema.Claims[i].Path; len(path) <= len(at) && slices.Equal(path, at[:len(path)]) {
			return
		}
	}
	if object, ok := value.(map[string]any); ok && len(object) > 0 {
		for _, name := range slices.Sorted(maps.Keys(object)) {
			a.learnOther(found, append(slices.Clip(at), name), object[name])
		}
		return
	}
	name := predicate.Name(at)
	a.result.Learned = append(a.result.Learned, Learned{Type: found.VCT, Claim: name, Label: Text{name, name}, Value: value})
}
