package main

import (
	"context"
	"encoding/hex"
	"errors"
	"os"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"

	hufuagency "github.com/hufu-id/hufu/agency"
	"github.com/hufu-id/hufu/ledger"
	"github.com/hufu-id/hufu/ledger/feed"
	"github.com/hufu-id/hufu/ledger/sqlitelog"
	"github.com/hufu-id/hufu/zkp"
)

func (a *app) ledgerCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:     "ledger",
		Short:   "Make a ledger, look at it, recompute it, serve it",
		Example: "  hufu ledger init --root root\n  hufu ledger show\n  hufu ledger audit\n  hufu ledger serve",
	}
	cmd.AddCommand(a.ledgerInit(), a.ledgerShow(), a.ledgerAudit(), a.ledgerFeed(), a.ledgerServe(), a.ledgerJoin(), a.ledgerBundle(), a.ledgerWitness())
	return group(cmd)
}

func (a *app) ledgerInit() *cobra.Command {
	var root string
	var epoch time.Duration
	var witnesses []string
	var k int
	cmd := &cobra.Command{
		Use:   "init",
		Short: "Make a ledger with its root agency, and print the trust file's fingerprint",
		Long: "Makes the ledger's folder: log.db, witness.db, the log's and one replaying witness's\n" +
			"keys, and trust.json. Give trust.json and its fingerprint to wallets and counters by\n" +
			"two different ways.",
		Example: "  hufu agency init --root --agency root --name \"Root agency\"\n  hufu ledger init --root root --ledger ledger",
		Args:    exactArgs(0, "no arguments"),
		RunE: func(cmd *cobra.Command, _ []string) error {
			return a.withFolder(cmd.Context(), root, func(ctx context.Context, agency *agency) error {
				if !agency.card.Root {
					return usageError{errors.New(a.words.text("agency.not-root"))}
				}
				if agency.card.DID != "" {
					return usageError{errors.New(a.words.text("agency.has-ledger"))}
				}
				log, err := initLedger(ctx, a.ledger, agency, sqlitelog.InitOptions{
					Clock: a.clock, EpochLength: epoch, Witnesses: witnesses, K: k,
				})
				if err != nil {
					return err
				}
				defer log.Close()
				print := log.Trust().Fingerprint()
				fingerprint := hex.EncodeToString(print[:])
				a.report(map[string]any{"ledger": a.ledger, "trust": filepath.Join(a.ledger, trustName), "fingerprint": fingerprint},
					"ledger.made", "Ledger", a.ledger, "Trust", filepath.Join(a.ledger, trustName), "Fingerprint", fingerprint)
				return nil
			})
		},
	}
	cmd.Flags().StringVar(&root, "root", "root", "folder of the root agency")
	cmd.Flags().StringArrayVar(&witnesses, "witness", nil, "verifier key of a witness elsewhere: what hufu ledger witness init prints; may be repeated")
	cmd.Flags().IntVar(&k, "k", 1, "how many witnesses must sign, the ledger's own counted in")
	cmd.Flags().DurationVar(&epoch, "epoch", ledger.DefaultEpochLength, "length of an epoch: how long until a revocation shows in zero knowledge")
	return cmd
}

func (a *app) ledgerShow() *cobra.Command {
	return &cobra.Command{
		Use:     "show",
		Short:   "Show the newest checkpoint, verified",
		Example: "  hufu ledger show\n  hufu ledger show --json",
		Args:    exactArgs(0, "no arguments"),
		RunE: func(cmd *cobra.Command, _ []string) error {
			log, err := openLedger(cmd.Context(), a.ledger, a.clock)
			if err != nil {
				return err
			}
			defer log.Close()
			return a.resolve(cmd.Context(), log, func(view *ledger.View) error {
				h := view.Head
				a.report(map[string]any{
					"origin": h.Origin, "size": h.Size, "root": hex.EncodeToString(h.Root[:]),
					"asOf": h.Time.UTC().Format(time.RFC3339), "epoch": h.State.Epoch, "rootDID": log.Trust().RootDID,
				}, "ledger.head", "Origin", h.Origin, "Size", h.Size, "Root", hex.EncodeToString(h.Root[:8]),
					"Time", h.Time.In(time.Local).Format(time.DateTime), "Epoch", h.State.Epoch, "DID", log.Trust().RootDID)
				return nil
			})
		},
	}
}

func (a *app) ledgerAudit() *cobra.Command {
	return &cobra.Command{
		Use:   "audit",
		Short: "Recompute the whole ledger from its operations and compare every row",
		Long: "Replays every operation with its signatures and compares each stored row. A row\n" +
			"that was changed on disk is named; nothing is repaired.",
		Example: "  hufu ledger audit --ledger ledger",
		Args:    exactArgs(0, "no arguments"),
		RunE: func(cmd *cobra.Command, _ []string) error {
			log, err := openFile(cmd.Context(), a.ledger, a.clock)
			if err != nil {
				return err
			}
			defer log.Close()
			if err := log.Audit(cmd.Context()); err != nil {
				return err
			}
			a.report(map[string]any{"audit": "ok"}, "ledger.audited")
			return nil
		},
	}
}

