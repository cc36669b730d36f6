package wallet

import (
	"errors"
	"fmt"

	"github.com/hufu-id/hufu/ledger"
	"github.com/hufu-id/hufu/openid"
	"github.com/hufu-id/hufu/predicate"
	"github.com/hufu-id/hufu/zkp"
)

var (
	// ErrNotProvable: the credential has no endorsement, or the wallet no prover.
	ErrNotProvable = errors.New("wallet: no proof can be made of this credential here")
	// ErrNotForShow: what is asked for is for machines, and never leaves.
	ErrNotForShow = errors.New("wallet: asks for what is never shown")
)

// NothingMatches is ErrNothingMatches with what stands between the credentials of the
// types asked for, at most 100, and an answer. That says much about the holder: it is for the holder's screen,
// and Error leaves it out.
type NothingMatches struct{ Mismatches []Mismatch }

// A Mismatch is one credential that does not answer one credential query.
type Mismatch struct {
	Query      string
	Credential string // id in this wallet
	Type       string // vct
	Issuer     string // DID
	// Who says who the issuer is, as in Stored.
	Who ledger.Subject
	// Fails are the predicates that are not true of the credential.
	Fails []predicate.Sentence
	// Err is zkp.ErrUnsatisfied where predicates fail; else openid.ErrNoMatch for
	// missing claims, predicate.ErrClaim for a claim that the type has not got,
	// ErrNotProvable or ErrNotForShow. A credential that does not hold as far as the
	// wallet knows has status.ErrRevoked or ErrSuspended, credential.ErrExpired or
	// ErrNotYetValid; one that cannot be read, vault.ErrDamaged.
	Err error
}

func (e *NothingMatches) Error() string { return ErrNothingMatches.Error() }

// Unwrap makes it an ErrNothingMatches.
func (e *NothingMatches) Unwrap() error { return ErrNothingMatches }

// unmatched says more of a credential of the type asked for than that it does
// not match: which predicates fail, or which claim the type has not got.
func unmatched(q *openid.CredentialQuery, c *card, claims map[string]any, today zkp.Day, err error) ([]predicate.Sentence, error) {
	if !errors.Is(err, openid.ErrNoMatch) && !errors.Is(err, zkp.ErrUnsatisfied) {
		return nil, err
	}
	fails, why := predicate.Fails(c.schema, q, claims, today)
	switch {
	case errors.Is(why, predicate.ErrClaim):
		return nil, fmt.Errorf("%w: %w", err, why)
	case why == nil && len(fails) > 0:
		return fails, zkp.ErrUnsatisfied
	}
	return nil, err
}
