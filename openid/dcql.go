package openid

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"

	"github.com/hufu-id/hufu/credential"
	"github.com/hufu-id/hufu/internal/limits"
)

var (
	// ErrQuery means that a DCQL query breaks OpenID4VP 1.0 section 6 or the
	// rules for predicates.
	ErrQuery = errors.New("openid: invalid DCQL query")
	// ErrUnsupportedFormat means a credential format that this package does not
	// support.
	ErrUnsupportedFormat = errors.New("openid: credential format is not supported")
)

// Credential formats of a DCQL query.
const (
	// FormatSDJWT is SD-JWT VC (OpenID4VP 1.0 appendix B.3).
	FormatSDJWT = "dc+sd-jwt"
	// FormatSDJWTZK asks for a zero-knowledge proof over an SD-JWT VC. This
	// project defines it after the pattern of mso_mdoc_zk. It is outside HAIP.
	FormatSDJWTZK = "dc+sd-jwt_zk"
)

// Caps on one query: what a citizen can be asked to read, and more.
const (
	maxCredentials = 32
	maxClaims      = 128
	maxSets        = 32
	maxValues      = 2048
)

// A Query is a DCQL query (OpenID4VP 1.0 section 6).
type Query struct {
	// Credentials lists the credentials that the verifier asks for, each under
	// its own id.
	Credentials []CredentialQuery `json:"credentials"`
	// CredentialSets says which combinations satisfy the verifier. Nil means
	// all credentials together.
	CredentialSets []CredentialSet `json:"credential_sets,omitzero"`
}

// A CredentialQuery describes one credential (OpenID4VP 1.0 section 6.1).
type CredentialQuery struct {
	// ID consists of letters, digits, "_" and "-". The answer stands under it.
	ID string `json:"id"`
	// Format is FormatSDJWT or FormatSDJWTZK. With another one the members below,
	// which then have other rules, are not checked, and nothing matches.
	Format string `json:"format"`
	// Multiple allows several credentials as the answer.
	Multiple bool `json:"multiple,omitzero"`
	Meta     Meta `json:"meta"`
	// TrustedAuthorities lists issuers or trust frameworks. One of them must
	// vouch for the credential: see Trusts. Neither Match nor CheckAnswer reads it.
	TrustedAuthorities []TrustedAuthority `json:"trusted_authorities,omitzero"`
	// RequireHolderBinding asks for a proof of the holder's key. Nil means
	// true, the standard's default.
	RequireHolderBinding *bool `json:"require_cryptographic_holder_binding,omitzero"`
	// Claims lists the claims to disclose. Nil asks for no selectively
	// disclosable claim. Only FormatSDJWT allows it.
	Claims []ClaimQuery `json:"claims,omitzero"`
	// ClaimSets lists alternatives by claim id, the preferred first.
	ClaimSets [][]string `json:"claim_sets,omitzero"`
	// Predicates lists the statements to prove with FormatSDJWTZK. With
	// FormatSDJWT the counter will compare the disclosed claims with them, and
	// the holder learns this before showing anything. Wallets that do not know
	// the member ignore it.
	Predicates []Predicate `json:"predicates,omitzero"`
	// Accept says how many predicates must hold. The zero value means all.
	Accept Acceptance `json:"predicates_accept,omitzero"`
}

// Meta restricts the credentials that can answer (OpenID4VP 1.0 appendix
// B.3.5).
type Meta struct {
	// VCTValues lists the accepted credential types, at least one.
	VCTValues []string `json:"vct_values"`
	// VerifyingKeys lists the accepted proof systems: it maps a circuit id to
	// the SHA-256 hashes of verifying keys. Only FormatSDJWTZK allows it. If it
	// is absent, the keys that the ledger names are accepted.
	VerifyingKeys map[string][]Hash `json:"hufu_vk,omitzero"`
}

// A TrustedAuthority is one condition on the issuer (OpenID4VP 1.0 section
// 6.1.1), such as type "aki" with key identifiers.
type TrustedAuthority struct {
	Type   string   `json:"type"`
	Values []string `json:"values"`
}

// Types of trusted authorities.
const (
	// AuthorityKey: the base64url key identifier of an authority in the issuer's
	// certificate chain (section 6.1.1.1). HAIP 1.0 asks for it.
	AuthorityKey = "aki"
	// AuthorityLedger: the DID of the issuer, or of an agency in the chain of
	// accreditations that leads from it to the root. This project defines it.
	AuthorityLedger = "hufu_ledger"
)

