package endpoint

import (
	"crypto/rand"
	"errors"
	"net/http"
	"net/url"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/hufu-id/hufu/openid/oauth"
	"github.com/hufu-id/hufu/vault"
)

// An Authenticator finds out who the person at the browser is, and asks whether the wallet
// may have the credential. The program that embeds the server has one: a sign-in of its
// own, or of an identity provider.
type Authenticator interface {
	// SignIn is called for each request to the authorization endpoint. Either it writes a
	// page and returns nil and no error, and is called again for the request that the page
	// makes to ask.Action, by GET or POST; or it writes nothing and returns who the person
	// is. The error is ErrDenied where the person says no.
	SignIn(w http.ResponseWriter, r *http.Request, ask *Ask) (*SignedIn, error)
}

// ErrDenied means that the person does not want the wallet to have the credential.
var ErrDenied = errors.New("endpoint: the person said no")

// Ask is what a wallet asks a person for.
type Ask struct {
	// Type is the ID of the credential type.
	Type string
	// ClientID is the wallet's own name for itself; attested where Attested is true.
	ClientID string
	Attested bool
	// RedirectURI is where the browser goes afterwards.
	RedirectURI string
	// IssuerState is that of the offer, empty where there is none.
	IssuerState string
	// Action is the address, with its query, to which a page sends what the person enters.
	Action string
}

// SignedIn is who the person is.
type SignedIn struct {
	// Claims are the person's, as the schema of the type names them. With an issuer_state
	// they name the person, and the claims of the offer count.
	Claims map[string]any
	// Replaces, ExternalID and Deferred are as in issuer.OfferOptions. Without Replaces a
	// person who holds such a credential gets no other.
	Replaces   bool
	ExternalID string
	Deferred   bool
}

// authorization is a request that was pushed, and later the code that answers it.
type authorization struct {
	Client      string         `json:"client"`
	Instance    string         `json:"instance,omitzero"`
	Key         string         `json:"key,omitzero"` // thumbprint of the DPoP key
	RedirectURI string         `json:"redirect"`
	State       string         `json:"state,omitzero"`
	Challenge   string         `json:"challenge"`
	Type        string         `json:"type"`
	Scope       string         `json:"scope,omitzero"`
	Details     []oauth.Detail `json:"details,omitzero"`
	IssuerState string         `json:"issuerState,omitzero"`
	Until       time.Time      `json:"until"`

	// Of a code:
	Claims     jsontext.Value `json:"claims,omitzero"`
	Replaces   bool           `json:"replaces,omitzero"`
	ExternalID string         `json:"externalId,omitzero"`
	Deferred   bool           `json:"deferred,omitzero"`
	Session    string         `json:"session,omitzero"` // that it bought
}

const (
	pushedTime = 5 * time.Minute
	codeTime   = time.Minute
	// pushedPrefix begins a request_uri (RFC 9126 section 2.2).
	pushedPrefix = "urn:ietf:params:oauth:request_uri:"
)

// pushed is the pushed authorization request endpoint (RFC 9126 section 2).
func (s *Server) pushed(w http.ResponseWriter, r *http.Request) error {
	form, err := form(r)
	if err != nil {
		return err
	}
	if form.Has("request_uri") || form.Has("request") {
		return no(oauth.InvalidRequest, "A pushed request holds neither request_uri nor request.", nil)
	}
	ask, err := oauth.ParseAuthorizationRequest(form)
	if err != nil {
		return err
	}
	c, err := s.authenticate(r, ask.ClientID)
	if err != nil {
		return err
	}
	key, uses, err := s.possession(r, pathPushed, "")
	if err != nil {
		return err
	}
	if key != "" && ask.Thumbprint != "" && key != ask.Thumbprint {
		return noDPoP("dpop_jkt names another key than the DPoP proof.", nil)
	}
	if s.cfg.Redirects != nil && !s.cfg.Redirects(ask.ClientID, ask.RedirectURI) {
		return no(oauth.InvalidRequest, "The redirect_uri is not one of this wallet.", nil)
	}
	if ask.Resource != "" && ask.Resource != s.url {
		return no(oauth.InvalidRequest, "The resource is another issuer.", nil)
	}
	typ, err := s.wanted(ask.Scope, ask.Details)
	if err != nil {
		return err
	}
	a := &authorization{
		Client: ask.ClientID, Instance: c.Instance, Key: ask.Thumbprint, RedirectURI: ask.RedirectURI, State: ask.State,
		Challenge: ask.Challenge, Type: typ, Scope: ask.Scope, Details: ask.Details, IssuerState: ask.IssuerState,
		Until: s.now().Add(pushedTime).UTC(),
	}
	if a.Key == "" {
		a.Key = key
	}
	id := rand.Text()
	uses = append(c.uses, uses...)
	err = s.update(r.Context(), func(tx vault.Tx) error {
		return errors.Join(uses.run(tx), s.shelf.put(tx, name("pushed", id), a, a.Until))
	})
	if err != nil {
		return err
	}
	body, err := (&oauth.PushedResponse{RequestURI: pushedPrefix + id, Expires: pushedTime}).Bytes()
	if err != nil {
		return err
	}
	w.Header().Set("DPoP-Nonce", s.newNonce(forDPoP))
	return answer(w, http.StatusCreated, body)
}

