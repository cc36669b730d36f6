// Package openid holds the messages by which issuer, holder and verifier talk:
// OpenID for Verifiable Credential Issuance 1.0, OpenID for Verifiable
// Presentations 1.0 with its query language DCQL, and our additions for
// zero-knowledge answers. It parses, checks and builds; it opens no
// connection, keeps no state and decides nothing about trust.
//
// # Formats
//
//   - CredentialOffer, by value (OpenID4VCI section 4.1), CredentialRequest
//     (8.2), Proof (appendix F.1) and CredentialResponse (8.3). By file or QR
//     code, where there is no token endpoint, the request travels with the
//     offer's pre-authorised code in a RequestEnvelope, which is ours.
//   - AuthorizationRequest, a signed request object (OpenID4VP section 5,
//     RFC 9101) whose client_id is a DID; Query, the DCQL in it (6); Response
//     (8.1).
//   - QRText: "HUFU1:" and base45 (RFC 9285) of deterministic CBOR [type,
//     body], for any of these messages. Ours.
//
// Members that begin with hufu_, format dc+sd-jwt_zk, predicates and
// predicates_accept are ours and outside the HAIP profile. A verifier asks
// "aged 18 or over" without a birth date like this:
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
// its agency's key and shows QRText(QRPresentationRequest, …). The wallet
// reads it with ParseQRText and ParseRequest, resolves KeyID, and only after
// Verify shows its owner what is asked. CredentialQuery.Match names the paths
// to disclose, and a Response carries the presentations back under the
// query's ids. The counter holds it against its own query with CheckResponse
// and, once credential has verified a presentation, CheckAnswer.
//
// # Strictness
//
// Each format has one door. It caps the size, refuses repeated members, null
// members, members that differ from ours only in case, data after the end and
// lax base64url, and ignores other foreign members where the standards say
// so. What Bytes writes, the door accepts.
//
// # Not checked
//
// Whether a nonce, code or state is live and unused; whether a verifier may
// ask, or an issuer issue; whether a predicate holds; trusted_authorities;
// what stands inside a credential or presentation. Offers and credential
// requests are not signed: anyone can write one. Not supported, and refused
// rather than ignored: encrypted responses, transaction_data, redirect_uri,
// offers by reference, credential_identifier, and every credential format but
// SD-JWT VC.
package openid
