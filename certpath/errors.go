package certpath

import "errors"

// Reasons to refuse a chain. Errors wrap them: compare with errors.Is. No message quotes
// a certificate.
var (
	// ErrAnchor means a configured anchor that is no certificate authority.
	ErrAnchor = errors.New("certpath: not an anchor")
	// ErrChain means a chain that is empty, too long or too large, or holds what is no
	// certificate.
	ErrChain = errors.New("certpath: malformed chain")
	// ErrOrder means that a certificate is not certified by the one after it.
	ErrOrder = errors.New("certpath: certificates out of order")
	// ErrSelfSigned means a leaf that its own key signed.
	ErrSelfSigned = errors.New("certpath: self-signed leaf")
	// ErrAnchorIncluded means that the chain carries its anchor.
	ErrAnchorIncluded = errors.New("certpath: the chain includes its anchor")
	// ErrUntrusted means that the chain leads to no configured anchor.
	ErrUntrusted = errors.New("certpath: no configured anchor")
	// ErrNotInForce means that a certificate has expired, or is not yet valid.
	ErrNotInForce = errors.New("certpath: certificate not in force at this time")
	// ErrConstraint means that an authority was not entitled to certify the next
	// certificate: path length, name constraints, a critical extension.
	ErrConstraint = errors.New("certpath: outside what an authority may certify")
	// ErrUsage means a leaf that may not make this kind of signature.
	ErrUsage = errors.New("certpath: certificate is not for this use")
	// ErrKey means a key outside the allowed suites.
	ErrKey = errors.New("certpath: key type not allowed")
	// ErrRevoked means that a certificate of the path is on its issuer's CRL.
	ErrRevoked = errors.New("certpath: certificate revoked")
	// ErrRevocation means that it cannot be found out whether a certificate is revoked.
	// That says nothing about the chain.
	ErrRevocation = errors.New("certpath: no revocation list that verifies")
)

// Error is a chain that does not hold. All of its texts were made legible.
type Error struct {
	// Who is the leaf's subject, empty where the leaf could not be read.
	Who string
	// Hash names the leaf: see Hash. It is empty where there is none.
	Hash string
	// Against are the anchors that the chain was held against.
	Against []string
	// Err is the reason.
	Err error
}

func (e *Error) Error() string { return e.Err.Error() }

// Unwrap returns the reason.
func (e *Error) Unwrap() error { return e.Err }
