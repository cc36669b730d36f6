// Package status answers whether a credential still holds, with the Token
// Status List (draft-ietf-oauth-status-list-20), in its JWT and its CWT form.
//
// # Format
//
// A [List] packs the status of each credential into 1, 2, 4 or 8 bits. The
// first entry takes the lowest bits of the first byte (section 4.1). A status
// list token (section 5.1) is a JWS of typ statuslist+jwt. It carries the list,
// compressed with zlib, in the claim status_list. In CWT form (section 5.2) it is a
// tagged COSE_Sign1 of typ application/statuslist+cwt, and the list is in CBOR. Its sub is the URI where the
// token is fetched. A credential points at its entry with the claim status, a
// [Reference] of URI and index (section 6.1).
//
// # Example
//
// A hall of records keeps a list of 2^20 entries of two bits. For a new
// certificate it draws a free index with [Allocate], so that neighbours in the
// list were not issued together, and writes Reference{URI, Index} into the
// credential. Mrs Li loses her certificate. The hall sets her entry to Invalid
// and signs the list again with [Sign]. A counter that holds the certificate
// fetches the token by URI alone, so that nobody learns for which credential.
// It calls [Parse], then Verify with the hall's key and the URI from the
// certificate, then Check(index), which returns [ErrRevoked].
//
// # Not checked
//
// The caller decides whether the signing key may speak for the credential's
// issuer, and reads the chain that Header carries. This package fetches nothing: package
// publish does, and publish/remote from the address that a credential names. Package
// status/endpoint serves. COSE_Mac0 is refused. Statuses from 3 on mean what the issuer
// defines; Check refuses all of them. Historical resolution is not supported.
package status
