// Package wallet is the citizen's half: it applies for credentials, checks and
// keeps them, says what a counter asks, and answers with consent.
//
// New joins a Store, a KeyStore, a trust file and a Ledger. Apply takes up an
// offer (OpenID4VCI 1.0); Receive checks the credential that comes back as a
// counter would, and that its endorsement signs exactly the same claims.
// KeepPrepared makes proofs ahead, while the app is open. ResolveRequest verifies a signed
// request (OpenID4VP 1.0 with DCQL) and lists every way to answer it; Present
// answers one of them and writes the history before anything leaves. Package
// wallet/issuer is the other side of Apply and Receive: an agency's desk.
//
// Formats: credentials are SD-JWT VC (RFC 9901) whose claims are all selectively
// disclosable; one of them, hufu_zk, is the endorsement that no presentation
// discloses. A zero-knowledge answer is 330 bytes, base64url, in the vp_token.
//
// For example a library asks "aged 18 or over, lives in Dongcheng". ResolveRequest
// offers two choices: to prove both, or to show birth date and district. The
// citizen picks the proof; Present takes one prepared proof out of the store for
// good, shows the statement for this request alone, and returns the answer.
//
// Every method that judges returns a *Rejected, which means checked and false, or an
// *Unchecked, which means that it could not be found out. Both have a Code for
// programs and Describe for people.
//
// Refusing, having nothing that matches and not answering look the same to a
// counter: nothing is sent.
//
// What is not checked here: whether the purpose stated is one the requester
// registered, whether a hardware key holds the credential, and who holds the
// phone. A Ledger on another machine must be asked in a way that does not say
// for which credential.
package wallet
