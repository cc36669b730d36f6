package verifier

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/hufu-id/hufu/credential"
	"github.com/hufu-id/hufu/ledger"
	"github.com/hufu-id/hufu/openid"
	"github.com/hufu-id/hufu/predicate"
	"github.com/hufu-id/hufu/publish"
	"github.com/hufu-id/hufu/zkp"
)

// Reasons of the checks on a zero-knowledge answer.
var (
	// ErrEpochTooOld: the proof speaks of an epoch that closed too long ago:
	// a revocation since then would not show.
	ErrEpochTooOld = errors.New("verifier: proof is of an epoch that has aged out")
	// ErrEpochAhead: the proof speaks of an epoch that closed after the newest
	// checkpoint at hand, as a counter that works from a bundle may see.
	ErrEpochAhead = errors.New("verifier: proof is of an epoch newer than the checkpoint at hand")
	// ErrKeyNotAtHand: the ledger names a verifying key that is not at hand.
	ErrKeyNotAtHand = errors.New("verifier: verifying key not at hand")
)

// proved is one proof of an answer with what it is held against.
type proved struct {
	part
	proof    *zkp.Presentation
	revealed openid.Values
	day      zkp.Day // of the epoch
	schema   *credential.Schema
	question *predicate.Compiled
}

// judgeProof checks a zero-knowledge answer of one or several credentials.
// Epoch and prepare stand in place of issuer, accreditation, signature and
// status.
func (v *Verifier) judgeProof(ctx context.Context, a *answer, view *ledger.View) error {
	proofs, err := a.parseProofs()
	if err != nil {
		return &Rejected{CheckForm, err}
	}
	for i := range proofs {
		if err := v.identify(ctx, a, view, &proofs[i]); err != nil {
			return err
		}
	}
	a.passed(CheckSchema)
	epoch, err := v.epoch(a, view, proofs[0].proof.Epoch)
	if err != nil {
		return err
	}
	a.passed(CheckEpoch)
	request, err := v.proofRequest(a, proofs, epoch)
	if err != nil {
		return err
	}
	if err := v.verifyProofs(ctx, a, view, request, epoch, proofs); err != nil {
		return err
	}
	return a.learnStatements(proofs)
}

// parseProofs reads the presentations of the answer.
func (a *answer) parseProofs() ([]proved, error) {
	out := make([]proved, len(a.parts))
	a.result.Bytes = 0
	for i, p := range a.parts {
		presentation, err := openid.ParseProofPresentation(p.text)
		if err != nil {
			return nil, err
		}
		proof, err := zkp.ParsePresentation(presentation.Proof)
		if err != nil {
			return nil, err
		}
		out[i] = proved{part: p, proof: proof, revealed: presentation.Reveals}
		a.result.Bytes += len(presentation.Proof)
	}
	return out, nil
}

// identify holds the schema file against the ledger, and the question against
// the schema.
func (v *Verifier) identify(ctx context.Context, a *answer, view *ledger.View, p *proved) error {
	schema, err := v.schemaFor(ctx, p.query)
	if err != nil {
		return &Unchecked{CheckSchema, err}
	}
	if err := publish.CheckSchema(view, schema); err != nil {
		return check(CheckSchema, err)
	}
	p.schema = schema
	if p.question, err = v.questions.of(a.request.Query, schema, p.query); err != nil {
		return &Unchecked{CheckStatement, err}
	}
	a.result.Types = append(a.result.Types, schema.VCT)
	return nil
}

// verifyProofs checks all proofs of the answer, and notes the name they are
// given under.
func (v *Verifier) verifyProofs(ctx context.Context, a *answer, view *ledger.View, request *zkp.Request, epoch zkp.Epoch, proofs []proved) error {
	keys, err := v.keys(ctx, view, request)
	if err != nil {
		return err
	}
	presentations := make([]*zkp.Presentation, len(proofs))
	for i := range proofs {
		presentations[i] = proofs[i].proof
	}
	shown, err := zkp.Verify(keys, epoch, request, presentations...)
	switch {
	case errors.Is(err, zkp.ErrPrepare):
		return &Rejected{CheckPrepare, err}
	case errors.Is(err, zkp.ErrVerifyingKey):
		return &Unchecked{CheckStatement, err}
	case err != nil:
		return &Rejected{CheckStatement, err}
	}
	a.passed(CheckPrepare, CheckStatement, CheckPolicy)
	a.remember(shown)
	return nil
}

// epoch returns the roots of the proof's epoch, from the ledger, if it closed
// recently enough.
func (v *Verifier) epoch(a *answer, view *ledger.View, number uint64) (zkp.Epoch, error) {
	if number > view.Head.State.Epoch {
		return zkp.Epoch{}, &Unchecked{CheckEpoch, ErrEpochAhead}
	}
	object, err := view.Epoch(number)
	if err != nil {
		return zkp.Epoch{}, check(CheckEpoch, err)
	}
	closed := object.ClosedAt(v.cfg.Ledger.Trust())
	if a.now.Sub(closed) > a.policy.MaxAge.Epoch {
		return zkp.Epoch{}, &Rejected{CheckEpoch, ErrEpochTooOld}
	}
	return epochOf(object)
}

func epochOf(object *ledger.Epoch) (zkp.Epoch, error) {
	registry, err := zkp.ParseElement(object.RegistryRoot[:])
	if err != nil {
		return zkp.Epoch{}, &Unchecked{CheckEpoch, err}
	}
	revocation, err := zkp.ParseElement(object.RevocationRoot[:])
	if err != nil {
		return zkp.Epoch{}, &Unchecked{CheckEpoch, err}
	}
	return zkp.Epoch{Number: object.Number, Day: zkp.Day(object.Day), Registry: registry, Revocation: revocation}, nil
}

