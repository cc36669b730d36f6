package ledger

import "fmt"

// Follow returns the trust file after some agreements of the consortium, in
// order. Each must be the next in number, name the one before by its hash, and be signed
// for this ledger by the threshold of the one before. Agreements do not change origin, log key, root, epoch length and
// ages. With the first trust file and its fingerprint, a reader can so follow
// the consortium without another file.
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
	if len(t.AgencyKeys) == 0 {
		return nil, fmt.Errorf("%w: the trust file names no agencies", ErrTrustChain)
	}
	if signed.Operation.Kind != KindAgreement {
		return nil, fmt.Errorf("%w: not an agreement", ErrTrustChain)
	}
	agreed, err := ParseAgreement(signed.Operation.Body)
	if err != nil {
		return nil, err
	}
	if agreed.Number != t.Number+1 {
		return nil, fmt.Errorf("%w: agreement %d follows %d", ErrTrustChain, agreed.Number, t.Number)
	}
	if agreed.Previous != t.Last {
		return nil, fmt.Errorf("%w: agreement %d follows another agreement %d", ErrTrustChain, agreed.Number, t.Number)
	}
	signers, err := signed.Verify(t.ID(), DefaultSuites())
	if err != nil {
		return nil, err
	}
	if n := countSigners(signers, t.AgencyKeys); n < t.Threshold {
		return nil, fmt.Errorf("%w: agreement %d has %d of %d signatures", ErrTrustChain, agreed.Number, n, t.Threshold)
	}
	next := *t
	next.Number, next.Last, next.WitnessKeys, next.K = agreed.Number, agreed.Hash(), agreed.Witnesses, int(agreed.K)
	next.AgencyKeys, next.Threshold = agreed.AgencyKeys, int(agreed.Threshold)
	return NewTrust(next)
}

// countSigners counts the agencies among the signers. No signer occurs twice.
func countSigners(signers, agencies [][]byte) (n int) {
	for _, agency := range agencies {
		for _, signer := range signers {
			if string(agency) == string(signer) {
				n++
			}
		}
	}
	return n
}
