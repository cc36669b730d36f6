package wallet

import (
	"errors"
	"testing"

	"github.com/hufu-id/hufu/verdict"
	"github.com/hufu-id/hufu/zkp"
)

func TestJoined(t *testing.T) {
	if err := joined(nil, CheckPrepare); err != nil {
		t.Errorf("of nothing: %v", err)
	}
	foreign := errors.New("foreign")
	for name, c := range map[string]struct {
		failures []error
		refused  bool
		code     verdict.Code
	}{
		"one refused":              {[]error{zkp.ErrRevoked}, true, verdict.Revoked},
		"one unknown":              {[]error{ErrFeed}, false, verdict.RevocationData},
		"a refusal outweighs":      {[]error{ErrFeed, zkp.ErrRevoked, foreign}, true, verdict.Revoked},
		"the first of two unknown": {[]error{ErrFeed, foreign}, false, verdict.RevocationData},
	} {
		err := joined(c.failures, CheckPrepare)
		v, known := verdict.Classify(err)
		if !known || v.Refused != c.refused || v.Code != c.code {
			t.Errorf("%s: %+v", name, v)
		}
		var r *Rejected
		if errors.As(err, &r) != c.refused {
			t.Errorf("%s: %T", name, err)
		}
		for _, failure := range c.failures {
			if !errors.Is(err, failure) {
				t.Errorf("%s: %v is lost", name, failure)
			}
		}
	}
}
