// Package agency acts for one agency on a ledger: it keeps the agency's keys,
// changes its DID, accredits others and publishes what they rely on.
//
// # Keys
//
// An agency has up to four kinds of key. Its signature key (#sig-1, then #sig-2)
// signs credentials, requests and ledger operations. Its proof key (#zk-1) signs
// the endorsements of credentials; only an agency that issues needs one. Its
// change key signs the next change of the DID and nothing else. The DID names
// the change key by its hash alone (pre-rotation), so a thief of the signature key
// cannot take the DID. An agency that decides on the consortium's agreements has an
// agreement key, which an agreement names by its hash and which signs the next one.
// Options.Safe can keep change keys and agreement keys in another key store, which only a
// change or an agreement has to reach.
//
// # Entering
//
// A newcomer applies (Apply): it makes its keys and signs the operation that creates its
// DID. The operation goes, as a file, to any agency with an accreditation in force, which
// signs it too and submits it (Admit). The newcomer then finds its DID on the ledger (Open).
// Its own copy it never submits: the leaf has both signatures. Enter does all of this for a
// program that waits.
//
// # Changes
//
// Rotate, ReplaceProofKey, MarkCompromised, Deactivate and Change alter the DID.
// Each uses up the change key and commits to a fresh one. In this order, a change
//
//  1. stores the new keys,
//  2. stores the signed operation,
//  3. submits it,
//  4. asks the ledger for the DID and verifies the proof,
//  5. deletes the private keys that the proved DID no longer needs.
//
// A program can stop between any two steps. The next Open, Settle or change then
// submits the same operation again, which a ledger takes once. It finishes a
// change that the ledger has and drops one that the ledger refused. The keys of a
// dropped change stay in the vault until the DID has moved on without it, because
// one server's word is no proof.
//
// # Agreements
//
// Who decides alone calls Agree. Where several decide, each hands in a Nomination
// (Nominate), one proposes the agreement (ledger.Unsigned), each signs it (SignAgreement),
// and one submits it. An agreement key that has signed is marked in the record before its
// signature leaves, and no nomination names it again.
//
// # Example
//
// A root agency opens its vault and accredits an office:
//
//	root, err := agency.Open(ctx, store, client, log, agency.Options{})
//	if err != nil {
//		return err
//	}
//	err = root.Accredit(ctx, agency.Grant{
//		To:     "did:hufu:5mwyqj2xcmeqrvxf6khdzszvkqxd3bzm",
//		Action: ledger.ActionIssue,
//		Type:   "urn:example:resident:1",
//		Region: "110101",
//		Subject: ledger.Subject{
//			Name:    ledger.Text{English: "Dongcheng Residence Registration", Chinese: "东城区户籍管理处"},
//			Code:    "12110101MB0000001F",
//			Contact: "010-5550 0101",
//		},
//	})
//
// The office opens an issuing desk of package wallet/issuer with its keys:
//
//	keys := issuer.Keys(office.Keys())
//
// # Format
//
// The vault has one record of kind "agency" and id "self": JSON with the members
// did, object (the DID as the ledger last proved it), pending (a signed
// operation), keys (name in the key store, public key, use, sequence of the change
// that made it, whether an agreement key has signed) and proofs (seed, public key, sequence). Bytes are base64.
//
// # Not checked
//
// Whether an accreditation should be given is the caller's decision. An older copy
// of the vault opens like the newest one; it shows at the next change, which the
// ledger refuses, and then as ErrNoChangeKey. Keys that were made just before a
// program stopped, and that no record names, stay in the key store unused.
package agency