// authorize is the authorization endpoint (RFC 6749 section 3.1): client_id and request_uri
// alone count (RFC 9126 section 4). The request is used up when the person has decided, so
// that a browser may load the page twice.
func (s *Server) authorize(w http.ResponseWriter, r *http.Request) error {
	query, err := url.ParseQuery(r.URL.RawQuery)
	if err != nil || len(query["client_id"]) != 1 || len(query["request_uri"]) != 1 {
		return no(oauth.InvalidRequest, "This address takes client_id and request_uri of a request that was pushed.", err)
	}
	id := name("pushed", trimPushed(query.Get("request_uri")))
	a := new(authorization)
	err = s.of.Store.View(r.Context(), func(tx vault.Tx) error {
		there, err := s.shelf.get(tx, id, a)
		if err == nil && (!there || a.Client != query.Get("client_id")) {
			err = errNoRequest
		}
		return err
	})
	if err != nil {
		return err
	}
	action := url.Values{"client_id": {a.Client}, "request_uri": {query.Get("request_uri")}}
	person, err := s.cfg.Authenticator.SignIn(w, r, &Ask{
		Type: a.Type, ClientID: a.Client, Attested: a.Instance != "", RedirectURI: a.RedirectURI, IssuerState: a.IssuerState,
		Action: s.path + pathAuthorize + "?" + action.Encode(),
	})
	if person == nil && err == nil {
		return nil // a page
	}
	if err != nil && !errors.Is(err, ErrDenied) {
		return err
	}
	return s.decided(w, r, id, a, person)
}

var errNoRequest = no(oauth.InvalidRequestURI, "The request_uri is unknown, was used, has expired, or belongs to another wallet.", nil)

func trimPushed(uri string) string {
	if len(uri) < len(pushedPrefix) || uri[:len(pushedPrefix)] != pushedPrefix {
		return ""
	}
	return uri[len(pushedPrefix):]
}

// decided sends the browser back with a code, or with the person's no.
func (s *Server) decided(w http.ResponseWriter, r *http.Request, id string, a *authorization, person *SignedIn) error {
	back := &oauth.AuthorizationResponse{State: a.State, Issuer: s.url}
	if person == nil {
		back.Err = &oauth.Error{Code: oauth.AccessDenied, Description: "The person said no."}
	} else {
		back.Code = rand.Text() + rand.Text()
	}
	err := s.update(r.Context(), func(tx vault.Tx) error {
		there, err := s.shelf.get(tx, id, new(authorization))
		if err != nil {
			return err
		}
		if !there {
			return errNoRequest // decided in another window
		}
		if err := s.shelf.drop(tx, id); err != nil || person == nil {
			return err
		}
		claims, err := json.Marshal(person.Claims, json.Deterministic(true))
		if err != nil {
			return err
		}
		code := *a
		code.Until = s.now().Add(codeTime).UTC()
		code.Claims, code.Replaces, code.ExternalID, code.Deferred = claims, person.Replaces, person.ExternalID, person.Deferred
		return s.shelf.put(tx, name("code", back.Code), &code, code.Until)
	})
	if err != nil {
		return err
	}
	to, err := back.URL(a.RedirectURI)
	if err != nil {
		return err
	}
	w.Header().Set("Location", to)
	w.WriteHeader(http.StatusSeeOther)
	return nil
}
