package statement

import (
	"fmt"
	"strings"

	"github.com/hufu-id/hufu/credential"
	"github.com/hufu-id/hufu/openid"
)

// Sentence says one thing in both languages.
type Sentence struct{ English, Chinese string }

// Describe renders each predicate of a query as a plain sentence: what the
// citizen reads before consenting, and the counter after accepting.
func Describe(schema *credential.Schema, query *openid.CredentialQuery) ([]Sentence, error) {
	out := make([]Sentence, 0, len(query.Predicates))
	for i := range query.Predicates {
		s, err := describe(schema, &query.Predicates[i])
		if err != nil {
			return nil, err
		}
		out = append(out, s)
	}
	return out, nil
}

func describe(schema *credential.Schema, p *openid.Predicate) (Sentence, error) {
	claim, err := find(schema, p.Path)
	if err != nil {
		return Sentence{}, err
	}
	en, zh := claim.Label.English, claim.Label.Chinese
	switch p.Op {
	case openid.OpEqual:
		return Sentence{fmt.Sprintf("%s is %v", en, p.Value), fmt.Sprintf("%s为%v", zh, p.Value)}, nil
	case openid.OpNotEqual:
		return Sentence{fmt.Sprintf("%s is not %v", en, p.Value), fmt.Sprintf("%s不是%v", zh, p.Value)}, nil
	case openid.OpAtLeastYears:
		return Sentence{fmt.Sprintf("aged %d or over, by %s", p.Years, en), fmt.Sprintf("年满%d周岁（按%s）", p.Years, zh)}, nil
	case openid.OpAfterYears:
		return Sentence{fmt.Sprintf("over %d, the birthday itself not counted, by %s", p.Years, en), fmt.Sprintf("已过%d周岁生日（按%s）", p.Years, zh)}, nil
	case openid.OpRange:
		return describeRange(en, zh, p), nil
	case openid.OpIn, openid.OpNotIn:
		list := join(p.Values)
		if p.Op == openid.OpIn {
			return Sentence{en + " is one of " + list, zh + "属于：" + list}, nil
		}
		return Sentence{en + " is none of " + list, zh + "不属于：" + list}, nil
	}
	return Sentence{}, fmt.Errorf("%w: %s", ErrUnsupported, p.Op)
}

func describeRange(en, zh string, p *openid.Predicate) Sentence {
	switch {
	case p.Max == nil:
		return Sentence{fmt.Sprintf("%s is %v or more", en, p.Min), fmt.Sprintf("%s不小于%v", zh, p.Min)}
	case p.Min == nil:
		return Sentence{fmt.Sprintf("%s is %v or less", en, p.Max), fmt.Sprintf("%s不大于%v", zh, p.Max)}
	}
	return Sentence{fmt.Sprintf("%s is between %v and %v", en, p.Min, p.Max), fmt.Sprintf("%s在%v至%v之间", zh, p.Min, p.Max)}
}

func join(values []any) string {
	parts := make([]string, len(values))
	for i, v := range values {
		parts[i] = fmt.Sprint(v)
	}
	return strings.Join(parts, ", ")
}
