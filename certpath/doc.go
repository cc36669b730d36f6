// Package certpath says whose key a JOSE header's x5c names: it leads a chain of X.509
// certificates to an anchor that the caller configured (RFC 5280, section 6; RFC 7515,
// section 4.1.6; HAIP 1.0, sections 5 and 6.1).
//
// # Form
//
// A chain is 1 to 8 certificates in DER, the leaf first, each certified by the next, the
// last by the anchor. The anchor itself is left out, and the leaf is not self-signed.
// Every key is one of an allowed suite: P-256, and Ed25519 unless a caller narrows it.
//
// # Example
//
// A university signs diplomas with a certificate that the ministry's authority issued. A
// wallet configures the authority with [ParseAnchors], and [Anchors.Verify] of a
// diploma's x5c returns a [Path]: the leaf, its public key and the anchor. A chain of
// anybody else is [ErrUntrusted], and the [Error] says which anchors were tried.
//
// Package certpath/certpathtest makes authorities and chains for tests.
//
// # Checked
//
// The order of the chain; signatures; validity at one time; basic constraints, path
// length and name constraints, as crypto/x509 does; unknown critical extensions; that
// the leaf is no authority and may make digital signatures; extended key usage; and,
// where the anchor asks for it, that no certificate of the path is on its issuer's CRL.
//
// # Not checked
//
// What the key signed. Whether the subject may issue or ask for anything: package
// provenance knows for what an anchor is trusted. OCSP, delta and indirect CRLs, CRLs of
// a part of the certificates, certificate policies, and name constraints other than
// those of crypto/x509: a critical one is refused.
package certpath
