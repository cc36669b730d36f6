package verifier

import (
	"bytes"
	"context"
	"fmt"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/hufu-id/hufu/internal/limits"
	"github.com/hufu-id/hufu/internal/strictjson"
)

// State is where a request stands.
type State string

// The states of a request.
const (
	StatePending  State = "pending"  // no answer was accepted yet
	StateExpired  State = "expired"  // none was, and none will be
	StateAccepted State = "accepted" // one was
)

// Outcome is what became of a request.
type Outcome struct {
	State       State     `json:"state"`
	Request     string    `json:"request"` // its id
	Correlation string    `json:"correlation,omitempty"`
	Created     time.Time `json:"created"`
	Expires     time.Time `json:"expires"`
	// Refused counts the answers that were checked and found false.
	Refused int `json:"refused"`
	// Sealed means that Redeem alone gives the result out: the request came from a browser
	// on the wallet's own device.
	Sealed bool `json:"sealed,omitempty"`
	// Result is that of the accepted answer; nil in every other state, and where Sealed.
	Result *Result `json:"result,omitempty"`
}

// Outcome says what became of a request, also to a process that did not see its
// answer, or ended right after. The error is [ErrUnknownRequest] for a request that
// was never made or is purged, or that of the store.
func (v *Verifier) Outcome(ctx context.Context, id string) (*Outcome, error) {
	r, k, err := v.keptOf(ctx, id)
	if err != nil {
		return nil, err
	}
	return v.outcome(r, k.Secret != nil)
}

func (v *Verifier) outcome(r *Request, sealed bool) (_ *Outcome, err error) {
	o := &Outcome{
		State: StatePending, Request: r.ID, Correlation: r.Correlation, Created: r.Created, Expires: r.Expires, Refused: r.Failures, Sealed: sealed,
	}
	switch {
	case !r.Accepted.IsZero() && sealed:
		o.State = StateAccepted
	case !r.Accepted.IsZero():
		o.State = StateAccepted
		o.Result, err = decodeResult(r.Result)
	case !v.cfg.Clock().Before(r.Expires):
		o.State = StateExpired
	}
	return o, err
}

func encodeResult(r *Result) ([]byte, error) {
	b, err := json.Marshal(r, json.Deterministic(true), json.FormatNilSliceAsNull(true))
	if err != nil {
		return nil, fmt.Errorf("verifier: writing the result: %w", err)
	}
	return b, nil
}

// decodeResult reads what encodeResult wrote: our own bytes, from our own store.
func decodeResult(b []byte) (*Result, error) {
	r := new(Result)
	if err := json.UnmarshalRead(bytes.NewReader(b), r, resultValues); err != nil {
		return nil, fmt.Errorf("verifier: reading the stored result: %w", err)
	}
	r.Duration = time.Duration(r.Milliseconds*1000+0.5) * time.Microsecond
	return r, nil
}

// resultValues keeps integers from becoming floats.
var resultValues = json.WithUnmarshalers(json.UnmarshalFromFunc(func(d *jsontext.Decoder, value *any) error {
	b, err := d.ReadValue()
	if err != nil {
		return err
	}
	*value, err = strictjson.Value(b, limits.Token)
	return err
}))
