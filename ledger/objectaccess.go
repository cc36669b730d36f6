package ledger

import (
	"fmt"
	"regexp"

	"github.com/hufu-id/hufu/internal/limits"
	"github.com/hufu-id/hufu/legible"
)

// Caps on one purpose.
const (
	maxAsked  = 8
	maxClaims = 64
	maxText   = 512
)

// States of a grant.
const (
	GrantActive  = "active"
	GrantRevoked = "revoked"
)

// A Purpose says what a counter may ask for one purpose, on which legal basis,
// and how long it may keep the answer. A regulator publishes it. Nothing in
// this project compares requests with it yet.
type Purpose struct {
	_ struct{} `cbor:",toarray"`
	// Verifier is the DID of the agency that may ask.
	Verifier string
	// ID names the purpose, as the policies of the verifier do.
	ID string
	// Regulator is the DID of the agency that publishes the purpose. It must be
	// entitled to accredit the verifier for every type in Asked.
	Regulator string
	// Via is the key of the accreditation that entitles the regulator. It is
	// empty for the trust root.
	Via string
	// Region is the GB/T 2260 code of the region where the purpose holds.
	Region string
	// Basis is the legal basis, for people to read.
	Basis Text
	// Asked lists the claims and statements that the counter may ask for, by
	// credential type.
	Asked []Asked
	// Retention is the longest time for which the counter may keep an answer:
	// an ISO 8601 duration of one number and unit, such as P0D or P5Y.
	Retention string
	// State is one of the State constants of an accreditation.
	State string
}

// An Asked lists what a counter may ask about one credential type. Names of
// claims are those of the schema, with a slash between the parts of a path.
type Asked struct {
	_    struct{} `cbor:",toarray"`
	Type string
	// Claims lists the claims that the counter may ask to see.
	Claims []string
	// Statements lists the claims about which the counter may ask for proofs,
	// without seeing them.
	Statements []string
}

// A Text is a sentence in both languages.
type Text struct {
	_                struct{} `cbor:",toarray"`
	English, Chinese string
}

// ParsePurpose reads a purpose. The error is [ErrTooLarge], [ErrFormat],
// [ErrKey] or [ErrValue].
func ParsePurpose(b []byte) (*Purpose, error) { return parseObject[Purpose](b) }

// Kind returns [KindPurpose].
func (*Purpose) Kind() string { return KindPurpose }

// Key returns the [PurposeKey] of the purpose.
func (p *Purpose) Key() string { return PurposeKey(p.Verifier, p.ID) }

// Bytes returns the canonical encoding.
func (p *Purpose) Bytes() []byte { return encodeObject(*p) }

var oneDuration = regexp.MustCompile(`^P(0|[1-9][0-9]{0,3})[DWMY]$`)

// Check returns [ErrKey] or [ErrValue] if a field is out of range.
func (p *Purpose) Check() error {
	if len(p.Asked) == 0 || len(p.Asked) > maxAsked {
		return fmt.Errorf("%w: a purpose asks of 1 to %d types", ErrValue, maxAsked)
	}
	for i, a := range p.Asked {
		if err := a.check(); err != nil {
			return err
		}
		if i > 0 && p.Asked[i-1].Type >= a.Type {
			return fmt.Errorf("%w: types out of order or twice", ErrValue)
		}
	}
	if !oneDuration.MatchString(p.Retention) {
		return fmt.Errorf("%w: retention is not a duration", ErrValue)
	}
	if p.State != StateActive && p.State != StateSuspended && p.State != StateEnded {
		return fmt.Errorf("%w: unknown state of a purpose", ErrValue)
	}
	if p.Via != "" {
		if err := CheckKey(p.Via); err != nil {
			return err
		}
	}
	return firstError(checkName(p.ID), CheckDID(p.Verifier), CheckDID(p.Regulator), CheckRegion(p.Region),
		p.Basis.check(), CheckKey(p.Key()))
}

