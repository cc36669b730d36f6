package ledger

import (
	"fmt"
	"strings"
	"time"

	"github.com/hufu-id/hufu/internal/limits"
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
	KindTrust         = "trust"
)

// AttributeSlots is how many attributes a schema orders.
const AttributeSlots = 16

// maxWitnesses bounds witnesses and agency keys of one trust object.
const maxWitnesses = 32

// checkName accepts a short printable name without spaces or slashes, so that
// it can stand between slashes in a key.
func checkName(name string) error {
	if strings.Contains(name, "/") {
		return fmt.Errorf("%w: slash in a name", ErrKey)
	}
	return CheckKey(name)
}

// Schema fixes one version of a credential's schema. It is write-once.
type Schema struct {
	_ struct{} `cbor:",toarray"`
	// ID and Version name the schema.
	ID      string
	Version uint32
	// VCT is the credential type (vct) of SD-JWT VC.
	VCT string
	// Hash is the SHA-256 of the schema file.
	Hash [32]byte
	// Attributes is the order of the attributes inside zero-knowledge proofs;
	// an empty name is an unused slot.
	Attributes [AttributeSlots]string
	// Owner is the DID of the agency that published it.
	Owner string
}

// ParseSchema reads a schema object. The error is [ErrTooLarge], [ErrFormat],
// [ErrKey] or [ErrValue].
func ParseSchema(b []byte) (*Schema, error) { return parseObject[Schema](b) }

// Kind returns [KindSchema].
func (*Schema) Kind() string { return KindSchema }

// Key returns [SchemaKey] of the schema.
func (s *Schema) Key() string { return SchemaKey(s.ID, s.Version) }

// Bytes is the canonical encoding.
func (s *Schema) Bytes() []byte { return encodeObject(*s) }

// Check returns [ErrKey] or [ErrValue] where a field is out of range.
func (s *Schema) Check() error {
	if s.Version == 0 {
		return fmt.Errorf("%w: schema version 0", ErrValue)
	}
	seen := map[string]bool{}
	for _, name := range s.Attributes {
		if len(name) > limits.Identifier || name != "" && seen[name] {
			return fmt.Errorf("%w: attribute named twice or too long", ErrValue)
		}
		seen[name] = true
	}
	return firstError(CheckKey(s.ID), CheckKey(s.VCT), CheckDID(s.Owner), CheckKey(s.Key()))
}

// Status fixes the content of one status list. Its sequence only grows.
type Status struct {
	_ struct{} `cbor:",toarray"`
	// URI names the list, as the credentials do.
	URI string
	// Issuer is the DID of the agency whose list it is.
	Issuer string
	// Sequence is greater with every change.
	Sequence uint64
	// Root is the SHA-256 of the uncompressed bit array.
	Root [32]byte
	// ValidUntil is the first second, in Unix time, at which the list counts
	// no more; 0 is never.
	ValidUntil int64
}

// ParseStatus reads a status object. The error is [ErrTooLarge], [ErrFormat],
// [ErrKey] or [ErrValue].
func ParseStatus(b []byte) (*Status, error) { return parseObject[Status](b) }

// Kind returns [KindStatus].
func (*Status) Kind() string { return KindStatus }

// Key returns [StatusKey] of the list.
func (s *Status) Key() string { return StatusKey(s.URI) }

// Bytes is the canonical encoding.
func (s *Status) Bytes() []byte { return encodeObject(*s) }

// Check returns [ErrKey] or [ErrValue] where a field is out of range.
func (s *Status) Check() error {
	if s.ValidUntil < 0 {
		return fmt.Errorf("%w: time before 1970", ErrValue)
	}
	return firstError(CheckKey(s.URI), CheckDID(s.Issuer), CheckKey(s.Key()))
}

