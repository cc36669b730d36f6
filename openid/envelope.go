package openid

import (
	"fmt"

	"github.com/go-json-experiment/json/jsontext"
)

// A RequestEnvelope carries a credential request by file or QR code, without a
// token endpoint. This project defines it. Over HTTP the code buys an access
// token, and the request travels alone.
type RequestEnvelope struct {
	// Code is the single-use pre-authorized_code of the offer.
	Code string
	// TxCode is the code that the citizen typed; empty if the offer asks for
	// none.
	TxCode  string
	Request CredentialRequest
}

type requestEnvelopeJSON struct {
	Code    string         `json:"pre-authorized_code"`
	TxCode  string         `json:"tx_code,omitzero"`
	Request jsontext.Value `json:"credential_request"`
	Foreign foreign        `json:",embed"`
}

// ParseRequestEnvelope reads an envelope. It refuses unknown members, because
// this project defines the format. The desk decides whether the code is live.
// Errors are those of ParseCredentialRequest.
func ParseRequestEnvelope(data []byte) (*RequestEnvelope, error) {
	wire, err := unmarshal[requestEnvelopeJSON](data)
	if err != nil {
		return nil, err
	}
	if len(wire.Foreign) > 0 {
		return nil, fmt.Errorf("%w: unknown member in the envelope", ErrCredentialRequest)
	}
	if wire.Request == nil {
		return nil, fmt.Errorf("%w: credential_request is missing", ErrCredentialRequest)
	}
	request, err := ParseCredentialRequest(wire.Request)
	if err != nil {
		return nil, err
	}
	envelope := &RequestEnvelope{Code: wire.Code, TxCode: wire.TxCode, Request: *request}
	if err := envelope.check(); err != nil {
		return nil, err
	}
	return envelope, nil
}

func (e *RequestEnvelope) check() error {
	if !isCode(e.Code) {
		return fmt.Errorf("%w: pre-authorized_code is missing or malformed", ErrCredentialRequest)
	}
	if e.TxCode != "" && !isCode(e.TxCode) {
		return fmt.Errorf("%w: tx_code is malformed", ErrCredentialRequest)
	}
	if e.Request.Encryption != nil {
		return ErrEncryptionWanted
	}
	if e.Request.ConfigurationID == "" || e.Request.Attestation != "" {
		return fmt.Errorf("%w: an envelope names a configuration and has proofs of possession", ErrCredentialRequest)
	}
	return nil
}

// Bytes checks the envelope as ParseRequestEnvelope does and returns its JSON.
func (e *RequestEnvelope) Bytes() ([]byte, error) {
	if err := e.check(); err != nil {
		return nil, err
	}
	request, err := e.Request.Bytes()
	if err != nil {
		return nil, err
	}
	return marshal(&requestEnvelopeJSON{Code: e.Code, TxCode: e.TxCode, Request: request})
}

// foreign collects the members that a struct does not name.
type foreign map[string]jsontext.Value

// decodeBase64URL refuses padding, line breaks and unused bits. Go's decoder
