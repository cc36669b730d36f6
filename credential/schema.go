package credential

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"slices"

	"github.com/hufu-id/hufu/internal/gb"
	"github.com/hufu-id/hufu/internal/limits"
	"github.com/hufu-id/hufu/internal/strictjson"
	"github.com/hufu-id/hufu/legible"
)

const (
	// Slots is the number of attribute slots that zero-knowledge statements can
	// speak of.
	Slots = 16
	// BindingSlot is reserved for the binding day. No claim can take it.
	BindingSlot = 15
)

// A ClaimType is the type of a claim's value.
type ClaimType string

// Types of claims. A date is a text YYYY-MM-DD, from 1900-01-01 on. An integer
// lies in [0, 2^63).
const (
	TypeString  ClaimType = "string"
	TypeInteger ClaimType = "integer"
	TypeDate    ClaimType = "date"
	TypeBoolean ClaimType = "boolean"
)

// maxLabel caps a label in characters: what fits a line of a screen.
const maxLabel = 80

// A Label names a claim for people: 1 to 80 characters that package legible lets
// pass.
type Label struct {
	English string `json:"en"`
	Chinese string `json:"zh"`
}

// A SchemaClaim describes one claim.
type SchemaClaim struct {
	// Path names the claim. It holds strings only: a schema describes no array
	// elements.
	Path Path `json:"path"`
	// Type is the type of the claim's value.
	Type ClaimType `json:"type"`
	// Slot is the attribute slot of the claim, 0 to 14; nil if zero-knowledge
	// statements cannot speak of it.
	Slot *int `json:"slot,omitzero"`
	// Sensitive marks sensitive personal information. It needs a separate
	// consent.
	Sensitive bool `json:"sensitive,omitzero"`
	// Validate names a validator: nonempty, date, gbt2260, cn-resident-id or
	// cn-uscc. Empty means none.
	Validate string `json:"validate,omitzero"`
	// Label is required in both languages.
	Label Label `json:"label"`
}

// A Schema describes a type of credential: its claims, their types, and the
// fixed number of digests.
type Schema struct {
	// ID names the schema. ID and Version together name one edition.
	ID string `json:"id"`
	// Version counts editions from 1.
	Version int `json:"version"`
	// VCT is the vct of credentials of this type.
	VCT string `json:"vct"`
	// Region is the GB/T 2260 code, six digits, of the region where the schema
	// is in force.
	Region string `json:"region"`
	// Claims lists the claims. Issuers hide all of them.
	Claims []SchemaClaim `json:"claims"`
	// Person is the path of the claim that names a person for good, such as an
	// identity number: desks know a person again by its value. The claim is a string
	// with a slot. A schema has one that others are BoundBy, or that has BoundBy itself:
	// the two values are the same.
	Person Path `json:"person,omitzero"`
	// BoundBy names the identity credentials, at most [MaxBoundBy], of which a desk
	// demands one before it issues this type. The holder proves that it names the
	// same person and hides the same secret. Empty: the desk itself finds out who
	// a person is, and binds the secret to them.
	BoundBy []SchemaRef `json:"boundBy,omitzero"`
	// Digests is the fixed number of top-level digests. It exceeds the number
	// of top-level claims by at least one, which leaves room for the
	// endorsement.
	Digests int `json:"digests"`

	raw []byte
}

// MaxBoundBy bounds how many identity credentials a schema names.
const MaxBoundBy = 8

// A SchemaRef names one edition of a schema.
type SchemaRef struct {
	Schema  string `json:"schema"`
	Version int    `json:"version"`
}

// ParseSchema reads a schema file. It refuses members that the format does not
// know: a misspelt "sensitive" would silently drop a protection. The error is
// [ErrSchema].
func ParseSchema(data []byte) (*Schema, error) {
	schema := new(Schema)
	if err := strictjson.Read(data, limits.Document, schema); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrSchema, err)
	}
	schema.raw = bytes.Clone(data)
	if err := schema.check(); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrSchema, err)
	}
	return schema, nil
}

// Bytes returns a copy of the file as it was parsed.
func (s *Schema) Bytes() []byte { return bytes.Clone(s.raw) }

// Hash returns the SHA-256 of the file's bytes. The ledger records it.
func (s *Schema) Hash() [32]byte { return sha256.Sum256(s.raw) }

// Hide returns the paths that an issuer hides: every claim of the schema.
func (s *Schema) Hide() []Path {
	paths := make([]Path, len(s.Claims))
	for i, claim := range s.Claims {
		paths[i] = slices.Clone(claim.Path)
	}
	return paths
}

// Slots returns, for each attribute slot, the text of the claim's path, or the
// empty string if the slot is free. [BindingSlot] is always free.
func (s *Schema) Slots() [Slots]string {
	var slots [Slots]string
	for _, claim := range s.Claims {
		if claim.Slot != nil {
			slots[*claim.Slot] = claim.Path.String()
		}
	}
	return slots
}

