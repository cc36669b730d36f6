package status

import (
	"errors"
	"fmt"

	"github.com/go-json-experiment/json"

	"github.com/hufu-id/hufu/internal/limits"
	"github.com/hufu-id/hufu/internal/strictjson"
)

// ParseList reads the JSON object {"bits":…,"lst":…} of section 4.2: the claim
// status_list alone, as ledgers and test vectors carry it. Errors: [ErrForm],
// [ErrTooLarge].
func ParseList(data []byte) (*List, error) {
	var claim listClaim
	if err := unmarshal(data, &claim); err != nil {
		return nil, err
	}
	return inflate(claim.Bits, claim.List)
}

// unmarshal reads a list or a token. Their issuers may add members that are not
// known here.
func unmarshal(data []byte, out any) error {
	err := strictjson.Read(data, limits.StatusToken, out, strictjson.AllowUnknown)
	switch {
	case err == nil:
		return nil
	case errors.Is(err, strictjson.ErrTooLarge):
		return fmt.Errorf("%w: above %d bytes", ErrTooLarge, limits.StatusToken)
	}
	return fmt.Errorf("%w: %w", ErrForm, err)
}

// Bytes returns the JSON object that ParseList reads.
func (l *List) Bytes() ([]byte, error) {
	lst, err := l.deflate()
	if err != nil {
		return nil, err
	}
	return json.Marshal(listClaim{Bits: l.bits, List: lst})
}
