package provenance

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"time"

	"golang.org/x/mod/sumdb/tlog"

	"github.com/hufu-id/hufu/credential"
	"github.com/hufu-id/hufu/ledger"
)

// ErrExistence means that an existence is malformed, or is not of this credential, or
// that the ledger does not hold what it says.
var ErrExistence = errors.New("provenance: nothing shows that the credential existed")

// Domains of hashes, and the first bytes of an encoding.
const (
	existencePrefix = "hufu/existence/1"
	leafDomain      = "hufu/existence/leaf/1\x00"
	rootDomain      = "hufu/existence/root/1\x00"
)

// MaxBatch bounds how many credentials one anchor covers.
const MaxBatch = 1024

const (
	maxSiblings   = 10 // of MaxBatch leaves
	existenceHead = len(existencePrefix) + 32 + 8 + 8 + 4 + 4
	// MaxExistence is the length of the longest existence, in bytes.
	MaxExistence = existenceHead + maxSiblings*32
)

// An Existence shows that a credential existed by a time of the ledger. The issuer
// anchors one hash over many credentials; the existence leads from one of them to it. It
// is kept beside the credential, never in it, and holds random bytes, salted hashes and
// places, and nothing of the person or of the credential.
//
// Why a credential counts on it although the key that signed it is void:
//
// The leaf is a hash over all that the issuer signed, and the signature. Whoever stole
// the key can sign what he likes with any date, but had no signature of the key before
// CompromisedFrom, and so no leaf of one either. A leaf is bound to one credential, so
// that the path of another credential serves nobody.
//
// The time is that of the ledger's state which came after the anchor in its log, and not
// a date that an issuer or a holder wrote. The log only grows, witnesses replay it, and
// its states never go back in time: whatever the thief anchors with the stolen key he
// anchors after he has it, and finds a state of that time. That state has to lie before
// CompromisedFrom by more than a minute, because the clocks of ledger and office
// differ. CompromisedFrom only ever moves to an earlier time, and only the key that was
// kept aside moves it.
//
// The anchor has to be the issuer's own. The two places are the holder's claims: both
// leaves are proved to be in the log, one an anchor of this very hash, the other a state
// that comes later. A later one than need be only hurts the holder.
//
// It does not help if the office says a later CompromisedFrom than was true, nor against
// a ledger whose operator and witnesses conspire. A proof in zero knowledge cannot carry
// it: the leaf of a compromised key is gone from the registry.
type Existence struct {
	// Salt was drawn for this credential.
	Salt [32]byte
	// Leaf is the index of the anchor's operation in the log, and State that of a later
	// state leaf.
	Leaf, State uint64
	// Index and Count are the place among the credentials of the anchor, which are
	// sorted by their salted hashes, and their number.
	Index, Count uint32
	// Siblings lead to the root (RFC 9162, section 2.1.3).
	Siblings [][32]byte
}

// ParseExistence reads an existence and verifies nothing. The error is [ErrExistence].
func ParseExistence(b []byte) (*Existence, error) {
	bad := func(what string) (*Existence, error) { return nil, fmt.Errorf("%w: %s", ErrExistence, what) }
	if len(b) < existenceHead || len(b) > MaxExistence || (len(b)-existenceHead)%32 != 0 || string(b[:len(existencePrefix)]) != existencePrefix {
		return bad("malformed")
	}
	e, rest := new(Existence), b[len(existencePrefix):]
	copy(e.Salt[:], rest)
	e.Leaf, e.State = binary.BigEndian.Uint64(rest[32:]), binary.BigEndian.Uint64(rest[40:])
	e.Index, e.Count = binary.BigEndian.Uint32(rest[48:]), binary.BigEndian.Uint32(rest[52:])
	for rest = rest[56:]; len(rest) > 0; rest = rest[32:] {
		e.Siblings = append(e.Siblings, [32]byte(rest))
	}
	switch {
	case e.Count == 0 || e.Count > MaxBatch || e.Index >= e.Count:
		return bad("place in the batch")
	case e.State <= e.Leaf || e.State >= 1<<62:
		return bad("place in the log")
	case len(e.Siblings) != siblings(e.Index, e.Count):
		return bad("length of the path")
	}
	return e, nil
}

// siblings is the length of the path from a leaf to the root of a tree.
func siblings(index, count uint32) (n int) {
	for last := count - 1; last > 0; index, last = index/2, last/2 {
		if index%2 == 1 || index < last {
			n++
		}
	}
	return n
}

