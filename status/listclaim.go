package status

import (
	"fmt"

	"github.com/go-json-experiment/json"

	"github.com/hufu-id/hufu/internal/limits"
)

// ParseList reads the JSON object {"bits":…,"lst":…} of section 4.2: the claim
// status_list alone, as ledgers and test vectors carry it. Errors: [ErrForm],
// [ErrTooLarge].
func ParseList(data []byte) (*List, error) {
	if len(data) > limits.StatusToken {
		return nil, fmt.Errorf("%w: above %d bytes", ErrTooLarge, limits.StatusToken)
	}
	var claim listClaim
	if err := unmarshal(data, &claim); err != nil {
		return nil, err
	}
	return inflate(claim.Bits, claim.List)
}

// Bytes returns the JSON object that ParseList reads.
func (l *List) Bytes() ([]byte, error) {
	lst, err := l.deflate()
	if err != nil {
		return nil, err
	}
	return json.Marshal(listClaim{Bits: l.bits, List: lst})
}
