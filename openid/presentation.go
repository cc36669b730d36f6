package openid

import (
	"encoding/base64"
	"errors"
	"fmt"

	"github.com/hufu-id/hufu/internal/limits"
)

// ErrResponse means that an answer breaks OpenID4VP 1.0 section 8.1.
var ErrResponse = errors.New("openid: invalid presentation response")

// A Response is a wallet's answer (OpenID4VP 1.0 section 8.1). Over HTTP its members are
// form fields, or the content of a JWE. By file or QR code they form one JSON object.
type Response struct {
	// State repeats the State of the request; empty where that has none.
	State string
	// VPToken maps the id of each answered credential query to its
	// presentations: for FormatSDJWT an SD-JWT with or without key binding, for
	// FormatSDJWTZK the text of a ProofPresentation.
	VPToken map[string][]string
	// Existence shows, by the id of a credential query, that the credential existed by a
	// time: a provenance.Existence in its canonical form, which ParseResponse does not
	// read. This project defines it, to requests that ask for it. Its member is
	// hufu_existence, base64url.
	Existence map[string][]byte
}

// maxExistence bounds an existence in bytes.
const maxExistence = 512

type responseJSON struct {
	State     string               `json:"state"`
	VPToken   map[string][]compact `json:"vp_token"`
	Existence map[string]string    `json:"hufu_existence,omitzero"`
}

// ParseResponse reads the JSON of an answer. It does not read the
// presentations. The error is ErrTooLarge, ErrJSON, ErrResponse, or
// ErrUnsupportedFormat if a presentation is not a string.
func ParseResponse(data []byte) (*Response, error) {
	wire, err := unmarshal[responseJSON](data)
	if err != nil {
		return nil, err
	}
	return wire.response()
}

func (w *responseJSON) response() (*Response, error) {
	response := &Response{State: w.State, VPToken: make(map[string][]string, len(w.VPToken))}
	for id, values := range w.VPToken {
		response.VPToken[id] = make([]string, 0, len(values))
		for _, value := range values {
			response.VPToken[id] = append(response.VPToken[id], string(value))
		}
	}
	for id, text := range w.Existence {
		b, err := decodeBase64URL(text)
		if err != nil {
			return nil, fmt.Errorf("%w: hufu_existence: %w", ErrResponse, err)
		}
		if response.Existence == nil {
			response.Existence = map[string][]byte{}
		}
		response.Existence[id] = b
	}
	if err := response.check(); err != nil {
		return nil, err
	}
	return response, nil
}

// NewResponse answers one query with one presentation.
func NewResponse(state, query, presentation string) *Response {
	return &Response{State: state, VPToken: map[string][]string{query: {presentation}}}
}

// Only returns the presentation of a response that has no other, and the id of its query.
// The error is ErrResponse.
func (r *Response) Only() (query, presentation string, err error) {
	for query, list := range r.VPToken {
		if len(r.VPToken) == 1 && len(list) == 1 {
			return query, list[0], nil
		}
	}
	return "", "", fmt.Errorf("%w: not one presentation", ErrResponse)
}

func (r *Response) check() error {
	if r.State != "" && !isCode(r.State) {
		return fmt.Errorf("%w: state is malformed", ErrResponse)
	}
	if len(r.VPToken) == 0 || len(r.VPToken) > maxCredentials {
		return fmt.Errorf("%w: vp_token is missing, empty or too long", ErrResponse)
	}
	for id, presentations := range r.VPToken {
		if !isQueryID(id) || len(presentations) == 0 || len(presentations) > maxProofs {
			return fmt.Errorf("%w: vp_token has a malformed id or an empty or long list", ErrResponse)
		}
		for _, presentation := range presentations {
			if presentation == "" || len(presentation) > limits.Token {
				return fmt.Errorf("%w: a presentation is empty or too long", ErrResponse)
			}
		}
	}
	for id, b := range r.Existence {
		if r.VPToken[id] == nil || len(b) == 0 || len(b) > maxExistence {
			return fmt.Errorf("%w: hufu_existence is of no presentation, empty or too long", ErrResponse)
		}
	}
	return nil
}

// Bytes checks the answer as ParseResponse does and returns its JSON.
func (r *Response) Bytes() ([]byte, error) {
	if err := r.check(); err != nil {
		return nil, err
	}
	return marshal(&struct {
		State     string              `json:"state,omitzero"`
		VPToken   map[string][]string `json:"vp_token"`
		Existence map[string]string   `json:"hufu_existence,omitzero"`
	}{r.State, r.VPToken, r.existence()})
}

// existence is hufu_existence as it is written.
func (r *Response) existence() map[string]string {
	if r.Existence == nil {
		return nil
	}
	texts := make(map[string]string, len(r.Existence))
	for id, b := range r.Existence {
		texts[id] = base64.RawURLEncoding.EncodeToString(b)
	}
	return texts
}
