// Package openid holds the messages that issuer, holder and verifier exchange:
// OpenID for Verifiable Credential Issuance 1.0, OpenID for Verifiable
// Presentations 1.0 with its query language DCQL, and this project's additions
// for zero-knowledge answers. It parses, checks and builds messages. It opens
// no connection, keeps no state and decides nothing about trust.
//
// # Formats
//
//   - CredentialOffer, by value (OpenID4VCI section 4.1), CredentialRequest
//     (8.2), Proof (appendix F.1) and CredentialResponse (8.3). Files and QR codes
//     have no token endpoint: there the request travels with the offer's
//     pre-authorised code in a RequestEnvelope, which this project defines.
//   - AuthorizationRequest, a request object (OpenID4VP section 5, RFC 9101),
//     signed by a DID or a certificate, or unsigned and known by its address
//     (5.9.3); RequestLink, which leads to it; Query, the DCQL in it (6);
//     Transaction, what the holder authorises (8.4).
//   - Response (8.1), and ResponseForm, the fields of direct_post and
//     direct_post.jwt (8.2, 8.3.1). Package openid/jwe encrypts.
//   - QRText: "HUFU1:" and the base45 (RFC 9285) of deterministic CBOR [type,
//     body], for any of these messages. This project defines it.
//
// This project also defines the members that begin with hufu_, the format
// dc+sd-jwt_zk, predicates and predicates_accept. They are outside the HAIP
// profile. A verifier asks "aged 18 or over" without a birth date like this:
//
//	{"credentials": [{
//	  "id": "age", "format": "dc+sd-jwt_zk",
//	  "meta": {"vct_values": ["…"], "hufu_vk": {"prepare": ["…"], "show": ["…"]}},
//	  "predicates": [{"path": ["birthdate"], "op": "at_least_years", "years": 18}]
//	}]}
//
// # Example
//
// A counter fills in an AuthorizationRequest, signs it with SignRequest under
// the key of its agency and shows QRText(QRPresentationRequest, …). The wallet
// reads it with ParseQRText and ParseRequest and resolves KeyID. Only after
// Verify does it show its owner the question. CredentialQuery.Match returns the
// paths to disclose, and a Response carries the presentations back under the
// ids of the query. The counter compares the answer with its own query:
// CheckResponse checks the shape, and CheckAnswer checks each presentation that
// credential has verified.
//
// # Strictness
//
// One function reads each format. It caps the size. It refuses repeated
// members, null members, members that differ from a known one only in case,
// data after the end, and lax base64url. It ignores other unknown members where
// the standards ask for it. It accepts everything that Bytes writes.
//
// # Not checked
//
// This package does not check whether a nonce, code or state is live and
// unused, whether a verifier may ask or an issuer may issue, who certified a
// certificate, whether a predicate holds, or the contents of a credential or
// presentation. Offers and credential requests are not signed: anyone can write
// one. Not supported, and refused rather than ignored, are the client_id
// prefixes openid_federation and verifier_attestation, transaction data of types
// that others define, and every credential format except SD-JWT VC.
package openid
