package client

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"time"

	"github.com/hufu-id/hufu/internal/fetch"
	"github.com/hufu-id/hufu/openid/oauth"
)

// attest has the wallet's maker vouch for this wallet, where the server wants it.
func (f *flow) attest(ctx context.Context) error {
	methods := f.site.server.AuthMethods
	if !slices.Contains(methods, oauth.AuthAttestation) {
		return nil
	}
	if f.c.cfg.Attest == nil {
		if slices.Contains(methods, oauth.AuthNone) || f.site.server.Anonymous && f.s.Grant == oauth.GrantPreAuthorized {
			return nil
		}
		return fmt.Errorf("%w of the wallet", ErrAttestation)
	}
	var err error
	if f.attested, err = f.c.cfg.Attest(ctx, f.site.server.Issuer); err != nil || f.site.server.ChallengeEndpoint == "" {
		return err
	}
	answer, err := f.c.ask(ctx, http.MethodPost, f.site.server.ChallengeEndpoint, http.Header{"Accept": {mediaJSON}}, nil)
	if err != nil {
		return err
	}
	if err := succeeded(answer); err != nil {
		return err
	}
	f.challenge, err = oauth.ParseChallenge(answer.Body)
	return err
}

// headers makes a fresh proof of each key for one request. The server is the authorization
// server, or the credential issuer where there is a token.
func (f *flow) headers(ctx context.Context, address, token string) (http.Header, error) {
	header := http.Header{"Accept": {mediaJSON}}
	now := f.c.cfg.Clock()
	if token == "" && f.attested != nil {
		proof, err := oauth.SignPossession(ctx, f.attested.Key, f.attested.ClientID, f.site.server.Issuer, f.challenge, now)
		if err != nil {
			return nil, err
		}
		header.Set(oauth.AttestationHeader, f.attested.JWT)
		header.Set(oauth.PossessionHeader, proof)
	}
	if token != "" && !f.s.Bound {
		header.Set("Authorization", "Bearer "+token)
		return header, nil
	}
	proof, err := oauth.SignDPoP(ctx, f.key, oauth.DPoPRequest{Method: http.MethodPost, URI: address, Token: token}, f.nonces[originOf(address)], now)
	if err != nil {
		return nil, err
	}
	header.Set("DPoP", proof)
	if token != "" {
		header.Set("Authorization", "DPoP "+token)
	}
	return header, nil
}

func originOf(address string) string {
	u, err := url.Parse(address)
	if err != nil {
		return ""
	}
	return u.Scheme + "://" + u.Host
}

// post sends a request with fresh proofs. Where the server names a nonce or a challenge that
// it wants in them, the request goes out once more with each (RFC 9449 sections 8 and 9).
func (f *flow) post(ctx context.Context, address, token, media string, body []byte) (*fetch.Response, error) {
	for nonced, challenged := false, false; ; {
		header, err := f.headers(ctx, address, token)
		if err != nil {
			return nil, err
		}
		if media != "" {
			header.Set("Content-Type", media)
		}
		if media == mediaJWT {
			header.Set("Accept", mediaJWT+", "+mediaJSON)
		}
		answer, err := f.c.ask(ctx, http.MethodPost, address, header, body)
		if err != nil {
			return nil, err
		}
		nonce, challenge := answer.Header.Get("DPoP-Nonce"), answer.Header.Get(oauth.ChallengeHeader)
		if nonce != "" {
			f.nonces[originOf(address)] = nonce
		}
		if challenge != "" {
			f.challenge = challenge
		}
		switch {
		case !nonced && nonce != "" && says(answer, oauth.UseDPoPNonce):
			nonced = true
		case !challenged && challenge != "" && says(answer, oauth.UseAttestationChallenge):
			challenged = true
		default:
			return answer, nil
		}
	}
}

// buy exchanges the code for a token (OpenID4VCI 1.0 section 6).
func (f *flow) buy(ctx context.Context) error {
	f.s.Client = f.client()
	return f.token(ctx, &oauth.TokenRequest{
		Grant: f.s.Grant, ClientID: f.s.Client, Code: f.s.Code, TxCode: f.s.TxCode, RedirectURI: f.s.Redirect, Verifier: f.s.Verifier,
	})
}

// refresh exchanges the refresh token for another token, once.
func (f *flow) refresh(ctx context.Context) error {
	f.refreshed = true
	before := f.s.Stage
	err := f.token(ctx, &oauth.TokenRequest{Grant: oauth.GrantRefreshToken, ClientID: f.s.Client, RefreshToken: f.s.Refresh})
	if err != nil {
		return err
	}
	f.s.Stage = before
	return f.keep(ctx)
}

func (f *flow) token(ctx context.Context, request *oauth.TokenRequest) error {
	if f.site.server.TokenEndpoint == "" {
		return fmt.Errorf("%w: no token endpoint", ErrAnswer)
	}
	form, err := request.Form()
	if err != nil {
		return err
	}
	answer, err := f.post(ctx, f.site.server.TokenEndpoint, "", mediaForm, []byte(form.Encode()))
	if err != nil {
		return err
	}
	if err := succeeded(answer); err != nil {
		return err
	}
	t, err := oauth.ParseTokenResponse(answer.Body)
	if err != nil {
		return err
	}
	if !t.DPoP && len(f.site.server.DPoPAlgorithms) > 0 {
		return fmt.Errorf("%w: a token for its bearer, of a server that binds tokens to keys", ErrAnswer)
	}
	f.keepToken(t)
	return f.keep(ctx)
}

func (f *flow) keepToken(t *oauth.TokenResponse) {
	s := f.s
	s.Stage, s.Token, s.Bound, s.Expires = stageToken, t.AccessToken, t.DPoP, time.Time{}
	s.Code, s.TxCode, s.Verifier, s.State, s.Redirect = "", "", "", "", ""
	if t.Expires > 0 {
		s.Expires = f.c.cfg.Clock().UTC().Add(t.Expires)
	}
	if t.RefreshToken != "" {
		s.Refresh = t.RefreshToken
	}
	for _, d := range t.Details {
		if d.ConfigurationID == f.about.Configuration && len(d.Identifiers) > 0 {
			s.Identifier = d.Identifiers[0]
		}
	}
}

// authorized sends a request with the token, and once more where the token had to be
// refreshed.
func (f *flow) authorized(ctx context.Context, address, media string, body []byte) (*fetch.Response, error) {
	expired := !f.s.Expires.IsZero() && !f.c.cfg.Clock().Before(f.s.Expires)
	if expired && f.s.Refresh != "" && !f.refreshed {
		if err := f.refresh(ctx); err != nil {
			return nil, err
		}
	}
	answer, err := f.post(ctx, address, f.s.Token, media, body)
	if err != nil || !says(answer, oauth.InvalidToken) || f.s.Refresh == "" || f.refreshed {
		return answer, err
	}
	if err := f.refresh(ctx); err != nil {
		return nil, err
	}
	return f.post(ctx, address, f.s.Token, media, body)
}
