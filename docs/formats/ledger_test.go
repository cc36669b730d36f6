package formats_test

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/sha256"
	"io"
	"testing"
	"time"

	"github.com/hufu-id/hufu/internal/limits"
	"github.com/hufu-id/hufu/ledger"
)

const origin = "ledger.example/formats"

// begin is the moment of everything here: 2026-03-02, 09:30:00 UTC.
var begin = time.Date(2026, 3, 2, 9, 30, 0, 0, time.UTC)

// seed is the SHA-256 of "hufu/formats/" and a name: every key and random value
// of the vectors is one.
func seed(name string) [32]byte { return sha256.Sum256([]byte("hufu/formats/" + name)) }

func seed16(name string) [16]byte {
	s := seed(name)
	return [16]byte(s[:16])
}

// agency is a P-256 key that signs the same message always alike.
type agency struct{ *ecdsa.PrivateKey }

func newAgency(t testing.TB, name string) agency {
	t.Helper()
	s := seed(name)
	key, err := ecdsa.ParseRawPrivateKey(elliptic.P256(), s[:])
	if err != nil {
		t.Fatal(err)
	}
	return agency{key}
}

// Sign is deterministic ECDSA (RFC 6979).
func (a agency) Sign(_ io.Reader, digest []byte, opts crypto.SignerOpts) ([]byte, error) {
	return a.PrivateKey.Sign(nil, digest, opts)
}

