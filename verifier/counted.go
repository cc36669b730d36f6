package verifier

import (
	"crypto/rand"
	"errors"
	"fmt"
	"math"

	"github.com/hufu-id/hufu/credential"
	"github.com/hufu-id/hufu/ledger"
	"github.com/hufu-id/hufu/openid"
	"github.com/hufu-id/hufu/predicate"
	"github.com/hufu-id/hufu/zkp"
)

// kindCounted is the scope in which a ledger counts: once a person, with what was said.
const kindCounted = "counted"

var (
	// ErrRule means that the ledger has no rule for a counted event, or another than the
	// policy's: nothing would be counted. See [Policy.Rule].
	ErrRule = errors.New("verifier: the ledger has not the policy's rule")
	// ErrSays means that what is to be said is missing or illegible, or goes with no
	// counted event.
	ErrSays = errors.New("verifier: nothing to be said, or not here")
)

// anyOwner has the length of every agency's DID, which stands in the key of its rule.
const anyOwner = "did:hufu:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"

// checkCounted: the rule fixes the question before the event opens. Therefore it is the
// same on every day, and needs nothing from the holder. That it is about one credential,
// checkAsked finds: no request could say otherwise.
func (p *Policy) checkCounted() error {
	if p.Scope.Kind != kindCounted {
		return nil
	}
	if p.Version > math.MaxUint32 {
		return fmt.Errorf("%w: the ledger counts versions of a rule to 2^32", ErrPolicy)
	}
	name := ledger.RuleKey(anyOwner, p.ID, uint32(p.Version))
	if err := errors.Join(ledger.CheckKey(name), ledger.CheckKey(p.Scope.Event)); err != nil {
		return fmt.Errorf("%w: id and event of a counted policy are names on the ledger: %w", ErrPolicy, err)
	}
	for _, asked := range p.Query.Credentials[0].Predicates {
		switch asked.Op {
		case openid.OpReveal, openid.OpIn, openid.OpNotIn:
			return fmt.Errorf("%w: scope counted asks for nothing to be revealed, and about no set", ErrPolicy)
		case openid.OpAtLeastYears, openid.OpAfterYears:
			return fmt.Errorf("%w: scope counted bounds a date by a date, since an age is another question each day", ErrPolicy)
		}
	}
	return nil
}

// Rule is what the agency puts on the ledger before a counted event opens: who counts,
// what each person proves, and the hash of this policy. id and version are the policy's.
// The ledger checks every use itself, for which it also needs a ledger.KeyFile of each
// verifying key. The error is [ErrPolicy] for another scope than counted, for the schema
// of another type, or for a question that takes more than one proof, or one of predicate.
func (p *Policy) Rule(owner string, schema *credential.Schema) (*ledger.Rule, error) {
	statement, err := p.statement(schema)
	if err != nil {
		return nil, err
	}
	return &ledger.Rule{
		ID: p.ID, Version: uint32(p.Version), Hash: p.hash, Owner: owner, MaxAge: uint32(p.MaxAge.Epoch.Seconds()),
		Question: ledger.Question{Schema: schema.ID, Version: uint32(schema.Version), Statement: statement.Digest()},
	}, nil
}

// statement is the question of a counted event.
func (p *Policy) statement(schema *credential.Schema) (*zkp.Statement, error) {
	if p.Scope.Kind != kindCounted {
		return nil, fmt.Errorf("%w: no counted event", ErrPolicy)
	}
	query := &p.Query.Credentials[0]
	if len(query.Meta.VCTValues) != 1 || query.Meta.VCTValues[0] != schema.VCT {
		return nil, fmt.Errorf("%w: it asks about another type", ErrPolicy)
	}
	question, err := predicate.Compile(schema, query)
	if err != nil {
		return nil, err
	}
	statements, err := question.On(0, nil) // the day counts in no range
	if err != nil {
		return nil, err
	}
	if len(statements) != 1 {
		return nil, fmt.Errorf("%w: a counted event asks at most %d things at once", ErrPolicy, len(zkp.Statement{}.Predicates))
	}
	return &statements[0], nil
}

// say puts what is said into a request of a counted event, whose nonce commits to it.
func (p *Policy) say(r *Request, says Text, schemas []*credential.Schema) error {
	if p.Scope.Kind != kindCounted {
		if says != (Text{}) {
			return fmt.Errorf("%w: the policy counts nothing", ErrSays)
		}
		return nil
	}
	if !isText(says.English, says.Chinese) {
		return fmt.Errorf("%w: a counted event takes a legible sentence in en and zh", ErrSays)
	}
	if _, err := p.statement(schemas[0]); err != nil {
		return err
	}
	r.saying = &openid.Saying{Text: openid.PurposeText{EN: says.English, ZH: says.Chinese}}
	_, _ = rand.Read(r.saying.Salt[:]) // crypto/rand never fails
	r.Nonce = zkp.UseNonce(r.saying.Payload(), r.saying.UseSalt())
	return nil
}

// checkRule compares the ledger's rule with the policy's.
func (v *Verifier) checkRule(view *ledger.View, p *Policy, schema *credential.Schema) error {
	want, err := p.Rule(v.cfg.Identity.DID, schema)
	if err != nil {
		return err
	}
	have, err := view.Rule(v.cfg.Identity.DID, p.ID, uint32(p.Version))
	if errors.Is(err, ledger.ErrAbsent) {
		return fmt.Errorf("%w: %w", ErrRule, err)
	}
	if err != nil {
		return err
	}
	if string(have.Bytes()) != string(want.Bytes()) {
		return ErrRule
	}
	return nil
}

// count makes the use that the ledger counts, out of an answer that holds.
func (v *Verifier) count(a *answer, view *ledger.View, request *zkp.Request, p *proved, shown *zkp.Shown) error {
	if err := v.checkRule(view, a.policy, p.schema); err != nil {
		var missing *ledger.NotProvedError
		if errors.As(err, &missing) {
			return err
		}
		return &Unchecked{CheckPolicy, err}
	}
	asked, err := openid.ParseRequest(string(a.request.Object))
	if err != nil {
		return &Unchecked{CheckRequest, err}
	}
	saying := asked.Unverified.Scope.Saying
	if saying == nil || zkp.UseNonce(saying.Payload(), saying.UseSalt()) != request.Nonce {
		return &Unchecked{CheckRequest, ErrSays}
	}
	use := &zkp.Use{
		Salt: saying.UseSalt(), Audience: request.Audience, Query: request.Query, Expiry: request.Expiry,
		SchemaID: p.schema.ID, SchemaVersion: uint32(p.schema.Version),
		Statement: request.Questions[0].Statements[0], Presentation: p.proof,
	}
	a.result.Says = &Text{saying.Text.EN, saying.Text.ZH}
	a.result.Use = (&ledger.Use{
		Nullifier: zkp.Nullifier(shown.Scope, shown.Pseudonym),
		Owner:     v.cfg.Identity.DID, Rule: a.policy.ID, Version: uint32(a.policy.Version),
		Event: a.policy.Scope.Event, Epoch: p.proof.Epoch, Payload: saying.Payload(), Proof: use.Bytes(),
	}).Bytes()
	return nil
}
