package client

import (
	"bytes"
	"context"
	"fmt"
	"mime"
	"net/http"
	"strings"

	"github.com/hufu-id/hufu/internal/fetch"
	"github.com/hufu-id/hufu/internal/limits"
	"github.com/hufu-id/hufu/openid/oauth"
)

// Media types of OpenID4VCI 1.0.
const (
	mediaJSON = "application/json"
	mediaJWT  = "application/jwt"
	mediaForm = "application/x-www-form-urlencoded"
)

// ask sends one request and reads at most limits.Message bytes of the answer.
func (c *Client) ask(ctx context.Context, method, address string, header http.Header, body []byte) (*fetch.Response, error) {
	r, err := http.NewRequestWithContext(ctx, method, address, bytes.NewReader(body))
	if err != nil {
		return nil, fmt.Errorf("%w: malformed", ErrAddress)
	}
	r.Header = header
	answer, err := c.http.Do(r, limits.Message)
	return answer, sorted(err)
}

// get fetches a document, and says of which media type it is.
func (c *Client) get(ctx context.Context, address, accept string) (body []byte, media string, err error) {
	answer, err := c.ask(ctx, http.MethodGet, address, http.Header{"Accept": {accept}}, nil)
	if err != nil {
		return nil, "", err
	}
	if err := succeeded(answer); err != nil {
		return nil, "", err
	}
	return answer.Body, mediaOf(answer), nil
}

func mediaOf(r *fetch.Response) string {
	media, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if err != nil {
		return ""
	}
	return media
}

// succeeded returns nil for a status 200 to 299. A server that cannot now is not one that
// refuses.
func succeeded(r *fetch.Response) error {
	switch {
	case r.Status >= 200 && r.Status < 300:
		return nil
	case r.Status >= 500, r.Status == http.StatusTooManyRequests, r.Status == http.StatusRequestTimeout:
		return fmt.Errorf("%w: status %d", ErrUnreachable, r.Status)
	case r.Status < 400:
		return fmt.Errorf("%w: status %d", ErrAnswer, r.Status)
	}
	refusal := reasonOf(r)
	if refusal == nil {
		return fmt.Errorf("%w: status %d", ErrRefused, r.Status)
	}
	return fmt.Errorf("%w: %w", meaning(refusal.Code), refusal)
}

// reasonOf is the error of an answer: in its body, or in the challenge of a protected
// resource (RFC 6750 section 3, RFC 9449 section 7.1); nil where there is none.
func reasonOf(r *fetch.Response) *oauth.Error {
	if refusal, err := oauth.ParseError(r.Body); err == nil {
		return refusal
	}
	for _, challenge := range r.Header.Values("WWW-Authenticate") {
		_, after, found := strings.Cut(challenge, `error="`)
		code, _, closed := strings.Cut(after, `"`)
		if !found || !closed {
			continue
		}
		if refusal, err := oauth.NewError(code, ""); err == nil {
			return refusal
		}
	}
	return nil
}

// meaning is the sentinel of an issuer's error code.
func meaning(code oauth.Code) error {
	switch code {
	case oauth.InvalidGrant, "invalid_tx_code":
		return ErrCode
	case oauth.CredentialRequestDenied, oauth.AccessDenied:
		return ErrDenied
	case oauth.InvalidToken, oauth.InsufficientScope, oauth.InvalidTransactionID:
		return ErrEnded
	case oauth.InvalidClient, oauth.InvalidClientAttestation, oauth.UseFreshAttestation, oauth.UnauthorizedClient:
		return ErrAttestation
	case oauth.TemporarilyUnavailable, oauth.ServerError:
		return ErrUnreachable
	}
	return ErrRefused
}

// says reports whether an answer refuses for one of these reasons.
func says(r *fetch.Response, codes ...oauth.Code) bool {
	if r.Status < 400 || r.Status >= 500 {
		return false
	}
	refusal := reasonOf(r)
	if refusal == nil {
		return false
	}
	for _, code := range codes {
		if refusal.Code == code {
			return true
		}
	}
	return false
}
