// Package strictjson reads JSON from outside. It accepts only what every reader
// understands alike.
//
// It refuses a document above its cap, with more tokens than limits.JSONTokens
// (limits.RecordTokens where the cap is limits.Record), nesting deeper than
// limits.JSONDepth, a repeated member, an unknown member, a member that differs from a
// known one only in case, text that is not UTF-8, and data after the end. No error
// quotes the input, which may hold personal data.
//
// For example: Read([]byte(`{"name":"x","Name":"y"}`), limits.Document, &v) is
// [ErrShape], where encoding/json would take "y".
//
// Not checked: whether the document is spelt in one way only. White space, the
// order of members and escapes are free.
package strictjson

import (
	"errors"
	"fmt"
	"io"
	"reflect"
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/hufu-id/hufu/internal/limits"
)

// Why a document is refused.
var (
	// ErrTooLarge means a document above its cap, which was not read, or one with more
	// tokens than limits.JSONTokens or limits.RecordTokens.
	ErrTooLarge = errors.New("JSON too large")
	// ErrDepth means nesting beyond limits.JSONDepth.
	ErrDepth = errors.New("JSON nested too deep")
	// ErrSyntax means malformed JSON, a repeated member, or data after the end.
	ErrSyntax = errors.New("malformed JSON")
	// ErrShape means an unknown member, a member spelt almost like a known one, a
	// null member, or a wrong kind of value.
	ErrShape = errors.New("not the expected JSON")
)

// Option relaxes or tightens what Read refuses.
type Option uint

const (
	// AllowUnknown ignores unknown members, for documents that others define. It
	// still refuses one that differs from a known one only in case, dashes or
	// underscores.
	AllowUnknown Option = 1 << iota
	// RefuseNull refuses null members. Some readers treat null as absent, others do
	// not.
	RefuseNull
)

// Read reads one JSON value of at most limit bytes into v, a pointer to a zero
// value. The error is [ErrTooLarge], [ErrDepth], [ErrSyntax] or [ErrShape]; it
// also wraps what an unmarshaler of v's type returned.
func Read(data []byte, limit int, v any, options ...Option) error {
	var chosen Option
	for _, o := range options {
		chosen |= o
	}
	if err := check(data, limit, chosen&RefuseNull != 0); err != nil {
		return err
	}
	if chosen&AllowUnknown == 0 {
		return shape(json.Unmarshal(data, v, digits, json.RejectUnknownMembers(true)))
	}
	if err := json.Unmarshal(data, v, digits); err != nil {
		return shape(err)
	}
	return checkAlike(data, v)
}

// digits reads a number into an any as [Value] does.
var digits = json.WithUnmarshalers(json.UnmarshalFromFunc(func(decoder *jsontext.Decoder, v *any) error {
	if decoder.PeekKind() != '0' {
		return errors.ErrUnsupported
	}
	token, err := decoder.ReadToken()
	if err != nil {
		return err
	}
	*v, err = readNumber(token.String(), decoder)
	return err
}))

// Object reads one JSON object of at most limit bytes, whose members the caller
// reads one by one. It refuses a member that differs from a known one only in
// case. The error is [ErrTooLarge], [ErrDepth], [ErrSyntax] or [ErrShape].
func Object(data []byte, limit int, known ...string) (map[string]jsontext.Value, error) {
	if err := check(data, limit, false); err != nil {
		return nil, err
	}
	object, err := readMembers(data)
	if err != nil {
		return nil, err
	}
	for name := range object {
		for _, k := range known {
			if name != k && strings.EqualFold(name, k) {
				return nil, errAlike
			}
		}
	}
	return object, nil
}

// readMembers reads the members of an object that check has read.
func readMembers(data []byte) (map[string]jsontext.Value, error) {
	decoder, done := decoderOf(data)
	defer done()
	token, err := decoder.ReadToken()
	if err != nil {
		return nil, near(ErrSyntax, decoder)
	}
	if token.Kind() != '{' {
		return nil, fmt.Errorf("%w: no object", ErrShape)
	}
	object := map[string]jsontext.Value{}
	for decoder.PeekKind() != '}' {
		name, err := decoder.ReadToken()
		if err != nil {
			return nil, near(ErrSyntax, decoder)
		}
		key := name.String()
		value, err := decoder.ReadValue()
		if err != nil {
			return nil, near(ErrSyntax, decoder)
		}
		object[key] = value.Clone()
	}
	if _, err := decoder.ReadToken(); err != nil {
		return nil, near(ErrSyntax, decoder)
	}
	if _, err := decoder.ReadToken(); err != io.EOF {
		return nil, near(ErrSyntax, decoder)
	}
	return object, nil
}

// check reads the tokens once. Unmarshal refuses data after the end.
func check(data []byte, limit int, refuseNull bool) error {
	if len(data) > limit {
		return fmt.Errorf("%w: above %d bytes", ErrTooLarge, limit)
	}
	decoder, done := decoderOf(data)
	defer done()
	for left := tokensOf(limit); ; left-- {
		token, err := decoder.ReadToken()
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return near(ErrSyntax, decoder)
		}
		if left == 0 {
			return fmt.Errorf("%w: too many values", ErrTooLarge)
		}
		depth := decoder.StackDepth()
		if depth > limits.JSONDepth {
			return fmt.Errorf("%w: more than %d levels", ErrDepth, limits.JSONDepth)
		}
		if within, length := decoder.StackIndex(depth); refuseNull && within == '{' && length%2 == 0 && token.Kind() == 'n' {
			return fmt.Errorf("%w: a null member", near(ErrShape, decoder))
		}
	}
}

func near(reason error, decoder *jsontext.Decoder) error {
	return fmt.Errorf("%w near byte %d", reason, decoder.InputOffset())
}

// A refusal says why and where. It hides the library's text, which may quote the
// input.
type refusal struct {
	reason error
	offset int64
	cause  error
}

func (r *refusal) Error() string   { return fmt.Sprintf("%v near byte %d", r.reason, r.offset) }
func (r *refusal) Unwrap() []error { return []error{r.reason, r.cause} }

// shape sorts the errors of json.Unmarshal.
func shape(err error) error {
	var semantic *json.SemanticError
	var syntactic *jsontext.SyntacticError
	switch {
	case err == nil:
		return nil
	case errors.As(err, &semantic):
		return &refusal{ErrShape, semantic.ByteOffset, err}
	case errors.As(err, &syntactic):
		return &refusal{ErrSyntax, syntactic.ByteOffset, err}
	}
	return &refusal{ErrSyntax, 0, err}
}

var errAlike = fmt.Errorf("%w: a member differs from a known one in case or dashes alone", ErrShape)

// checkAlike refuses a document that a reader who takes "Nonce" for "nonce" would
// understand differently.
func checkAlike(data []byte, v any) error {
	lax := reflect.New(reflect.TypeOf(v).Elem())
	err := json.Unmarshal(data, lax.Interface(), digits, json.MatchCaseInsensitiveNames(true))
	if err != nil || !reflect.DeepEqual(v, lax.Interface()) {
		return errAlike
	}
	return nil
}
