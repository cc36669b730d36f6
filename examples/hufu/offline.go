package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"golang.org/x/mod/sumdb/tlog"

	"github.com/hufu-id/hufu/credential"
	"github.com/hufu-id/hufu/internal/limits"
	"github.com/hufu-id/hufu/ledger"
)

// bundleName is the bundle in a counter's folder.
const bundleName = "ledger.bundle"

// material is where schemas, verifying keys and status lists come from.
type material interface {
	Fetch(ctx context.Context, uri string) ([]byte, error)
	schemas() ([]*credential.Schema, error)
	verifyingKeys() ([][]byte, error)
}

// offline is a counter's bundle, in place of a ledger and its public folder.
type offline struct {
	*ledger.Offline
	bundle *ledger.Bundle
	clock  func() time.Time
}

// openBundle opens the bundle that a counter has stored.
func (h *home) openBundle(clock func() time.Time) (*offline, error) {
	bundle, err := h.readBundle()
	if err != nil {
		return nil, err
	}
	if bundle == nil {
		return nil, &inputError{id: "bundle.missing", name: h.dir}
	}
	opened, err := ledger.OpenBundle(h.trust, clock(), bundle)
	if err != nil {
		return nil, err
	}
	return &offline{opened, bundle, clock}, nil
}

// readBundle reads it unverified; nil where there is none.
func (h *home) readBundle() (*ledger.Bundle, error) {
	f, err := os.Open(filepath.Join(h.dir, bundleName))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	defer f.Close()
	b, err := readAtMost(f, limits.Bundle)
	if err != nil {
		return nil, err
	}
	return ledger.ParseBundle(b)
}

// keepBundle verifies a bundle and stores it in place of the one before, which it
// may build upon and must extend.
func (h *home) keepBundle(ctx context.Context, bundle *ledger.Bundle, clock func() time.Time) (*ledger.Offline, error) {
	older, err := h.readBundle()
	if err != nil {
		return nil, err
	}
	if older == nil {
		older = new(ledger.Bundle)
	}
	if bundle, err = bundle.Complete(older); err != nil {
		return nil, &inputError{id: "bundle.delta", name: h.dir, err: err}
	}
	opened, err := ledger.OpenBundle(h.trust, clock(), bundle)
	if err != nil {
		return nil, err
	}
	if len(older.Proof) > 0 {
		if err := extends(ctx, h.trust, older, opened, clock); err != nil {
			return nil, err
		}
	}
	return opened, replaceFile(filepath.Join(h.dir, bundleName), bundle.Bytes())
}

// extends insists that a bundle is of the same log as the one before, and newer.
func extends(ctx context.Context, trust *ledger.TrustFile, older *ledger.Bundle, opened *ledger.Offline, clock func() time.Time) error {
	before, err := ledger.OpenBundle(trust, clock(), older)
	if errors.Is(err, ledger.ErrBootstrap) { // too old to say anything
		return nil
	}
	if err != nil {
		return err
	}
	var proof []tlog.Hash
	if before.Head.Size < opened.Head.Size {
		if proof, err = opened.ProveConsistency(ctx, before.Head.Size, opened.Head.Size); err != nil {
			return &inputError{id: "bundle.gap", name: fmt.Sprint(before.Head.Size), err: err}
		}
	}
	return ledger.CheckConsistency(before.Head, opened.Head, proof)
}

// Trust is the trust file after the bundle's agreements.
func (o *offline) Trust() *ledger.TrustFile { return o.Offline.Trust }

// errOffline means something that only a ledger at hand can do.
var errOffline = errors.New("offline: the ledger is not at hand")

// Submit implements ledgerLog.
func (*offline) Submit(context.Context, ...*ledger.SignedOperation) (*ledger.Receipt, error) {
	return nil, errOffline
}

// Get implements ledgerLog.
func (o *offline) Get(ctx context.Context, key string) (value []byte, err error) {
	client, err := ledger.NewClient(ctx, o.Offline.Trust, o, ledger.NewMemoryTrustStore(), ledger.ClientOptions{Clock: o.clock})
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

// Fetch implements status.Source: a file goes by the name that it has in the
// public folder.
func (o *offline) Fetch(_ context.Context, uri string) ([]byte, error) {
	b := o.bundle.File(filepath.Base(publicFolder("").path(uri)))
	if b == nil {
		return nil, errNotAtHand
	}
	return b, nil
}

func (o *offline) schemas() ([]*credential.Schema, error) {
	var out []*credential.Schema
	for _, f := range o.bundle.Files {
		if s, err := credential.ParseSchema(f.Content); strings.HasSuffix(f.Name, ".json") && err == nil {
			out = append(out, s)
		}
	}
	return out, nil
}

func (o *offline) verifyingKeys() ([][]byte, error) {
	var out [][]byte
	for _, f := range o.bundle.Files {
		if strings.HasSuffix(f.Name, ".vk") {
			out = append(out, f.Content)
		}
	}
	return out, nil
}

// files are what a bundle takes along of a public folder.
func (p publicFolder) files() ([]ledger.BundleFile, error) {
	entries, err := os.ReadDir(string(p))
	if err != nil {
		return nil, err
	}
	var files []ledger.BundleFile
	for _, e := range entries {
		if ledger.CheckKey(e.Name()) != nil || !e.Type().IsRegular() {
			continue
		}
		f, err := os.Open(filepath.Join(string(p), e.Name()))
		if err != nil {
			return nil, err
		}
		b, err := readAtMost(f, limits.StatusToken)
		f.Close()
		if err != nil {
			return nil, err
		}
		files = append(files, ledger.BundleFile{Name: e.Name(), Content: b})
	}
	return files, nil
}
