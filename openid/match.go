package openid

import (
	"errors"
	"fmt"
	"slices"

	"github.com/hufu-id/hufu/credential"
)

var (
	// ErrNoMatch means that a credential, or what was disclosed of it, does
	// not give what a query asks. It never says which claim was wanting: on
	// the holder's side that would tell the counter about its owner.
	ErrNoMatch = errors.New("openid: the query is not satisfied")
	// ErrUnasked means that an answer holds something nobody asked for.
	ErrUnasked = errors.New("openid: the answer holds what was not asked for")
)

// Match tells a holder whether one credential answers this query, and which
// paths to disclose for it: those of the first claim set that the claims
// satisfy, or of all claims asked (OpenID4VP 1.0 section 6.4.1), with every
// null replaced by the numbers of the elements that fit. The claims are what
// credential makes of the SD-JWT with everything disclosed, vct included. For FormatSDJWTZK
// nothing is disclosed, and Match asks only whether enough of the attributes
// are there; whether the predicates hold is for the prover to find. The error
// is ErrNoMatch.
func (c *CredentialQuery) Match(claims map[string]any) ([]credential.Path, error) {
	vct, ok := claims["vct"].(string)
	if !ok || !slices.Contains(c.Meta.VCTValues, vct) {
		return nil, fmt.Errorf("%w: credential type", ErrNoMatch)
	}
	if c.Format == FormatSDJWTZK {
		return nil, c.matchPredicates(claims)
	}
	for _, set := range c.alternatives() {
		if paths, ok := matchAll(set, claims); ok {
			return paths, nil
		}
	}
	return nil, fmt.Errorf("%w: claims", ErrNoMatch)
}

// CheckAnswer repeats Match on what a verifier received: type, claim sets and
// values. An array element that was asked for by number must stand at that
// number among the disclosed elements. A zero-knowledge answer discloses no
// claims, so for FormatSDJWTZK the error is ErrUnsupportedFormat; else it is
// ErrNoMatch. It does not refuse claims that nobody asked for: the caller
// lists them.
func (c *CredentialQuery) CheckAnswer(disclosed map[string]any) error {
	if c.Format != FormatSDJWT {
		return fmt.Errorf("%w: not answered by claims", ErrUnsupportedFormat)
	}
	_, err := c.Match(disclosed)
	return err
}

// HolderBinding reports whether the answer must prove its holder's key.
func (c *CredentialQuery) HolderBinding() bool {
	return c.RequireHolderBinding == nil || *c.RequireHolderBinding
}

// alternatives lists the claim sets, or the one set of all claims.
func (c *CredentialQuery) alternatives() [][]ClaimQuery {
	if c.ClaimSets == nil {
		return [][]ClaimQuery{c.Claims}
	}
	sets := make([][]ClaimQuery, 0, len(c.ClaimSets))
	for _, ids := range c.ClaimSets {
		set := make([]ClaimQuery, 0, len(ids))
		for _, id := range ids {
			set = append(set, *c.claim(id))
		}
		sets = append(sets, set)
	}
	return sets
}

func matchAll(set []ClaimQuery, claims map[string]any) ([]credential.Path, bool) {
	var paths []credential.Path
	for _, claim := range set {
		found := claim.match(claims)
		if len(found) == 0 {
			return nil, false
		}
		paths = append(paths, found...)
	}
	return paths, true
}

// match returns the concrete paths of the values that fit. A value that does
// not fit counts as absent.
func (c ClaimQuery) match(claims map[string]any) (paths []credential.Path) {
	values := c.Path.Values(claims)
	for i, path := range c.Path.Expand(claims) {
		fits := func(want any) bool { return equalValue(values[i], want) }
		if c.Values == nil || slices.ContainsFunc(c.Values, fits) {
			paths = append(paths, path)
		}
	}
	return paths
}

