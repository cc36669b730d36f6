// Package web is a ledger's public window: pages on which anyone looks up an
// agency and who accredited it, a schema, or the trail of a parcel or an invoice by
// its salted hash, and sees how the log grows. English and Chinese, readable
// without scripts.
//
//	GET /                        where the ledger stands, and what is on it
//	GET /lookup?q=               to the page of a DID, a schema or a salted hash
//	GET /agency?did=             an agency
//	GET /schema?id=&version=     a schema
//	GET /record?hash=            a record or an anchor
//
// The server verifies what it shows as any reader would. Who does not believe the
// server lets the page check it: a module of Go compiled for js/wasm asks for the
// proofs anew, verifies them in the browser, and corrects the page where it differs.
// go generate builds the module; without it the pages say that they cannot check.
//
// What the checker cannot do: it comes from the same server as the page. Whoever
// must not rely on that compares the trust file's fingerprint with the one that he
// was given, and checks with the command line or another server's page.
//
// The number and the salt of a parcel or invoice stay in the browser, which hashes
// them; the server sees the hash, and thereby which record is asked for.
package web

//go:generate go run ./build
