package openid

import (
	"encoding/base64"
	"fmt"
	"net/url"
	"slices"
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/hufu-id/hufu/internal/limits"
	"github.com/hufu-id/hufu/internal/strictjson"
)

// textParameters are the parameters of a request that are strings. All others of
// requestJSON travel as JSON (OpenID4VP 1.0 section 5.1).
var textParameters = []string{
	"client_id", "response_type", "response_mode", "response_uri", "nonce", "state", "wallet_nonce", "aud", "redirect_uri", "scope", "hufu_policy",
}

// numberParameters are those that are numbers.
var numberParameters = []string{"iat", "nbf", "exp"}

// Parameters writes an unsigned request as the parameters of a link, for
// ClientRedirectURI. The error is ErrRequest, ErrQuery or ErrTransactionData.
func (r *AuthorizationRequest) Parameters() (url.Values, error) {
	payload, err := r.unsigned()
	if err != nil {
		return nil, err
	}
	object, err := strictjson.Object(payload, limits.Message)
	if err != nil {
		return nil, jsonError(err)
	}
	values := url.Values{}
	for name, raw := range object {
		text := string(raw)
		if slices.Contains(textParameters, name) {
			b, err := jsontext.AppendUnquote(nil, raw)
			if err != nil {
				return nil, ErrJSON
			}
			text = string(b)
		}
		values.Set(name, text)
	}
	values.Del("aud")
	return values, nil
}

// ParseParameters reads an unsigned request from the parameters of a link. It takes
// ClientRedirectURI alone: nothing but the address says who asks. It ignores unknown
// parameters. The error is ErrRequest, ErrJSON, ErrQuery, ErrTransactionData or
// ErrUnsupportedFormat.
func ParseParameters(values url.Values) (*AuthorizationRequest, error) {
	object := map[string]jsontext.Value{}
	for name, list := range values {
		if len(list) != 1 || len(list[0]) > limits.Message {
			return nil, fmt.Errorf("%w: a parameter is repeated or too long", ErrRequest)
		}
		value := jsontext.Value(list[0])
		switch {
		case slices.Contains(textParameters, name):
			quoted, err := jsontext.AppendQuote(nil, list[0])
			if err != nil {
				return nil, ErrJSON
			}
			value = quoted
		case !slices.Contains(numberParameters, name) && !slices.Contains(objectParameters, name):
			continue
		}
		object[name] = value
	}
	payload, err := json.Marshal(object, json.Deterministic(true))
	if err != nil {
		return nil, ErrJSON
	}
	return parseUnsigned(payload)
}

// objectParameters are those that are JSON.
var objectParameters = []string{
	"dcql_query", "client_metadata", "verifier_info", "transaction_data", "hufu_purpose", "hufu_scope", "hufu_epochs", "hufu_existence",
}

// unsignedHeader is the protected header of an unsigned request object (RFC 9101 section
// 4, RFC 7519 section 6).
const unsignedHeader = `{"alg":"none","typ":"oauth-authz-req+jwt"}`

// UnsignedObject writes an unsigned request object, for ClientRedirectURI at a
// request_uri. Errors are those of Parameters.
func (r *AuthorizationRequest) UnsignedObject() (string, error) {
	payload, err := r.unsigned()
	if err != nil {
		return "", err
	}
	encode := base64.RawURLEncoding.EncodeToString
	return encode([]byte(unsignedHeader)) + "." + encode(payload) + ".", nil
}

// ParseUnsignedObject reads an unsigned request object. Errors are those of
// ParseParameters.
func ParseUnsignedObject(compact string) (*AuthorizationRequest, error) {
	if len(compact) > limits.Message {
		return nil, fmt.Errorf("%w: request object above %d bytes", ErrTooLarge, limits.Message)
	}
	first, rest, _ := strings.Cut(compact, ".")
	second, ok := strings.CutSuffix(rest, ".")
	header, err := decodeBase64URL(first)
	if err != nil || !ok || strings.Contains(second, ".") {
		return nil, fmt.Errorf("%w: no unsigned request object", ErrRequest)
	}
	var wire struct {
		Algorithm string `json:"alg"`
		Type      string `json:"typ"`
	}
	if err := strictjson.Read(header, limits.Document, &wire); err != nil || wire.Algorithm != "none" || wire.Type != requestType {
		return nil, fmt.Errorf("%w: no unsigned request object", ErrRequest)
	}
	payload, err := decodeBase64URL(second)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrRequest, err)
	}
	return parseUnsigned(payload)
}

func (r *AuthorizationRequest) unsigned() ([]byte, error) {
	if r.Prefix != ClientRedirectURI {
		return nil, fmt.Errorf("%w: a request with this client_id is signed", ErrRequest)
	}
	return r.payload()
}

// parseUnsigned refuses what claims more than an address.
func parseUnsigned(payload []byte) (*AuthorizationRequest, error) {
	wire, err := unmarshal[requestJSON](payload)
	if err != nil {
		return nil, err
	}
	request, err := wire.request()
	if err != nil {
		return nil, err
	}
	if request.Prefix != ClientRedirectURI {
		return nil, fmt.Errorf("%w: unsigned, with a client_id whose requests are signed", ErrRequest)
	}
	return request, nil
}
