package client

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"

	"github.com/hufu-id/hufu/internal/fetch"
	"github.com/hufu-id/hufu/openid"
	"github.com/hufu-id/hufu/openid/jwe"
	"github.com/hufu-id/hufu/wallet"
)

var (
	// ErrNoRequest means that the address of a request gave none: the counter does not know
	// it, answered with something else, or sent the wallet elsewhere.
	ErrNoRequest = errors.New("wallet/client: no request at its address")
	// ErrCounter means that a counter did not answer when it was asked for its request.
	ErrCounter = errors.New("wallet/client: the counter does not answer")
	// ErrUndelivered means that a counter did not say whether it took the answer. It may
	// have: send the same answer again with Client.Deliver, and make no other.
	ErrUndelivered = errors.New("wallet/client: it is not known whether the answer arrived")
	// ErrNotTaken means that a counter refused the answer.
	ErrNotTaken = errors.New("wallet/client: the counter refused the answer")
)

const mediaRequest = "application/oauth-authz-req+jwt"

// Request reads the link of a counter's request, fetches the request object where the link
// only refers to it, and has the wallet judge it (OpenID4VP 1.0 section 5). The counter
// learns that somebody opened the link, and from which network address. Nothing else
// leaves: a request that is refused, or that no credential answers, is met with silence.
// A fetch by POST carries a fresh wallet_nonce, and no metadata by which one wallet would
// differ from another. The reason is ErrNoRequest, ErrCounter, ErrAddress, or one of
// Wallet.ResolveRequest.
func (c *Client) Request(ctx context.Context, link string) (_ *wallet.Request, err error) {
	defer judge(&err)
	l, err := openid.ParseRequestLink(link)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", wallet.ErrRequest, err)
	}
	if l.Unsigned != nil {
		return c.cfg.Wallet.ResolveUnsigned(ctx, l.Unsigned)
	}
	object, nonce := l.Object, ""
	if l.URI != "" {
		if object, nonce, err = c.fetchRequest(ctx, l); err != nil {
			return nil, err
		}
	}
	return c.resolve(ctx, l, object, nonce)
}

// resolve holds a request object against the link that led to it.
func (c *Client) resolve(ctx context.Context, l *openid.RequestLink, object, nonce string) (*wallet.Request, error) {
	if unsigned, err := l.UnsignedRequest(object, nonce); err == nil {
		return c.cfg.Wallet.ResolveUnsigned(ctx, unsigned)
	}
	signed, err := l.Signed(object, nonce)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", wallet.ErrRequest, err)
	}
	return c.cfg.Wallet.ResolveRequest(ctx, signed.Bytes())
}

// fetchRequest gets a request object as its link says.
func (c *Client) fetchRequest(ctx context.Context, l *openid.RequestLink) (object, nonce string, err error) {
	header := http.Header{"Accept": {mediaRequest}}
	method, body := http.MethodGet, []byte(nil)
	if l.Method == openid.MethodPost {
		nonce = freshNonce()
		method, body = http.MethodPost, []byte(url.Values{"wallet_nonce": {nonce}}.Encode())
		header.Set("Content-Type", mediaForm)
	}
	answer, err := c.ask(ctx, method, l.URI, header, body)
	switch {
	case errors.Is(err, ErrUnreachable):
		return "", "", fmt.Errorf("%w: %w", ErrCounter, err)
	case errors.Is(err, ErrAnswer): // a redirect, or too much
		return "", "", fmt.Errorf("%w: %w", ErrNoRequest, err)
	case err != nil:
		return "", "", err
	case answer.Status >= 500 || answer.Status == http.StatusTooManyRequests:
		return "", "", fmt.Errorf("%w: status %d", ErrCounter, answer.Status)
	case answer.Status != http.StatusOK:
		return "", "", fmt.Errorf("%w: status %d", ErrNoRequest, answer.Status)
	case mediaOf(answer) != mediaRequest && mediaOf(answer) != mediaJWT:
		return "", "", fmt.Errorf("%w: another media type", ErrNoRequest)
	}
	return string(answer.Body), nonce, nil
}

// freshNonce is 256 bits.
func freshNonce() string {
	var b [32]byte
	_, _ = rand.Read(b[:]) // crypto/rand never fails
	return base64.RawURLEncoding.EncodeToString(b[:])
}

// An Answer is what a wallet has made for a counter, and what came of it.
type Answer struct {
	// Presented is what left the wallet, with the entry in its history; nil for Decline.
	Presented *wallet.Presented
	// RedirectURI is where the counter wants the citizen's browser to go on; empty for
	// nowhere. Open it in the browser in which the link was opened.
	RedirectURI string

	address string
	form    url.Values
}

