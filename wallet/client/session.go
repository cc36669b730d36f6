package client

import (
	"context"
	"fmt"
	"time"

	"github.com/go-json-experiment/json"

	"github.com/hufu-id/hufu/internal/limits"
	"github.com/hufu-id/hufu/internal/strictjson"
	"github.com/hufu-id/hufu/openid/oauth"
	"github.com/hufu-id/hufu/vault"
	"github.com/hufu-id/hufu/wallet"
)

// A stage says what an issuance does next.
type stage string

const (
	stageSignIn   stage = "sign-in"  // the browser is at the issuer
	stageCode     stage = "code"     // buy a token with a code
	stageToken    stage = "token"    // make the credential request
	stageRequest  stage = "request"  // send it
	stageDeferred stage = "deferred" // ask whether the credential is ready
	stageAnswer   stage = "answer"   // check and store what came
	stageNotify   stage = "notify"   // tell the issuer that it is stored
)

// session is what the vault keeps of an issuance while it lasts.
type session struct {
	Stage  stage  `json:"stage"`
	Server string `json:"server"` // issuer of the authorization server
	Grant  string `json:"grant"`
	// Code and what goes with it, until it has bought a token.
	Code     string `json:"code,omitzero"`
	TxCode   string `json:"tx_code,omitzero"`
	Verifier string `json:"verifier,omitzero"`
	Redirect string `json:"redirect,omitzero"`
	State    string `json:"state,omitzero"`
	// Client is the client_id under which the token was bought; empty for none.
	Client string `json:"client,omitzero"`
	// Token, and whether the session key must sign for it.
	Token      string    `json:"token,omitzero"`
	Bound      bool      `json:"bound,omitzero"`
	Expires    time.Time `json:"expires,omitzero"`
	Refresh    string    `json:"refresh,omitzero"`
	Identifier string    `json:"identifier,omitzero"` // credential_identifier
	// Request is the credential request, sent again byte for byte until it is answered, and
	// Private the key to which the answer is encrypted.
	Request []byte `json:"request,omitzero"`
	Private []byte `json:"private,omitzero"`
	// Transaction names a deferred issuance, and After is when to ask again.
	Transaction string    `json:"transaction,omitzero"`
	After       time.Time `json:"after,omitzero"`
	// Answer has the credentials until they are stored.
	Answer       []string `json:"answer,omitzero"`
	Notification string   `json:"notification,omitzero"`
}

func (s *session) bytes() ([]byte, error) { return json.Marshal(s) }

func parseSession(data []byte) (*session, error) {
	s := new(session)
	if err := strictjson.Read(data, limits.Record, s); err != nil {
		return nil, fmt.Errorf("%w: stored session: %w", vault.ErrDamaged, err)
	}
	return s, nil
}

// flow is one issuance under way.
type flow struct {
	c     *Client
	id    string
	s     *session
	site  *site
	about *wallet.Offered
	key   vault.Key // of the session

	nonces    map[string]string // of DPoP, by origin
	attested  *Attestation
	challenge string // of the attestation
	// Each of them is done once: an issuer cannot keep a wallet asking.
	renonced, refreshed bool
}

// keep writes the session down.
func (f *flow) keep(ctx context.Context) error {
	data, err := f.s.bytes()
	if err != nil {
		return err
	}
	return f.c.cfg.Wallet.KeepSession(ctx, f.id, data)
}

// begin makes the keys of an issuance and writes it down. Nothing has been sent.
func (c *Client) begin(ctx context.Context, o *Offer, s *session, opts options) (*flow, error) {
	if o == nil || o.site == nil || o.Grant != s.Grant {
		return nil, fmt.Errorf("%w: the offer is taken up in another way", ErrUnsupported)
	}
	about, err := o.choose(opts.configuration)
	if err != nil {
		return nil, err
	}
	if err := c.able(o.site, about); err != nil {
		return nil, err
	}
	s.Server = o.site.server.Issuer
	data, err := s.bytes()
	if err != nil {
		return nil, err
	}
	copies := opts.copies
	if copies == 0 {
		copies = min(c.cfg.Copies, about.Copies)
	}
	issuance, err := c.cfg.Wallet.BeginIssuance(ctx, about, wallet.IssuanceOptions{Copies: copies, Identity: opts.identity, Session: data})
	if err != nil {
		return nil, err
	}
	return c.flow(ctx, issuance.ID, s, o.site, about)
}

type options struct {
	configuration, identity string
	copies                  int
}

func (c *Client) flow(ctx context.Context, id string, s *session, at *site, about *wallet.Offered) (*flow, error) {
	f := &flow{c: c, id: id, s: s, site: at, about: about, nonces: map[string]string{}}
	var err error
	if f.key, err = c.cfg.Wallet.SessionKey(ctx, id); err != nil {
		return nil, err
	}
	return f, f.attest(ctx)
}

// open goes on with an issuance. It reads the issuer's metadata again.
func (c *Client) open(ctx context.Context, id string) (*flow, error) {
	issuance, err := c.cfg.Wallet.Issuance(ctx, id)
	if err != nil {
		return nil, err
	}
	s, err := parseSession(issuance.Session)
	if err != nil {
		return nil, err
	}
	metadata, err := c.metadata(ctx, issuance.Site)
	if err != nil {
		return nil, err
	}
	server, err := c.serverMetadata(ctx, s.Server)
	if err != nil {
		return nil, err
	}
	about, err := c.cfg.Wallet.ResolveIssuer(ctx, metadata, issuance.Configuration)
	if err != nil {
		return nil, err
	}
	return c.flow(ctx, id, s, &site{metadata, server}, about)
}

// client is the client_id for the authorization server; empty where the wallet stays
// anonymous.
func (f *flow) client() string {
	switch {
	case f.attested != nil:
		return f.attested.ClientID
	case f.s.Grant == oauth.GrantPreAuthorized && (f.site.server.Anonymous || f.site.server.GrantTypes == nil):
		return ""
	}
	return f.c.cfg.ClientID
}
