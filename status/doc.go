// Package status says whether a credential still holds: the Token Status List
// (draft-ietf-oauth-status-list) in its JWT form.
//
// # Format
//
// A [List] packs one status for each credential into 1, 2, 4 or 8 bits, the
// first entry in the lowest bits of the first byte (section 4.1). Compressed
// with zlib and wrapped as the claim status_list in a JWS of typ
// statuslist+jwt it is a status list token (section 5.1), whose sub is the URI
// that it was fetched from. A credential points at its entry with the claim
// status, a [Reference] of URI and index (section 6.1).
//
// # Example
//
// A hall of records keeps a list of 2^20 entries of two bits. For a new
// certificate it draws a free index with [Allocate], so that neighbours in the
// list were not issued together, and writes Reference{URI, Index} into the
// credential. Mrs Li loses her certificate: the hall sets her entry to Invalid
// and signs the list anew with [Sign]. A counter that holds the certificate
// fetches the token by URI alone, without saying for whom, calls [Parse] and
// Verify with the hall's key and the URI from the certificate, and asks
// Check(index), which answers [ErrRevoked].
//
// # Not checked
//
// Whether the key that signed may speak for the credential's issuer is the
// caller's decision. Nothing is fetched here: see [Source]. The CBOR (CWT) form
// is not read. Statuses 3 and above mean what the issuer says they mean; Check
// refuses them all.
package status
