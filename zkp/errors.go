package zkp

import "errors"

// Reasons to refuse an input. Errors of this package wrap one of them and never
// carry an attribute value.
var (
	// ErrForm: the bytes are malformed. Parsers report it before any
	// arithmetic.
	ErrForm = errors.New("zkp: malformed")
	// ErrValue: a value lies outside the range of the circuits.
	ErrValue = errors.New("zkp: value out of range")
	// ErrStatement: the circuits cannot ask the question, or must not.
	ErrStatement = errors.New("zkp: statement not allowed")
	// ErrUnsatisfied: an honest holder cannot prove this statement.
	ErrUnsatisfied = errors.New("zkp: the credential does not satisfy the statement")
	// ErrSignature: the issuer did not sign this endorsement over these claims.
	ErrSignature = errors.New("zkp: issuer signature does not hold")
	// ErrProofKey: the point is not a proof key: it is off the curve, outside
	// the prime-order subgroup, or not canonical.
	ErrProofKey = errors.New("zkp: not a valid proof key")
	// ErrNotRegistered: no accredited issuer of this schema and region holds
	// the key that signed.
	ErrNotRegistered = errors.New("zkp: issuer not in the registry")
	// ErrRevoked: the revocation tree holds the credential's handle.
	ErrRevoked = errors.New("zkp: credential revoked")
	// ErrPart: revocation data does not belong to its part, or does not hash to
	// the roots that came with it. Nothing is known about the credential.
	ErrPart = errors.New("zkp: not of this part of the revocation tree")
	// ErrNotValid: the epoch's day lies outside the credential's validity.
	ErrNotValid = errors.New("zkp: credential not valid on this day")
	// ErrEpoch: the proof is about an epoch that the verifier does not accept.
	ErrEpoch = errors.New("zkp: epoch not accepted")
	// ErrVerifyingKey: the verifying key is malformed, of another circuit, or
	// not the pinned one.
	ErrVerifyingKey = errors.New("zkp: verifying key refused")
	// ErrSinglePartySetup: the key is a development key where a ceremony's key
	// is required.
	ErrSinglePartySetup = errors.New("zkp: verifying key from a single-party setup")
	// ErrPrepare: the proof of a valid, unrevoked credential does not verify.
	ErrPrepare = errors.New("zkp: prepare proof does not hold")
	// ErrHolder: the credentials in one answer belong to different persons.
	ErrHolder = errors.New("zkp: the credentials are not of one person")
	// ErrShow: the proof of the statement does not verify for this request.
	ErrShow = errors.New("zkp: show proof does not hold")
)