// keys pins the verifying keys that the request needs by the ledger's vk objects.
func (v *Verifier) keys(ctx context.Context, view *ledger.View, request *zkp.Request) (*zkp.Keys, error) {
	circuits := []zkp.Circuit{zkp.CircuitPrepare, zkp.CircuitShow}
	if slices.Contains(request.Circuits(), zkp.CircuitShowSet) {
		circuits = append(circuits, zkp.CircuitShowSet)
	}
	list := make([]*zkp.VerifyingKey, len(circuits))
	for i, c := range circuits {
		var err error
		if list[i], err = v.key(ctx, view, c); err != nil {
			return nil, err
		}
	}
	keys, err := zkp.NewKeys(list...)
	if err != nil {
		return nil, &Unchecked{CheckPrepare, err}
	}
	return keys, nil
}

func (v *Verifier) key(ctx context.Context, view *ledger.View, circuit zkp.Circuit) (*zkp.VerifyingKey, error) {
	object, err := view.VK(string(circuit))
	var missing *ledger.NotProvedError
	switch {
	case errors.As(err, &missing):
		return nil, err
	case err != nil: // a ledger without keys says nothing about the proof
		return nil, &Unchecked{CheckPrepare, err}
	}
	// The key says of itself how it was made; the consortium's word counts.
	if object.Setup != ledger.SetupCeremony && !v.cfg.AllowSinglePartySetupUnsafe {
		return nil, &Unchecked{CheckPrepare, fmt.Errorf("%w: %s, says the ledger", zkp.ErrSinglePartySetup, circuit)}
	}
	k, err := v.cache.key(object.KeyHash, func() (*zkp.VerifyingKey, error) { return v.fetchKey(ctx, circuit, object.KeyHash) })
	if err == nil && k.Circuit() != circuit {
		err = fmt.Errorf("%w: %s, and the ledger names it for %s", ErrKeyNotAtHand, k.Circuit(), circuit)
	}
	if err != nil {
		return nil, &Unchecked{CheckPrepare, err}
	}
	return k, nil
}

// fetchKey fetches and parses the verifying key that the ledger names for a circuit.
func (v *Verifier) fetchKey(ctx context.Context, circuit zkp.Circuit, hash [32]byte) (*zkp.VerifyingKey, error) {
	b, err := publish.VerifyingKey(ctx, v.cfg.Public, hash)
	if err != nil {
		return nil, fmt.Errorf("%w: %s: %w", ErrKeyNotAtHand, circuit, err)
	}
	return zkp.ParseVerifyingKey(b, hash, zkp.KeyOptions{AllowSinglePartySetupUnsafe: v.cfg.AllowSinglePartySetupUnsafe})
}

// proofRequest rebuilds the questions from our own stored request, and from the
// values that the holder reveals, which are then proved.
func (v *Verifier) proofRequest(a *answer, proofs []proved, epoch zkp.Epoch) (*zkp.Request, error) {
	r := &zkp.Request{
		Nonce: a.request.Nonce, Audience: v.ClientID(), Query: a.request.Query, Expiry: a.request.Expires,
		Scope: a.policy.scope(v.cfg.Identity.DID),
	}
	for i := range proofs {
		p := &proofs[i]
		p.day = epoch.Day
		statements, err := p.question.On(p.day, p.revealed)
		switch {
		case err != nil && p.question.RevealCount() > 0: // the values are the holder's
			return nil, &Rejected{CheckStatement, err}
		case err != nil && len(p.revealed) > 0: // values that nobody asked for
			return nil, &Rejected{CheckStatement, err}
		case err != nil:
			return nil, &Unchecked{CheckStatement, err}
		}
		r.Questions = append(r.Questions, zkp.Question{
			Schema: zkp.SchemaElement(p.schema.ID, uint32(p.schema.Version)), Statements: statements,
		})
	}
	return r, nil
}

// learnStatements lists what was proved and revealed; no other claim was received
// at all.
func (a *answer) learnStatements(proofs []proved) error {
	a.result.Learned, a.result.NeverReceived = nil, nil
	for i := range proofs {
		if err := a.learnPart(&proofs[i]); err != nil {
			return &Unchecked{CheckStatement, err}
		}
	}
	return nil
}

func (a *answer) learnPart(p *proved) error {
	sentences, err := predicate.Describe(p.schema, p.query)
	if err != nil {
		return err
	}
	revealed := p.revealed
	for i, s := range sentences {
		l := Learned{Type: p.schema.VCT, Claim: predicate.Name(p.query.Predicates[i].Path), Statement: &Text{s.English, s.Chinese}}
		if p.query.Predicates[i].Op == openid.OpReveal {
			l.Value, revealed = revealed[0], revealed[1:]
		}
		a.result.Learned = append(a.result.Learned, l)
	}
	for i := range p.schema.Claims {
		c := &p.schema.Claims[i]
		if !p.question.Reveals(c.Path, p.day) {
			a.result.NeverReceived = append(a.result.NeverReceived,
				Withheld{p.schema.VCT, predicate.Name(c.Path), Text{c.Label.English, c.Label.Chinese}})
		}
	}
	return nil
}

// check sorts a ledger answer: absence is a no, a value that the proof at hand
// does not cover is for ledger.Resolve, all else could not be checked.
func check(c Check, err error) error {
	var missing *ledger.NotProvedError
	switch {
	case errors.As(err, &missing):
		return err
	case errors.Is(err, ledger.ErrAbsent):
		return &Rejected{c, err}
	}
	return &Unchecked{c, err}
}
