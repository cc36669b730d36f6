package ledger

import (
	"crypto/sha256"
	"fmt"
	"strings"

	"github.com/hufu-id/hufu/internal/limits"
	"github.com/hufu-id/hufu/legible"
)

// Kinds of operation.
const (
	KindDID           = "did"
	KindAccreditation = "accr"
	KindSchema        = "schema"
	KindStatus        = "status"
	KindRevoke        = "revoke"
	KindVK            = "vk"
	KindAnchor        = "anchor"
	KindAgreement     = "trust"
	KindRule          = "rule"
	KindTrail         = "trail"
	KindPurpose       = "purpose"
	KindGrant         = "grant"
	KindAudit         = "audit"
	KindUse           = "use"
	KindKeyFile       = "keyfile"
)

// AttributeSlots is the number of attributes that a schema orders.
const AttributeSlots = 16

// checkName accepts a short printable name without spaces or slashes, so that
// it can stand between slashes in a key.
func checkName(name string) error {
	if strings.Contains(name, "/") {
		return fmt.Errorf("%w: slash in a name", ErrKey)
	}
	return CheckKey(name)
}

// A Schema fixes one version of a credential's schema. It is write-once. Its owner, or
// another agency together with the root, publishes the next version.
type Schema struct {
	_ struct{} `cbor:",toarray"`
	// ID and Version name the schema.
	ID      string
	Version uint32
	// VCT is the credential type (vct) of SD-JWT VC.
	VCT string
	// Hash is the SHA-256 of the schema file.
	Hash [32]byte
	// Attributes is the order of the attributes inside zero-knowledge proofs.
	// An empty name marks an unused slot.
	Attributes [AttributeSlots]string
	// Owner is the DID of the agency that published it.
	Owner string
}

// ParseSchema reads a schema object. The error is [ErrTooLarge], [ErrFormat],
// [ErrKey] or [ErrValue].
func ParseSchema(b []byte) (*Schema, error) { return parseObject[Schema](b) }

// Kind returns [KindSchema].
func (*Schema) Kind() string { return KindSchema }

// Key returns the [SchemaKey] of the schema.
func (s *Schema) Key() string { return SchemaKey(s.ID, s.Version) }

// Bytes returns the canonical encoding.
func (s *Schema) Bytes() []byte { return encodeObject(*s) }

// Check returns [ErrKey] or [ErrValue] if a field is out of range.
func (s *Schema) Check() error {
	if s.Version == 0 {
		return fmt.Errorf("%w: schema version 0", ErrValue)
	}
	seen := map[string]bool{}
	for _, name := range s.Attributes {
		if len(name) > limits.Identifier || name != "" && (seen[name] || legible.Check(name, legible.Limits{}) != nil) {
			return fmt.Errorf("%w: attribute named twice, too long or illegible", ErrValue)
		}
		seen[name] = true
	}
	return firstError(CheckKey(s.ID), CheckKey(s.VCT), CheckDID(s.Owner), CheckKey(s.Key()))
}

// A Status fixes the content of one status list. Its sequence only grows.
type Status struct {
	_ struct{} `cbor:",toarray"`
	// URI names the list, as credentials do.
	URI string
	// Issuer is the DID of the agency that keeps the list.
	Issuer string
	// Sequence grows with every change.
	Sequence uint64
	// Root covers the list's entries and their width; see status.List.Root.
	Root [32]byte
	// ValidUntil is the first second, in Unix time, at which the list no longer
	// counts; 0 means never.
	ValidUntil int64
}

// ParseStatus reads a status object. The error is [ErrTooLarge], [ErrFormat],
// [ErrKey] or [ErrValue].
func ParseStatus(b []byte) (*Status, error) { return parseObject[Status](b) }

// Kind returns [KindStatus].
func (*Status) Kind() string { return KindStatus }

// Key returns the [StatusKey] of the list.
func (s *Status) Key() string { return StatusKey(s.Issuer, s.URI) }

// Bytes returns the canonical encoding.
func (s *Status) Bytes() []byte { return encodeObject(*s) }

