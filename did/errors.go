package did

import "errors"

// Reasons to refuse an identifier, a key or a token. Errors wrap them: compare
// with errors.Is. No message quotes the refused bytes.
var (
	// ErrSyntax means that a text is not a DID or DID URL (DID Core 3.1, 3.2).
	ErrSyntax = errors.New("did: not a valid identifier")
	// ErrUnsupportedMethod means that no resolver is known for the method.
	ErrUnsupportedMethod = errors.New("did: method not supported")
	// ErrNoKey means that the document has no key with the wanted identifier.
	ErrNoKey = errors.New("did: no such key")
	// ErrKeyNotValid means that the key was not in force at the given time.
	ErrKeyNotValid = errors.New("did: key not in force at this time")
	// ErrKeyCompromised means that another party may have had the private key.
	ErrKeyCompromised = errors.New("did: key was compromised")
	// ErrDocument means that a resolver returned the document of another
	// identifier.
	ErrDocument = errors.New("did: document of another identifier")

	// ErrKey means that a public key is malformed, off its curve, of low order,
	// or not in its only canonical encoding.
	ErrKey = errors.New("did: malformed public key")
	// ErrPrivateKey means that a JWK carries private or symmetric material.
	ErrPrivateKey = errors.New("did: private key where a public one belongs")
	// ErrUnsupportedKey means a key type or algorithm outside the suites.
	ErrUnsupportedKey = errors.New("did: key type not supported")
	// ErrNoSuite means an allow-list without a single algorithm.
	ErrNoSuite = errors.New("did: empty list of algorithms")

	// ErrTooLarge means that a token exceeds the cap.
	ErrTooLarge = errors.New("did: token too large")
	// ErrToken means that a token is not a canonical compact JWS.
	ErrToken = errors.New("did: not a canonical compact JWS")
	// ErrHeader means a header member that is malformed, repeated or refused.
	ErrHeader = errors.New("did: JWS header refused")
	// ErrCritical means that the header asks for an extension ("crit").
	ErrCritical = errors.New("did: JWS header has critical extensions")
	// ErrType means that the header's typ is not exactly the wanted one.
	ErrType = errors.New("did: wrong JWS type")
	// ErrAlgorithm means that the algorithm is not in the allow-list, or is not
	// the algorithm of the key.
	ErrAlgorithm = errors.New("did: signature algorithm not allowed for this key")
	// ErrSignature means that the signature does not hold.
	ErrSignature = errors.New("did: signature does not verify")
	// ErrSigner means that a signer failed or returned a wrong signature.
	ErrSigner = errors.New("did: signer failed")
)
