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
// One transaction writes at a time, over all processes that have the file open.
// Snapshots go on reading the state they began with. What the writer has read or
// written stays in memory until another process writes.
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
// Whether the file was replaced by an older copy.
package sqlitestore
