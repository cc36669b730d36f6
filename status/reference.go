package status

import (
	"fmt"
	"net/url"

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
	var claim struct {
		StatusList *struct {
			Index *int64  `json:"idx"`
			URI   *string `json:"uri"`
		} `json:"status_list"`
	}
	if err := strictjson.Read(data, limits.Document, &claim, strictjson.AllowUnknown); err != nil {
		return Reference{}, fmt.Errorf("%w: reference: %w", ErrForm, err)
	}
	entry := claim.StatusList
	if entry == nil || entry.Index == nil || entry.URI == nil {
		return Reference{}, fmt.Errorf("%w: reference without status_list, idx or uri", ErrForm)
	}
	if *entry.Index < 0 || *entry.Index >= limits.StatusList*8 {
		return Reference{}, fmt.Errorf("%w: reference", ErrIndex)
	}
	if !isAbsolute(*entry.URI) {
		return Reference{}, fmt.Errorf("%w: reference without an absolute URI", ErrForm)
	}
	return Reference{URI: *entry.URI, Index: int(*entry.Index)}, nil
}

func isAbsolute(uri string) bool {
	if len(uri) > limits.Identifier {
		return false
	}
	parsed, err := url.Parse(uri)
	return err == nil && parsed.IsAbs()
}
