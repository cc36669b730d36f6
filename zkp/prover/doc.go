// Package prover makes the proofs that package zkp verifies: the gnark
// circuits, their keys, and Prepare and Show.
//
// A wallet opens its keys once (DevelopmentKeys, or Open for a folder that a
// ceremony published) and keeps the Prover. Prepare takes a zkp.PrepareWitness
// and runs in the background; Show takes a zkp.ShowWitness and runs while the
// holder reads what is asked.
//
// A key folder holds manifest.json and three files a circuit: the constraint
// system (.r1cs), the proving key (.pk) and the verifying key (.vk). Every file
// is read whole, held against the SHA-256 in the manifest, and only then
// parsed, because the readers of gnark allocate what the bytes claim. The
// constraint systems are pinned in this package.
//
// # The signature check
//
// The issuer's signature is checked as [S]G = [h]A + R with R and A asserted to
// lie on the curve, S below the order and h the canonical integer of the
// challenge. On the curve the addition law is complete, so none of its
// divisions can meet 0/0, which a malicious prover could otherwise fill in at
// will.
//
// # What is not checked here
//
// A Prover does not verify what it proved, and does not remember which
// prepared proofs were used: the wallet does. Development keys come from one
// machine, which could forge any proof; verifiers refuse them by default.
package prover
