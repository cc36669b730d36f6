package endpoint

import (
	"crypto/rand"
	"crypto/subtle"
	"errors"
	"net/http"
	"strings"
	"time"

	"github.com/hufu-id/hufu/openid/oauth"
	"github.com/hufu-id/hufu/vault"
	"github.com/hufu-id/hufu/wallet/issuer"
)

// session is what a grant is to one wallet: its tokens are of it.
type session struct {
	Grant string `json:"grant"` // of the desk
	Type  string `json:"type"`
	// Client, Instance and Key bind it: client_id, the attested key, and the DPoP key. An
	// empty one binds nothing.
	Client   string `json:"client,omitzero"`
	Instance string `json:"instance,omitzero"`
	Key      string `json:"key,omitzero"`
	Scope    string `json:"scope,omitzero"`
	// Named means that the token response named a credential identifier, which requests
	// then use in place of a configuration.
	Named bool `json:"named,omitzero"`
	// Refresh is the hash of the refresh token, and Before that of the one before, which
	// counts until the newer one is used: an answer may be lost.
	Refresh string    `json:"refresh"`
	Before  string    `json:"before,omitzero"`
	Until   time.Time `json:"until"`
}

type accessToken struct {
	Session string `json:"session"` // id
}

func sessionID(id string) string { return name("session", id) }

// identifier names the one credential that a grant of a type is for.
func identifier(typ string) string { return typ + "#1" }

// begin makes a session of a grant, with its first tokens.
func (s *Server) begin(tx vault.Tx, g *issuer.Grant, c *client, key, scope string, details []oauth.Detail) (id string, _ *oauth.TokenResponse, err error) {
	id = rand.Text()
	session := &session{
		Grant: g.ID, Type: g.Type, Client: c.ID, Instance: c.Instance, Key: key, Scope: scope, Named: len(details) > 0, Until: g.Expires,
	}
	response, err := s.give(tx, id, session)
	return id, response, err
}

// give makes new tokens of a session.
func (s *Server) give(tx vault.Tx, id string, session *session) (*oauth.TokenResponse, error) {
	refresh, access := id+"."+rand.Text(), rand.Text()+rand.Text()
	session.Refresh = name("refresh", refresh)
	holds := min(s.cfg.AccessTime, session.Until.Sub(s.now())).Truncate(time.Second)
	response := &oauth.TokenResponse{
		AccessToken: access, DPoP: session.Key != "", Expires: holds, RefreshToken: refresh, Scope: session.Scope,
	}
	if session.Named {
		response.Details = []oauth.Detail{{Type: oauth.DetailType, ConfigurationID: s.configurationOf(session.Type), Identifiers: []string{identifier(session.Type)}}}
	}
	return response, errors.Join(
		s.shelf.put(tx, sessionID(id), session, session.Until),
		s.shelf.put(tx, name("token", access), &accessToken{id}, s.now().Add(holds)),
	)
}

// refresh exchanges a refresh token (RFC 6749 section 6).
func (s *Server) refresh(tx vault.Tx, token string, c *client, key string) (*oauth.TokenResponse, error) {
	id, _, _ := strings.Cut(token, ".")
	session := new(session)
	there, err := s.shelf.get(tx, sessionID(id), session)
	if err != nil {
		return nil, err
	}
	if !there {
		return nil, errRefresh
	}
	hash := name("refresh", token)
	current, before := same(hash, session.Refresh), session.Before != "" && same(hash, session.Before)
	switch {
	case !current && !before:
		return nil, errRefresh
	case c.ID != session.Client && (c.ID != "" || session.Instance != ""), c.Instance != session.Instance, key != session.Key:
		return nil, no(oauth.InvalidGrant, "The refresh token belongs to another wallet or key.", nil)
	}
	if current {
		session.Before = session.Refresh
	}
	return s.give(tx, id, session)
}

// errRefresh: unknown, ended or replaced.
var errRefresh = no(oauth.InvalidGrant, "The refresh token is unknown, has ended, or was replaced.", nil)

func same(a, b string) bool { return subtle.ConstantTimeCompare([]byte(a), []byte(b)) == 1 }

// access finds the session of a request's access token, which stands in the Authorization
// header and nowhere else (RFC 9449 section 7, FAPI 2.0 section 5.3.4).
func (s *Server) access(r *http.Request, path string) (*session, guard, error) {
	values := r.Header.Values("Authorization")
	if len(values) == 0 {
		return nil, nil, &refusal{status: http.StatusUnauthorized, scheme: "DPoP", err: oauth.Error{Code: oauth.InvalidToken, Description: "An access token in the Authorization header is needed."}}
	}
	scheme, token, _ := strings.Cut(values[0], " ")
	bound := strings.EqualFold(scheme, "DPoP")
	if len(values) > 1 || token == "" || !bound && !strings.EqualFold(scheme, "Bearer") {
		return nil, nil, noToken(nil)
	}
	session := new(session)
	err := s.of.Store.View(r.Context(), func(tx vault.Tx) error {
		var at accessToken
		there, err := s.shelf.get(tx, name("token", token), &at)
		if there && err == nil {
			there, err = s.shelf.get(tx, sessionID(at.Session), session)
		}
		if err == nil && !there {
			err = noToken(nil)
		}
		return err
	})
	if err != nil {
		return nil, nil, err
	}
	if bound != (session.Key != "") {
		return nil, nil, noToken(nil)
	}
	if !bound {
		return session, nil, nil
	}
	thumbprint, uses, err := s.possession(r, path, token)
	if known := new(refusal); errors.As(err, &known) {
		known.status, known.scheme = http.StatusUnauthorized, "DPoP"
		return nil, nil, known
	}
	if err != nil {
		return nil, nil, err
	}
	if thumbprint != session.Key {
		return nil, nil, noToken(nil)
	}
	return session, uses, nil
}

func noToken(cause error) *refusal {
	return &refusal{status: http.StatusUnauthorized, scheme: "DPoP", cause: cause,
		err: oauth.Error{Code: oauth.InvalidToken, Description: "The access token is unknown, has ended, or belongs to another key."}}
}
