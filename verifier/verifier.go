package verifier

import (
	"context"
	"crypto"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"time"

	"github.com/hufu-id/hufu/credential"
	"github.com/hufu-id/hufu/did"
	"github.com/hufu-id/hufu/internal/limits"
	"github.com/hufu-id/hufu/ledger"
	"github.com/hufu-id/hufu/openid"
	"github.com/hufu-id/hufu/provenance"
	"github.com/hufu-id/hufu/publish"
	"github.com/hufu-id/hufu/verdict"
	"github.com/hufu-id/hufu/zkp"
)

// Identity is the DID and key with which requests are signed.
type Identity struct {
	DID   string
	KeyID string // DID URL of the key
	Key   crypto.Signer
}

// Config has what New needs. Identity, Ledger, Policies, Store and
// Public are required.
type Config struct {
	Identity Identity
	// Certificate lets the counter ask wallets that do not know its DID; nil for none.
	Certificate *Certificate
	// Ledger reads the ledger and owns the trust file.
	Ledger *ledger.Client
	// Policies say what this counter asks. RequestOptions.Policy names one by its id.
	// Verify judges an answer by the policy under which it was asked, also if that one
	// is no longer listed.
	Policies []*Policy
	Store    Store
	// Public has the ledger's public files: schemas, verifying keys, status lists. Each
	// counts only where the ledger names its hash. They are read again for each answer,
	// verifying keys once: a source that is far away belongs in a publish.Cached.
	Public publish.Source
	// Sources vouch for issuers that are on no ledger: X.509 authorities, pinned keys. A
	// policy names those that it takes by their names here; one that names none takes
	// none.
	Sources map[string]provenance.Source
	// Types is the type metadata of credentials of Sources, nil for none; Lists fetches
	// their status lists. See provenance.Options.
	Types *credential.Types
	Lists provenance.StatusLists
	// Reuse is how long the counter goes on with a checkpoint before it asks whether
	// there is a newer one: a revocation is seen that much later, and an answer costs
	// little more than its signatures or proofs. Zero asks for each answer. See
	// ledger.ResolveOptions.
	Reuse time.Duration
	// Clock is the counter's; nil means time.Now.
	Clock func() time.Time
	// Logger gets a line for each call and Observer an event, without personal data;
	// nil for none. See verdict.Watch.
	Logger   *slog.Logger
	Observer func(context.Context, verdict.Event)
	// Lifetime of a request; zero means ten minutes, at most seven days.
	Lifetime time.Duration
	// ResponseURI is the address to which a wallet posts its answer, https or http to
	// a loopback address. A counter that takes files or QR codes leaves it empty; the
	// request then names an address that resolves nowhere.
	ResponseURI string
	// AllowSinglePartySetupUnsafe accepts zero-knowledge keys that one machine
	// made. Whoever kept its randomness can prove anything.
	AllowSinglePartySetupUnsafe bool
}

// maxReuse bounds Config.Reuse: whoever is revoked is not let in for longer.
const maxReuse = 10 * time.Minute

// maxLifetime bounds the lifetime of a request.
const maxLifetime = 7 * 24 * time.Hour

// check returns ErrConfig for what no ledger could put right.
func (c *Config) check() error {
	switch {
	case c.Ledger == nil:
		return fmt.Errorf("%w: no ledger", ErrConfig)
	case c.Store == nil:
		return fmt.Errorf("%w: no store", ErrConfig)
	case c.Public == nil:
		return fmt.Errorf("%w: no public files", ErrConfig)
	case c.Reuse < 0 || c.Reuse > maxReuse:
		return fmt.Errorf("%w: a checkpoint is used for at most %s without asking", ErrConfig, maxReuse)
	case c.Lifetime < 0 || c.Lifetime > maxLifetime:
		return fmt.Errorf("%w: a request lives at most %s", ErrConfig, maxLifetime)
	}
	if err := c.Identity.check(); err != nil {
		return err
	}
	if err := c.Certificate.check(); err != nil {
		return err
	}
	if err := checkResponseURI(c.ResponseURI); err != nil {
		return err
	}
	if err := checkPolicies(c.Policies); err != nil {
		return err
	}
	for _, p := range c.Policies {
		if err := c.checkSources(p); err != nil {
			return err
		}
	}
	return nil
}

func (i *Identity) check() error {
	if i.Key == nil {
		return fmt.Errorf("%w: no signature key", ErrConfig)
	}
	if ledger.CheckDID(i.DID) != nil {
		return fmt.Errorf("%w: the identity is not a did:hufu", ErrConfig)
	}
	if _, _, err := did.ParseURL(i.KeyID); err != nil || !strings.HasPrefix(i.KeyID, i.DID+"#") {
		return fmt.Errorf("%w: the key id is not a DID URL of the identity", ErrConfig)
	}
	return nil
}

