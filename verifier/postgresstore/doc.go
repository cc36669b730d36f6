// Package postgresstore is a verifier.Store in a PostgreSQL database, so that the counters
// of an office ask and accept as one: what one accepted, no other accepts again.
//
// # Format
//
// A schema, by default hufu_counter, with the tables request (what was asked and what came
// of it, until purged), nonce (every nonce asked with, kept for ever once used), once
// (scope and pseudonym of 32 bytes each, kept for ever), policy (policy files by their
// hash), trust (what a ledger.Client keeps, one row a ledger) and store (the format version
// 1). Times are Unix milliseconds. Nothing in it is encrypted, and results say what was
// learned about people: let nobody read the database who may not read those.
//
// # Durability
//
// When Accept has returned nil, the nonce and the pseudonyms are used on the server's disk:
// Open refuses a server with fsync or full_page_writes off, and each connection asks for
// synchronous_commit. Where the connection breaks during a commit, the error is ErrUnknown.
// The same Accept again then returns verifier.ErrReplayed where the first one was made.
//
// # Example
//
// Two counters on two machines open the same address. When both accept one person's
// once-only pseudonym, one of them gets verifier.ErrUsedOnce.
//
// # Not checked
//
// That the database did not go back: a restored backup has forgotten what was used since.
package postgresstore
