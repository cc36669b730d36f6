// Package credential handles what is claimed: the SD-JWT VC, a signed
// credential whose holder shows only the claims of his choice, and the schemas
// that say which claims a credential has.
//
// # Format
//
// An SD-JWT (RFC 9901) is a JWS whose payload holds digests in place of hidden
// claims. The disclosures that open the digests follow it. In a presentation, a
// key binding JWT of the holder follows them:
//
//	issuer's JWT ~ disclosure ~ … ~ disclosure ~ key binding JWT or nothing
//
// A disclosure is the base64url of a JSON array: salt, name and value of an
// object's member, or salt and value of an array's element. The SHA-256 of the
// disclosure stands in the payload under _sd, or as {"...": digest}. SD-JWT VC
// (draft-ietf-oauth-sd-jwt-vc) adds the typ dc+sd-jwt, the claim vct, which
// names the type, and a list of claims that must not be hidden. This package
// supports the compact form and SHA-256 only. An absent _sd_alg means SHA-256
// (RFC 9901, section 4.1.1).
//
// # Example
//
// A residence bureau calls [Issue] with Ms Li's name, birth date and address,
// and hides all of them. The key of her phone goes into cnf. Decoys fill the
// digests up to the number that the [Schema] fixes. Her wallet calls [Parse],
// then Verify with the bureau's key, and stores the bytes. A library asks for
// her district. The wallet calls Disclose with Path{"address", "region"}, which
// keeps two disclosures: the address, and the region in it. It then calls Bind
// with the library's name and nonce. The library calls Parse, Verify, and
// VerifyBinding with its own name and nonce. It has learned the district, and
// that there are other digests, of claims or decoys.
//
// # Claims
//
// A decoded claim is a map[string]any, []any, string, bool or nil, an int64 for
// every number written as an integer, or a float64 for every other number.
// Integers beyond 64 bits are refused: rounding would make different numbers
// equal.
//
// # Not checked
//
// The caller brings a key that it trusts: this package does not check whose key
// it is, nor whether its owner may issue this type. It does not check
// revocation: see [Verified] and its Status. Verify does not demand a key
// binding; a caller that needs one calls VerifyBinding. The package
// fetches no type metadata: [NewTypes] takes what the caller has. It knows nothing about
// the meaning of claims: hufu_zk is hidden and shown like any other claim. It
// does not read the JSON serialisations of RFC 9901, section 8. It checks a
// region code of GB/T 2260 for its form and province only, because it holds no
// list of counties.
package credential
