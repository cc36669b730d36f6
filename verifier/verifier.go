package verifier

import (
	"context"
	"crypto"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"time"

	"github.com/hufu-id/hufu/credential"
	"github.com/hufu-id/hufu/ledger"
	"github.com/hufu-id/hufu/openid"
	"github.com/hufu-id/hufu/status"
	"github.com/hufu-id/hufu/zkp"
)

// Identity is the counter's own: a DID on the ledger and its signature key.
type Identity struct {
	DID   string
	KeyID string // DID URL of the key
	Key   crypto.Signer
}

// Material is what a policy rests on beside the ledger, all of it public and
// each piece used only where the ledger names its hash.
type Material struct {
	Schemas       []*credential.Schema
	VerifyingKeys [][]byte // as zkp.VerifyingKey.Bytes writes them
	Status        status.Source
}

// Options changes defaults. The zero value is safe.
type Options struct {
	// Clock is the counter's; nil means time.Now.
	Clock func() time.Time
	// Lifetime of a request; zero means ten minutes.
	Lifetime time.Duration
	// ResponseURI is where a wallet posts its answer. A counter that is answered
	// by file or QR code leaves it empty: a name that resolves nowhere stands in.
	ResponseURI string
	// AllowSinglePartySetupUnsafe accepts zero-knowledge keys that one machine
	// made, which can prove anything to whoever kept its randomness.
	AllowSinglePartySetupUnsafe bool
}

// Verifier is one counter with one policy. It is safe for concurrent use.
type Verifier struct {
	identity Identity
	trust    *ledger.TrustFile
	ledger   ledger.Reader
	policy   *Policy
	store    Store
	material Material
	opts     Options
	cache    keyCache
	// Asked questions, ready to be held against an answer.
	questions questionCache
}

// ErrConfig means that a verifier lacks something it cannot do without.
var ErrConfig = errors.New("verifier: incomplete configuration")

// New makes a verifier. Without a policy, a trust file, a ledger, a store and
// an identity there is none.
func New(identity Identity, trust *ledger.TrustFile, reader ledger.Reader, policy *Policy, store Store, material Material, opts Options) (*Verifier, error) {
	switch {
	case policy == nil || policy.Query == nil:
		return nil, fmt.Errorf("%w: no policy", ErrConfig)
	case trust == nil || reader == nil:
		return nil, fmt.Errorf("%w: no trust file or ledger", ErrConfig)
	case store == nil || material.Status == nil:
		return nil, fmt.Errorf("%w: no store or status source", ErrConfig)
	case identity.DID == "" || identity.KeyID == "" || identity.Key == nil:
		return nil, fmt.Errorf("%w: no identity", ErrConfig)
	}
	if opts.Clock == nil {
		opts.Clock = time.Now
	}
	if opts.Lifetime == 0 {
		opts.Lifetime = 10 * time.Minute
	}
	if opts.ResponseURI == "" {
		opts.ResponseURI = "https://counter.invalid/answer"
	}
	v := &Verifier{identity: identity, trust: trust, ledger: reader, policy: policy, store: store, material: material, opts: opts}
	for i := range policy.Query.Credentials {
		if _, err := v.schemaFor(&policy.Query.Credentials[i]); err != nil {
			return nil, err
		}
	}
	return v, nil
}

// schemaFor returns the schema file at hand for the one type a query asks.
func (v *Verifier) schemaFor(q *openid.CredentialQuery) (*credential.Schema, error) {
	for _, s := range v.material.Schemas {
		for _, vct := range q.Meta.VCTValues {
			if s.VCT == vct {
				return s, nil
			}
		}
	}
	return nil, fmt.Errorf("%w: no schema file for query %q", ErrConfig, q.ID)
}

// ClientID is the counter's name in OpenID4VP: audience of every answer.
func (v *Verifier) ClientID() string {
	return (&openid.AuthorizationRequest{Verifier: v.identity.DID}).ClientID()
}

// Ask makes a request, stores it durably and returns the signed request object
// (typ oauth-authz-req+jwt).
func (v *Verifier) Ask(ctx context.Context) (string, error) {
	now := v.opts.Clock()
	state, nonce := random(), random()
	expires := now.Add(v.opts.Lifetime).Truncate(time.Second)
	hash := openid.Hash(v.policy.hash)
	object, err := openid.SignRequest(ctx, v.identity.Key, v.identity.KeyID, &openid.AuthorizationRequest{
		Verifier: v.identity.DID, ResponseURI: v.opts.ResponseURI, Nonce: nonce, State: state,
		Query: v.policy.Query, IssuedAt: now, Expires: expires,
		Purpose: &openid.Purpose{
			ID:        v.policy.Purpose.ID,
			Text:      openid.PurposeText{EN: v.policy.Purpose.English, ZH: v.policy.Purpose.Chinese},
			Basis:     openid.PurposeText{EN: v.policy.Basis.English, ZH: v.policy.Basis.Chinese},
			Retention: v.policy.Retention,
		},
		Policy: &hash, Scope: v.policy.openidScope(), MaxEpochAge: v.policy.MaxAge.Epoch,
	})
	if err != nil {
		return "", err
	}
	err = v.store.PutRequest(ctx, Request{ID: state, Object: []byte(object), Nonce: nonce, Created: now, Expires: expires})
	if err != nil {
		return "", fmt.Errorf("verifier: storing the request: %w", err)
	}
	return object, nil
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
	case "pairwise":
		return zkp.Scope{Kind: zkp.ScopePairwise, Owner: owner}
	}
	return zkp.Scope{}
}

// openidScope says the same to the wallet.
func (p *Policy) openidScope() openid.Scope {
	if p.Scope.Kind == "none" {
		return openid.Scope{}
	}
	return openid.Scope{Kind: openid.ScopeKind(p.Scope.Kind), Event: p.Scope.Event}
}
