// Package did identifies signers: decentralized identifiers (DIDs), their
// public keys, and the compact JWS, the one signature format of this project.
//
// # Identifiers
//
// A DID is "did:" method ":" identifier (W3C DID Core 1.0, section 3.1). This
// package resolves two methods without a network, because the identifier
// contains the key:
//
//   - did:jwk, the base64url form of a JSON Web Key; its one key is "#0".
//   - did:key, a multibase base58btc multicodec key; its one key repeats the
//     identifier after the "#". Ed25519 and P-256 are supported. Other registered
//     key types are recognised and refused with [ErrUnsupportedKey].
//
// [Methods] dispatches to a resolver by method name. Keys are P-256
// (*ecdsa.PublicKey, JOSE algorithm ES256) or Ed25519 (ed25519.PublicKey,
// EdDSA). The key decides the algorithm; the message never does.
//
// # Signatures
//
// [SignJWS] and [ParseJWS] are the only functions of this project that call
// go-jose for signatures. A compact JWS (RFC 7515, section 7.1) is three
// base64url parts joined by dots. ParseJWS is stricter than go-jose: each part
// must re-encode to itself; no header member may repeat, or differ from a known
// member only in case; "crit", "b64", "jku" and "x5u" are refused; "typ" must
// be exactly the wanted one; a signature has exactly 64 bytes. It returns an
// embedded "jwk" or "x5c" as data and never verifies with it.
//
// # Example
//
// A citizen's phone holds a P-256 key. NewJWK turns the public key into
// "did:jwk:eyJjcnYi…". The phone signs an OpenID4VCI proof with SignJWS, typ
// "openid4vci-proof+jwt", kid "did:jwk:eyJjcnYi…#0". The issuing desk calls
// ParseJWS with that typ, reads the kid from the unverified header, finds the
// key with [FindKey] and only then calls Verify, which returns the payload.
//
// # Not checked
//
// A DID proves possession of a key and nothing about its holder: the ledger
// records accreditations. This package builds no X.509 path from "x5c". ES256
// signatures are malleable: (r, s) and (r, n−s) both verify, so the bytes of a
// token do not identify it uniquely. The package that knows the payload checks
// claims such as exp and aud.
package did
