// Package verifier is the service counter: it asks, and it decides.
//
// A Verifier is made from an identity, a trust file, a ledger, a policy and a
// store; without a policy there is none. Ask makes a signed request object
// (OpenID4VP 1.0 with DCQL), Verify decides on the answer. Its checks run in a
// fixed order, each a named Check: form, request, clock and checkpoint, then for
// disclosed claims issuer, accreditation, schema, signature, validity, status,
// binding and policy, or for a zero-knowledge proof schema, epoch, prepare and
// statement, which stand in place of issuer, accreditation, signature and
// status. Replay and once-only use are decided last, in one durable transaction
// with acceptance.
//
// The error is nil only when an answer is accepted. A *Rejected means checked
// and false; an *Unchecked means that it could not be found out, and is never a
// no. Both have a Code for programs and Describe for people.
//
// For example, a counter that asks "aged 18 or over, lives in Dongcheng" gets a
// Result that lists the two statements under Learned, and name, number, birth
// date, district and address under NeverReceived.
//
// What is not checked here: that the person at the counter is the holder
// (LevelPresence needs a clerk), that a hardware key holds the credential, and
// that the policy asks for no more than is lawful.
package verifier
