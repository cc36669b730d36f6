package ledger

import (
	"crypto"
	"crypto/sha256"
	"encoding/binary"
	"fmt"

	"golang.org/x/mod/sumdb/tlog"
)

// batchDomain separates a signature over a batch from a signature over anything
// else.
const batchDomain = "hufu/batch/2\x00"

// A Batch ties an operation to others that were signed together. Its encoding
// is [index, count, root, [hash, ...]].
type Batch struct {
	_ struct{} `cbor:",toarray"`
	// Index counts the operations of the batch from 0. Count is their number.
	Index, Count uint64
	// Root is the root of the tree of their encodings (RFC 9162, section 2.1).
	Root [32]byte
	// Path is the inclusion proof of this operation (RFC 9162, section
	// 2.1.3).
	Path [][32]byte
}

// maxPath is the length of an inclusion proof in a tree of MaxBatch leaves.
const maxPath = 14

func (b *Batch) check() error {
	if b.Count == 0 || b.Count > MaxBatch || b.Index >= b.Count || len(b.Path) > maxPath {
		return fmt.Errorf("%w: place %d in a batch of %d", ErrFormat, b.Index, b.Count)
	}
	return nil
}

// message returns the bytes that the batch's signatures cover: domain ‖ ledger's id ‖
// u64 count ‖ root.
func (b *Batch) message(id ID) []byte {
	m := binary.BigEndian.AppendUint64(id.prefix(batchDomain), b.Count)
	return append(m, b.Root[:]...)
}

// includes checks that an operation stands where the batch says.
func (b *Batch) includes(operation []byte) error {
	if err := b.check(); err != nil {
		return err
	}
	path := make(tlog.RecordProof, len(b.Path))
	for i, h := range b.Path {
		path[i] = h
	}
	err := tlog.CheckRecord(path, int64(b.Count), tlog.Hash(b.Root), int64(b.Index), tlog.RecordHash(operation))
	if err != nil {
		return fmt.Errorf("%w: not of the batch that was signed", ErrSignature)
	}
	return nil
}

// SignBatch signs with the default suites; see [Suites.SignBatch].
func SignBatch(id ID, ops []*Operation, signers ...crypto.Signer) ([]*SignedOperation, error) {
	return DefaultSuites().SignBatch(id, ops, signers...)
}

// SignBatch signs up to MaxBatch operations with one signature of each signer,
// over the root of the tree of the operations, for the ledger that id names. Each
// operation can then be submitted and verified without the others. Errors:
// [ErrTooLarge], [ErrSuite], [ErrFormat] for a repeated signer, [ErrValue] for the zero
// ID, and the signer's own.
func (s *Suites) SignBatch(id ID, ops []*Operation, signers ...crypto.Signer) ([]*SignedOperation, error) {
	if len(ops) == 0 || len(ops) > MaxBatch {
		return nil, fmt.Errorf("%w: %d operations, from 1 to %d are signed together", ErrTooLarge, len(ops), MaxBatch)
	}
	if err := id.check(); err != nil {
		return nil, err
	}
	tree, err := treeOf(ops)
	if err != nil {
		return nil, err
	}
	root, err := tlog.TreeHash(int64(len(ops)), tree)
	if err != nil {
		return nil, fmt.Errorf("ledger: tree of a batch: %w", err)
	}
	signatures, err := s.signAll((&Batch{Count: uint64(len(ops)), Root: root}).message(id), signers)
	if err != nil {
		return nil, err
	}
	out := make([]*SignedOperation, len(ops))
	for i, op := range ops {
		path, err := tlog.ProveRecord(int64(len(ops)), int64(i), tree)
		if err != nil {
			return nil, fmt.Errorf("ledger: tree of a batch: %w", err)
		}
		b := &Batch{Index: uint64(i), Count: uint64(len(ops)), Root: root}
		for _, h := range path {
			b.Path = append(b.Path, h)
		}
		signed := &SignedOperation{Operation: op, Signatures: signatures, Batch: b}
		if out[i], err = ParseSignedOperation(signed.Bytes()); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// storedHashes holds the hashes of a tree, in tlog's order.
type storedHashes []tlog.Hash

// ReadHashes implements tlog.HashReader.
func (s storedHashes) ReadHashes(indexes []int64) ([]tlog.Hash, error) {
	out := make([]tlog.Hash, len(indexes))
	for i, n := range indexes {
		out[i] = s[n]
	}
	return out, nil
}

func treeOf(ops []*Operation) (storedHashes, error) {
	var tree storedHashes
	for i, op := range ops {
		hashes, err := tlog.StoredHashes(int64(i), op.Bytes(), tree)
		if err != nil {
			return nil, fmt.Errorf("ledger: tree of a batch: %w", err)
		}
		tree = append(tree, hashes...)
	}
	return tree, nil
}

// A Checker verifies signatures and remembers those of batches, so that it
// verifies a batch once however many of its operations pass. It is not safe for
// concurrent use.
type Checker struct {
	id     ID
	suites *Suites
	good   map[[32]byte]bool
}

// NewChecker returns a checker that accepts the given suites, and signatures for the
// ledger that id names.
func NewChecker(id ID, suites *Suites) *Checker {
	return &Checker{id: id, suites: suites, good: map[[32]byte]bool{}}
}

// Verify checks every signature of an operation; see [SignedOperation.Verify].
func (c *Checker) Verify(signed *SignedOperation) ([][]byte, error) {
	if err := c.id.check(); err != nil {
		return nil, err
	}
	message := signed.Operation.message(c.id)
	if signed.Batch != nil {
		if err := signed.Batch.includes(message[len(signatureDomain)+len(c.id):]); err != nil {
			return nil, err
		}
		message = signed.Batch.message(c.id)
	}
	var keys [][]byte
	for _, sig := range signed.Signatures {
		if err := c.verify(sig, message, signed.Batch != nil); err != nil {
			return nil, err
		}
		keys = append(keys, sig.Key)
	}
	return keys, nil
}

func (c *Checker) verify(sig Signature, message []byte, remember bool) error {
	if !remember {
		return c.suites.verify(sig.Key, message, sig.Signature)
	}
	id := sha256.Sum256(encode([][]byte{sig.Key, message, sig.Signature}))
	if c.good[id] {
		return nil
	}
	if err := c.suites.verify(sig.Key, message, sig.Signature); err != nil {
		return err
	}
	c.good[id] = true
	return nil
}
