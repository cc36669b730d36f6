package verifier

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/hufu-id/hufu/internal/limits"
	"github.com/hufu-id/hufu/internal/strictjson"
	"github.com/hufu-id/hufu/legible"
	"github.com/hufu-id/hufu/openid"
	"github.com/hufu-id/hufu/predicate"
)

// ErrPolicy means that a policy file is malformed or says nothing to hold an
// answer against.
var ErrPolicy = errors.New("verifier: policy refused")

// Level says what ties an answer to the person who gives it.
type Level string

// LevelSoftware is the one level at which Verify decides: a key, or a zero-knowledge
// proof, ties the answer to its holder. ParsePolicy refuses to ask for less, which is
// never taken, and for more ("device", "presence"), which nothing here attests.
const LevelSoftware Level = "software"

// MaxAge bounds how old the data of a decision may be.
type MaxAge struct {
	Checkpoint time.Duration
	Epoch      time.Duration
	Status     time.Duration
}

// Text is a sentence in both languages.
type Text struct {
	English string `json:"en"`
	Chinese string `json:"zh"`
}

// Purpose says why the counter asks.
type Purpose struct {
	ID      string `json:"id"`
	English string `json:"en"`
	Chinese string `json:"zh"`
}

// Scope says whether the counter recognises answers of one person.
type Scope struct {
	Kind  string `json:"kind"` // "none", "once", "counted" or "pairwise"
	Event string `json:"event,omitzero"`
}

// Policy says what a counter asks and what it accepts as an answer. ParsePolicy makes
// it; the zero value accepts nothing.
type Policy struct {
	ID           string
	Version      int
	Query        *openid.Query
	Issuers      []string // DIDs; or
	AccreditedBy string   // "root": any issuer with a chain to the trust root
	// Sources names those of Config.Sources that vouch for issuers, too. Where Issuers is
	// empty and AccreditedBy is as well, they alone do.
	Sources []string
	MaxAge  MaxAge
	// Level is the least that is taken.
	Level     Level
	Scope     Scope
	Purpose   Purpose
	Basis     Text
	Retention string // ISO 8601 duration; P0D keeps the result alone
	// Existence takes a credential whose issuer's key was compromised, if the ledger shows
	// that it existed before; see provenance.Existence. The zero value takes none.
	Existence bool

	raw  []byte
	hash [32]byte
}

type policyJSON struct {
	ID           string         `json:"id"`
	Version      int            `json:"version"`
	DCQL         jsontext.Value `json:"dcql"`
	Issuers      []string       `json:"issuers,omitzero"`
	AccreditedBy string         `json:"accreditedBy,omitzero"`
	Sources      []string       `json:"sources,omitzero"`
	MaxAge       struct {
		Checkpoint int64 `json:"checkpoint"`
		Epoch      int64 `json:"epoch"`
		Status     int64 `json:"status"`
	} `json:"maxAge"`
	Level     Level   `json:"level"`
	Scope     Scope   `json:"scope"`
	Purpose   Purpose `json:"purpose"`
	Basis     Text    `json:"basis"`
	Retention string  `json:"retention"`
	Existence bool    `json:"existence,omitzero"`
}

