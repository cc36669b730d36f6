// Package oauth holds the messages that a wallet and an issuer's authorization server
// exchange before a credential is issued. It parses, checks and builds them. It opens no
// connection and keeps no state.
//
// # Messages
//
//   - ServerMetadata (RFC 8414), found at WellKnown.
//   - AuthorizationRequest with PKCE (RFC 7636), pushed (RFC 9126) with PushedResponse,
//     and AuthorizationResponse, which names its issuer (RFC 9207).
//   - TokenRequest and TokenResponse (RFC 6749 sections 4.1.3, 5.1 and 6, OpenID4VCI 1.0
//     section 6) for a pre-authorised code, an authorisation code and a refresh token;
//     Detail, the authorization_details of OpenID4VCI 1.0 section 5.1.1.
//   - DPoP, the proof that a request comes from the key to which a token belongs (RFC
//     9449).
//   - Attestation and Possession, by which a wallet's maker vouches for a wallet
//     (draft-ietf-oauth-attestation-based-client-auth-07).
//   - Error, the one error body of all endpoints (RFC 6749 section 5.2).
//
// # Example
//
// A wallet reads the metadata, makes a PKCE verifier, pushes an AuthorizationRequest and
// sends its owner to the authorization endpoint with client_id and request_uri alone.
// ParseAuthorizationResponse reads the redirect, and Check compares state and iss before
// the code buys a token. Each request to the token and credential endpoints carries a
// fresh SignDPoP.
//
// # Not checked
//
// Whether a code, a token, a nonce, a challenge or a jti is live and unused: the server
// that gave it out knows. Who signed an attestation: its caller finds the key. Client
// authentication by a shared secret is not supported, and JWT access tokens are opaque.
package oauth
