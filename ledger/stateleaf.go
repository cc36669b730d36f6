package ledger

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"math"
	"time"

	"golang.org/x/mod/sumdb/tlog"
)

// stateLeafPrefix is the beginning of a state leaf. No operation begins with
// it: operations are CBOR arrays.
const stateLeafPrefix = "hufu/state/1"

// StateLeafSize is the length of a state leaf in bytes.
const StateLeafSize = len(stateLeafPrefix) + 8 + 8 + 32 + 8 + 4 + 32 + 32

// A StateLeaf ties the state map and the roots of the last closed epoch to the
// log. It is the last leaf of every checkpoint. Its encoding is "hufu/state/1"
// and the fields in order, integers big-endian.
type StateLeaf struct {
	// Height counts checkpoints from 0.
	Height uint64
	// UnixMilli is the ledger's time, in milliseconds since 1970.
	UnixMilli uint64
	// StateRoot is the root of the state map.
	StateRoot tlog.Hash
	// Epoch, Day, RegistryRoot and RevocationRoot belong to the last closed
	// epoch. They are zero before the first.
	Epoch          uint64
	Day            uint32
	RegistryRoot   [32]byte
	RevocationRoot [32]byte
}

// IsStateLeaf reports whether a leaf of the log is a state leaf rather than an
// operation.
func IsStateLeaf(leaf []byte) bool { return bytes.HasPrefix(leaf, []byte(stateLeafPrefix)) }

// ParseStateLeaf reads a state leaf. The error is [ErrFormat].
func ParseStateLeaf(b []byte) (*StateLeaf, error) {
	if len(b) != StateLeafSize || !IsStateLeaf(b) {
		return nil, fmt.Errorf("%w: not a state leaf", ErrFormat)
	}
	b = b[len(stateLeafPrefix):]
	s := &StateLeaf{
		Height:    binary.BigEndian.Uint64(b),
		UnixMilli: binary.BigEndian.Uint64(b[8:]),
		StateRoot: tlog.Hash(b[16:48]),
		Epoch:     binary.BigEndian.Uint64(b[48:]),
		Day:       binary.BigEndian.Uint32(b[56:]),
	}
	copy(s.RegistryRoot[:], b[60:])
	copy(s.RevocationRoot[:], b[92:])
	if s.UnixMilli > math.MaxInt64 {
		return nil, fmt.Errorf("%w: time out of range", ErrFormat)
	}
	return s, nil
}

// Bytes returns the canonical encoding.
func (s *StateLeaf) Bytes() []byte {
	b := append(make([]byte, 0, StateLeafSize), stateLeafPrefix...)
	b = binary.BigEndian.AppendUint64(b, s.Height)
	b = binary.BigEndian.AppendUint64(b, s.UnixMilli)
	b = append(b, s.StateRoot[:]...)
	b = binary.BigEndian.AppendUint64(b, s.Epoch)
	b = binary.BigEndian.AppendUint32(b, s.Day)
	b = append(b, s.RegistryRoot[:]...)
	return append(b, s.RevocationRoot[:]...)
}

// Time returns the ledger's time.
func (s *StateLeaf) Time() time.Time { return time.UnixMilli(int64(s.UnixMilli)) }
