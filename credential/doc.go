// Package credential is what is claimed: the SD-JWT VC, a signed credential
// whose holder shows only the claims of his choice, and the schemas that say
// which claims a credential has.
//
// # Format
//
// An SD-JWT (RFC 9901) is a JWS whose payload holds digests in place of hidden
// claims, followed by the disclosures that open them and, when it is presented,
// by a key binding JWT of the holder:
//
//	issuer's JWT ~ disclosure ~ … ~ disclosure ~ key binding JWT or nothing
//
// A disclosure is the base64url of a JSON array: salt, name and value of an
// object's member, or salt and value of an array's element. Its SHA-256 stands
// in the payload under _sd, or as {"...": digest}. SD-JWT VC
// (draft-ietf-oauth-sd-jwt-vc) adds the typ dc+sd-jwt, the type vct and a list
// of claims that must not be hidden. Only the compact form and only SHA-256 are
// supported; an absent _sd_alg means SHA-256 (RFC 9901, section 4.1.1).
//
// # Example
//
// A residence bureau calls [Issue] with Ms Li's name, birth date and address,
// hiding all of them; her phone's key goes into cnf, and decoys fill the digests
// up to the number that the [Schema] fixes. Her wallet calls [Parse] and Verify
// with the bureau's key and stores the bytes. A library asks for her district:
// the wallet calls Disclose with Path{"address", "region"}, which keeps two
// disclosures, the address and the region in it, and Bind with the library's
// name and nonce. The library parses and verifies what it received, then calls
// VerifyBinding with its own name and nonce. It has learned the district, and
// that some other claims exist or are decoys.
//
// # Claims
//
// Decoded claims are map[string]any, []any, string, bool, nil, int64 for every
// number written as an integer and float64 for the rest; integers beyond 64
// bits are refused, for rounding would make different numbers equal.
//
// # Not checked
//
// Whose key it is and whether its owner may issue this type: the caller brings
// a key that it trusts. Whether the credential has been revoked: see [Verified]
// and its Status. Whether a key binding must be there: a caller that needs one
// calls VerifyBinding, and Verify does not. Integrity of type metadata
// (vct#integrity). What claims mean, the claim hufu_zk among them: it is hidden
// and shown like any other. The JSON serialisations of RFC 9901, section 8 are
// not read. County lists of GB/T 2260 are not held: region codes are checked in
// form and province.
package credential
