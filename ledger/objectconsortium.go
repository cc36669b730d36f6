package ledger

import (
	"crypto"
	"crypto/ed25519"
	"crypto/sha256"
	"fmt"
	"slices"
	"time"

	"github.com/hufu-id/hufu/internal/limits"
)

// maxWitnesses bounds the witnesses, agency keys and nodes of one agreement.
const maxWitnesses = 32

// Setups of a verifying key.
const (
	// SetupSingleParty means that one machine made the key and could forge
	// proofs.
	SetupSingleParty = "single-party"
	// SetupCeremony means that several parties made the key. One honest party
	// among them is enough.
	SetupCeremony = "ceremony"
)

// States of a verifying key.
const (
	VKActive  = "active"
	VKRetired = "retired"
)

// A VK pins the verifying key of one circuit. Only its retirement can change
// it.
type VK struct {
	_ struct{} `cbor:",toarray"`
	// Circuit names the circuit and its version.
	Circuit string
	// KeyHash is the SHA-256 of the verifying key's bytes.
	KeyHash [32]byte
	// TranscriptHash is the SHA-256 of the ceremony's transcript, and zero for a
	// single party. The setup is what the consortium signed here; what the key
	// says of itself proves nothing.
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

// Key returns the [VKKey] of the circuit.
func (v *VK) Key() string { return VKKey(v.Circuit) }

// Bytes returns the canonical encoding.
func (v *VK) Bytes() []byte { return encodeObject(*v) }

// Check returns [ErrKey] or [ErrValue] if a field is out of range.
func (v *VK) Check() error {
	if v.Setup != SetupSingleParty && v.Setup != SetupCeremony {
		return fmt.Errorf("%w: unknown setup", ErrValue)
	}
	if v.State != VKActive && v.State != VKRetired {
		return fmt.Errorf("%w: unknown state of a verifying key", ErrValue)
	}
	if (v.Setup == SetupCeremony) == (v.TranscriptHash == [32]byte{}) {
		return fmt.Errorf("%w: a ceremony has a transcript, and a single party has none", ErrValue)
	}
	return firstError(CheckKey(v.Circuit), CheckKey(v.Key()))
}

// A Decider is one agency's say in a consortium.
type Decider struct {
	_ struct{} `cbor:",toarray"`
	// Key is the signature key by which the agency decides under the agreement, such as
	// on verifying keys.
	Key []byte
	// Next is the [KeyHash] of the key with which the agency signs the next agreement.
	// Nobody has seen that key before, and it signs once (pre-rotation): a thief of Key
	// cannot take the consortium.
	Next [32]byte
}

// NewDecider returns the say of an agency with a signature key and the key for the next
// agreement, both as public keys. The error is [ErrSuite].
func NewDecider(key, next crypto.PublicKey) (Decider, error) {
	a, err := DefaultSuites().MarshalKey(key)
	if err != nil {
		return Decider{}, err
	}
	b, err := DefaultSuites().MarshalKey(next)
	return Decider{Key: a, Next: KeyHash(b)}, err
}

// Rules says by which rules the nodes judge operations.
type Rules struct {
	_ struct{} `cbor:",toarray"`
	// Version counts from 0. A node that does not know it stops, and goes on with a newer
	// program.
	Version uint32
	// From is the height of the first checkpoint that is made by them.
	From uint64
}

// An Agreement says which agencies of a consortium decide together, which
// witnesses count, and which rules hold. Agreements are numbered. The threshold of the
// one before signs each.
type Agreement struct {
	_ struct{} `cbor:",toarray"`
	// Number counts from 0.
	Number uint64
	// Previous is the Hash of the agreement before, and zero in the first.
	Previous [32]byte
	// Witnesses lists the note verifier keys of the replaying witnesses. K of
	// them must cosign.
	Witnesses []string
	K         uint32
	// Deciders lists the agencies. Threshold of them must sign.
	Deciders  []Decider
	Threshold uint32
	// Nodes lists the Ed25519 keys with which the nodes of a consortium vote on
	// blocks. An embedded ledger has none. If there are any, each node is a witness
	// too, in the same order, and K is more than two thirds of them.
	Nodes [][]byte
	// Rules are those that hold, or are to hold from a height on.
	Rules Rules
}

// ParseAgreement reads an agreement. The error is [ErrTooLarge], [ErrFormat],
// [ErrKey] or [ErrValue].
func ParseAgreement(b []byte) (*Agreement, error) { return parseObject[Agreement](b) }

// Kind returns [KindAgreement].
func (*Agreement) Kind() string { return KindAgreement }

// Key returns the [AgreementKey] of the number.
func (t *Agreement) Key() string { return AgreementKey(t.Number) }

// Bytes returns the canonical encoding.
func (t *Agreement) Bytes() []byte { return encodeObject(*t) }

// Hash returns the SHA-256 of Bytes, by which the next agreement, and a trust file, name
// this one.
func (t *Agreement) Hash() [32]byte { return sha256.Sum256(t.Bytes()) }

// Successor returns a copy with the next number, which names this agreement: what is to
// change is changed in the copy.
func (t *Agreement) Successor() *Agreement {
	next := *t
	next.Number, next.Previous = t.Number+1, t.Hash()
	next.Witnesses, next.Deciders, next.Nodes = slices.Clone(t.Witnesses), slices.Clone(t.Deciders), slices.Clone(t.Nodes)
	return &next
}

// Next lists the hashes of the keys that sign the next agreement.
func (t *Agreement) Next() (hashes [][32]byte) {
	for _, d := range t.Deciders {
		hashes = append(hashes, d.Next)
	}
	return hashes
}

// Check returns [ErrKey] or [ErrValue] if a field is out of range.
func (t *Agreement) Check() error {
	if (t.Number == 0) != (t.Previous == [32]byte{}) {
		return fmt.Errorf("%w: every agreement but the first names the one before", ErrValue)
	}
	if t.K == 0 || int64(t.K) > int64(len(t.Witnesses)) || len(t.Witnesses) > maxWitnesses {
		return fmt.Errorf("%w: %d of %d witnesses", ErrValue, t.K, len(t.Witnesses))
	}
	if (t.Rules.Version == 0) != (t.Rules.From == 0) {
		return fmt.Errorf("%w: rules of version %d from height %d", ErrValue, t.Rules.Version, t.Rules.From)
	}
	if err := t.checkDeciders(); err != nil {
		return err
	}
	if len(t.Nodes) > 0 && (len(t.Nodes) != len(t.Witnesses) || 3*int(t.K) <= 2*len(t.Witnesses)) {
		return fmt.Errorf("%w: %d nodes, and %d of %d cosigners", ErrValue, len(t.Nodes), t.K, len(t.Witnesses))
	}
	seen := map[string]bool{}
	for _, key := range t.Nodes {
		if len(key) != ed25519.PublicKeySize || seen[string(key)] {
			return fmt.Errorf("%w: node key of another length, or twice", ErrValue)
		}
		seen[string(key)] = true
	}
	_, err := witnessVerifiers(t.Witnesses)
	return err
}

// checkDeciders refuses a key that stands twice, because it would count twice, and a next
// key that is in use already.
func (t *Agreement) checkDeciders() error {
	if len(t.Deciders) > maxWitnesses {
		return fmt.Errorf("%w: %d deciders", ErrValue, len(t.Deciders))
	}
	used := map[[32]byte]bool{}
	for _, d := range t.Deciders {
		hash := KeyHash(d.Key)
		if len(d.Key) == 0 || len(d.Key) > maxKeyBytes || used[hash] {
			return fmt.Errorf("%w: decider's key empty, too long or twice", ErrValue)
		}
		used[hash] = true
	}
	for _, d := range t.Deciders {
		if used[d.Next] {
			return fmt.Errorf("%w: decider's next key in use or twice", ErrValue)
		}
		used[d.Next] = true
	}
	return checkNext(t.Next(), int(t.Threshold))
}

// checkNext checks the keys that sign the next agreement, of which there is at least one.
func checkNext(next [][32]byte, threshold int) error {
	seen := map[[32]byte]bool{{}: true}
	for _, hash := range next {
		if seen[hash] {
			return fmt.Errorf("%w: next key missing or twice", ErrValue)
		}
		seen[hash] = true
	}
	if threshold < 1 || threshold > len(next) || len(next) > maxWitnesses {
		return fmt.Errorf("%w: %d of %d deciders", ErrValue, threshold, len(next))
	}
	return nil
}

// CheckNext checks what one agreement says of the one after it: its number, its hash, and
// the keys that signed it. A key that has signed is known, so the next agreement does not
// count on it again. The error is [ErrConflict] or [ErrUnauthorised].
func (t *Agreement) CheckNext(next *Agreement, signers [][]byte) error {
	return succession{t.Number, t.Hash(), t.Next(), int(t.Threshold)}.check(next, signers)
}

// succession is what an agreement, or a trust file, says of the next one.
type succession struct {
	number    uint64
	hash      [32]byte
	next      [][32]byte
	threshold int
}

func (s succession) check(next *Agreement, signers [][]byte) error {
	if next.Number != s.number+1 || next.Previous != s.hash {
		return fmt.Errorf("%w: agreement %d does not follow the agreement %d that holds", ErrConflict, next.Number, s.number)
	}
	count := 0
	for _, key := range signers {
		hash := KeyHash(key)
		if slices.Contains(s.next, hash) {
			count++
		}
		if slices.Contains(next.Next(), hash) {
			return fmt.Errorf("%w: agreement %d counts on a key that has signed it", ErrConflict, next.Number)
		}
	}
	if count < s.threshold {
		return fmt.Errorf("%w: agreement %d has %d of %d signatures", ErrUnauthorised, next.Number, count, s.threshold)
	}
	return nil
}

// An Epoch holds the roots of one closed epoch: the registry and the
// revocations that a zero-knowledge proof of that epoch refers to. Only the
// state machine writes it.
type Epoch struct {
	_ struct{} `cbor:",toarray"`
	// Number is Unix time divided by the length of an epoch.
	Number uint64
	// Day is the [Day] on which the epoch closed.
	Day uint32
	// RegistryRoot and RevocationRoot are the roots that ZK computed.
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

// Bytes returns the canonical encoding.
func (e *Epoch) Bytes() []byte { return encodeObject(*e) }

// ClosedAt returns the end of the epoch by the clock. The checkpoint that
// closed it came then or later.
func (e *Epoch) ClosedAt(trust *TrustFile) time.Time {
	return time.Unix(int64(e.Number+1)*int64(trust.EpochLength/time.Second), 0)
}
