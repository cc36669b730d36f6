package openid

import (
	"fmt"
	"strconv"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
	"golang.org/x/text/unicode/norm"

	"github.com/hufu-id/hufu/internal/limits"
	"github.com/hufu-id/hufu/legible"
)

// parseValue reads a value that a query may compare a claim with: a string, a
// whole number that fits an int64, or a boolean (OpenID4VP 1.0 section 6.3).
func parseValue(raw jsontext.Value) (any, error) {
	switch raw.Kind() {
	case '"':
		var text string
		if err := json.Unmarshal(raw, &text); err != nil {
			return nil, fmt.Errorf("%w: malformed value", ErrQuery)
		}
		return text, nil
	case 't', 'f':
		return raw.Kind() == 't', nil
	case '0':
		n, err := strconv.ParseInt(string(raw), 10, 64)
		if err == nil {
			return n, nil
		}
	}
	return nil, fmt.Errorf("%w: a value is a string, a whole number or a boolean", ErrQuery)
}

// Values lists the operands of a query: each is a string, an int64 or a bool.
type Values []any

// UnmarshalJSONFrom implements json.UnmarshalerFrom. It keeps an empty list
// apart from an absent one, and no more values than are taken.
func (l *Values) UnmarshalJSONFrom(dec *jsontext.Decoder) error {
	if token, err := dec.ReadToken(); err != nil || token.Kind() != '[' {
		return fmt.Errorf("%w: values are a list", ErrQuery)
	}
	*l = Values{}
	for dec.PeekKind() != ']' {
		if len(*l) == maxValues {
			return fmt.Errorf("%w: values is too long", ErrQuery)
		}
		raw, err := dec.ReadValue()
		if err != nil {
			return err
		}
		value, err := parseValue(raw)
		if err != nil {
			return err
		}
		*l = append(*l, value)
	}
	_, err := dec.ReadToken()
	return err
}

// checkValues checks the alternative values of one claim.
func checkValues(values []any) error {
	if len(values) == 0 || len(values) > maxValues {
		return fmt.Errorf("%w: values is empty or too long", ErrQuery)
	}
	seen := make(map[any]bool, len(values))
	for _, value := range values {
		if err := checkValue(value); err != nil {
			return err
		}
		if seen[value] {
			return fmt.Errorf("%w: a value is repeated", ErrQuery)
		}
		seen[value] = true
	}
	return nil
}

func checkValue(value any) error {
	switch v := value.(type) {
	case int64, bool:
		return nil
	case string:
		if len(v) <= limits.Identifier && legible.Check(v, legible.Limits{Blank: true}) == nil {
			return nil
		}
	}
	return fmt.Errorf("%w: a value is a short string, a whole number or a boolean", ErrQuery)
}

// equalValue compares a claim, as package credential decodes it, with a value
// of a query, by type and value, texts in normal form C. Fractions and structures
// are never equal.
func equalValue(claim, want any) bool {
	switch claim := claim.(type) {
	case string:
		text, ok := want.(string)
		return ok && norm.NFC.String(claim) == norm.NFC.String(text)
	case bool, int64:
		return claim == want
	}
	return false
}
