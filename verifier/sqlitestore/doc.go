// Package sqlitestore is a verifier.Store in one SQLite file, so that a
// counter which loses its power still refuses a replay.
//
// # Format
//
// An SQLite 3 database with application id "HuFV" and user version 1. Tables:
// request (what was asked, until purged), nonce (every nonce asked with, kept for
// ever once used), once (scope and pseudonym of 32 bytes each, kept for ever),
// policy (policy files by their hash) and trust (what a ledger.Client keeps, one
// row a ledger). Times are Unix milliseconds. Nothing in it is encrypted. The file
// is made with mode 0600.
//
// # Durability
//
// Write-ahead log with synchronous=FULL: when Accept has returned, the nonce
// stays used through a power failure. go-sqlite3 alone would choose NORMAL,
// which loses acknowledged rows; Open reads every setting back and refuses a
// connection that did not take it. A file with another table, index, view or
// trigger is ErrFormat: a trigger could make a nonce unused again.
//
// # Example
//
// A counter opens counter.db once at its first start with Options.Create, and
// without it ever after: should the file be missing, Open fails, where an
// empty new one would accept yesterday's answers again. Two kiosks on one
// machine may open the same file; when both accept one person's once-only
// pseudonym, one of them gets verifier.ErrUsedOnce.
//
// # Not checked
//
// That the file was not replaced by an older copy of itself. A counter that
// must notice keeps the highest checkpoint elsewhere too.
package sqlitestore
