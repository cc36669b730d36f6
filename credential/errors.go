package credential

import "errors"

// Reasons to refuse a credential, one for each check of RFC 9901, section 7 and
// of the SD-JWT VC draft. Errors wrap them: compare with errors.Is. No message
// carries a value, or a name other than that of a registered claim.
var (
	// ErrTooLarge means that the bytes exceed their cap.
	ErrTooLarge = errors.New("credential: too large")
	// ErrForm means bytes that are not a compact SD-JWT (RFC 9901, 4).
	ErrForm = errors.New("credential: not a compact SD-JWT")
	// ErrJSON means JSON that two readers could understand differently: a
	// repeated member, data after the end, an integer beyond 64 bits.
	ErrJSON = errors.New("credential: JSON refused")
	// ErrDepth means nesting beyond limits.JSONDepth, disclosures included.
	ErrDepth = errors.New("credential: nested too deep")
	// ErrDisclosure means a disclosure that is not the base64url of a JSON
	// array: of salt, name and value, or, for an array element, of salt and
	// value.
	ErrDisclosure = errors.New("credential: malformed disclosure")
	// ErrTooManyDisclosures means more than limits.Disclosures.
	ErrTooManyDisclosures = errors.New("credential: too many disclosures")
	// ErrDigest means an _sd that is not a list of SHA-256 digests, or a "..."
	// that is not the only member of an array element.
	ErrDigest = errors.New("credential: malformed digest")
	// ErrDuplicateDigest means that one digest stands in two places.
	ErrDuplicateDigest = errors.New("credential: digest used twice")
	// ErrDuplicateDisclosure means that one disclosure was given twice.
	ErrDuplicateDisclosure = errors.New("credential: disclosure given twice")
	// ErrUnreferenced means a disclosure whose digest is nowhere in the
	// payload.
	ErrUnreferenced = errors.New("credential: disclosure without a digest")
	// ErrDisclosureKind means that the disclosure of an object's member stands
	// for an array element, or the reverse.
	ErrDisclosureKind = errors.New("credential: disclosure of the other kind")
	// ErrCollision means a disclosed name that the object already has.
	ErrCollision = errors.New("credential: two claims of one name")
	// ErrReservedName means a claim named _sd or "...", or a disclosed _sd_alg at the top.
	ErrReservedName = errors.New("credential: reserved claim name")
	// ErrHashAlgorithm means an _sd_alg other than sha-256.
	ErrHashAlgorithm = errors.New("credential: disclosure hash not supported")

	// ErrType means that the header's typ is not one of those wanted.
	ErrType = errors.New("credential: wrong type of token")
	// ErrSignature means that the issuer's signature does not hold.
	ErrSignature = errors.New("credential: issuer's signature does not verify")
	// ErrHiddenClaim means a registered claim inside a disclosure: a holder
	// could leave it out to escape a check.
	ErrHiddenClaim = errors.New("credential: registered claim must not be hidden")
	// ErrMissingClaim means that vct is missing, or that both iss and x5c are
	// missing.
	ErrMissingClaim = errors.New("credential: required claim missing")
	// ErrClaim means a registered claim of the wrong type or range.
	ErrClaim = errors.New("credential: malformed registered claim")
	// ErrConfirmation means a cnf without a usable jwk.
	ErrConfirmation = errors.New("credential: no usable holder key in cnf")
	// ErrIssuedAt means an iat in the future.
	ErrIssuedAt = errors.New("credential: issued in the future")
	// ErrNotYetValid means an nbf in the future.
	ErrNotYetValid = errors.New("credential: not yet valid")
	// ErrExpired means that exp has passed.
	ErrExpired = errors.New("credential: expired")
	// ErrNotWholeDay means an iat, nbf or exp that is not midnight UTC.
	ErrNotWholeDay = errors.New("credential: date is not a whole day")

	// ErrPath means bytes that are not a claims path pointer.
	ErrPath = errors.New("credential: not a claims path pointer")
	// ErrNoSuchClaim means a path that selects nothing.
	ErrNoSuchClaim = errors.New("credential: no such claim")
	// ErrTooManyClaims means more hidden claims than the fixed number of
	// digests.
	ErrTooManyClaims = errors.New("credential: more hidden claims than digests")
	// ErrOptions means options that contradict each other or the claims.
	ErrOptions = errors.New("credential: unusable options")

	// ErrNoBinding means that there is no key binding, or no key to bind to.
	ErrNoBinding = errors.New("credential: no key binding")
	// ErrHolderKey means a signer that is not the holder in cnf.
	ErrHolderKey = errors.New("credential: not the holder's key")
	// ErrBindingForm means a key binding token that is malformed.
	ErrBindingForm = errors.New("credential: malformed key binding")
	// ErrBindingSignature means a binding that the holder's key did not sign.
	ErrBindingSignature = errors.New("credential: key binding does not verify")
	// ErrBindingHash means a binding that covers other disclosures.
	ErrBindingHash = errors.New("credential: key binding is over another presentation")
	// ErrBindingAudience means a binding for another audience.
	ErrBindingAudience = errors.New("credential: key binding for another audience")
	// ErrBindingNonce means a binding for another nonce.
	ErrBindingNonce = errors.New("credential: key binding for another nonce")
	// ErrBindingAge means a binding that is too old or lies in the future.
	ErrBindingAge = errors.New("credential: key binding too old or from the future")

	// ErrSchema means a schema file that breaks the rules of its format.
	ErrSchema = errors.New("credential: malformed schema")
)
