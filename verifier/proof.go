package verifier

import (
	"encoding/base64"
	"errors"
	"fmt"

	"github.com/hufu-id/hufu/credential"
	"github.com/hufu-id/hufu/ledger"
	"github.com/hufu-id/hufu/statement"
	"github.com/hufu-id/hufu/zkp"
)

// Reasons of the checks on a zero-knowledge answer.
var (
	// ErrEpochTooOld: the proof speaks of an epoch that closed too long ago:
	// a revocation since then would not show.
	ErrEpochTooOld = errors.New("verifier: proof is of an epoch that has aged out")
	// ErrIssuersHidden: a policy that names issuers cannot be met by a proof
	// that hides which of the accredited ones signed.
	ErrIssuersHidden = errors.New("verifier: policy names issuers, which a proof hides")
	// ErrKeyNotAtHand: the ledger names a verifying key that is not at hand.
	ErrKeyNotAtHand = errors.New("verifier: verifying key not at hand")
)

// judgeProof checks a zero-knowledge presentation. Epoch and prepare stand in
// place of issuer, accreditation, signature and status.
func (v *Verifier) judgeProof(a *answer, view *ledger.View) error {
	p, err := parseProof(a.text)
	if err != nil {
		return &Rejected{CheckForm, err}
	}
	a.result.Bytes = zkp.PresentationSize
	if v.policy.AccreditedBy == "" {
		return &Rejected{CheckPolicy, ErrIssuersHidden}
	}
	schema, err := v.schemaOnLedger(a, view)
	if err != nil {
		return err
	}
	a.passed(CheckSchema)
	epoch, err := v.epoch(a, view, p.Epoch)
	if err != nil {
		return err
	}
	a.passed(CheckEpoch)
	keys, err := v.keys(view)
	if err != nil {
		return err
	}
	asked, err := v.proofRequest(a, schema, epoch)
	if err != nil {
		return &Unchecked{CheckStatement, err}
	}
	shown, err := zkp.Verify(keys, epoch, asked, p)
	switch {
	case errors.Is(err, zkp.ErrPrepare):
		return &Rejected{CheckPrepare, err}
	case err != nil:
		return &Rejected{CheckStatement, err}
	}
	a.passed(CheckPrepare, CheckStatement, CheckPolicy)
	v.remember(a, shown)
	return a.learnStatements(schema)
}

func parseProof(text string) (*zkp.Presentation, error) {
	b, err := base64.RawURLEncoding.Strict().DecodeString(text)
	if err != nil || base64.RawURLEncoding.EncodeToString(b) != text {
		return nil, fmt.Errorf("%w: presentation is not base64url", zkp.ErrForm)
	}
	return zkp.ParsePresentation(b)
}

// schemaOnLedger holds the schema file against the ledger.
func (v *Verifier) schemaOnLedger(a *answer, view *ledger.View) (*credential.Schema, error) {
	schema, err := v.schemaFor(a.query)
	if err != nil {
		return nil, &Unchecked{CheckSchema, err}
	}
	object, err := view.Schema(schema.ID, uint32(schema.Version))
	if err != nil {
		return nil, check(CheckSchema, err)
	}
	if object.Hash != schema.Hash() {
		return nil, &Unchecked{CheckSchema, errors.New("schema file differs from the ledger's")}
	}
	a.result.Type = schema.VCT
	return schema, nil
}

// epoch returns the roots of the proof's epoch, from the ledger, if it closed
// recently enough.
func (v *Verifier) epoch(a *answer, view *ledger.View, number uint64) (zkp.Epoch, error) {
	object, err := view.Epoch(number)
	if err != nil {
		return zkp.Epoch{}, check(CheckEpoch, err)
	}
	closed := object.ClosedAt(v.trust)
	if a.now.Sub(closed) > v.policy.MaxAge.Epoch {
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

// keys pins the verifying keys at hand by the ledger's vk objects.
func (v *Verifier) keys(view *ledger.View) (*zkp.Keys, error) {
	prepare, err := v.key(view, zkp.CircuitPrepare)
	if err != nil {
		return nil, err
	}
	show, err := v.key(view, zkp.CircuitShow)
	if err != nil {
		return nil, err
	}
	keys, err := zkp.NewKeys(prepare, show)
	if err != nil {
		return nil, &Unchecked{CheckPrepare, err}
	}
	return keys, nil
}

func (v *Verifier) key(view *ledger.View, circuit zkp.Circuit) (*zkp.VerifyingKey, error) {
	object, err := view.VK(string(circuit))
	var missing *ledger.NotProvedError
	switch {
	case errors.As(err, &missing):
		return nil, err
	case err != nil: // a ledger without keys says nothing about the proof
		return nil, &Unchecked{CheckPrepare, err}
	}
	for _, b := range v.material.VerifyingKeys {
		k, err := v.cache.parse(b, object.KeyHash, zkp.KeyOptions{AllowSinglePartySetupUnsafe: v.opts.AllowSinglePartySetupUnsafe})
		if errors.Is(err, zkp.ErrSinglePartySetup) {
			return nil, &Unchecked{CheckPrepare, err}
		}
		if err == nil && k.Circuit() == circuit {
			return k, nil
		}
	}
	return nil, &Unchecked{CheckPrepare, fmt.Errorf("%w: %s", ErrKeyNotAtHand, circuit)}
}

// proofRequest rebuilds the question from our own stored request.
func (v *Verifier) proofRequest(a *answer, schema *credential.Schema, epoch zkp.Epoch) (*zkp.Request, error) {
	s, err := statement.New(schema, a.query, epoch.Day)
	if err != nil {
		return nil, err
	}
	return &zkp.Request{
		Nonce: a.request.Nonce, Audience: v.ClientID(), Query: a.asked.QueryHash, Expiry: a.request.Expires,
		Schema: zkp.SchemaElement(schema.ID, uint32(schema.Version)), Statement: s, Scope: v.policy.scope(v.identity.DID),
	}, nil
}

// learnStatements lists what was proved; no claim at all was received.
func (a *answer) learnStatements(schema *credential.Schema) error {
	sentences, err := statement.Describe(schema, a.query)
	if err != nil {
		return &Unchecked{CheckStatement, err}
	}
	a.result.Learned, a.result.NeverReceived = nil, nil
	for i, s := range sentences {
		a.result.Learned = append(a.result.Learned, Learned{
			Claim: statement.Name(a.query.Predicates[i].Path), Statement: &Text{s.English, s.Chinese},
		})
	}
	for i := range schema.Claims {
		c := &schema.Claims[i]
		if statement.Told(a.query, c.Path) {
			continue
		}
		a.result.NeverReceived = append(a.result.NeverReceived, Withheld{statement.Name(c.Path), Text{c.Label.English, c.Label.Chinese}})
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
