package oauth

import (
	"errors"
	"fmt"
	"net/url"
	"strings"
	"time"
)

// ErrGrantType means a grant type that this package does not know.
var ErrGrantType = errors.New("oauth: grant type is not supported")

// A TokenRequest exchanges a code or a refresh token for an access token. Code, Verifier
// and RedirectURI go with GrantAuthorizationCode (RFC 6749 section 4.1.3), Code and
// TxCode with GrantPreAuthorized (OpenID4VCI 1.0 section 6.1), RefreshToken with
// GrantRefreshToken (RFC 6749 section 6).
type TokenRequest struct {
	Grant        string
	ClientID     string
	Code         string
	TxCode       string
	RedirectURI  string
	Verifier     string
	RefreshToken string
	Resource     string
	Details      []Detail
}

// ParseTokenRequest reads the form of a token request. Other parameters are ignored. The
// error is ErrMessage or ErrGrantType.
func ParseTokenRequest(form url.Values) (*TokenRequest, error) {
	r := new(TokenRequest)
	var code, preAuthorized, details string
	if err := readForm(form, map[string]*string{
		"grant_type": &r.Grant, "client_id": &r.ClientID, "code": &code,
		"pre-authorized_code": &preAuthorized, "tx_code": &r.TxCode, "redirect_uri": &r.RedirectURI,
		"code_verifier": &r.Verifier, "refresh_token": &r.RefreshToken, "resource": &r.Resource,
		"authorization_details": &details,
	}); err != nil {
		return nil, err
	}
	switch r.Grant {
	case "":
		return nil, fmt.Errorf("%w: grant_type is missing", ErrMessage)
	case GrantAuthorizationCode:
		r.Code = code
	case GrantPreAuthorized:
		r.Code = preAuthorized
	case GrantRefreshToken:
	default:
		return nil, ErrGrantType
	}
	if details != "" {
		var err error
		if r.Details, err = ParseDetails([]byte(details)); err != nil {
			return nil, err
		}
	}
	return r, r.check()
}

func (r *TokenRequest) check() error {
	key := r.Code
	if r.Grant == GrantRefreshToken {
		key = r.RefreshToken
	}
	if !isCode(key) {
		return fmt.Errorf("%w: the code or token is missing or malformed", ErrMessage)
	}
	if r.ClientID != "" && !isName(r.ClientID) || r.Resource != "" && !isEndpoint(r.Resource) || len(r.TxCode) > maxTxCode {
		return fmt.Errorf("%w: client_id, resource or tx_code is malformed", ErrMessage)
	}
	return nil
}

// maxTxCode caps a transaction code, in bytes.
const maxTxCode = 256

// Form checks the request as ParseTokenRequest does and returns its parameters.
func (r *TokenRequest) Form() (url.Values, error) {
	if err := r.check(); err != nil {
		return nil, err
	}
	details := ""
	if len(r.Details) > 0 {
		data, err := DetailsBytes(r.Details)
		if err != nil {
			return nil, err
		}
		details = string(data)
	}
	values := map[string]string{
		"grant_type": r.Grant, "client_id": r.ClientID, "resource": r.Resource, "authorization_details": details,
	}
	switch r.Grant {
	case GrantAuthorizationCode:
		values["code"], values["redirect_uri"], values["code_verifier"] = r.Code, r.RedirectURI, r.Verifier
	case GrantPreAuthorized:
		values["pre-authorized_code"], values["tx_code"] = r.Code, r.TxCode
	case GrantRefreshToken:
		values["refresh_token"] = r.RefreshToken
	default:
		return nil, ErrGrantType
	}
	return writeForm(values), nil
}

// A TokenResponse is what a token request buys (RFC 6749 section 5.1, OpenID4VCI 1.0
// section 6.2).
type TokenResponse struct {
	AccessToken string
	// DPoP says that the token belongs to the key of the request's DPoP proof. Otherwise
	// it serves its bearer.
	DPoP bool
	// Expires is how long it holds, in whole seconds; zero where the server does not say.
	Expires      time.Duration
	RefreshToken string
	Scope        string
	Details      []Detail
}

type tokenJSON struct {
	AccessToken  string   `json:"access_token"`
	Type         string   `json:"token_type"`
	Expires      int64    `json:"expires_in,omitzero"`
	RefreshToken string   `json:"refresh_token,omitzero"`
	Scope        string   `json:"scope,omitzero"`
	Details      []Detail `json:"authorization_details,omitzero"`
}

// ParseTokenResponse reads a token response. The token type is compared without regard to
// case (RFC 6749 section 5.1). The error is ErrMessage.
func ParseTokenResponse(data []byte) (*TokenResponse, error) {
	wire, err := unmarshal[tokenJSON](data)
	if err != nil {
		return nil, err
	}
	r := &TokenResponse{
		AccessToken: wire.AccessToken, DPoP: strings.EqualFold(wire.Type, "DPoP"),
		Expires: time.Duration(wire.Expires) * time.Second, RefreshToken: wire.RefreshToken, Scope: wire.Scope,
	}
	if !r.DPoP && !strings.EqualFold(wire.Type, "Bearer") {
		return nil, fmt.Errorf("%w: unknown token_type", ErrMessage)
	}
	for _, d := range wire.Details {
		if d.Type == DetailType {
			r.Details = append(r.Details, d)
		}
	}
	return r, r.check(wire.Expires)
}

func (r *TokenResponse) check(expires int64) error {
	if !isCode(r.AccessToken) || r.RefreshToken != "" && !isCode(r.RefreshToken) {
		return fmt.Errorf("%w: a token is missing or malformed", ErrMessage)
	}
	if expires < 0 || expires > maxLifetime {
		return fmt.Errorf("%w: expires_in out of range", ErrMessage)
	}
	return checkDetails(r.Details)
}

// Bytes checks the response as ParseTokenResponse does and returns its JSON.
func (r *TokenResponse) Bytes() ([]byte, error) {
	expires := int64(r.Expires / time.Second)
	if err := r.check(expires); err != nil {
		return nil, err
	}
	wire := tokenJSON{r.AccessToken, "Bearer", expires, r.RefreshToken, r.Scope, r.Details}
	if r.DPoP {
		wire.Type = "DPoP"
	}
	return marshal(&wire)
}
