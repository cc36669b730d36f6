package verifier

import (
	"slices"

	"github.com/hufu-id/hufu/credential"
	"github.com/hufu-id/hufu/identity"
	"github.com/hufu-id/hufu/openid"
)

// checkOnePerson returns identity.ErrTypes for a policy whose answers would not show
// that one person gives them: it joins proofs of several identity types, or counts people
// by such proofs. schemas are those of Query.Credentials.
func (p *Policy) checkOnePerson(schemas []*credential.Schema) error {
	for _, ids := range p.joined() {
		var held []*credential.Schema
		for i := range p.Query.Credentials {
			if q := &p.Query.Credentials[i]; isProof(*q) && slices.Contains(ids, q.ID) {
				held = append(held, schemas[i])
			}
		}
		if len(held) > 1 || p.Scope.Kind != "none" {
			if err := identity.OnePerson(held...); err != nil {
				return err
			}
		}
	}
	return nil
}

// joined lists the sets of queries that are taken together. A pseudonym counts a person
// whichever of them is answered. Elsewhere each way of answering stands alone, with
// everything that is optional.
func (p *Policy) joined() [][]string {
	var all, optional []string
	for i := range p.Query.Credentials {
		all = append(all, p.Query.Credentials[i].ID)
	}
	for _, set := range p.Query.CredentialSets {
		if set.Required != nil && !*set.Required {
			optional = append(optional, slices.Concat(set.Options...)...)
		}
	}
	ways := p.Query.Ways()
	if p.Scope.Kind != "none" || len(ways) >= openid.MaxWays {
		return [][]string{all}
	}
	for i := range ways {
		ways[i] = slices.Concat(ways[i], optional)
	}
	return ways
}
