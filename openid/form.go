package openid

import (
	"fmt"
	"net/url"

	"github.com/hufu-id/hufu/internal/limits"
)

// Errors that a wallet sends in place of an answer (OpenID4VP 1.0 section 8.5).
const (
	ErrorInvalidRequest    = "invalid_request"
	ErrorAccessDenied      = "access_denied"
	ErrorFormats           = "vp_formats_not_supported"
	ErrorRequestURIMethod  = "invalid_request_uri_method"
	ErrorTransactionData   = "invalid_transaction_data"
	ErrorWalletUnavailable = "wallet_unavailable"
	maxErrorDescription    = 1000
	parameterResponse      = "response"
	parameterExistence     = "hufu_existence"
	parameterErrorCode     = "error"
	parameterErrorText     = "error_description"
)

// An ErrorResponse says that no answer comes, and why.
type ErrorResponse struct {
	// Code is one of the standard's, such as ErrorAccessDenied.
	Code string
	// Description is for the verifier's programmers. Ours is always empty.
	Description string
	// State repeats that of the request.
	State string
}

// Form writes the error as the fields of direct_post.
func (e *ErrorResponse) Form() url.Values {
	values := url.Values{parameterErrorCode: {e.Code}}
	for name, value := range map[string]string{parameterErrorText: e.Description, "state": e.State} {
		if value != "" {
			values.Set(name, value)
		}
	}
	return values
}

// A ResponseForm is what a wallet posts to a response_uri: one of the three.
type ResponseForm struct {
	// Response is an answer in clear.
	Response *Response
	// Encrypted is a compact JWE whose content ParseResponse reads. Package openid/jwe
	// decrypts it.
	Encrypted string
	// Error is none.
	Error *ErrorResponse
}

// ParseResponseForm reads the fields of direct_post and direct_post.jwt (OpenID4VP 1.0
// sections 8.2 and 8.3.1). It ignores unknown fields. The error is ErrTooLarge,
// ErrResponse, ErrJSON or ErrUnsupportedFormat.
func ParseResponseForm(values url.Values) (*ResponseForm, error) {
	kinds := 0
	for _, name := range []string{vpToken, parameterResponse, parameterErrorCode} {
		kinds += len(values[name])
	}
	switch {
	case kinds != 1:
		return nil, fmt.Errorf("%w: one of %s, %s and %s is expected", ErrResponse, vpToken, parameterResponse, parameterErrorCode)
	case len(values["state"]) > 1 || len(values[parameterExistence]) > 1 || len(values[parameterErrorText]) > 1:
		return nil, fmt.Errorf("%w: a field is repeated", ErrResponse)
	case len(values.Get(vpToken)) > limits.Message || len(values.Get(parameterResponse)) > limits.Message:
		return nil, fmt.Errorf("%w: above %d bytes", ErrTooLarge, limits.Message)
	case values.Has(parameterResponse):
		return &ResponseForm{Encrypted: values.Get(parameterResponse)}, nil
	case values.Has(parameterErrorCode):
		return parseError(values)
	}
	response, err := parseForm(values)
	if err != nil {
		return nil, err
	}
	return &ResponseForm{Response: response}, nil
}

func parseError(values url.Values) (*ResponseForm, error) {
	e := &ErrorResponse{Code: values.Get(parameterErrorCode), Description: values.Get(parameterErrorText), State: values.Get("state")}
	if !isCode(e.Code) || len(e.Code) > limits.Identifier || len(e.Description) > maxErrorDescription || e.State != "" && !isCode(e.State) {
		return nil, fmt.Errorf("%w: malformed error", ErrResponse)
	}
	return &ResponseForm{Error: e}, nil
}

func parseForm(values url.Values) (*Response, error) {
	token, err := unmarshal[map[string][]compact]([]byte(values.Get(vpToken)))
	if err != nil {
		return nil, err
	}
	wire := responseJSON{State: values.Get("state"), VPToken: *token}
	if values.Has(parameterExistence) {
		existence, err := unmarshal[map[string]string]([]byte(values.Get(parameterExistence)))
		if err != nil {
			return nil, err
		}
		wire.Existence = *existence
	}
	return wire.response()
}

// Form writes an answer in clear as the fields of direct_post. Errors are those of Bytes.
func (r *Response) Form() (url.Values, error) {
	if err := r.check(); err != nil {
		return nil, err
	}
	token, err := marshal(r.VPToken)
	if err != nil {
		return nil, err
	}
	values := url.Values{vpToken: {string(token)}}
	if r.State != "" {
		values.Set("state", r.State)
	}
	if r.Existence != nil {
		existence, err := marshal(r.existence())
		if err != nil {
			return nil, err
		}
		values.Set(parameterExistence, string(existence))
	}
	return values, nil
}

// EncryptedForm writes the fields of direct_post.jwt around a JWE of what Bytes returns.
func EncryptedForm(jwe string) url.Values { return url.Values{parameterResponse: {jwe}} }

// A PostReply is what a verifier answers to a wallet that posted (OpenID4VP 1.0 section
// 8.2).
type PostReply struct {
	// RedirectURI is the address that the wallet opens in the browser; empty for none.
	RedirectURI string `json:"redirect_uri,omitzero"`
}

// ParsePostReply reads the reply, whose unknown members it ignores. The error is
// ErrTooLarge, ErrJSON, or ErrResponse for a redirect_uri that is no absolute URI.
func ParsePostReply(data []byte) (*PostReply, error) {
	reply, err := unmarshal[PostReply](data)
	if err != nil {
		return nil, err
	}
	if reply.RedirectURI == "" {
		return reply, nil
	}
	u, err := url.Parse(reply.RedirectURI)
	if err != nil || !u.IsAbs() || len(reply.RedirectURI) > limits.Document || isScript(u.Scheme) {
		return nil, fmt.Errorf("%w: redirect_uri is no address for a browser", ErrResponse)
	}
	return reply, nil
}

// isScript names the schemes that a browser runs or reads from the device.
func isScript(scheme string) bool {
	switch scheme {
	case "javascript", "data", "file", "vbscript", "blob":
		return true
	}
	return false
}

// Bytes returns the reply's JSON.
func (r *PostReply) Bytes() ([]byte, error) { return marshal(r) }
