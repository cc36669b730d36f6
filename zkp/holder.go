package zkp

import (
	"crypto/rand"
	"fmt"
	"io"
)

// SecretSize is the length of a holder secret in bytes: 248 bits.
const SecretSize = 31

// A Secret is a person's holder secret. A person has one and keeps it in
// backups. A thief of the secret can recognise its owner's past pseudonyms.
type Secret [SecretSize]byte

// GenerateSecret reads a secret from random; nil means crypto/rand.
func GenerateSecret(random io.Reader) (Secret, error) {
	if random == nil {
		random = rand.Reader
	}
	var s Secret
	if _, err := io.ReadFull(random, s[:]); err != nil {
		return Secret{}, fmt.Errorf("zkp: reading random bytes: %w", err)
	}
	return s, nil
}

// Format keeps the secret out of every log line, whatever the verb.
func (Secret) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, "zkp.Secret") }

// Element returns the secret as a field element.
func (s Secret) Element() Element {
	var e Element
	e.SetBytes(s[:])
	return e
}

// Pseudonym returns P2₄(domain, secret, scope). It stays the same within one
// scope for ever. Without the secret nobody can relate it to a pseudonym in
// another scope.
func (s Secret) Pseudonym(scope Element) Element {
	return Compress(4, domainPseudonym, s.Element(), scope)
}

// Commit returns com = P2₄(domain, attrHash, secret, r), which hides attributes
// and secret. The blinding r must be uniform and used once.
func (s Secret) Commit(attrs *Attributes, r Element) Element {
	return Compress(4, domainCommitment, attrs.Hash(), s.Element(), r)
}

// NewBlinding draws a uniform element; random nil means crypto/rand.
func NewBlinding(random io.Reader) (Element, error) {
	if random == nil {
		random = rand.Reader
	}
	// 512 bits reduced: the bias is below 2^-250.
	var wide [64]byte
	if _, err := io.ReadFull(random, wide[:]); err != nil {
		return Element{}, fmt.Errorf("zkp: reading random bytes: %w", err)
	}
	var e Element
	e.SetBytes(wide[:])
	return e, nil
}

// A ScopeKind says what a pseudonym serves.
type ScopeKind string

// Kinds of scope.
const (
	// ScopeFresh, the zero value: a new scope for every request, unlinkable.
	ScopeFresh ScopeKind = ""
	// ScopeOnce: each person answers once in one event, as the counter counts (a
	// benefit, a library card).
	ScopeOnce ScopeKind = "once"
	// ScopeCounted: each person answers once in one event, as a ledger counts (a vote, a
	// rating). Of no other kind is an answer a [Use]: what a holder answered otherwise
	// says nothing there.
	ScopeCounted ScopeKind = "counted"
	// ScopePairwise: each person has one name at one agency.
	ScopePairwise ScopeKind = "pairwise"
	// ScopeIssuance: the holder commitment at one issuer for one schema.
	ScopeIssuance ScopeKind = "issuance"
)

// A Scope names the event or relation in which a holder is recognised again.
// Both sides derive its element and never take one from a request: a scope of
// the verifier's free choice would be a supercookie.
type Scope struct {
	Kind  ScopeKind
	Owner string // DID of the owner
	ID    string // event or rule; the schema id for ScopeIssuance
}

// IssuanceScope is the scope of the holder commitment at an issuer, named by its
// DID. It is fixed for each schema, so that the desk sees one value per person.
func IssuanceScope(issuer, schemaID string) Scope {
	return Scope{Kind: ScopeIssuance, Owner: issuer, ID: schemaID}
}

// element derives the scope. A fresh scope depends on the request's context.
func (s Scope) element(context Element) (Element, error) {
	switch s.Kind {
	case ScopeFresh:
		if s.Owner != "" || s.ID != "" {
			return Element{}, fmt.Errorf("%w: a fresh scope has no owner", ErrStatement)
		}
		c := context.Bytes()
		return HashToField("scope", []byte("fresh"), c[:]), nil
	case ScopeOnce, ScopeCounted, ScopePairwise, ScopeIssuance:
		if s.Owner == "" || (s.ID == "" && s.Kind != ScopePairwise) {
			return Element{}, fmt.Errorf("%w: a scope of kind %q names its owner and event", ErrStatement, s.Kind)
		}
		return HashToField("scope", []byte(s.Kind), []byte(s.Owner), []byte(s.ID)), nil
	}
	return Element{}, fmt.Errorf("%w: unknown scope kind", ErrStatement)
}

// HolderCommitment returns the pseudonym in the issuance scope of one issuer
// and schema. The desk sees one value for each person. The error is
// ErrStatement for another kind of scope.
func (s Secret) HolderCommitment(scope Scope) (Element, error) {
	if scope.Kind != ScopeIssuance {
		return Element{}, fmt.Errorf("%w: a holder commitment needs an issuance scope", ErrStatement)
	}
	e, err := scope.element(Element{})
	if err != nil {
		return Element{}, err
	}
	return s.Pseudonym(e), nil
}

// Element derives the element of a named scope. The error is ErrStatement for a
// fresh scope, which has no element before its request has a context, and for a
// scope without owner or event.
func (s Scope) Element() (Element, error) {
	if s.Kind == ScopeFresh {
		return Element{}, fmt.Errorf("%w: a fresh scope is derived from its request", ErrStatement)
	}
	return s.element(Element{})
}