func checkResponseURI(text string) error {
	if text == "" {
		return nil
	}
	if err := openid.CheckResponseURI(text); err != nil {
		return fmt.Errorf("%w: %w", ErrConfig, err)
	}
	return nil
}

func checkPolicies(policies []*Policy) error {
	if len(policies) == 0 {
		return fmt.Errorf("%w: no policy", ErrConfig)
	}
	seen := map[string]bool{}
	for _, p := range policies {
		if p == nil || p.Query == nil {
			return fmt.Errorf("%w: a policy that says nothing", ErrConfig)
		}
		if seen[p.ID] {
			return fmt.Errorf("%w: two policies with one id", ErrConfig)
		}
		seen[p.ID] = true
	}
	return nil
}

// Verifier is one counter. It is safe for concurrent use, also by several processes
// over one durable store.
type Verifier struct {
	cfg   Config
	store Store
	watch verdict.Watch
	// Schemas that were fetched.
	schemas schemaCache
	// Asked questions, ready to be held against an answer.
	questions questionCache
	policies  policyCache
	attested  attestations
	keyring   *publish.Keyring
}

// ErrConfig means that something in a Config is missing or cannot be right.
var ErrConfig = errors.New("verifier: incomplete configuration")

// noResponseURI resolves nowhere.
const noResponseURI = "https://counter.invalid/answer"

// New opens a counter. It makes no network request. The error is [ErrConfig].
func New(cfg Config) (*Verifier, error) {
	if err := cfg.check(); err != nil {
		return nil, err
	}
	if cfg.Clock == nil {
		cfg.Clock = time.Now
	}
	if cfg.Lifetime == 0 {
		cfg.Lifetime = 10 * time.Minute
	}
	if cfg.ResponseURI == "" {
		cfg.ResponseURI = noResponseURI
	}
	v := &Verifier{
		cfg: cfg, store: cfg.Store,
		keyring: publish.NewKeyring(cfg.Public, zkp.KeyOptions{AllowSinglePartySetupUnsafe: cfg.AllowSinglePartySetupUnsafe}),
		watch:   verdict.Watch{Role: "verifier", Logger: cfg.Logger, Observer: cfg.Observer, Table: verdicts},
	}
	v.policies.configure(cfg.Policies)
	return v, nil
}

// ClientID returns the counter's name in OpenID4VP, which is the audience of every
// answer.
func (v *Verifier) ClientID() string {
	return (&openid.AuthorizationRequest{Verifier: v.cfg.Identity.DID}).ClientID()
}

// RequestOptions changes defaults. The zero value asks under the first policy.
type RequestOptions struct {
	// Policy is the id of one of Config.Policies.
	Policy string
	// Correlation is the caller's own name for the request, such as a case number. It
	// is stored with the request and comes back in Result and Outcome; the wallet
	// never sees it.
	Correlation string
	// Query asks something else than the policy does, under its other terms; nil asks what
	// the policy asks.
	Query *openid.Query
	// Client is how the counter is known to the wallet: by its DID, which the empty prefix
	// means, by Config.Certificate, or by the ResponseURI alone.
	Client openid.ClientPrefix
	// Mode is how the answer comes: in clear, which the empty mode means, or encrypted to a
	// key made for this request.
	Mode openid.ResponseMode
	// ResponseURI replaces Config.ResponseURI.
	ResponseURI string
	// Transactions are what the holder authorises with disclosed claims.
	Transactions []*openid.Transaction
	// RedirectURI is where the wallet sends the browser after its answer, for a browser on
	// the wallet's own device. Session is what ties this browser to the request, such as
	// the value of its cookie, at least 128 bits. The result is sealed until Redeem gets
	// both.
	RedirectURI, Session string
	// Says is what the citizen says in a counted event, as chosen at this counter: a
	// ballot, a rating. The wallet shows it before consent, and the answer is bound to
	// it. A policy of another scope takes none.
	Says Text
}

