// Package identity ties a later credential to the person whom an identity credential
// names, so that one wallet cannot hold the credentials of two people as one.
//
// A schema that names no other in BoundBy is an identity type: its desk finds out who a
// person is, and takes the wallet's holder commitment. All desks of the type see the same
// commitment of a person, because [Scope] does not depend on the desk. A schema with
// BoundBy is a later type. Its wallet shows an identity credential: a zero-knowledge
// answer that reveals the person and the binding day, in the scope of this desk and type.
// The pseudonym of that answer is the holder commitment of the new credential. The desk
// never takes a bare one. Whoever moves to another desk of an identity type shows the
// credential of the first desk in the same way.
//
// # Example
//
// A licence is bound by cn.resident. The wallet signs the key proof of its application
// and makes a [Demand] of it. [Demand.Request] is what it answers, with a prepared proof
// of its resident credential. The desk makes the same Demand from the same key proof.
// [Demand.Verify] returns who the person is, since when the secret is bound, and the
// commitment to sign.
//
// # Not checked
//
// Whether the epoch is recent and the verifying keys are the ledger's: the caller takes
// both from the ledger. Whether the person is the one of the offer: the desk compares.
package identity
