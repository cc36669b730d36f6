package predicate

import (
	"fmt"
	"math"
	"slices"
	"sync/atomic"

	"golang.org/x/text/unicode/norm"

	"github.com/hufu-id/hufu/credential"
	"github.com/hufu-id/hufu/openid"
	"github.com/hufu-id/hufu/zkp"
)

// Compiled holds a query's predicates, checked against a schema and ready to
// ask on any day. [Compile] does all work that depends on neither the day nor
// the holder, such as building sets: keep a Compiled to ask again.
type Compiled struct {
	schema *credential.Schema
	query  *openid.CredentialQuery
	slots  []*credential.SchemaClaim // one a predicate
	sets   []*zkp.Set                // nil where a predicate asks about none
	last   atomic.Pointer[dated]     // what nobody reveals anything for, as of the last day
}

// dated are the statements of one day.
type dated struct {
	day        zkp.Day
	statements []zkp.Statement
}

// Compile checks a query's predicates against a schema. Errors: ErrClaim,
// ErrType, ErrUnsupported, and those of zkp.
func Compile(schema *credential.Schema, query *openid.CredentialQuery) (*Compiled, error) {
	q := &Compiled{schema: schema, query: query}
	for i := range query.Predicates {
		p := &query.Predicates[i]
		claim, err := find(schema, p.Path)
		if err != nil {
			return nil, fmt.Errorf("predicate %d: %w", i+1, err)
		}
		if err := checkBinding(p); err != nil {
			return nil, fmt.Errorf("predicate %d: %w", i+1, err)
		}
		set, err := newSet(claim, p.Values)
		if err != nil {
			return nil, fmt.Errorf("predicate %d: %w", i+1, err)
		}
		if p.Op != openid.OpReveal {
			if _, err := convert(claim, p, set, 0); err != nil { // a value that no such claim has
				return nil, fmt.Errorf("predicate %d: %w", i+1, err)
			}
		}
		q.slots, q.sets = append(q.slots, claim), append(q.sets, set)
	}
	return q, nil
}

func newSet(claim *credential.SchemaClaim, values openid.Values) (*zkp.Set, error) {
	if values == nil {
		return nil, nil
	}
	members := make([]zkp.Element, len(values))
	for i, value := range values {
		var err error
		if members[i], err = Encode(claim.Type, value); err != nil {
			return nil, err
		}
	}
	return zkp.NewSet(members...)
}

// On returns the statements that the circuits prove on a day that both sides
// know, one statement a show. revealed holds the values that the holder
// reveals, one for each predicate of openid.OpReveal, in their order. Errors:
// ErrReveal if there are more or fewer values, or if a text is not in NFC;
// ErrType, ErrUnsupported, and those of zkp.
func (q *Compiled) On(day zkp.Day, revealed openid.Values) ([]zkp.Statement, error) {
	if len(revealed) != q.RevealCount() {
		return nil, ErrReveal
	}
	predicates := make([]zkp.Predicate, len(q.slots))
	for i := range predicates {
		asked := q.query.Predicates[i]
		if asked.Op == openid.OpReveal {
			// The proof is of the normal form: another spelling of the same text would
			// be proved as well, and compare as another text.
			if text, ok := revealed[0].(string); ok && !norm.NFC.IsNormalString(text) {
				return nil, ErrReveal
			}
			// The proof shows that the revealed value is the attribute.
			asked.Op, asked.Value, revealed = openid.OpEqual, revealed[0], revealed[1:]
		}
		var err error
		if predicates[i], err = convert(q.slots[i], &asked, q.sets[i], day); err != nil {
			return nil, fmt.Errorf("predicate %d: %w", i+1, err)
		}
	}
	if need := q.query.Accept.Need(len(predicates)); need < len(predicates) {
		s, err := zkp.AtLeast(need, predicates...)
		return []zkp.Statement{s}, err
	}
	return zkp.Split(predicates...)
}

// Circuits lists the circuits that a proof of the question takes.
func (q *Compiled) Circuits() []zkp.Circuit {
	circuits := []zkp.Circuit{zkp.CircuitPrepare, zkp.CircuitShow}
	if slices.ContainsFunc(q.sets, func(s *zkp.Set) bool { return s != nil }) {
		circuits = append(circuits, zkp.CircuitShowSet)
	}
	return circuits
}

// RevealCount counts the values that the holder reveals with the proof.
func (q *Compiled) RevealCount() (n int) {
	for i := range q.query.Predicates {
		if q.query.Predicates[i].Op == openid.OpReveal {
			n++
		}
	}
	return n
}

