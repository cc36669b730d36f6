// Package ledger is where agencies anchor what a citizen's credential rests on:
// who they are, who accredited them, which schemas, status lists and verifying
// keys are theirs. Verifying anything about a ledger needs this package alone; it
// has no storage, no network and no circuit in it.
//
// # Format
//
// The ledger is an append-only Merkle log (RFC 6962, RFC 9162; tlog in
// golang.org/x/mod/sumdb) of signed operations, and a sparse Merkle map from keys
// to current values. The last leaf of every checkpoint, the state leaf, ties the
// map's root to the log's:
//
//	checkpoint   C2SP tlog-checkpoint, signed by the log (C2SP signed-note)
//	             unless a consortium keeps it, and cosigned by witnesses (C2SP
//	             tlog-cosignature, cosignature/v1)
//	state leaf   "hufu/state/1" ‖ u64 height ‖ u64 unix ms ‖ state root ‖
//	             u64 epoch ‖ u32 day ‖ registry root ‖ revocation root
//	operation    [1, kind, key, body, nonce]; its id is the SHA-256
//	log leaf     [operation, [[key, signature], ...]], or the state leaf; an
//	             operation that was signed together with others has [index,
//	             count, root, [hash, ...]] behind, and the signatures are over
//	             count and root (Batch)
//	object       [1, [field, ...]], in the order of the struct's fields
//	map leaf     SHA-256(0x00 ‖ SHA-256(key) ‖ SHA-256(value)) at level 256
//	map node     SHA-256(0x01 ‖ left ‖ right); an empty subtree is 32 zero bytes
//	map proof    bitmap of 32 bytes ‖ the siblings that are not empty
//	public key   algorithm byte ‖ the suite's encoding (1: compressed SEC 1 point)
//
// Brackets are CBOR arrays in core deterministic encoding (RFC 8949, section
// 4.2.1); integers are big-endian. Every parser caps the size first, then refuses
// what does not encode to the very same bytes again.
//
// Keys of the map are did/‹did›, accr/‹did›/‹action›/‹region›/‹type›,
// schema/‹id›/‹version›, status/‹uri›, vk/‹circuit›, keyfile/‹hex›,
// anchor/‹hex›, trust/‹n›, rule/‹id›/‹version›, trail/‹hex›,
// purpose/‹did›/‹id›, grant/‹hex›, use/‹hex›, epoch/‹n› and proofkey/‹hex›.
// revoke and audit operations stand in the log alone.
//
// # Example
//
// A wallet wants to know whether did:hufu:aaaa… may issue urn:example:resident in
// region 110101. It has a [TrustFile], whose fingerprint came another way, and a
// [Reader] it does not trust. [Resolve] runs view.Accredited; the view proves
// nothing yet, so it fails with a [NotProvedError] naming the keys
// accr/did:hufu:aaaa…/issue/110101/urn:example:resident, …/110100/…, …/110000/…
// and …/000000/…. Resolve has the reader prove them, of which one is present and
// names its accreditor's own accreditation, which is fetched next, and so on up to
// the root. Each time [Verify] checks both signatures, the freshness of the
// cosignature and every path. The answer is a chain of [Accreditation], or an
// error that says which link failed and why.
//
// # Not checked
//
// That the log's operator and k witnesses did not all conspire. That the reader's
// own clock is right. That this reader and others see one log: keep the newest
// [Head] and call [CheckConsistency]. A signature covers the operation, but no
// ledger's name: an agency uses different keys on different ledgers. That a key in
// force did not sign something dated earlier: an anchor says since when a thing
// exists, a date in it does not.
package ledger
