package openid

import (
	"context"
	"crypto"
	"errors"
	"fmt"
	"time"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/hufu-id/hufu/credential"
	"github.com/hufu-id/hufu/did"
	"github.com/hufu-id/hufu/internal/strictjson"
	"github.com/hufu-id/hufu/legible"
)

var (
	// ErrMetadata means that issuer metadata breaks OpenID4VCI 1.0 section 12.2.4.
	ErrMetadata = errors.New("openid: invalid issuer metadata")
	// ErrMetadataIssuer means that metadata is of another issuer than the one asked for.
	ErrMetadataIssuer = errors.New("openid: metadata of another issuer")
)

// IssuerName is the name of issuer metadata in oauth.WellKnown.
const IssuerName = "openid-credential-issuer"

// IssuerMetadata describes a credential issuer (OpenID4VCI 1.0 section 12.2.4). A wallet
// learns from it where to ask, and nothing about trust.
type IssuerMetadata struct {
	Issuer string `json:"credential_issuer"`
	// Servers are the authorization servers; nil means that the issuer is its own.
	Servers              []string `json:"authorization_servers,omitzero"`
	CredentialEndpoint   string   `json:"credential_endpoint"`
	NonceEndpoint        string   `json:"nonce_endpoint,omitzero"`
	DeferredEndpoint     string   `json:"deferred_credential_endpoint,omitzero"`
	NotificationEndpoint string   `json:"notification_endpoint,omitzero"`
	// RequestEncryption says how requests are encrypted, ResponseEncryption how answers
	// are; nil means not at all.
	RequestEncryption  *Encryption `json:"credential_request_encryption,omitzero"`
	ResponseEncryption *Encryption `json:"credential_response_encryption,omitzero"`
	// Batch says how many proofs a request may hold; nil means one.
	Batch   *Batch    `json:"batch_credential_issuance,omitzero"`
	Display []Display `json:"display,omitzero"`
	// Configurations are the kinds of credentials, by their ids.
	Configurations map[string]*Configuration `json:"credential_configurations_supported"`
	// DID is the issuer's name on its ledger, for wallets of this project: our member
	// hufu_issuer. A wallet holds it against what signed the credential.
	DID string `json:"hufu_issuer,omitzero"`
}

// Batch bounds the proofs of one request.
type Batch struct {
	Size int `json:"batch_size"` // at least 2
}

// Display is how an issuer names itself, or a credential, in one language. Nobody vouches
// for it.
type Display struct {
	Name   string `json:"name,omitzero"`
	Locale string `json:"locale,omitzero"` // BCP 47
}

// A Configuration is one kind of credential.
type Configuration struct {
	// Format is FormatSDJWT. With another one the members below are not read.
	Format string `json:"format"`
	// Scope names it in an authorization request.
	Scope string `json:"scope,omitzero"`
	// VCT is the credential type.
	VCT               string   `json:"vct,omitzero"`
	SigningAlgorithms []string `json:"credential_signing_alg_values_supported,omitzero"`
	// Bindings are ways to name the holder's key: jwk, did:jwk. Nil means that the
	// credential is not bound.
	Bindings []string `json:"cryptographic_binding_methods_supported,omitzero"`
	// Proofs are the proof types, jwt or attestation.
	Proofs   map[string]ProofType `json:"proof_types_supported,omitzero"`
	Metadata *CredentialMetadata  `json:"credential_metadata,omitzero"`
	// Type names the schema on a ledger: our member hufu_type. A credential of it carries
	// an endorsement where the request holds a holder commitment.
	Type *LedgerType `json:"hufu_type,omitzero"`
}

// LedgerType is a credential type of a ledger.
type LedgerType struct {
	Schema  string `json:"schema"`
	Version int    `json:"version"`
	// Region is the GB/T 2260 code for which the issuer says that it is accredited.
	Region string `json:"region"`
}

// ProofType says what a proof of one type must look like (OpenID4VCI 1.0 appendix F).
type ProofType struct {
	Algorithms []string `json:"proof_signing_alg_values_supported"`
	// Attestation asks for a key attestation; nil for none.
	Attestation *AttestationRequired `json:"key_attestations_required,omitzero"`
}