// ParsePolicy reads a policy file: JSON {id, version, dcql, issuers |
// accreditedBy, sources, maxAge{checkpoint, epoch, status in seconds}, level ("software"), scope,
// purpose, basis, retention, existence}. Unknown members are refused, for a misspelt rule
// would be no rule, and so is what Verify would not enforce.
func ParsePolicy(b []byte) (*Policy, error) {
	var in policyJSON
	if err := strictjson.Read(b, limits.Document, &in); err != nil {
		return nil, fmt.Errorf("%w: not a policy file: %w%s", ErrPolicy, err, member(err))
	}
	query, err := parsePolicyQuery(in.DCQL)
	if err != nil {
		return nil, fmt.Errorf("%w: dcql: %w", ErrPolicy, err)
	}
	p := &Policy{
		ID: in.ID, Version: in.Version, Query: query, Issuers: in.Issuers, AccreditedBy: in.AccreditedBy, Sources: in.Sources,
		MaxAge: MaxAge{seconds(in.MaxAge.Checkpoint), seconds(in.MaxAge.Epoch), seconds(in.MaxAge.Status)},
		Level:  LevelSoftware, Scope: in.Scope, Purpose: in.Purpose, Basis: in.Basis, Retention: in.Retention, Existence: in.Existence,
		raw: bytes.Clone(b), hash: sha256.Sum256(b),
	}
	if in.Level != "" && in.Level != LevelSoftware {
		return nil, fmt.Errorf("%w: this version decides at level \"software\" only", ErrPolicy)
	}
	if p.Scope.Kind == "" {
		p.Scope.Kind = "none"
	}
	if err := p.check(); err != nil {
		return nil, err
	}
	return p, nil
}

// parsePolicyQuery reads a query more strictly than a wallet does, which ignores what
// it does not know: a counter must hold answers against every word of its question.
func parsePolicyQuery(b []byte) (*openid.Query, error) {
	query, err := openid.ParseQuery(b)
	if err != nil {
		return nil, err
	}
	if err := strictjson.Read(b, limits.Document, new(openid.Query)); err != nil {
		return nil, fmt.Errorf("%w%s", err, member(err))
	}
	for i := range query.Credentials {
		q := &query.Credentials[i]
		for name, stated := range map[string]bool{
			"trusted_authorities of a proof, which hides the issuer,": q.TrustedAuthorities != nil && isProof(*q),
			"a trusted authority of another type than aki and hufu_ledger": slices.ContainsFunc(q.TrustedAuthorities, func(a openid.TrustedAuthority) bool {
				return a.Type != openid.AuthorityKey && a.Type != openid.AuthorityLedger
			}),
			"hufu_vk": q.Meta.VerifyingKeys != nil,
			"require_cryptographic_holder_binding false": q.RequireHolderBinding != nil && !*q.RequireHolderBinding,
		} {
			if stated {
				return nil, fmt.Errorf("%s is not enforced here", name)
			}
		}
	}
	return query, nil
}

// member names the member at fault: the agency wrote the file itself.
func member(err error) string {
	var semantic *json.SemanticError
	if !errors.As(err, &semantic) || semantic.JSONPointer == "" {
		return ""
	}
	return fmt.Sprintf(", at %q", semantic.JSONPointer)
}

func seconds(n int64) time.Duration {
	const most = 10 * 365 * 24 * 3600
	return time.Duration(min(max(n, 0), most)) * time.Second
}

func isText(texts ...string) bool {
	return !slices.ContainsFunc(texts, func(s string) bool { return legible.Check(s, legible.Limits{}) != nil })
}

