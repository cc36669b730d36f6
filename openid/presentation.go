package openid

import (
	"errors"
	"fmt"

	"github.com/hufu-id/hufu/internal/limits"
)

// ErrResponse means that an answer breaks OpenID4VP 1.0 section 8.1.
var ErrResponse = errors.New("openid: invalid presentation response")

// A Response is a wallet's answer (OpenID4VP 1.0 section 8.1). Over HTTP its
// two members are form fields. By file or QR code they form one JSON object.
type Response struct {
	// State repeats the State of the request.
	State string
	// VPToken maps the id of each answered credential query to its
	// presentations: for FormatSDJWT an SD-JWT with or without key binding, for
	// FormatSDJWTZK the text of a ProofPresentation.
	VPToken map[string][]string
}

type responseJSON struct {
	State   string               `json:"state"`
	VPToken map[string][]compact `json:"vp_token"`
}

// ParseResponse reads the JSON of an answer. It does not read the
// presentations. The error is ErrTooLarge, ErrJSON, ErrResponse, or
// ErrUnsupportedFormat if a presentation is not a string.
func ParseResponse(data []byte) (*Response, error) {
	wire, err := unmarshal[responseJSON](data)
	if err != nil {
		return nil, err
	}
	response := &Response{State: wire.State, VPToken: make(map[string][]string, len(wire.VPToken))}
	for id, values := range wire.VPToken {
		response.VPToken[id] = make([]string, 0, len(values))
		for _, value := range values {
			response.VPToken[id] = append(response.VPToken[id], string(value))
		}
	}
	if err := response.check(); err != nil {
		return nil, err
	}
	return response, nil
}

func (r *Response) check() error {
	if !isURLSafe(r.State) {
		return fmt.Errorf("%w: state is missing or malformed", ErrResponse)
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
	return nil
}

// Bytes checks the answer as ParseResponse does and returns its JSON.
func (r *Response) Bytes() ([]byte, error) {
	if err := r.check(); err != nil {
		return nil, err
	}
	return marshal(&struct {
		State   string              `json:"state"`
		VPToken map[string][]string `json:"vp_token"`
	}{r.State, r.VPToken})
}
