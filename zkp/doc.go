// Package zkp is the zero-knowledge part of a Hufu credential: what is proved,
// how it is encoded, and how a proof is verified. It needs only gnark-crypto;
// the circuits and the prover are in zkp/prover.
//
// # Two proofs
//
// A holder proves in two steps, tied by one commitment com = P2₄(domain,
// attrHash, secret, r) with r fresh and uniform.
//
// Prepare, made in the background, proves: an issuer accredited for schema S
// signed a credential for me; on the day of epoch E it is valid and not
// revoked; com hides its attributes and my secret. Public inputs, in order:
// registry root, revocation root, schema, day, com.
//
// Show, made for one request, proves: I know what com hides, the asked
// statement is true of it, and the pseudonym is mine in the asked scope. Public
// inputs, in order: com, context, scope, pseudonym, four times {op, index, P0,
// P1}, set root (zero if no set is asked about), acceptance table.
//
// Both are Groth16 proofs over BN254, of roughly 100-bit security. Another
// curve would be another suite with other types and numbers.
//
// # Hashing and encoding
//
// P2ₜ(x) = Perm(x)[0] + x[0], with Perm the Poseidon2 permutation of width t in
// {4, 8, 12, 16} and 8 full and 56 (width 4) or 57 partial rounds. Inputs are
// padded with zeros. Every hash except attrHash and the inner tree nodes begins
// with its domain, SHA-256("hufu/zkp/2/" ‖ name)[:31].
//
//	attrHash   = P2₁₆(slot 0 … slot 15)
//	com        = P2₄(commitment, attrHash, secret, r)
//	pseudonym  = P2₄(pseudonym, secret, scope)
//	handle     = low 128 bits of P2₄(handle, Ax, Ay, random)
//	terms      = not-after u32 ‖ not-before u32 ‖ handle
//	challenge  = low 128 bits of P2₁₂(signature, Rx, Ry, Ax, Ay, schema, region,
//	             holder commitment, issuance scope, terms, attrHash)
//	registry   leaf P2₈(registry, Ax, Ay, schema, region, from, until)
//	revocation leaf P2₄(revocation, from, to)
//	set        leaf P2₄(set, from, to)
//
// The holder commitment is the pseudonym in the issuance scope, and the issuer
// signs both: of one secret a desk sees one commitment, whatever its owner says.
// Days have 20 bits, and validity is shorter than 2^16 days.
//
// Attributes: absence is 0; an integer v is v+1; a date is the days since
// 1900-01-01, plus 1; a bool is 1 or 2; a string is SHA-256 over its NFC form
// (see HashToField). Test vectors are in testdata.
//
// # Trees
//
// The registry is a 4-ary tree of 2^16 accredited proof keys. The revocation
// tree is an 8-ary tree of 2^24 gaps between revoked handles: a leaf (from, to)
// says that no handle h with from ≤ h < to is revoked. Its upper three levels
// choose one of 512 buckets by the handle's first nine bits. Unused leaves are
// zero.
//
// # A worked example
//
// An office signs an endorsement with IssueEndorsement. The wallet rebuilds the
// trees of the newest epoch from public data (NewRegistry, NewRevocation),
// places its credential in them (NewPrepareWitness) and proves. At the counter
// All(AtLeastYears(3, 18, today), Equal(5, district)) is the question.
// NewAnswer answers it, and Verify checks 330 bytes in a millisecond or two.
// ParseVerifyingKey pins each key by its hash.
//
// # What is not checked here
//
// Verify does not know whether a request was answered before, whether a
// pseudonym was seen, whether the epoch is recent, or whether the requester
// owns the scope. It does not check the invariants of the trees: the ledger
// computes the roots itself and never takes them from anyone. The arithmetic of
// PrivateKey is not constant time. Anyone can re-randomise a Groth16 proof, and
// a proof convinces everyone who sees it: recognise a replay by its nonce and
// pseudonym, never by proof bytes.
package zkp
