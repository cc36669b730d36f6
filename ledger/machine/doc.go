// Package machine is the deterministic state machine of the ledger: every
// engine, witness and auditor that applies the same operations at the same
// times reaches the same log root and the same state root, byte for byte.
//
// A batch of signed operations is judged one by one against the current state,
// by a rule for each kind, then appended to the log (RFC 6962, by
// golang.org/x/mod/sumdb/tlog) and to the state map, and closed with a state
// leaf. All of it happens or nothing. What it is kept in is a [Store]: ten
// sorted tables behind three methods.
//
// The rules, in short:
//
//	did      created by one of its own keys; changed by a key whose hash the
//	         state before committed to; keys end, but never disappear; a proof
//	         key belongs to the DID that listed it first
//	accr     given, suspended, restored and ended by its accreditor, who must
//	         be entitled while giving or restoring
//	schema   once, by an agency
//	status   by its issuer, sequence growing
//	revoke   by the owner of the proof key
//	vk       by the consortium's threshold; then retired at most
//	anchor   once, by an agency
//	trust    by the threshold of the one before; the first by the root
//	rule     once, by an agency
//	trail    begun, and led on, by a step of its rule, signed by all whom the
//	         step names; each value follows from the one before
//	purpose  by a regulator, who must be entitled to accredit the verifier
//	grant    by its own key and an agency; then revoked by its own key alone
//	audit    by an agency; stands in the log and nowhere else
//	keyfile  once, by an agency, under its hash
//	use      once a person and event: proved under a closed epoch, and
//	         countersigned by the owner of its rule
//
// An agency is the root, or a DID with any accreditation in force.
//
// When the first checkpoint of a new epoch is made, after its operations, the
// epoch before is closed: the registry lists who may issue what, the revocation
// tree all handles so far, and both roots go into the state map and into the
// state leaf.
//
// For example: Apply(store, now, op) with an operation that creates a DID, on a
// store of three leaves, writes leaf 3 (the operation), leaf 4 (the state
// leaf), the object under did/..., and the nodes above it; the receipt says
// index 3, and the log's size is 5.
//
// Not checked here: whether a clock is right (only that it does not run
// backwards), whether an agency exists in the world, whether a schema's hash is
// of a schema, and whether a status root is of a list. A DID may be created by
// anyone who reaches the engine; the engine's operator admits.
package machine
