package predicate

import (
	"fmt"
	"strings"

	"github.com/hufu-id/hufu/credential"
	"github.com/hufu-id/hufu/openid"
	"github.com/hufu-id/hufu/zkp"
)

// A Sentence says one thing in both languages.
type Sentence struct {
	English, Chinese string
	// Discloses is set if the answer nearly discloses the value: the question
	// allows one value, or fewer than 100.
	Discloses bool
	// Reveals is set if the sentence itself says the value, or that it is shown.
	Reveals bool
}

// narrow is the least number of possible values at which "yes" hides which one
// it is.
const narrow = 100

// Describe renders each predicate of a query as a plain sentence. The citizen
// reads it before consenting, and the counter after accepting. Errors:
// ErrClaim, ErrUnsupported.
func Describe(schema *credential.Schema, query *openid.CredentialQuery) ([]Sentence, error) {
	out := make([]Sentence, 0, len(query.Predicates))
	for i := range query.Predicates {
		p := &query.Predicates[i]
		claim, err := find(schema, p.Path)
		if err != nil {
			return nil, err
		}
		s, err := describe(claim, p)
		if err != nil {
			return nil, err
		}
		s.Discloses, s.Reveals = discloses(p), p.Op == openid.OpReveal || p.Op == openid.OpEqual
		out = append(out, s)
	}
	return out, nil
}

func describe(claim *credential.SchemaClaim, p *openid.Predicate) (Sentence, error) {
	en, zh := claim.Label.English, claim.Label.Chinese
	if claim == bindingClaim && p.Op == openid.OpRange {
		return Sentence{
			English: fmt.Sprintf("the wallet was bound to you on or before %v", p.Max),
			Chinese: fmt.Sprintf("您的钱包不晚于%v与您本人绑定", p.Max),
		}, nil
	}
	say := func(english, chinese string) (Sentence, error) {
		return Sentence{English: english, Chinese: chinese}, nil
	}
	switch p.Op {
	case openid.OpReveal:
		return say("the value of "+en, zh+"的值")
	case openid.OpEqual:
		return say(fmt.Sprintf("%s is %v", en, p.Value), fmt.Sprintf("%s为%v", zh, p.Value))
	case openid.OpNotEqual:
		return say(fmt.Sprintf("%s is not %v", en, p.Value), fmt.Sprintf("%s不是%v", zh, p.Value))
	case openid.OpAtLeastYears:
		return say(fmt.Sprintf("aged %d or over, by %s", p.Years, en), fmt.Sprintf("年满%d周岁（按%s）", p.Years, zh))
	case openid.OpAfterYears:
		return say(fmt.Sprintf("over %d, the birthday itself not counted, by %s", p.Years, en), fmt.Sprintf("已过%d周岁生日（按%s）", p.Years, zh))
	case openid.OpRange:
		return say(describeRange(en, zh, p))
	case openid.OpIn:
		return say(en+" is one of "+list(p.Values, ", ", " … %d values in all"), zh+"属于："+list(p.Values, "、", "……共%d项"))
	case openid.OpNotIn:
		return say(en+" is none of "+list(p.Values, ", ", " … %d values in all"), zh+"不属于："+list(p.Values, "、", "……共%d项"))
	}
	return Sentence{}, fmt.Errorf("%w: %s", ErrUnsupported, p.Op)
}

// discloses: fewer than 100 possible values triggers the warning; it depends on
// the query only, so that a yes and a no look the same.
func discloses(p *openid.Predicate) bool {
	if revealsValue(p) {
		return true
	}
	switch p.Op {
	case openid.OpIn:
		return len(p.Values) < narrow
	case openid.OpRange:
		width, ok := rangeWidth(p)
		return ok && width < narrow
	}
	return false
}

// revealsValue reports whether "yes" leaves only one possible value.
func revealsValue(p *openid.Predicate) bool {
	switch p.Op {
	case openid.OpReveal, openid.OpEqual:
		return true
	case openid.OpNotEqual:
		_, two := p.Value.(bool)
		return two
	case openid.OpIn:
		return len(p.Values) == 1
	case openid.OpRange:
		width, ok := rangeWidth(p)
		return ok && width == 1
	}
	return false
}

// rangeWidth returns the number of values in a range that has an upper bound.
// Without a lower bound the range begins where the encoding begins.
func rangeWidth(p *openid.Predicate) (uint64, bool) {
	switch high := p.Max.(type) {
	case int64:
		low, _ := p.Min.(int64)
		return uint64(high) - uint64(low) + 1, true
	case string:
		to, err := zkp.ParseDay(high)
		if low, ok := p.Min.(string); ok && err == nil {
			from, err := zkp.ParseDay(low)
			return uint64(to) - uint64(from) + 1, err == nil
		}
		return uint64(to) + 1, err == nil
	}
	return 0, false
}

func describeRange(en, zh string, p *openid.Predicate) (english, chinese string) {
	_, from := p.Min.(string)
	_, to := p.Max.(string)
	switch {
	case from && !to:
		return fmt.Sprintf("%s is on or after %v", en, p.Min), fmt.Sprintf("%s不早于%v", zh, p.Min)
	case to && !from:
		return fmt.Sprintf("%s is on or before %v", en, p.Max), fmt.Sprintf("%s不晚于%v", zh, p.Max)
	case p.Max == nil:
		return fmt.Sprintf("%s is %v or more", en, p.Min), fmt.Sprintf("%s不小于%v", zh, p.Min)
	case p.Min == nil:
		return fmt.Sprintf("%s is %v or less", en, p.Max), fmt.Sprintf("%s不大于%v", zh, p.Max)
	}
	return fmt.Sprintf("%s is between %v and %v", en, p.Min, p.Max), fmt.Sprintf("%s在%v至%v之间", zh, p.Min, p.Max)
}

// listed is the number of set values that a sentence spells out.
const listed = 12

// list spells the values out, or the first ones and the total.
func list(values openid.Values, separator, more string) string {
	parts := make([]string, 0, listed)
	for _, v := range values[:min(len(values), listed)] {
		parts = append(parts, fmt.Sprint(v))
	}
	text := strings.Join(parts, separator)
	if len(values) > listed {
		text += fmt.Sprintf(more, len(values))
	}
	return text
}
