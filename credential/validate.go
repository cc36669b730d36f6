package credential

import (
	"maps"
	"slices"
	"time"

	"golang.org/x/text/unicode/norm"

	"github.com/hufu-id/hufu/internal/gb"
	"github.com/hufu-id/hufu/legible"
)

// A Reason is a stable code for why a field is refused. User interfaces
// translate it. The empty Reason means no objection.
type Reason string

// Reasons of refusal.
const (
	// ReasonMissing: a claim that must not be empty is absent.
	ReasonMissing Reason = "missing"
	// ReasonUnknown: the schema does not describe this claim.
	ReasonUnknown Reason = "unknown"
	// ReasonType: the value does not have the schema's type.
	ReasonType Reason = "type"
	// ReasonEmpty: the text is empty or blank.
	ReasonEmpty Reason = "empty"
	// ReasonRange: the integer is negative.
	ReasonRange Reason = "range"
	// ReasonLength: the text has the wrong length.
	ReasonLength Reason = "length"
	// ReasonCharacter: the text contains a character that it must not contain,
	// such as one that shows nothing or turns the direction (package legible), or
	// is not in Unicode normal form C.
	ReasonCharacter Reason = "character"
	// ReasonDate: the text is not a real day, or the day is before 1900 (in a
	// resident identity number, before 1800).
	ReasonDate Reason = "date"
	// ReasonRegion: no province has this code.
	ReasonRegion Reason = "region"
	// ReasonCheckDigit: the check character is wrong, which is a typing error.
	ReasonCheckDigit Reason = "check-digit"
)

// A FieldError names one refused field, or, without a path, claims that are
// refused as a whole. It carries no value.
type FieldError struct {
	Path   Path
	Reason Reason
}

// Error returns the path and the reason.
func (e FieldError) Error() string {
	return "credential: field " + e.Path.String() + ": " + string(e.Reason)
}

type validator struct {
	types []ClaimType
	check func(string) Reason
}

// validators lists the validators that a schema may name. All of them read
// text.
var validators = map[string]validator{
	"nonempty":       {[]ClaimType{TypeString, TypeDate}, checkNonempty},
	"date":           {[]ClaimType{TypeString, TypeDate}, checkDate},
	"gbt2260":        {[]ClaimType{TypeString}, number(gb.CheckRegion)},
	"cn-resident-id": {[]ClaimType{TypeString}, number(gb.CheckResidentID)},
	"cn-uscc":        {[]ClaimType{TypeString}, number(gb.CheckUSCC)},
}

// number is a validator of package gb, whose faults are reasons.
func number(check func(string) gb.Fault) func(string) Reason {
	return func(text string) Reason { return Reason(check(text)) }
}

// Validate checks the claims of one person against the schema: the schema
// describes each claim, each value has the right type, and the named validators
// accept it. A claim may be absent unless its validator is nonempty. Leave out
// the claims of the envelope (iss, exp, cnf…): the issuer adds them later.
// Validate returns the refused fields in the schema's order, unknown claims
// last, and nothing if all is well. Claims without a JSON form, with an integer
// beyond 63 bits or above limits.Token bytes yield one [ReasonType] without a
// path.
func (s *Schema) Validate(claims map[string]any) []FieldError {
	normal, err := normalize(claims)
	if err != nil {
		return []FieldError{{Reason: ReasonType}}
	}
	var found []FieldError
	known := map[string]bool{}
	for _, claim := range s.Claims {
		known[claim.Path.String()] = true
		if reason := claim.validate(normal); reason != "" {
			found = append(found, FieldError{Path: slices.Clone(claim.Path), Reason: reason})
		}
	}
	for _, path := range leaves(normal, nil) {
		if !known[path.String()] {
			found = append(found, FieldError{Path: path, Reason: ReasonUnknown})
		}
	}
	return found
}

// Leaves returns the path of every value that is not an object with members, but for the
// registered claims.
func Leaves(claims map[string]any) []Path {
	return slices.DeleteFunc(leaves(claims, nil), func(p Path) bool { name, _ := p[0].(string); return slices.Contains(registeredNames, name) })
}

// leaves returns the path of every value that is not an object with members.
func leaves(object map[string]any, at Path) []Path {
	var paths []Path
	for _, name := range slices.Sorted(maps.Keys(object)) {
		inner, ok := object[name].(map[string]any)
		if ok && len(inner) > 0 {
			paths = append(paths, leaves(inner, at.child(name))...)
			continue
		}
		paths = append(paths, at.child(name))
	}
	return paths
}

func (c SchemaClaim) validate(claims map[string]any) Reason {
	values := c.Path.Values(claims)
	if len(values) == 0 {
		if c.Validate == "nonempty" {
			return ReasonMissing
		}
		return ""
	}
	switch value := values[0].(type) {
	case bool:
		if c.Type == TypeBoolean {
			return ""
		}
	case int64:
		if c.Type == TypeInteger && value < 0 {
			return ReasonRange
		}
		if c.Type == TypeInteger {
			return ""
		}
	case string:
		if c.Type == TypeString || c.Type == TypeDate {
			return c.validateText(value)
		}
	}
	return ReasonType
}

func (c SchemaClaim) validateText(text string) Reason {
	if !norm.NFC.IsNormalString(text) || legible.Check(text, legible.Limits{Blank: true}) != nil {
		return ReasonCharacter
	}
	if c.Type == TypeDate {
		if reason := checkDate(text); reason != "" {
			return reason
		}
	}
	if c.Validate == "" {
		return ""
	}
	return validators[c.Validate].check(text)
}

func checkNonempty(text string) Reason {
	if legible.Check(text, legible.Limits{}) != nil {
		return ReasonEmpty
	}
	return ""
}

// checkDate reads YYYY-MM-DD, the only form of a day in a credential.
func checkDate(text string) Reason {
	day, err := time.Parse(time.DateOnly, text)
	if err != nil || day.Year() < 1900 {
		return ReasonDate
	}
	return ""
}
