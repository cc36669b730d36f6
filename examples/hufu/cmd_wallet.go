package main

import (
	"context"
	"errors"
	"strings"

	"github.com/spf13/cobra"

	"github.com/hufu-id/hufu/folder"
	"github.com/hufu-id/hufu/openid"
	"github.com/hufu-id/hufu/vault"
	"github.com/hufu-id/hufu/wallet"
)

func (a *app) walletCommand() *cobra.Command {
	var dir string
	cmd := group("wallet", a.walletInit(&dir), a.walletApply(&dir), a.walletReceive(&dir), a.walletContinue(&dir), a.walletReissue(&dir), a.walletRefresh(&dir), a.walletPrepare(&dir), a.walletPresent(&dir),
		a.walletList(&dir), a.walletShow(&dir), a.walletHistory(&dir))
	cmd.PersistentFlags().StringVar(&dir, "wallet", envOr("HUFU_WALLET", "wallet"), "folder of the wallet")
	return cmd
}

func (a *app) walletInit(dir *string) *cobra.Command {
	var trust, fingerprint string
	cmd := command("init", "", func(ctx context.Context, _ string) error {
		h, passphrase, err := a.initHome(ctx, *dir, trust, fingerprint)
		if err != nil {
			return err
		}
		c, err := h.NewWallet(ctx, passphrase, nil)
		if err != nil {
			return err
		}
		defer c.Close()
		return a.report(map[string]any{"wallet": *dir}, "wallet.made", "Dir", *dir)
	})
	trustFlags(cmd, &trust, &fingerprint)
	return cmd
}

func trustFlags(cmd *cobra.Command, trust, fingerprint *string) {
	cmd.Flags().StringVar(trust, "trust", "", "trust file of the ledger")
	cmd.Flags().StringVar(fingerprint, "fingerprint", "", "its SHA-256 in hexadecimal, which came another way")
	_ = cmd.MarkFlagRequired("trust")
	_ = cmd.MarkFlagRequired("fingerprint")
}

// withWallet opens a wallet for the length of a function; proving loads keys.
func (a *app) withWallet(ctx context.Context, dir string, proving bool, use func(*folder.Wallet) error) error {
	h, passphrase, err := a.enterHome(dir, "wallet.missing")
	if err != nil {
		return err
	}
	return a.inWallet(ctx, h, passphrase, proving, use)
}

func (a *app) inWallet(ctx context.Context, h *folder.Home, passphrase []byte, proving bool, use func(*folder.Wallet) error) error {
	var keys wallet.Prover
	if proving {
		var err error
		if keys, err = a.proverKeys(ctx, h); err != nil {
			return err
		}
	}
	c, err := h.OpenWallet(ctx, passphrase, keys)
	if err != nil {
		return err
	}
	return errors.Join(use(c), c.Close())
}

func (a *app) walletApply(dir *string) *cobra.Command {
	var out, identity string
	var yes bool
	cmd := command("apply OFFER", "one offer: a file, QR text or -", func(ctx context.Context, arg string) error {
		offer, err := folder.ReadMessage(arg, a.in, openid.QROffer)
		if err != nil {
			return err
		}
		h, passphrase, err := a.enterHome(*dir, "wallet.missing")
		if err != nil {
			return err
		}
		proving := identity != ""
		apply := func(c *folder.Wallet) error {
			o, err := c.ResolveOffer(ctx, offer)
			if err != nil {
				return err
			}
			if o.NeedsIdentity && !proving { // keys are loaded only where they are needed
				proving = true
				return nil
			}
			if err := folder.CheckFree(out, a.qrImage); err != nil {
				return err
			}
			opts, err := a.agreeToOffer(ctx, o, identity, yes)
			if err != nil {
				return err
			}
			application, err := c.Apply(ctx, offer, opts)
			if err != nil {
				return err
			}
			return a.sent(out, openid.QRCredentialRequest, application, "wallet.applied")
		}
		before := proving
		if err := a.inWallet(ctx, h, passphrase, before, apply); err != nil || proving == before {
			return err
		}
		return a.inWallet(ctx, h, passphrase, true, apply)
	})
	outFlag(cmd, &out, "application.json")
	cmd.Flags().StringVar(&identity, "identity", "", "id of the credential that proves who you are, or the beginning of it (default: the first that does)")
	cmd.Flags().BoolVar(&yes, "yes", false, "consent without being asked")
	return cmd
}

