package wallet

import (
	"context"
	"slices"
	"time"

	"github.com/hufu-id/hufu/credential"
	"github.com/hufu-id/hufu/openid"
	"github.com/hufu-id/hufu/predicate"
	"github.com/hufu-id/hufu/zkp"
)

// maxChoices is how many ways to answer a citizen is shown.
const maxChoices = 16

// findChoices lists, in the query's order, each way that answers the request: one
// credential alone, several shown, or several proved together.
func (w *Wallet) findChoices(ctx context.Context, ask *Request, held *deck, now time.Time) error {
	m := &matcher{ctx: ctx, w: w, held: held, accepts: ask.request.Formats, now: now, parts: map[string][]Part{}}
	var err error
	if m.today, err = zkp.Today(now); err != nil {
		return err
	}
	for _, way := range ask.request.Query.Ways() {
		choices := []Choice{{}}
		for _, id := range way {
			choices = extend(choices, m.answer(ask.request.Query.Credential(id)))
		}
		for _, c := range choices {
			if len(ask.Choices) < maxChoices && w.setFormat(&c, ask.request.Query) {
				ask.Choices = append(ask.Choices, c)
			}
		}
	}
	if len(ask.Choices) == 0 {
		return &NothingMatches{Mismatches: m.why()}
	}
	return nil
}

// extend joins each choice with each part.
func extend(choices []Choice, parts []Part) (out []Choice) {
	for _, c := range choices {
		for _, p := range parts {
			if len(out) < maxChoices {
				out = append(out, Choice{Parts: append(c.Parts[:len(c.Parts):len(c.Parts)], p)})
			}
		}
	}
	return out
}

// setFormat accepts parts of one format: no counter takes proofs and disclosed claims
// together.
func (w *Wallet) setFormat(c *Choice, query *openid.Query) bool {
	if len(c.Parts) == 0 || len(c.Parts) > zkp.MaxQuestions {
		return false
	}
	c.Format = query.Credential(c.Parts[0].Query).Format
	return !slices.ContainsFunc(c.Parts, func(p Part) bool { return query.Credential(p.Query).Format != c.Format })
}

// label sorts every claim that the credential holds into revealed and withheld.
func (p *Part) label(c *card, claims map[string]any, today zkp.Day) {
	left := p.remaining(today)
	for i := range c.schema.Claims {
		claim := &c.schema.Claims[i]
		if _, present := predicate.Claim(claims, claim.Path); !present {
			continue
		}
		switch {
		case covers(p.paths, claim.Path):
			p.Reveals = append(p.Reveals, labelOf(claim))
		case left[claim.Path.String()].Told():
		default:
			p.Withholds = append(p.Withholds, labelOf(claim))
		}
	}
}

func labelOf(claim *credential.SchemaClaim) Label {
	return Label{predicate.Name(claim.Path), claim.Label.English, claim.Label.Chinese, claim.Sensitive}
}

// covers reports whether disclosing the paths discloses the claim: one leads
// into the other.
func covers(paths []credential.Path, claim credential.Path) bool {
	for _, p := range paths {
		n := min(len(p), len(claim))
		if slices.Equal(p[:n], claim[:n]) {
			return true
		}
	}
	return false
}
