package did

import (
	"encoding/base64"
	"errors"
	"fmt"
	"strings"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/hufu-id/hufu/internal/strictjson"
)

var errJSON = errors.New("not a JSON object that every reader understands alike")

// parseObject reads one JSON object. It refuses a member that differs from a
// known one only in case, and what strictjson.Object refuses.
func parseObject(data []byte, limit int, known ...string) (map[string]jsontext.Value, error) {
	object, err := strictjson.Object(data, limit, known...)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", errJSON, err)
	}
	return object, nil
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
	s, err := jsontext.AppendUnquote(nil, value)
	return string(s), err
}

var base64URL = base64.RawURLEncoding.Strict()

// decodeBase64URL accepts the only spelling of RFC 7515, section 2: no padding,
// no unused bits, no line breaks (which Go's strict decoder skips).
func decodeBase64URL(s string) ([]byte, bool) {
	if strings.ContainsAny(s, "\r\n") {
		return nil, false
	}
	b, err := base64URL.DecodeString(s)
	return b, err == nil
}

func encodeBase64URL(b []byte) string { return base64.RawURLEncoding.EncodeToString(b) }
