// Command peers measures the embedded ledger, package sqlitelog, against others
// who do a part of its work, in one run on one machine:
//
//	cd ledger/compare && GOWORK=off go run .
//
// In each round we and a peer do the same work in turns, and who begins changes
// from round to round; the table gives medians of both rates, and the median,
// least and largest of the ratios, one a pair. A ratio above one is for us.
// Everybody is in one process, whose garbage is collected before each turn, and
// writes below the current folder, which should be on the disk that is meant.
//
// What is signed is signed before, operations and transactions alike; that
// signatures are verified is part of the time. Only the root over many hashes is
// computed and signed within it, by both.
//
// # The disk
//
// The floor is 4 KB appended to a file and fsynced. Submit returns when log and
// witness are on disk, in SQLite with a WAL and synchronous=FULL.
//
// # Tessera's POSIX driver
//
// The same leaf bytes, encodings of signed audit entries, are appended to a log
// of tiles. Integrated means in the tree and on disk: the driver writes each
// file with O_SYNC under another name, renames it and fsyncs its folder
// (storage/posix/file_ops.go), first the bundle of entries, then the tiles, then
// the state of the tree (storage/posix/files.go). Published means that a signed
// checkpoint covers the entry besides, as Tessera's awaiter sees who reads the
// file every millisecond. That is what our Submit returns in every row.
//
// The driver takes no checkpoint interval below 100 ms, and is given that. So
// whoever waits for each checkpoint measures the interval; whoever need not, sees
// the rows of what is integrated. Tessera writes a batch when it is full, which is
// at one entry, at all appenders' entries and at the whole batch, or after 5 ms.
// Its filter for repeated entries and garbage collection are off.
//
// Tessera takes any bytes. Ours verifies every signature (one where a batch is
// signed together), holds every operation against its object's rule, finds again
// what was submitted before, ties the root of the state map to each checkpoint,
// and applies all of it twice, once as a witness that cosigns. With many
// appenders, verifying signatures is more than half of our work. All logs grow
// from round to round.
//
// # Ethereum, simulated
//
// go-ethereum's simulated backend has one contract, written by hand: it keeps a
// hash once and reverts the second time, as an anchor is write-once for us. Each
// row sends transactions in the process, makes a block of them at once, and reads
// its receipts by a socket; a block of so many is within the gas limit of 60
// million. The rules are those of the fork Osaka.
//
// That is a node's work and not a network's: there is no consensus, no block time
// of seconds and no other node, and the database is in memory, so that nothing is
// ever fsynced. Ours is on disk, with its witness. Ethereum verifies each
// signature; ours is shown with each operation signed alone and with one
// signature a batch.
//
// The proof is eth_getProof's (EIP-1186) in binary form, with the block's header:
// header, account, slot. Its reader is given the block's hash by someone trusted,
// where a light client has a sync committee's signature to verify. Ours verifies
// the log's signature, the witness's and its age; the signatures are half of it.
//
// # What is not measured here
//
// Other machines and networks, reading, sizes on disk, logs of millions of
// entries, the time until an entry is visible to others, Tessera's cloud drivers
// and witnesses, fees. Objects that need zero knowledge: a stand-in serves,
// which anchors and audit entries never call.
package main
