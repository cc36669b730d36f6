// Package explorer answers questions that anyone may ask a ledger: where it
// stands, who an agency is and who accredited it, what a schema fixes, and
// which steps a record took.
//
// An answer does not rest on the word of its Source. A ledger.Client proves
// values and absences under a fresh checkpoint, and the steps of a record lead
// by their hashes to its proved value. One thing cannot be proved: that an
// agency has no accreditation besides those listed.
//
// The same code answers on a server and, compiled for js/wasm, in the page that
// checks the server. Labels and words are names for a table of sentences; see
// package explorer/web.
//
// For example, Explorer.OfRecord(ctx, agency, hash) of a parcel that was registered,
// then sold, returns a section "record" with its state, "transferred", and two
// sections "step". Each step has its index in the log and a time by which the
// ledger had it. A hash that the agency did not anchor returns one section "absent".
package explorer
