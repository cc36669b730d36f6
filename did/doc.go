// Package did says who signed: decentralized identifiers, the public keys that
// stand behind them, and the one signature format of this project, the compact
// JWS.
//
// # Identifiers
//
// A DID is "did:" method ":" identifier (W3C DID Core 1.0, section 3.1). Two
// methods need no network and live here, because the identifier is the key:
//
//   - did:jwk, the base64url form of a JSON Web Key; its one key is "#0".
//   - did:key, a multibase base58btc multicodec key; its one key repeats the
//     identifier after the "#". Ed25519 and P-256 are supported; the other
//     registered key types are recognised and refused as [ErrUnsupportedKey].
//
// [Methods] puts resolvers side by side by method name. Keys are P-256
// (*ecdsa.PublicKey, JOSE algorithm ES256) or Ed25519 (ed25519.PublicKey,
// EdDSA), and the algorithm follows from the key, never from the message.
//
// # Signatures
//
// [SignJWS] and [ParseJWS] are the only doors to go-jose in this project. A
// compact JWS (RFC 7515, section 7.1) is three base64url parts joined by dots.
// Beyond what go-jose asks, the parts must re-encode to themselves, no header
// member may repeat or differ from a known one only in case, "crit", "b64",
// "jku" and "x5u" are refused, "typ" must be exactly the one wanted, and a
// signature has exactly 64 bytes. An embedded "jwk" or "x5c" is handed over as
// data and never used as the key.
//
// # Example
//
// A citizen's phone holds a P-256 key. NewJWK turns its public half into
// "did:jwk:eyJjcnYi…". The phone signs an OpenID4VCI proof with SignJWS, typ
// "openid4vci-proof+jwt", kid "did:jwk:eyJjcnYi…#0". The issuing desk calls
// ParseJWS with that typ, reads the kid from the unverified header, finds the
// key with [FindKey] and only then calls Verify, which returns the payload.
//
// # Not checked
//
// A DID proves possession of a key and nothing about its holder: accreditation
// is the ledger's business. X.509 paths in "x5c" are not built here. ES256
// signatures are malleable in the usual way (r, s and r, n−s both verify), so
// a token's bytes are no unique name for it. Claims such as exp and aud belong
// to the packages that know the payload.
package did