func (a Asked) check() error {
	if len(a.Claims)+len(a.Statements) == 0 {
		return fmt.Errorf("%w: nothing is asked of a type", ErrValue)
	}
	for _, names := range [][]string{a.Claims, a.Statements} {
		if len(names) > maxClaims {
			return fmt.Errorf("%w: more than %d claims", ErrValue, maxClaims)
		}
		for i, name := range names {
			if legible.Check(name, legible.Limits{}) != nil || len(name) > limits.Identifier || i > 0 && names[i-1] >= name {
				return fmt.Errorf("%w: claims out of order, twice, empty, illegible or too long", ErrValue)
			}
		}
	}
	return CheckKey(a.Type)
}

func (t Text) check() error {
	for _, s := range []string{t.English, t.Chinese} {
		if err := legible.Check(s, legible.Limits{}); err != nil || len(s) > maxText {
			return fmt.Errorf("%w: a text is missing in one language, illegible, or longer than %d bytes", ErrValue, maxText)
		}
	}
	return nil
}

// A Grant is a citizen's permission for one access to data, as a hash. Only
// those who have the grant itself know who may see what about whom. An agency
// countersigns it, so that nobody fills the ledger. Only the citizen revokes
// it, with a key made for this grant.
type Grant struct {
	_ struct{} `cbor:",toarray"`
	// Hash covers a salt, the grant and PublicKey.
	Hash [32]byte
	// PublicKey is the citizen's key of a Suite, made for this grant only.
	PublicKey []byte
	// Tag is random. Each use of the grant repeats it in an Audit, so that the
	// citizen finds every access.
	Tag [32]byte
	// Agency is the DID of the agency that countersigned.
	Agency string
	// Until is the first second, in Unix time, at which the grant ends.
	Until int64
	// State is GrantActive or GrantRevoked.
	State string
}

// ParseGrant reads a grant. The error is [ErrTooLarge], [ErrFormat], [ErrKey] or
// [ErrValue].
func ParseGrant(b []byte) (*Grant, error) { return parseObject[Grant](b) }

// Kind returns [KindGrant].
func (*Grant) Kind() string { return KindGrant }

// Key returns the [GrantKey] of the hash.
func (g *Grant) Key() string { return GrantKey(g.Agency, g.Hash) }

// Bytes returns the canonical encoding.
func (g *Grant) Bytes() []byte { return encodeObject(*g) }

// Check returns [ErrKey] or [ErrValue] if a field is out of range.
func (g *Grant) Check() error {
	if len(g.PublicKey) == 0 || len(g.PublicKey) > maxKeyBytes || g.Tag == ([32]byte{}) {
		return fmt.Errorf("%w: grant without a key or tag", ErrValue)
	}
	if g.Until <= 0 {
		return fmt.Errorf("%w: a grant ends some day", ErrValue)
	}
	if g.State != GrantActive && g.State != GrantRevoked {
		return fmt.Errorf("%w: unknown state of a grant", ErrValue)
	}
	return CheckDID(g.Agency)
}

// An Audit puts a hash into the log and nothing into the state map. A reader of
// an agency's access log can check with it later that the log was not
// rewritten.
type Audit struct {
	_ struct{} `cbor:",toarray"`
	// Agency is the DID of the agency that records the hash.
	Agency string
	// Hash is the salted hash of the agency's record.
	Hash [32]byte
	// Tag is the tag of a grant, so that the citizen finds every access; zero
	// for none.
	Tag [32]byte
}

// ParseAudit reads an audit entry. The error is [ErrTooLarge], [ErrFormat],
// [ErrKey] or [ErrValue].
func ParseAudit(b []byte) (*Audit, error) { return parseObject[Audit](b) }

// Kind returns [KindAudit].
func (*Audit) Kind() string { return KindAudit }

// Key returns a key that names the hash.
func (a *Audit) Key() string { return hexKey(PrefixAudit, a.Hash) }

// Bytes returns the canonical encoding.
func (a *Audit) Bytes() []byte { return encodeObject(*a) }

// Check returns [ErrKey] if a field is out of range.
func (a *Audit) Check() error { return CheckDID(a.Agency) }
