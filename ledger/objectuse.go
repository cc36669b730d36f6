package ledger

import "fmt"

// Caps on one use.
const (
	maxUseProof = 8 << 10
	maxKeyFile  = 8 << 10
)

// Use counts one person once in one event: a vote, a benefit, a rating. It
// carries the zero-knowledge proofs of the person's answer, and every node
// checks them; the second use of one person is refused by all. It says nothing
// of who the person is. What stays in the state map under its key is a [Seen].
type Use struct {
	_ struct{} `cbor:",toarray"`
	// Nullifier is what ZK derives from the event's scope and the person's
	// pseudonym in it: the same for every answer of one person.
	Nullifier [32]byte
	// Rule and Version name the rule whose owner counts, and countersigns.
	Rule    string
	Version uint32
	// Event names what is counted, within the owner's events.
	Event string
	// Epoch is that of the proofs.
	Epoch uint64
	// Payload is a salted hash of what was said with the use: the ballot, the
	// rating. The proofs are bound to it.
	Payload [32]byte
	// Proof is in the form of the ZK given to the state machine.
	Proof []byte
}

// ParseUse reads a use. The error is [ErrTooLarge], [ErrFormat], [ErrKey] or
// [ErrValue].
func ParseUse(b []byte) (*Use, error) { return parseObject[Use](b) }

// Kind returns [KindUse].
func (*Use) Kind() string { return KindUse }

// Key returns [UseKey] of the nullifier.
func (u *Use) Key() string { return UseKey(u.Nullifier) }

// Bytes is the canonical encoding.
func (u *Use) Bytes() []byte { return encodeObject(*u) }

// Check returns [ErrKey] or [ErrValue] where a field is out of range.
func (u *Use) Check() error {
	if u.Version == 0 || u.Nullifier == ([32]byte{}) {
		return fmt.Errorf("%w: use without a rule's version or a nullifier", ErrValue)
	}
	if len(u.Proof) == 0 || len(u.Proof) > maxUseProof {
		return fmt.Errorf("%w: proof of %d bytes", ErrValue, len(u.Proof))
	}
	return firstError(CheckKey(u.Event), CheckKey(RuleKey(u.Rule, u.Version)))
}

// Seen is what a use leaves in the state map. The state machine alone writes it.
type Seen struct {
	_ struct{} `cbor:",toarray"`
	// Operation is the id of the operation that was counted.
	Operation [32]byte
	// Payload is the use's.
	Payload [32]byte
}

// ParseSeen reads what a use left. The error is [ErrTooLarge] or [ErrFormat].
func ParseSeen(b []byte) (*Seen, error) { return parseObject[Seen](b) }

// Check accepts every Seen that parses.
func (*Seen) Check() error { return nil }

// Bytes is the canonical encoding.
func (s *Seen) Bytes() []byte { return encodeObject(*s) }

// KeyFile holds a verifying key's bytes, which every node needs to check a Use.
// Its place is the hash of the bytes, so that it needs no trust. It is
// write-once.
type KeyFile struct {
	_ struct{} `cbor:",toarray"`
	// File is the verifying key in the form of the ZK given to the state
	// machine.
	File []byte
	// Agency is the DID of the agency that publishes it.
	Agency string
}

// ParseKeyFile reads a key file. The error is [ErrTooLarge], [ErrFormat],
// [ErrKey] or [ErrValue].
func ParseKeyFile(b []byte) (*KeyFile, error) { return parseObject[KeyFile](b) }

// Kind returns [KindKeyFile].
func (*KeyFile) Kind() string { return KindKeyFile }

// Key returns [KeyFileKey] of the bytes' SHA-256.
func (k *KeyFile) Key() string { return KeyFileKey(KeyHash(k.File)) }

// Bytes is the canonical encoding.
func (k *KeyFile) Bytes() []byte { return encodeObject(*k) }

// Check returns [ErrKey] or [ErrValue] where a field is out of range.
func (k *KeyFile) Check() error {
	if len(k.File) == 0 || len(k.File) > maxKeyFile {
		return fmt.Errorf("%w: verifying key of %d bytes", ErrValue, len(k.File))
	}
	return CheckDID(k.Agency)
}
