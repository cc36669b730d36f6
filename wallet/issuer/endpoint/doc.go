// Package endpoint serves an issuing desk to wallets over HTTP: OpenID4VCI 1.0, with the
// authorization server that goes with it, after HAIP 1.0 where Config.HAIP is set.
//
// # Endpoints
//
// All stand below the desk's URL, which is the Credential Issuer Identifier and the issuer
// of the authorization server. The metadata stand at the origin's root, with the name
// inserted before the URL's path (OpenID4VCI section 12.2.2, RFC 8414 section 3.1).
//
//	GET  /.well-known/openid-credential-issuer…   plain, or signed for Accept: application/jwt
//	GET  /.well-known/oauth-authorization-server…
//	GET  /offers/{id}                 an offer by reference
//	POST /par                         pushes an authorization request (RFC 9126)
//	GET  /authorize                   signs the person in: see Authenticator
//	POST /token                       pre-authorised code, authorisation code, refresh token
//	POST /challenge                   for wallet attestations
//	POST /nonce                       for key proofs
//	POST /credential                  issues, also in batches, also encrypted
//	POST /deferred                    what a clerk had to approve
//	POST /notification
//	GET  /status/{type}/{number}      status lists, as JWT or CWT
//	GET  /status/aggregation          the addresses of all of them
//	GET  /openapi.json                all of this, as OpenAPI 3.1
//	POST /admin/offers                and the other calls of the agency's own programs
//
// # What is remembered
//
// Everything lies in the desk's store, and what a request uses up is used up in the
// transaction of its effect: an offer's code with the tokens that it buys, the nonce of a
// key proof and the proof of the token's key (DPoP) with the credential. A program that is
// killed between two requests loses nothing, and any number of servers over one store give
// everything once. Nonces are not remembered before they are used: a MAC says that they are
// this desk's. Tokens are kept as hashes. What has ended is deleted in the following hours.
//
// A refresh token is replaced when it is used; the one before counts until the new one is
// used, so that an answer may be lost. A code that comes twice ends what it bought.
//
// # Example
//
// A residents' office mounts a Server at https://office.example. Its clerk's program posts
// claims to /admin/offers and shows the link as a QR code. The wallet redeems the code at
// /token with a DPoP proof, fetches a nonce, and posts three key proofs to /credential: it
// gets three copies of one credential. A wallet that knows this project's zero-knowledge
// format sends hufu_holder_commitment, too, and gets credentials that it can prove from.
//
// # Outside the standards
//
// The members hufu_issuer, hufu_type, hufu_region, hufu_holder_commitment and hufu_identity
// are this project's. Other wallets ignore them. They are outside HAIP.
//
// # Not checked
//
// Who the person is: the Authenticator knows, and for an offer with a pre-authorised code,
// who handed it out. Whether a redirect address belongs to a wallet, unless
// Config.Redirects does: a client_id that is not attested is the wallet's own word. An encrypted answer to a request in clear is given,
// though section 8.2 has wallets encrypt the request, too. private_key_jwt and requests as
// signed objects (RFC 9101) are not supported. Behind a proxy see Config.Address.
package endpoint
