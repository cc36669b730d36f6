package endpoint

import (
	"context"
	"crypto"
	"crypto/ed25519"
	_ "embed"
	"mime"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/go-json-experiment/json"

	"github.com/hufu-id/hufu/did"
	"github.com/hufu-id/hufu/openid"
	"github.com/hufu-id/hufu/openid/jwe"
	"github.com/hufu-id/hufu/openid/oauth"
	lists "github.com/hufu-id/hufu/status/endpoint"
	"github.com/hufu-id/hufu/wallet/issuer"
)

const serverName = oauth.ServerName

// documents are what the server says of itself. They stay the same while it runs.
type documents struct {
	metadata       *openid.IssuerMetadata
	issuer, server []byte
	scopes         map[string]string // configuration by scope

	mu     sync.Mutex
	signed []byte // issuer metadata, signed
	until  time.Time
}

// signedTime is how long signed metadata hold. They are signed anew at half of it.
const signedTime = 24 * time.Hour

var (
	proofAlgorithms = []string{did.ES256{}.Alg(), did.EdDSA{}.Alg()}
	contents        = []string{string(jwe.A128GCM), string(jwe.A256GCM)}
)

// describe writes the metadata (OpenID4VCI 1.0 section 12.2.4, RFC 8414 section 2).
func (s *Server) describe() error {
	m, err := s.issuerMetadata()
	if err != nil {
		return err
	}
	server := &oauth.ServerMetadata{
		Issuer: s.url, TokenEndpoint: s.url + pathToken,
		ResponseTypes: []string{"code"}, GrantTypes: []string{oauth.GrantPreAuthorized, oauth.GrantRefreshToken},
		DPoPAlgorithms: proofAlgorithms, DetailTypes: []string{oauth.DetailType}, Anonymous: !s.cfg.HAIP,
	}
	if !s.cfg.HAIP {
		server.AuthMethods = []string{oauth.AuthNone}
	}
	for scope := range s.texts.scopes {
		server.Scopes = append(server.Scopes, scope)
	}
	slices.Sort(server.Scopes)
	if s.lists != nil {
		server.StatusLists = lists.Aggregation(s.url + pathStatus)
	}
	if s.cfg.WalletMaker != nil {
		server.AuthMethods = append(server.AuthMethods, oauth.AuthAttestation)
		server.ChallengeEndpoint = s.url + pathChallenge
		server.AttestationAlgorithms, server.PossessionAlgorithms = proofAlgorithms, proofAlgorithms
	}
	if s.cfg.Authenticator != nil {
		server.GrantTypes = append(server.GrantTypes, oauth.GrantAuthorizationCode)
		server.AuthorizationEndpoint, server.PushedEndpoint, server.RequirePushed = s.url+pathAuthorize, s.url+pathPushed, true
		server.ResponseModes, server.CodeChallengeMethods, server.NamesIssuer = []string{"query"}, []string{"S256"}, true
	}
	s.texts.metadata = m
	if s.texts.issuer, err = m.Bytes(); err != nil {
		return err
	}
	s.texts.server, err = server.Bytes()
	return err
}

func (s *Server) issuerMetadata() (*openid.IssuerMetadata, error) {
	public, err := jwe.NewPublicKey(s.private.PublicKey())
	if err != nil {
		return nil, err
	}
	key, err := json.Marshal(public.JWK(), json.Deterministic(true))
	if err != nil {
		return nil, err
	}
	m := &openid.IssuerMetadata{
		Issuer: s.url, CredentialEndpoint: s.url + pathCredential, NonceEndpoint: s.url + pathNonce,
		DeferredEndpoint: s.url + pathDeferred, NotificationEndpoint: s.url + pathNotification,
		RequestEncryption: &openid.Encryption{
			Keys: &openid.KeySet{Keys: []jsontext.Value{key}}, Contents: contents, Compressions: []string{"DEF"}, Required: s.cfg.RequireEncryption,
		},
		ResponseEncryption: &openid.Encryption{
			Algorithms: []string{jwe.Alg}, Contents: contents, Compressions: []string{"DEF"}, Required: s.cfg.RequireEncryption,
		},
		Display: s.cfg.Display, DID: s.of.Keys.DID, Configurations: map[string]*openid.Configuration{},
	}
	if s.of.MaxBatch > 1 {
		m.Batch = &openid.Batch{Size: s.of.MaxBatch}
	}
	s.texts.scopes = map[string]string{}
	for i := range s.of.Types {
		t := &s.of.Types[i]
		name := t.Configuration()
		m.Configurations[name], s.texts.scopes[name] = s.configuration(t), t.ID()
	}
	return m, nil
}

