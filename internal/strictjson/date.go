package strictjson

import (
	"fmt"
	"math"

	"github.com/go-json-experiment/json/jsontext"
)

// Since and Until are NumericDates (RFC 7519, section 2) in whole seconds, in any
// spelling of a JSON number. A fraction is rounded to the safe side: what begins,
// begins at the next second, and what ends, ends at the second before.
type (
	Since int64
	Until int64
)

// UnmarshalJSONFrom implements json.UnmarshalerFrom.
func (s *Since) UnmarshalJSONFrom(decoder *jsontext.Decoder) error {
	n, err := readSeconds(decoder, math.Ceil)
	*s = Since(n)
	return err
}

// UnmarshalJSONFrom implements json.UnmarshalerFrom.
func (u *Until) UnmarshalJSONFrom(decoder *jsontext.Decoder) error {
	n, err := readSeconds(decoder, math.Floor)
	*u = Until(n)
	return err
}

func readSeconds(decoder *jsontext.Decoder, round func(float64) float64) (int64, error) {
	if decoder.PeekKind() != '0' {
		return 0, fmt.Errorf("%w: no number of seconds", ErrShape)
	}
	token, err := decoder.ReadToken()
	if err != nil {
		return 0, err
	}
	value, err := readNumber(token.String(), decoder)
	if err != nil {
		return 0, err
	}
	n, ok := seconds(value, round)
	if !ok {
		return 0, fmt.Errorf("%w: seconds out of range", ErrShape)
	}
	return n, nil
}

// SinceOf reads a NumericDate that [Value] read, as [Since]. It reports false for
// what is none.
func SinceOf(value any) (int64, bool) { return seconds(value, math.Ceil) }

// UntilOf is SinceOf for the end of something, as [Until].
func UntilOf(value any) (int64, bool) { return seconds(value, math.Floor) }

func seconds(value any, round func(float64) float64) (int64, bool) {
	switch value := value.(type) {
	case int64:
		return value, true
	case float64:
		if value = round(value); math.Abs(value) < 1<<53 {
			return int64(value), true
		}
	}
	return 0, false
}
