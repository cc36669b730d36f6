package jwe

import "errors"

// Reasons to refuse a key or a message. No message quotes the refused bytes.
var (
	// ErrTooLarge means that a message, or its content once inflated, exceeds its cap.
	ErrTooLarge = errors.New("jwe: message too large")
	// ErrToken means that a text is not a canonical compact JWE.
	ErrToken = errors.New("jwe: not a canonical compact JWE")
	// ErrHeader means a header member that is malformed, repeated or refused.
	ErrHeader = errors.New("jwe: header refused")
	// ErrAlgorithm means another alg, enc or zip than the reader takes.
	ErrAlgorithm = errors.New("jwe: algorithm not supported")
	// ErrKey means a public key that is malformed, off its curve, private, or reserved
	// for another use than ECDH-ES on P-256.
	ErrKey = errors.New("jwe: not an encryption key")
	// ErrDecrypt means that the message is not encrypted to this key, or was altered.
	// Nothing says which: an attacker who asks often learns no more.
	ErrDecrypt = errors.New("jwe: message does not decrypt")
)
