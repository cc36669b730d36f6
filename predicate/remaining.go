package predicate

import (
	"slices"
	"strconv"

	"golang.org/x/text/unicode/norm"

	"github.com/hufu-id/hufu/credential"
	"github.com/hufu-id/hufu/openid"
	"github.com/hufu-id/hufu/zkp"
)

// Remaining are the values of one claim of which everything that was answered is true.
// The zero value means any text. What several answers leave is their And.
type Remaining struct {
	// Ordered claims, which are dates, integers and booleans, lie between Low and High,
	// as the circuits encode them.
	Ordered bool   `json:"ordered,omitzero"`
	Low     uint64 `json:"low,omitzero"`
	High    uint64 `json:"high,omitzero"`
	// Listed claims are among Only.
	Listed bool     `json:"listed,omitzero"`
	Only   []string `json:"only,omitzero"`
	Except []string `json:"except,omitzero"`
}

// Narrow is the number of values below which an answer nearly tells which it is.
const Narrow = narrow

// Remaining returns what a yes leaves of each claim that the query asks about, by its
// path as text. All predicates on one claim count together. A query that is content
// with some of its predicates leaves everything.
func (q *Compiled) Remaining(day zkp.Day) map[string]Remaining {
	out := map[string]Remaining{}
	whole := q.query.Accept.Need(len(q.slots)) == len(q.slots)
	for i, claim := range q.slots {
		name := claim.Path.String()
		left, known := out[name]
		if !known {
			left = anything(claim.Type)
		}
		if whole {
			left = left.And(q.after(i, day))
		}
		out[name] = left
	}
	return out
}

// anything is a claim of which nothing is known.
func anything(kind credential.ClaimType) Remaining {
	switch kind {
	case credential.TypeDate:
		return Remaining{Ordered: true, Low: 1, High: 1<<32 - 1}
	case credential.TypeInteger:
		return Remaining{Ordered: true, Low: 1, High: 1 << 63}
	case credential.TypeBoolean:
		return Remaining{Ordered: true, Low: 0, High: 1}
	}
	return Remaining{}
}

// after is what one predicate leaves.
func (q *Compiled) after(i int, day zkp.Day) Remaining {
	claim, asked := q.slots[i], &q.query.Predicates[i]
	left := anything(claim.Type)
	switch asked.Op {
	case openid.OpReveal:
		return Shown()
	case openid.OpEqual:
		left.Listed, left.Only = true, keys(claim.Type, asked.Value)
	case openid.OpIn:
		left.Listed, left.Only = true, keys(claim.Type, asked.Values...)
	case openid.OpNotEqual:
		left.Except = keys(claim.Type, asked.Value)
	case openid.OpNotIn:
		left.Except = keys(claim.Type, asked.Values...)
	default:
		if p, err := convert(claim, asked, nil, day); err == nil && p.Op == zkp.OpRange {
			left.Low, left.High = p.Low, p.High
		}
	}
	return left
}

// keys spell values so that equal ones are equal texts: a number as it is encoded, a
// text in its normal form.
func keys(kind credential.ClaimType, values ...any) (out []string) {
	for _, value := range values {
		switch v := value.(type) {
		case bool:
			n := 0
			if v {
				n = 1
			}
			out = append(out, strconv.Itoa(n))
		case string:
			if kind != credential.TypeDate {
				out = append(out, norm.NFC.String(v))
			} else if d, err := zkp.ParseDay(v); err == nil {
				out = append(out, strconv.FormatUint(zkp.DateBetween(0, d, d).Low, 10))
			}
		default:
			if n, ok := integer(value); ok {
				out = append(out, strconv.FormatUint(zkp.Between(0, n, n).Low, 10))
			}
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// Shown is what is left of a claim that is told as it is.
func Shown() Remaining { return Remaining{Listed: true, Only: []string{""}} }

// revealed marks a value that is told as it is.
func (r Remaining) revealed() bool { return r.Listed && len(r.Only) == 1 && r.Only[0] == "" }

// And is what is left after both.
func (r Remaining) And(o Remaining) Remaining {
	if r.revealed() || o.revealed() {
		return Shown()
	}
	out := Remaining{
		Ordered: r.Ordered || o.Ordered, Low: max(r.Low, o.Low), High: min(r.High, o.High),
		Listed: r.Listed || o.Listed, Except: slices.Compact(slices.Sorted(slices.Values(slices.Concat(r.Except, o.Except)))),
	}
	switch {
	case r.Listed && o.Listed:
		out.Only = slices.DeleteFunc(slices.Clone(r.Only), func(v string) bool { return !slices.Contains(o.Only, v) })
	case r.Listed:
		out.Only = slices.Clone(r.Only)
	case o.Listed:
		out.Only = slices.Clone(o.Only)
	}
	return out
}

// Count is how many values are left; ok is false where there is no end of them.
func (r Remaining) Count() (n uint64, ok bool) {
	if r.revealed() {
		return 1, true
	}
	within := func(v string) bool {
		number, err := strconv.ParseUint(v, 10, 64)
		return !r.Ordered || err == nil && r.Low <= number && number <= r.High
	}
	if r.Listed {
		for _, v := range r.Only {
			if within(v) && !slices.Contains(r.Except, v) {
				n++
			}
		}
		return n, true
	}
	if !r.Ordered {
		return 0, false
	}
	if r.Low > r.High {
		return 0, true
	}
	n = r.High - r.Low + 1
	for _, v := range r.Except {
		if within(v) {
			n--
		}
	}
	return n, true
}

// Told reports whether a yes nearly tells the value: fewer than Narrow are left.
func (r Remaining) Told() bool {
	n, ok := r.Count()
	return ok && n < narrow
}

// Describe is the function Describe for a day: each sentence on a claim of which all
// predicates together leave fewer than Narrow values says that it discloses. It depends
// on the query and the day only, so that a yes and a no look the same.
func (q *Compiled) Describe(day zkp.Day) ([]Sentence, error) {
	sentences, err := Describe(q.schema, q.query)
	left := q.Remaining(day)
	for i := range sentences {
		if left[q.slots[i].Path.String()].Told() {
			sentences[i].Discloses = true
		}
	}
	return sentences, err
}

// Reveals reports whether a proof of the query reveals the exact value of the claim at
// path: all predicates on it together are true of one value only.
func (q *Compiled) Reveals(path credential.Path, day zkp.Day) bool {
	left, asked := q.Remaining(day)[path.String()]
	n, ok := left.Count()
	return asked && ok && n <= 1
}
