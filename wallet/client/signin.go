package client

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"errors"
	"fmt"
	"net/url"
	"strings"

	"github.com/hufu-id/hufu/did"
	"github.com/hufu-id/hufu/openid/oauth"
)

// BeginOptions says how to sign in. Redirect is required.
type BeginOptions struct {
	// Redirect is where the issuer sends the browser when the citizen has signed in: an
	// address that leads back to this wallet.
	Redirect string
	// Configuration, Identity and Copies are as in ReceiveOptions.
	Configuration string
	Identity      string
	Copies        int
}

// A SignIn is what the browser is to open.
type SignIn struct {
	ID      string // of the issuance
	Address string
}

// Begin starts the authorisation code flow (OpenID4VCI 1.0 section 5): it pushes the request
// (RFC 9126) where the server takes that, with PKCE S256 and the session key's thumbprint,
// and returns the address for the browser. The issuer learns which credential somebody
// wants, and then in the browser who signs in.
//
// The reason of a refusal is as in Receive, but for codes.
func (c *Client) Begin(ctx context.Context, o *Offer, opts BeginOptions) (_ *SignIn, err error) {
	defer judge(&err)
	s := &session{
		Stage: stageSignIn, Grant: oauth.GrantAuthorizationCode,
		Verifier: oauth.NewVerifier(), State: rand.Text(), Redirect: opts.Redirect,
	}
	f, err := c.begin(ctx, o, s, options{opts.Configuration, opts.Identity, opts.Copies})
	if err != nil {
		return nil, err
	}
	address, err := f.authorize(ctx, o)
	if err != nil { // nothing has begun at the issuer
		return nil, errors.Join(err, c.cfg.Wallet.EndIssuance(context.WithoutCancel(ctx), f.id))
	}
	return &SignIn{f.id, address}, nil
}

// authorize makes the address for the browser.
func (f *flow) authorize(ctx context.Context, o *Offer) (string, error) {
	server := f.site.server
	if server.AuthorizationEndpoint == "" || server.RequirePushed && server.PushedEndpoint == "" {
		return "", fmt.Errorf("%w: no authorization endpoint", ErrAnswer)
	}
	request, err := f.authorizationRequest(o)
	if err != nil {
		return "", err
	}
	form, err := request.Form()
	if err != nil {
		return "", err
	}
	if server.PushedEndpoint != "" {
		answer, err := f.post(ctx, server.PushedEndpoint, "", mediaForm, []byte(form.Encode()))
		if err != nil {
			return "", err
		}
		if err := succeeded(answer); err != nil {
			return "", err
		}
		pushed, err := oauth.ParsePushedResponse(answer.Body)
		if err != nil {
			return "", err
		}
		form = url.Values{"client_id": {request.ClientID}, "request_uri": {pushed.RequestURI}}
	}
	address, err := url.Parse(server.AuthorizationEndpoint)
	if err != nil {
		return "", fmt.Errorf("%w: authorization endpoint", ErrAnswer)
	}
	query := address.Query()
	for name, values := range form {
		query[name] = values
	}
	address.RawQuery = query.Encode()
	return address.String(), nil
}

// authorizationRequest asks for one credential, by its scope or else by its configuration
// (OpenID4VCI 1.0 section 5.1). Where the issuer names its authorization servers, the
// request names the issuer.
func (f *flow) authorizationRequest(o *Offer) (*oauth.AuthorizationRequest, error) {
	m, server := f.site.metadata, f.site.server
	request := &oauth.AuthorizationRequest{
		ClientID: f.client(), RedirectURI: f.s.Redirect, State: f.s.State, Challenge: oauth.Challenge(f.s.Verifier),
	}
	if request.ClientID == "" {
		return nil, fmt.Errorf("%w: no client_id", ErrConfig)
	}
	if g := o.offer.Grants; g != nil && g.AuthorizationCode != nil {
		request.IssuerState = g.AuthorizationCode.IssuerState
	}
	if request.Scope = m.Configurations[f.about.Configuration].Scope; request.Scope == "" {
		detail := oauth.Detail{Type: oauth.DetailType, ConfigurationID: f.about.Configuration}
		if m.Servers != nil {
			detail.Locations = []string{m.Issuer}
		}
		request.Details = []oauth.Detail{detail}
	} else if m.Servers != nil {
		request.Resource = m.Issuer
	}
	if len(server.DPoPAlgorithms) > 0 {
		thumbprint, err := did.Thumbprint(f.key.Public())
		if err != nil {
			return nil, err
		}
		request.Thumbprint = thumbprint
	}
	return request, nil
}

// Complete takes the redirect that the browser brought back, checks that it answers a
// sign-in of this wallet (state) and comes from the server that was asked (RFC 9207), and
// goes on as Receive does. A redirect that does not is refused, and nothing is sent: the
// sign-in goes on waiting for the true one. Where the citizen did not sign in, the issuance
// ends with ErrDenied.
func (c *Client) Complete(ctx context.Context, redirect string) (_ *Result, err error) {
	defer judge(&err)
	at, err := url.Parse(redirect)
	if err != nil {
		return nil, fmt.Errorf("%w: redirect", oauth.ErrMessage)
	}
	query, err := url.ParseQuery(at.RawQuery)
	if err != nil {
		return nil, fmt.Errorf("%w: redirect", oauth.ErrMessage)
	}
	response, err := oauth.ParseAuthorizationResponse(query)
	if err != nil {
		return nil, err
	}
	id, err := c.awaiting(ctx, redirect, response.State)
	if err != nil {
		return nil, err
	}
	f, err := c.open(ctx, id)
	if err != nil {
		return nil, err
	}
	if err := response.Check(f.s.State, f.site.server); err != nil {
		if response.Err == nil || err != error(response.Err) {
			return nil, err
		}
		return nil, f.ended(ctx, fmt.Errorf("%w: %w", ErrDenied, response.Err))
	}
	f.s.Stage, f.s.Code = stageCode, response.Code
	if err := f.keep(ctx); err != nil {
		return nil, err
	}
	return f.run(ctx)
}

// awaiting finds the sign-in to which a redirect belongs.
func (c *Client) awaiting(ctx context.Context, redirect, state string) (id string, err error) {
	all, err := c.cfg.Wallet.Pending(ctx)
	if err != nil {
		return "", err
	}
	for _, issuance := range all {
		s, err := parseSession(issuance.Session)
		if err != nil || s.Stage != stageSignIn {
			continue
		}
		if subtle.ConstantTimeCompare([]byte(s.State), []byte(state)) == 1 && strings.HasPrefix(redirect, s.Redirect) {
			return issuance.ID, nil
		}
	}
	return "", oauth.ErrState
}
