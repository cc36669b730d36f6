package credential

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"slices"

	"github.com/go-json-experiment/json"

	"github.com/hufu-id/hufu/internal/limits"
)

const (
	// Slots is the number of attribute slots that a schema can fill for
	// zero-knowledge statements.
	Slots = 16
	// BindingSlot is reserved for the binding day: no claim can take it.
	BindingSlot = 15
)

// ClaimType says what a claim's value is.
type ClaimType string

// Claim types. A date is a text YYYY-MM-DD from 1900-01-01 on; an integer lies
// in [0, 2^63).
const (
	TypeString  ClaimType = "string"
	TypeInteger ClaimType = "integer"
	TypeDate    ClaimType = "date"
	TypeBoolean ClaimType = "boolean"
)

// Label is a claim's name for people.
type Label struct {
	English string `json:"en"`
	Chinese string `json:"zh"`
}

// SchemaClaim describes one claim.
type SchemaClaim struct {
	// Path names the claim: strings only, no array elements.
	Path Path `json:"path"`
	// Type is the type of its value.
	Type ClaimType `json:"type"`
	// Slot is its attribute slot, 0 to 14; nil for a claim that statements
	// cannot speak of.
	Slot *int `json:"slot,omitzero"`
	// Sensitive marks sensitive personal information, which needs a separate
	// consent.
	Sensitive bool `json:"sensitive,omitzero"`
	// Validate names a validator, or is empty.
	Validate string `json:"validate,omitzero"`
	// Label is required in both languages.
	Label Label `json:"label"`
}

// Schema is a type of credential: which claims it has, of which types, and how
// their digests are counted.
type Schema struct {
	// ID names the schema, and with Version one edition of it.
	ID string `json:"id"`
	// Version counts editions from 1.
	Version int `json:"version"`
	// VCT is the vct of its credentials.
	VCT string `json:"vct"`
	// Region is the GB/T 2260 code of six digits where it is in force.
	Region string `json:"region"`
	// Claims lists its claims; all of them are hidden.
	Claims []SchemaClaim `json:"claims"`
	// Digests is the fixed number of top-level digests: at least one more than
	// the claims hidden there, the place of the endorsement.
	Digests int `json:"digests"`

	raw []byte
}

// ParseSchema reads a schema file. Members that the format does not know are
// refused, for a misspelt "sensitive" would silently drop a protection. The
// error is [ErrSchema].
func ParseSchema(data []byte) (*Schema, error) {
	if len(data) > limits.Document {
		return nil, fmt.Errorf("%w: above %d bytes", ErrSchema, limits.Document)
	}
	schema := &Schema{raw: bytes.Clone(data)}
	if err := json.Unmarshal(data, schema, json.RejectUnknownMembers(true)); err != nil {
		return nil, fmt.Errorf("%w: a member is unknown or of the wrong type", ErrSchema)
	}
	if err := schema.check(); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrSchema, err)
	}
	return schema, nil
}

// Bytes returns the file as it was parsed.
func (s *Schema) Bytes() []byte { return bytes.Clone(s.raw) }

// Hash is the SHA-256 of the file's bytes, by which a ledger anchors it.
func (s *Schema) Hash() [32]byte { return sha256.Sum256(s.raw) }

// Hide lists what to hide when issuing: every claim of the schema.
func (s *Schema) Hide() []Path {
	paths := make([]Path, len(s.Claims))
	for i, claim := range s.Claims {
		paths[i] = slices.Clone(claim.Path)
	}
	return paths
}

// Slots returns the claim in each attribute slot as its path's text, empty
// where the slot is free. [BindingSlot] is always empty.
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
	case s.ID == "" || len(s.ID) > limits.Identifier:
		return fmt.Errorf("id is not 1 to %d bytes", limits.Identifier)
	case s.Version < 1 || s.Version > 1<<31-1:
		return fmt.Errorf("version is not a positive 32-bit number")
	case s.VCT == "" || len(s.VCT) > limits.Identifier:
		return fmt.Errorf("vct is not 1 to %d bytes", limits.Identifier)
	case checkRegion(s.Region) != "":
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
	if s.Digests <= top || s.Digests > limits.Disclosures {
		return fmt.Errorf("digests must lie above %d and not above %d", top, limits.Disclosures)
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
	}
	if name, ok := c.Path[0].(string); ok && slices.Contains(registeredNames, name) {
		return fmt.Errorf("path is a registered claim")
	}
	if c.Slot != nil && (*c.Slot < 0 || *c.Slot >= BindingSlot) {
		return fmt.Errorf("slot is not 0 to %d", BindingSlot-1)
	}
	if c.Label.English == "" || c.Label.Chinese == "" {
		return fmt.Errorf("label lacks a language")
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