func (p *Policy) check() error {
	bad := func(what string) error { return fmt.Errorf("%w: %s", ErrPolicy, what) }
	switch {
	case !isText(p.ID) || len(p.ID) > limits.Identifier || p.Version < 1:
		return bad("id and version are missing")
	case len(p.Issuers) > 0 && p.AccreditedBy != "" || len(p.Issuers) == 0 && p.AccreditedBy == "" && len(p.Sources) == 0:
		return bad("it names either issuers or accreditedBy, or sources")
	case slices.Contains(p.Sources, ""):
		return bad("a source has a name")
	case p.AccreditedBy != "" && p.AccreditedBy != "root":
		return bad("accreditedBy is \"root\"")
	case p.MaxAge.Checkpoint == 0 || p.MaxAge.Epoch == 0 || p.MaxAge.Status == 0:
		return bad("maxAge bounds checkpoint, epoch and status in seconds")
	case slices.ContainsFunc(p.Query.Credentials, func(c openid.CredentialQuery) bool { return !c.Known() }):
		return bad("it asks for a format that no answer can have here")
	case !isText(p.Purpose.ID, p.Purpose.English, p.Purpose.Chinese):
		return bad("purpose has an id and a legible sentence in en and zh")
	case !isText(p.Basis.English, p.Basis.Chinese):
		return bad("basis is a legible sentence in en and zh")
	case p.Scope.Event != "" && !isText(p.Scope.Event):
		return bad("the event of a scope is legible")
	}
	if openid.CheckRetention(p.Retention) != nil {
		return bad("retention is P, a number, and D, W, M or Y, such as P30D")
	}
	// The leaf of a compromised key is gone from the registry.
	if p.Existence && !slices.ContainsFunc(p.Query.Credentials, func(q openid.CredentialQuery) bool { return !isProof(q) }) {
		return bad("existence goes with disclosed claims: no proof can be made under a compromised key")
	}
	// A proof hides the issuer among all that are accredited.
	if p.AccreditedBy == "" && slices.ContainsFunc(p.Query.Credentials, isProof) {
		return bad("it names issuers and asks for a proof, which hides the issuer")
	}
	switch p.Scope.Kind {
	case "none":
		if p.Scope.Event != "" {
			return bad("scope none has no event")
		}
	case "once", "counted", "pairwise":
		if (p.Scope.Event == "") == (p.Scope.Kind != "pairwise") {
			return bad("scope once or counted names its event, pairwise does not")
		}
		// Disclosed claims carry no pseudonym: who may show them could answer
		// a once-only request twice.
		for i := range p.Query.Credentials {
			if p.Query.Credentials[i].Format != openid.FormatSDJWTZK {
				return bad("a scope needs proofs; disclosed claims carry no pseudonym")
			}
		}
	default:
		return bad("unknown scope kind")
	}
	if err := p.checkFormats(); err != nil {
		return err
	}
	if err := p.checkBound(); err != nil {
		return err
	}
	if err := p.checkCounted(); err != nil {
		return err
	}
	return p.checkAsked()
}

// checkAsked: a request can say all of it, within the bounds that wallets keep.
func (p *Policy) checkAsked() error {
	r := &Request{ID: random(), Nonce: random(), Created: time.Unix(1, 0), Expires: time.Unix(2, 0)}
	if p.Scope.Kind == kindCounted {
		r.saying = &openid.Saying{Text: openid.PurposeText{EN: "yes", ZH: "同意"}}
	}
	if err := p.asOpenID(r, "did:hufu:counter", noResponseURI).Check(); err != nil {
		return fmt.Errorf("%w: no request can ask it: %w", ErrPolicy, err)
	}
	return nil
}

// checkFormats: whatever answers a way is of one format.
func (p *Policy) checkFormats() error {
	for _, way := range p.Query.Ways() {
		for _, id := range way {
			if p.Query.Credential(id).Format != p.Query.Credential(way[0]).Format {
				return fmt.Errorf("%w: it asks for proofs and disclosed claims together, which no answer is taken with", ErrPolicy)
			}
		}
	}
	return nil
}

// checkBound: a person whose secret is replaced has a new pseudonym in every event.
// One who was bound before the event opened has the same throughout.
func (p *Policy) checkBound() error {
	if p.Scope.Kind != "once" && p.Scope.Kind != kindCounted {
		return nil
	}
	for i := range p.Query.Credentials {
		if _, bounded := predicate.BoundBy(&p.Query.Credentials[i]); !bounded {
			return fmt.Errorf("%w: scope %s needs, in each question, {\"path\":[%q],\"op\":\"range\",\"max\":\"the day before it opens\"}",
				ErrPolicy, p.Scope.Kind, predicate.ClaimBinding)
		}
	}
	return nil
}

func isProof(q openid.CredentialQuery) bool { return q.Format == openid.FormatSDJWTZK }

// Hash is SHA-256 of the policy file's bytes.
func (p *Policy) Hash() [32]byte { return p.hash }

// Bytes returns the policy file as it was read.
func (p *Policy) Bytes() []byte { return bytes.Clone(p.raw) }
