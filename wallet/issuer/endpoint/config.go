package endpoint

import (
	"cmp"
	"context"
	"crypto"
	"crypto/ecdh"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/netip"
	"net/url"
	"time"

	"github.com/hufu-id/hufu/certpath"
	"github.com/hufu-id/hufu/did"
	"github.com/hufu-id/hufu/internal/httpserve"
	"github.com/hufu-id/hufu/openid"
	"github.com/hufu-id/hufu/publish"
	"github.com/hufu-id/hufu/vault"
	"github.com/hufu-id/hufu/wallet/issuer"
)

// ErrConfig means that a server lacks something that it cannot do without.
var ErrConfig = errors.New("endpoint: incomplete configuration")

// A Maker finds the key of who vouches for a wallet or for its keys, named by the header of
// an attestation, as of a time.
type Maker func(ctx context.Context, header did.Header, at time.Time) (crypto.PublicKey, error)

// Certified is a Maker that takes who has a certificate of these anchors in x5c (HAIP 1.0
// sections 4.4.1 and 4.5.1).
func Certified(anchors *certpath.Anchors) Maker {
	return func(ctx context.Context, header did.Header, at time.Time) (crypto.PublicKey, error) {
		path, err := anchors.Verify(ctx, header.X5C, certpath.Options{Now: at, Usages: certpath.IssuerUsages()})
		if err != nil {
			return nil, err
		}
		return path.Key, nil
	}
}

// Pinned is a Maker that takes one key, whatever the header says.
func Pinned(key crypto.PublicKey) Maker {
	return func(context.Context, did.Header, time.Time) (crypto.PublicKey, error) { return key, nil }
}

// Config is what a server is made from. Desk is required, and it has a URL.
type Config struct {
	Desk *issuer.Desk
	// Authenticator signs people in, for the authorization code flow; nil offers the flow
	// with a pre-authorised code alone.
	Authenticator Authenticator
	// WalletMaker finds the key of a wallet attestation; nil ignores attestations, and takes
	// public clients.
	WalletMaker Maker
	// KeyMaker finds the key of a key attestation; nil asks for none. KeyAttestation says
	// what one must claim: nil takes keys without one, too.
	KeyMaker       Maker
	KeyAttestation *openid.AttestationRequired
	// Redirects says whether a browser may be sent to an address with the code of a wallet,
	// named by its client_id; nil takes every address that is https or of an app. Whoever
	// names an address of his own, and has a person sign in, gets that person's credential.
	Redirects func(clientID, address string) bool
	// HAIP serves after HAIP 1.0 alone: wallets are attested, tokens belong to a key, and
	// credentials and status lists carry certificates. It needs Authenticator, WalletMaker
	// and the desk's Chain.
	HAIP bool
	// RequireEncryption refuses to answer in clear.
	RequireEncryption bool
	// AdminToken is the bearer token of the admin API, at least 32 bytes; empty for none.
	AdminToken string
	// Lists has the status lists that the desk published; nil means the desk's Public.
	Lists publish.Source
	// Display names the issuer, one a language.
	Display []openid.Display
	// AccessTime is how long an access token holds; zero means an hour, at most a day. A
	// refresh token holds as long as the offer.
	AccessTime time.Duration
	// PerMinute, Places and Address are as in a guarded server: requests of one address in a
	// minute (zero means 600), requests at a time (zero means 256), and where a request
	// comes from (nil means the connection's).
	PerMinute, Places int
	Address           func(*http.Request) netip.Addr
	// Logger gets a line for each panic, without what it said; nil for none. What the desk
	// does goes to the desk's own hooks.
	Logger *slog.Logger
}

// Server is the desk over HTTP. It is an http.Handler for the whole origin of the desk's
// URL: metadata stand at the origin's root, the rest below the URL's path.
type Server struct {
	cfg     Config
	desk    *issuer.Desk
	of      issuer.Config
	url     string // Credential Issuer Identifier, and that of the authorization server
	path    string // of url, without last slash
	shelf   shelf
	secret  []byte           // makes nonces
	private *ecdh.PrivateKey // decrypts requests
	texts   documents
	lists   http.Handler // status lists, nil for none
	handler http.Handler
}

// New opens a server over a desk's store, and makes its keys there at the first time. The
// error is ErrConfig, or one of the store.
func New(ctx context.Context, cfg Config) (*Server, error) {
	if cfg.Desk == nil {
		return nil, fmt.Errorf("%w: no desk", ErrConfig)
	}
	s := &Server{cfg: cfg, desk: cfg.Desk, of: cfg.Desk.Config()}
	s.url = s.of.URL
	if err := s.check(); err != nil {
		return nil, err
	}
	s.cfg.AccessTime = cmp.Or(cfg.AccessTime, time.Hour)
	if s.cfg.Lists == nil {
		s.cfg.Lists = s.of.Public
	}
	s.shelf = shelf{store: s.of.Store, clock: s.of.Clock}
	if err := s.openKeys(ctx); err != nil {
		return nil, err
	}
	if err := s.openLists(); err != nil {
		return nil, err
	}
	if err := s.describe(); err != nil {
		return nil, err
	}
	s.handler = httpserve.Protect(s.routes(), httpserve.Options{
		Public: s.open(), PerMinute: cfg.PerMinute, Places: cfg.Places, Address: cfg.Address, Logger: cfg.Logger, Clock: s.of.Clock,
		Policy: "default-src 'none'; frame-ancestors 'none'; base-uri 'none'",
	})
	return s, nil
}

