package did

import (
	"bytes"
	"encoding/base64"
	"errors"
	"io"
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/hufu-id/hufu/internal/limits"
)

var errJSON = errors.New("not a JSON object that every reader understands alike")

// parseObject reads one JSON object. It refuses a repeated member, a member
// that differs from a known one only in case, nesting beyond limits.JSONDepth,
// and data after the end.
func parseObject(data []byte, known ...string) (map[string]jsontext.Value, error) {
	if !shallow(data) {
		return nil, errJSON
	}
	var object map[string]jsontext.Value
	if err := json.Unmarshal(data, &object); err != nil || object == nil {
		return nil, errJSON
	}
	for name := range object {
		for _, k := range known {
			if name != k && strings.EqualFold(name, k) {
				return nil, errJSON
			}
		}
	}
	return object, nil
}

// shallow reports whether data is well-formed and nests no deeper than allowed.
func shallow(data []byte) bool {
	decoder := jsontext.NewDecoder(bytes.NewReader(data))
	for {
		if _, err := decoder.ReadToken(); err != nil {
			return err == io.EOF
		}
		if decoder.StackDepth() > limits.JSONDepth {
			return false
		}
	}
}

// text reads a member that must be a string. An absent member is the empty
// string.
func text(object map[string]jsontext.Value, name string) (string, error) {
	value, ok := object[name]
	if !ok {
		return "", nil
	}
	if value.Kind() != '"' {
		return "", errJSON
	}
	var s string
	err := json.Unmarshal(value, &s)
	return s, err
}

// decodeBase64URL accepts the only spelling of RFC 7515, section 2: no padding,
// no unused bits, no line breaks (which Go's strict decoder skips).
func decodeBase64URL(s string) ([]byte, bool) {
	if strings.ContainsAny(s, "\r\n") {
		return nil, false
	}
	b, err := base64.RawURLEncoding.Strict().DecodeString(s)
	return b, err == nil
}

func encodeBase64URL(b []byte) string { return base64.RawURLEncoding.EncodeToString(b) }
