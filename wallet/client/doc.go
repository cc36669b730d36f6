// Package client is the holder's side of OpenID4VCI 1.0 over HTTP: it takes up an offer at
// an issuer with a web address and brings the credential into a [wallet.Wallet].
//
// # How it goes
//
//   - [Client.Offer] reads an offer: a link by value or by reference, its JSON, or QR text.
//     It fetches the issuer's metadata, asks the ledger who vouches for the issuer, and
//     returns what its owner must decide. [Client.Issuer] does the same without an offer.
//   - [Client.Receive] takes up an offer with a pre-authorised code.
//   - [Client.Begin] starts a sign-in at the issuer and returns the address for the
//     browser. [Client.Complete] takes the redirect that comes back.
//   - [Client.Resume] goes on where an issuance stopped: after a crash, or where the issuer
//     said to come back later. [Client.Waiting] lists those, [Client.Abandon] ends one.
//
// # Nothing is lost
//
// Before each request the client writes down in the vault what it is about to send, and
// after each answer what came. A program that is killed in between sends the same request
// again, with the same keys. Token, code and keys stay in the vault until the credential is
// stored, and are then deleted.
//
// # What the issuer learns
//
// That somebody opened its offer, from which network address. Then fresh public keys, one a
// copy, and a key for this issuance alone; no key appears at two issuers. A holder commitment
// that says nothing about the holder. With [Config.Attest], who made the wallet. With the
// identity credential that some types ask for, what [wallet.Offered] lists. Afterwards
// whether the credential was stored, where the issuer wants to know. Each call says which.
//
// # Example
//
// An office sends a link. Offer says that the residents' office of Dongcheng, accredited by
// the root agency, offers a resident's credential and wants a transaction code of six
// digits. The citizen agrees and types the code from the letter; Receive stores the
// credential.
//
// # Standards
//
// OpenID4VCI 1.0 with the HAIP 1.0 profile: metadata by insertion (12.2.2, RFC 8414), plain
// and signed; PAR (RFC 9126), PKCE S256, iss in the redirect (RFC 9207); DPoP with the
// server's nonces (RFC 9449); wallet attestation (draft-ietf-oauth-attestation-based-client-
// auth-07); key attestation, batches, encryption, deferral, notification, refresh tokens.
//
// # Errors
//
// Every call that judges returns a [*Rejected] or an [*Unchecked] of this package, or those
// of package wallet. No message repeats what a server wrote.
//
// # Not checked
//
// Whether the page that the browser shows is the issuer's. Whether the maker's attestation
// still holds: [Config.Attest] sees to that. No address is followed that a server redirects
// to, and nothing is asked again by itself but once where a server names a fresh nonce.
package client