// Reveal reads the values that the query asks to reveal from a holder's claims,
// in the order of the predicates. It puts texts into their normal form, NFC. The
// error is ErrClaim if a claim is absent.
func (q *Compiled) Reveal(claims map[string]any) (out openid.Values, err error) {
	for i := range q.query.Predicates {
		if p := &q.query.Predicates[i]; p.Op == openid.OpReveal {
			value, ok := Claim(claims, p.Path)
			if !ok {
				return nil, fmt.Errorf("%w: %s is not in this credential", ErrClaim, p.Path)
			}
			if text, ok := value.(string); ok {
				value = norm.NFC.String(text)
			}
			out = append(out, value)
		}
	}
	return out, nil
}

func convert(claim *credential.SchemaClaim, p *openid.Predicate, set *zkp.Set, day zkp.Day) (zkp.Predicate, error) {
	switch p.Op {
	case openid.OpEqual, openid.OpNotEqual:
		value, err := Encode(claim.Type, p.Value)
		if p.Op == openid.OpEqual {
			return zkp.Equal(*claim.Slot, value), err
		}
		return zkp.NotEqual(*claim.Slot, value), err
	case openid.OpIn:
		return zkp.OneOf(*claim.Slot, set), nil
	case openid.OpNotIn:
		return zkp.NoneOf(*claim.Slot, set), nil
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

// convertRange replaces a missing bound with the widest one.
func convertRange(claim *credential.SchemaClaim, p *openid.Predicate) (zkp.Predicate, error) {
	switch claim.Type {
	case credential.TypeInteger:
		low, okLow := bound(p.Min, int64(0))
		high, okHigh := bound(p.Max, int64(math.MaxInt64))
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

// Holds reports whether disclosed claims satisfy a query's predicates on a day.
// It uses the same encoding as the circuits. It reports false if too few
// predicates hold, or if a claim to be revealed is absent. Errors: those of
// Compile and Attributes.
func Holds(schema *credential.Schema, query *openid.CredentialQuery, claims map[string]any, day zkp.Day) (bool, error) {
	q, err := Compile(schema, query)
	if err != nil {
		return false, err
	}
	return q.Holds(claims, day)
}

// Holds is the function Holds for a query that was compiled before. It encodes only
// the claims that the query asks about. Errors: those of Attributes.
func (q *Compiled) Holds(claims map[string]any, day zkp.Day) (bool, error) {
	if len(q.slots) == 0 {
		return true, nil
	}
	revealed, err := q.Reveal(claims)
	if err != nil {
		return false, nil // a claim to be revealed is absent
	}
	statements, err := q.on(day, revealed)
	if err != nil {
		return false, err
	}
	attributes, err := q.attributes(claims)
	if err != nil {
		return false, err
	}
	for i := range statements {
		if _, accepted := statements[i].Outcome(&attributes); !accepted {
			return false, nil
		}
	}
	return true, nil
}

// on is On, which it asks once a day unless something is revealed. Nobody may change what
// it returns.
func (q *Compiled) on(day zkp.Day, revealed openid.Values) ([]zkp.Statement, error) {
	if d := q.last.Load(); d != nil && d.day == day && len(revealed) == 0 {
		return d.statements, nil
	}
	statements, err := q.On(day, revealed)
	if err == nil && len(revealed) == 0 {
		q.last.Store(&dated{day, statements})
	}
	return statements, err
}

// attributes encodes what is asked about. An absent claim leaves its slot absent, so
// that every predicate on it is false; so does an absent binding day.
func (q *Compiled) attributes(claims map[string]any) (a zkp.Attributes, err error) {
	for _, c := range q.slots {
		value, ok := Claim(claims, c.Path)
		if !ok {
			continue
		}
		a[*c.Slot], err = Encode(c.Type, value)
		if err != nil && c == bindingClaim {
			err = ErrType
		}
		if err != nil {
			return a, fmt.Errorf("claim %s: %w", c.Path, err)
		}
	}
	return a, nil
}

// Fails describes the predicates of a query that are not true of a credential's
// claims, including those on absent claims. The sentences say much about the
// holder: show them to nobody else. Errors: those of Describe and Holds.
func Fails(schema *credential.Schema, query *openid.CredentialQuery, claims map[string]any, day zkp.Day) ([]Sentence, error) {
	sentences, err := Describe(schema, query)
	if err != nil {
		return nil, err
	}
	var out []Sentence
	for i := range query.Predicates {
		one := *query
		one.Predicates, one.Accept = query.Predicates[i:i+1], openid.Acceptance{}
		holds, err := Holds(schema, &one, claims, day)
		if err != nil {
			return nil, err
		}
		if !holds {
			out = append(out, sentences[i])
		}
	}
	return out, nil
}
