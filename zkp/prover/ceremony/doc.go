// Package ceremony makes the circuits' keys among several agencies, so that a
// proof can be forged only if all of them kept, or lost, what each knew for a
// moment. It is Groth16's two-phase setup (Bowe, Gabizon and Miers, "Scalable
// Multi-party Computation for zk-SNARK Parameters in the Random Beacon Model",
// eprint 2017/1050) as gnark computes it, with signatures, an agreed order and
// a transcript that anybody can verify.
//
// A ceremony is a folder that travels from agency to agency:
//
//	ceremony.json                        the plan; its SHA-256 names the ceremony
//	phase1/0001-5f1d9c0a.bin             a contribution, in gnark's encoding
//	phase1/0001-5f1d9c0a.json            its record: hashes, maker, signature
//	phase1/beacon.json                   the public value that ended phase 1
//	phase2/hufu-show-1/0001-5f1d9c0a.bin and so on, for each circuit
//	phase2/beacon.json                   the public value that ended phase 2
//	keys/                                the sealed keys, for prover.Open
//	transcript.json                      all hashes in order, for the ledger
//
// Every JSON file has one spelling: deterministic, indented by two spaces, with
// a line feed at the end. A contribution counts once its record is there. What
// phase 2 begins with is in no file: everybody computes it.
//
// One phase 1 serves all circuits. It has the size of the largest; the others
// use the first powers of it.
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
// The plan says which public random value will end each phase before anybody
// contributes: the first that a source publishes at or after a moment. Nobody
// contributes after that moment, and nobody seals before it. The value of
// SourceDrand is a signature that Verify checks; the value of any other source
// is checked by people, who look it up.
//
// # What is not checked
//
// That the agencies are different people, that a DID's key is the one in the
// plan (whoever publishes the keys on a ledger checks that), and that a
// participant's clock was right. A last contribution that was dropped before a
// phase was sealed leaves no trace in the folder: its maker finds it missing,
// with the hash on paper. A contributor's machine must be trusted not to keep
// what passes through its memory: swap it off, and restart it afterwards.
package ceremony
