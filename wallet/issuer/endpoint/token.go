package endpoint

import (
	"errors"
	"fmt"
	"net/http"

	"github.com/hufu-id/hufu/internal/limits"
	"github.com/hufu-id/hufu/internal/strictjson"
	"github.com/hufu-id/hufu/openid/oauth"
	"github.com/hufu-id/hufu/vault"
	"github.com/hufu-id/hufu/wallet/issuer"
)

// token is the token endpoint (RFC 6749 section 3.2, OpenID4VCI 1.0 section 6).
func (s *Server) token(w http.ResponseWriter, r *http.Request) error {
	form, err := form(r)
	if err != nil {
		return err
	}
	t, err := oauth.ParseTokenRequest(form)
	if err != nil {
		return err
	}
	c, err := s.authenticate(r, t.ClientID)
	if err != nil {
		return err
	}
	key, uses, err := s.possession(r, pathToken, "")
	if err != nil {
		return err
	}
	if key == "" && s.cfg.HAIP {
		return noDPoP("A DPoP proof is required.", nil)
	}
	x := &exchange{s: s, r: r, t: t, c: c, key: key, uses: append(c.uses, uses...)}
	switch t.Grant {
	case oauth.GrantPreAuthorized:
		err = x.preAuthorized()
	case oauth.GrantAuthorizationCode:
		err = x.code()
	case oauth.GrantRefreshToken:
		err = x.refresh()
	default:
		err = oauth.ErrGrantType
	}
	if err != nil {
		return grantRefused(err)
	}
	body, err := x.response.Bytes()
	if err != nil {
		return err
	}
	w.Header().Set("DPoP-Nonce", s.newNonce(forDPoP))
	return answer(w, http.StatusOK, body)
}

// exchange is one request to the token endpoint.
type exchange struct {
	s        *Server
	r        *http.Request
	t        *oauth.TokenRequest
	c        *client
	key      string // thumbprint of the DPoP key
	uses     guard
	response *oauth.TokenResponse
}

// grantRefused gives what the desk refuses the code of the token endpoint.
func grantRefused(err error) error {
	for _, reason := range []error{
		issuer.ErrCode, issuer.ErrCodeUsed, issuer.ErrOfferExpired, issuer.ErrOtherWay, issuer.ErrOtherPerson, issuer.ErrHeld, issuer.ErrType, issuer.ErrIssue,
	} {
		var rejected *issuer.Rejected
		if errors.Is(err, reason) && errors.As(err, &rejected) {
			return no(oauth.InvalidGrant, rejected.Describe("en"), err)
		}
	}
	return err
}

// preAuthorized redeems the code of an offer (OpenID4VCI 1.0 section 6.1). Code, tokens and
// proofs are used up in one transaction.
func (x *exchange) preAuthorized() error {
	_, err := x.s.desk.Redeem(x.r.Context(), x.t.Code, x.t.TxCode, func(tx vault.Tx, g *issuer.Grant) (err error) {
		if err := x.fits(g.Type); err != nil {
			return err
		}
		if err := x.uses.run(tx); err != nil {
			return err
		}
		_, x.response, err = x.s.begin(tx, g, x.c, x.key, "", x.t.Details)
		return err
	})
	return err
}

// fits compares the authorization_details of a token request with what was granted.
func (x *exchange) fits(typ string) error {
	for _, d := range x.t.Details {
		if x.s.typeNamed(d.ConfigurationID) != typ {
			return no(oauth.InvalidAuthorizationDetails, "The code is for another credential configuration.", nil)
		}
	}
	return nil
}

// code exchanges an authorization code (RFC 6749 section 4.1.3).
func (x *exchange) code() error {
	id := name("code", x.t.Code)
	var code authorization
	err := x.s.of.Store.View(x.r.Context(), func(tx vault.Tx) error {
		there, err := x.s.shelf.get(tx, id, &code)
		if err == nil && !there {
			err = errNoCode
		}
		return err
	})
	if err != nil {
		return err
	}
	if code.Session != "" {
		return x.replayed(id)
	}
	if err := x.mine(&code); err != nil {
		return err
	}
	value, err := strictjson.Value(code.Claims, limits.Message)
	if err != nil {
		return fmt.Errorf("%w: %w", vault.ErrDamaged, err)
	}
	claims, _ := value.(map[string]any)
	_, err = x.s.desk.Grant(x.r.Context(), claims, issuer.OfferOptions{
		Type: code.Type, ExternalID: code.ExternalID, Replaces: code.Replaces, Deferred: code.Deferred,
	}, code.IssuerState, func(tx vault.Tx, g *issuer.Grant) (err error) {
		var now authorization
		switch there, err := x.s.shelf.get(tx, id, &now); {
		case err != nil:
			return err
		case !there || now.Session != "":
			return errNoCode // another request was faster
		}
		if err := x.uses.run(tx); err != nil {
			return err
		}
		if code.Session, x.response, err = x.s.begin(tx, g, x.c, x.key, code.Scope, code.Details); err != nil {
			return err
		}
		code.Claims = nil
		return x.s.shelf.put(tx, id, &code, code.Until)
	})
	return err
}

var errNoCode = no(oauth.InvalidGrant, "The authorization code is unknown, was used, or has expired.", nil)

// mine compares a code's binding with the request.
func (x *exchange) mine(code *authorization) error {
	switch {
	case code.Client != x.c.ID, code.Instance != x.c.Instance:
		return no(oauth.InvalidGrant, "The authorization code belongs to another wallet.", nil)
	case code.Key != "" && code.Key != x.key:
		return no(oauth.InvalidGrant, "The authorization code belongs to another DPoP key.", nil)
	case x.t.RedirectURI != "" && x.t.RedirectURI != code.RedirectURI:
		return no(oauth.InvalidGrant, "The redirect_uri is another than in the authorization request.", nil)
	}
	if err := oauth.CheckVerifier(x.t.Verifier, code.Challenge); err != nil {
		return no(oauth.InvalidGrant, "The code_verifier does not fit the code_challenge.", err)
	}
	return x.fits(code.Type)
}

// replayed ends the session of a code that comes a second time (RFC 6749 section 4.1.2):
// somebody else may have it.
func (x *exchange) replayed(id string) error {
	err := x.s.update(x.r.Context(), func(tx vault.Tx) error {
		var code authorization
		there, err := x.s.shelf.get(tx, id, &code)
		if err != nil || !there {
			return err
		}
		return x.s.shelf.drop(tx, sessionID(code.Session))
	})
	if err != nil {
		return err
	}
	return errNoCode
}

func (x *exchange) refresh() error {
	return x.s.update(x.r.Context(), func(tx vault.Tx) (err error) {
		if err := x.uses.run(tx); err != nil {
			return err
		}
		x.response, err = x.s.refresh(tx, x.t.RefreshToken, x.c, x.key)
		return err
	})
}
