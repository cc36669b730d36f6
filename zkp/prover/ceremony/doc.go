// Package ceremony makes the circuits' keys together with several agencies. A
// proof can then be forged only if every one of them kept, or lost, the secret
// that each held for a moment. The ceremony is Groth16's two-phase setup (Bowe,
// Gabizon and Miers, "Scalable Multi-party Computation for zk-SNARK Parameters
// in the Random Beacon Model", eprint 2017/1050) as gnark computes it, with
// signatures, an agreed order and a transcript that anybody can verify.
//
// A ceremony is a folder that travels from agency to agency:
//
//	ceremony.json                        the plan; its SHA-256 names the ceremony
//	phase1/0001-5f1d9c0a.bin             a contribution, in gnark's encoding
//	phase1/0001-5f1d9c0a.json            its record: hashes, maker, signature
//	phase1/beacon.json                   the public value that ended phase 1
//	phase2/hufu-show-2/0001-5f1d9c0a.bin and so on, for each circuit
//	phase2/beacon.json                   the public value that ended phase 2
//	keys/                                the sealed keys, for prover.Open
//	transcript.json                      all hashes in order, for the ledger
//
// Every JSON file has one spelling: deterministic, indented by two spaces, with
// a line feed at the end. A contribution counts once its record is there. No
// file holds the beginning of phase 2: everybody computes it.
//
// One phase 1 serves all circuits. It has the size of the largest; the others
// use its first powers.
//
//	state, err := ceremony.Init(ctx, dir, plan, prover.Circuits(), ceremony.Options{})
//	...
//	state, err = ceremony.Contribute(ctx, dir, did, signer, ceremony.Options{})
//	fmt.Println("note on paper:", state.Made[0].Hash)
//	...
//	state, err = ceremony.Seal(ctx, dir, value, ceremony.Options{})   // phase 1
//	state, err = ceremony.Seal(ctx, dir, value, ceremony.Options{})   // phase 2
//	state, err = ceremony.Verify(ctx, dir, ceremony.Options{})        // anybody
//	keys, err := prover.Open(ceremony.KeysDir(dir))
//
// # Beacons
//
// Before anybody contributes, the plan says which public random value will end
// each phase: the first value that a source publishes at or after a given time.
// Nobody contributes after that time, and nobody seals before it. The value of
// SourceDrand is a signature that Verify checks. The value of any other source
// must be looked up and compared by people.
//
// # What is not checked
//
// The package does not check that the agencies are different people, or that a
// participant's clock was right. It does not check that a DID's key is the one
// in the plan: the publisher of the keys on a ledger does. A last contribution
// that was dropped before a phase was sealed leaves no trace in the folder: its
// maker, who noted the hash on paper, finds it missing. A contributor's machine
// must be trusted not to keep what passes through its memory: turn its swap
// off, and restart it afterwards.
package ceremony
