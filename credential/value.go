package credential

import (
	"errors"
	"fmt"

	"github.com/go-json-experiment/json"

	"github.com/hufu-id/hufu/internal/limits"
	"github.com/hufu-id/hufu/internal/strictjson"
)

// decodeValue reads JSON from outside; no other function does. See
// strictjson.Value for what it makes of numbers. The error is [ErrTooLarge],
// [ErrDepth] or [ErrJSON].
func decodeValue(data []byte) (any, error) {
	value, err := strictjson.Value(data, limits.Token)
	switch {
	case err == nil:
		return value, nil
	case errors.Is(err, strictjson.ErrTooLarge):
		return nil, fmt.Errorf("%w: %w", ErrTooLarge, err)
	case errors.Is(err, strictjson.ErrDepth):
		return nil, ErrDepth
	}
	return nil, fmt.Errorf("%w: %w", ErrJSON, err)
}

func decodeObject(data []byte) (map[string]any, error) {
	value, err := decodeValue(data)
	if err != nil {
		return nil, err
	}
	object, ok := value.(map[string]any)
	if !ok {
		return nil, fmt.Errorf("%w: not an object", ErrJSON)
	}
	return object, nil
}

// encodeValue writes JSON, with members in alphabetical order.
func encodeValue(value any) ([]byte, error) {
	data, err := json.Marshal(value, json.Deterministic(true))
	if err != nil {
		return nil, fmt.Errorf("%w: value has no JSON form", ErrJSON)
	}
	return data, nil
}

// normalize copies the caller's claims and gives them the types that
// decodeValue gives to claims from outside.
func normalize(claims map[string]any) (map[string]any, error) {
	data, err := encodeValue(claims)
	if err != nil {
		return nil, err
	}
	return decodeObject(data)
}

// clone copies a decoded value, so that the caller may change it.
func clone(value any) any {
	switch value := value.(type) {
	case map[string]any:
		return cloneObject(value)
	case []any:
		array := make([]any, len(value))
		for i, element := range value {
			array[i] = clone(element)
		}
		return array
	}
	return value
}

func cloneObject(object map[string]any) map[string]any {
	copied := make(map[string]any, len(object))
	for name, value := range object {
		copied[name] = clone(value)
	}
	return copied
}
