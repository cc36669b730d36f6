package ledger

import (
	"fmt"

	"golang.org/x/mod/sumdb/tlog"

	"github.com/hufu-id/hufu/internal/limits"
)

// A Change is one operation in the history of a key.
type Change struct {
	// Index is the index of the leaf. Leaf is the operation as it was signed.
	Index uint64
	Leaf  []byte
}

// An Inclusion, with a trust file, proves that a leaf is in the log: that an
// operation was made, and nothing about what holds today. Its encoding is
// deterministic CBOR: [1, [checkpoint, index, leaf, path]].
type Inclusion struct {
	_ struct{} `cbor:",toarray"`
	// Checkpoint is the signed note.
	Checkpoint []byte
	// Index counts leaves of the log from 0.
	Index uint64
	// Leaf is a signed operation or a state leaf.
	Leaf []byte
	// Path proves the leaf (RFC 9162, section 2.1.3).
	Path []tlog.Hash
}

// ParseInclusion reads an inclusion proof. It does not verify it. The error is
// [ErrTooLarge] or [ErrFormat].
func ParseInclusion(b []byte) (*Inclusion, error) {
	p, err := decodeObject[Inclusion](b, limits.Proof)
	if err != nil {
		return nil, err
	}
	return &p, p.check()
}

// Bytes returns the canonical encoding.
func (p *Inclusion) Bytes() []byte { return encodeObject(*p) }

func (p *Inclusion) check() error {
	if len(p.Path) > maxInclusion || p.Index >= 1<<62 {
		return fmt.Errorf("%w: path of %d hashes to leaf %d", ErrTooLarge, len(p.Path), p.Index)
	}
	return nil
}

// VerifyInclusion checks that a leaf is in the log of a fresh checkpoint, and
// returns the checkpoint. It does not read the leaf: the log checked the
// signatures in it. Errors are those of [Verify].
func VerifyInclusion(trust *TrustFile, proof *Inclusion, opts VerifyOptions) (*Head, error) {
	if proof == nil {
		return nil, fmt.Errorf("%w: no proof", ErrFormat)
	}
	if err := proof.check(); err != nil {
		return nil, err
	}
	head, err := openFresh(trust, opts.at(), opts.MaxAge, proof.Checkpoint)
	if err != nil {
		return nil, err
	}
	if proof.Index >= head.Size {
		return nil, fmt.Errorf("%w: leaf %d of %d", ErrNotIncluded, proof.Index, head.Size)
	}
	err = tlog.CheckRecord(proof.Path, int64(head.Size), head.Root, int64(proof.Index), tlog.RecordHash(proof.Leaf))
	if err != nil {
		return nil, fmt.Errorf("%w: leaf %d", ErrNotIncluded, proof.Index)
	}
	return head, nil
}
