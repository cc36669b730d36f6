package main

import (
	"context"
	"encoding/hex"
	"errors"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"

	"github.com/hufu-id/hufu/folder"
	"github.com/hufu-id/hufu/ledger"
	"github.com/hufu-id/hufu/ledger/sqlitelog"
)

func (a *app) ledgerCommand() *cobra.Command {
	return group("ledger", a.ledgerInit(), a.ledgerShow(), a.ledgerAudit(), a.ledgerFeed(), a.ledgerServe(), a.ledgerJoin(), a.ledgerBundle(), a.ledgerWitness(), a.ledgerAgree())
}

func (a *app) ledgerInit() *cobra.Command {
	var root string
	var epoch time.Duration
	var witnesses []string
	var k int
	cmd := command("init", "", func(ctx context.Context, _ string) error {
		return a.withFolder(ctx, root, func(office *folder.Agency) error {
			if !office.Card.Root {
				return usageError{errors.New(a.words.text("agency.not-root"))}
			}
			if office.Card.DID != "" {
				return usageError{errors.New(a.words.text("agency.has-ledger"))}
			}
			log, err := office.FoundLedger(ctx, a.ledger, logOrigin, sqlitelog.InitOptions{EpochLength: epoch, Witnesses: witnesses, K: k})
			if err != nil {
				return err
			}
			defer log.Close()
			print := log.Trust().Fingerprint()
			fingerprint := hex.EncodeToString(print[:])
			return a.report(map[string]any{"ledger": a.ledger, "trust": filepath.Join(a.ledger, trustName), "fingerprint": fingerprint},
				"ledger.made", "Ledger", a.ledger, "Trust", filepath.Join(a.ledger, trustName), "Fingerprint", fingerprint)
		})
	})
	cmd.Flags().StringVar(&root, "root", "root", "folder of the root agency")
	cmd.Flags().StringArrayVar(&witnesses, "witness", nil, "verifier key of a witness elsewhere: what hufu ledger witness init prints; may be repeated")
	cmd.Flags().IntVar(&k, "k", 1, "how many witnesses must sign, the ledger's own counted in")
	cmd.Flags().DurationVar(&epoch, "epoch", ledger.DefaultEpochLength, "length of an epoch: how long until a revocation shows in zero knowledge")
	return cmd
}

func (a *app) ledgerShow() *cobra.Command {
	return command("show", "", func(ctx context.Context, _ string) error {
		return a.withLedger(ctx, folder.ReadLedger, func(log folder.Ledger) error {
			return folder.Resolve(ctx, log, a.ledger, a.folders(), func(view *ledger.View) error {
				h := view.Head
				root, err := view.Subject(nil)
				if err != nil && !errors.Is(err, ledger.ErrAbsent) {
					return err
				}
				return a.report(map[string]any{
					"origin": h.Origin, "size": h.Size, "root": hex.EncodeToString(h.Root[:]),
					"asOf": h.Time.UTC().Format(time.RFC3339), "epoch": h.State.Epoch, "rootDID": log.Trust().RootDID,
				}, "ledger.head", "Origin", h.Origin, "Size", h.Size, "Root", hex.EncodeToString(h.Root[:8]),
					"Time", h.Time.In(time.Local).Format(time.DateTime), "Epoch", h.State.Epoch, "Name", a.nameOf(root, log.Trust().RootDID))
			})
		})
	})
}

func (a *app) ledgerAudit() *cobra.Command {
	return command("audit", "", func(ctx context.Context, _ string) error {
		log, err := folder.OpenLog(ctx, a.ledger, a.folders())
		if err != nil {
			return err
		}
		defer log.Close()
		if err := log.Audit(ctx, nil); err != nil {
			return err
		}
		return a.report(map[string]any{"audit": "ok"}, "ledger.audited")
	})
}

func (a *app) ledgerFeed() *cobra.Command {
	return command("feed", "", func(ctx context.Context, _ string) error {
		return a.withLedger(ctx, folder.OpenLedger, func(log folder.Ledger) error {
			made, err := folder.PublishEpoch(ctx, log, a.ledger, a.folders())
			if err != nil {
				return err
			}
			out := a.public().FeedDir()
			return a.report(map[string]any{"feed": out, "epoch": made.Epoch, "bits": made.Bits},
				"feed.made", "Out", out, "Epoch", made.Epoch, "Bits", made.Bits)
		})
	})
}

func (a *app) ledgerBundle() *cobra.Command {
	var out, since string
	cmd := command("bundle", "", func(ctx context.Context, _ string) error {
		if err := folder.CheckFree(out, a.qrImage); err != nil {
			return err
		}
		older, err := a.olderBundle(since)
		if err != nil {
			return err
		}
		return a.withLedger(ctx, folder.ReadLedger, func(log folder.Ledger) error {
			bundle, err := a.public().ExportBundle(ctx, log, log.Trust(), a.clock(), older)
			if err != nil {
				return err
			}
			b := bundle.Bytes()
			if err := folder.WriteFile(out, b); err != nil {
				return err
			}
			return a.report(map[string]any{"bundle": out, "bytes": len(b)}, "bundle.made", "Out", out, "Kilobytes", (len(b)+1023)/1024)
		})
	})
	cmd.Flags().StringVar(&out, "out", "ledger.bundle", "new file for the bundle")
	cmd.Flags().StringVar(&since, "since", "", "the bundle that the counter has")
	return cmd
}

// olderBundle reads what the counter has; nil is none.
func (a *app) olderBundle(name string) (*ledger.Bundle, error) {
	if name == "" {
		return nil, nil
	}
	b, err := folder.ReadFile(name, a.in, bundleLimit)
	if err != nil {
		return nil, err
	}
	return ledger.ParseBundle(b)
}
