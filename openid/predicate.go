package openid

import (
	"fmt"
	"reflect"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/hufu-id/hufu/credential"
)

// An Op is the operation of a predicate on one attribute. Every operation is
// false if the attribute is absent.
type Op string

// The operations, with the members of Predicate that go with each.
const (
	OpEqual        Op = "eq"             // Value
	OpNotEqual     Op = "ne"             // Value
	OpRange        Op = "range"          // Min, Max or both, both included
	OpIn           Op = "in"             // Values
	OpNotIn        Op = "notin"          // Values
	OpAtLeastYears Op = "at_least_years" // Years, on or after the birthday
	OpAfterYears   Op = "after_years"    // Years, from the day after the birthday
	// OpReveal asks for the value itself, which travels with the proof. Only
	// FormatSDJWTZK allows it, and only if all predicates must hold.
	OpReveal Op = "reveal"
)

const (
	// showPredicates is the number of predicates in one show. One of them may
	// ask about a set. If all predicates must hold, several shows of one
	// credential can share them; every other acceptance needs a single show.
	showPredicates = 4
	maxShows       = 4
	maxPredicates  = maxShows * showPredicates
	maxYears       = 120 // before any day since 2020 lies a day that an attribute can have
)

// A Predicate is one condition on a hidden attribute. This project defines it;
// it is not part of DCQL:
//
//	{"path": ["birthdate"], "op": "at_least_years", "years": 18}
//
// Values are string, int64 or bool. A full date is a string YYYY-MM-DD.
type Predicate struct {
	Path     credential.Path
	Op       Op
	Value    any
	Values   Values
	Min, Max any // int64 or date string, both of the same type
	Years    int
}

type predicateJSON struct {
	Path   credential.Path `json:"path"`
	Op     Op              `json:"op"`
	Value  jsontext.Value  `json:"value,omitzero"`
	Values Values          `json:"values,omitzero"`
	Min    jsontext.Value  `json:"min,omitzero"`
	Max    jsontext.Value  `json:"max,omitzero"`
	Years  int             `json:"years,omitzero"`
}

// UnmarshalJSONFrom implements json.UnmarshalerFrom. It refuses an unknown
// member, which would change the question.
func (p *Predicate) UnmarshalJSONFrom(dec *jsontext.Decoder) error {
	var wire predicateJSON
	if err := json.UnmarshalDecode(dec, &wire, json.RejectUnknownMembers(true)); err != nil {
		return fmt.Errorf("%w: malformed predicate", ErrQuery)
	}
	*p = Predicate{Path: wire.Path, Op: wire.Op, Values: wire.Values, Years: wire.Years}
	for _, field := range []struct {
		raw jsontext.Value
		to  *any
	}{{wire.Value, &p.Value}, {wire.Min, &p.Min}, {wire.Max, &p.Max}} {
		if field.raw == nil {
			continue
		}
		value, err := parseValue(field.raw)
		if err != nil {
			return err
		}
		*field.to = value
	}
	return nil
}

// MarshalJSONTo implements json.MarshalerTo.
func (p Predicate) MarshalJSONTo(enc *jsontext.Encoder) error {
	return json.MarshalEncode(enc, struct {
		Path   credential.Path `json:"path"`
		Op     Op              `json:"op"`
		Value  any             `json:"value,omitzero"`
		Values Values          `json:"values,omitzero"`
		Min    any             `json:"min,omitzero"`
		Max    any             `json:"max,omitzero"`
		Years  int             `json:"years,omitzero"`
	}(p))
}

// check demands exactly the members that belong to the operation.
func (p Predicate) check() error {
	if err := checkPath(p.Path); err != nil {
		return err
	}
	want, known := predicateMembers[p.Op]
	if !known {
		return fmt.Errorf("%w: unknown op", ErrQuery)
	}
	if p.members() != want {
		return fmt.Errorf("%w: op has a member too many or too few", ErrQuery)
	}
	switch want {
	case memberValue:
		return checkOperand(p.Value)
	case memberValues:
		return p.checkSet()
	case memberBounds:
		return checkBounds(p.Min, p.Max)
	case 0:
		return nil
	}
	if p.Years < 1 || p.Years > maxYears {
		return fmt.Errorf("%w: years is outside 1 to %d", ErrQuery, maxYears)
	}
	return nil
}

// A memberSet says which operands of a predicate are present.
type memberSet int

const (
	memberValue memberSet = 1 << iota
	memberValues
	memberBounds
	memberYears
)

var predicateMembers = map[Op]memberSet{
	OpEqual: memberValue, OpNotEqual: memberValue,
	OpIn: memberValues, OpNotIn: memberValues,
	OpRange:        memberBounds,
	OpAtLeastYears: memberYears, OpAfterYears: memberYears,
	OpReveal: 0,
}

func (p Predicate) members() (set memberSet) {
	if p.Value != nil {
		set |= memberValue
	}
	if p.Values != nil {
		set |= memberValues
	}
	if p.Min != nil || p.Max != nil {
		set |= memberBounds
	}
	if p.Years != 0 {
		set |= memberYears
	}
	return set
}

