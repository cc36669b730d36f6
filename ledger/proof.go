package ledger

import (
	"fmt"

	"golang.org/x/mod/sumdb/tlog"

	"github.com/hufu-id/hufu/internal/limits"
)

// Caps within a proof.
const (
	// maxEntries bounds the number of values in one proof.
	maxEntries = 4096
	// maxInclusion is the length of an inclusion proof in a log of 2^63 leaves.
	maxInclusion = 63
)

// An Entry is the value of the state map under one key.
type Entry struct {
	_   struct{} `cbor:",toarray"`
	Key string
	// Value is empty if the key is absent. No object is empty.
	Value []byte
	// Proof leads from the value to the state root: a bitmap of 32 bytes, then
	// the siblings that are not empty, 32 bytes each, from the root down. Bit d,
	// counted from the highest of the first byte, stands for the sibling met when
	// leaving depth d towards the leaf.
	Proof []byte
}

// A Proof, with a trust file, proves some values of the state map: checkpoint →
// state leaf → values. Its encoding is deterministic CBOR: [1, [checkpoint,
// state leaf, inclusion, [[key, value, proof], ...]]].
type Proof struct {
	_ struct{} `cbor:",toarray"`
	// Checkpoint is the signed note.
	Checkpoint []byte
	// StateLeaf is the last leaf of the log at the checkpoint.
	StateLeaf []byte
	// Inclusion proves the state leaf (RFC 9162, section 2.1.3).
	Inclusion []tlog.Hash
	// Entries stand in ascending order of their keys.
	Entries []Entry
}

// ParseProof reads a proof. It does not verify it. The error is [ErrTooLarge],
// [ErrFormat] or [ErrKey].
func ParseProof(b []byte) (*Proof, error) {
	p, err := decodeObject[Proof](b, limits.Proof)
	if err != nil {
		return nil, err
	}
	return &p, p.check()
}

// Bytes returns the canonical encoding.
func (p *Proof) Bytes() []byte { return encodeObject(*p) }

func (p *Proof) check() error { return p.checkUpTo(maxEntries) }

func (p *Proof) checkUpTo(entries int) error {
	if len(p.Entries) > entries || len(p.Inclusion) > maxInclusion {
		return fmt.Errorf("%w: %d entries", ErrTooLarge, len(p.Entries))
	}
	for i, e := range p.Entries {
		if err := CheckKey(e.Key); err != nil {
			return err
		}
		if i > 0 && p.Entries[i-1].Key >= e.Key {
			return fmt.Errorf("%w: entries out of order", ErrFormat)
		}
	}
	return nil
}
