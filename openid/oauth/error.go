package oauth

import (
	"fmt"
	"strings"
)

// A Code names an error for programs.
type Code string

// The registered codes that this project sends or acts on.
const (
	// RFC 6749 sections 4.1.2.1 and 5.2.
	InvalidRequest          Code = "invalid_request"
	InvalidClient           Code = "invalid_client"
	InvalidGrant            Code = "invalid_grant"
	InvalidScope            Code = "invalid_scope"
	UnauthorizedClient      Code = "unauthorized_client"
	UnsupportedGrantType    Code = "unsupported_grant_type"
	UnsupportedResponseType Code = "unsupported_response_type"
	AccessDenied            Code = "access_denied"
	ServerError             Code = "server_error"
	TemporarilyUnavailable  Code = "temporarily_unavailable"
	// RFC 6750 section 3.1.
	InvalidToken      Code = "invalid_token"
	InsufficientScope Code = "insufficient_scope"
	// RFC 9101 section 7, RFC 9396 section 5, RFC 9449 sections 5 and 8.
	InvalidRequestURI           Code = "invalid_request_uri"
	InvalidAuthorizationDetails Code = "invalid_authorization_details"
	InvalidDPoPProof            Code = "invalid_dpop_proof"
	UseDPoPNonce                Code = "use_dpop_nonce"
	// draft-ietf-oauth-attestation-based-client-auth-07 section 6.2.
	InvalidClientAttestation Code = "invalid_client_attestation"
	UseAttestationChallenge  Code = "use_attestation_challenge"
	UseFreshAttestation      Code = "use_fresh_attestation"
	// OpenID4VCI 1.0 sections 8.3.1.2, 9.3 and 11.3; 1.1 draft section 6.3.
	InvalidCredentialRequest       Code = "invalid_credential_request"
	UnknownCredentialConfiguration Code = "unknown_credential_configuration"
	UnknownCredentialIdentifier    Code = "unknown_credential_identifier"
	InvalidProof                   Code = "invalid_proof"
	InvalidNonce                   Code = "invalid_nonce"
	InvalidEncryptionParameters    Code = "invalid_encryption_parameters"
	CredentialRequestDenied        Code = "credential_request_denied"
	InvalidTransactionID           Code = "invalid_transaction_id"
	InvalidNotificationID          Code = "invalid_notification_id"
	InvalidNotificationRequest     Code = "invalid_notification_request"
)

// An Error is the JSON body {"error", "error_description"} with which every endpoint
// refuses (RFC 6749 section 5.2), and the error that a client returns for it.
type Error struct {
	Code Code
	// Description is for people who look into the failure: printable ASCII without quote
	// and backslash, at most 1,000 characters.
	Description string
}

type errorJSON struct {
	Code        Code   `json:"error"`
	Description string `json:"error_description,omitzero"`
}

// Error implements error. The description may be a stranger's words, and is left out.
func (e *Error) Error() string { return "oauth: the server answers " + string(e.Code) }

// ParseError reads an error body. A description that RFC 6749 does not allow is left out.
// The error is ErrMessage.
func ParseError(data []byte) (*Error, error) {
	wire, err := unmarshal[errorJSON](data)
	if err != nil {
		return nil, err
	}
	return NewError(string(wire.Code), wire.Description)
}

// NewError makes an Error from the parameters of a redirect or a body. The error is
// ErrMessage for a code with other characters than RFC 6749 allows.
func NewError(code, description string) (*Error, error) {
	if code == "" || len(code) > 100 || strings.ContainsFunc(code, isNotText) {
		return nil, fmt.Errorf("%w: no error code", ErrMessage)
	}
	if len(description) > 1000 || strings.ContainsFunc(description, isNotText) {
		description = ""
	}
	return &Error{Code(code), description}, nil
}

// Bytes returns the body. Characters of the description that RFC 6749 does not allow are
// left out.
func (e *Error) Bytes() []byte {
	description := strings.Map(func(r rune) rune {
		if isNotText(r) {
			return -1
		}
		return r
	}, e.Description)
	data, err := marshal(&errorJSON{e.Code, description})
	if err != nil {
		return []byte(`{"error":"server_error"}`)
	}
	return data
}

// isNotText reports a character outside NQSCHAR of RFC 6749 appendix A.
func isNotText(r rune) bool { return r < ' ' || r > '~' || r == '"' || r == '\\' }
