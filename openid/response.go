package openid

import (
	"errors"
	"fmt"
	"time"

	"github.com/hufu-id/hufu/internal/limits"
)

// ErrCredentialResponse means that a credential response breaks OpenID4VCI
// 1.0 section 8.3.
var ErrCredentialResponse = errors.New("openid: invalid credential response")

// maxInterval caps how long an issuer may ask a wallet to wait between two
// attempts.
const maxInterval = 30 * 24 * time.Hour

// A CredentialResponse holds the credentials, or says when to ask again, never
// both (OpenID4VCI 1.0 section 8.3).
type CredentialResponse struct {
	// Credentials holds compact SD-JWT VCs, one for each key proof.
	Credentials []string
	// NotificationID identifies the delivery when the wallet reports that it
	// stored or refused the credentials. Only a response with Credentials has
	// it.
	NotificationID string
	// TransactionID identifies an issuance that is not ready.
	TransactionID string
	// Interval is the least wait before the wallet asks again, in whole
	// seconds. It is required with TransactionID.
	Interval time.Duration
}

type credentialResponseJSON struct {
	Credentials    []credentialJSON `json:"credentials,omitzero"`
	NotificationID string           `json:"notification_id,omitzero"`
	TransactionID  string           `json:"transaction_id,omitzero"`
	Interval       int64            `json:"interval,omitzero"`
}

type credentialJSON struct {
	Credential compact `json:"credential"`
}

// ParseCredentialResponse reads a credential response. It does not read the
// credentials. The error is ErrTooLarge, ErrJSON, ErrCredentialResponse, or
// ErrUnsupportedFormat if a credential is not a string.
func ParseCredentialResponse(data []byte) (*CredentialResponse, error) {
	wire, err := unmarshal[credentialResponseJSON](data)
	if err != nil {
		return nil, err
	}
	if wire.Interval < 0 || wire.Interval > int64(maxInterval/time.Second) {
		return nil, fmt.Errorf("%w: interval out of range", ErrCredentialResponse)
	}
	if wire.Credentials != nil && len(wire.Credentials) == 0 {
		return nil, fmt.Errorf("%w: credentials is empty", ErrCredentialResponse)
	}
	response := &CredentialResponse{
		NotificationID: wire.NotificationID,
		TransactionID:  wire.TransactionID,
		Interval:       time.Duration(wire.Interval) * time.Second,
	}
	for _, entry := range wire.Credentials {
		response.Credentials = append(response.Credentials, string(entry.Credential))
	}
	if err := response.check(); err != nil {
		return nil, err
	}
	return response, nil
}

func (r *CredentialResponse) check() error {
	ready, deferred := len(r.Credentials) > 0, r.TransactionID != ""
	if ready == deferred {
		return fmt.Errorf("%w: it holds credentials or a transaction_id, one of the two", ErrCredentialResponse)
	}
	if deferred && (r.NotificationID != "" || !isCode(r.TransactionID)) {
		return fmt.Errorf("%w: malformed transaction_id, or a notification_id beside it", ErrCredentialResponse)
	}
	if deferred != (r.Interval > 0) || r.Interval%time.Second != 0 || r.Interval > maxInterval {
		return fmt.Errorf("%w: interval goes with transaction_id, in whole seconds", ErrCredentialResponse)
	}
	if r.NotificationID != "" && !isCode(r.NotificationID) {
		return fmt.Errorf("%w: malformed notification_id", ErrCredentialResponse)
	}
	if len(r.Credentials) > maxProofs {
		return fmt.Errorf("%w: above %d credentials", ErrCredentialResponse, maxProofs)
	}
	for i, text := range r.Credentials {
		if text == "" || len(text) > limits.Token {
			return fmt.Errorf("%w: credential %d is empty or too long", ErrCredentialResponse, i)
		}
	}
	return nil
}

// Bytes checks the response as ParseCredentialResponse does and returns its
// JSON.
func (r *CredentialResponse) Bytes() ([]byte, error) {
	if err := r.check(); err != nil {
		return nil, err
	}
	wire := credentialResponseJSON{
		NotificationID: r.NotificationID,
		TransactionID:  r.TransactionID,
		Interval:       int64(r.Interval / time.Second),
	}
	for _, text := range r.Credentials {
		wire.Credentials = append(wire.Credentials, credentialJSON{Credential: compact(text)})
	}
	return marshal(&wire)
}
