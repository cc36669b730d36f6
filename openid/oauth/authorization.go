package oauth

import (
	"crypto/subtle"
	"errors"
	"fmt"
	"net/url"
	"time"
)

var (
	// ErrState means that an answer belongs to another request (RFC 6749 section 10.12).
	ErrState = errors.New("oauth: answer to another request")
	// ErrResponseType means another response type than code.
	ErrResponseType = errors.New("oauth: response type is not supported")
	// ErrChallenge means that PKCE with S256 is missing (RFC 7636, HAIP 1.0 section 4).
	ErrChallenge = errors.New("oauth: code_challenge with the method S256 is missing")
)

// An AuthorizationRequest asks an authorization server for a code (RFC 6749 section
// 4.1.1), with what OpenID4VCI 1.0 section 5 adds.
type AuthorizationRequest struct {
	ClientID    string
	RedirectURI string
	// State comes back in the answer.
	State string
	// Challenge is the PKCE code challenge, of method S256.
	Challenge string
	// Scope names credentials, separated by spaces, by the scope of their configurations.
	Scope string
	// Details asks for credentials by their configurations.
	Details []Detail
	// IssuerState repeats that of the offer.
	IssuerState string
	// Resource names the credential issuer where one server has several (RFC 8707).
	Resource string
	// Thumbprint is the RFC 7638 thumbprint of the DPoP key to which the code will belong
	// (RFC 9449 section 10).
	Thumbprint string
}

// ParseAuthorizationRequest reads the parameters of a request. Other parameters are
// ignored. Only the response type code is taken, and only with PKCE of method S256. The
// error is ErrMessage, ErrResponseType or ErrChallenge.
func ParseAuthorizationRequest(form url.Values) (*AuthorizationRequest, error) {
	r := new(AuthorizationRequest)
	var responseType, method, details string
	if err := readForm(form, map[string]*string{
		"response_type": &responseType, "client_id": &r.ClientID, "redirect_uri": &r.RedirectURI,
		"state": &r.State, "code_challenge": &r.Challenge, "code_challenge_method": &method,
		"scope": &r.Scope, "authorization_details": &details, "issuer_state": &r.IssuerState,
		"resource": &r.Resource, "dpop_jkt": &r.Thumbprint,
	}); err != nil {
		return nil, err
	}
	if responseType != "code" {
		return nil, ErrResponseType
	}
	if r.Challenge == "" || method != "S256" {
		return nil, ErrChallenge
	}
	if details != "" {
		var err error
		if r.Details, err = ParseDetails([]byte(details)); err != nil {
			return nil, err
		}
	}
	return r, r.check()
}

func (r *AuthorizationRequest) check() error {
	if !isName(r.ClientID) || !isRedirect(r.RedirectURI) {
		return fmt.Errorf("%w: client_id or redirect_uri is missing or malformed", ErrMessage)
	}
	if !isHash(r.Challenge) || r.Thumbprint != "" && !isHash(r.Thumbprint) {
		return fmt.Errorf("%w: code_challenge or dpop_jkt is no SHA-256", ErrMessage)
	}
	for _, s := range []string{r.State, r.IssuerState} {
		if s != "" && !isCode(s) {
			return fmt.Errorf("%w: state or issuer_state is malformed", ErrMessage)
		}
	}
	if len(r.Scope) > maxCode || r.Resource != "" && !isEndpoint(r.Resource) {
		return fmt.Errorf("%w: scope or resource is malformed", ErrMessage)
	}
	return nil
}

// Form checks the request as ParseAuthorizationRequest does and returns its parameters.
func (r *AuthorizationRequest) Form() (url.Values, error) {
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
	return writeForm(map[string]string{
		"response_type": "code", "client_id": r.ClientID, "redirect_uri": r.RedirectURI,
		"state": r.State, "code_challenge": r.Challenge, "code_challenge_method": "S256",
		"scope": r.Scope, "authorization_details": details, "issuer_state": r.IssuerState,
		"resource": r.Resource, "dpop_jkt": r.Thumbprint,
	}), nil
}

// A PushedResponse names a request that was pushed (RFC 9126 section 2.2).
type PushedResponse struct {
	RequestURI string
	// Expires is how long it can be used, in whole seconds.
	Expires time.Duration
}

type pushedJSON struct {
	RequestURI string `json:"request_uri"`
	Expires    int64  `json:"expires_in"`
}

// maxLifetime bounds expires_in, in seconds.
const maxLifetime = 366 * 24 * 3600

// ParsePushedResponse reads the answer of the pushed authorization request endpoint. The
// error is ErrMessage.
func ParsePushedResponse(data []byte) (*PushedResponse, error) {
	wire, err := unmarshal[pushedJSON](data)
	if err != nil {
		return nil, err
	}
	if !isCode(wire.RequestURI) || wire.Expires <= 0 || wire.Expires > maxLifetime {
		return nil, fmt.Errorf("%w: request_uri or expires_in is missing or malformed", ErrMessage)
	}
	return &PushedResponse{wire.RequestURI, time.Duration(wire.Expires) * time.Second}, nil
}

// Bytes returns the JSON of the answer.
func (r *PushedResponse) Bytes() ([]byte, error) {
	return marshal(&pushedJSON{r.RequestURI, int64(r.Expires / time.Second)})
}

// An AuthorizationResponse is what an authorization server adds to the redirect: a code,
// or an error (RFC 6749 sections 4.1.2 and 4.1.2.1).
type AuthorizationResponse struct {
	Code  string
	State string
	// Issuer is iss (RFC 9207).
	Issuer string
	// Err is the refusal; nil where there is a code.
	Err *Error
}

// ParseAuthorizationResponse reads the parameters of a redirect. The error is ErrMessage.
func ParseAuthorizationResponse(form url.Values) (*AuthorizationResponse, error) {
	r := new(AuthorizationResponse)
	var code, description string
	if err := readForm(form, map[string]*string{
		"code": &r.Code, "state": &r.State, "iss": &r.Issuer, "error": &code, "error_description": &description,
	}); err != nil {
		return nil, err
	}
	if (code == "") == (r.Code == "") || r.Code != "" && !isCode(r.Code) {
		return nil, fmt.Errorf("%w: a redirect has a code or an error, one of the two", ErrMessage)
	}
	if code != "" {
		var err error
		if r.Err, err = NewError(code, description); err != nil {
			return nil, err
		}
	}
	return r, nil
}

// Check compares the answer with what the request said. A server whose metadata has
// NamesIssuer set names itself in every answer. Check it before the code is used. The
// error is ErrState, ErrIssuer, or the server's own *Error.
func (r *AuthorizationResponse) Check(state string, server *ServerMetadata) error {
	if subtle.ConstantTimeCompare([]byte(r.State), []byte(state)) != 1 {
		return ErrState
	}
	if r.Issuer != server.Issuer && (r.Issuer != "" || server.NamesIssuer) {
		return ErrIssuer
	}
	if r.Err != nil {
		return r.Err
	}
	return nil
}

// URL adds the answer to a redirect address.
func (r *AuthorizationResponse) URL(redirect string) (string, error) {
	u, err := url.Parse(redirect)
	if err != nil || !isRedirect(redirect) {
		return "", fmt.Errorf("%w: redirect_uri is malformed", ErrMessage)
	}
	form := map[string]string{"code": r.Code, "state": r.State, "iss": r.Issuer}
	if r.Err != nil {
		form["error"], form["error_description"] = string(r.Err.Code), r.Err.Description
	}
	query := u.Query()
	for name, values := range writeForm(form) {
		query[name] = values
	}
	u.RawQuery = query.Encode()
	return u.String(), nil
}
