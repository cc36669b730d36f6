package status

import "errors"

// Reasons why a list is refused, or a credential in it. They are wrapped, so
// compare with errors.Is.
var (
	// ErrRevoked means status 1, Invalid: the credential never holds again.
	ErrRevoked = errors.New("status: credential revoked")
	// ErrSuspended means status 2, Suspended: it does not hold for now.
	ErrSuspended = errors.New("status: credential suspended")
	// ErrUnknownStatus means a status value that only its issuer understands.
	ErrUnknownStatus = errors.New("status: status value with no meaning here")
	// ErrIndex means an index outside the list.
	ErrIndex = errors.New("status: index outside the list")
	// ErrValue means a status that does not fit the entry's bits.
	ErrValue = errors.New("status: value does not fit the list's bits")
	// ErrFull means that no index is left to allocate.
	ErrFull = errors.New("status: no unused index left")

	// ErrForm means bytes that are not a status list, token or reference.
	ErrForm = errors.New("status: malformed")
	// ErrTooLarge means a list above its cap, before or after inflation.
	ErrTooLarge = errors.New("status: list too large")
	// ErrSubject means a token about another list than the one asked for.
	ErrSubject = errors.New("status: token is about another list")
	// ErrExpired means that the token's exp has passed.
	ErrExpired = errors.New("status: token expired")
	// ErrStale means a token older than the caller tolerates, or one with no
	// exp where the caller sets no age: it could be replayed for ever.
	ErrStale = errors.New("status: token too old")
	// ErrNotYetValid means that the token's iat lies in the future.
	ErrNotYetValid = errors.New("status: token from the future")
	// ErrSignature means that the token's signature does not hold.
	ErrSignature = errors.New("status: signature does not verify")
)
