package endpoint

import (
	"crypto/rand"
	"crypto/subtle"
	"net/http"
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/hufu-id/hufu/internal/limits"
	"github.com/hufu-id/hufu/internal/strictjson"
	"github.com/hufu-id/hufu/openid"
	"github.com/hufu-id/hufu/openid/oauth"
	"github.com/hufu-id/hufu/vault"
	"github.com/hufu-id/hufu/wallet/issuer"
)

// admin lets those in who have the admin token.
func (s *Server) admin(h func(http.ResponseWriter, *http.Request) error) func(http.ResponseWriter, *http.Request) error {
	return func(w http.ResponseWriter, r *http.Request) error {
		scheme, token, _ := strings.Cut(r.Header.Get("Authorization"), " ")
		if !strings.EqualFold(scheme, "Bearer") || subtle.ConstantTimeCompare([]byte(token), []byte(s.cfg.AdminToken)) != 1 {
			return &refusal{status: http.StatusUnauthorized, scheme: "Bearer", err: oauth.Error{Code: oauth.InvalidToken, Description: "The admin token is needed."}}
		}
		return h(w, r)
	}
}

// offerRequest is the body of POST /admin/offers.
type offerRequest struct {
	Configuration string `json:"credential_configuration_id"`
	// Claims are read by the desk's own reader of numbers.
	Claims jsontext.Value `json:"claims"`
	// TxCode is true for a code of six digits that the desk draws, or the code itself.
	TxCode jsontext.Value `json:"tx_code,omitzero"`
	// Grant is pre-authorized_code, the default, or authorization_code.
	Grant       string `json:"grant,omitzero"`
	ByReference bool   `json:"by_reference,omitzero"`
	Deferred    bool   `json:"deferred,omitzero"`
	Replaces    bool   `json:"replaces,omitzero"`
	ExternalID  string `json:"external_id,omitzero"`
}

type offerAnswer struct {
	Offer  string `json:"offer"`
	ID     string `json:"id"`
	TxCode string `json:"tx_code,omitzero"`
}

const drawnDigits = 6

// typeNamed is the type that a configuration or an ID names; name itself where none does.
func (s *Server) typeNamed(name string) string {
	for i := range s.of.Types {
		if t := &s.of.Types[i]; t.Configuration() == name {
			return t.ID()
		}
	}
	return name
}

// configurationOf names the configuration of a type of this desk.
func (s *Server) configurationOf(id string) string {
	for i := range s.of.Types {
		if t := &s.of.Types[i]; t.ID() == id {
			return t.Configuration()
		}
	}
	return id
}

// options are those of the desk. It refuses what it does not know.
func (o *offerRequest) options() (opts issuer.OfferOptions, err error) {
	opts = issuer.OfferOptions{Type: o.Configuration, Deferred: o.Deferred, Replaces: o.Replaces, ExternalID: o.ExternalID}
	switch o.Grant {
	case "", "pre-authorized_code", oauth.GrantPreAuthorized:
	case oauth.GrantAuthorizationCode:
		opts.SignIn = true
	default:
		return opts, no(oauth.InvalidRequest, "grant is pre-authorized_code or authorization_code.", nil)
	}
	switch o.TxCode.Kind() {
	case 0, 'n', 'f':
	case 't':
		opts.TxDigits = drawnDigits
	case '"':
		err = json.Unmarshal(o.TxCode, &opts.TxCode)
	default:
		err = no(oauth.InvalidRequest, "tx_code is true, or a text of digits.", nil)
	}
	return opts, err
}

// adminOffer makes an offer.
func (s *Server) adminOffer(w http.ResponseWriter, r *http.Request) error {
	body, err := read(r)
	if err != nil {
		return err
	}
	var request offerRequest
	if err := strictjson.Read(body, limits.Message, &request); err != nil {
		return no(oauth.InvalidRequest, "The body is not the JSON of an offer.", err)
	}
	value, err := strictjson.Value(request.Claims, limits.Message)
	claims, isObject := value.(map[string]any)
	if err != nil || !isObject {
		return no(oauth.InvalidRequest, "claims is a JSON object.", err)
	}
	opts, err := request.options()
	if err != nil {
		return err
	}
	opts.Type = s.typeNamed(opts.Type)
	if opts.SignIn && s.cfg.Authenticator == nil {
		return no(oauth.InvalidRequest, "This server has no sign-in.", nil)
	}
	offer, err := s.desk.Offer(r.Context(), claims, opts)
	if err != nil {
		return err
	}
	link, err := s.link(r, offer, request.ByReference)
	if err != nil {
		return err
	}
	text, err := json.Marshal(&offerAnswer{link, offer.ID, offer.TxCode})
	if err != nil {
		return err
	}
	return answer(w, http.StatusCreated, text)
}

// link makes the link that a person gets.
func (s *Server) link(r *http.Request, offer *issuer.Offer, byReference bool) (string, error) {
	parsed, err := openid.ParseCredentialOffer(offer.Offer)
	if err != nil {
		return "", err
	}
	if !byReference {
		return parsed.URI()
	}
	id := rand.Text()
	err = s.update(r.Context(), func(tx vault.Tx) error {
		return s.shelf.put(tx, name("offer", id), jsontext.Value(offer.Offer), s.now().AddDate(0, 0, s.of.OfferDays))
	})
	if err != nil {
		return "", err
	}
	return openid.OfferReferenceURI(s.url + pathOffers + id)
}

// serveOffer answers with an offer that its link refers to (OpenID4VCI 1.0 section 4.1.3).
func (s *Server) serveOffer(w http.ResponseWriter, r *http.Request) error {
	var offer jsontext.Value
	err := s.of.Store.View(r.Context(), func(tx vault.Tx) error {
		there, err := s.shelf.get(tx, name("offer", r.PathValue("id")), &offer)
		if err == nil && !there {
			err = errNotFound
		}
		return err
	})
	if err != nil {
		return err
	}
	return answer(w, http.StatusOK, offer)
}

func (s *Server) adminApprove(w http.ResponseWriter, r *http.Request) error {
	return done(w, s.desk.Approve(r.Context(), r.PathValue("id")))
}

func (s *Server) adminRefuse(w http.ResponseWriter, r *http.Request) error {
	return done(w, s.desk.Refuse(r.Context(), r.PathValue("id")))
}

// adminRevoke revokes every copy that was issued under an offer.
func (s *Server) adminRevoke(w http.ResponseWriter, r *http.Request) error {
	return done(w, s.desk.RevokeID(r.Context(), r.PathValue("id")))
}

func done(w http.ResponseWriter, err error) error {
	if err != nil {
		return err
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}
