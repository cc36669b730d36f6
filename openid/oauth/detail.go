package oauth

import (
	"fmt"
	"slices"

	"github.com/hufu-id/hufu/internal/limits"
)

// DetailType is the type of a Detail (OpenID4VCI 1.0 section 5.1.1).
const DetailType = "openid_credential"

// A Detail is one element of authorization_details: a kind of credential that a wallet
// asks for, or may fetch (RFC 9396, OpenID4VCI 1.0 sections 5.1.1 and 6.2).
type Detail struct {
	Type            string `json:"type"`
	ConfigurationID string `json:"credential_configuration_id,omitzero"`
	// Locations names the credential issuer where a server has several.
	Locations []string `json:"locations,omitzero"`
	// Identifiers are the credentials that a token buys: in a TokenResponse alone.
	Identifiers []string `json:"credential_identifiers,omitzero"`
}

// maxDetails caps the elements of authorization_details, and the identifiers of one.
const maxDetails = 64

// ParseDetails reads a JSON array. Elements of other types are left out. The error is
// ErrMessage.
func ParseDetails(data []byte) ([]Detail, error) {
	if len(data) > limits.Document {
		return nil, fmt.Errorf("%w: authorization_details is too long", ErrMessage)
	}
	all, err := unmarshal[[]Detail](data)
	if err != nil {
		return nil, err
	}
	details := slices.DeleteFunc(*all, func(d Detail) bool { return d.Type != DetailType })
	return details, checkDetails(details)
}

func checkDetails(details []Detail) error {
	if len(details) > maxDetails {
		return fmt.Errorf("%w: above %d authorization_details", ErrMessage, maxDetails)
	}
	for _, d := range details {
		if d.Type != DetailType || !isName(d.ConfigurationID) || len(d.Identifiers) > maxDetails || len(d.Locations) > maxDetails {
			return fmt.Errorf("%w: authorization_details without a configuration, or too long", ErrMessage)
		}
		for _, s := range append(slices.Clone(d.Identifiers), d.Locations...) {
			if !isName(s) {
				return fmt.Errorf("%w: authorization_details with a malformed name", ErrMessage)
			}
		}
	}
	return nil
}

// DetailsBytes checks details as ParseDetails does and returns their JSON.
func DetailsBytes(details []Detail) ([]byte, error) {
	if err := checkDetails(details); err != nil {
		return nil, err
	}
	return marshal(details)
}
