// Package remote reads and writes a ledger over HTTP: NewHandler serves any
// engine, and Client is a ledger.Reader and ledger.Submitter that asks one or more
// such servers. Nothing that a server answers is believed unverified: proofs go
// through ledger.Verify, whose trust file came another way.
//
// # Protocol
//
// Paths are below the address of the server. Bytes are those of the parsers named.
//
//	POST /v1/submit              ledger.ParseBatch → receipt, or 409 and refusal
//	POST /v1/prove               {"keys": [...]} → ledger.ParseProof
//	GET  /v1/prove?key=…&key=…   likewise
//	GET  /v1/checkpoint          the signed note
//	GET  /v1/consistency?from=&to=  {"hashes": [...]}
//	GET  /v1/inclusion/‹index›   ledger.ParseInclusion
//	GET  /v1/entries?from=       {"leaves": [...]}: from an index on, some
//	GET  /v1/keys?prefix=&after=    {"keys": [...]}: some, in ascending order
//	GET  /v1/history?key=&from=  {"changes": [{"index", "leaf"}]}
//	GET  /v1/agreements?from=    {"operations": [...]}: ledger.ParseSignedOperation
//	GET  /v1/tile/8/‹level›/‹n›     hashes of the log, in the paths of x/mod's tlog;
//	                             they never change and may be cached for ever
//	GET  /v1/registry/‹epoch›    leaves of 32 bytes, sorted
//	GET  /v1/revoked/‹epoch›     handles of 12 bytes, sorted
//	GET  /v1/pending?from=       {"checkpoint", "leaves"}: for witnesses, what the log
//	                             has signed and readers may not see yet
//	POST /v1/cosignature         a note with a witness's signature → 204
//	GET  /v1/trust               trust.json, to be held against its fingerprint
//
// A receipt is {"operations": [{"id", "index", "height", "replayed"}], "height",
// "size", "checkpoint"}, a refusal {"index", "kind", "code", "reason"}. Bytes in
// JSON are base64. Where something went wrong, the answer has one of the codes
// of RFC 9110 and {"error": "…"}: 400 for a malformed request, 404 for what the
// ledger does not hold, 413 for what is too large, 503 for a server that is busy
// or cannot say; then the same request may be sent again, here or to another.
//
// # What a server learns
//
// Which keys of the ledger a reader asks about, and when. A wallet's questions
// are about agencies, schemas and epochs, never about its credential: see package
// feed.
package remote
