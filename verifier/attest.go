package verifier

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/hufu-id/hufu/internal/limits"
	"github.com/hufu-id/hufu/ledger"
	"github.com/hufu-id/hufu/provenance"
)

// attestAge is how long a proof of who asks serves before the ledger is read again.
const attestAge = time.Minute

// attestations keeps the newest proof of who asks, for each policy.
type attestations struct {
	mu   sync.Mutex
	made map[[32]byte]attestation
}

type attestation struct {
	proof []byte
	made  time.Time
	asOf  time.Time // of its checkpoint
}

// attest returns a proof of who this counter is and what it may ask under a policy,
// which a wallet still takes for fresh when the request ends. Where the ledger cannot be
// read, an earlier one serves as long as that.
func (v *Verifier) attest(ctx context.Context, p *Policy, now time.Time) ([]byte, error) {
	v.attested.mu.Lock()
	last, known := v.attested.made[p.hash]
	v.attested.mu.Unlock()
	if known && now.Sub(last.made) < attestAge && v.lasts(last, now) {
		return last.proof, nil
	}
	made, err := v.newAttestation(ctx, p, now)
	if err != nil && known && v.lasts(last, now) {
		return last.proof, nil
	}
	if err != nil {
		return nil, err
	}
	v.attested.mu.Lock()
	defer v.attested.mu.Unlock()
	if v.attested.made == nil || len(v.attested.made) >= maxQuestions {
		v.attested.made = map[[32]byte]attestation{}
	}
	v.attested.made[p.hash] = made
	return made.proof, nil
}

func (v *Verifier) newAttestation(ctx context.Context, p *Policy, now time.Time) (attestation, error) {
	who := provenance.Requester{DID: v.cfg.Identity.DID, Purpose: p.Purpose.ID}
	for i := range p.Query.Credentials {
		who.Types = append(who.Types, p.Query.Credentials[i].Meta.VCTValues...)
	}
	proof, err := provenance.Attest(ctx, v.cfg.Ledger, who, provenance.AttestOptions{Now: now})
	if err != nil {
		return attestation{}, err
	}
	b := proof.Bytes()
	if len(b) > limits.VerifierProof {
		return attestation{}, fmt.Errorf("%w: %d bytes", provenance.ErrAttestation, len(b))
	}
	head, err := ledger.OpenCheckpoint(v.cfg.Ledger.Trust(), proof.Checkpoint)
	if err != nil {
		return attestation{}, err
	}
	return attestation{b, now, head.Time}, nil
}

// lasts reports whether a wallet takes the proof for fresh until a request made now ends.
func (v *Verifier) lasts(a attestation, now time.Time) bool {
	return now.Add(v.cfg.Lifetime).Sub(a.asOf) < v.cfg.Ledger.Trust().MaxCheckpointAge()
}
