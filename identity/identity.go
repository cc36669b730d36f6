package identity

import (
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/hufu-id/hufu/credential"
	"github.com/hufu-id/hufu/openid"
	"github.com/hufu-id/hufu/predicate"
	"github.com/hufu-id/hufu/zkp"
)

// Errors of this package.
var (
	// ErrSchema: the schema is no identity type, names no person, or is not one that
	// the later type is bound by.
	ErrSchema = errors.New("identity: not an identity type for this credential")
	// ErrShown: the answer is not of the form that the demand asks for.
	ErrShown = errors.New("identity: not an answer to this demand")
)

// Lifetime is how long after the key proof an answer holds.
const Lifetime = 10 * time.Minute

const (
	queryID   = "identity" // of the one question of a demand
	everyDesk = "*"        // in place of the DID of one; no DID is spelt so
)

// Scope returns the scope in which a desk sees the holder's commitment. Desks of one
// identity type share it. For a later type each desk has its own, so that two agencies
// cannot tell from the commitments that they serve the same person.
func Scope(issuer string, schema *credential.Schema) zkp.Scope {
	if len(schema.BoundBy) == 0 {
		return zkp.IssuanceScope(everyDesk, schema.ID)
	}
	return zkp.IssuanceScope(issuer, schema.ID)
}

// Query returns what a desk asks of an identity credential: the person and the binding
// day, both revealed. The error is ErrSchema.
func Query(schema *credential.Schema) (*openid.CredentialQuery, error) {
	if schema == nil || schema.Person == nil || len(schema.BoundBy) > 0 {
		return nil, fmt.Errorf("%w: the schema names no person", ErrSchema)
	}
	return &openid.CredentialQuery{
		ID: queryID, Format: openid.FormatSDJWTZK, Meta: openid.Meta{VCTValues: []string{schema.VCT}},
		Predicates: []openid.Predicate{
			{Path: schema.Person, Op: openid.OpReveal},
			{Path: credential.Path{predicate.ClaimBinding}, Op: openid.OpReveal},
		},
	}, nil
}

// A Demand is what a desk demands before it issues a later type. Wallet and desk make the
// same one from the application.
type Demand struct {
	desk      string
	typ       *credential.Schema
	person    *credential.Schema
	nonce     string
	queryHash [32]byte
	expires   time.Time
	compiled  *predicate.Compiled
}

// Takes reports whether a desk issues a type on a proof of an identity credential with
// this schema: one that the type is bound by, or, for an identity type, an edition of
// itself from any desk. Whoever moves keeps the secret and the binding day.
func Takes(typ, person *credential.Schema) bool {
	if len(typ.BoundBy) == 0 {
		return typ.ID == person.ID
	}
	return slices.Contains(typ.BoundBy, credential.SchemaRef{Schema: person.ID, Version: person.Version})
}

// NewDemand makes the demand of a desk, named by its DID, before it issues a type on the
// strength of an identity credential, as [Takes] says. keyProof is the key proof
// (JWT) of the application, and issued its iat: the answer counts for this application
// alone. The error is ErrSchema.
func NewDemand(desk string, typ, person *credential.Schema, keyProof string, issued time.Time) (*Demand, error) {
	if typ == nil || person == nil || !Takes(typ, person) {
		return nil, fmt.Errorf("%w: the type is not issued on this schema", ErrSchema)
	}
	question, err := Query(person)
	if err != nil {
		return nil, err
	}
	text, err := (&openid.Query{Credentials: []openid.CredentialQuery{*question}}).Bytes()
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrSchema, err)
	}
	compiled, err := predicate.Compile(person, question)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrSchema, err)
	}
	nonce := sha256.Sum256([]byte("hufu/identity/1\x00" + keyProof))
	return &Demand{
		desk: desk, typ: typ, person: person, nonce: base64.RawURLEncoding.EncodeToString(nonce[:]),
		queryHash: sha256.Sum256(text), expires: issued.Add(Lifetime), compiled: compiled,
	}, nil
}

// Reveal reads the values that an answer reveals from the claims of an identity
// credential. Errors are those of [predicate.Compiled.Reveal].
func (d *Demand) Reveal(claims map[string]any) (openid.Values, error) {
	return d.compiled.Reveal(claims)
}

// Request returns what the holder answers on the day of an epoch, revealing these
// values. Errors are those of [predicate.Compiled.On].
func (d *Demand) Request(day zkp.Day, revealed openid.Values) (*zkp.Request, error) {
	statements, err := d.compiled.On(day, revealed)
	if err != nil {
		return nil, err
	}
	return &zkp.Request{
		Nonce: d.nonce, Audience: d.desk, Query: d.queryHash, Expiry: d.expires, Scope: Scope(d.desk, d.typ),
		Questions: []zkp.Question{{Schema: predicate.SchemaElement(d.person), Statements: statements}},
	}, nil
}

// Shown is what a verified answer proves.
type Shown struct {
	// Person is the value of the identity schema's Person.
	Person string
	// Bound is the day on which the secret was bound to the person.
	Bound zkp.Day
	// Commitment is the holder commitment for the later credential.
	Commitment zkp.Element
}

// ParseAnswer reads an answer, so that the caller can find its epoch. The error is
// ErrShown.
func ParseAnswer(text string) (*Answer, error) {
	p, err := openid.ParseProofPresentation(text)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrShown, err)
	}
	proof, err := zkp.ParsePresentation(p.Proof)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrShown, err)
	}
	return &Answer{Epoch: proof.Epoch, proof: proof, reveals: p.Reveals}, nil
}

// An Answer is a holder's answer to a demand, not verified yet.
type Answer struct {
	Epoch   uint64
	proof   *zkp.Presentation
	reveals openid.Values
}

// Verify checks an answer under the verifying keys and the epoch, both of the ledger.
// Errors: ErrShown, and those of [zkp.Verify].
func (d *Demand) Verify(keys *zkp.Keys, epoch zkp.Epoch, a *Answer) (*Shown, error) {
	request, err := d.Request(epoch.Day, a.reveals)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrShown, err)
	}
	shown, err := zkp.Verify(keys, epoch, request, a.proof)
	if err != nil {
		return nil, err
	}
	person, isText := a.reveals[0].(string)
	text, isDay := a.reveals[1].(string)
	if !isText || !isDay {
		return nil, ErrShown
	}
	bound, err := zkp.ParseDay(text)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrShown, err)
	}
	return &Shown{Person: person, Bound: bound, Commitment: shown.Pseudonym}, nil
}
