package zkp

import (
	"fmt"
	"sync"
)

// An Accumulator gives a ledger's state machine the functions of this package
// that it needs: it has the methods of ledger.ZK, and neither package imports
// the other. All methods are pure functions. Roots caches the hashes of
// buckets, so that an epoch costs only what changed in it; CheckUse caches
// verifying keys. The zero value is ready to use. An Accumulator is safe for
// concurrent use.
type Accumulator struct {
	// AllowSinglePartySetupUnsafe lets CheckUse accept a development key, whose
	// maker can prove anything. All nodes of a ledger must set it alike.
	AllowSinglePartySetupUnsafe bool

	mu    sync.Mutex
	cache bucketCache
	keys  map[[32]byte]*VerifyingKey
}

// CheckProofKey accepts only a canonical point of prime order, 32 bytes. The
// error is ErrProofKey.
func (a *Accumulator) CheckProofKey(key []byte) error {
	_, err := ParsePublicKey(key)
	return err
}

// Handle returns the revocation handle that an issuer's proof key and random
// bytes give. The error is ErrProofKey.
func (a *Accumulator) Handle(key []byte, random [16]byte) ([HandleSize]byte, error) {
	k, err := ParsePublicKey(key)
	if err != nil {
		return [HandleSize]byte{}, err
	}
	return NewHandle(k, random), nil
}

// RevocationBucket returns how many leading bits of a handle choose its bucket,
// and how many handles a bucket holds: one less than its leaves, because n
// handles have n+1 gaps around them.
func (a *Accumulator) RevocationBucket() (bits, capacity int) {
	return bucketBits, 1<<(3*bucketDepth) - 1
}

// RegistryCapacity returns how many leaves the registry tree holds.
func (a *Accumulator) RegistryCapacity() int { return registryCapacity }

// RegistryLeaf returns the leaf of one accredited proof key; see RegistryEntry.
// Errors: ErrProofKey, ErrValue for a day that does not fit DayBits: the
// circuits rely on it.
func (a *Accumulator) RegistryLeaf(key []byte, schemaID string, version uint32, region string, fromDay, untilDay uint32) ([32]byte, error) {
	k, err := ParsePublicKey(key)
	if err != nil {
		return [32]byte{}, err
	}
	if max(fromDay, untilDay)>>DayBits != 0 {
		return [32]byte{}, fmt.Errorf("%w: a day beyond %d bits", ErrValue, DayBits)
	}
	leaf := RegistryEntry{k, SchemaElement(schemaID, version), region, Day(fromDay), Day(untilDay)}.Leaf()
	return leaf.Bytes(), nil
}

// Roots returns the roots of both trees. leaves and revoked must be sorted and
// without repetition. Errors: ErrForm, ErrValue.
func (a *Accumulator) Roots(leaves [][32]byte, revoked [][HandleSize]byte) (registry, revocation [32]byte, err error) {
	reg, err := NewRegistry(leaves)
	if err != nil {
		return registry, revocation, err
	}
	rev, err := a.revocation(revoked)
	if err != nil {
		return registry, revocation, err
	}
	r, v := reg.Root(), rev.Root()
	return r.Bytes(), v.Bytes(), nil
}

// BucketRoots returns the roots of the revocation tree's 512 buckets. A wallet
// needs them and the handles of its own part; see NewRevocationPart.
func (a *Accumulator) BucketRoots(revoked [][HandleSize]byte) ([][32]byte, error) {
	rev, err := a.revocation(revoked)
	if err != nil {
		return nil, err
	}
	return rev.BucketRoots(), nil
}

// ProveCounts proves how many handles each bucket holds; see VerifyCounts.
func (a *Accumulator) ProveCounts(revoked [][HandleSize]byte) ([]byte, error) {
	rev, err := a.revocation(revoked)
	if err != nil {
		return nil, err
	}
	return rev.proveCounts()
}

func (a *Accumulator) revocation(revoked [][HandleSize]byte) (*Revocation, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	return newRevocation(revoked, &a.cache)
}
