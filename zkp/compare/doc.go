// Command peers measures what package zkp promises against others who do the
// same or nearly the same work, in one run on one machine:
//
//	cd zkp/compare && npm ci && go run .
//
// Everybody is warm. In each round we and a peer do the same work in turns, and
// who begins changes from round to round; the table gives medians of both times,
// and the median, least and largest of the ratios, one a pair. Verifications are
// timed ten together. Each process collects its garbage before the other's turn.
//
// # Who is compared, and what differs
//
// Semaphore v4, depth 20, from npm with its published artifact, through snarkjs.
// The relation is the same to the bit, Poseidon and curve included: both circuits
// have the same public inputs for the same witness, which a test checks. The
// timed work is witness and proof. It is gnark with the circuit in this folder,
// not package prover, whose circuits hash by Poseidon2 and verify by zkp.Verify.
// snarkjs is timed with artifacts in memory and its witness program compiled,
// its fastest way, and once more as Semaphore's generateProof calls it, which
// reads them from disk. Both use all cores, Go against WebAssembly.
//
// Idemix (gabi, 2048 bits, some 112-bit security): one credential of as many
// attributes as ours, all hidden, an age by a range proof over the table of three
// squares, and non-revocation. Ours hides the issuer among all that are
// accredited, gives a pseudonym and checks the validity dates besides; Idemix
// shows whose key signed, and needs no trusted setup. Its times grow with the
// number of hidden attributes, ours do not. It uses one core, ours all.
//
// BBS on BLS12-381 (pairing-crypto in WASM, bbs-signatures in JavaScript): one of
// sixteen values is disclosed. Nothing is proved of revocation, issuer or
// predicates, and no setup is needed. It is far less work than ours: the rows say
// what a holder who wants no more than that would save. Both use one core.
//
// Every verification begins with the proof as it arrives: bytes for ours, JSON
// for Idemix, an object of decimal strings for snarkjs, bytes for BBS. Ours and
// Idemix read the verifying key once, before; snarkjs and both BBS libraries take
// it anew with each call and know no other way.
//
// # What is not measured here
//
// Native provers of circom circuits, phones and browsers. Keys are from a
// single-party setup, which does not change how long proofs take. The recorded
// Idemix key pair signs this comparison's credential and nothing else.
package main
