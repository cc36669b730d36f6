// Package machine is the deterministic state machine of the ledger. Every
// engine, witness and auditor that applies the same operations at the same
// times reaches the same log root and the same state root, byte for byte.
//
// The machine judges a batch of signed operations one by one against the
// current state, by a rule for each kind. It appends them to the log (RFC 6962,
// by golang.org/x/mod/sumdb/tlog) and to the state map, and closes them with a
// state leaf. All of this happens or nothing. It keeps everything in a [Store]:
// sorted tables behind four methods.
//
// The rules, in short:
//
//	did      created by one of its own keys and an agency; changed by a key whose hash the
//	         state before committed to; keys end, but never disappear; a proof
//	         key belongs to the DID that listed it first; what a compromised
//	         key signed that lasts is void (rulesigned.go)
//	accr     given, suspended, restored and ended by its accreditor, who must
//	         be entitled while giving or restoring; no name and no code of
//	         another agency, one code for each agency
//	schema   once, by an agency that issues or accredits for its type; each
//	         version after the one before, by its owner, or with the root
//	status   begun by an agency; then by that DID, sequence growing
//	revoke   by the owner of the proof key, for a list of its own
//	vk       by the consortium's threshold; then retired at most
//	anchor   once, by an agency; for a type, by one agency that issues it
//	trust    by the threshold of those whom the one before committed to; the
//	         first by the root
//	rule     once, by an agency
//	trail    begun, and led on, by a step of its rule, signed by all whom the
//	         step names; each value follows from the one before; another
//	         registrar takes over with the signature of the one before, or of
//	         the root if that may keep the record no more
//	purpose  by a regulator, who must be entitled to accredit the verifier
//	grant    by its own key and an agency; then revoked by its own key alone
//	audit    by an agency; in the log only
//	keyfile  once, by an agency, under its hash
//	use      once for each person and event: proved under a closed epoch, and
//	         countersigned by the owner of its rule
//
// An agency is the root, or a DID with any accreditation in force.
//
// The first checkpoint of a new epoch closes the epoch before, after its
// operations: the registry lists who may issue what, the revocation tree all
// handles so far, and both roots go into the state map and into the state leaf.
//
// For example, Apply(store, now, op) with an operation that creates a DID, on a
// store of three leaves, writes leaf 3 (the operation), leaf 4 (the state
// leaf), the object under did/..., and the nodes above it. The receipt says
// index 3, and the log's size is 5.
//
// The machine does not check whether a clock is right, only that it does not
// run backwards. It does not check whether an agency exists in the world,
// whether a schema's hash belongs to a schema, or whether a status root belongs
// to a list. An agency that admits a newcomer answers for it, within its own
// budget (budget.go).
package machine
