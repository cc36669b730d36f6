package openid

import (
	"errors"
	"fmt"
	"slices"

	"github.com/hufu-id/hufu/credential"
)

var (
	// ErrNoMatch means that a credential, or the disclosed part of it, does not
	// satisfy a query. It never names the missing claim: on the holder's side
	// that would show the counter something about the owner.
	ErrNoMatch = errors.New("openid: the query is not satisfied")
	// ErrUnasked means that an answer holds something that nobody asked for.
	ErrUnasked = errors.New("openid: the answer holds what was not asked for")
)

// Match decides whether one credential answers this query, and returns the
// paths to disclose: those of the first claim set that the claims satisfy, or
// without claim sets those of all claims (OpenID4VP 1.0 section 6.4.1). It
// replaces every null in a path with the numbers of the elements that fit. To an element
// asked for by number it adds those before it, which keep it in its place.
// claims holds all claims of the SD-JWT, vct included, as package credential
// decodes them. For FormatSDJWTZK it returns no path and checks only that
// enough attributes are present; the prover finds out whether the predicates
// hold. The error is ErrNoMatch.
func (c *CredentialQuery) Match(claims map[string]any) ([]credential.Path, error) {
	vct, ok := claims["vct"].(string)
	if !c.Known() || !ok || !slices.Contains(c.Meta.VCTValues, vct) {
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

// CheckAnswer repeats Match on the claims that a verifier received: type, claim
// sets and values. An array element that was asked for by number must stand at
// that number among the disclosed elements: one who hides the elements before it moves
// it. CheckAnswer does not refuse claims that nobody asked for: the caller lists them. The
// error is ErrNoMatch, or ErrUnsupportedFormat for FormatSDJWTZK, whose answers disclose no
// claims.
func (c *CredentialQuery) CheckAnswer(disclosed map[string]any) error {
	if c.Format != FormatSDJWT {
		return fmt.Errorf("%w: not answered by claims", ErrUnsupportedFormat)
	}
	_, err := c.Match(disclosed)
	return err
}

// HolderBinding reports whether the answer must prove the holder's key.
func (c *CredentialQuery) HolderBinding() bool {
	return c.RequireHolderBinding == nil || *c.RequireHolderBinding
}

// alternatives returns the claim sets, or one set of all claims.
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
	for i, claim := range set {
		if isDuplicate(set[:i], claim) {
			continue
		}
		found := claim.match(claims)
		if len(found) == 0 {
			return nil, false
		}
		for _, path := range found {
			if !slices.ContainsFunc(paths, func(p credential.Path) bool { return slices.Equal(p, path) }) {
				paths = append(paths, path)
			}
		}
	}
	return paths, true
}

// isDuplicate finds a claim that the same set asked for before: wallets ignore it
// (OpenID4VP 1.0 section 6.1).
func isDuplicate(before []ClaimQuery, claim ClaimQuery) bool {
	return slices.ContainsFunc(before, func(b ClaimQuery) bool { return slices.Equal(b.Path, claim.Path) })
}

// isShell finds an object or list in which nothing is to be seen.
func isShell(value any) bool {
	switch value := value.(type) {
	case map[string]any:
		for _, v := range value {
			if !isShell(v) {
				return false
			}
		}
		return true
	case []any:
		return !slices.ContainsFunc(value, func(v any) bool { return !isShell(v) })
	}
	return false
}

// match returns the concrete paths of the values that fit. A value that does
// not fit counts as absent, and an object or list whose content is hidden too.
func (c ClaimQuery) match(claims map[string]any) (paths []credential.Path) {
	for path, value := range c.Path.Select(claims) {
		if isShell(value) {
			continue
		}
		fits := func(want any) bool { return equalValue(value, want) }
		if c.Values == nil || slices.ContainsFunc(c.Values, fits) {
			paths = append(append(paths, c.before(path)...), path)
		}
	}
	return paths
}

// before lists the array elements that stand before those that the query asks for by
// number on the way to a value. An element that is not disclosed leaves no gap (RFC 9901
// section 7.1), so without them the value would stand at another number.
func (c ClaimQuery) before(path credential.Path) (earlier []credential.Path) {
	for i, element := range c.Path {
		number, ok := element.(int)
		for n := 0; ok && n < number; n++ {
			earlier = append(earlier, append(slices.Clone(path[:i]), n))
		}
	}
	return earlier
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

// Select chooses the credential queries that a holder answers. can reports
// which ones the holder can answer. From each credential set Select takes the
// first option that can be answered whole (OpenID4VP 1.0 section 6.4.2).
// optional holds the ids that only optional sets ask for, which the citizen may
// grant or not. Both lists follow the query's order. The error is ErrNoMatch if
// a required set cannot be answered, or, without sets, any credential.
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

// MaxWays is where [Query.Ways] stops listing.
const MaxWays = 32

// Ways lists the sets of credential queries that answer the whole query, in the
// verifier's order of preference. Each way takes one option of each
// required credential set, in the query's order. Optional sets are left to the
// caller. Ways returns at most MaxWays sets.
func (q *Query) Ways() [][]string {
	ways := [][]string{nil}
	for _, set := range q.sets() {
		if !set.required() {
			continue
		}
		var longer [][]string
		for _, way := range ways {
			for _, option := range set.Options {
				if len(longer) < MaxWays {
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

// join adds the ids of option that way does not hold yet.
func join(way, option []string) []string {
	out := slices.Clone(way)
	for _, id := range option {
		if !slices.Contains(out, id) {
			out = append(out, id)
		}
	}
	return out
}

// CheckResponse compares the shape of an answer with the query: only ids of the
// query, one presentation for each id unless Multiple is set, each required set
// answered. CheckAnswer checks the presentations themselves. The error is
// ErrUnasked or ErrNoMatch.
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

// sets returns the credential sets, or one required set of all credentials.
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
