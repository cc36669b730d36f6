package openid

import (
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"

	"github.com/hufu-id/hufu/did"
	"github.com/hufu-id/hufu/internal/limits"
	"github.com/hufu-id/hufu/legible"
)

var (
	// ErrOffer means that a credential offer breaks OpenID4VCI 1.0 section 4.1.
	ErrOffer = errors.New("openid: invalid credential offer")
	// ErrOfferByReference means that an offer is a link (credential_offer_uri).
	// This package opens no connection: the caller takes the address from
	// ParseOfferReference, fetches the offer and passes it to ParseCredentialOffer.
	ErrOfferByReference = errors.New("openid: credential offer is by reference")
)

// offerScheme is the custom scheme of OpenID4VCI 1.0 section 4.1, and haipScheme that of
// HAIP 1.0 section 4.2.
const (
	offerScheme = "openid-credential-offer"
	haipScheme  = "haip-vci"
)

// maxOffered caps the credentials of one offer.
const maxOffered = 64

// maxCode caps a pre-authorised code, a transaction code, a transaction id and
// a notification id, in bytes. Some servers use whole tokens as codes.
const maxCode = 4 << 10

// A CredentialOffer names the credentials that an issuer has for a wallet, and
// how to ask for them (OpenID4VCI 1.0 section 4.1.1).
type CredentialOffer struct {
	// Issuer is the Credential Issuer Identifier: an https URL without query
	// and fragment. For a desk without a web address, reached by file or QR
	// code, it is a DID. This is outside the standard.
	Issuer string `json:"credential_issuer"`
	// ConfigurationIDs names the offered credentials: at least one, each once.
	ConfigurationIDs []string `json:"credential_configuration_ids"`
	// Grants says how to obtain them. Nil leaves it to the issuer's metadata.
	Grants *Grants `json:"grants,omitzero"`
	// Region is the GB/T 2260 code of six digits for which the issuer says that it is
	// accredited, so that a wallet can see to that before it shows anything. Our
	// member hufu_region.
	Region string `json:"hufu_region,omitzero"`
}

// Grants holds the grant types that this package knows. It ignores others.
type Grants struct {
	PreAuthorized     *PreAuthorizedGrant     `json:"urn:ietf:params:oauth:grant-type:pre-authorized_code,omitzero"`
	AuthorizationCode *AuthorizationCodeGrant `json:"authorization_code,omitzero"`
}

// A PreAuthorizedGrant lets the bearer of the code collect the credential once.
// If TxCode is set, the bearer needs the transaction code too.
type PreAuthorizedGrant struct {
	Code string `json:"pre-authorized_code"`
	// TxCode is present if the citizen must also type a code that arrived
	// another way.
	TxCode *TxCode `json:"tx_code,omitzero"`
	// Server is one of the issuer's authorization_servers; empty where it has one.
	Server string `json:"authorization_server,omitzero"`
}

// A TxCode describes the transaction code. It never holds its value.
type TxCode struct {
	// InputMode is "numeric" or "text". Empty means numeric, the standard's
	// default.
	InputMode string `json:"input_mode,omitzero"`
	// Length is the number of characters; 0 if the issuer does not say.
	Length int `json:"length,omitzero"`
	// Description is plain text for the citizen, at most 300 characters.
	Description string `json:"description,omitzero"`
}

// An AuthorizationCodeGrant sends the citizen to the issuer's sign-in.
type AuthorizationCodeGrant struct {
	IssuerState string `json:"issuer_state,omitzero"`
	// Server is one of the issuer's authorization_servers; empty where it has one.
	Server string `json:"authorization_server,omitzero"`
}

// ParseCredentialOffer reads the JSON of an offer by value. It ignores unknown
// members (OpenID4VCI 1.0 section 4.1.1). An offer is not signed: the wallet
// learns who issues only from the credential that it receives. The error is
// ErrTooLarge, ErrJSON or ErrOffer.
func ParseCredentialOffer(data []byte) (*CredentialOffer, error) {
	offer, err := unmarshal[CredentialOffer](data)
	if err != nil {
		return nil, err
	}
	if err := offer.check(); err != nil {
		return nil, err
	}
	return offer, nil
}

