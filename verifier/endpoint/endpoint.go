package endpoint

import (
	"cmp"
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"crypto/tls"
	_ "embed"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"strings"

	"github.com/hufu-id/hufu/internal/httpserve"
	"github.com/hufu-id/hufu/openid"
	"github.com/hufu-id/hufu/verifier"
)

// ErrConfig means that something in a Config is missing or cannot be right.
var ErrConfig = errors.New("endpoint: incomplete configuration")

// Config has what New needs. Verifier, Base and Token are required.
type Config struct {
	Verifier *verifier.Verifier
	// Base is the address at which wallets reach the handler, without a slash at its end:
	// https, or http to a loopback address.
	Base string
	// Token is the bearer token of /api, at least 22 characters, 128 bits in base64url.
	Token string
	// Client is how the counter is known where a request does not say; empty means by its
	// DID.
	Client openid.ClientPrefix
	// Address says from which address a request comes, behind a proxy; nil means the
	// connection's.
	Address func(*http.Request) netip.Addr
	// PerMinute and Places bound the load: see internal/httpserve. Zero means 600 requests
	// a minute from one address, and 256 at a time.
	PerMinute, Places int
	// Logger gets a line for each panic, without what it said; nil for none.
	Logger *slog.Logger
}

// minToken is the length of 128 bits in base64url.
const minToken = 22

func (c *Config) check() error {
	switch {
	case c.Verifier == nil:
		return fmt.Errorf("%w: no verifier", ErrConfig)
	case openid.CheckResponseURI(c.Base) != nil || strings.HasSuffix(c.Base, "/") || strings.Contains(c.Base, "?"):
		return fmt.Errorf("%w: the base is an https address without a slash at its end, or http to a loopback address", ErrConfig)
	case len(c.Token) < minToken:
		return fmt.Errorf("%w: a bearer token of less than %d characters is guessed", ErrConfig, minToken)
	}
	return nil
}

type handler struct {
	cfg   Config
	token [sha256.Size]byte
}

//go:embed openapi.json
var description []byte

// paths of the protocol, to which pages of every origin may post.
var public = []string{"/request/{id}", "/response"}

// New makes the handler. The error is [ErrConfig].
func New(cfg Config) (http.Handler, error) {
	if err := cfg.check(); err != nil {
		return nil, err
	}
	h := &handler{cfg: cfg, token: sha256.Sum256([]byte(cfg.Token))}
	mux := http.NewServeMux()
	mux.HandleFunc("POST /api/requests", h.admin(h.ask))
	mux.HandleFunc("GET /api/requests/{id}", h.admin(h.outcome))
	mux.HandleFunc("POST /api/requests/{id}/redeem", h.admin(h.redeem))
	mux.HandleFunc("GET /request/{id}", h.object)
	mux.HandleFunc("POST /request/{id}", h.objectWithNonce)
	mux.HandleFunc("POST /response", h.answer)
	mux.HandleFunc("GET /openapi.json", func(w http.ResponseWriter, _ *http.Request) { write(w, http.StatusOK, description) })
	return httpserve.Protect(mux, httpserve.Options{
		Public: public, PerMinute: cfg.PerMinute, Places: cfg.Places, Address: cfg.Address, Logger: cfg.Logger,
	}), nil
}

// Serve serves a handler, such as New's, until ctx ends or the listener fails: 2 s for a
// request's header, 5 s for its body, 10 s for the answer, 15 s idle. config has the
// certificates; nil means plain HTTP, as behind a proxy or on loopback. The end of ctx is
// not an error.
func Serve(ctx context.Context, listener net.Listener, handler http.Handler, config *tls.Config) error {
	return httpserve.Serve(ctx, listener, handler, httpserve.ServeOptions{TLS: config})
}

// admin lets bearers of the token in.
func (h *handler) admin(next http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		scheme, token, _ := strings.Cut(r.Header.Get("Authorization"), " ")
		given := sha256.Sum256([]byte(token))
		if !strings.EqualFold(scheme, "Bearer") || subtle.ConstantTimeCompare(given[:], h.token[:]) != 1 {
			w.Header().Set("WWW-Authenticate", "Bearer")
			h.refuse(w, r, http.StatusUnauthorized, refusal{Error: "invalid_token", Description: "The bearer token is missing or wrong."}, nil)
			return
		}
		next(w, r)
	}
}

// client is how the counter is known in a request.
func (h *handler) client(asked openid.ClientPrefix) openid.ClientPrefix {
	return cmp.Or(asked, h.cfg.Client)
}
