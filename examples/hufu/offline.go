package main

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"time"

	"github.com/hufu-id/hufu/ledger"
	"github.com/hufu-id/hufu/publish"
)

// bundleName is the bundle in a counter's folder.
const bundleName = "ledger.bundle"

func (h *home) kept(clock func() time.Time) *publish.KeptBundle {
	return &publish.KeptBundle{Path: filepath.Join(h.dir, bundleName), Trust: h.trust, Clock: clock}
}

// openBundle opens the bundle that a counter has stored.
func (h *home) openBundle(clock func() time.Time) (*offline, error) {
	opened, err := h.kept(clock).Open()
	if errors.Is(err, publish.ErrNotAtHand) {
		return nil, &inputError{id: "bundle.missing", name: h.dir}
	}
	if err != nil {
		return nil, err
	}
	return &offline{opened, clock}, nil
}

// keepBundle verifies a bundle and stores it in place of the one before.
func (h *home) keepBundle(ctx context.Context, bundle *ledger.Bundle, clock func() time.Time) (*publish.Bundle, error) {
	opened, err := h.kept(clock).Replace(ctx, bundle)
	var gap *publish.GapError
	switch {
	case errors.Is(err, publish.ErrDelta):
		return nil, &inputError{id: "bundle.delta", name: h.dir, err: err}
	case errors.As(err, &gap):
		return nil, &inputError{id: "bundle.gap", name: fmt.Sprint(gap.Since), err: err}
	}
	return opened, err
}

// offline is a counter's bundle, in place of a ledger.
type offline struct {
	*publish.Bundle
	clock func() time.Time
}

// Trust is the trust file after the bundle's agreements.
func (o *offline) Trust() *ledger.TrustFile { return o.Bundle.Trust }

// errOffline means something that only a ledger at hand can do.
var errOffline = errors.New("offline: the ledger is not at hand")

// Submit implements ledgerLog.
func (*offline) Submit(context.Context, ...*ledger.SignedOperation) (*ledger.Receipt, error) {
	return nil, errOffline
}

// Get implements ledgerLog.
func (o *offline) Get(ctx context.Context, key string) (value []byte, err error) {
	client, err := ledger.NewClient(ctx, o.Bundle.Trust, o, ledger.NewMemoryTrustStore(), ledger.ClientOptions{Clock: o.clock})
	if err != nil {
		return nil, err
	}
	return client.Get(ctx, key)
}

// Registry implements ledgerLog.
func (*offline) Registry(context.Context, uint64) ([][32]byte, error) { return nil, errOffline }

// Revoked implements ledgerLog.
func (*offline) Revoked(context.Context, uint64) ([][12]byte, error) { return nil, errOffline }

// Close implements ledgerLog.
func (*offline) Close() error { return nil }