// Trusts reports whether one of the trusted authorities vouches for an issuer: keys are
// the authority key identifiers of its certificates, and agencies the DIDs of its
// accreditations, itself included. A query that names none trusts everybody. An authority
// of another type vouches for nobody.
func (c *CredentialQuery) Trusts(keys [][]byte, agencies []string) bool {
	if c.TrustedAuthorities == nil {
		return true
	}
	for _, authority := range c.TrustedAuthorities {
		for _, value := range authority.Values {
			isKey := func(key []byte) bool { return base64.RawURLEncoding.EncodeToString(key) == value }
			if authority.Type == AuthorityKey && slices.ContainsFunc(keys, isKey) ||
				authority.Type == AuthorityLedger && slices.Contains(agencies, value) {
				return true
			}
		}
	}
	return false
}

// A CredentialSet offers alternative lists of CredentialQuery ids (OpenID4VP
// 1.0 section 6.2).
type CredentialSet struct {
	// Options lists the alternatives, the preferred one first. The ids of one
	// alternative are answered together.
	Options [][]string `json:"options"`
	// Required says whether the set must be answered. Nil means true, the
	// standard's default.
	Required *bool `json:"required,omitzero"`
}

// A ClaimQuery asks for one claim (OpenID4VP 1.0 section 6.3).
type ClaimQuery struct {
	// ID is needed if ClaimSets refers to this claim.
	ID   string          `json:"id,omitzero"`
	Path credential.Path `json:"path"`
	// Values lists the accepted values: string, int64 or bool. Nil accepts
	// every value.
	Values Values `json:"values,omitzero"`
}

// A Hash is a SHA-256. In JSON it is 64 lower-case hexadecimal digits.
type Hash [sha256.Size]byte

// MarshalText implements encoding.TextMarshaler.
func (h Hash) MarshalText() ([]byte, error) { return hex.AppendEncode(nil, h[:]), nil }

// UnmarshalText implements encoding.TextUnmarshaler. Upper case is refused.
func (h *Hash) UnmarshalText(text []byte) error {
	raw, err := hex.DecodeString(string(text))
	if err != nil || len(raw) != len(h) || hex.EncodeToString(raw) != string(text) {
		return fmt.Errorf("%w: a hash is 64 lower-case hexadecimal digits", ErrQuery)
	}
	copy(h[:], raw)
	return nil
}

// ParseQuery reads a DCQL query. It ignores unknown members, except in a
// predicate, which this project defines. The error is ErrTooLarge, ErrJSON,
// ErrQuery or ErrUnsupportedFormat.
func ParseQuery(data []byte) (*Query, error) {
	query, err := unmarshal[Query](data)
	if err != nil {
		return nil, err
	}
	if err := query.check(); err != nil {
		return nil, err
	}
	return query, nil
}

// Bytes checks the query as ParseQuery does and returns its JSON.
func (q *Query) Bytes() ([]byte, error) {
	if err := q.check(); err != nil {
		return nil, err
	}
	return marshal(q)
}

// Credential returns the credential query with this id, or nil.
func (q *Query) Credential(id string) *CredentialQuery {
	for i := range q.Credentials {
		if q.Credentials[i].ID == id {
			return &q.Credentials[i]
		}
	}
	return nil
}

func (q *Query) check() error {
	if len(q.Credentials) == 0 || len(q.Credentials) > maxCredentials {
		return fmt.Errorf("%w: credentials has %d entries, from 1 to %d are taken", ErrQuery, len(q.Credentials), maxCredentials)
	}
	for i := range q.Credentials {
		c := &q.Credentials[i]
		if q.Credential(c.ID) != c {
			return fmt.Errorf("%w: credential id %d is repeated", ErrQuery, i)
		}
		if err := c.check(); err != nil {
			return fmt.Errorf("credential query %d: %w", i, err)
		}
	}
	if !slices.ContainsFunc(q.Credentials, func(c CredentialQuery) bool { return c.Known() }) {
		return fmt.Errorf("%w: in a DCQL query", ErrUnsupportedFormat)
	}
	if q.CredentialSets != nil && (len(q.CredentialSets) == 0 || len(q.CredentialSets) > maxSets) {
		return fmt.Errorf("%w: credential_sets is empty or too long", ErrQuery)
	}
	for i, set := range q.CredentialSets {
		known := func(id string) bool { return q.Credential(id) != nil }
		if err := checkSets(set.Options, known); err != nil {
			return fmt.Errorf("credential set %d: %w", i, err)
		}
	}
	return nil
}

