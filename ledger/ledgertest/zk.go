package ledgertest

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"

	"github.com/hufu-id/hufu/ledger"
)

// ZK stands in for zero knowledge where only the ledger is tested: its trees are
// plain SHA-256 over the sorted sets, so that roots depend on exactly what real
// ones depend on, and its proofs of a use are hashes that anyone can make (see
// UsedBy). It proves nothing.
type ZK struct{}

// CheckProofKey takes 32 bytes that are not all zero.
func (ZK) CheckProofKey(key []byte) error {
	if len(key) != 32 || bytes.Equal(key, make([]byte, 32)) {
		return errors.New("not a proof key")
	}
	return nil
}

// Handle is a hash of both.
func (ZK) Handle(key []byte, random [16]byte) ([ledger.HandleSize]byte, error) {
	sum := sha256.Sum256(append(bytes.Clone(key), random[:]...))
	return [ledger.HandleSize]byte(sum[:ledger.HandleSize]), nil
}

// RevocationBucket is as in package zkp.
func (ZK) RevocationBucket() (bits, capacity int) { return 9, 1 << 15 }

// RegistryCapacity is as in package zkp.
func (ZK) RegistryCapacity() int { return 1 << 16 }

// RegistryLeaf is a hash of everything.
func (ZK) RegistryLeaf(key []byte, schemaID string, version uint32, region string, from, until uint32) ([32]byte, error) {
	b := append(bytes.Clone(key), schemaID+"\x00"+region+"\x00"...)
	for _, n := range []uint32{version, from, until} {
		b = binary.BigEndian.AppendUint32(b, n)
	}
	return sha256.Sum256(b), nil
}

// Roots hashes both sets, which come sorted.
func (ZK) Roots(leaves [][32]byte, revoked [][ledger.HandleSize]byte) (registry, revocation [32]byte, err error) {
	h := sha256.New()
	for i, leaf := range leaves {
		if i > 0 && bytes.Compare(leaves[i-1][:], leaf[:]) >= 0 {
			return registry, revocation, errors.New("leaves out of order")
		}
		h.Write(leaf[:])
	}
	h.Sum(registry[:0])
	h = sha256.New()
	for i, handle := range revoked {
		if i > 0 && bytes.Compare(revoked[i-1][:], handle[:]) >= 0 {
			return registry, revocation, errors.New("handles out of order")
		}
		h.Write(handle[:])
	}
	h.Sum(revocation[:0])
	return registry, revocation, nil
}

// UseCircuit names the circuit whose key CheckUse asks for.
const UseCircuit = "use"

// CheckUse takes what UsedBy made.
func (ZK) CheckUse(proof []byte, owner, event string, payload [32]byte, schema string, version uint32, statement [32]byte, epoch uint64, _ uint32, registry, revocation [32]byte, key func(string) ([]byte, bool, error)) ([32]byte, error) {
	k, ceremony, err := key(UseCircuit)
	if err != nil {
		return [32]byte{}, err
	}
	if !ceremony {
		return [32]byte{}, errors.New("a key of one party")
	}
	if len(proof) != 64 || !bytes.Equal(proof, UsedBy([32]byte(proof), owner, event, payload, ledger.Question{Schema: schema, Version: version, Statement: statement}, epoch, registry, revocation, k)) {
		return [32]byte{}, errors.New("not a proof")
	}
	return NullifierOf([32]byte(proof), owner, event), nil
}

// UsedBy is a person, and a hash over what a proof is bound to.
func UsedBy(person [32]byte, owner, event string, payload [32]byte, q ledger.Question, epoch uint64, registry, revocation [32]byte, key []byte) []byte {
	h := sha256.New()
	fmt.Fprintf(h, "%x/%s/%s/%x/%s/%d/%x/%d/%x/%x/%x", person, owner, event, payload, q.Schema, q.Version, q.Statement, epoch, registry, revocation, key)
	return h.Sum(person[:])
}

// NullifierOf is the same for every use of a person in one event.
func NullifierOf(person [32]byte, owner, event string) [32]byte {
	return sha256.Sum256(fmt.Appendf(nil, "%x/%s/%s", person, owner, event))
}
