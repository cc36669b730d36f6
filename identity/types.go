package identity

import (
	"errors"
	"fmt"
	"slices"

	"github.com/hufu-id/hufu/credential"
)

// ErrTypes: credentials rest on several identity types, whose desks know nothing of each
// other.
var ErrTypes = errors.New("identity: the credentials rest on several identity types")

// Types returns the ids of the identity types on which credentials with this schema
// rest: its own, or those that it is bound by, of which each holder has shown one.
func Types(schema *credential.Schema) []string {
	if len(schema.BoundBy) == 0 {
		return []string{schema.ID}
	}
	var ids []string
	for _, ref := range schema.BoundBy {
		if !slices.Contains(ids, ref.Schema) {
			ids = append(ids, ref.Schema)
		}
	}
	return ids
}

// OnePerson returns nil if proofs about credentials with these schemas, made with one
// secret, are about one person, and if nobody has two secrets to make them with. The
// desks of one identity type bind one secret to each person, and one person to each
// secret. Of two identity types neither holds: the wallet may have shown one person to
// the first and another to the second, and a person may have a wallet for each. The
// error is ErrTypes.
func OnePerson(schemas ...*credential.Schema) error {
	var ids []string
	for _, s := range schemas {
		ids = append(ids, Types(s)...)
	}
	slices.Sort(ids)
	if ids = slices.Compact(ids); len(ids) > 1 {
		return fmt.Errorf("%w: %d of them", ErrTypes, len(ids))
	}
	return nil
}