// NewRequest makes a request and stores it durably with its policy. Request.Object is the
// signed request object (typ oauth-authz-req+jwt) for the wallet, with a proof of who
// asks. Without a ledger to read, the proof is left out and Request.Unproved says why.
// The error is [ErrConfig] for a policy id that is not here or a type without a schema
// file, identity.ErrTypes for a policy that joins proofs of several identity types, or
// counts people by them, [ErrSays] for what is said in no counted event, or in one and
// missing or illegible, or that of the public files, the signer or the store.
func (v *Verifier) NewRequest(ctx context.Context, opts RequestOptions) (_ *Request, err error) {
	now := v.cfg.Clock()
	defer func() { v.watch.End(ctx, "new-request", now, v.cfg.Clock(), err) }()
	policy := v.cfg.Policies[0]
	if opts.Policy != "" {
		i := slices.IndexFunc(v.cfg.Policies, func(p *Policy) bool { return p.ID == opts.Policy })
		if i < 0 {
			return nil, fmt.Errorf("%w: no policy with this id", ErrConfig)
		}
		policy = v.cfg.Policies[i]
	}
	if opts.Query != nil {
		if policy, err = policy.asking(opts.Query); err != nil {
			return nil, err
		}
	}
	if err := opts.check(); err != nil {
		return nil, err
	}
	schemas := make([]*credential.Schema, len(policy.Query.Credentials))
	for i := range schemas {
		schemas[i], err = v.schemaFor(ctx, &policy.Query.Credentials[i])
		if errors.Is(err, errNoSchemaFile) && len(policy.Sources) > 0 && !isProof(policy.Query.Credentials[i]) {
			continue // a type of issuers that are on no ledger
		}
		if err != nil {
			return nil, err
		}
	}
	if err := policy.checkOnePerson(schemas); err != nil {
		return nil, err
	}
	if len(opts.Correlation) > limits.Identifier {
		return nil, fmt.Errorf("%w: a correlation of more than %d bytes", ErrConfig, limits.Identifier)
	}
	r := &Request{ID: random(), Nonce: random(), Policy: policy.hash, Correlation: opts.Correlation, Created: now, Expires: now.Add(v.cfg.Lifetime).Truncate(time.Second)}
	if err := policy.say(r, opts.Says, schemas); err != nil {
		return nil, err
	}
	kept, err := v.sign(ctx, r, policy, &opts)
	if err != nil {
		return nil, err
	}
	if err := v.store.PutPolicy(ctx, policy.hash, policy.raw); err != nil {
		return nil, fmt.Errorf("verifier: storing the policy: %w", err)
	}
	stored := *r
	if stored.Object, err = kept.frame(r.Small, v.ClientID()); err != nil {
		return nil, err
	}
	if err := v.store.PutRequest(ctx, stored); err != nil {
		return nil, fmt.Errorf("verifier: storing the request: %w", err)
	}
	return r, nil
}

// sign makes both objects of a request, and what is kept of it.
func (v *Verifier) sign(ctx context.Context, r *Request, p *Policy, opts *RequestOptions) (*kept, error) {
	asked := p.asOpenID(r, v.cfg.Identity.DID, v.cfg.ResponseURI)
	kept, err := v.exchange(asked, r.ID, opts)
	if err != nil {
		return nil, err
	}
	object := func() ([]byte, error) {
		text, err := v.writeObject(ctx, asked)
		return []byte(text), err
	}
	if r.Small, err = object(); err != nil {
		return nil, err
	}
	written, err := readObject(r.Small)
	if err != nil {
		return nil, err
	}
	r.Object, r.Query, r.ClientID = r.Small, written.QueryHash, kept.Client
	if asked.Prefix != "" {
		return kept, nil
	}
	if asked.LedgerProof, r.Unproved = v.attest(ctx, p, r.Created); r.Unproved == nil {
		r.Object, err = object()
	}
	return kept, err
}

// asOpenID is what a policy asks, as the wallet reads it.
func (p *Policy) asOpenID(r *Request, verifier, responseURI string) *openid.AuthorizationRequest {
	hash := openid.Hash(p.hash)
	return &openid.AuthorizationRequest{
		Verifier: verifier, ResponseURI: responseURI, Nonce: r.Nonce, State: r.ID,
		Query: p.Query, IssuedAt: r.Created, Expires: r.Expires,
		Purpose: &openid.Purpose{
			ID:        p.Purpose.ID,
			Text:      openid.PurposeText{EN: p.Purpose.English, ZH: p.Purpose.Chinese},
			Basis:     openid.PurposeText{EN: p.Basis.English, ZH: p.Basis.Chinese},
			Retention: p.Retention,
		},
		Policy: &hash, Scope: p.openidScope(r.saying), MaxEpochAge: p.MaxAge.Epoch, Existence: p.Existence,
	}
}

// random is 256 bits: nobody guesses a state or a nonce.
func random() string {
	var b [32]byte
	_, _ = rand.Read(b[:]) // crypto/rand never fails
	return base64.RawURLEncoding.EncodeToString(b[:])
}

// scope derives the scope that the policy asks for, owned by this counter.
func (p *Policy) scope(owner string) zkp.Scope {
	switch p.Scope.Kind {
	case "once":
		return zkp.Scope{Kind: zkp.ScopeOnce, Owner: owner, ID: p.Scope.Event}
	case kindCounted:
		return zkp.Scope{Kind: zkp.ScopeCounted, Owner: owner, ID: p.Scope.Event}
	case "pairwise":
		return zkp.Scope{Kind: zkp.ScopePairwise, Owner: owner}
	}
	return zkp.Scope{}
}

// openidScope says the same to the wallet.
func (p *Policy) openidScope(saying *openid.Saying) openid.Scope {
	if p.Scope.Kind == "none" {
		return openid.Scope{}
	}
	return openid.Scope{Kind: openid.ScopeKind(p.Scope.Kind), Event: p.Scope.Event, Saying: saying}
}
