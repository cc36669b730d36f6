// Package verifier is the service counter: it asks, and it decides.
//
// [New] makes a Verifier from an identity, a ledger.Client, policies, public files and
// a store. Without a policy there is no verifier. [Verifier.NewRequest] makes a signed
// request object (OpenID4VP 1.0 with DCQL). [Verifier.Verify] decides on the answer.
//
// # Checks
//
// Verify runs named checks in a fixed order: form, request, clock, checkpoint. For
// disclosed claims follow issuer, accreditation, schema, signature, validity, status,
// binding and policy. For a zero-knowledge proof follow schema, epoch, prepare and
// statement, which stand in place of issuer, accreditation, signature and status.
// Replay and once-only use come last, in one durable transaction with acceptance, so
// that a failed attempt uses nothing up. The transaction stores the Result too:
// [Verifier.Outcome] has it after a crash, and a wallet that sends the same answer again
// gets it again, marked as Repeated. Whoever serves people must look at that mark.
//
// The error is nil only when the answer is accepted. A [*Rejected] means checked and
// false. An [*Unchecked], or any other error, means that it could not be found out,
// and is never a no. Both have a Code for programs and Describe for people.
//
// What a compromised key signed is refused. A policy with Existence takes disclosed claims
// that the ledger shows to have existed before; Result.Issuers then says by when.
//
// A Verifier judges each answer by the policy under which it was asked. The store
// keeps policies by their hash.
//
// # Example
//
// A counter asks "aged 18 or over, lives in Dongcheng". The Result of the answer lists
// the two statements under Learned, and name, number, birth date, district and address
// under NeverReceived.
//
// # Not checked
//
// That the person at the counter is the holder: only a clerk who compares the portrait
// can. That a hardware key holds the credential. That the policy asks for no more than
// is lawful.
package verifier
