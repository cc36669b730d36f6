package wallet

import (
	"slices"
	"time"

	"github.com/hufu-id/hufu/credential"
	"github.com/hufu-id/hufu/openid"
	"github.com/hufu-id/hufu/predicate"
	"github.com/hufu-id/hufu/zkp"
)

// maxChoices is how many ways to answer a citizen is shown.
const maxChoices = 16

// findChoices lists, in the query's order, each way that answers the request:
// one credential alone, or several of them proved together.
func (w *Wallet) findChoices(ask *Request, held []holding, now time.Time) error {
	none := new(NothingMatches)
	for _, way := range ask.request.Query.Ways() {
		choices := []Choice{{}}
		for _, id := range way {
			choices = extend(choices, w.parts(ask.request.Query.Credential(id), held, now, none))
		}
		for _, c := range choices {
			if len(ask.Choices) < maxChoices && w.setFormat(&c, ask.request.Query) {
				ask.Choices = append(ask.Choices, c)
			}
		}
	}
	if len(ask.Choices) == 0 {
		return none
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

// setFormat accepts one part of any format, or several that are proved: only
// there does the pseudonym show that they are of one person.
func (w *Wallet) setFormat(c *Choice, query *openid.Query) bool {
	if len(c.Parts) == 0 || len(c.Parts) > zkp.MaxQuestions {
		return false
	}
	for _, p := range c.Parts {
		c.Format = query.Credential(p.Query).Format
		if len(c.Parts) > 1 && c.Format != openid.FormatSDJWTZK {
			return false
		}
	}
	return true
}

// parts are the held credentials that answer one credential query. Why the others
// do not is noted, once for each.
func (w *Wallet) parts(q *openid.CredentialQuery, held []holding, now time.Time, none *NothingMatches) (out []Part) {
	for i := range held {
		part, fails, err := w.part(q, &held[i], now)
		if err == nil {
			out = append(out, part)
			continue
		}
		m := Mismatch{Query: q.ID, Credential: held[i].id, Type: held[i].verified.VCT, Fails: fails, Err: err}
		known := slices.ContainsFunc(none.Mismatches, func(o Mismatch) bool { return o.Query == m.Query && o.Credential == m.Credential })
		if !known {
			none.Mismatches = append(none.Mismatches, m)
		}
	}
	return out
}

func (w *Wallet) part(q *openid.CredentialQuery, h *holding, now time.Time) (p Part, fails []predicate.Sentence, err error) {
	today, err := zkp.Today(now)
	if err != nil {
		return p, nil, err
	}
	paths, err := q.Match(h.verified.Claims)
	if err != nil {
		fails, err = unmatched(q, h, today, err)
		return p, fails, err
	}
	// These are for machines: no label would tell the citizen what leaves.
	if covers(paths, credential.Path{zkp.ClaimName}) || covers(paths, credential.Path{predicate.ClaimBinding}) {
		return p, nil, ErrNotForShow
	}
	// What does not hold is not offered: nothing is proved in vain.
	holds, err := predicate.Holds(h.schema, q, h.verified.Claims, today)
	if err != nil {
		return p, nil, err
	}
	if !holds {
		fails, err = unmatched(q, h, today, zkp.ErrUnsatisfied)
		return p, fails, err
	}
	p = Part{Query: q.ID, Credential: h.id, Type: h.verified.VCT, paths: paths}
	if q.Format == openid.FormatSDJWTZK {
		if err := w.proves(&p, q, h); err != nil {
			return p, nil, err
		}
	}
	p.label(q, h)
	return p, nil, nil
}

// proves fills in what a proof says; it fails where this wallet cannot make it.
func (w *Wallet) proves(p *Part, q *openid.CredentialQuery, h *holding) (err error) {
	if _, provable := h.verified.Claims[zkp.ClaimName]; !provable || w.cfg.Prover == nil {
		return ErrNotProvable
	}
	if p.question, err = predicate.Compile(h.schema, q); err != nil {
		return err
	}
	p.Proves, err = predicate.Describe(h.schema, q)
	return err
}

// label sorts every claim that the credential holds into revealed and withheld.
func (p *Part) label(q *openid.CredentialQuery, h *holding) {
	for i := range h.schema.Claims {
		claim := &h.schema.Claims[i]
		if _, present := predicate.Claim(h.verified.Claims, claim.Path); !present {
			continue
		}
		label := Label{predicate.Name(claim.Path), claim.Label.English, claim.Label.Chinese, claim.Sensitive}
		switch {
		case covers(p.paths, claim.Path):
			p.Reveals = append(p.Reveals, label)
		case q.Format == openid.FormatSDJWTZK && predicate.Reveals(q, claim.Path):
		default:
			p.Withholds = append(p.Withholds, label)
		}
	}
}

// covers reports whether disclosing the paths discloses the claim: one leads
// into the other.
func covers(paths []credential.Path, claim credential.Path) bool {
	for _, p := range paths {
		n := min(len(p), len(claim))
		if credential.Path(p[:n]).String() == credential.Path(claim[:n]).String() {
			return true
		}
	}
	return false
}
