package openid

import (
	"errors"
	"fmt"

	"github.com/hufu-id/hufu/legible"
)

// ErrNotification means that a notification breaks OpenID4VCI 1.0 section 11.1.
var ErrNotification = errors.New("openid: invalid notification")

// A DeferredRequest asks for the credentials of an issuance that was not ready (OpenID4VCI
// 1.0 section 9.1). The answer is a CredentialResponse.
type DeferredRequest struct {
	TransactionID string `json:"transaction_id"`
	// Encryption asks for an encrypted answer; nil for one in clear.
	Encryption *ResponseEncryption `json:"credential_response_encryption,omitzero"`
}

// ParseDeferredRequest reads a deferred credential request. The error is ErrTooLarge,
// ErrJSON, ErrCredentialRequest or ErrEncryption.
func ParseDeferredRequest(data []byte) (*DeferredRequest, error) {
	r, err := unmarshal[DeferredRequest](data)
	if err != nil {
		return nil, err
	}
	return r, r.check()
}

func (r *DeferredRequest) check() error {
	if !isCode(r.TransactionID) {
		return fmt.Errorf("%w: transaction_id is missing or malformed", ErrCredentialRequest)
	}
	if r.Encryption != nil {
		return r.Encryption.check()
	}
	return nil
}

// Bytes checks the request as ParseDeferredRequest does and returns its JSON.
func (r *DeferredRequest) Bytes() ([]byte, error) {
	if err := r.check(); err != nil {
		return nil, err
	}
	return marshal(r)
}

// A NotificationEvent says what became of credentials at the wallet.
type NotificationEvent string

// The events of OpenID4VCI 1.0 section 11.1.
const (
	CredentialAccepted NotificationEvent = "credential_accepted"
	CredentialFailure  NotificationEvent = "credential_failure"
	CredentialDeleted  NotificationEvent = "credential_deleted"
)

// A Notification tells an issuer what became of the credentials of one response
// (OpenID4VCI 1.0 section 11.1).
type Notification struct {
	ID    string            `json:"notification_id"`
	Event NotificationEvent `json:"event"`
	// Description is for the issuer's developers.
	Description string `json:"event_description,omitzero"`
}

// ParseNotification reads a notification. The error is ErrTooLarge, ErrJSON or
// ErrNotification.
func ParseNotification(data []byte) (*Notification, error) {
	n, err := unmarshal[Notification](data)
	if err != nil {
		return nil, err
	}
	return n, n.check()
}

func (n *Notification) check() error {
	if !isCode(n.ID) {
		return fmt.Errorf("%w: notification_id is missing or malformed", ErrNotification)
	}
	if n.Event != CredentialAccepted && n.Event != CredentialFailure && n.Event != CredentialDeleted {
		return fmt.Errorf("%w: unknown event", ErrNotification)
	}
	if n.Description != "" && legible.Check(n.Description, legible.Limits{Runes: 1000, Blank: true}) != nil {
		return fmt.Errorf("%w: event_description is no text", ErrNotification)
	}
	return nil
}

// Bytes checks the notification as ParseNotification does and returns its JSON.
func (n *Notification) Bytes() ([]byte, error) {
	if err := n.check(); err != nil {
		return nil, err
	}
	return marshal(n)
}

type nonceJSON struct {
	Nonce string `json:"c_nonce"`
}

// ParseNonce reads the answer of a nonce endpoint (OpenID4VCI 1.0 section 7.2). The error
// is ErrTooLarge, ErrJSON or ErrProofNonce.
func ParseNonce(data []byte) (nonce string, err error) {
	wire, err := unmarshal[nonceJSON](data)
	if err != nil {
		return "", err
	}
	if !isCode(wire.Nonce) {
		return "", fmt.Errorf("%w: c_nonce is missing or malformed", ErrProofNonce)
	}
	return wire.Nonce, nil
}

// NonceBytes returns the answer of a nonce endpoint.
func NonceBytes(nonce string) ([]byte, error) { return marshal(&nonceJSON{nonce}) }
