package ledger

import (
	"crypto/ed25519"
	"crypto/sha256"
	"fmt"
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

// An Agreement says which agencies of a consortium decide together, and which
// witnesses count. Agreements are numbered. The threshold of the one before signs
// each.
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
	// AgencyKeys lists signature keys. Threshold of them must sign.
	AgencyKeys [][]byte
	Threshold  uint32
	// Nodes lists the Ed25519 keys with which the nodes of a consortium vote on
	// blocks. An embedded ledger has none. If there are any, each node is a witness
	// too, in the same order, and K is more than two thirds of them.
	Nodes [][]byte
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

// Check returns [ErrKey] or [ErrValue] if a field is out of range.
func (t *Agreement) Check() error {
	if (t.Number == 0) != (t.Previous == [32]byte{}) {
		return fmt.Errorf("%w: every agreement but the first names the one before", ErrValue)
	}
	if t.K == 0 || int64(t.K) > int64(len(t.Witnesses)) || len(t.Witnesses) > maxWitnesses {
		return fmt.Errorf("%w: %d of %d witnesses", ErrValue, t.K, len(t.Witnesses))
	}
	if t.Threshold == 0 || int64(t.Threshold) > int64(len(t.AgencyKeys)) || len(t.AgencyKeys) > maxWitnesses {
		return fmt.Errorf("%w: %d of %d agency keys", ErrValue, t.Threshold, len(t.AgencyKeys))
	}
	if err := checkAgencyKeys(t.AgencyKeys); err != nil {
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

// checkAgencyKeys refuses a key that stands twice: it would count twice.
func checkAgencyKeys(keys [][]byte) error {
	seen := map[string]bool{}
	for _, key := range keys {
		if len(key) == 0 || len(key) > maxKeyBytes || seen[string(key)] {
			return fmt.Errorf("%w: agency key empty, too long or twice", ErrValue)
		}
		seen[string(key)] = true
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
