// Package sqlitestore is a verifier.Store in one SQLite file, so that a
// counter which loses its power still refuses a replay.
//
// # Format
//
// An SQLite 3 database with application id "HuFV" and user version 3. Tables:
// request (what was asked and what came of it, until purged), template (the first
// request object of each policy), nonce (every nonce asked with, kept for ever once
// used), once (scope and pseudonym of 32 bytes each, kept for ever), policy (policy
// files by their hash), trust (what a ledger.Client keeps, one row a ledger) and head (a
// random id, and a counter, one up with each change). Times
// are Unix milliseconds. Request objects and results are packed: 0 and the bytes
// themselves, or 1 and raw DEFLATE with a template as dictionary. Nothing in it is
// encrypted, and results say what was learned about people: keep the file as you keep
// those. The file is made with mode 0600.
//
// A second file, with the suffix ".head", says how new the store must be: its counter and
// its id, after each change and before the change is acknowledged (package
// internal/headfile). Open refuses a store that is older with ErrRolledBack: its log was
// deleted, or an older copy put back. Where the second file is gone, it returns ErrNoHead.
// To open a copy that was put back on purpose, set Options.Restored. Back up the head file
// first and the store after it, or the store alone.
//
// Purge overwrites what it deletes and gives the space back, in steps of some
// milliseconds, between which others read and write.
//
// # Durability
//
// Write-ahead log with synchronous=FULL: when Accept has returned, the nonce
// stays used through a power failure. go-sqlite3 alone would choose NORMAL,
// which loses acknowledged rows; Open reads every setting back and refuses a
// connection that did not take it. A file with another table, view or trigger is
// ErrFormat: a trigger could make a nonce unused again. One more index changes no
// answer, and is let be.
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
// Store and head file put back together, from one older copy of both, look right. A
// counter that must notice sets Options.Counter. The head file has no secret: who may write
// it can write any. A store that went on from an older copy on another machine, until its
// counter was greater, is taken for newer. Where a power failure cuts short the copying of
// the log into the store, and the log is deleted after that, rows may be missing unnoticed.
package sqlitestore
