// Package issuer is an agency's issuing desk: what stands between a table of
// residents and a credential in a wallet.
//
// Import reads a CSV, refuses rows that are wrong at the source (each with its
// row number and reason, never with the value) and turns the others into
// offers, each with a single-use code. Answer takes an application, checks its
// proof of possession and its holder commitment, and issues. Revoke flips the
// status bit and the revocation handle in one ledger operation batch, and
// Publish signs the status list anew. Issue makes one credential without a desk:
// an SD-JWT VC (RFC 9901) and its endorsement.
//
// The desk keeps its state in a vault.Store: pending offers, who
// was issued what, which commitment belongs to whom, and the status list. It
// refuses one commitment for two people, and two commitments for one person.
//
// Every method that judges returns a *Rejected, which means checked and false, or an
// *Unchecked, which means that it could not be found out or done. Both have a Code
// for programs and Describe for people.
//
// What is not checked here: that the person who brings an offer is the resident
// named in its row. Handing out offers is the agency's job.
package issuer
