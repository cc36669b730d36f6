package ledger

import "fmt"

// Follow returns the trust file after some agreements of the consortium, in
// order. Each must be the next in number, name the one before by its hash, and be signed
// for this ledger by the threshold of the keys that the one before committed to.
// Agreements do not change origin, log key, root, epoch length and ages. With the first
// trust file and its fingerprint, a reader can so follow the consortium without another
// file.
//
// The chain does not show how old it is. Later agreements may be missing, and
// keys of agencies that left can sign another chain for a reader that has not
// learnt of their leaving. A reader therefore follows the chain while its own
// trust file is in use, and refuses a file that it last followed longer than
// MaxAge.Trust ago.
//
// The error is [ErrTrustChain], [ErrSignature], [ErrSuite], or one of
// ParseAgreement.
func (t *TrustFile) Follow(chain ...*SignedOperation) (*TrustFile, error) {
	for _, signed := range chain {
		next, err := t.next(signed)
		if err != nil {
			return nil, err
		}
		t = next
	}
	return t, nil
}

func (t *TrustFile) next(signed *SignedOperation) (*TrustFile, error) {
	if len(t.Next) == 0 {
		return nil, fmt.Errorf("%w: the trust file names nobody who signs the next", ErrTrustChain)
	}
	if signed.Operation.Kind != KindAgreement {
		return nil, fmt.Errorf("%w: not an agreement", ErrTrustChain)
	}
	agreed, err := ParseAgreement(signed.Operation.Body)
	if err != nil {
		return nil, err
	}
	signers, err := signed.Verify(t.ID(), DefaultSuites())
	if err != nil {
		return nil, err
	}
	if err := (succession{t.Number, t.Last, t.Next, t.Threshold}).check(agreed, signers); err != nil {
		return nil, fmt.Errorf("%w: %v", ErrTrustChain, err)
	}
	next := *t
	next.Number, next.Last, next.WitnessKeys, next.K = agreed.Number, agreed.Hash(), agreed.Witnesses, int(agreed.K)
	next.Next, next.Threshold = agreed.Next(), int(agreed.Threshold)
	return NewTrust(next)
}