// AttestationRequired says what a key attestation must claim; nil lists take anything.
type AttestationRequired struct {
	Storage        []string `json:"key_storage,omitzero"`
	Authentication []string `json:"user_authentication,omitzero"`
}

// CredentialMetadata says how to show a credential.
type CredentialMetadata struct {
	Display []Display     `json:"display,omitzero"`
	Claims  []ClaimLabels `json:"claims,omitzero"`
}

// ClaimLabels names one claim for people (OpenID4VCI 1.0 appendix B.2).
type ClaimLabels struct {
	Path      credential.Path `json:"path"`
	Mandatory bool            `json:"mandatory,omitzero"`
	Display   []Display       `json:"display,omitzero"`
}

// UnmarshalJSONFrom implements json.UnmarshalerFrom. Formats that this package does not
// know define members of their own, which it does not read.
func (c *Configuration) UnmarshalJSONFrom(dec *jsontext.Decoder) error {
	raw, err := dec.ReadValue()
	if err != nil {
		return err
	}
	head, err := unmarshal[struct {
		Format string `json:"format"`
	}](raw)
	if err != nil {
		return err
	}
	if head.Format != FormatSDJWT {
		*c = Configuration{Format: head.Format}
		return nil
	}
	type plain Configuration // without this method
	whole, err := unmarshal[plain](raw)
	if err == nil {
		*c = Configuration(*whole)
	}
	return err
}

// ParseIssuerMetadata reads the metadata of an issuer. Its member credential_issuer must be
// that issuer, letter by letter. The error is ErrTooLarge, ErrJSON, ErrMetadata or
// ErrMetadataIssuer.
func ParseIssuerMetadata(data []byte, issuer string) (*IssuerMetadata, error) {
	m, err := unmarshal[IssuerMetadata](data)
	if err != nil {
		return nil, err
	}
	if m.Issuer != issuer {
		return nil, ErrMetadataIssuer
	}
	return m, m.check()
}

// Bytes checks the metadata as ParseIssuerMetadata does and returns its JSON.
func (m *IssuerMetadata) Bytes() ([]byte, error) {
	if err := m.check(); err != nil {
		return nil, err
	}
	return marshal(m)
}

func (m *IssuerMetadata) check() error {
	if !isIssuerURL(m.Issuer) || !isResponseURI(m.CredentialEndpoint) {
		return fmt.Errorf("%w: credential_issuer or credential_endpoint is missing or no https URL", ErrMetadata)
	}
	for _, endpoint := range []string{m.NonceEndpoint, m.DeferredEndpoint, m.NotificationEndpoint} {
		if endpoint != "" && !isResponseURI(endpoint) {
			return fmt.Errorf("%w: an endpoint is no https URL", ErrMetadata)
		}
	}
	for _, server := range m.Servers {
		if !isIssuerURL(server) {
			return fmt.Errorf("%w: an authorization server is no https URL", ErrMetadata)
		}
	}
	for _, e := range []*Encryption{m.RequestEncryption, m.ResponseEncryption} {
		if e != nil {
			if err := e.check(); err != nil {
				return err
			}
		}
	}
	if m.Batch != nil && m.Batch.Size < 2 {
		return fmt.Errorf("%w: batch_size is below 2", ErrMetadata)
	}
	if m.DID != "" {
		if _, err := did.Parse(m.DID); err != nil {
			return fmt.Errorf("%w: hufu_issuer is no DID", ErrMetadata)
		}
	}
	return m.checkConfigurations()
}

func (m *IssuerMetadata) checkConfigurations() error {
	if len(m.Configurations) == 0 {
		return fmt.Errorf("%w: no credential configuration", ErrMetadata)
	}
	if err := checkDisplay(m.Display); err != nil {
		return err
	}
	for id, c := range m.Configurations {
		if !isIdentifier(id) || c == nil || !isIdentifier(c.Format) {
			return fmt.Errorf("%w: a configuration without id or format", ErrMetadata)
		}
		if c.Format != FormatSDJWT {
			continue
		}
		if err := c.check(); err != nil {
			return err
		}
	}
	return nil
}

