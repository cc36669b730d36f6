package publish

import (
	"context"
	"fmt"
	"time"

	"github.com/hufu-id/hufu/ledger"
)

// ExportAgencies makes the list of agencies: a bundle with every DID and accreditation of
// the ledger under one checkpoint, and no files. It is the same for every reader, so that
// nobody learns from its reading which agency a wallet is about to meet. It serves as
// long as its checkpoint is fresh. The error is [ErrTooLarge], or one of
// ledger.ExportBundle.
func ExportAgencies(ctx context.Context, source ledger.Ledger, trust *ledger.TrustFile, now time.Time) (*ledger.Bundle, error) {
	bundle, err := ledger.ExportBundle(ctx, source, trust, now, ledger.BundleSelector{
		Prefixes: []string{ledger.PrefixDID, ledger.PrefixAccreditation}, Epochs: 1,
	})
	if err != nil {
		return nil, err
	}
	if n := len(bundle.Bytes()); int64(n) > AgenciesName().Limit() {
		return nil, fmt.Errorf("%w: list of agencies of %d bytes", ErrTooLarge, n)
	}
	return bundle, nil
}

// Agencies fetches the list of agencies. Nobody has verified it:
// ledger.Client.VerifyBundle does. The error is the source's, or [ErrOther] for a file
// that is no bundle.
func Agencies(ctx context.Context, source Source) (*ledger.Bundle, error) {
	b, err := checked(ctx, source, AgenciesName())
	if err != nil {
		return nil, err
	}
	return ledger.ParseBundle(b)
}

// PublishAgencies replaces the list of agencies, as ExportAgencies made it. The error is
// as Write's.
func (f Folder) PublishAgencies(ctx context.Context, bundle *ledger.Bundle) error {
	return f.Write(ctx, AgenciesName(), bundle.Bytes())
}

// PublishAgencies replaces the list of agencies, as Folder.PublishAgencies does.
func (m *Memory) PublishAgencies(ctx context.Context, bundle *ledger.Bundle) error {
	return m.Write(ctx, AgenciesName(), bundle.Bytes())
}
