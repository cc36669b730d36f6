package openid

import (
	"encoding/base64"
	"errors"
	"fmt"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/hufu-id/hufu/internal/limits"
)

var (
	// ErrCredentialRequest means that a credential request breaks OpenID4VCI
	// 1.0 section 8.2, or that its envelope is malformed.
	ErrCredentialRequest = errors.New("openid: invalid credential request")
	// ErrUnsupportedProof means that a request proves its key with another
	// proof type than jwt (OpenID4VCI 1.0 appendix F.1).
	ErrUnsupportedProof = errors.New("openid: proof type is not supported")
	// ErrEncryptionWanted means that the wallet wants its answer encrypted.
	// This package cannot encrypt, and an answer in clear would expose the
	// credential.
	ErrEncryptionWanted = errors.New("openid: encrypted credential response is not supported")
)

// maxProofs caps a batch: one credential copy for each key proof.
const maxProofs = 64

// A CredentialRequest asks an issuer for one kind of credential, with one copy
// for each key proof (OpenID4VCI 1.0 section 8.2).
type CredentialRequest struct {
	// ConfigurationID is one of the offer's credential_configuration_ids.
	ConfigurationID string
	// Proofs holds compact proof JWTs. SignProof makes them, ParseProof reads
	// them.
	Proofs []string
	// HolderCommitment is the 32 bytes that tie a provable credential to its
	// holder's secret; nil asks for a credential that cannot be proved. Its
	// member is hufu_holder_commitment, base64url.
	HolderCommitment []byte
	// Identity is the proof of an identity credential, for a type that is bound by
	// one; nil for every other. Its pseudonym stands in place of HolderCommitment.
	// Its member is hufu_identity.
	Identity *IdentityProof
}

// maxIdentityProof bounds the text of a presentation in an IdentityProof.
const maxIdentityProof = 4096

// An IdentityProof answers what a desk demands of an applicant, as package identity
// says.
type IdentityProof struct {
	Schema       string `json:"schema"`  // of the identity credential
	Version      int    `json:"version"` // its edition
	Presentation string `json:"presentation"`
}

func (p *IdentityProof) check() error {
	if !isIdentifier(p.Schema) || p.Version < 1 || p.Presentation == "" || len(p.Presentation) > maxIdentityProof {
		return fmt.Errorf("%w: hufu_identity has a schema, a version and a presentation of at most %d bytes", ErrCredentialRequest, maxIdentityProof)
	}
	return nil
}

// credentialRequestJSON also names members in order to refuse them.
type credentialRequestJSON struct {
	ConfigurationID  string                    `json:"credential_configuration_id,omitzero"`
	Identifier       jsontext.Value            `json:"credential_identifier,omitzero"`
	Proof            jsontext.Value            `json:"proof,omitzero"`
	Proofs           map[string]jsontext.Value `json:"proofs,omitzero"`
	Encryption       jsontext.Value            `json:"credential_response_encryption,omitzero"`
	HolderCommitment *string                   `json:"hufu_holder_commitment,omitzero"`
	Identity         *IdentityProof            `json:"hufu_identity,omitzero"`
}

// ParseCredentialRequest reads a credential request. It does not read the
// proofs. The error is ErrTooLarge, ErrJSON, ErrCredentialRequest,
// ErrUnsupportedProof or ErrEncryptionWanted.
func ParseCredentialRequest(data []byte) (*CredentialRequest, error) {
	wire, err := unmarshal[credentialRequestJSON](data)
	if err != nil {
		return nil, err
	}
	if wire.Identifier != nil {
		return nil, fmt.Errorf("%w: credential_identifier is not supported", ErrCredentialRequest)
	}
	if wire.Encryption != nil {
		return nil, ErrEncryptionWanted
	}
	request := &CredentialRequest{ConfigurationID: wire.ConfigurationID, Identity: wire.Identity}
	if request.Proofs, err = wire.jwtProofs(); err != nil {
		return nil, err
	}
	if wire.HolderCommitment != nil {
		if request.HolderCommitment, err = decodeBase64URL(*wire.HolderCommitment); err != nil {
			return nil, fmt.Errorf("%w: hufu_holder_commitment: %w", ErrCredentialRequest, err)
		}
	}
	if err := request.check(); err != nil {
		return nil, err
	}
	return request, nil
}

// jwtProofs applies two rules: proofs has exactly one member, and the older
// member proof is absent. Otherwise two readers could bind the credential to
// two keys.
func (w *credentialRequestJSON) jwtProofs() ([]string, error) {
	if w.Proof != nil {
		return nil, fmt.Errorf("%w: proof is refused, proofs is the member of OpenID4VCI 1.0", ErrCredentialRequest)
	}
	if len(w.Proofs) != 1 {
		return nil, fmt.Errorf("%w: proofs has %d members instead of one", ErrCredentialRequest, len(w.Proofs))
	}
	raw, ok := w.Proofs["jwt"]
	if !ok {
		return nil, ErrUnsupportedProof
	}
	proofs, err := unmarshal[[]string](raw)
	if err != nil {
		return nil, fmt.Errorf("%w: proofs.jwt: %w", ErrCredentialRequest, err)
	}
	return *proofs, nil
}

func (r *CredentialRequest) check() error {
	if !isIdentifier(r.ConfigurationID) {
		return fmt.Errorf("%w: credential_configuration_id is missing or too long", ErrCredentialRequest)
	}
	if len(r.Proofs) == 0 || len(r.Proofs) > maxProofs {
		return fmt.Errorf("%w: %d proofs, from 1 to %d are taken", ErrCredentialRequest, len(r.Proofs), maxProofs)
	}
	for i, proof := range r.Proofs {
		if proof == "" || len(proof) > limits.Token {
			return fmt.Errorf("%w: proof %d is empty or too long", ErrCredentialRequest, i)
		}
	}
	if r.HolderCommitment != nil && len(r.HolderCommitment) != 32 {
		return fmt.Errorf("%w: hufu_holder_commitment is not 32 bytes", ErrCredentialRequest)
	}
	if r.Identity != nil {
		if r.HolderCommitment != nil {
			return fmt.Errorf("%w: hufu_identity stands in place of hufu_holder_commitment", ErrCredentialRequest)
		}
		return r.Identity.check()
	}
	return nil
}

// Bytes checks the request as ParseCredentialRequest does and returns its JSON.
func (r *CredentialRequest) Bytes() ([]byte, error) {
	if err := r.check(); err != nil {
		return nil, err
	}
	proofs, err := marshal(r.Proofs)
	if err != nil {
		return nil, err
	}
	wire := credentialRequestJSON{
		ConfigurationID: r.ConfigurationID,
		Proofs:          map[string]jsontext.Value{"jwt": proofs},
		Identity:        r.Identity,
	}
	if r.HolderCommitment != nil {
		text := base64.RawURLEncoding.EncodeToString(r.HolderCommitment)
		wire.HolderCommitment = &text
	}
	return marshal(&wire)
}

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
// skips line breaks even in strict mode.
func decodeBase64URL(text string) ([]byte, error) {
	raw, err := base64.RawURLEncoding.DecodeString(text)
	if err != nil || base64.RawURLEncoding.EncodeToString(raw) != text {
		return nil, errors.New("not canonical base64url")
	}
	return raw, nil
}
