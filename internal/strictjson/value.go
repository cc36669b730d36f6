package strictjson

import (
	"bytes"
	"fmt"
	"io"
	"strconv"
	"strings"
	"sync"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/hufu-id/hufu/internal/limits"
)

// Value reads one JSON value of any form, of at most limit bytes. Objects become
// map[string]any, arrays []any, whole numbers int64 however they are spelt (1e2,
// 100.0), and other numbers float64. A whole number must not lose its last digits to
// a float: two different numbers would then compare equal. The error is [ErrTooLarge], [ErrDepth],
// [ErrSyntax], or [ErrShape] for a number that fits neither.
func Value(data []byte, limit int) (any, error) {
	if len(data) > limit {
		return nil, fmt.Errorf("%w: above %d bytes", ErrTooLarge, limit)
	}
	decoder, done := decoderOf(data)
	defer done()
	value, err := (&valueReader{decoder, tokensOf(limit)}).read()
	if err != nil {
		return nil, err
	}
	if _, err := decoder.ReadToken(); err != io.EOF {
		return nil, near(ErrSyntax, decoder)
	}
	return value, nil
}

// decoders are used again: most documents are a few hundred bytes, less than a new decoder.
var decoders = sync.Pool{New: func() any { return jsontext.NewDecoder(new(bytes.Buffer)) }}

// maxKept bounds the document of which a decoder is kept, with what it grew to.
const maxKept = 64 << 10

// decoderOf reads a document. done gives the decoder back, without the document.
func decoderOf(data []byte) (decoder *jsontext.Decoder, done func()) {
	decoder = decoders.Get().(*jsontext.Decoder)
	decoder.Reset(bytes.NewBuffer(data))
	return decoder, func() {
		if len(data) <= maxKept {
			decoder.Reset(new(bytes.Buffer))
			decoders.Put(decoder)
		}
	}
}

// tokensOf is how many tokens a document may have. The cap of a record, which nothing
// from outside has, is for our own vault.
func tokensOf(limit int) int {
	if limit == limits.Record {
		return limits.RecordTokens
	}
	return limits.JSONTokens
}

// valueReader reads values until it has read as many tokens as it may.
type valueReader struct {
	*jsontext.Decoder
	left int
}

func (r *valueReader) token() (jsontext.Token, error) {
	if r.left--; r.left < 0 {
		return jsontext.Token{}, fmt.Errorf("%w: too many values", ErrTooLarge)
	}
	token, err := r.ReadToken()
	if err != nil {
		return token, near(ErrSyntax, r.Decoder)
	}
	return token, nil
}

func (r *valueReader) read() (any, error) {
	token, err := r.token()
	if err != nil {
		return nil, err
	}
	if r.StackDepth() > limits.JSONDepth {
		return nil, fmt.Errorf("%w: more than %d levels", ErrDepth, limits.JSONDepth)
	}
	switch token.Kind() {
	case '{':
		return r.object()
	case '[':
		return r.array()
	case '"':
		return token.String(), nil
	case 't', 'f':
		return token.Bool(), nil
	case '0':
		return readNumber(token.String(), r.Decoder)
	}
	return nil, nil
}

func (r *valueReader) object() (any, error) {
	object := map[string]any{}
	for r.PeekKind() != '}' {
		name, err := r.token()
		if err != nil {
			return nil, err
		}
		key := name.String()
		if object[key], err = r.read(); err != nil {
			return nil, err
		}
	}
	_, err := r.token()
	return object, err
}

func (r *valueReader) array() (any, error) {
	array := []any{}
	for r.PeekKind() != ']' {
		value, err := r.read()
		if err != nil {
			return nil, err
		}
		array = append(array, value)
	}
	_, err := r.token()
	return array, err
}

func readNumber(text string, decoder *jsontext.Decoder) (any, error) {
	whole, ok := spellWhole(text)
	if ok {
		if n, err := strconv.ParseInt(whole, 10, 64); err == nil {
			return n, nil
		}
	}
	if !strings.ContainsAny(text, ".eE") {
		return nil, fmt.Errorf("%w: integer beyond 64 bits", near(ErrShape, decoder))
	}
	f, err := strconv.ParseFloat(text, 64)
	if err != nil {
		return nil, fmt.Errorf("%w: number out of range", near(ErrShape, decoder))
	}
	return f, nil
}

// spellWhole writes a JSON number without point and exponent, digit for digit. It
// reports false for a number that is not whole, or has more than 19 digits.
func spellWhole(text string) (string, bool) {
	mantissa, exponent, _ := strings.Cut(strings.ToLower(text), "e")
	sign := ""
	if rest, negative := strings.CutPrefix(mantissa, "-"); negative {
		sign, mantissa = "-", rest
	}
	whole, fraction, _ := strings.Cut(mantissa, ".")
	digits := strings.TrimLeft(whole+fraction, "0")
	trimmed := strings.TrimRight(digits, "0")
	if trimmed == "" {
		return "0", true
	}
	shift := 0
	if exponent != "" {
		var err error
		if shift, err = strconv.Atoi(exponent); err != nil || shift < -1<<20 || shift > 1<<20 {
			return "", false
		}
	}
	shift += len(digits) - len(trimmed) - len(fraction)
	if shift < 0 || len(trimmed)+shift > 19 {
		return "", false
	}
	return sign + trimmed + strings.Repeat("0", shift), true
}
