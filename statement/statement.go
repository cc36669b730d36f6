package statement

import (
	"fmt"
	"math"
	"slices"

	"github.com/hufu-id/hufu/credential"
	"github.com/hufu-id/hufu/openid"
	"github.com/hufu-id/hufu/zkp"
)

// New turns the predicates of a query into the statement that the circuits
// prove, on a day that both sides know.
func New(schema *credential.Schema, query *openid.CredentialQuery, day zkp.Day) (zkp.Statement, error) {
	predicates := make([]zkp.Predicate, 0, len(query.Predicates))
	for i := range query.Predicates {
		p, err := convert(schema, &query.Predicates[i], day)
		if err != nil {
			return zkp.Statement{}, fmt.Errorf("predicate %d: %w", i+1, err)
		}
		predicates = append(predicates, p)
	}
	return zkp.AtLeast(query.Accept.Need(len(predicates)), predicates...)
}

func convert(schema *credential.Schema, p *openid.Predicate, day zkp.Day) (zkp.Predicate, error) {
	claim, err := find(schema, p.Path)
	if err != nil {
		return zkp.Predicate{}, err
	}
	switch p.Op {
	case openid.OpEqual, openid.OpNotEqual:
		value, err := Encode(claim.Type, p.Value)
		if p.Op == openid.OpEqual {
			return zkp.Equal(*claim.Slot, value), err
		}
		return zkp.NotEqual(*claim.Slot, value), err
	case openid.OpAtLeastYears, openid.OpAfterYears:
		if claim.Type != credential.TypeDate {
			return zkp.Predicate{}, fmt.Errorf("%w: years of %s, which is no date", ErrType, p.Path)
		}
		if p.Op == openid.OpAtLeastYears {
			return zkp.AtLeastYears(*claim.Slot, p.Years, day), nil
		}
		return zkp.AfterYears(*claim.Slot, p.Years, day), nil
	case openid.OpRange:
		return convertRange(claim, p)
	}
	return zkp.Predicate{}, fmt.Errorf("%w: %s", ErrUnsupported, p.Op)
}

// convertRange reads a bound that is missing as the widest one.
func convertRange(claim *credential.SchemaClaim, p *openid.Predicate) (zkp.Predicate, error) {
	switch claim.Type {
	case credential.TypeInteger:
		low, okLow := bound(p.Min, int64(0))
		high, okHigh := bound(p.Max, int64(math.MaxInt64-1))
		if okLow && okHigh {
			return zkp.Between(*claim.Slot, low, high), nil
		}
	case credential.TypeDate:
		low, okLow := bound(p.Min, "1900-01-01")
		high, okHigh := bound(p.Max, "9999-12-31")
		if okLow && okHigh {
			return dateRange(*claim.Slot, low, high)
		}
	}
	return zkp.Predicate{}, fmt.Errorf("%w: a range of %s", ErrType, claim.Type)
}

func bound[T any](given any, widest T) (T, bool) {
	if given == nil {
		return widest, true
	}
	v, ok := given.(T)
	return v, ok
}

func dateRange(slot int, low, high string) (zkp.Predicate, error) {
	from, err := zkp.ParseDay(low)
	if err != nil {
		return zkp.Predicate{}, err
	}
	to, err := zkp.ParseDay(high)
	return zkp.DateBetween(slot, from, to), err
}

// Holds evaluates a query's predicates over disclosed claims, with the very
// encoding that the circuits use. It reports false where too few hold.
func Holds(schema *credential.Schema, query *openid.CredentialQuery, claims map[string]any, day zkp.Day) (bool, error) {
	if len(query.Predicates) == 0 {
		return true, nil
	}
	s, err := New(schema, query, day)
	if err != nil {
		return false, err
	}
	attributes, err := Attributes(schema, claims, day)
	if err != nil {
		return false, err
	}
	_, accepted := s.Outcome(&attributes)
	return accepted, nil
}

// Told reports whether a proof of the query gives away a claim's very value:
// an equality that must hold.
func Told(query *openid.CredentialQuery, path credential.Path) bool {
	if query.Accept.Need(len(query.Predicates)) < len(query.Predicates) {
		return false
	}
	return slices.ContainsFunc(query.Predicates, func(p openid.Predicate) bool {
		return p.Op == openid.OpEqual && p.Path.String() == path.String()
	})
}
