package main

import (
	"context"
	"crypto"
	"crypto/x509"
	"encoding/hex"
	"encoding/pem"
	"fmt"
	"time"

	"github.com/hufu-id/hufu/agency"
	"github.com/hufu-id/hufu/folder"
	"github.com/hufu-id/hufu/ledger"
	"github.com/hufu-id/hufu/zkp/prover/anchored"
)

// elsewhere is a ledger that the demo is given: a consortium's, in real time.
type elsewhere struct {
	trust, fingerprint, rootKey string
	// ahead is by how much the clocks of wallets and counters go before the
	// ledger's: the demo cannot wait until something is hours old.
	ahead time.Duration
}

// longestEpoch is how long the demo waits for an epoch to end.
const longestEpoch = time.Minute

// joinScene takes the place of making a ledger.
func (s *scene) joinScene(ctx context.Context) error {
	trust, err := s.readTrust(s.stage.trust, s.stage.fingerprint)
	if err != nil {
		return err
	}
	if trust.EpochLength > longestEpoch {
		return &inputError{id: "demo.long-epochs", name: trust.EpochLength.String()}
	}
	if err := s.joinLedger(s.at, trust); err != nil {
		return err
	}
	if s.log, err = folder.OpenLedger(ctx, s.ledger, s.folders()); err != nil {
		return err
	}
	s.opened = append(s.opened, s.log)
	if s.root, err = s.importedRoot(ctx, trust); err != nil {
		return err
	}
	print := trust.Fingerprint()
	s.step("joined", "Fingerprint", hex.EncodeToString(print[:8]), "Epoch", trust.EpochLength.String(),
		"Witnesses", len(trust.WitnessKeys), "K", trust.K)
	return anchored.PublishDevelopment(ctx, s.root, s.public(), s.keys)
}

// importedRoot is a root agency whose key comes from a file, as hufu-node testnet
// makes one. It has no vault.
func (s *scene) importedRoot(ctx context.Context, trust *ledger.TrustFile) (*agency.Agency, error) {
	b, err := s.readFile(s.stage.rootKey, documentLimit)
	if err != nil {
		return nil, err
	}
	malformed := &inputError{id: "input.malformed", name: s.stage.rootKey, err: folder.ErrDamaged}
	block, _ := pem.Decode(b)
	if block == nil {
		return nil, malformed
	}
	key, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	signer, ok := key.(crypto.Signer)
	if err != nil || !ok {
		return nil, malformed
	}
	client, err := s.reader(ctx, s.log)
	if err != nil {
		return nil, err
	}
	return agency.WithKey(trust.RootDID+"#sig-1", signer, client, s.log, agency.Options{Clock: s.clock})
}

// awaitEpoch waits until the ledger has closed the epoch that is now.
func (s *scene) awaitEpoch(ctx context.Context) error {
	client, err := s.reader(ctx, s.log)
	if err != nil {
		return err
	}
	target := s.log.Trust().EpochAt(s.real())
	for {
		var epoch uint64
		err := client.Resolve(ctx, func(view *ledger.View) error {
			epoch = view.Head.State.Epoch
			return nil
		}, ledger.ResolveOptions{})
		if err != nil {
			return err
		}
		if epoch >= target {
			return nil
		}
		select {
		case <-time.After(200 * time.Millisecond):
		case <-ctx.Done():
			return fmt.Errorf("waiting for an epoch: %w", ctx.Err())
		}
	}
}