func (s *Schema) check() error {
	switch {
	case legible.Check(s.ID, legible.Limits{}) != nil || len(s.ID) > limits.Identifier:
		return fmt.Errorf("id is not 1 to %d bytes of text", limits.Identifier)
	case s.Version < 1 || s.Version > 1<<31-1:
		return fmt.Errorf("version is not a positive 32-bit number")
	case legible.Check(s.VCT, legible.Limits{}) != nil || len(s.VCT) > limits.Identifier:
		return fmt.Errorf("vct is not 1 to %d bytes of text", limits.Identifier)
	case gb.CheckRegion(s.Region) != "":
		return fmt.Errorf("region is no GB/T 2260 code")
	case len(s.Claims) == 0 || len(s.Claims) >= limits.Disclosures:
		return fmt.Errorf("%d claims", len(s.Claims))
	}
	top := 0
	taken := map[int]bool{}
	for i, claim := range s.Claims {
		if err := claim.check(); err != nil {
			return fmt.Errorf("claim %d: %w", i, err)
		}
		if claim.Slot != nil && taken[*claim.Slot] {
			return fmt.Errorf("claim %d: slot taken", i)
		}
		if claim.Slot != nil {
			taken[*claim.Slot] = true
		}
		for _, other := range s.Claims[:i] {
			if claim.Path.contains(other.Path) || other.Path.contains(claim.Path) {
				return fmt.Errorf("claim %d: path lies on another's", i)
			}
		}
		if len(claim.Path) == 1 {
			top++
		}
	}
	if err := s.checkPerson(); err != nil {
		return err
	}
	if s.Digests <= top || s.Digests > limits.Disclosures {
		return fmt.Errorf("digests must lie above %d and not above %d", top, limits.Disclosures)
	}
	return nil
}

func (s *Schema) checkPerson() error {
	if s.Person != nil && !slices.ContainsFunc(s.Claims, func(c SchemaClaim) bool {
		return c.Path.String() == s.Person.String() && c.Type == TypeString && c.Slot != nil
	}) {
		return fmt.Errorf("person is no claim of type string with a slot")
	}
	if len(s.BoundBy) > 0 && s.Person == nil {
		return fmt.Errorf("boundBy without person")
	}
	if len(s.BoundBy) > MaxBoundBy {
		return fmt.Errorf("boundBy names more than %d schemas", MaxBoundBy)
	}
	for i, ref := range s.BoundBy {
		if ref.Schema == "" || len(ref.Schema) > limits.Identifier || ref.Version < 1 || ref.Version > 1<<31-1 {
			return fmt.Errorf("boundBy %d names no schema", i)
		}
		if ref.Schema == s.ID {
			return fmt.Errorf("boundBy %d is the schema itself", i)
		}
		if slices.Contains(s.BoundBy[:i], ref) {
			return fmt.Errorf("boundBy names schema %d twice", i)
		}
	}
	return nil
}

// Check reports whether a schema may have the claim. The error is [ErrSchema].
func (c SchemaClaim) Check() error {
	if err := c.check(); err != nil {
		return fmt.Errorf("%w: %w", ErrSchema, err)
	}
	return nil
}

func (c SchemaClaim) check() error {
	if err := c.Path.check(); err != nil {
		return err
	}
	for _, element := range c.Path {
		name, ok := element.(string)
		if !ok || name == "" || len(name) > limits.Identifier || isReserved(name) {
			return fmt.Errorf("path element is no claim name")
		}
		if err := legible.Check(name, legible.Limits{}); err != nil {
			return fmt.Errorf("claim name: %w", err)
		}
	}
	if name, ok := c.Path[0].(string); ok && slices.Contains(registeredNames, name) {
		return fmt.Errorf("path is a registered claim")
	}
	if c.Slot != nil && (*c.Slot < 0 || *c.Slot >= BindingSlot) {
		return fmt.Errorf("slot is not 0 to %d", BindingSlot-1)
	}
	for _, label := range []string{c.Label.English, c.Label.Chinese} {
		if err := legible.Check(label, legible.Limits{Runes: maxLabel}); err != nil {
			return fmt.Errorf("label: %w", err)
		}
	}
	if !slices.Contains([]ClaimType{TypeString, TypeInteger, TypeDate, TypeBoolean}, c.Type) {
		return fmt.Errorf("unknown type")
	}
	if c.Validate == "" {
		return nil
	}
	validator, ok := validators[c.Validate]
	if !ok || !slices.Contains(validator.types, c.Type) {
		return fmt.Errorf("unknown validator, or not one for this type")
	}
	return nil
}