// Revocation asks that one credential be revoked in zero knowledge: the handle
// that ZK derives from ProofKey and Random enters the revocation tree at the
// next epoch. The bit in the status list changes with a Status operation in the
// same batch. It leaves nothing in the state map.
type Revocation struct {
	_ struct{} `cbor:",toarray"`
	// ProofKey signed the credential's zero-knowledge half.
	ProofKey []byte
	// Random is the credential's own.
	Random [16]byte
	// List and Index are where the credential is in its status list.
	List  string
	Index uint64
}

// ParseRevocation reads a revocation. The error is [ErrTooLarge], [ErrFormat],
// [ErrKey] or [ErrValue].
func ParseRevocation(b []byte) (*Revocation, error) { return parseObject[Revocation](b) }

// Kind returns [KindRevoke].
func (*Revocation) Kind() string { return KindRevoke }

// Key names the list and the place in it.
func (r *Revocation) Key() string { return fmt.Sprintf("%s%s#%d", PrefixRevoke, r.List, r.Index) }

// Bytes is the canonical encoding.
func (r *Revocation) Bytes() []byte { return encodeObject(*r) }

// Check returns [ErrKey] or [ErrValue] where a field is out of range.
func (r *Revocation) Check() error {
	if len(r.ProofKey) == 0 || len(r.ProofKey) > maxKeyBytes {
		return fmt.Errorf("%w: proof key of %d bytes", ErrValue, len(r.ProofKey))
	}
	return firstError(CheckKey(r.List), CheckKey(r.Key()))
}

// Setups of a verifying key.
const (
	// SetupSingleParty means that one machine made the key and could forge.
	SetupSingleParty = "single-party"
	// SetupCeremony means that many did, of whom one honest one is enough.
	SetupCeremony = "ceremony"
)

// States of a verifying key.
const (
	VKActive  = "active"
	VKRetired = "retired"
)

// VK pins the verifying key of one circuit. It is write-once, but for its
// retirement.
type VK struct {
	_ struct{} `cbor:",toarray"`
	// Circuit names the circuit and its version.
	Circuit string
	// KeyHash is the SHA-256 of the verifying key's bytes.
	KeyHash [32]byte
	// TranscriptHash is the SHA-256 of the setup's transcript.
	TranscriptHash [32]byte
	// Setup is SetupSingleParty or SetupCeremony.
	Setup string
	// State is VKActive or VKRetired.
	State string
}

// ParseVK reads a verifying key object. The error is [ErrTooLarge],
// [ErrFormat], [ErrKey] or [ErrValue].
func ParseVK(b []byte) (*VK, error) { return parseObject[VK](b) }

// Kind returns [KindVK].
func (*VK) Kind() string { return KindVK }

// Key returns [VKKey] of the circuit.
func (v *VK) Key() string { return VKKey(v.Circuit) }

// Bytes is the canonical encoding.
func (v *VK) Bytes() []byte { return encodeObject(*v) }

// Check returns [ErrKey] or [ErrValue] where a field is out of range.
func (v *VK) Check() error {
	if v.Setup != SetupSingleParty && v.Setup != SetupCeremony {
		return fmt.Errorf("%w: unknown setup", ErrValue)
	}
	if v.State != VKActive && v.State != VKRetired {
		return fmt.Errorf("%w: unknown state of a verifying key", ErrValue)
	}
	return firstError(CheckKey(v.Circuit), CheckKey(v.Key()))
}

// Anchor fixes a salted hash, or the root over many, in time. It is write-once.
type Anchor struct {
	_ struct{} `cbor:",toarray"`
	// Hash is salted: the ledger must not be a way to test guesses.
	Hash [32]byte
	// Count is how many records Hash is over; 1 for a single one.
	Count uint64
	// Agency is the DID of the agency that anchored it.
	Agency string
}

// ParseAnchor reads an anchor. The error is [ErrTooLarge], [ErrFormat],
// [ErrKey] or [ErrValue].
func ParseAnchor(b []byte) (*Anchor, error) { return parseObject[Anchor](b) }

