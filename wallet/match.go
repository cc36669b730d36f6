package wallet

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/hufu-id/hufu/credential"
	"github.com/hufu-id/hufu/did"
	"github.com/hufu-id/hufu/openid"
	"github.com/hufu-id/hufu/predicate"
	"github.com/hufu-id/hufu/zkp"
)

// maxMismatches is how many credentials NothingMatches speaks of.
const maxMismatches = 100

// matcher finds the credentials that answer one request, from the index. It stops at
// as many as a citizen is shown, and looks for reasons only where none answers.
type matcher struct {
	ctx  context.Context // of the request
	w    *Wallet
	held *deck
	// accepts has the algorithms that the counter takes, by format.
	accepts map[string]openid.Algorithms
	now     time.Time
	today   zkp.Day
	parts   map[string][]Part // by query
	fails   []mismatch
}

type mismatch struct {
	query *openid.CredentialQuery
	card  *card
	err   error
}

// question is a query as it is put to the credentials of one schema.
type question struct {
	compiled *predicate.Compiled
	err      error
}

// answer returns the parts that answer one credential query.
func (m *matcher) answer(q *openid.CredentialQuery) []Part {
	if known, done := m.parts[q.ID]; done {
		return known
	}
	var out []Part
	questions := map[*credential.Schema]question{}
	whole := asksRegistered(q)
	for _, vct := range q.Meta.VCTValues {
		for _, c := range m.held.byType[vct] {
			if len(out) == maxChoices {
				break
			}
			asked, known := questions[c.schema]
			if !known && c.err == nil {
				asked.compiled, asked.err = predicate.Compile(c.schema, q)
				questions[c.schema] = asked
			}
			part, err := m.part(q, c, asked, whole)
			if err == nil {
				out = append(out, part)
			} else if len(m.fails) < maxMismatches {
				m.fails = append(m.fails, mismatch{q, c, err})
			}
		}
	}
	m.parts[q.ID] = out
	return out
}

// asksRegistered reports whether a query names a claim that the index leaves out.
func asksRegistered(q *openid.CredentialQuery) bool {
	left := func(path credential.Path) bool {
		name, ok := path[0].(string)
		return !ok || name != "vct" && name != zkp.ClaimName && slices.Contains(registered, name)
	}
	return slices.ContainsFunc(q.Claims, func(c openid.ClaimQuery) bool { return left(c.Path) }) ||
		slices.ContainsFunc(q.Predicates, func(p openid.Predicate) bool { return left(p.Path) })
}

func (m *matcher) claims(c *card, whole bool) (map[string]any, error) {
	if !whole {
		return c.claims(), nil
	}
	h, err := m.w.open(m.ctx, c)
	if err != nil {
		return nil, err
	}
	return h.claims, nil
}

func (m *matcher) part(q *openid.CredentialQuery, c *card, asked question, whole bool) (p Part, err error) {
	if c.err != nil {
		return p, c.err
	}
	if err := c.holds(m.now); err != nil {
		return p, err
	}
	if err := m.trusted(q, c); err != nil {
		return p, err
	}
	claims, err := m.claims(c, whole)
	if err != nil {
		return p, err
	}
	// What does not hold is not offered: nothing is proved in vain. Most cards of a type
	// fail here, so it is asked first.
	if asked.err == nil {
		holds, err := asked.compiled.Holds(claims, m.today)
		if err != nil {
			return p, err
		}
		if !holds {
			return p, zkp.ErrUnsatisfied
		}
	}
	paths, err := q.Match(asType(claims, c.typeAsked(q)))
	if err != nil {
		return p, err
	}
	// These are for machines: no label would tell the citizen what leaves.
	if covers(paths, credential.Path{zkp.ClaimName}) || covers(paths, credential.Path{predicate.ClaimBinding}) {
		return p, ErrNotForShow
	}
	if asked.err != nil {
		return p, asked.err
	}
	p = Part{Query: q.ID, Credential: c.ID, Type: c.typeAsked(q), card: c, paths: paths}
	if q.Format == openid.FormatSDJWTZK {
		if !c.Provable || m.w.cfg.Prover == nil {
			return p, ErrNotProvable
		}
		p.question = asked.compiled
		if p.Proves, err = asked.compiled.Describe(m.today); err != nil {
			return p, err
		}
	}
	p.label(c, claims, m.today)
	if q.Format == openid.FormatSDJWT {
		err = m.show(q, &p)
	}
	return p, err
}

// show makes the very presentation that a consent would send, unsigned, and lets it pass
// the counter's own check before the citizen is asked.
func (m *matcher) show(q *openid.CredentialQuery, p *Part) error {
	h, err := m.w.open(m.ctx, p.card)
	if err != nil {
		return err
	}
	shown, err := h.sd.Disclose(p.paths...)
	if err != nil {
		return err
	}
	if err := m.signedAsAccepted(q, h); err != nil {
		return err
	}
	disclosed := shown.UnverifiedClaims()
	if err := q.CheckAnswer(asType(disclosed, p.card.typeAsked(q))); err != nil {
		return err
	}
	holds, err := predicate.Holds(p.card.schema, q, disclosed, m.today)
	if err == nil && !holds {
		err = zkp.ErrUnsatisfied
	}
	return err
}

// signedAsAccepted holds both signatures of a presentation against the algorithms that
// the counter takes (OpenID4VP 1.0 appendix B.3.4).
func (m *matcher) signedAsAccepted(q *openid.CredentialQuery, h *holding) error {
	key, err := m.w.keys.Key(m.ctx, h.keyID)
	if err != nil {
		return err
	}
	suite, err := did.DefaultSuites().ForKey(key.Public())
	if err != nil {
		return err
	}
	if !m.accepts[q.Format].Accept(h.sd.Header().Alg, suite.Alg()) {
		return fmt.Errorf("%w: the counter takes no signature of this kind", openid.ErrNoMatch)
	}
	return nil
}

// why says of each credential that was looked at what stands between it and an answer.
func (m *matcher) why() (out []Mismatch) {
	for _, f := range m.fails {
		fails, err := unmatched(f.query, f.card, f.card.claims(), m.today, f.err)
		out = append(out, Mismatch{
			Query: f.query.ID, Credential: f.card.ID, Type: f.card.Type, Issuer: f.card.Issuer, Who: f.card.Who, Fails: fails, Err: err,
		})
	}
	return out
}
