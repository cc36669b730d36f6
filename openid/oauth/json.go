package oauth

import (
	"errors"
	"fmt"
	"net/url"
	"strings"
	"time"

	"github.com/go-json-experiment/json"

	"github.com/hufu-id/hufu/internal/limits"
	"github.com/hufu-id/hufu/internal/strictjson"
	"github.com/hufu-id/hufu/legible"
)

// ErrMessage means that a message is malformed: JSON or a form that two readers could
// understand differently, a member that is missing, or a value out of range.
var ErrMessage = errors.New("oauth: malformed message")

// maxCode caps a code, a token, a nonce or a challenge, in bytes. Some servers use whole
// JWTs.
const maxCode = 8 << 10

// unmarshal reads a JSON message and ignores members that T does not name.
func unmarshal[T any](data []byte) (*T, error) {
	v := new(T)
	if err := strictjson.Read(data, limits.Message, v, strictjson.AllowUnknown); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrMessage, err)
	}
	return v, nil
}

func marshal(v any) ([]byte, error) {
	data, err := json.Marshal(v, json.Deterministic(true))
	if err != nil || len(data) > limits.Message {
		return nil, fmt.Errorf("%w: cannot be written", ErrMessage)
	}
	return data, nil
}

// member returns one parameter of a form. It must not stand there twice (RFC 6749
// section 3.1).
func member(form url.Values, name string) (string, error) {
	switch values := form[name]; len(values) {
	case 0:
		return "", nil
	case 1:
		if len(values[0]) > limits.Document {
			return "", fmt.Errorf("%w: %s is too long", ErrMessage, name)
		}
		return values[0], nil
	}
	return "", fmt.Errorf("%w: %s stands there twice", ErrMessage, name)
}

// readForm reads parameters into the variables of their names.
func readForm(form url.Values, into map[string]*string) error {
	for name, at := range into {
		value, err := member(form, name)
		if err != nil {
			return err
		}
		*at = value
	}
	return nil
}

// writeForm leaves empty values out.
func writeForm(values map[string]string) url.Values {
	form := url.Values{}
	for name, value := range values {
		if value != "" {
			form.Set(name, value)
		}
	}
	return form
}

// isCode reports whether s consists of visible ASCII characters (RFC 6749 appendix A).
func isCode(s string) bool {
	return s != "" && len(s) <= maxCode && !strings.ContainsFunc(s, func(r rune) bool { return r <= ' ' || r > '~' })
}

// isName bounds a name that this package compares and does not interpret.
func isName(s string) bool {
	return len(s) <= limits.Identifier && legible.Check(s, legible.Limits{}) == nil
}

// VerifyOptions changes defaults. The zero value is safe.
type VerifyOptions struct {
	// Now is the reader's time; zero means the machine's clock.
	Now time.Time
	// Skew is the largest difference from the other side's clock; zero means one minute.
	Skew time.Duration
}

func (o VerifyOptions) now() time.Time {
	if o.Now.IsZero() {
		return time.Now()
	}
	return o.Now
}

func (o VerifyOptions) skew() time.Duration {
	if o.Skew == 0 {
		return time.Minute
	}
	return o.Skew
}

// isFresh reports whether a message was made at most maxAge ago, give or take the skew.
func (o VerifyOptions) isFresh(issued time.Time, maxAge time.Duration) bool {
	age := o.now().Sub(issued)
	return age >= -o.skew() && age <= maxAge+o.skew()
}

// holds reports whether a message that may bear nbf and exp counts now.
func (o VerifyOptions) holds(begins *strictjson.Since, ends *strictjson.Until) bool {
	return (begins == nil || !time.Unix(int64(*begins), 0).After(o.now().Add(o.skew()))) &&
		(ends == nil || o.now().Before(time.Unix(int64(*ends), 0).Add(o.skew())))
}