func (s *Server) configuration(t *issuer.Type) *openid.Configuration {
	c := &openid.Configuration{
		Format: openid.FormatSDJWT, Scope: t.Configuration(), VCT: t.Schema.VCT,
		SigningAlgorithms: []string{algorithmOf(s.of.Keys.Key.Public())},
		Bindings:          []string{"jwk", "did:jwk", "did:key"},
		Proofs:            map[string]openid.ProofType{"jwt": {Algorithms: proofAlgorithms, Attestation: s.cfg.KeyAttestation}},
		Metadata:          &openid.CredentialMetadata{},
		Type:              &openid.LedgerType{Schema: t.Schema.ID, Version: t.Schema.Version, Region: t.Region},
	}
	if s.cfg.KeyMaker != nil {
		required := s.cfg.KeyAttestation
		if required == nil {
			required = &openid.AttestationRequired{}
		}
		c.Proofs["attestation"] = openid.ProofType{Algorithms: proofAlgorithms, Attestation: required}
	}
	for _, claim := range t.Schema.Claims {
		c.Metadata.Claims = append(c.Metadata.Claims, openid.ClaimLabels{Path: claim.Path, Display: []openid.Display{
			{Name: claim.Label.English, Locale: "en"}, {Name: claim.Label.Chinese, Locale: "zh-CN"},
		}})
	}
	return c
}

func algorithmOf(public crypto.PublicKey) string {
	if _, ok := public.(ed25519.PublicKey); ok {
		return did.EdDSA{}.Alg()
	}
	return did.ES256{}.Alg()
}

// serveIssuer answers with the metadata of the issuer, signed where the wallet prefers that
// (OpenID4VCI 1.0 section 12.2.2).
func (s *Server) serveIssuer(w http.ResponseWriter, r *http.Request) error {
	w.Header().Set("Vary", "Accept")
	if !prefersJWT(r.Header.Values("Accept")) {
		return answer(w, http.StatusOK, s.texts.issuer)
	}
	signed, err := s.signedMetadata(r.Context())
	if err != nil {
		return err
	}
	return write(w, http.StatusOK, "application/jwt", signed)
}

func (s *Server) signedMetadata(ctx context.Context) ([]byte, error) {
	s.texts.mu.Lock()
	defer s.texts.mu.Unlock()
	now := s.now()
	if s.texts.until.Sub(now) < signedTime/2 {
		header := did.Header{Kid: s.of.Keys.KeyID, X5C: s.of.Chain}
		text, err := openid.SignIssuerMetadata(ctx, s.of.Keys.Key, header, s.texts.metadata, now, now.Add(signedTime))
		if err != nil {
			return nil, err
		}
		s.texts.signed, s.texts.until = []byte(text), now.Add(signedTime)
	}
	return s.texts.signed, nil
}

// prefersJWT reports whether application/jwt is named, and not after application/json.
func prefersJWT(accept []string) bool {
	for part := range strings.SplitSeq(strings.Join(accept, ","), ",") {
		kind, _, err := mime.ParseMediaType(strings.TrimSpace(part))
		switch {
		case err != nil:
		case kind == "application/jwt":
			return true
		case kind == "application/json":
			return false
		}
	}
	return false
}

func (s *Server) serveServer(w http.ResponseWriter, r *http.Request) error {
	return answer(w, http.StatusOK, s.texts.server)
}

//go:embed openapi.json
var openAPI []byte

func (s *Server) serveOpenAPI(w http.ResponseWriter, r *http.Request) error {
	return answer(w, http.StatusOK, openAPI)
}

func write(w http.ResponseWriter, status int, kind string, body []byte) error {
	w.Header().Set("Content-Type", kind)
	w.WriteHeader(status)
	if _, err := w.Write(body); err != nil {
		return errGone
	}
	return nil
}