// Check returns [ErrKey] or [ErrValue] if a field is out of range.
func (s *Status) Check() error {
	if s.ValidUntil < 0 {
		return fmt.Errorf("%w: time before 1970", ErrValue)
	}
	return firstError(CheckKey(s.URI), CheckDID(s.Issuer), CheckKey(s.Key()))
}

// A Revocation revokes one credential in zero knowledge: the handle that ZK
// derives from ProofKey and Random enters the revocation tree at the next
// epoch. A Status operation in the same batch changes the bit in the status
// list. A Revocation leaves nothing in the state map.
type Revocation struct {
	_ struct{} `cbor:",toarray"`
	// ProofKey signed the credential's endorsement.
	ProofKey []byte
	// Random is the random value in the credential's endorsement.
	Random [16]byte
	// List and Index are the credential's place in its status list, which is one of
	// the proof key's owner.
	List  string
	Index uint64
}

// ParseRevocation reads a revocation. The error is [ErrTooLarge], [ErrFormat],
// [ErrKey] or [ErrValue].
func ParseRevocation(b []byte) (*Revocation, error) { return parseObject[Revocation](b) }

// Kind returns [KindRevoke].
func (*Revocation) Kind() string { return KindRevoke }

// Key returns a key that names the list and the place in it.
func (r *Revocation) Key() string { return fmt.Sprintf("%s%s#%d", PrefixRevoke, r.List, r.Index) }

// Bytes returns the canonical encoding.
func (r *Revocation) Bytes() []byte { return encodeObject(*r) }

// Check returns [ErrKey] or [ErrValue] if a field is out of range.
func (r *Revocation) Check() error {
	if len(r.ProofKey) == 0 || len(r.ProofKey) > maxKeyBytes {
		return fmt.Errorf("%w: proof key of %d bytes", ErrValue, len(r.ProofKey))
	}
	return firstError(CheckKey(r.List), CheckKey(r.Key()))
}

// saltedDomain separates a salted hash from a hash of anything else.
const saltedDomain = "hufu/salted/1\x00"

// SaltedHash returns the salted hash of the name that a register gives a
// record: the SHA-256 of the domain "hufu/salted/1", a zero byte, the salt and
// the name. Only a holder of the salt can find the record or test a guess.
func SaltedHash(salt [16]byte, name string) [32]byte {
	return sha256.Sum256(append(append([]byte(saltedDomain), salt[:]...), name...))
}

// An Anchor fixes a salted hash, or the root over many, in time. It is
// write-once.
type Anchor struct {
	_ struct{} `cbor:",toarray"`
	// Hash is salted, so that nobody can test guesses against the ledger.
	Hash [32]byte
	// Count is the number of records that Hash covers; 1 for a single one.
	Count uint64
	// Agency is the DID of the agency that anchored it.
	Agency string
	// Type, if it is not empty, is a credential type that the agency issues: no other
	// agency that issues it anchors the hash for it, too. Desks of a type bind a secret
	// so to one person.
	Type string
}

// ParseAnchor reads an anchor. The error is [ErrTooLarge], [ErrFormat],
// [ErrKey] or [ErrValue].
func ParseAnchor(b []byte) (*Anchor, error) { return parseObject[Anchor](b) }

// Kind returns [KindAnchor].
func (*Anchor) Kind() string { return KindAnchor }

// Key returns the [AnchorKey] of the hash.
func (a *Anchor) Key() string { return AnchorKey(a.Agency, a.Hash) }

// Bytes returns the canonical encoding.
func (a *Anchor) Bytes() []byte { return encodeObject(*a) }

// Check returns [ErrKey] or [ErrValue] if a field is out of range.
func (a *Anchor) Check() error {
	if a.Count == 0 {
		return fmt.Errorf("%w: anchor over no record", ErrValue)
	}
	return firstError(CheckDID(a.Agency), CheckKey(SoleKey(a.Hash, a.Type)))
}

// parseObject decodes an object and checks its fields.
func parseObject[T any, P interface {
	*T
	Check() error
}](b []byte) (P, error) {
	object, err := decodeObject[T](b, limits.Operation)
	if err != nil {
		return nil, err
	}
	if err := P(&object).Check(); err != nil {
		return nil, err
	}
	return &object, nil
}

func firstError(errs ...error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}
