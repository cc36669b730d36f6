package ledger

import "fmt"

// Caps on one use.
const (
	maxUseProof = 8 << 10
	maxKeyFile  = 8 << 10
)

// A Use counts one person once in one event: a vote, a benefit, a rating. It
// carries the zero-knowledge proofs of the person's answer, and every node
// checks them. Every node refuses a second use of the same person. A Use does
// not say who the person is. In the state map it leaves a [Seen] under its key.
type Use struct {
	_ struct{} `cbor:",toarray"`
	// Nullifier is what ZK derives from the event's scope and the person's
	// pseudonym in it. It is the same for every answer of one person.
	Nullifier [32]byte
	// Owner, Rule and Version name the rule. Its owner counts, and countersigns.
	Owner   string
	Rule    string
	Version uint32
	// Event names the event among the owner's events.
	Event string
	// Epoch is the epoch of the proofs.
	Epoch uint64
	// Payload is a salted hash of what the person said with the use: the
	// ballot, the rating. The proofs are bound to it.
	Payload [32]byte
	// Proof is in the form that the ZK of the state machine accepts.
	Proof []byte
}

// ParseUse reads a use. The error is [ErrTooLarge], [ErrFormat], [ErrKey] or
// [ErrValue].
func ParseUse(b []byte) (*Use, error) { return parseObject[Use](b) }

// Kind returns [KindUse].
func (*Use) Kind() string { return KindUse }

// Key returns the [UseKey] of the nullifier.
func (u *Use) Key() string { return UseKey(u.Nullifier) }

// Bytes returns the canonical encoding.
func (u *Use) Bytes() []byte { return encodeObject(*u) }

// Check returns [ErrKey] or [ErrValue] if a field is out of range.
func (u *Use) Check() error {
	if u.Version == 0 || u.Nullifier == ([32]byte{}) {
		return fmt.Errorf("%w: use without a rule's version or a nullifier", ErrValue)
	}
	if len(u.Proof) == 0 || len(u.Proof) > maxUseProof {
		return fmt.Errorf("%w: proof of %d bytes", ErrValue, len(u.Proof))
	}
	return firstError(CheckKey(u.Event), CheckDID(u.Owner), CheckKey(RuleKey(u.Owner, u.Rule, u.Version)))
}

// A Seen is what a use leaves in the state map. Only the state machine writes
// it.
type Seen struct {
	_ struct{} `cbor:",toarray"`
	// Operation is the id of the operation that was counted.
	Operation [32]byte
	// Payload is the payload of the use.
	Payload [32]byte
}

// ParseSeen reads a Seen. The error is [ErrTooLarge] or [ErrFormat].
func ParseSeen(b []byte) (*Seen, error) { return parseObject[Seen](b) }

// Check accepts every Seen that parses.
func (*Seen) Check() error { return nil }

// Bytes returns the canonical encoding.
func (s *Seen) Bytes() []byte { return encodeObject(*s) }

// A KeyFile holds a verifying key's bytes, which every node needs to check a
// Use. Its key is the hash of the bytes, so that a reader need not trust it. It
// is write-once.
type KeyFile struct {
	_ struct{} `cbor:",toarray"`
	// File is the verifying key in the form that the ZK of the state machine
	// accepts.
	File []byte
	// Agency is the DID of the agency that publishes it.
	Agency string
}

// ParseKeyFile reads a key file. The error is [ErrTooLarge], [ErrFormat],
// [ErrKey] or [ErrValue].
func ParseKeyFile(b []byte) (*KeyFile, error) { return parseObject[KeyFile](b) }

// Kind returns [KindKeyFile].
func (*KeyFile) Kind() string { return KindKeyFile }

// Key returns the [KeyFileKey] of the bytes' SHA-256.
func (k *KeyFile) Key() string { return KeyFileKey(KeyHash(k.File)) }

// Bytes returns the canonical encoding.
func (k *KeyFile) Bytes() []byte { return encodeObject(*k) }

// Check returns [ErrKey] or [ErrValue] if a field is out of range.
func (k *KeyFile) Check() error {
	if len(k.File) == 0 || len(k.File) > maxKeyFile {
		return fmt.Errorf("%w: verifying key of %d bytes", ErrValue, len(k.File))
	}
	return CheckDID(k.Agency)
}