// Kind returns [KindAnchor].
func (*Anchor) Kind() string { return KindAnchor }

// Key returns [AnchorKey] of the hash.
func (a *Anchor) Key() string { return AnchorKey(a.Hash) }

// Bytes is the canonical encoding.
func (a *Anchor) Bytes() []byte { return encodeObject(*a) }

// Check returns [ErrKey] or [ErrValue] where a field is out of range.
func (a *Anchor) Check() error {
	if a.Count == 0 {
		return fmt.Errorf("%w: anchor over no record", ErrValue)
	}
	return CheckDID(a.Agency)
}

// Trust is the consortium's n-th agreement: which agencies decide together, and
// which witnesses count. Each is signed by the threshold of the one before.
type Trust struct {
	_ struct{} `cbor:",toarray"`
	// Number counts from 0.
	Number uint64
	// Witnesses are the note verifier keys of the replaying witnesses, of
	// which K must cosign.
	Witnesses []string
	K         uint32
	// AgencyKeys are signature keys, of which Threshold must sign.
	AgencyKeys [][]byte
	Threshold  uint32
}

// ParseTrustObject reads a trust object. The error is [ErrTooLarge],
// [ErrFormat], [ErrKey] or [ErrValue].
func ParseTrustObject(b []byte) (*Trust, error) { return parseObject[Trust](b) }

// Kind returns [KindTrust].
func (*Trust) Kind() string { return KindTrust }

// Key returns [TrustKey] of the number.
func (t *Trust) Key() string { return TrustKey(t.Number) }

// Bytes is the canonical encoding.
func (t *Trust) Bytes() []byte { return encodeObject(*t) }

// Check returns [ErrKey] or [ErrValue] where a field is out of range.
func (t *Trust) Check() error {
	if t.K == 0 || int64(t.K) > int64(len(t.Witnesses)) || len(t.Witnesses) > maxWitnesses {
		return fmt.Errorf("%w: %d of %d witnesses", ErrValue, t.K, len(t.Witnesses))
	}
	if t.Threshold == 0 || int64(t.Threshold) > int64(len(t.AgencyKeys)) || len(t.AgencyKeys) > maxWitnesses {
		return fmt.Errorf("%w: %d of %d agency keys", ErrValue, t.Threshold, len(t.AgencyKeys))
	}
	seen := map[string]bool{}
	for _, key := range t.AgencyKeys {
		if len(key) == 0 || len(key) > maxKeyBytes || seen[string(key)] {
			return fmt.Errorf("%w: agency key empty, too long or twice", ErrValue)
		}
		seen[string(key)] = true
	}
	_, err := witnessVerifiers(t.Witnesses)
	return err
}

// Epoch holds the roots of one closed epoch: under which registry and which
// revocations a zero-knowledge proof of that epoch was made. The state machine
// alone writes it.
type Epoch struct {
	_ struct{} `cbor:",toarray"`
	// Number is Unix time divided by the length of an epoch.
	Number uint64
	// Day is the Day at closing.
	Day uint32
	// RegistryRoot and RevocationRoot are as ZK made them.
	RegistryRoot, RevocationRoot [32]byte
}

// ParseEpoch reads an epoch. The error is [ErrTooLarge] or [ErrFormat].
func ParseEpoch(b []byte) (*Epoch, error) {
	e, err := decodeObject[Epoch](b, limits.Operation)
	if err != nil {
		return nil, err
	}
	return &e, nil
}

// Bytes is the canonical encoding.
func (e *Epoch) Bytes() []byte { return encodeObject(*e) }

// ClosedAt is the end of the epoch by the clock. The checkpoint that closed it
// came then or later.
func (e *Epoch) ClosedAt(trust *TrustFile) time.Time {
	return time.Unix(int64(e.Number+1)*int64(trust.EpochLength/time.Second), 0)
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
