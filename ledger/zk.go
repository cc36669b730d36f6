package ledger

// HandleSize is the length of a revocation handle in bytes, as package zkp makes
// them.
const HandleSize = 16

// ZK is everything that the ledger needs from zero knowledge. Its methods are
// pure functions, so that every node computes the same roots. They use built-in
// types only, so that an implementation need not import this package.
type ZK interface {
	// CheckProofKey refuses bytes that are not a proof key in its only
	// encoding.
	CheckProofKey(key []byte) error
	// Handle returns the revocation handle of a credential: a hash of the
	// issuer's proof key and the credential's random bytes.
	Handle(key []byte, random [16]byte) ([HandleSize]byte, error)
	// RevocationBucket describes the buckets of the revocation tree: handles
	// with the same first bits share a bucket, which holds at most capacity of
	// them. The state machine refuses a revocation beyond the capacity, because
	// no epoch could close after it.
	RevocationBucket() (bits, capacity int)
	// RegistryCapacity is how many leaves the registry tree holds. The state machine
	// refuses what could lead to more, because no epoch could close after it.
	RegistryCapacity() int
	// RegistryLeaf returns the leaf that says: credentials of this schema and
	// region, signed with key, may begin on the days from fromDay to untilDay,
	// both included.
	RegistryLeaf(key []byte, schemaID string, version uint32, region string, fromDay, untilDay uint32) ([32]byte, error)
	// Roots returns the roots over both sets, each sorted and without
	// repetition.
	Roots(leaves [][32]byte, revoked [][HandleSize]byte) (registry, revocation [32]byte, err error)
	// CheckUse checks the proofs of a Use: a person whose credential stands
	// under both roots of an epoch answered one question for this event of the
	// owner, bound to the payload: the statement with this digest, about a
	// credential of this schema. key returns the bytes of a circuit's
	// verifying key, and whether the ledger says that it comes of a ceremony;
	// CheckUse returns its error as it is. The nullifier is the
	// same for every answer of one person in one event of one owner. An error
	// says what is wrong with the proof.
	CheckUse(proof []byte, owner, event string, payload [32]byte, schema string, version uint32, statement [32]byte, epoch uint64, day uint32, registry, revocation [32]byte, key func(circuit string) (file []byte, ceremony bool, err error)) (nullifier [32]byte, err error)
}