// ParseCredentialOfferURI reads the link
// openid-credential-offer://?credential_offer=<percent-encoded JSON>, or the same with the
// scheme haip-vci. The error is ErrOfferByReference for a link with credential_offer_uri,
// ErrTooLarge, ErrJSON or ErrOffer.
func ParseCredentialOfferURI(uri string) (*CredentialOffer, error) {
	value, reference, err := readOfferLink(uri)
	if err != nil {
		return nil, err
	}
	if reference != "" {
		return nil, ErrOfferByReference
	}
	return ParseCredentialOffer([]byte(value))
}

// ParseOfferReference reads a link with credential_offer_uri and returns the address from
// which the caller fetches the offer: https, or http to a loopback address (OpenID4VCI 1.0
// section 4.1.3). The error is ErrTooLarge or ErrOffer.
func ParseOfferReference(uri string) (address string, err error) {
	_, reference, err := readOfferLink(uri)
	if err != nil {
		return "", err
	}
	if !isResponseURI(reference) {
		return "", fmt.Errorf("%w: credential_offer_uri is not https, nor http to a loopback address", ErrOffer)
	}
	return reference, nil
}

// OfferReferenceURI returns the link to an offer that is fetched from an address. The
// error is ErrOffer.
func OfferReferenceURI(address string) (string, error) {
	if !isResponseURI(address) {
		return "", fmt.Errorf("%w: credential_offer_uri is not https, nor http to a loopback address", ErrOffer)
	}
	return offerScheme + "://?credential_offer_uri=" + url.QueryEscape(address), nil
}

// readOfferLink returns the offer of a link, or the reference to one.
func readOfferLink(uri string) (value, reference string, err error) {
	if len(uri) > limits.Message {
		return "", "", fmt.Errorf("%w: link above %d bytes", ErrTooLarge, limits.Message)
	}
	u, err := url.Parse(uri)
	if err != nil || u.Scheme != offerScheme && u.Scheme != haipScheme || u.Opaque != "" || u.Fragment != "" {
		return "", "", fmt.Errorf("%w: not an %s:// link", ErrOffer, offerScheme)
	}
	query, err := url.ParseQuery(u.RawQuery)
	if err != nil {
		return "", "", fmt.Errorf("%w: malformed query in the link", ErrOffer)
	}
	values, references := query["credential_offer"], query["credential_offer_uri"]
	switch {
	case len(values) == 0 && len(references) == 1:
		return "", references[0], nil
	case len(values) != 1 || len(references) != 0:
		return "", "", fmt.Errorf("%w: a link holds one offer or one reference", ErrOffer)
	}
	return values[0], "", nil
}

// Code returns the pre-authorised code, empty where the offer has none.
func (o *CredentialOffer) Code() string {
	if o.Grants == nil || o.Grants.PreAuthorized == nil {
		return ""
	}
	return o.Grants.PreAuthorized.Code
}

// Bytes checks the offer as ParseCredentialOffer does and returns its JSON.
func (o *CredentialOffer) Bytes() ([]byte, error) {
	if err := o.check(); err != nil {
		return nil, err
	}
	return marshal(o)
}

// URI returns the offer, by value, as an openid-credential-offer:// link.
func (o *CredentialOffer) URI() (string, error) {
	data, err := o.Bytes()
	if err != nil {
		return "", err
	}
	return offerScheme + "://?credential_offer=" + url.QueryEscape(string(data)), nil
}