func (a *app) ledgerFeed() *cobra.Command {
	return &cobra.Command{
		Use:   "feed",
		Short: "Write the public sets of each epoch as files, for wallets to read",
		Long: "A wallet needs to know who may issue and what is revoked, and must not say what it\n" +
			"holds. It reads files: whoever serves them learns at most as many bits of a\n" +
			"credential as still leave 65,536 revoked ones in every part. The files lie in\n" +
			"public/feed of the ledger's folder; wallets that find none there read the ledger.\n" +
			"Run it after each epoch; it adds what is new, and readers go on reading meanwhile.",
		Example: "  hufu ledger feed --ledger ledger\n  hufu wallet prepare",
		Args:    exactArgs(0, "no arguments"),
		RunE: func(cmd *cobra.Command, _ []string) error {
			log, err := openLedger(cmd.Context(), a.ledger, a.clock)
			if err != nil {
				return err
			}
			defer log.Close()
			out := a.public().FeedDir()
			made, err := feed.Export(cmd.Context(), log, new(zkp.Accumulator), out)
			if err != nil {
				return err
			}
			a.report(map[string]any{"feed": out, "epoch": made.Epoch, "bits": made.Bits},
				"feed.made", "Out", out, "Epoch", made.Epoch, "Bits", made.Bits)
			return nil
		},
	}
}

// withAgency opens an agency for the length of a function. Without a ledger it
// only signs.
func (a *app) withAgency(ctx context.Context, dir string, log ledgerLog, use func(context.Context, *agency) error) error {
	return a.withFolder(ctx, dir, func(ctx context.Context, agency *agency) error {
		if err := agency.open(ctx, log, a.clock); err != nil {
			return err
		}
		return use(ctx, agency)
	})
}

// withFolder opens an agency's vault for the length of a function.
func (a *app) withFolder(ctx context.Context, dir string, use func(context.Context, *agency) error) error {
	if _, err := readCard(dir); err != nil {
		return err
	}
	passphrase, err := a.passphrase(false)
	if err != nil {
		return err
	}
	agency, err := openFolder(ctx, dir, passphrase)
	if err != nil {
		return err
	}
	return errors.Join(use(ctx, agency), agency.Close())
}

// cardOf reads a DID, or the DID of the agency whose folder is named.
func cardOf(didOrFolder string) (string, error) {
	if ledger.CheckDID(didOrFolder) == nil {
		return didOrFolder, nil
	}
	if _, err := os.Stat(didOrFolder); err != nil {
		return "", &inputError{id: "agency.missing", name: didOrFolder, err: err}
	}
	card, err := readCard(didOrFolder)
	if err == nil && card.DID == "" {
		err = hufuagency.ErrNoDID
	}
	return card.DID, err
}

func (a *app) ledgerBundle() *cobra.Command {
	var out, since string
	cmd := &cobra.Command{
		Use:   "bundle",
		Short: "Write what a counter needs to work without a network",
		Long: "Who is who, who may do what, schemas, verifying keys, status lists and the newest\n" +
			"epochs, with their proofs. With --since, what the counter's last bundle holds is\n" +
			"left out, and the new one is proved to extend it.",
		Example: "  hufu ledger bundle --out monday.bundle\n  hufu ledger bundle --out tuesday.bundle --since monday.bundle",
		Args:    exactArgs(0, "no arguments"),
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := a.checkOutputs(out); err != nil {
				return err
			}
			bundle, err := a.exportBundle(cmd.Context(), since)
			if err != nil {
				return err
			}
			b := bundle.Bytes()
			if err := writeNew(out, b); err != nil {
				return err
			}
			a.report(map[string]any{"bundle": out, "bytes": len(b)}, "bundle.made", "Out", out, "Kilobytes", (len(b)+1023)/1024)
			return nil
		},
	}
	cmd.Flags().StringVar(&out, "out", "ledger.bundle", "new file for the bundle")
	cmd.Flags().StringVar(&since, "since", "", "the bundle that the counter has")
	return cmd
}

func (a *app) exportBundle(ctx context.Context, since string) (*ledger.Bundle, error) {
	log, err := openLedger(ctx, a.ledger, a.clock)
	if err != nil {
		return nil, err
	}
	defer log.Close()
	source, ok := log.(ledger.Ledger)
	if !ok {
		return nil, errOffline
	}
	var older *ledger.Bundle
	var selector ledger.BundleSelector
	if since != "" {
		b, err := a.readFile(since, bundleLimit)
		if err != nil {
			return nil, err
		}
		if older, err = ledger.ParseBundle(b); err != nil {
			return nil, err
		}
		opened, err := ledger.OpenBundle(log.Trust(), a.clock(), older)
		if err != nil {
			return nil, err
		}
		selector.Since = opened.Head.Size
	}
	if selector.Files, err = a.public().BundleFiles(ctx); err != nil {
		return nil, err
	}
	bundle, err := ledger.ExportBundle(ctx, source, log.Trust(), a.clock(), selector)
	if err != nil || older == nil {
		return bundle, err
	}
	return bundle.Without(older), nil
}
