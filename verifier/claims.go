package verifier

import (
	"context"
	"crypto"
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/hufu-id/hufu/credential"
	"github.com/hufu-id/hufu/did"
	"github.com/hufu-id/hufu/ledger"
	"github.com/hufu-id/hufu/openid"
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

// judgeClaims checks one or several SD-JWT presentations, each whole or in part.
func (v *Verifier) judgeClaims(ctx context.Context, a *answer, view *ledger.View) error {
	shown := make([]*credential.SDJWT, len(a.parts))
	for i, p := range a.parts {
		var err error
		if shown[i], err = credential.Parse([]byte(p.text), credential.ParseOptions{}); err != nil {
			return &Rejected{CheckForm, err}
		}
	}
	a.result.Learned, a.result.NeverReceived, a.result.Bytes = nil, nil, 0
	found, bindings := make([]*provenance.Credential, len(a.parts)), map[string]map[string]any{}
	for i, sd := range shown {
		var binding *credential.Binding
		var err error
		if found[i], binding, err = v.judgeShown(ctx, a, view, &a.parts[i], sd); err != nil {
			return err
		}
		bindings[a.parts[i].query.ID] = binding.Claims
		a.result.Bytes += len(a.parts[i].text)
		a.learnClaims(a.parts[i].query.ID, found[i])
	}
	if err := a.checkAuthorised(bindings); err != nil {
		return err
	}
	a.result.Holder = holderOf(found)
	a.passed(CheckIssuer, CheckAccreditation, CheckSchema, CheckSignature, CheckValidity, CheckStatus, CheckBinding, CheckPolicy)
	return nil
}

// judgeShown checks one presentation against the query that it answers.
func (v *Verifier) judgeShown(ctx context.Context, a *answer, view *ledger.View, p *part, sd *credential.SDJWT) (*provenance.Credential, *credential.Binding, error) {
	found, err := v.trace(ctx, a, view, p, sd)
	if err != nil {
		return nil, nil, fromProvenance(err)
	}
	binding, err := found.VerifyBinding(a.kept.Client, a.request.Nonce, credential.BindingOptions{
		Now: a.now, MaxAge: a.now.Sub(a.request.Created) + credential.DefaultSkew, // while the request lives
	})
	if err != nil {
		return nil, nil, &Rejected{CheckBinding, err}
	}
	if err := v.meetsPolicy(a, p.query, found); err != nil {
		return nil, nil, &Rejected{CheckPolicy, err}
	}
	return found, binding, nil
}

// trace traces a credential to the root. One whose issuer's key was compromised counts
// only if the policy takes it and the answer shows that it existed before: the log is
// asked for nothing else.
func (v *Verifier) trace(ctx context.Context, a *answer, view *ledger.View, p *part, sd *credential.SDJWT) (*provenance.Credential, error) {
	source, err := v.sources(a.policy, view)
	if err != nil {
		return nil, err
	}
	opts := provenance.Options{Now: a.now, MaxStatusAge: a.policy.MaxAge.Status, Types: v.cfg.Types, Lists: v.cfg.Lists}
	found, err := provenance.Verify(ctx, source, sd, v.cfg.Public, opts)
	if !errors.Is(err, did.ErrKeyCompromised) || stepOf(err) != provenance.StepIssuer || !a.policy.Existence || p.existence == nil {
		return found, err
	}
	if p.existed == nil {
		existence, err := provenance.ParseExistence(p.existence)
		if err != nil {
			return nil, &provenance.Error{Step: provenance.StepIssuer, Err: err}
		}
		if p.existed, err = existence.Verify(ctx, v.cfg.Ledger, sd); err != nil {
			return nil, err
		}
	}
	opts.Existed = p.existed
	return provenance.Verify(ctx, source, sd, v.cfg.Public, opts)
}

func stepOf(err error) provenance.Step {
	var failed *provenance.Error
	if errors.As(err, &failed) {
		return failed.Step
	}
	return ""
}

// holderOf says what the bindings of the presentations show. Each was verified.
func holderOf(found []*provenance.Credential) Holder {
	if len(found) == 1 {
		return HolderOne
	}
	for _, f := range found[1:] {
		key, ok := f.Confirmation.(interface{ Equal(crypto.PublicKey) bool })
		if !ok || !key.Equal(found[0].Confirmation) {
			return HolderNotProved
		}
	}
	return HolderSameKey
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
func (v *Verifier) meetsPolicy(a *answer, q *openid.CredentialQuery, found *provenance.Credential) error {
	if len(a.policy.Issuers) > 0 && !slices.Contains(a.policy.Issuers, found.Issuer) {
		return ErrIssuerNotNamed
	}
	if err := underAuthority(q, found.Origin); err != nil {
		return err
	}
	if _, disclosed := found.Claims[zkp.ClaimName]; disclosed {
		return ErrEndorsementDisclosed
	}
	if err := q.CheckAnswer(asAsked(q, found)); err != nil {
		return fmt.Errorf("%w: %w", ErrNotMet, err)
	}
	today, err := zkp.Today(a.now)
	if err != nil {
		return err
	}
	held, err := predicate.Holds(found.Schema, q, found.Claims, today)
	if err != nil {
		return err
	}
	if !held {
		return ErrNotMet
	}
	return nil
}

// asAsked are the claims under the type that was asked for, where the credential is of
// several and its issuer is trusted for that one (SD-JWT VC draft -18, section 2.2.2.2).
func asAsked(q *openid.CredentialQuery, found *provenance.Credential) map[string]any {
	if slices.Contains(q.Meta.VCTValues, found.VCT) {
		return found.Claims
	}
	for _, vct := range found.AlsoTypes {
		if slices.Contains(q.Meta.VCTValues, vct) {
			claims := maps.Clone(found.Claims)
			claims["vct"] = vct
			return claims
		}
	}
	return found.Claims
}

// learnClaims lists who issued a credential, what was disclosed of it, asked for or not,
// and what was not. A claim that the schema does not name was received all the same, and
// stands under its path: a counter that kept quiet about it would say less than it knows.
func (a *answer) learnClaims(query string, found *provenance.Credential) {
	issuer := Issuer{DID: found.Issuer}
	if found.Foreign {
		issuer.Anchor = found.Origin.Anchor
		if name := found.Origin.Name; name != "" {
			issuer.Name = &Text{English: name, Chinese: name}
		}
	}
	if chain := found.Origin.Chain; len(chain) > 0 {
		name := chain[0].Subject.Name
		issuer.Name = &Text{English: name.English, Chinese: name.Chinese}
	}
	if by := found.Origin.Existed.UTC(); !by.IsZero() {
		issuer.Existed = &by
	}
	a.result.Types, a.result.Issuers = append(a.result.Types, found.VCT), append(a.result.Issuers, issuer)
	for i := range found.Schema.Claims {
		c := &found.Schema.Claims[i]
		label := Text{c.Label.English, c.Label.Chinese}
		if value, ok := predicate.Claim(found.Claims, c.Path); ok {
			a.result.Learned = append(a.result.Learned, Learned{Query: query, Type: found.VCT, Claim: predicate.Name(c.Path), Label: label, Value: value})
		} else {
			a.result.NeverReceived = append(a.result.NeverReceived, Withheld{query, found.VCT, predicate.Name(c.Path), label})
		}
	}
	for _, name := range slices.Sorted(maps.Keys(found.Claims)) {
		if !slices.Contains(envelope, name) {
			a.learnOther(query, found, credential.Path{name}, found.Claims[name])
		}
	}
}

// envelope are the claims about the credential, and not about its holder.
var envelope = []string{"iss", "iat", "nbf", "exp", "vct", "vct#integrity", "aka_vcts", "status", "cnf", provenance.ClaimSource}

// learnOther lists what lies at a path and is no claim of the schema, nor a part of one. An
// object that only holds claims of the schema, none of them shown, tells nothing.
func (a *answer) learnOther(query string, found *provenance.Credential, at credential.Path, value any) {
	holds := false
	for i := range found.Schema.Claims {
		switch path := found.Schema.Claims[i].Path; {
		case len(path) <= len(at) && slices.Equal(path, at[:len(path)]):
			return
		case len(path) > len(at) && slices.Equal(path[:len(at)], at):
			holds = true
		}
	}
	if object, ok := value.(map[string]any); ok && (len(object) > 0 || holds) {
		for _, name := range slices.Sorted(maps.Keys(object)) {
			a.learnOther(query, found, append(slices.Clip(at), name), object[name])
		}
		return
	}
	name := predicate.Name(at)
	a.result.Learned = append(a.result.Learned, Learned{Query: query, Type: found.VCT, Claim: name, Label: Text{name, name}, Value: value})
}
