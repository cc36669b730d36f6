// Package ledger holds the public records that a citizen's credential rests on:
// who the agencies are, who accredited them, and their schemas, status lists
// and verifying keys. This package is enough to verify anything about a ledger.
// It has no storage, no network and no circuit.
//
// # Format
//
// The ledger is an append-only Merkle log (RFC 6962, RFC 9162; tlog in
// golang.org/x/mod/sumdb) of signed operations, and a sparse Merkle map from
// keys to current values. The last leaf of every checkpoint, the state leaf,
// ties the map's root to the log's:
//
//	checkpoint   C2SP tlog-checkpoint, signed by the log (C2SP signed-note)
//	             unless a consortium keeps it, and cosigned by witnesses (C2SP
//	             tlog-cosignature, cosignature/v1)
//	state leaf   "hufu/state/1" ‖ u64 height ‖ u64 unix ms ‖ state root ‖
//	             u64 epoch ‖ u32 day ‖ registry root ‖ revocation root
//	operation    [1, kind, key, body, nonce]; its id is the SHA-256
//	log leaf     [operation, [[key, signature], ...]], or the state leaf; an
//	             operation that was signed together with others has a third
//	             element, [index, count, root, [hash, ...]], and the signatures
//	             are over count and root (Batch)
//	object       [1, [field, ...]], in the order of the struct's fields
//	map leaf     SHA-256(0x00 ‖ SHA-256(key) ‖ SHA-256(value)) at level 256
//	map node     SHA-256(0x01 ‖ left ‖ right); an empty subtree is 32 zero bytes
//	map proof    bitmap of 32 bytes ‖ the siblings that are not empty
//	public key   algorithm byte ‖ the suite's encoding (1: compressed SEC 1 point)
//
// Brackets are CBOR arrays in core deterministic encoding (RFC 8949, section
// 4.2.1); integers are big-endian. Every parser first caps the size, then
// refuses bytes that do not encode to themselves.
//
// Keys of the map are did/‹did›, accr/‹did›/‹action›/‹region›/‹type›,
// schema/‹id›/‹version›, status/‹uri›, vk/‹circuit›, keyfile/‹hex›,
// anchor/‹hex›, trust/‹n›, rule/‹id›/‹version›, trail/‹hex›,
// purpose/‹did›/‹id›, grant/‹hex›, use/‹hex›, epoch/‹n› and proofkey/‹hex›.
// Operations of the kinds revoke and audit are in the log only.
//
// # Example
//
// A wallet wants to know whether did:hufu:aaaa… may issue urn:example:resident
// in region 110101. It makes a [Client] from a [TrustFile], whose fingerprint
// came another way, a [Reader] that it does not trust, and a [TrustStore].
// Client.Resolve runs view.Accredited. The view proves nothing yet, so the call
// fails with a [NotProvedError] that names the keys
// accr/did:hufu:aaaa…/issue/110101/urn:example:resident, …/110100/…,
// …/110000/… and …/000000/…. Resolve makes the reader prove them. One of them
// is present and names its accreditor's accreditation, which Resolve fetches
// next, and so on up to the root. Each time [Verify] checks the signatures, the
// freshness of the cosignatures and every path. The answer is a chain of
// [Accreditation], or an error that says which link failed and why.
//
// # Not checked
//
// The package cannot see a conspiracy of the log's operator and k witnesses. It
// trusts the reader's clock. A Client sees that one reader's log only grows. It
// does not see whether other readers are shown another log: compare heads with
// them and call [CheckConsistency]. A signature covers the operation but does
// not name the ledger: an agency uses different keys on different ledgers. A
// key in force can sign something with an earlier date: an anchor proves since
// when a thing exists, a date in it does not.
package ledger
