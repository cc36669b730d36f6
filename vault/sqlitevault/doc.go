// Package sqlitevault is a vault.Store in one SQLite file that says nothing
// to whoever copies it: the vault.
//
// # Format
//
// An SQLite 3 database with application id "HuFW" and user version 1.
//
//   - A random root key of 256 bits, never stored bare. HKDF-SHA-256 (RFC
//     5869) derives from it, with a label each, the keys for record names,
//     tags, the digest and, one for each record, the contents.
//   - Table slot holds the root key sealed under a passphrase: Argon2id (RFC
//     9106; by default 64 MiB, 3 passes, 4 lanes) and XChaCha20-Poly1305. The
//     parameters stand in the file, are bounded on both sides before they are
//     run, and are bound into the seal. Table vault holds a commitment to the
//     root key, so that exactly one root key opens a vault.
//   - Tables record and body hold one sealed record in two parts, so that
//     checking a whole vault reads only the small one. The seal is
//     XChaCha20-Poly1305 with a random nonce; its associated data are, each
//     with its length, wallet id, table, record id, kind, record version,
//     schema version and key epoch. Record id and kind are HMAC-SHA-256 cut
//     to 128 bits; the true names are inside the seal.
//   - Table tag holds tags as HMAC-SHA-256 of kind, name and value, cut to
//     128 bits: they can be compared, not read.
//   - Table vault also holds a counter, one up with each change, and a digest
//     over all rows of record, tag and slot: the sum modulo 2^256 of one
//     HMAC-SHA-256 a row. Both stand under an HMAC. A change adjusts the sum
//     by the rows it touches, so it costs the same in a vault of any size.
//
// # What is detected
//
// A row that was changed, swapped with another, restored from an older copy,
// removed or brought back gives ErrIntegrity: when the vault is opened, when
// another process has written since the last look, and, for that row, when it
// is read. A file that is older than it was on this machine gives ErrRolledBack, for
// example because its log was deleted or a copy was put back: a second file, with the
// suffix ".generation", tells how new it must be, and is on the disk before a change is
// acknowledged (package internal/headfile). Where that is gone, Open returns
// ErrNoGeneration. To open a copy that was put back on purpose, set Options.Restored. A
// file with another table, index, view or trigger is no vault: ErrFormat.
//
// # Example
//
// A wallet calls Create once with the passphrase its owner chose, and Open
// ever after. It puts a credential under kind "credential" with a tag for its
// type, and forgets it with Delete: SQLite overwrites the freed pages
// (secure_delete) and the log is cut to nothing, so that no copy of even the
// sealed bytes stays in the files. Two processes may have one vault open: the
// second waits for the first as long as its context allows.
//
// # Not checked
//
// Vault and generation put back together, from one older copy of both, look right,
// because everything in them is. To notice that, set Options.Counter, or keep
// Store.Generation on another machine and hand it back as Options.MinGeneration. Where the
// generation cannot be written, one change is acknowledged without it, and no other. A
// vault that went on from an older copy elsewhere, until it had changed more often, is
// taken for newer. The file shows how
// many records there are, which share a kind or a tag, their sizes, and how
// often the vault changed. A passphrase change does not lock out somebody who
// has an older copy of the file and the older passphrase. Keys are in this
// process's memory while the vault is open.
package sqlitevault