func (c *CredentialQuery) check() error {
	if !isQueryID(c.ID) {
		return fmt.Errorf("%w: id must be letters, digits, _ and -", ErrQuery)
	}
	if !isIdentifier(c.Format) {
		return fmt.Errorf("%w: format is missing or too long", ErrQuery)
	}
	if !c.Known() {
		return nil
	}
	if err := checkNames("vct_values", c.Meta.VCTValues); err != nil {
		return err
	}
	if err := c.checkAuthorities(); err != nil {
		return err
	}
	if c.Format == FormatSDJWTZK {
		return c.checkProof()
	}
	return c.checkDisclosure()
}

// Known reports whether the query asks for a format of this package. No credential
// answers one that does not; a request may offer it beside one that does.
func (c *CredentialQuery) Known() bool { return c.Format == FormatSDJWT || c.Format == FormatSDJWTZK }

func (c *CredentialQuery) checkAuthorities() error {
	if c.TrustedAuthorities != nil && (len(c.TrustedAuthorities) == 0 || len(c.TrustedAuthorities) > maxSets) {
		return fmt.Errorf("%w: trusted_authorities is empty or too long", ErrQuery)
	}
	for _, authority := range c.TrustedAuthorities {
		if !isIdentifier(authority.Type) {
			return fmt.Errorf("%w: trusted authority without a type", ErrQuery)
		}
		if err := checkNames("values of a trusted authority", authority.Values); err != nil {
			return err
		}
	}
	return nil
}

// checkDisclosure checks the members that go with FormatSDJWT.
func (c *CredentialQuery) checkDisclosure() error {
	if c.Meta.VerifyingKeys != nil {
		return fmt.Errorf("%w: hufu_vk goes with format %s", ErrQuery, FormatSDJWTZK)
	}
	if c.Predicates != nil || c.Accept != (Acceptance{}) {
		if err := c.checkPredicates(); err != nil {
			return err
		}
	}
	if c.Claims != nil && (len(c.Claims) == 0 || len(c.Claims) > maxClaims) {
		return fmt.Errorf("%w: claims is empty or too long", ErrQuery)
	}
	for i, claim := range c.Claims {
		if err := claim.check(c.Claims[:i]); err != nil {
			return fmt.Errorf("claim %d: %w", i, err)
		}
	}
	if c.ClaimSets == nil {
		return nil
	}
	return checkSets(c.ClaimSets, func(id string) bool { return c.claim(id) != nil })
}

// claim returns the claim query with this id, or nil. It does not find claims
// without an id.
func (c *CredentialQuery) claim(id string) *ClaimQuery {
	i := slices.IndexFunc(c.Claims, func(claim ClaimQuery) bool { return id != "" && claim.ID == id })
	if i < 0 {
		return nil
	}
	return &c.Claims[i]
}

func (c ClaimQuery) check(before []ClaimQuery) error {
	if c.ID != "" && !isQueryID(c.ID) {
		return fmt.Errorf("%w: id must be letters, digits, _ and -", ErrQuery)
	}
	if err := checkPath(c.Path); err != nil {
		return err
	}
	for _, other := range before {
		if c.ID != "" && other.ID == c.ID {
			return fmt.Errorf("%w: claim id is repeated", ErrQuery)
		}
	}
	if c.Values == nil {
		return nil
	}
	return checkValues(c.Values)
}

// checkSets checks a list of alternatives. Each is a list of known ids without
// repetition.
func checkSets(sets [][]string, known func(id string) bool) error {
	if len(sets) == 0 || len(sets) > maxSets {
		return fmt.Errorf("%w: a list of alternatives is empty or too long", ErrQuery)
	}
	for _, set := range sets {
		if len(set) == 0 || len(set) > maxClaims {
			return fmt.Errorf("%w: an alternative is empty or too long", ErrQuery)
		}
		for i, id := range set {
			if !known(id) || slices.Contains(set[:i], id) {
				return fmt.Errorf("%w: an alternative names something unknown or twice", ErrQuery)
			}
		}
	}
	return nil
}

func checkNames(what string, names []string) error {
	if len(names) == 0 || len(names) > maxClaims {
		return fmt.Errorf("%w: %s is missing, empty or too long", ErrQuery, what)
	}
	for i, name := range names {
		if !isIdentifier(name) || slices.Contains(names[:i], name) {
			return fmt.Errorf("%w: %s has an empty, long or repeated entry", ErrQuery, what)
		}
	}
	return nil
}

// isQueryID accepts the characters that OpenID4VP 1.0 allows in ids.
func isQueryID(s string) bool {
	for i := range len(s) {
		c := s[i]
		if (c < 'a' || c > 'z') && (c < 'A' || c > 'Z') && (c < '0' || c > '9') && c != '_' && c != '-' {
			return false
		}
	}
	return s != "" && len(s) <= limits.Identifier
}
