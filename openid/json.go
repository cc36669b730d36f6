package openid

import (
	"errors"
	"fmt"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/hufu-id/hufu/credential"
	"github.com/hufu-id/hufu/internal/limits"
	"github.com/hufu-id/hufu/internal/strictjson"
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
	v := new(T)
	if err := strictjson.Read(data, limits.Message, v, strictjson.AllowUnknown, strictjson.RefuseNull); err != nil {
		return nil, jsonError(err)
	}
	return v, nil
}

// jsonError keeps the sentinels of this package.
func jsonError(err error) error {
	switch {
	case errors.Is(err, strictjson.ErrTooLarge):
		return fmt.Errorf("%w: %w", ErrTooLarge, err)
	case errors.Is(err, credential.ErrPath):
		return fmt.Errorf("%w: malformed path", ErrQuery)
	case errors.Is(err, ErrUnsupportedFormat):
		return fmt.Errorf("%w: a string was expected", ErrUnsupportedFormat)
	case errors.Is(err, ErrQuery):
		return fmt.Errorf("%w: malformed value, hash or predicate", ErrQuery)
	}
	return fmt.Errorf("%w: %w", ErrJSON, err)
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