// Present answers a request as the citizen consented, and posts the answer: in clear, or
// encrypted to the key of the request (OpenID4VP 1.0 sections 8.2 and 8.3.1). Where an
// answer was made, it is returned with the error too. The reason is ErrUndelivered,
// ErrNotTaken, ErrAddress, jwe.ErrKey for a request with no key or encryption that this
// wallet has, or one of Wallet.Present.
func (c *Client) Present(ctx context.Context, ask *wallet.Request, consent wallet.Consent) (_ *Answer, err error) {
	defer judge(&err)
	if ask == nil {
		return nil, wallet.ErrConsent
	}
	asked := ask.Asked()
	seal, err := sealer(&asked)
	if err != nil {
		return nil, err
	}
	presented, err := c.cfg.Wallet.Present(ctx, ask, consent)
	if err != nil {
		return nil, err
	}
	answer := &Answer{Presented: presented, address: asked.ResponseURI}
	if answer.form, err = seal(presented.Response); err != nil {
		return answer, err
	}
	return answer, c.deliver(ctx, answer)
}

// sealer writes an answer as the request asks. It finds key and encryption before anything
// is made. A key that signs, or of a kind that is not known, is passed over.
func sealer(asked *openid.AuthorizationRequest) (func(response []byte) (url.Values, error), error) {
	if !asked.Encrypted() {
		return func(response []byte) (url.Values, error) {
			r, err := openid.ParseResponse(response)
			if err != nil {
				return nil, err
			}
			return r.Form()
		}, nil
	}
	set, err := asked.KeySetBytes()
	if err != nil {
		return nil, err
	}
	keys, err := jwe.ParseKeySet(set)
	if err != nil {
		return nil, err
	}
	offered := asked.ContentEncryptions()
	i := slices.IndexFunc(offered, func(enc string) bool { return jwe.Encryption(enc).KeySize() > 0 })
	if i < 0 {
		return nil, fmt.Errorf("%w: no content encryption that is supported", jwe.ErrAlgorithm)
	}
	return func(response []byte) (url.Values, error) {
		text, err := jwe.Encrypt(response, keys[0], jwe.EncryptOptions{Encryption: jwe.Encryption(offered[i])})
		return openid.EncryptedForm(text), err
	}, nil
}

// Decline tells the counter that the citizen said no: access_denied, and nothing else. Call
// it only on the citizen's word, for it tells that there is somebody. Reasons are those of
// Deliver.
func (c *Client) Decline(ctx context.Context, ask *wallet.Request) (_ *Answer, err error) {
	defer judge(&err)
	if ask == nil {
		return nil, wallet.ErrConsent
	}
	asked := ask.Asked()
	answer := &Answer{address: asked.ResponseURI, form: (&openid.ErrorResponse{Code: openid.ErrorAccessDenied, State: asked.State}).Form()}
	return answer, c.deliver(ctx, answer)
}

// Deliver posts an answer again, byte for byte, after ErrUndelivered. A counter that has it
// already says so again. The reason is ErrUndelivered, ErrNotTaken or ErrAddress.
func (c *Client) Deliver(ctx context.Context, answer *Answer) (err error) {
	defer judge(&err)
	if answer == nil || answer.form == nil {
		return wallet.ErrConsent
	}
	return c.deliver(ctx, answer)
}

func (c *Client) deliver(ctx context.Context, answer *Answer) error {
	header := http.Header{"Content-Type": {mediaForm}, "Accept": {mediaJSON}}
	got, err := c.ask(ctx, http.MethodPost, answer.address, header, []byte(answer.form.Encode()))
	switch {
	case errors.Is(err, fetch.ErrRedirect):
		return fmt.Errorf("%w: %w", ErrNotTaken, err)
	case errors.Is(err, ErrUnreachable), errors.Is(err, ErrAnswer):
		return fmt.Errorf("%w: %w", ErrUndelivered, err)
	case err != nil:
		return err
	case got.Status >= 500 || got.Status == http.StatusTooManyRequests || got.Status == http.StatusRequestTimeout:
		return fmt.Errorf("%w: status %d", ErrUndelivered, got.Status)
	case got.Status != http.StatusOK:
		return fmt.Errorf("%w: status %d", ErrNotTaken, got.Status)
	}
	reply, err := openid.ParsePostReply(got.Body)
	if err != nil {
		return fmt.Errorf("%w: %w", ErrUndelivered, err)
	}
	answer.RedirectURI = reply.RedirectURI
	return nil
}
