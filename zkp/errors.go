package zkp

import "errors"

// What can be wrong, one sentinel each. Errors of this package wrap one of them
// and never carry an attribute value.
var (
	// ErrForm: bytes that are not what they claim to be, before any arithmetic.
	ErrForm = errors.New("zkp: malformed")
	// ErrValue: a value outside the range that the circuits can speak of.
	ErrValue = errors.New("zkp: value out of range")
	// ErrStatement: a question that the circuits cannot ask, or must not.
	ErrStatement = errors.New("zkp: statement not allowed")
	// ErrUnsatisfied: an honest holder cannot prove this statement.
	ErrUnsatisfied = errors.New("zkp: the credential does not satisfy the statement")
	// ErrSignature: the endorsement is not what the issuer signed.
	ErrSignature = errors.New("zkp: issuer signature does not hold")
	// ErrProofKey: a point that is not a proof key (off the curve, outside the
	// prime-order subgroup, or not canonical).
	ErrProofKey = errors.New("zkp: not a valid proof key")
	// ErrNotRegistered: no accredited issuer of this schema and region holds
	// the key that signed.
	ErrNotRegistered = errors.New("zkp: issuer not in the registry")
	// ErrRevoked: the credential's handle is in the revocation tree.
	ErrRevoked = errors.New("zkp: credential revoked")
	// ErrPart: revocation data that is not of the part, or does not hash to the
	// roots, that it came with; nothing is known about the credential.
	ErrPart = errors.New("zkp: not of this part of the revocation tree")
	// ErrNotValid: the epoch's day lies outside the credential's validity.
	ErrNotValid = errors.New("zkp: credential not valid on this day")
	// ErrEpoch: a proof about an epoch that the verifier does not accept.
	ErrEpoch = errors.New("zkp: epoch not accepted")
	// ErrVerifyingKey: a verifying key that is malformed, of another circuit,
	// or not the one pinned.
	ErrVerifyingKey = errors.New("zkp: verifying key refused")
	// ErrSinglePartySetup: a development key where a ceremony's is demanded.
	ErrSinglePartySetup = errors.New("zkp: verifying key from a single-party setup")
	// ErrPrepare: the proof of a valid, unrevoked credential does not hold.
	ErrPrepare = errors.New("zkp: prepare proof does not hold")
	// ErrHolder: credentials of different persons in one answer.
	ErrHolder = errors.New("zkp: the credentials are not of one person")
	// ErrShow: the proof of the statement does not hold for this request.
	ErrShow = errors.New("zkp: show proof does not hold")
)
