package oauth

import (
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"

	"github.com/hufu-id/hufu/internal/limits"
)

// ErrIssuer means that metadata or an answer comes from another server than the one that
// was asked (RFC 8414 section 3.3, RFC 9207 section 2.4).
var ErrIssuer = errors.New("oauth: another issuer than was asked")

// Client authentication methods (RFC 8414 section 2).
const (
	AuthNone        = "none"
	AuthAttestation = "attest_jwt_client_auth"
)

// Grant types.
const (
	GrantPreAuthorized     = "urn:ietf:params:oauth:grant-type:pre-authorized_code"
	GrantAuthorizationCode = "authorization_code"
	GrantRefreshToken      = "refresh_token"
)

// ServerMetadata describes an authorization server (RFC 8414 section 2).
type ServerMetadata struct {
	Issuer                string `json:"issuer"`
	AuthorizationEndpoint string `json:"authorization_endpoint,omitzero"`
	TokenEndpoint         string `json:"token_endpoint,omitzero"`
	PushedEndpoint        string `json:"pushed_authorization_request_endpoint,omitzero"`
	RequirePushed         bool   `json:"require_pushed_authorization_requests,omitzero"`
	ChallengeEndpoint     string `json:"challenge_endpoint,omitzero"`
	JWKSURI               string `json:"jwks_uri,omitzero"`
	// StatusLists has the addresses of all status lists (draft-ietf-oauth-status-list-20,
	// section 9.1).
	StatusLists   string   `json:"status_list_aggregation_endpoint,omitzero"`
	Scopes        []string `json:"scopes_supported,omitzero"`
	ResponseTypes []string `json:"response_types_supported"`
	ResponseModes []string `json:"response_modes_supported,omitzero"`
	// GrantTypes absent means authorization_code and implicit.
	GrantTypes []string `json:"grant_types_supported,omitzero"`
	// AuthMethods lists how clients authenticate at the token endpoint.
	AuthMethods          []string `json:"token_endpoint_auth_methods_supported,omitzero"`
	CodeChallengeMethods []string `json:"code_challenge_methods_supported,omitzero"`
	DPoPAlgorithms       []string `json:"dpop_signing_alg_values_supported,omitzero"`
	// AttestationAlgorithms and PossessionAlgorithms are those of wallet attestations.
	AttestationAlgorithms []string `json:"client_attestation_signing_alg_values_supported,omitzero"`
	PossessionAlgorithms  []string `json:"client_attestation_pop_signing_alg_values_supported,omitzero"`
	// NamesIssuer says that the redirect carries iss (RFC 9207 section 3).
	NamesIssuer bool `json:"authorization_response_iss_parameter_supported,omitzero"`
	// DetailTypes lists the types of authorization_details (RFC 9396 section 10).
	DetailTypes []string `json:"authorization_details_types_supported,omitzero"`
	// Anonymous says that a pre-authorised code is taken without client_id (OpenID4VCI
	// 1.0 section 12.3).
	Anonymous bool `json:"pre-authorized_grant_anonymous_access_supported,omitzero"`
}

// WellKnown returns where the metadata of an identifier stands: the name is inserted
// between origin and path (RFC 8414 section 3.1, OpenID4VCI 1.0 section 12.2.2). For
// example oauth-authorization-server and https://agency.example/desk give
// https://agency.example/.well-known/oauth-authorization-server/desk. The error is
// ErrMessage for what is no https URL, nor http to a loopback address.
func WellKnown(name, issuer string) (string, error) {
	u, err := parseIssuer(issuer)
	if err != nil {
		return "", err
	}
	return u.Scheme + "://" + u.Host + "/.well-known/" + name + strings.TrimSuffix(u.EscapedPath(), "/"), nil
}

// ServerName is the name of ServerMetadata in WellKnown.
const ServerName = "oauth-authorization-server"

func parseIssuer(issuer string) (*url.URL, error) {
	u, err := url.Parse(issuer)
	if err != nil || len(issuer) > limits.Identifier || !isSecure(u) || strings.ContainsAny(issuer, "?#") {
		return nil, fmt.Errorf("%w: an issuer is an https URL without query and fragment", ErrMessage)
	}
	return u, nil
}

// ParseServerMetadata reads the metadata of an issuer. Its member issuer must be that
// issuer, letter by letter. The error is ErrMessage or ErrIssuer.
func ParseServerMetadata(data []byte, issuer string) (*ServerMetadata, error) {
	m, err := unmarshal[ServerMetadata](data)
	if err != nil {
		return nil, err
	}
	if m.Issuer != issuer {
		return nil, ErrIssuer
	}
	return m, m.check()
}

// Bytes checks the metadata as ParseServerMetadata does and returns its JSON.
func (m *ServerMetadata) Bytes() ([]byte, error) {
	if err := m.check(); err != nil {
		return nil, err
	}
	return marshal(m)
}

func (m *ServerMetadata) check() error {
	if _, err := parseIssuer(m.Issuer); err != nil {
		return err
	}
	for _, endpoint := range []string{m.AuthorizationEndpoint, m.TokenEndpoint, m.PushedEndpoint, m.ChallengeEndpoint, m.JWKSURI, m.StatusLists} {
		if endpoint != "" && !isEndpoint(endpoint) {
			return fmt.Errorf("%w: an endpoint is not https, nor http to a loopback address", ErrMessage)
		}
	}
	if slices.Contains(m.GrantTypes, GrantAuthorizationCode) && m.AuthorizationEndpoint == "" ||
		len(m.GrantTypes) > 0 && m.TokenEndpoint == "" {
		return fmt.Errorf("%w: an endpoint of a supported grant is missing", ErrMessage)
	}
	return nil
}

// Grants reports whether the server takes a grant type.
func (m *ServerMetadata) Grants(grant string) bool {
	if m.GrantTypes == nil {
		return grant == GrantAuthorizationCode
	}
	return slices.Contains(m.GrantTypes, grant)
}
