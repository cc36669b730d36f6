// Package postgresvault is a vault.Store in a PostgreSQL database, so that an agency's
// desks on several machines work over one record.
//
// # Format
//
// A schema, by default hufu_vault, with three tables. Table vault has one row: the format
// version 1, a random id, a commitment to the key and how often the vault changed. Tables
// record and tag hold sealed records and hidden tags as vault/sqlitevault does: names are
// HMAC-SHA-256 cut to 128 bits, contents are XChaCha20-Poly1305 under a key derived for
// each record, with id, kind, version and format bound in.
//
// The caller keeps the key, 32 random bytes, apart from the database and its backups.
// Whoever has the database alone reads nothing of it. Without the key the vault is lost.
//
// # Transactions
//
// One Update runs at a time, on all machines together: it holds the row of table vault
// from its first statement to its end. A View sees one unchanging state and waits for
// nobody. A change is on the server's disk when Update returns: Open refuses a server with
// fsync or full_page_writes off, and each connection asks for synchronous_commit. Where the
// connection breaks during the commit, Update returns ErrUnknown: the change was made or
// not, and the next transaction shows which.
//
// # Example
//
// Two desks of one office call Open with the same address and key. Both give entries of one
// status list away, and no entry twice.
//
// # Not checked
//
// What somebody does who may write to the database: an older row of a record opens again,
// and whole tables may go back. Options.MinGeneration notices a database that went back as
// a whole. What was deleted stays, sealed, in dead rows until the server vacuums, and in
// its log and backups. The tables show how many records there are, which share a kind or a
// tag, and their sizes.
package postgresvault