func (s *Server) check() error {
	u, err := url.Parse(s.url)
	switch {
	case err != nil || s.url == "":
		return fmt.Errorf("%w: the desk has no URL", ErrConfig)
	case s.cfg.AdminToken != "" && len(s.cfg.AdminToken) < 32:
		return fmt.Errorf("%w: the admin token is shorter than 32 bytes", ErrConfig)
	case s.cfg.AccessTime < 0 || s.cfg.AccessTime > 24*time.Hour:
		return fmt.Errorf("%w: an access token holds a day at most", ErrConfig)
	case s.cfg.KeyAttestation != nil && s.cfg.KeyMaker == nil:
		return fmt.Errorf("%w: key attestations are required, and nobody's are taken", ErrConfig)
	case s.cfg.HAIP && (s.cfg.Authenticator == nil || s.cfg.WalletMaker == nil || len(s.of.Chain) == 0):
		return fmt.Errorf("%w: HAIP needs a sign-in, wallet attestations and the desk's certificates", ErrConfig)
	}
	s.path = u.EscapedPath()
	return nil
}

// ServeHTTP implements http.Handler.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) { s.handler.ServeHTTP(w, r) }

// Paths of the endpoints, below the path of the URL.
const (
	pathPushed       = "/par"
	pathAuthorize    = "/authorize"
	pathToken        = "/token"
	pathChallenge    = "/challenge"
	pathNonce        = "/nonce"
	pathCredential   = "/credential"
	pathDeferred     = "/deferred"
	pathNotification = "/notification"
	pathOffers       = "/offers/"
	pathStatus       = "/status/"
	pathAdmin        = "/admin/"
)

// protocol are the endpoints that read no cookie: a page of any origin may post there.
var protocol = []string{pathPushed, pathToken, pathChallenge, pathNonce, pathCredential, pathDeferred, pathNotification}

func (s *Server) open() (patterns []string) {
	for _, path := range protocol {
		patterns = append(patterns, s.path+path)
	}
	return append(patterns, s.path+pathAdmin)
}

func (s *Server) routes() http.Handler {
	mux := http.NewServeMux()
	handle := func(method, path string, h func(http.ResponseWriter, *http.Request) error) {
		mux.HandleFunc(method+" "+path, func(w http.ResponseWriter, r *http.Request) {
			s.shelf.sweep(r.Context())
			if err := h(w, r); err != nil {
				s.refuse(w, r, err)
			}
		})
	}
	handle("GET", "/.well-known/"+openid.IssuerName+s.path, s.serveIssuer)
	handle("GET", "/.well-known/"+serverName+s.path, s.serveServer)
	handle("GET", s.path+"/openapi.json", s.serveOpenAPI)
	handle("GET", s.path+pathOffers+"{id}", s.serveOffer)
	if s.lists != nil {
		handle("GET", s.path+pathStatus+"{list...}", s.serveStatus)
	}
	handle("POST", s.path+pathToken, s.token)
	handle("POST", s.path+pathNonce, s.nonce)
	handle("POST", s.path+pathCredential, s.credential)
	handle("POST", s.path+pathDeferred, s.deferred)
	handle("POST", s.path+pathNotification, s.notification)
	if s.cfg.WalletMaker != nil {
		handle("POST", s.path+pathChallenge, s.challenge)
	}
	if s.cfg.Authenticator != nil {
		handle("POST", s.path+pathPushed, s.pushed)
		handle("GET", s.path+pathAuthorize, s.authorize)
		handle("POST", s.path+pathAuthorize, s.authorize)
	}
	if s.cfg.AdminToken != "" {
		handle("POST", s.path+pathAdmin+"offers", s.admin(s.adminOffer))
		handle("POST", s.path+pathAdmin+"offers/{id}/approve", s.admin(s.adminApprove))
		handle("POST", s.path+pathAdmin+"offers/{id}/refuse", s.admin(s.adminRefuse))
		handle("POST", s.path+pathAdmin+"credentials/{id}/revoke", s.admin(s.adminRevoke))
	}
	return mux
}

// update runs one transaction of the desk's store.
func (s *Server) update(ctx context.Context, fn func(vault.Tx) error) error {
	return s.of.Store.Update(ctx, fn)
}

func (s *Server) now() time.Time { return s.of.Clock() }
