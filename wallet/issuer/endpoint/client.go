package endpoint

import (
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/hufu-id/hufu/did"
	"github.com/hufu-id/hufu/openid/oauth"
	"github.com/hufu-id/hufu/vault"
)

// client is who sends a request to the authorization server.
type client struct {
	// ID is the client_id; empty for a wallet that stays anonymous.
	ID string
	// Instance is the thumbprint of the key that the wallet's maker attests; empty for a
	// public client.
	Instance string
	uses     guard
}

// form reads the body of a request to the authorization server. Parameters in the address
// do not count.
func form(r *http.Request) (url.Values, error) {
	if err := r.ParseForm(); err != nil {
		var tooLarge *http.MaxBytesError
		if errors.As(err, &tooLarge) {
			return nil, err
		}
		return nil, no(oauth.InvalidRequest, "The body is not a form.", err)
	}
	return r.PostForm, nil
}

// authenticate finds out which client asks: one that its maker attests
// (draft-ietf-oauth-attestation-based-client-auth-07 section 6), or a public one.
func (s *Server) authenticate(r *http.Request, clientID string) (*client, error) {
	attestations, possessions := r.Header.Values(oauth.AttestationHeader), r.Header.Values(oauth.PossessionHeader)
	if s.cfg.WalletMaker == nil || len(attestations)+len(possessions) == 0 {
		if s.cfg.HAIP {
			return nil, noClient("This server takes attested wallets alone.", nil)
		}
		return &client{ID: clientID}, nil
	}
	if len(attestations) != 1 || len(possessions) != 1 {
		return nil, noClient("One wallet attestation goes with one proof of possession.", nil)
	}
	opts := oauth.VerifyOptions{Now: s.now()}
	a, err := oauth.ParseAttestation(attestations[0])
	if err != nil {
		return nil, noClient("The wallet attestation is malformed.", err)
	}
	maker, err := s.cfg.WalletMaker(r.Context(), a.Header, s.now())
	if err != nil {
		return nil, noClient("This server does not know who made the wallet attestation.", err)
	}
	if err := a.Verify(maker, opts); err != nil {
		return nil, noClient("The wallet attestation is not signed by its maker, or has expired.", err)
	}
	p, err := a.VerifyPossession(possessions[0], s.url, opts)
	if err != nil {
		return nil, noClient("The proof of possession is not signed by the attested key, or is for another server or time.", err)
	}
	if p.Challenge != "" && !s.isNonce(forChallenge, p.Challenge) {
		return nil, &refusal{status: http.StatusBadRequest, challenge: true,
			err: oauth.Error{Code: oauth.UseAttestationChallenge, Description: "The challenge of the proof of possession has expired, or is another server's."}}
	}
	if clientID != "" && clientID != a.ClientID {
		return nil, noClient("The client_id is not the sub of the wallet attestation.", nil)
	}
	instance, err := did.Thumbprint(a.Key)
	if err != nil {
		return nil, noClient("The attested key is not supported.", err)
	}
	return &client{ID: a.ClientID, Instance: instance, uses: guard{s.useOnce("pop", instance+" "+p.ID, noClient("The proof of possession was used before.", nil))}}, nil
}

func noClient(sentence string, cause error) *refusal {
	return &refusal{status: http.StatusUnauthorized, err: oauth.Error{Code: oauth.InvalidClientAttestation, Description: sentence}, cause: cause}
}

// proofAge is how long a signed proof counts, and is remembered.
const proofAge = nonceTime + 2*skew

// useOnce makes a step that uses a jti up.
func (s *Server) useOnce(kind, id string, refused *refusal) func(vault.Tx) error {
	return func(tx vault.Tx) error {
		err := s.shelf.once(tx, name(kind, id), s.now().Add(proofAge))
		if errors.Is(err, errUsed) {
			return refused
		}
		return err
	}
}

// possession checks the DPoP proof of a request (RFC 9449). token is empty at the
// authorization server. Without a proof the thumbprint is empty.
func (s *Server) possession(r *http.Request, path, token string) (thumbprint string, uses guard, err error) {
	proofs := r.Header.Values("DPoP")
	if len(proofs) == 0 {
		return "", nil, nil
	}
	if len(proofs) > 1 {
		return "", nil, noDPoP("A request has one DPoP proof.", nil)
	}
	p, err := oauth.VerifyDPoP(proofs[0], oauth.DPoPRequest{Method: r.Method, URI: s.url + path, Token: token}, oauth.VerifyOptions{Now: s.now()})
	if err != nil {
		return "", nil, noDPoP("The DPoP proof is malformed, not signed by its key, or for another request, token or time.", err)
	}
	if !s.isNonce(forDPoP, p.Nonce) {
		return "", nil, &refusal{status: http.StatusBadRequest, nonce: true,
			err: oauth.Error{Code: oauth.UseDPoPNonce, Description: "The DPoP proof needs the nonce of this server."}}
	}
	used := noDPoP("The DPoP proof was used before.", nil)
	if token != "" {
		used.status, used.scheme = http.StatusUnauthorized, "DPoP"
	}
	return p.Thumbprint, guard{s.useOnce("dpop", p.Thumbprint+" "+p.ID, used)}, nil
}

func noDPoP(sentence string, cause error) *refusal {
	r := no(oauth.InvalidDPoPProof, sentence, cause)
	r.nonce = true
	return r
}

// wanted finds the credential type that a scope or authorization_details ask for, empty
// where neither is there (OpenID4VCI 1.0 section 5.1).
func (s *Server) wanted(scope string, details []oauth.Detail) (typ string, err error) {
	var found []string
	for _, d := range details {
		if _, known := s.texts.metadata.Configurations[d.ConfigurationID]; !known {
			return "", no(oauth.InvalidAuthorizationDetails, "This issuer has no such credential configuration.", nil)
		}
		if len(d.Locations) > 0 && !slices.Contains(d.Locations, s.url) {
			return "", no(oauth.InvalidAuthorizationDetails, "The credential is of another issuer.", nil)
		}
		found = append(found, s.typeNamed(d.ConfigurationID))
	}
	for part := range strings.FieldsSeq(scope) {
		if id, known := s.texts.scopes[part]; known {
			found = append(found, id)
		}
	}
	slices.Sort(found)
	switch found = slices.Compact(found); {
	case len(found) == 1:
		return found[0], nil
	case len(found) == 0 && scope == "" && len(s.texts.scopes) == 1:
		return s.of.Types[0].ID(), nil
	case len(found) == 0:
		return "", no(oauth.InvalidScope, "This issuer has no credential of this scope.", nil)
	}
	return "", no(oauth.InvalidScope, "One authorization is for one kind of credential.", nil)
}