// Bytes returns the encoding: prefix, salt, u64 leaf, u64 state, u32 index, u32 count,
// siblings.
func (e *Existence) Bytes() []byte {
	b := append([]byte(existencePrefix), e.Salt[:]...)
	b = binary.BigEndian.AppendUint64(b, e.Leaf)
	b = binary.BigEndian.AppendUint64(b, e.State)
	b = binary.BigEndian.AppendUint32(b, e.Index)
	b = binary.BigEndian.AppendUint32(b, e.Count)
	for _, h := range e.Siblings {
		b = append(b, h[:]...)
	}
	return b
}

// Root returns the hash that was anchored if the existence is of this credential, and
// another one if it is not.
func (e *Existence) Root(sd *credential.SDJWT) [32]byte {
	at := tlog.RecordHash(leafOf(e.Salt, sd.IssuerJWT()))
	index, last, rest := e.Index, e.Count-1, e.Siblings
	for ; last > 0 && len(rest) > 0; index, last = index/2, last/2 {
		switch {
		case index%2 == 1:
			at = tlog.NodeHash(tlog.Hash(rest[0]), at)
		case index < last:
			at = tlog.NodeHash(at, tlog.Hash(rest[0]))
		default:
			continue
		}
		rest = rest[1:]
	}
	return rootOf(at, e.Count)
}

// leafOf is the SHA-256 of domain, salt and the SHA-256 of what the issuer signed.
func leafOf(salt [32]byte, jwt string) []byte {
	signed := sha256.Sum256([]byte(jwt))
	leaf := sha256.Sum256(append(append([]byte(leafDomain), salt[:]...), signed[:]...))
	return leaf[:]
}

func rootOf(tree tlog.Hash, count uint32) [32]byte {
	b := binary.BigEndian.AppendUint32([]byte(rootDomain), count)
	return sha256.Sum256(append(b, tree[:]...))
}

// Existed says by when a credential existed. Only Existence.Verify makes one.
type Existed struct {
	// By is the ledger's own time.
	By time.Time

	signed [32]byte // SHA-256 of what the issuer signed
}

// Verify asks the ledger for the two leaves, and says by when the credential existed: it
// need not count for that. Resolve something with the client before. The error is an
// [*Error] at StepIssuer, and wraps [ErrExistence] where the existence is false;
// Unchecked is true where the leaves could not be had.
func (e *Existence) Verify(ctx context.Context, client *ledger.Client, sd *credential.SDJWT) (*Existed, error) {
	leaves, err := client.Leaves(ctx, e.Leaf, e.State)
	if err != nil {
		return nil, &Error{Step: StepIssuer, Unchecked: true, Err: fmt.Errorf("anchor of the credential: %w", err)}
	}
	by, err := e.judge(sd, leaves[0], leaves[1])
	if err != nil {
		return nil, &Error{Step: StepIssuer, Err: err}
	}
	return &Existed{By: by, signed: sha256.Sum256([]byte(sd.IssuerJWT()))}, nil
}

// judge holds an existence against the leaves that the ledger has proved.
func (e *Existence) judge(sd *credential.SDJWT, anchor, state []byte) (time.Time, error) {
	bad := func(what string) (time.Time, error) { return time.Time{}, fmt.Errorf("%w: %s", ErrExistence, what) }
	if e.State <= e.Leaf {
		return bad("the state does not come after the anchor")
	}
	issuer, _ := sd.UnverifiedClaims()["iss"].(string)
	want := &ledger.Anchor{Hash: e.Root(sd), Count: uint64(e.Count), Agency: issuer}
	op, err := ledger.ParseSignedOperation(anchor)
	if err != nil || op.Operation.Kind != ledger.KindAnchor || !bytes.Equal(op.Operation.Body, want.Bytes()) {
		return bad("no anchor of it by its issuer")
	}
	s, err := ledger.ParseStateLeaf(state)
	if err != nil {
		return bad("no state of the ledger")
	}
	return s.Time(), nil
}

// clocks is by how much the clocks of ledger and office may differ.
const clocks = time.Minute

// of is a time by which a credential surely existed, on any clock; zero where nothing
// says so. The error is [ErrExistence] where something is said of another credential.
func (e *Existed) of(sd *credential.SDJWT) (time.Time, error) {
	if e == nil {
		return time.Time{}, nil
	}
	if e.signed != sha256.Sum256([]byte(sd.IssuerJWT())) {
		return time.Time{}, fmt.Errorf("%w: it is of another", ErrExistence)
	}
	return e.By.Add(clocks), nil
}
