// Package explorer answers what anyone may ask a ledger: where it stands, who an
// agency is and by whom it is accredited, what a schema fixes, and how a record
// came to where it stands.
//
// No answer rests on the word of the Source it came from. A ledger.Client proves
// values under a fresh checkpoint, absence too, and the steps of a
// record lead by their hashes to its proved value. One thing cannot be proved:
// that an agency has no accreditation besides those listed.
//
// The same code answers on a server and, compiled for js/wasm, in the page that
// checks the server. Labels and words are names for a table of sentences; see
// package explorer/web.
//
// For example: Explorer.OfRecord(ctx, hash) of a parcel that was
// registered, then sold, returns a section "record" with its state, "transferred",
// and two sections "step" with the index of each in the log and by when the ledger
// had it. A hash that nobody anchored returns one section "absent".
package explorer