// agreeToOffer shows who issues and, where a proof of identity goes with the application,
// what it tells, for consent.
func (a *app) agreeToOffer(ctx context.Context, o *wallet.Offered, identity string, yes bool) (wallet.ApplyOptions, error) {
	a.say("offer.who", "Name", a.nameOf(o.Who, o.Issuer), "Contact", o.Who.Contact, "Region", o.Region, "Type", o.Schema.ID)
	a.sayLookalikes(o.LooksLike)
	if !o.NeedsIdentity && identity == "" {
		return wallet.ApplyOptions{}, nil
	}
	for i := range o.Identity {
		p := &o.Identity[i].Parts[0]
		if !strings.HasPrefix(p.Credential, identity) {
			continue
		}
		a.say("offer.identity", "Type", p.Type, "Credential", shortID(p.Credential))
		a.sayPart(p)
		return wallet.ApplyOptions{Identity: p.Credential}, a.confirm(ctx, "present.confirm", yes)
	}
	if identity != "" && len(o.Identity) > 0 {
		return wallet.ApplyOptions{}, vault.ErrNotFound
	}
	return wallet.ApplyOptions{}, wallet.ErrNoIdentity
}

func outFlag(cmd *cobra.Command, out *string, name string) {
	cmd.Flags().StringVar(out, "out", name, "file to write; - for standard output")
}

// sent writes a message and says where, unless it went to standard output;
// then it draws the message where that was asked for.
func (a *app) sent(out string, kind openid.QRType, message []byte, id string) error {
	if err := a.writeMessage(out, kind, message); err != nil {
		return err
	}
	if out != "-" {
		a.report(map[string]any{"written": out}, id, "Out", out)
	}
	return a.draw(openid.QRText(kind, message))
}

func (a *app) walletRefresh(dir *string) *cobra.Command {
	return command("refresh", "", func(ctx context.Context, _ string) error {
		return a.withWallet(ctx, *dir, false, func(c *folder.Wallet) error {
			if err := c.Refresh(ctx); err != nil {
				return err
			}
			void, err := c.Void(ctx)
			if err != nil {
				return err
			}
			for _, id := range void {
				a.report(map[string]any{"void": id}, "wallet.void", "ID", id)
			}
			return a.report(map[string]any{"wallet": *dir}, "wallet.refreshed")
		})
	})
}

func (a *app) walletPrepare(dir *string) *cobra.Command {
	var count int
	var keep bool
	cmd := command("prepare", "", func(ctx context.Context, _ string) error {
		prepared := func(made int) {
			a.report(map[string]any{"prepared": made}, "wallet.prepared", "Count", made)
		}
		return a.withWallet(ctx, *dir, true, func(c *folder.Wallet) error {
			if keep {
				return a.keepPrepared(ctx, c, count, prepared)
			}
			made, err := c.Prepare(ctx, count)
			if err != nil {
				return err
			}
			prepared(made)
			return nil
		})
	})
	cmd.Flags().IntVar(&count, "count", 3, "how many to keep ready for each credential")
	cmd.Flags().BoolVar(&keep, "keep", false, "go on until interrupted")
	return cmd
}

// keepPrepared ends well when it is interrupted: that is how it is meant to end.
// What fails again in the same way is said once.
func (a *app) keepPrepared(ctx context.Context, c *folder.Wallet, count int, prepared func(int)) error {
	a.say("wallet.keeping", "Count", count)
	said := ""
	err := c.KeepPrepared(ctx, count, func(made int, err error) {
		if err == nil {
			said = ""
			prepared(made)
		} else if sentence := a.sentence(err); sentence != said {
			said = sentence
			a.tell(a.err, sentence)
		}
	})
	if errors.Is(err, context.Canceled) {
		return nil
	}
	return err
}