func (c *Configuration) check() error {
	if !isIdentifier(c.VCT) || c.Scope != "" && !isIdentifier(c.Scope) {
		return fmt.Errorf("%w: vct is missing, or vct or scope is malformed", ErrMetadata)
	}
	if (c.Bindings == nil) != (c.Proofs == nil) {
		return fmt.Errorf("%w: proof types go with binding methods", ErrMetadata)
	}
	if t := c.Type; t != nil && (!isIdentifier(t.Schema) || t.Version < 1 || !isSixDigits(t.Region)) {
		return fmt.Errorf("%w: hufu_type has a schema, a version and a region of six digits", ErrMetadata)
	}
	if c.Metadata == nil {
		return nil
	}
	for _, claim := range c.Metadata.Claims {
		if err := checkDisplay(claim.Display); err != nil {
			return err
		}
	}
	return checkDisplay(c.Metadata.Display)
}

// checkDisplay refuses names that are no text for people.
func checkDisplay(all []Display) error {
	for _, d := range all {
		if d.Name != "" && legible.Check(d.Name, legible.Limits{Runes: 300, Blank: true}) != nil {
			return fmt.Errorf("%w: a display name is no text", ErrMetadata)
		}
	}
	return nil
}

// signedMetadataType is the typ of signed metadata (OpenID4VCI 1.0 section 12.2.3).
const signedMetadataType = "openidvci-issuer-metadata+jwt"

type signedMetadataJSON struct {
	Subject  string            `json:"sub"`
	IssuedAt strictjson.Since  `json:"iat"`
	Expires  *strictjson.Until `json:"exp,omitzero"`
}

// SignIssuerMetadata writes signed metadata: a JWT of typ openidvci-issuer-metadata+jwt,
// which holds until it expires. The header names the issuer's key; its Typ is set. The
// error is ErrMetadata, or one of did.SignJWS.
func SignIssuerMetadata(ctx context.Context, signer crypto.Signer, header did.Header, m *IssuerMetadata, issued, expires time.Time) (string, error) {
	text, err := m.Bytes()
	if err != nil {
		return "", err
	}
	ends := strictjson.Until(expires.Unix())
	claims, err := marshal(&signedMetadataJSON{m.Issuer, strictjson.Since(issued.Unix()), &ends})
	if err != nil {
		return "", err
	}
	payload := append(append(claims[:len(claims)-1:len(claims)-1], ','), text[1:]...)
	header.Typ = signedMetadataType
	return did.SignJWS(ctx, signer, header, payload, did.JWSOptions{})
}

// SignedMetadata is signed metadata that nobody has verified yet.
type SignedMetadata struct {
	// Header names the issuer's key, by kid or x5c, for the caller to find.
	Header did.Header

	token *did.JWS
}

// ParseSignedMetadata reads signed metadata. The error is one of did.ParseJWS.
func ParseSignedMetadata(compact string) (*SignedMetadata, error) {
	token, err := did.ParseJWS(compact, signedMetadataType, did.JWSOptions{})
	if err != nil {
		return nil, err
	}
	return &SignedMetadata{token.Header, token}, nil
}

// Verify checks the signature, the time and the issuer, and returns the metadata. The error
// is did.ErrSignature, did.ErrAlgorithm, or one of ParseIssuerMetadata.
func (s *SignedMetadata) Verify(key crypto.PublicKey, issuer string, opts VerifyOptions) (*IssuerMetadata, error) {
	payload, err := s.token.Verify(key)
	if err != nil {
		return nil, err
	}
	wire, err := unmarshal[signedMetadataJSON](payload)
	if err != nil {
		return nil, err
	}
	if wire.Subject != issuer {
		return nil, ErrMetadataIssuer
	}
	if time.Unix(int64(wire.IssuedAt), 0).After(opts.now().Add(opts.skew())) ||
		wire.Expires != nil && !opts.now().Before(time.Unix(int64(*wire.Expires), 0).Add(opts.skew())) {
		return nil, fmt.Errorf("%w: signed metadata has expired, or is from the future", ErrMetadata)
	}
	return ParseIssuerMetadata(payload, issuer)
}