func (p Predicate) checkSet() error {
	if err := checkValues(p.Values); err != nil {
		return err
	}
	for _, value := range p.Values {
		if reflect.TypeOf(value) != reflect.TypeOf(p.Values[0]) {
			return fmt.Errorf("%w: values of a set are of one type", ErrQuery)
		}
		if err := checkOperand(value); err != nil {
			return err
		}
	}
	return nil
}

// checkOperand refuses a value that no attribute has.
func checkOperand(value any) error {
	if n, ok := value.(int64); ok && n < 0 {
		return fmt.Errorf("%w: a number below 0", ErrQuery)
	}
	return checkValue(value)
}

// checkBounds accepts two numbers from 0, or two dates, the lower one first.
// One bound may be absent.
func checkBounds(low, high any) error {
	if low == nil || high == nil {
		only := low
		if only == nil {
			only = high
		}
		low, high = only, only
	}
	switch lo := low.(type) {
	case int64:
		if hi, ok := high.(int64); ok && 0 <= lo && lo <= hi {
			return nil
		}
	case string:
		if hi, ok := high.(string); ok && isDate(lo) && isDate(hi) && lo <= hi {
			return nil
		}
	}
	return fmt.Errorf("%w: a range is two numbers from 0 or two dates, in order", ErrQuery)
}

// isDate accepts the days that an attribute can have.
func isDate(s string) bool {
	day, err := time.Parse(time.DateOnly, s)
	return err == nil && day.Year() >= 1900
}

// An Acceptance says how many of a query's predicates must hold. In JSON it is
// absent, "all", "any", or {"k_of": n}.
type Acceptance struct {
	// K is the least number of predicates that must hold; 0 means all.
	K int
}

// Need returns how many of n predicates must hold.
func (a Acceptance) Need(n int) int {
	if a.K == 0 {
		return n
	}
	return a.K
}

// UnmarshalJSONFrom implements json.UnmarshalerFrom.
func (a *Acceptance) UnmarshalJSONFrom(dec *jsontext.Decoder) error {
	raw, err := dec.ReadValue()
	if err != nil {
		return err
	}
	switch string(raw) {
	case `"all"`:
		*a = Acceptance{}
		return nil
	case `"any"`:
		*a = Acceptance{K: 1}
		return nil
	}
	var wire struct {
		K *int `json:"k_of"`
	}
	if err := json.Unmarshal(raw, &wire, json.RejectUnknownMembers(true)); err != nil || wire.K == nil || *wire.K < 1 {
		return fmt.Errorf("%w: predicates_accept is all, any or k_of", ErrQuery)
	}
	a.K = *wire.K
	return nil
}

// MarshalJSONTo implements json.MarshalerTo.
func (a Acceptance) MarshalJSONTo(enc *jsontext.Encoder) error {
	switch a.K {
	case 0:
		return enc.WriteToken(jsontext.String("all"))
	case 1:
		return enc.WriteToken(jsontext.String("any"))
	}
	return json.MarshalEncode(enc, map[string]int{"k_of": a.K})
}

// checkProof checks the members that go with FormatSDJWTZK.
func (c *CredentialQuery) checkProof() error {
	if c.Claims != nil || c.ClaimSets != nil || c.Multiple {
		return fmt.Errorf("%w: claims and multiple go with format %s", ErrQuery, FormatSDJWT)
	}
	if c.RequireHolderBinding != nil && !*c.RequireHolderBinding {
		return fmt.Errorf("%w: a proof is always bound to its holder's secret", ErrQuery)
	}
	if err := c.checkPredicates(); err != nil {
		return err
	}
	return c.Meta.checkKeys()
}

func (c *CredentialQuery) checkPredicates() error {
	n := len(c.Predicates)
	if c.Accept.K < 0 || c.Accept.K > n {
		return fmt.Errorf("%w: predicates_accept asks for more than there are", ErrQuery)
	}
	whole := c.Accept.Need(n) == n
	limit, setLimit := maxPredicates, maxShows
	if !whole { // one show alone can hold predicates against each other
		limit, setLimit = showPredicates, 1
	}
	if n == 0 || n > limit {
		return fmt.Errorf("%w: %d predicates, from 1 to %d are taken here", ErrQuery, n, limit)
	}
	sets := 0
	for i, predicate := range c.Predicates {
		if err := predicate.check(); err != nil {
			return fmt.Errorf("predicate %d: %w", i, err)
		}
		switch predicate.Op {
		case OpIn, OpNotIn:
			sets++
		case OpReveal:
			if !whole || c.Format != FormatSDJWTZK {
				return fmt.Errorf("%w: reveal goes with format %s, where all predicates must hold", ErrQuery, FormatSDJWTZK)
			}
		}
	}
	if sets > setLimit {
		return fmt.Errorf("%w: %d sets, at most %d are taken here", ErrQuery, sets, setLimit)
	}
	return nil
}

func (m Meta) checkKeys() error {
	if m.VerifyingKeys != nil && (len(m.VerifyingKeys) == 0 || len(m.VerifyingKeys) > maxSets) {
		return fmt.Errorf("%w: hufu_vk is empty or too long", ErrQuery)
	}
	for circuit, hashes := range m.VerifyingKeys {
		if !isIdentifier(circuit) || len(hashes) == 0 || len(hashes) > maxSets {
			return fmt.Errorf("%w: hufu_vk has a circuit without name or keys", ErrQuery)
		}
	}
	return nil
}
