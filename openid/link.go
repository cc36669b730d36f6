package openid

import (
	"errors"
	"fmt"
	"net/url"
	"slices"

	"github.com/hufu-id/hufu/internal/limits"
)

// ErrRequestURIMethod means a request_uri_method that is neither get nor post
// (OpenID4VP 1.0 section 8.5, invalid_request_uri_method).
var ErrRequestURIMethod = errors.New("openid: unknown request_uri_method")

// Methods of fetching a request object. They are case-sensitive.
const (
	MethodGet  = "get"
	MethodPost = "post"
)

// linkSchemes are those that ParseRequestLink takes; https is for claimed links.
var linkSchemes = []string{"openid4vp", "haip-vp", "https"}

// A RequestLink is what a QR code or a button carries to a wallet: a request by reference,
// by value, or as parameters (OpenID4VP 1.0 section 5, RFC 9101 section 5).
type RequestLink struct {
	// ClientID must be the one of the request object.
	ClientID string
	// URI is the request_uri, where the request object lies, and Method is MethodGet or
	// MethodPost; empty means MethodGet.
	URI, Method string
	// Object is the request object itself (parameter request).
	Object string
	// Unsigned is the request in the parameters, where neither of the others stands.
	Unsigned *AuthorizationRequest
}

// String returns the link, openid4vp://?client_id=…&request_uri=….
func (l *RequestLink) String() string {
	values := url.Values{}
	for name, value := range map[string]string{"client_id": l.ClientID, "request_uri": l.URI, "request_uri_method": l.Method, "request": l.Object} {
		if value != "" {
			values.Set(name, value)
		}
	}
	if l.Unsigned != nil {
		if parameters, err := l.Unsigned.Parameters(); err == nil {
			values = parameters
		}
	}
	return linkSchemes[0] + "://?" + values.Encode()
}

// ParseRequestLink reads a link. It fetches nothing. The error is ErrTooLarge,
// ErrRequest, ErrRequestURIMethod, or those of ParseParameters.
func ParseRequestLink(text string) (*RequestLink, error) {
	if len(text) > limits.Message {
		return nil, fmt.Errorf("%w: link above %d bytes", ErrTooLarge, limits.Message)
	}
	u, err := url.Parse(text)
	if err != nil || !slices.Contains(linkSchemes, u.Scheme) || u.Opaque != "" || u.User != nil || u.Fragment != "" {
		return nil, fmt.Errorf("%w: not a link of a request", ErrRequest)
	}
	values, err := url.ParseQuery(u.RawQuery)
	if err != nil {
		return nil, fmt.Errorf("%w: malformed parameters", ErrRequest)
	}
	for _, name := range []string{"client_id", "request_uri", "request_uri_method", "request"} {
		if len(values[name]) > 1 {
			return nil, fmt.Errorf("%w: a parameter is repeated", ErrRequest)
		}
	}
	return readLink(values)
}

func readLink(values url.Values) (*RequestLink, error) {
	l := &RequestLink{
		ClientID: values.Get("client_id"), URI: values.Get("request_uri"), Method: values.Get("request_uri_method"), Object: values.Get("request"),
	}
	switch {
	case !isIdentifier(l.ClientID):
		return nil, fmt.Errorf("%w: client_id is missing or too long", ErrRequest)
	case l.URI != "" && l.Object != "":
		return nil, fmt.Errorf("%w: request and request_uri exclude each other", ErrRequest)
	case l.Method != "" && l.URI == "":
		return nil, fmt.Errorf("%w: request_uri_method without request_uri", ErrRequest)
	case l.Method != "" && l.Method != MethodGet && l.Method != MethodPost:
		return nil, ErrRequestURIMethod
	case l.URI != "" && !isResponseURI(l.URI):
		return nil, fmt.Errorf("%w: request_uri is not https, nor http to a loopback address", ErrRequest)
	case l.URI != "" || l.Object != "":
		return l, nil
	}
	var err error
	l.Unsigned, err = ParseParameters(values)
	return l, err
}

// Signed reads the request object that a link leads to. The error is ErrRequest where its
// client_id is another, or lacks the nonce that the wallet sent, or those of ParseRequest.
func (l *RequestLink) Signed(compact, walletNonce string) (*SignedRequest, error) {
	signed, err := ParseRequest(compact)
	if err != nil {
		return nil, err
	}
	if err := l.check(signed.Unverified, walletNonce); err != nil {
		return nil, err
	}
	return signed, nil
}

// UnsignedRequest is Signed for an unsigned request object.
func (l *RequestLink) UnsignedRequest(compact, walletNonce string) (*AuthorizationRequest, error) {
	request, err := ParseUnsignedObject(compact)
	if err != nil {
		return nil, err
	}
	if err := l.check(request, walletNonce); err != nil {
		return nil, err
	}
	return request, nil
}

// check compares what the link and the wallet said with the request object (OpenID4VP 1.0
// section 5.10.1).
func (l *RequestLink) check(r *AuthorizationRequest, walletNonce string) error {
	if r.ClientID() != l.ClientID {
		return fmt.Errorf("%w: client_id is another in the link", ErrRequest)
	}
	if r.WalletNonce != walletNonce {
		return fmt.Errorf("%w: wallet_nonce is not what the wallet sent", ErrRequest)
	}
	return nil
}