func (c *CredentialQuery) matchPredicates(claims map[string]any) error {
	present := 0
	for _, predicate := range c.Predicates {
		if len(predicate.Path.Expand(claims)) == 1 {
			present++
		}
	}
	if present < c.Accept.Need(len(c.Predicates)) {
		return fmt.Errorf("%w: attributes", ErrNoMatch)
	}
	return nil
}

// Select chooses which credential queries a holder answers, given those it
// can: in each credential set the first option that it can answer whole
// (OpenID4VP 1.0 section 6.4.2). What only optional sets ask for is listed
// apart, for the citizen to grant or not. Both follow the query's order. The
// error is ErrNoMatch where a required set, or without sets any credential,
// cannot be answered.
func (q *Query) Select(can func(id string) bool) (required, optional []string, err error) {
	need, may := make(map[string]bool), make(map[string]bool)
	for _, set := range q.sets() {
		i := slices.IndexFunc(set.Options, func(ids []string) bool { return all(ids, can) })
		switch {
		case i < 0 && set.required():
			return nil, nil, fmt.Errorf("%w: no alternative can be answered", ErrNoMatch)
		case i < 0:
			continue
		}
		into := may
		if set.required() {
			into = need
		}
		for _, id := range set.Options[i] {
			into[id] = true
		}
	}
	for _, c := range q.Credentials {
		switch {
		case need[c.ID]:
			required = append(required, c.ID)
		case may[c.ID]:
			optional = append(optional, c.ID)
		}
	}
	return required, optional, nil
}

// Ways lists the sets of credential queries that answer the whole query, the
// verifier's preferred first: one option of each required credential set. Those
// of optional sets are left to the caller. Each way is in the query's order, and
// at most maxSets are listed.
func (q *Query) Ways() [][]string {
	ways := [][]string{nil}
	for _, set := range q.sets() {
		if !set.required() {
			continue
		}
		var longer [][]string
		for _, way := range ways {
			for _, option := range set.Options {
				if len(longer) < maxSets {
					longer = append(longer, join(way, option))
				}
			}
		}
		ways = longer
	}
	for _, way := range ways {
		slices.SortFunc(way, func(a, b string) int { return q.position(a) - q.position(b) })
	}
	return ways
}

func (q *Query) position(id string) int {
	return slices.IndexFunc(q.Credentials, func(c CredentialQuery) bool { return c.ID == id })
}

// join adds ids that are not there yet.
func join(way, option []string) []string {
	out := slices.Clone(way)
	for _, id := range option {
		if !slices.Contains(out, id) {
			out = append(out, id)
		}
	}
	return out
}

// CheckResponse holds the shape of an answer against the query: only ids that
// were asked, one presentation unless multiple, each required set satisfied.
// What is in the presentations is for CheckAnswer. The error is ErrUnasked or
// ErrNoMatch.
func (q *Query) CheckResponse(r *Response) error {
	for id, presentations := range r.VPToken {
		c := q.Credential(id)
		if c == nil {
			return fmt.Errorf("%w: unknown query id", ErrUnasked)
		}
		if len(presentations) > 1 && !c.Multiple {
			return fmt.Errorf("%w: several presentations where one was asked", ErrUnasked)
		}
	}
	answered := func(id string) bool { return len(r.VPToken[id]) > 0 }
	_, _, err := q.Select(answered)
	return err
}

// sets lists the credential sets, or the one required set of everything.
func (q *Query) sets() []CredentialSet {
	if q.CredentialSets != nil {
		return q.CredentialSets
	}
	everything := make([]string, 0, len(q.Credentials))
	for _, c := range q.Credentials {
		everything = append(everything, c.ID)
	}
	return []CredentialSet{{Options: [][]string{everything}}}
}

func (s CredentialSet) required() bool { return s.Required == nil || *s.Required }

func all(ids []string, can func(string) bool) bool {
	return !slices.ContainsFunc(ids, func(id string) bool { return !can(id) })
}
