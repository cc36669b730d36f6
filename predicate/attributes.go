package predicate

import (
	"errors"
	"fmt"
	"strings"

	"github.com/hufu-id/hufu/credential"
	"github.com/hufu-id/hufu/zkp"
)

// Errors of this package. Their messages name claims, never values.
var (
	// ErrClaim: the schema does not have the claim, the claim has no slot, or
	// the credential lacks it.
	ErrClaim = errors.New("predicate: not a claim of this credential type")
	// ErrType: a value or an operation does not fit the type of the claim.
	ErrType = errors.New("predicate: value does not fit the claim's type")
	// ErrUnsupported: this version cannot prove the operation.
	ErrUnsupported = errors.New("predicate: operation not supported")
	// ErrReveal: a proof reveals more or fewer values than were asked for, or a
	// text that is not in NFC.
	ErrReveal = errors.New("predicate: revealed values are not the ones asked for")
	// ErrMismatch: a slot of the endorsement differs from its claim.
	ErrMismatch = errors.New("predicate: endorsement differs from the claims")
)

// SchemaElement names a schema and its version inside the circuits.
func SchemaElement(s *credential.Schema) zkp.Element {
	return zkp.SchemaElement(s.ID, uint32(s.Version))
}

// Attributes encodes claims in the schema's slot order, with the binding day in
// the last slot. An absent claim leaves its slot zero. Errors: ErrType, and
// those of zkp for a value out of range.
func Attributes(schema *credential.Schema, claims map[string]any, binding zkp.Day) (zkp.Attributes, error) {
	var a zkp.Attributes
	for i := range schema.Claims {
		c := &schema.Claims[i]
		value, ok := Claim(claims, c.Path)
		if !ok || c.Slot == nil {
			continue
		}
		e, err := Encode(c.Type, value)
		if err != nil {
			return zkp.Attributes{}, fmt.Errorf("claim %s: %w", c.Path, err)
		}
		a[*c.Slot] = e
	}
	a[zkp.BindingSlot] = zkp.EncodeDate(binding)
	return a, nil
}

// Encode encodes one claim value by its schema type: string, integer, date
// (text as 2006-01-02) or boolean. Errors: ErrType, and those of zkp for a
// value out of range.
func Encode(kind credential.ClaimType, value any) (zkp.Element, error) {
	switch kind {
	case credential.TypeString:
		if s, ok := value.(string); ok {
			return zkp.EncodeString(s)
		}
	case credential.TypeDate:
		if s, ok := value.(string); ok {
			day, err := zkp.ParseDay(s)
			return zkp.EncodeDate(day), err
		}
	case credential.TypeBoolean:
		if b, ok := value.(bool); ok {
			return zkp.EncodeBool(b), nil
		}
	case credential.TypeInteger:
		if n, ok := integer(value); ok {
			return zkp.EncodeInteger(n)
		}
	}
	return zkp.Element{}, fmt.Errorf("%w: want %s", ErrType, kind)
}

// integer accepts JSON numbers that are whole and exact.
func integer(value any) (int64, bool) {
	switch n := value.(type) {
	case int64:
		return n, true
	case int:
		return int64(n), true
	case float64:
		const exact = 1 << 53
		if n == float64(int64(n)) && n > -exact && n < exact {
			return int64(n), true
		}
	}
	return 0, false
}

// find returns the schema's claim at a path. The claim must have a slot. Every schema
// has the binding day.
func find(schema *credential.Schema, path credential.Path) (*credential.SchemaClaim, error) {
	if isBinding(path) {
		return bindingClaim, nil
	}
	for i := range schema.Claims {
		if c := &schema.Claims[i]; c.Path.String() == path.String() && c.Slot != nil {
			return c, nil
		}
	}
	return nil, fmt.Errorf("%w: %s is not in this credential", ErrClaim, path)
}

// Claim returns the value at a schema's path, and whether the claims hold
// exactly one.
func Claim(claims map[string]any, path credential.Path) (any, bool) {
	if len(path) == 1 {
		if name, ok := path[0].(string); ok {
			value, ok := claims[name]
			return value, ok
		}
	}
	values := path.Values(claims)
	if len(values) != 1 {
		return nil, false
	}
	return values[0], true
}

// Name writes a path for people: its elements, joined by dots.
func Name(path credential.Path) string {
	parts := make([]string, len(path))
	for i, element := range path {
		parts[i] = fmt.Sprint(element)
	}
	return strings.Join(parts, ".")
}
