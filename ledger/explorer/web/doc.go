// Package web serves a ledger's public pages. Anyone can look up an agency and
// its accreditors, a schema, or the trail of a parcel or an invoice by its
// salted hash, and see how the log grows. The pages are in English and Chinese,
// and readable without scripts.
//
//	GET /                        where the ledger stands, and what is on it
//	GET /lookup?q=               to the page of a DID, a schema or a salted hash
//	GET /agency?did=             an agency
//	GET /schema?id=&version=     a schema
//	GET /record?agency=&hash=    a record or an anchor of an agency
//
// The server verifies answers as any reader would. It does not verify the
// growth curve and the lists of agencies and schemas on the first page. A
// visitor who does not believe the server lets the page check it: a Go module
// compiled for js/wasm asks for the proofs again, verifies them in the browser,
// and corrects the page if it differs. go generate builds the module; without
// it the pages say that they cannot check.
//
// The checker comes from the same server as the page. A visitor who must not
// rely on that server compares the trust file's fingerprint with the one that
// came another way, and checks with the command line or another server's page.
//
// A hash is one of the agency that anchored it or began the record. Without the agency
// the page of a record asks for it, and offers those on the first page.
//
// The number and the salt of a parcel or invoice stay in the browser, which
// hashes them. The server sees the hash, and so learns which record the visitor
// asks about.
package web

//go:generate go run ./build
