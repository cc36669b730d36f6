// Package sqlitestore is a machine.Store in one SQLite file: the tables of a state
// machine, signed checkpoints by height, and what an engine notes about itself.
// The engines of packages sqlitelog and cometlog keep their ledgers in it.
//
// # Format
//
// An SQLite 3 database with application id "HuFL" and user version 2. Each of the
// ten tables of package machine has columns key and value, both BLOB. Table
// checkpoint has columns height and note, table engine name and value. Open refuses
// a file with another table, index, view or trigger.
//
// # Durability
//
// Write-ahead log with synchronous=FULL: when Commit has returned, the changes
// are on disk. Where Commit returns an error, they may be nevertheless. A
// database opened as a copy (Options.Copy) has synchronous=NORMAL: a power
// failure may take its last transactions, never a part of one. Every setting is
// read back when a connection is opened.
//
// # Concurrency
//
// One transaction writes at a time, over all processes that have the file open. What the
// writer has read or written stays in memory until another process writes.
//
// A View reads one state within a transaction of SQLite, and is short. A Snapshot goes on
// reading the state it began with, for as long as it is held, and needs no transaction:
// each of its statements reads the newest state, and memory holds the values that
// commits have replaced since (at most 64 MiB; then the oldest snapshot ends).
//
// So the write-ahead log can always be cut. A commit that finds it longer than 16 MiB
// lets no reader begin, waits for the few that read, writes the log back into the
// database and cuts it to nothing. Only another process that reads can be in the way.
//
// # Scratch
//
// A Scratch is an empty store in a temporary file, with 32 MB of SQLite's cache and no
// journal. A replay of a whole ledger goes there, so that it does not need the ledger's
// size of memory.
//
// # Example
//
// An engine calls Create once and Open ever after. Update(ctx, do) gives do a
// transaction, in which machine.Machine.Apply writes leaves, values and nodes and
// the engine sets the checkpoint; all of it is on disk when Update returns.
//
// # Not checked
//
// Whether the rows are what the operations lead to: see machine.Machine.Audit.
// Whether the file was replaced by an older copy. Whether another process writes while
// there are snapshots: they then show what it wrote, and proofs made of them do not
// verify.
package sqlitestore
