package openid

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"reflect"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/hufu-id/hufu/credential"
	"github.com/hufu-id/hufu/internal/limits"
)

var (
	// ErrTooLarge means that a message exceeds its cap.
	ErrTooLarge = errors.New("openid: message too large")
	// ErrJSON means that a message is not JSON, or is JSON that two readers
	// could understand differently: a repeated member, a member that differs
	// from a known one only in case, a null member, data after the end, nesting
	// beyond limits.JSONDepth.
	ErrJSON = errors.New("openid: JSON refused")
)

// unmarshal reads every JSON message of this package. It ignores members that T
// does not name, as OpenID4VCI and OpenID4VP ask.
func unmarshal[T any](data []byte) (*T, error) {
	if len(data) > limits.Message {
		return nil, fmt.Errorf("%w: above %d bytes", ErrTooLarge, limits.Message)
	}
	if err := checkShape(data); err != nil {
		return nil, err
	}
	strict, lax := new(T), new(T)
	if err := json.Unmarshal(data, strict); err != nil {
		return nil, jsonError(err)
	}
	// A reader that folds case would take "Nonce" for "nonce". A message that
	// such a reader understands differently is refused.
	err := json.Unmarshal(data, lax, json.MatchCaseInsensitiveNames(true))
	if err != nil || !reflect.DeepEqual(strict, lax) {
		return nil, fmt.Errorf("%w: a member name differs from a known one only in case or dashes", ErrJSON)
	}
	return strict, nil
}

// jsonError keeps the sentinels of this package and hides the library's text,
// which would quote the message.
func jsonError(err error) error {
	if errors.Is(err, credential.ErrPath) {
		return fmt.Errorf("%w: malformed path", ErrQuery)
	}
	if errors.Is(err, ErrUnsupportedFormat) {
		return fmt.Errorf("%w: a string was expected", ErrUnsupportedFormat)
	}
	if errors.Is(err, ErrQuery) {
		return fmt.Errorf("%w: malformed value, hash or predicate", ErrQuery)
	}
	var semantic *json.SemanticError
	if errors.As(err, &semantic) {
		return fmt.Errorf("%w: wrong kind of value at byte %d", ErrJSON, semantic.ByteOffset)
	}
	return ErrJSON
}

// checkShape reads the tokens once. It refuses deep nesting and null members.
// The decoder itself refuses repeated names, text that is not UTF-8, and data
// after the end.
func checkShape(data []byte) error {
	dec := jsontext.NewDecoder(bytes.NewReader(data))
	for {
		token, err := dec.ReadToken()
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return fmt.Errorf("%w: malformed near byte %d", ErrJSON, dec.InputOffset())
		}
		depth := dec.StackDepth()
		if depth > limits.JSONDepth {
			return fmt.Errorf("%w: nested deeper than %d", ErrJSON, limits.JSONDepth)
		}
		if within, length := dec.StackIndex(depth); within == '{' && length%2 == 0 && token.Kind() == 'n' {
			return fmt.Errorf("%w: null member near byte %d", ErrJSON, dec.InputOffset())
		}
	}
}

// marshal writes a message that has passed its check. Members stand in the
// order of the struct, and maps in the order of their names.
func marshal(v any) ([]byte, error) {
	data, err := json.Marshal(v, json.Deterministic(true))
	if err != nil {
		return nil, ErrJSON
	}
	if len(data) > limits.Message {
		return nil, fmt.Errorf("%w: above %d bytes", ErrTooLarge, limits.Message)
	}
	return data, nil
}

// compact is a credential or presentation in a format whose JSON form is a
// string. Formats whose form is an object are not supported.
type compact string

// UnmarshalJSONFrom implements json.UnmarshalerFrom.
func (c *compact) UnmarshalJSONFrom(dec *jsontext.Decoder) error {
	if dec.PeekKind() != '"' {
		return ErrUnsupportedFormat
	}
	return json.UnmarshalDecode(dec, (*string)(c))
}
