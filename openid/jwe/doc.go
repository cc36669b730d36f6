// Package jwe encrypts and reads messages between the roles. No other package calls
// go-jose for encryption.
//
// # Format
//
// A message is a compact JWE (RFC 7516, section 7.1): five base64url parts joined by
// dots. The key is agreed by ECDH-ES (RFC 7518, section 4.6) on P-256 and used directly:
// the second part is empty. The content is encrypted with A128GCM or A256GCM (5.3).
// OpenID4VP 1.0 (section 8.3) encrypts responses so, OpenID4VCI 1.0 (section 10) requests
// and responses. HAIP 1.0 (section 5) asks for both content encryptions.
//
// [Parse] is stricter than go-jose. Each part must re-encode to itself. No header member
// may repeat, or differ from a known member only in case. "crit", "jku" and "x5u" are
// refused. Another "alg" or "enc", a key that is wrapped, an initialisation vector that
// is not 12 bytes and a tag that is not 16 bytes are refused before any key is used.
//
// # Example
//
// A counter makes a key for each request with [GenerateKey] and sends [PublicKey.JWK] in
// client_metadata. The wallet reads it with [ParsePublicKey] and calls [Encrypt]. The
// counter calls [Parse], finds the private key by Header.KeyID and calls
// [Message.Decrypt].
//
// # Not checked
//
// A JWE says nothing about who sent it: anyone can encrypt to a public key. APU and APV
// enter the key derivation; the caller who expects certain values compares them.
package jwe
