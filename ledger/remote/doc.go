// Package remote reads and writes a ledger over HTTP. NewHandler serves any
// engine. Client is a ledger.Reader and ledger.Submitter that asks one or more
// such servers. A reader believes nothing that a server answers before it is
// verified: proofs go through ledger.Verify, whose trust file came another way.
//
// # Protocol
//
// Paths are below the address of the server. Bodies are the bytes that the
// named parsers read.
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
//	GET  /v1/revoked/‹epoch›?after=  {"handles", "next"}: some handles of 16 bytes, sorted,
//	                             from the one after 32 hexadecimal digits on; next is the
//	                             next after, and is not there at the end
//	GET  /v1/pending?from=       {"checkpoint", "leaves"}: for witnesses, what the log
//	                             has signed and readers may not see yet
//	POST /v1/cosignature         a note with a witness's signature → 204
//	GET  /v1/trust               trust.json; compare it with its fingerprint
//
// A receipt is {"operations": [{"id", "index", "height", "replayed"}],
// "height", "size", "checkpoint"}. A refusal is {"index", "kind", "code",
// "reason"}. Bytes in JSON are base64. An error has one of the status codes of
// RFC 9110 and the body {"error": "…"}: 400 for a malformed request, 404 for
// something that the ledger does not hold, 413 for a request that is too large,
// 503 for a server that is busy or cannot answer. After 503 the same request
// may be sent again, to another server, or to this one after the seconds in
// Retry-After. A server answers few dear questions at once: sets, lists, leaves, and
// proofs of more than eight keys.
//
// # What a server learns
//
// A server learns which keys of the ledger a reader asks about, and when. A
// wallet asks about agencies, schemas and epochs, never about its credential:
// see package feed.
package remote