func (o *CredentialOffer) check() error {
	if err := checkIssuer(o.Issuer); err != nil {
		return err
	}
	if len(o.ConfigurationIDs) == 0 || len(o.ConfigurationIDs) > maxOffered {
		return fmt.Errorf("%w: %d credentials are offered, from 1 to %d are taken", ErrOffer, len(o.ConfigurationIDs), maxOffered)
	}
	for i, id := range o.ConfigurationIDs {
		if !isIdentifier(id) || slices.Contains(o.ConfigurationIDs[:i], id) {
			return fmt.Errorf("%w: configuration id %d is empty, too long or repeated", ErrOffer, i)
		}
	}
	if o.Region != "" && !isSixDigits(o.Region) {
		return fmt.Errorf("%w: hufu_region is not six digits", ErrOffer)
	}
	if o.Grants == nil {
		return nil
	}
	return o.Grants.check()
}

func (g *Grants) check() error {
	if g.AuthorizationCode != nil {
		if state := g.AuthorizationCode.IssuerState; state != "" && !isCode(state) {
			return fmt.Errorf("%w: issuer_state is malformed", ErrOffer)
		}
		if server := g.AuthorizationCode.Server; server != "" && !isIssuerURL(server) {
			return fmt.Errorf("%w: authorization_server is no https URL", ErrOffer)
		}
	}
	if g.PreAuthorized == nil {
		return nil
	}
	return g.PreAuthorized.check()
}

func isSixDigits(s string) bool {
	return len(s) == 6 && !strings.ContainsFunc(s, func(r rune) bool { return r < '0' || r > '9' })
}

func (g *PreAuthorizedGrant) check() error {
	if !isCode(g.Code) {
		return fmt.Errorf("%w: pre-authorized_code is missing or malformed", ErrOffer)
	}
	if g.Server != "" && !isIssuerURL(g.Server) {
		return fmt.Errorf("%w: authorization_server is no https URL", ErrOffer)
	}
	if g.TxCode == nil {
		return nil
	}
	if mode := g.TxCode.InputMode; mode != "" && mode != "numeric" && mode != "text" {
		return fmt.Errorf("%w: unknown tx_code input_mode", ErrOffer)
	}
	if g.TxCode.Length < 0 || g.TxCode.Length > maxCode {
		return fmt.Errorf("%w: tx_code length out of range", ErrOffer)
	}
	if err := legible.Check(g.TxCode.Description, legible.Limits{Runes: 300, Blank: true}); err != nil {
		return fmt.Errorf("%w: tx_code description: %w", ErrOffer, err)
	}
	return nil
}

// ConfigurationID is the name by which our offers and requests call a credential
// type: schema id, slash, version.
func ConfigurationID(schemaID string, version int) string {
	return fmt.Sprintf("%s/%d", schemaID, version)
}

// OfferNonce is the nonce of a proof JWT where the issuer has no nonce endpoint:
// the base64url SHA-256 of "hufu/offer/1", a zero byte and the offer's
// single-use code.
func OfferNonce(code string) string {
	h := sha256.Sum256([]byte("hufu/offer/1\x00" + code))
	return base64.RawURLEncoding.EncodeToString(h[:])
}

// checkIssuer accepts an https URL without query and fragment (OpenID4VCI 1.0
// section 12.2.1), http to a loopback address, or a DID.
func checkIssuer(issuer string) error {
	if _, err := did.Parse(issuer); err == nil {
		return nil
	}
	if !isIssuerURL(issuer) {
		return fmt.Errorf("%w: credential_issuer is neither an https URL nor a DID", ErrOffer)
	}
	return nil
}

func isIssuerURL(issuer string) bool {
	return isResponseURI(issuer) && !strings.ContainsAny(issuer, "?#")
}

// isIdentifier bounds a name that this package compares and stores but does not
// interpret.
func isIdentifier(s string) bool {
	return len(s) <= limits.Identifier && legible.Check(s, legible.Limits{}) == nil
}

// isCode reports whether s is a code of visible ASCII characters, the VSCHAR
// of RFC 6749 appendix A without its space.
func isCode(s string) bool {
	return s != "" && len(s) <= maxCode &&
		!strings.ContainsFunc(s, func(r rune) bool { return r <= ' ' || r > '~' })
}