// public is the key as the ledger holds it.
func (a agency) public(t testing.TB) []byte {
	t.Helper()
	b, err := ledger.DefaultSuites().MarshalKey(a.PrivateKey.Public())
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func noteKey(name string) ed25519.PrivateKey {
	s := seed(name)
	return ed25519.NewKeyFromSeed(s[:])
}

func newOperation(object ledger.Object, nonce string) *ledger.Operation {
	return &ledger.Operation{Kind: object.Kind(), Key: object.Key(), Body: object.Bytes(), Nonce: seed16(nonce)}
}

// root is the object that creates the root agency, and its DID.
func root(t testing.TB) (*ledger.DID, *ledger.Operation, string) {
	t.Helper()
	proof := proofKey(t, "root agency").ProofKey()
	object := &ledger.DID{
		Keys: []ledger.PublicKey{
			{ID: "sig-1", Purpose: ledger.PurposeSignature, Public: newAgency(t, "root agency").public(t), From: begin.Unix()},
			{ID: "zk-1", Purpose: ledger.PurposeProof, Public: proof.Bytes(), From: begin.Unix()},
		},
		Next: [][32]byte{ledger.KeyHash(newAgency(t, "root agency, next").public(t))},
	}
	op := newOperation(object, "nonce of the root agency")
	id, err := ledger.DIDOf(op)
	if err != nil {
		t.Fatal(err)
	}
	return object, op, id
}

func anchor(t testing.TB, name string) *ledger.Anchor {
	_, _, id := root(t)
	return &ledger.Anchor{Hash: ledger.SaltedHash(seed16("salt"), name), Count: 1, Agency: id}
}

func must[T any](t testing.TB) func(v T, err error) T {
	return func(v T, err error) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

func ledgerOperation(t testing.TB) page {
	object, create, _ := root(t)
	signed := must[*ledger.SignedOperation](t)(ledger.Sign(trust(t).ID(), create, newAgency(t, "root agency")))
	ops := []*ledger.Operation{
		newOperation(anchor(t, "parcel 1"), "nonce 1"), newOperation(anchor(t, "parcel 2"), "nonce 2"), newOperation(anchor(t, "parcel 3"), "nonce 3"),
	}
	batch := must[[]*ledger.SignedOperation](t)(ledger.SignBatch(trust(t).ID(), ops, newAgency(t, "root agency")))
	foreign := must[*ledger.SignedOperation](t)(ledger.Sign(ledger.ID{1}, create, newAgency(t, "root agency")))
	high := highS(t, signed.Bytes(), signed.Signatures[0].Signature)
	p := page{
		name:    "ledger-operation",
		context: fields{"ledger": trust(t).ID()},
		limits:  map[string]int{"operation": limits.Operation, "operations of a batch": ledger.MaxBatch},
		doors:   operationDoors(t),
		vectors: []example{
			{"an operation that creates a DID", "operation", create.Bytes()},
			{"the same, signed", "signed operation", signed.Bytes()},
			{"the third of three, signed together", "signed operation", batch[2].Bytes()},
			{"two operations to be accepted together", "submission", ledger.FormatBatch(batch[:2])},
		},
		refused: []refusal{
			{"a version that is not 2", "operation", flipped(create.Bytes(), 1, 0x03), ledger.ErrFormat},
			{"a byte after the end", "operation", append(create.Bytes(), 0), ledger.ErrFormat},
			{"an array length in two bytes, which is not the shortest", "operation", append([]byte{0x98, 5}, create.Bytes()[1:]...), ledger.ErrFormat},
			{"above the cap", "operation", (&ledger.Operation{Kind: "did", Key: object.Key(), Body: make([]byte, limits.Operation)}).Bytes(), ledger.ErrTooLarge},
			{"one bit of the operation changed after it was signed", "signed operation", flipped(signed.Bytes(), 40, 1), ledger.ErrSignature},
			{"signed for another ledger", "signed operation", foreign.Bytes(), ledger.ErrSignature},
			{"s in the upper half of the order", "signed operation", high, ledger.ErrSignature},
			{"an operation in another place of its batch", "signed operation", elsewhere(batch[2], 1), ledger.ErrSignature},
			{"a place beyond the count", "signed operation", elsewhere(batch[2], 3), ledger.ErrFormat},
			{"no operation", "submission", []byte{0x80}, ledger.ErrTooLarge},
		},
	}
	return p
}

func operationDoors(t testing.TB) map[string]door {
	id := trust(t).ID()
	return map[string]door{
		"operation": func(b []byte) (any, []byte, error) {
			op, err := ledger.ParseOperation(b)
			if err != nil {
				return nil, nil, err
			}
			did, _ := ledger.DIDOf(op) // empty where none is created
			return fields{"operation": op, "id": op.ID(), "did": did}, op.Bytes(), nil
		},
		"signed operation": func(b []byte) (any, []byte, error) {
			signed, err := ledger.ParseSignedOperation(b)
			if err != nil {
				return nil, nil, err
			}
			keys, err := signed.Verify(id, ledger.DefaultSuites())
			if err != nil {
				return nil, nil, err
			}
			return fields{"id": signed.Operation.ID(), "signatures": signed.Signatures, "batch": signed.Batch, "signers": keys}, signed.Bytes(), nil
		},
		"submission": func(b []byte) (any, []byte, error) {
			ops, err := ledger.ParseBatch(b)
			if err != nil {
				return nil, nil, err
			}
			ids := [][32]byte{}
			for _, op := range ops {
				ids = append(ids, op.Operation.ID())
			}
			return fields{"ids": ids}, ledger.FormatBatch(ops), nil
		},
	}
}

// flipped changes bits of one byte; a negative place counts from the end.
func flipped(b []byte, at int, bits byte) []byte {
	b = append([]byte{}, b...)
	if at < 0 {
		at += len(b)
	}
	b[at] ^= bits
	return b
}

// highS replaces s of a signature by n − s.
func highS(t testing.TB, b, signature []byte) []byte {
	t.Helper()
	n := elliptic.P256().Params().N.Bytes()
	other := append([]byte{}, signature...)
	borrow := 0
	for i := 31; i >= 0; i-- {
		d := int(n[i]) - int(signature[32+i]) - borrow
		borrow = 0
		if d < 0 {
			d, borrow = d+256, 1
		}
		other[32+i] = byte(d)
	}
	return replaced(t, b, signature, other)
}

func elsewhere(signed *ledger.SignedOperation, index uint64) []byte {
	moved, batch := *signed, *signed.Batch
	batch.Index = index
	moved.Batch = &batch
	return moved.Bytes()
}
