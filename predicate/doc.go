// Package predicate joins three things that do not know each other: a claim of
// a credential's schema, a predicate of a DCQL query, and a slot of a
// zero-knowledge statement. Wallet and verifier both use it, so that the
// citizen reads, the circuit proves and the counter checks the same thing.
//
// Attributes encodes a credential's claims in the schema's slot order. Compile
// checks a query's predicates against a schema. Compiled.On turns them into the
// statements to show on a given day. Describe renders them in English and
// Chinese. Holds evaluates them over disclosed claims, for answers that are not
// zero-knowledge.
//
// For example the predicate
// {"path":["birthdate"],"op":"at_least_years","years":18} on 2026-11-21 becomes
// a range over the birth date's slot, from 1900-01-01 to 2008-11-21, and the
// sentence "aged 18 or over".
//
// The package does not check who asks, whether the question may be asked, or
// who issued the claims.
package predicate
