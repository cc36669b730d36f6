package status

import "errors"

// Reasons to refuse a list, or a credential in it. Errors wrap them: compare
// with errors.Is.
var (
	// ErrRevoked means status 1, Invalid: the credential will never hold again.
	ErrRevoked = errors.New("status: credential revoked")
	// ErrSuspended means status 2, Suspended: the credential does not hold for
	// now.
	ErrSuspended = errors.New("status: credential suspended")
	// ErrUnknownStatus means a status from 3 on. Only the issuer defines it.
	ErrUnknownStatus = errors.New("status: status value with no meaning here")
	// ErrIndex means an index outside the list.
	ErrIndex = errors.New("status: index outside the list")
	// ErrValue means a status that does not fit into the bits of an entry.
	ErrValue = errors.New("status: value does not fit the list's bits")
	// ErrFull means that every index is in use.
	ErrFull = errors.New("status: no unused index left")

	// ErrForm means bytes that are not a status list, token or reference.
	ErrForm = errors.New("status: malformed")
	// ErrTooLarge means a list that exceeds its cap, before or after inflation.
	ErrTooLarge = errors.New("status: list too large")
	// ErrSubject means a token about another list than the wanted one.
	ErrSubject = errors.New("status: token is about another list")
	// ErrExpired means that the token's exp has passed.
	ErrExpired = errors.New("status: token expired")
	// ErrStale means a token older than the caller's MaxAge, or a token without
	// exp where the caller sets no MaxAge: such a token could be replayed for
	// ever.
	ErrStale = errors.New("status: token too old")
	// ErrNotYetValid means that the token's iat lies in the future.
	ErrNotYetValid = errors.New("status: token from the future")
	// ErrSignature means that the token's signature does not hold.
	ErrSignature = errors.New("status: signature does not verify")
)
