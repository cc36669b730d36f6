// Package issuer is an agency's issuing desk: it turns a table of residents into
// credentials in wallets.
//
// [Desk.Import] reads a CSV file. It refuses wrong rows with row number, claim and
// reason, never with the value, and turns the others into offers with single-use codes.
// [Desk.Answer] checks an application's proof of possession and holder commitment, and
// issues. [Desk.Revoke] sets the status bit and the revocation handle in one batch of
// ledger operations. [Desk.Publish] signs the status list anew. [Issue] makes one
// credential without a desk: an SD-JWT VC (RFC 9901) with its endorsement.
//
// # State
//
// The desk keeps offers, issued credentials, holder commitments and the status list in
// a vault.Store. It refuses one commitment for two people, and two commitments for one
// person.
//
// # Example
//
// An office imports a table with one row and gets one offer. The citizen's wallet
// answers the offer with an application; Answer returns the credential. A second
// application with the same code is refused with ErrCodeUsed.
//
// # Errors
//
// Every method that judges returns a [*Rejected], which means checked and false, or an
// [*Unchecked], which means that it could not be found out or done. Both have a Code
// for programs and Describe for people.
//
// # Not checked
//
// That the person who brings an offer is the resident of its row: handing out offers is
// the agency's task.
package issuer
