package credential

import (
	"bytes"
	"fmt"
	"io"
	"strconv"
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/hufu-id/hufu/internal/limits"
)

// decodeValue reads JSON from outside; no other function does. Objects become
// map[string]any, arrays []any, integers int64, and other numbers float64. An
// integer must not lose its last digits to a float: two different numbers would
// then compare equal.
func decodeValue(data []byte) (any, error) {
	decoder := jsontext.NewDecoder(bytes.NewReader(data))
	value, err := readValue(decoder)
	if err != nil {
		return nil, err
	}
	if _, err := decoder.ReadToken(); err != io.EOF {
		return nil, fmt.Errorf("%w: data after the end", ErrJSON)
	}
	return value, nil
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

func readValue(decoder *jsontext.Decoder) (any, error) {
	token, err := decoder.ReadToken()
	if err != nil {
		return nil, fmt.Errorf("%w: malformed near byte %d", ErrJSON, decoder.InputOffset())
	}
	if decoder.StackDepth() > limits.JSONDepth {
		return nil, ErrDepth
	}
	switch token.Kind() {
	case '{':
		return readObject(decoder)
	case '[':
		return readArray(decoder)
	case '"':
		return token.String(), nil
	case 't', 'f':
		return token.Bool(), nil
	case '0':
		return readNumber(token.String())
	}
	return nil, nil
}

func readObject(decoder *jsontext.Decoder) (any, error) {
	object := map[string]any{}
	for decoder.PeekKind() != '}' {
		name, err := decoder.ReadToken()
		if err != nil {
			return nil, fmt.Errorf("%w: malformed near byte %d", ErrJSON, decoder.InputOffset())
		}
		key := name.String()
		if object[key], err = readValue(decoder); err != nil {
			return nil, err
		}
	}
	_, err := decoder.ReadToken()
	return object, err
}

func readArray(decoder *jsontext.Decoder) (any, error) {
	array := []any{}
	for decoder.PeekKind() != ']' {
		value, err := readValue(decoder)
		if err != nil {
			return nil, err
		}
		array = append(array, value)
	}
	_, err := decoder.ReadToken()
	return array, err
}

func readNumber(text string) (any, error) {
	if !strings.ContainsAny(text, ".eE") {
		n, err := strconv.ParseInt(text, 10, 64)
		if err != nil {
			return nil, fmt.Errorf("%w: integer beyond 64 bits", ErrJSON)
		}
		return n, nil
	}
	f, err := strconv.ParseFloat(text, 64)
	if err != nil {
		return nil, fmt.Errorf("%w: number out of range", ErrJSON)
	}
	return f, nil
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
	if len(data) > limits.Token {
		return nil, fmt.Errorf("%w: claims above %d bytes", ErrTooLarge, limits.Token)
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
