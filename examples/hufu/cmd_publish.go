package main

import (
	"context"
	"crypto"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"

	"github.com/hufu-id/hufu/did"
	didhufu "github.com/hufu-id/hufu/did/hufu"
	"github.com/hufu-id/hufu/ledger"
	"github.com/hufu-id/hufu/publish"
	"github.com/hufu-id/hufu/zkp"
	"github.com/hufu-id/hufu/zkp/prover"
	"github.com/hufu-id/hufu/zkp/prover/ceremony"
)

// Why a ceremony is not published.
var (
	errNotSealed = errors.New("the ceremony is not sealed")
)

func (a *app) ceremonyPublish(dir *string) *cobra.Command {
	var homes []string
	cmd := &cobra.Command{
		Use:   "publish",
		Short: "Check a sealed ceremony, and name its keys on the ledger",
		Long: "Checks everything that verify checks, and that each participant's key was that\n" +
			"agency's on the ledger when it contributed. The agencies of the consortium sign:\n" +
			"give --agency once for each, as many as the trust file asks for.",
		Example: "  hufu zkp ceremony publish --agency root\n  hufu zkp ceremony publish --agency root --agency finance --dir ceremony",
		Args:    exactArgs(0, "no arguments"),
		RunE: func(cmd *cobra.Command, _ []string) error {
			state, err := ceremony.Verify(cmd.Context(), *dir, a.ceremonyOptions(false))
			if err != nil {
				return err
			}
			if state.Stage != ceremony.StageSealed {
				return errNotSealed
			}
			log, err := openLedger(cmd.Context(), a.ledger, a.clock)
			if err != nil {
				return err
			}
			defer log.Close()
			return a.withSigners(cmd.Context(), log, homes, nil, func(ctx context.Context, signers []crypto.Signer) error {
				if err := a.checkParticipants(ctx, log, state); err != nil {
					return err
				}
				if err := publishCeremony(ctx, log, a.public(), *dir, state, signers); err != nil {
					return err
				}
				a.report(map[string]any{"setup": ledger.SetupCeremony, "transcript": state.Transcript.String(), "verifyingKeys": state.VerifyingKeys},
					"ceremony.published", "Hash", state.Transcript.String(), "Count", len(state.VerifyingKeys))
				return nil
			})
		},
	}
	cmd.Flags().StringArrayVar(&homes, "agency", []string{"root"}, "folder of an agency of the consortium; once for each that signs")
	return cmd
}

// withSigners opens agencies' folders one inside the other.
func (a *app) withSigners(ctx context.Context, log ledgerLog, homes []string, have []crypto.Signer, use func(context.Context, []crypto.Signer) error) error {
	if len(homes) == 0 {
		return use(ctx, have)
	}
	return a.withAgency(ctx, homes[0], log, func(ctx context.Context, agency *agency) error {
		key, err := agency.signer()
		if err != nil {
			return err
		}
		return a.withSigners(ctx, log, homes[1:], append(have, key), use)
	})
}

// checkParticipants holds every contributor's key against the ledger, at the
// time of its contribution.
func (a *app) checkParticipants(ctx context.Context, log ledgerLog, s *ceremony.State) error {
	keys := map[string]crypto.PublicKey{}
	for _, p := range s.Plan.Participants {
		key, err := p.PublicKey()
		if err != nil {
			return err
		}
		keys[p.DID] = key
	}
	return a.resolve(ctx, log, func(view *ledger.View) error {
		for _, r := range s.Records {
			document, err := didhufu.FromView(view, r.Participant)
			if err != nil {
				return err
			}
			if !holds(document, keys[r.Participant], r.Time) {
				return &ceremony.Refused{Step: r.Step, Number: r.Number, Participant: r.Participant, Err: ceremony.ErrOtherKey}
			}
		}
		return nil
	})
}

func holds(document *did.Document, key crypto.PublicKey, at time.Time) bool {
	same, ok := key.(interface{ Equal(crypto.PublicKey) bool })
	for i := range document.Keys {
		if k := &document.Keys[i]; ok && k.ValidAt(at) && same.Equal(k.Public) {
			return true
		}
	}
	return false
}

// publishCeremony puts the verifying keys on the ledger and all keys into the
// public folder, where wallets find them.
func publishCeremony(ctx context.Context, log ledgerLog, folder publish.Folder, dir string, s *ceremony.State, signers []crypto.Signer) error {
	keys, err := prover.Open(ceremony.KeysDir(dir))
	if err != nil {
		return err
	}
	var objects []ledger.Object
	for _, planned := range s.Plan.Circuits {
		b, hash, err := keys.VerifyingKey(planned.Circuit)
		if err != nil {
			return err
		}
		if hash != s.VerifyingKeys[planned.Circuit] {
			return fmt.Errorf("%w: %s", ceremony.ErrKeys, planned.Circuit)
		}
		if err := folder.PublishKey(ctx, b); err != nil {
			return err
		}
		objects = append(objects, &ledger.VK{
			Circuit: string(planned.Circuit), KeyHash: hash, TranscriptHash: s.Transcript,
			Setup: ledger.SetupCeremony, State: ledger.VKActive,
		})
	}
	ops, err := ledger.SignObjects(objects, signers...)
	if err != nil {
		return err
	}
	if err := copyKeys(ceremony.KeysDir(dir), filepath.Join(string(folder), keysName)); err != nil {
		return err
	}
	_, err = log.Submit(ctx, ops...)
	return err
}

// keysName is the folder of a ceremony's keys among the public files.
const keysName = "keys"

func copyKeys(from, to string) error {
	entries, err := os.ReadDir(from)
	if err != nil {
		return err
	}
	for _, e := range entries {
		b, err := os.ReadFile(filepath.Join(from, e.Name()))
		if err != nil {
			return err
		}
		if err := replaceFile(filepath.Join(to, e.Name()), b); err != nil {
			return err
		}
	}
	return nil
}

// proverKeys opens the keys of a ceremony where the ledger's public folder has
// them for every circuit, else this machine's development keys.
func (a *app) proverKeys(ctx context.Context, h *home) (*prover.Prover, error) {
	dir := filepath.Join(string(h.public()), keysName)
	if _, err := os.Stat(dir); err != nil {
		return a.developmentKeys(ctx)
	}
	keys, err := prover.Open(dir)
	if err != nil {
		return nil, err
	}
	for _, c := range prover.Circuits() {
		if _, _, err := keys.VerifyingKey(c); err != nil {
			return a.developmentKeys(ctx)
		}
	}
	return keys, a.sameKeys(ctx, h, keys)
}

// sameKeys refuses proving keys whose verifying halves the ledger does not name:
// nobody would accept what they prove.
func (a *app) sameKeys(ctx context.Context, h *home, keys *prover.Prover) error {
	log, err := openLedger(ctx, h.Ledger, a.clock)
	if err != nil {
		return err
	}
	defer log.Close()
	client, err := ledger.NewClient(ctx, h.trust, log, ledger.NewMemoryTrustStore(), ledger.ClientOptions{Clock: a.clock})
	if err != nil {
		return err
	}
	return client.Resolve(ctx, func(view *ledger.View) error {
		for _, c := range prover.Circuits() {
			mine, _, err := keys.VerifyingKey(c)
			if err != nil {
				return err
			}
			if err := publish.CheckKey(view, mine); err != nil {
				return fmt.Errorf("%w: %w", zkp.ErrVerifyingKey, err)
			}
		}
		return nil
	}, ledger.ResolveOptions{})
}
