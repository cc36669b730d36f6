package ledger

// ZK is all that the ledger needs of zero knowledge. Its methods are pure
// functions, so that every node computes the same roots, and take built-in
// types only, so that an implementation need not import this package.
type ZK interface {
	// CheckProofKey refuses bytes that are not a proof key in its one
	// encoding.
	CheckProofKey(key []byte) error
	// Handle is what is revoked of a credential: a hash of the issuer's proof
	// key and the credential's random bytes.
	Handle(key []byte, random [16]byte) ([12]byte, error)
	// RevocationBucket says how the revocation tree is divided: handles that
	// begin with the same so many bits share a part of it, which holds at most
	// so many. A handle beyond that is refused when it is revoked, for once it
	// was accepted no epoch could close any more.
	RevocationBucket() (bits, capacity int)
	// RegistryLeaf says that credentials of a schema and region, signed with
	// key, may begin on the days from fromDay to untilDay, both included.
	RegistryLeaf(key []byte, schemaID string, version uint32, region string, fromDay, untilDay uint32) ([32]byte, error)
	// Roots returns the roots over both sets, each sorted and without
	// repetition.
	Roots(leaves [][32]byte, revoked [][12]byte) (registry, revocation [32]byte, err error)
	// CheckUse checks the proofs of a Use: that a person whose credential
	// stands under both roots of an epoch answered the question of the owner
	// for this event, bound to the payload. key returns the bytes of a
	// circuit's verifying key; its error is returned as it is. The nullifier is
	// the same for every answer of one person in one event of one owner. An
	// error says what is wrong with the proof.
	CheckUse(proof []byte, owner, event string, payload [32]byte, epoch uint64, day uint32, registry, revocation [32]byte, key func(circuit string) ([]byte, error)) (nullifier [32]byte, err error)
}
