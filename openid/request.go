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
	// ErrEncryptionWanted means that an envelope wants its answer encrypted. An answer
	// that travels as a file or QR code is not, and one in clear would expose the
	// credential.
	ErrEncryptionWanted = errors.New("openid: encrypted credential response is not supported")
)

// maxProofs caps a batch: one credential copy for each key proof.
const maxProofs = 64

// A CredentialRequest asks an issuer for one kind of credential, with one copy
// for each key proof (OpenID4VCI 1.0 section 8.2).
type CredentialRequest struct {
	// ConfigurationID is one of the offer's credential_configuration_ids. It is empty
	// where Identifier stands.
	ConfigurationID string
	// Identifier is one of the credential_identifiers that a token response named.
	Identifier string
	// Proofs holds compact proof JWTs. SignProof makes them, ParseProof reads
	// them.
	Proofs []string
	// Attestation is a key attestation (appendix F.3), which proves its keys in place of
	// Proofs. ParseKeyAttestation reads it.
	Attestation string
	// Encryption asks for an encrypted answer; nil for one in clear.
	Encryption *ResponseEncryption
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
	Identifier       string                    `json:"credential_identifier,omitzero"`
	Proof            jsontext.Value            `json:"proof,omitzero"`
	Proofs           map[string]jsontext.Value `json:"proofs,omitzero"`
	Encryption       *ResponseEncryption       `json:"credential_response_encryption,omitzero"`
	HolderCommitment *string                   `json:"hufu_holder_commitment,omitzero"`
	Identity         *IdentityProof            `json:"hufu_identity,omitzero"`
}

// ParseCredentialRequest reads a credential request. It does not read the
// proofs. The error is ErrTooLarge, ErrJSON, ErrCredentialRequest, ErrEncryption,
// ErrUnsupportedProof, or ErrProof where there is no proof at all.
func ParseCredentialRequest(data []byte) (*CredentialRequest, error) {
	wire, err := unmarshal[credentialRequestJSON](data)
	if err != nil {
		return nil, err
	}
	request := &CredentialRequest{
		ConfigurationID: wire.ConfigurationID, Identifier: wire.Identifier,
		Encryption: wire.Encryption, Identity: wire.Identity,
	}
	if err := wire.readProofs(request); err != nil {
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

// readProofs applies two rules: proofs has exactly one member, and the older member
// proof is absent. Otherwise two readers could bind the credential to two keys.
func (w *credentialRequestJSON) readProofs(request *CredentialRequest) error {
	if w.Proof != nil {
		return fmt.Errorf("%w: proof is refused, proofs is the member of OpenID4VCI 1.0", ErrCredentialRequest)
	}
	if len(w.Proofs) == 0 {
		return fmt.Errorf("%w: it is missing", ErrProof)
	}
	if len(w.Proofs) != 1 {
		return fmt.Errorf("%w: proofs has %d members instead of one", ErrCredentialRequest, len(w.Proofs))
	}
	for kind, raw := range w.Proofs {
		proofs, err := unmarshal[[]string](raw)
		switch {
		case kind != proofJWT && kind != proofAttestation:
			return ErrUnsupportedProof
		case err != nil:
			return fmt.Errorf("%w: proofs: %w", ErrCredentialRequest, err)
		case kind == proofJWT:
			request.Proofs = *proofs
		case len(*proofs) != 1:
			return fmt.Errorf("%w: one key attestation is taken", ErrCredentialRequest)
		default:
			request.Attestation = (*proofs)[0]
		}
	}
	return nil
}

// The proof types (OpenID4VCI 1.0 appendix F).
const (
	proofJWT         = "jwt"
	proofAttestation = "attestation"
)

func (r *CredentialRequest) check() error {
	if (r.ConfigurationID == "") == (r.Identifier == "") || !isIdentifier(r.ConfigurationID+r.Identifier) {
		return fmt.Errorf("%w: it names a configuration or a credential_identifier, one of the two", ErrCredentialRequest)
	}
	if err := r.checkProofs(); err != nil {
		return err
	}
	if r.Encryption != nil {
		if err := r.Encryption.check(); err != nil {
			return err
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

func (r *CredentialRequest) checkProofs() error {
	if (r.Attestation == "") == (len(r.Proofs) == 0) {
		return fmt.Errorf("%w: proofs of possession or one key attestation", ErrProof)
	}
	if len(r.Proofs) > maxProofs {
		return fmt.Errorf("%w: above %d proofs", ErrCredentialRequest, maxProofs)
	}
	for i, proof := range r.Proofs {
		if proof == "" || len(proof) > limits.Token {
			return fmt.Errorf("%w: proof %d is empty or too long", ErrProof, i)
		}
	}
	return nil
}

// Bytes checks the request as ParseCredentialRequest does and returns its JSON.
func (r *CredentialRequest) Bytes() ([]byte, error) {
	if err := r.check(); err != nil {
		return nil, err
	}
	kind, texts := proofJWT, r.Proofs
	if r.Attestation != "" {
		kind, texts = proofAttestation, []string{r.Attestation}
	}
	proofs, err := marshal(texts)
	if err != nil {
		return nil, err
	}
	wire := credentialRequestJSON{
		ConfigurationID: r.ConfigurationID,
		Identifier:      r.Identifier,
		Proofs:          map[string]jsontext.Value{kind: proofs},
		Encryption:      r.Encryption,
		Identity:        r.Identity,
	}
	if r.HolderCommitment != nil {
		text := base64.RawURLEncoding.EncodeToString(r.HolderCommitment)
		wire.HolderCommitment = &text
	}
	return marshal(&wire)
}

// skips line breaks even in strict mode.
func decodeBase64URL(text string) ([]byte, error) {
	raw, err := base64.RawURLEncoding.DecodeString(text)
	if err != nil || base64.RawURLEncoding.EncodeToString(raw) != text {
		return nil, errors.New("not canonical base64url")
	}
	return raw, nil
}
