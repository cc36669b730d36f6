// Package wallet is the holder: it applies for credentials, checks and keeps them,
// shows the citizen what a counter asks, and answers with consent.
//
// [New] makes a Wallet from a vault, a key store, a ledger.Client and public files.
// [Wallet.Apply] takes up an offer (OpenID4VCI 1.0). [Wallet.Receive] checks the
// credential that comes back as a counter would, and that its endorsement signs
// exactly the same claims. Package wallet/client does the same over HTTP, with
// [Wallet.ResolveIssuer], [Wallet.BeginIssuance] and [Wallet.ReceiveCopies]: several copies
// of a credential are one card, and shown in turn. [Wallet.KeepPrepared] makes proofs while the app is open.
// [Wallet.ResolveRequest] verifies a signed request (OpenID4VP 1.0 with DCQL) and lists
// every way to answer it. [Wallet.Present] writes the history, then answers in one of
// these ways. Where an issuer's key was stolen, [Wallet.Refresh] fetches what it signed
// anew, or [Wallet.RequestReissue] and [Wallet.ReceiveReissue] do. What shows that a
// credential existed before, [Wallet.RequestExistence] asks for, and
// [Wallet.ReceiveExistence] keeps. The agency's side is package wallet/issuer.
//
// # Formats
//
// A credential is an SD-JWT VC (RFC 9901) whose claims are all selectively disclosable.
// One of them, hufu_zk, is the endorsement; no presentation discloses it. A
// zero-knowledge answer has 330 bytes, base64url, in the vp_token.
//
// # Example
//
// A library asks "aged 18 or over, lives in Dongcheng". ResolveRequest returns two
// choices: to prove both, or to show birth date and district. The citizen chooses the
// proof. Present takes one prepared proof out of the pool, which is in memory, shows the
// statement for this request alone, and returns the answer.
//
// # Errors
//
// Every method that judges returns a [*Rejected], which means checked and false, or an
// [*Unchecked], which means that it could not be found out. Both have a Code for
// programs and Describe for people. When a request is refused, matches nothing or is
// not answered, nothing is sent: a counter cannot tell the three apart.
//
// # Not checked
//
// Whether the requester registered the purpose that it states. Whether a hardware key
// holds the credential. Who holds the phone. A Sets on another machine sees which epoch
// it is asked for, and no credential.
package wallet
