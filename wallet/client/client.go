package client

import (
	"context"
	"crypto"
	"crypto/x509"
	"fmt"
	"net/http"
	"time"

	"github.com/hufu-id/hufu/did"
	"github.com/hufu-id/hufu/internal/fetch"
	"github.com/hufu-id/hufu/openid"
	"github.com/hufu-id/hufu/wallet"
)

// Config has what New needs. Only Wallet is required.
type Config struct {
	Wallet *wallet.Wallet
	// ClientID is the name under which issuers know this wallet, for the authorisation code
	// flow. A wallet attestation brings its own.
	ClientID string
	// Copies is how many copies of a credential to ask for where the issuer offers a batch,
	// from 1 to wallet.MaxCopies; zero means 8.
	Copies int
	// Attest has the wallet's maker vouch for this wallet, to the authorization server of
	// that issuer alone: the client passes an attestation on to no other. Nil where nobody
	// vouches. It is called once an issuance.
	Attest func(ctx context.Context, server string) (*Attestation, error)
	// AttestKeys has the key store's maker vouch for holder keys (OpenID4VCI 1.0 appendix
	// D.1). Nil where nobody does: issuers that ask for it are then refused.
	AttestKeys func(ctx context.Context, r KeyRequest) (attestation string, err error)
	// MetadataKey finds and trusts the key of signed metadata (12.2.3), or refuses. With it
	// the client asks for signed metadata first. Nil takes plain metadata alone.
	MetadataKey func(ctx context.Context, header did.Header, site string) (crypto.PublicKey, error)
	// Loopback lets issuers be at localhost, 127.0.0.1 and [::1], over plain http too.
	Loopback bool
	// Hosts are names of the operator's own network, with their ports. Every other address
	// must be https and public.
	Hosts []string
	// Roots are the authorities of servers' certificates; nil means the system's.
	Roots *x509.CertPool
	// Clock is the device's; nil means time.Now.
	Clock func() time.Time
}

// An Attestation is the word of a wallet's maker, with the key that it names (HAIP 1.0
// section 4.4.1).
type Attestation struct {
	JWT string
	// Key is that of cnf.jwk, and ClientID its sub.
	Key      crypto.Signer
	ClientID string
}

// A KeyRequest says which keys to attest, to whom.
type KeyRequest struct {
	Site string // Credential Issuer Identifier
	// Nonce is the issuer's c_nonce; empty where it gives none out.
	Nonce    string
	Keys     []crypto.PublicKey
	Required openid.AttestationRequired
}

// defaultCopies is how many copies are asked for.
const defaultCopies = 8

// Client takes up offers for one wallet. It is safe for concurrent use.
type Client struct {
	cfg  Config
	http doer
}

// doer sends a request and reads the whole answer: a fetch.Client.
type doer interface {
	Do(r *http.Request, limit int64) (*fetch.Response, error)
}

// New makes a client. It makes no network request. The error is [ErrConfig].
func New(cfg Config) (*Client, error) {
	if cfg.Wallet == nil {
		return nil, fmt.Errorf("%w: no wallet", ErrConfig)
	}
	if cfg.Copies < 0 || cfg.Copies > wallet.MaxCopies {
		return nil, fmt.Errorf("%w: from 1 to %d copies", ErrConfig, wallet.MaxCopies)
	}
	if cfg.Copies == 0 {
		cfg.Copies = defaultCopies
	}
	if cfg.Clock == nil {
		cfg.Clock = time.Now
	}
	return &Client{cfg: cfg, http: fetch.New(fetch.Options{Hosts: cfg.Hosts, Loopback: cfg.Loopback, Roots: cfg.Roots})}, nil
}
