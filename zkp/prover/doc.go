// Package prover makes the proofs that package zkp verifies: the gnark
// circuits, their keys, and Prepare and Show.
//
// A wallet opens its keys once (DevelopmentKeys, or Open for a folder that a
// ceremony published) and keeps the Prover. Prepare takes a zkp.PrepareWitness
// and runs in the background. Show takes a zkp.Answer and runs while the holder
// reads the question.
//
// A key folder holds manifest.json and three files for each circuit: the
// constraint system (.r1cs), the proving key (.pk) and the verifying key (.vk).
// The package reads every file whole, compares it with the SHA-256 in the
// manifest, and only then parses it, because the readers of gnark allocate what
// the bytes claim. The package pins the constraint systems.
//
// # The signature check
//
// The circuit checks the issuer's signature as [S]G = [h]A + R. It asserts that
// R and A lie on the curve; h is the low 128 bits of the canonical integer of a
// hash. On the curve the addition law is complete, so no
// division can meet 0/0, whose result a malicious prover could choose.
//
// # What is not checked here
//
// A Prover does not verify what it proved, and does not remember which prepared
// proofs were used: the wallet does both. Development keys come from one
// machine, which could forge any proof; verifiers refuse them by default.
package prover
