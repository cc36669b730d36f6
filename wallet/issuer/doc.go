// Package issuer is an agency's issuing desk: it turns a table of residents into
// credentials in wallets.
//
// [Desk.Import] reads a CSV file. It refuses wrong rows with row number, claim and
// reason, never with the value, and turns the others into offers with single-use codes;
// [Desk.Offer] makes one offer. [Desk.Answer] checks an application's proof of
// possession and holder commitment, and issues. [Desk.Revoke] sets the status bit and
// the revocation handle in one batch of ledger operations. [Desk.Renew] signs status
// lists anew before they expire. After a theft of the office's keys [Desk.Resign] signs
// what is in force anew, and [Desk.Reissue] hands it to its holder. [Desk.AnchorIssued]
// has the ledger show that credentials existed before such a theft, and [Desk.Existence]
// hands what shows it to their holders. [Issue] makes one credential without a desk: an
// SD-JWT VC (RFC 9901) with its endorsement.
//
// Over a connection [Desk.Redeem] exchanges an offer's code, with a transaction code where
// the offer has one, for a grant; [Desk.Grant] makes one for a person who has signed in.
// [Desk.Apply] issues to a grant: as many copies of one credential as the application
// proves keys, each with its own salts, status entry and revocation handle. For an offer
// with OfferOptions.Deferred it keeps the application until a clerk calls [Desk.Approve] or
// [Desk.Refuse], and [Desk.Collect] hands out what became of it. [Desk.Notify] writes down
// what the wallet says of it. Package endpoint is the desk's HTTP side.
//
// # State
//
// The desk keeps offers, issued credentials, people and status lists in a vault.Store.
// A person holds one credential in force of each type, in one copy or several. Each type
// has its own status lists, and a full one is followed by another.
//
// # One person, one secret
//
// A person has one holder commitment a schema, and a commitment belongs to one person
// for good. The desk of an identity type, whose schema has no boundBy, takes a bare
// commitment and has the ledger give it to this desk alone: an anchor that is the same
// at every desk of the type is taken once. The desk of every other type takes the proof
// of an identity credential that names the person of the offer (package identity). So
// does the desk of an identity type from people who hold the credential of another desk.
// The binding day stays when a credential is renewed, replaced or moved. Whoever has lost
// wallet and backup is bound anew, by an offer with OfferOptions.Rebind: the ledger logs
// it, the binding day is new, and what the person holds is revoked. A desk of a later type
// follows, also on the same day, and its binding day is that on which it does: with what
// it issued before, the person could answer until then.
//
// A wallet that sends no holder commitment gets a credential without an endorsement: nothing
// can be proved from it, its revocation is the bit in the status list alone, and it binds
// nobody. A type with boundBy is not issued so.
//
// # Outside the store
//
// What concerns the ledger and the public files takes three steps. One transaction
// changes the record and notes what is wanted. The ledger gets the operations, which
// are kept so that they can be sent again, until it accepts or refuses them. The
// public file comes last, from what the ledger has. A desk that is killed in between
// finishes or drops the rest at its next use, or in [Desk.Recover]. What the ledger
// refuses is dropped, and the record is as it was before.
//
// Any number of desks may work over one store at once, in one process or in several:
// a transaction gives an entry of a status list away, anybody may finish what another
// began, and the publisher is called under the store's lock. Counters may see the
// ledger's new root a moment before the file that belongs to it.
//
// # Example
//
// An office imports a table with one row and gets one offer. The citizen's wallet
// answers the offer with an application; Answer returns the credential. The answer is
// lost, the wallet sends the same application again, and gets the same credential.
// Another application with the same code is refused with ErrCodeUsed. The citizen loses
// the phone and restores the wallet from a backup: the office makes an offer that
// replaces the credential.
//
// # Errors
//
// Every method that judges returns a [*Rejected], which means checked and false, or an
// [*Unchecked], which means that it could not be found out or done. Both have a Code
// for programs and Describe for people.
//
// # Not checked
//
// That the person who brings an offer is the resident of its row: handing out
// offers is the agency's task. That the store is not an older copy, which has forgotten
// whom it gave an entry to: the ledger then refuses the desk's next list.
package issuer
