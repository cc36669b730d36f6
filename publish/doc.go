// Package publish keeps the public files that belong to a ledger: schemas,
// verifying keys, status list tokens and the feed of each epoch. The ledger holds
// their hashes. The files lie in a folder, behind a web server or in a bundle.
//
// A [Source] hands the files out. It is untrusted: a file counts only where the
// ledger names its hash. [Schema] and [VerifyingKey] fetch a file by the hash that
// the ledger names and refuse every other file. [TypeSchema] finds the schema of a
// credential type, which [CheckSchema] then holds against the ledger. [StatusList] and
// [Feed] hand out what packages provenance and wallet hold against the ledger.
//
// Five kinds of Source:
//
//   - [Folder]: a directory; agencies publish into it
//   - [Memory]: for tests and demonstrations; agencies publish into it
//   - package publish/remote: a web server, and a handler that serves a Folder
//   - [Bundle]: a ledger.Bundle, for a counter without a network
//   - [Cached]: another Source, with a Folder or a Memory that keeps its files
//
// # Format
//
// A folder of public files holds these names. ‹hash› is a SHA-256 in 64 lower-case
// hexadecimal digits:
//
//	‹hash›.json   a schema file, by the hash of the file       64 KiB
//	‹hash›.vk     a verifying key, by the hash of the file     64 KiB
//	‹hash›.type   a schema file, by the hash of its vct        64 KiB
//	‹hash›.jwt    a status list token, by the hash of its URI   8 MiB
//	agencies.bundle  every DID and accreditation         16 MiB
//	feed/…        the public sets, as package ledger/feed lays them out
//
// The numbers cap the size of a file; no file is empty. A .json or .vk file never
// changes: a new edition of a schema and a new key are new files. A .type file
// repeats the newest edition of a type's schema, so that a counter finds it by the
// vct alone. The feed's caps are those of internal/limits: 64 KiB for feed/index and
// .roots, 1 MiB for counts, 8 MiB for .registry, 64 MiB for .handles.
//
// [ParseName] accepts exactly these names. Nothing reads or serves any other file in
// the folder. A [Folder] makes two others: ".lock", which it holds while it writes,
// and ".new", the file that it is writing.
//
// A web server serves the folder as it is: the address of the folder, a slash, the
// name. A ledger.Bundle holds the files under the same names, without the feed.
//
// # Example
//
// A root agency publishes a schema, then puts its hash on the ledger:
//
//	folder := publish.Folder("ledger/public")
//	schema, err := folder.PublishSchema(ctx, file)
//	// … and submits a ledger.Schema{Hash: schema.Hash(), …}
//
// An issuing desk takes the folder as its Publisher and replaces its status list
// there each time it signs. A counter elsewhere reads the files from a web server
// and keeps them in a folder, so that it starts while the server is down:
//
//	server, err := remote.New(remote.Options{}, "https://ledger.example/public")
//	public := publish.NewCached(server, publish.Folder("public"), publish.CacheOptions{})
//	v, err := verifier.New(verifier.Config{Public: public, …})
//
// # What a server learns
//
// A server learns which files a reader asks for, and when. A wallet that receives a
// credential asks for its schema and its status list, a counter for those of the
// answers that it checks. They tell the type and the list, never the credential, its
// holder or its entry in the list. Package ledger/feed says what the names of the
// feed's files tell.
//
// # Not checked
//
// Whether a status list token is signed by the issuer, is fresh, and has the root
// that the ledger names: package provenance checks that. Whether a .type file is the
// newest edition, or the edition that a holder has: [CheckSchema] says only that the
// ledger names it. Whether the feed is true: package wallet holds it against the
// ledger's roots. Whether the proving keys of a ceremony are there: package
// zkp/prover reads them from a folder of its choice.
package publish
