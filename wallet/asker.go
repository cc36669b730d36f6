package wallet

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/hufu-id/hufu/did"
	"github.com/hufu-id/hufu/ledger"
	"github.com/hufu-id/hufu/openid"
	"github.com/hufu-id/hufu/provenance"
)

var (
	// ErrRequester: neither the request nor the list of agencies here proves who asks.
	// That says nothing about the requester.
	ErrRequester = errors.New("wallet: nothing here proves who asks")
	// ErrRefresh: what the wallet read of the ledger is too old, or was never read. Call
	// Refresh, and then again.
	ErrRefresh = errors.New("wallet: what was read of the ledger is too old")
)

// whoAsks is what is known of the requester without asking anybody: the proof that the
// request carries and the list of agencies, the newer one first. Without either the error
// says why.
func (w *Wallet) whoAsks(ctx context.Context, parsed *openid.SignedRequest, now time.Time) (known, error) {
	stapled, err := w.stapled(parsed.Unverified.LedgerProof, now)
	if errors.Is(err, ledger.ErrInconsistent) || errors.Is(err, ErrRequest) {
		return nil, err
	}
	listed, listErr := w.agencies(ctx, now)
	if listErr != nil && !errors.Is(listErr, ErrRefresh) {
		return nil, listErr
	}
	switch {
	case stapled != nil && listed != nil && listed.Head.Size > stapled.Head.Size:
		return known{listed, stapled}, nil
	case stapled != nil && listed != nil:
		return known{stapled, listed}, nil
	case stapled != nil:
		return known{stapled}, nil
	case listed != nil:
		return known{listed}, nil
	case err == nil && listErr == nil:
		return nil, ErrRequester
	}
	return nil, cmp.Or(listErr, err)
}

// stapled judges the proof that came with a request; nil where there is none.
func (w *Wallet) stapled(b []byte, now time.Time) (*ledger.View, error) {
	if b == nil {
		return nil, nil
	}
	proof, err := ledger.ParseProof(b)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrRequest, err)
	}
	view, err := w.cfg.Ledger.VerifyProof(proof, ledger.VerifyOptions{Now: now, MaxAge: w.cfg.MaxCheckpointAge})
	if err != nil {
		return nil, ledgerError(err)
	}
	return view, nil
}

// agencies is the list of agencies as the last round left it; nil where none was ever
// published. The error is ErrRefresh for one that has aged out.
func (w *Wallet) agencies(ctx context.Context, now time.Time) (*ledger.View, error) {
	w.mu.Lock()
	view := w.listed
	w.mu.Unlock()
	if view == nil {
		var err error
		if view, err = w.readAgencies(ctx, now); view == nil || err != nil {
			return nil, err
		}
	}
	if age := now.Sub(view.Head.Time); age > w.maxCheckpointAge() {
		return nil, fmt.Errorf("%w: list of agencies: %w", ErrRefresh, &ledger.StaleError{AsOf: view.Head.Time, Age: age, MaxAge: w.maxCheckpointAge()})
	}
	return view, nil
}

// readAgencies takes the list from the vault.
func (w *Wallet) readAgencies(ctx context.Context, now time.Time) (*ledger.View, error) {
	bundle, err := storedRound(ctx, w.store, recordAgencies, ledger.ParseBundle)
	if bundle == nil || err != nil {
		return nil, err
	}
	return w.verifyAgencies(bundle, now)
}

// verifyAgencies judges a list and keeps what it proves.
func (w *Wallet) verifyAgencies(bundle *ledger.Bundle, now time.Time) (*ledger.View, error) {
	view, err := w.cfg.Ledger.VerifyBundle(bundle, ledger.VerifyOptions{Now: now, MaxAge: w.cfg.MaxCheckpointAge})
	if errors.Is(err, ledger.ErrStale) {
		return nil, fmt.Errorf("%w: list of agencies: %w", ErrRefresh, err)
	}
	if err != nil {
		return nil, ledgerError(err)
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.listed = view
	return view, nil
}

// known is what is proved of the ledger here, the newest checkpoint first.
type known []*ledger.View

// identify returns the key that signed, as the newest view that has the DID shows it.
func (k known) identify(ctx context.Context, id, keyID string, at time.Time) (origin *provenance.Origin, err error) {
	for _, view := range k {
		if origin, err = provenance.Ledger(view).Identify(ctx, provenance.Message{ID: id, Header: did.Header{Kid: keyID}, At: at, Now: at}); !errors.Is(err, ledger.ErrNotProved) {
			return origin, err
		}
	}
	return nil, fmt.Errorf("%w: %w", ErrRequester, err)
}

// mayVerify returns the chain that lets a requester ask for a type in a region. To prove it
// is the requester's business: what nothing here proves counts as absent.
func (k known) mayVerify(id, typ, region string, at time.Time) ([]ledger.Accreditation, error) {
	return ledger.Accredited(k, k[0].RootDID(), id, typ, ledger.ActionVerify, region, at)
}

// root is how the root describes itself, zero where nothing here says.
func (k known) root() (ledger.Accreditation, error) {
	b, err := k.Get(ledger.RootKey(k[0].RootDID()))
	if errors.Is(err, ledger.ErrAbsent) {
		return ledger.Accreditation{}, nil
	}
	if err != nil {
		return ledger.Accreditation{}, err
	}
	a, err := ledger.ParseAccreditation(b)
	if err != nil {
		return ledger.Accreditation{}, err
	}
	return *a, nil
}

// Get implements [ledger.State].
func (k known) Get(key string) ([]byte, error) {
	for _, view := range k {
		if value, err := view.Get(key); !errors.Is(err, ledger.ErrNotProved) {
			return value, err
		}
	}
	return nil, ledger.ErrAbsent
}

// mayPursue reports whether the ledger has taken back a purpose that it had for the
// requester. Most are not on the ledger, and then nothing speaks against them.
func (k known) mayPursue(id string, purpose *openid.Purpose) error {
	if purpose == nil {
		return nil
	}
	key := ledger.PurposeKey(id, purpose.ID)
	b, err := k.Get(key)
	if errors.Is(err, ledger.ErrAbsent) || errors.Is(err, ledger.ErrKey) {
		return nil
	}
	if err != nil {
		return err
	}
	registered, err := ledger.ParsePurpose(b)
	switch {
	case err != nil:
		return err
	case registered.State == ledger.StateSuspended:
		return ledger.ErrSuspended
	case registered.State != ledger.StateActive:
		return ledger.ErrEnded
	}
	return nil
}
