package verifier

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"errors"
	"fmt"
	"net/url"

	"github.com/hufu-id/hufu/internal/limits"
	"github.com/hufu-id/hufu/openid"
	"github.com/hufu-id/hufu/openid/jwe"
)

var (
	// ErrClear means an answer in clear to a request that asks for an encrypted one, or the
	// other way round.
	ErrClear = errors.New("verifier: the answer is not encrypted as the request asks")
	// ErrDeclined means that the wallet sent an error in place of an answer. Whoever saw
	// the request can send one: the request stays open.
	ErrDeclined = errors.New("verifier: the wallet sent no answer")
	// ErrSession means that the response code or the session is not the one of the request.
	ErrSession = errors.New("verifier: another session than the one that asked")
)

// VerifyForm is Verify for what a wallet posts to the response_uri: an answer in clear, an
// encrypted one, or an error (OpenID4VP 1.0 sections 8.2, 8.3.1, 8.5). A wallet that sends
// the same answer again, encrypted anew, gets the same Result. An error is a *Rejected with
// [ErrDeclined].
func (v *Verifier) VerifyForm(ctx context.Context, fields url.Values) (*Result, error) {
	form, err := openid.ParseResponseForm(fields)
	if err != nil {
		return nil, &Rejected{CheckForm, err}
	}
	switch {
	case form.Error != nil:
		return nil, &Rejected{CheckForm, ErrDeclined}
	case form.Encrypted != "":
		content, err := v.decrypt(ctx, form.Encrypted)
		if err != nil {
			return nil, err
		}
		return v.watched(ctx, content, true)
	}
	content, err := form.Response.Bytes()
	if err != nil {
		return nil, &Rejected{CheckForm, err}
	}
	return v.Verify(ctx, content)
}

// decrypt finds the key by the kid, which is the id of the request.
func (v *Verifier) decrypt(ctx context.Context, compact string) ([]byte, error) {
	message, err := jwe.Parse(compact, jwe.ParseOptions{MaxBytes: limits.Message})
	if err != nil {
		return nil, &Rejected{CheckForm, err}
	}
	r, err := v.store.Request(ctx, message.Header.KeyID)
	switch {
	case errors.Is(err, ErrUnknownRequest):
		return nil, &Rejected{CheckRequest, err}
	case err != nil:
		return nil, &Unchecked{CheckRequest, err}
	}
	k, err := v.unframe(&r)
	if err != nil {
		return nil, &Unchecked{CheckRequest, err}
	}
	key, err := k.privateKey()
	if err != nil {
		return nil, &Unchecked{CheckRequest, err}
	}
	if key == nil {
		return nil, &Rejected{CheckForm, ErrClear}
	}
	content, err := message.Decrypt(key)
	if err != nil {
		return nil, &Rejected{CheckForm, err}
	}
	answer, err := openid.ParseResponse(content)
	if err == nil && answer.State != r.ID {
		err = fmt.Errorf("%w: state of another request", openid.ErrResponse)
	}
	if err != nil {
		return nil, &Rejected{CheckForm, err}
	}
	return content, nil
}

// checkWay holds how an answer came against how it was asked for.
func (a *answer) checkWay() error {
	if (a.kept.Key != nil) != a.encrypted {
		return ErrClear
	}
	return nil
}

// checkAuthorised holds the key bindings against what the holder was asked to authorise,
// and notes it.
func (a *answer) checkAuthorised(bindings map[string]map[string]any) error {
	asked := &openid.AuthorizationRequest{}
	if a.kept.Authorises {
		var err error
		if asked, err = readObject(a.request.Object); err != nil {
			return &Unchecked{CheckRequest, err}
		}
	}
	if err := asked.CheckAuthorised(bindings); err != nil {
		return &Rejected{CheckBinding, err}
	}
	for _, t := range asked.Transactions {
		a.result.Authorised = append(a.result.Authorised, Authorised{Label: Text{t.Label.EN, t.Label.ZH}, Document: fmt.Sprintf("%x", t.Document)})
	}
	return nil
}

// RedirectURI returns the address to which the wallet sends the browser after an answer to
// a request with RequestOptions.RedirectURI, the response code in its query; empty for
// other requests. The error is that of the store.
func (v *Verifier) RedirectURI(ctx context.Context, id string) (string, error) {
	_, k, err := v.keptOf(ctx, id)
	if err != nil || k.RedirectURI == "" {
		return "", err
	}
	u, err := url.Parse(k.RedirectURI)
	if err != nil {
		return "", err
	}
	query := u.Query()
	query.Set("response_code", k.responseCode(id))
	u.RawQuery = query.Encode()
	return u.String(), nil
}

// Redeem is Outcome for a request with RequestOptions.RedirectURI: it unseals the result
// for the browser that asked, once the wallet has sent it back (OpenID4VP 1.0 section
// 14.2, HAIP 1.0 section 5.1). Whoever lets another person's wallet answer does not learn
// the code. The error is [ErrSession], or that of Outcome.
func (v *Verifier) Redeem(ctx context.Context, id, responseCode, session string) (*Outcome, error) {
	r, k, err := v.keptOf(ctx, id)
	if err != nil {
		return nil, err
	}
	given := sha256.Sum256([]byte(session))
	code := subtle.ConstantTimeCompare([]byte(responseCode), []byte(k.responseCode(id)))
	if code&subtle.ConstantTimeCompare(given[:], k.Session) != 1 {
		return nil, ErrSession
	}
	return v.outcome(r, false)
}

func (v *Verifier) keptOf(ctx context.Context, id string) (*Request, *kept, error) {
	r, err := v.store.Request(ctx, id)
	if err != nil {
		return nil, nil, fmt.Errorf("verifier: reading the request: %w", err)
	}
	k, err := v.unframe(&r)
	return &r, k, err
}
