package status

import (
	"fmt"
	"net/url"
	"strings"

	"github.com/hufu-id/hufu/internal/limits"
	"github.com/hufu-id/hufu/internal/strictjson"
)

// A Reference points at the status of a credential. It is the claim
// {"status_list":{"idx":…,"uri":…}} (section 6.2).
type Reference struct {
	// URI is the absolute URI of the list, and the sub of its token.
	URI string
	// Index is the number of the entry, from zero.
	Index int
}

// Claim returns the value of the credential's claim status.
func (r Reference) Claim() map[string]any {
	return map[string]any{"status_list": map[string]any{"idx": r.Index, "uri": r.URI}}
}

// ParseReference reads the JSON value of a credential's claim status. It
// refuses a claim without status_list with [ErrForm]: an unknown kind of status
// must not pass for a credential without one. Errors: [ErrForm], [ErrIndex].
func ParseReference(data []byte) (Reference, error) {
	value, err := strictjson.Value(data, limits.Document)
	if err != nil {
		return Reference{}, fmt.Errorf("%w: reference: %w", ErrForm, err)
	}
	return ReferenceOf(value)
}

// ReferenceOf is ParseReference for a value that was read already, with objects as
// map[string]any and integers as int64, by a reader that refuses a repeated name.
func ReferenceOf(claim any) (Reference, error) {
	list, err := member(claim, "status_list")
	if err != nil {
		return Reference{}, err
	}
	index, err := member(list, "idx")
	if err != nil {
		return Reference{}, err
	}
	uri, err := member(list, "uri")
	if err != nil {
		return Reference{}, err
	}
	n, okIndex := index.(int64)
	text, okURI := uri.(string)
	switch {
	case !okIndex || !okURI:
		return Reference{}, fmt.Errorf("%w: idx is no integer, or uri no text", ErrForm)
	case n < 0 || n >= limits.StatusList*8:
		return Reference{}, fmt.Errorf("%w: reference", ErrIndex)
	case !isAbsolute(text):
		return Reference{}, fmt.Errorf("%w: reference without an absolute URI", ErrForm)
	}
	return Reference{URI: text, Index: int(n)}, nil
}

// member returns a member of an object that must be there. No other may differ from it
// in case, dashes or underscores alone.
func member(object any, name string) (any, error) {
	members, _ := object.(map[string]any)
	value, found := members[name]
	if !found {
		return nil, fmt.Errorf("%w: reference without %s", ErrForm, name)
	}
	for spelt := range members {
		if spelt != name && strings.EqualFold(plain.Replace(spelt), plain.Replace(name)) {
			return nil, fmt.Errorf("%w: reference with a name that differs from %s in case or dashes alone", ErrForm, name)
		}
	}
	return value, nil
}

var plain = strings.NewReplacer("_", "", "-", "")

func isAbsolute(uri string) bool {
	if len(uri) > limits.Identifier {
		return false
	}
	parsed, err := url.Parse(uri)
	return err == nil && parsed.IsAbs()
}
