package main

import (
	"cmp"
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/hufu-id/hufu/folder"
	"github.com/hufu-id/hufu/ledger"
	"github.com/hufu-id/hufu/legible"
	"github.com/hufu-id/hufu/wallet"
)

// shortID is enough of a credential's id to name it in this wallet.
func shortID(id string) string { return id[:min(len(id), 12)] }

func (a *app) walletList(dir *string) *cobra.Command {
	return command("list", "", func(ctx context.Context, _ string) error {
		return a.withWallet(ctx, *dir, false, func(c *folder.Wallet) error {
			if err := c.RefreshStatus(ctx); err != nil { // what is known is listed all the same
				a.tell(a.err, a.sentence(err))
			}
			return a.sayCards(ctx, c)
		})
	})
}

// sayCards says of every card whether it holds.
func (a *app) sayCards(ctx context.Context, c *folder.Wallet) error {
	empty := !a.json
	for s, err := range c.Credentials(ctx) {
		if err != nil {
			return err
		}
		empty = false
		a.sayStored(s)
	}
	if empty {
		a.say("wallet.empty")
	}
	return nil
}

func (a *app) walletShow(dir *string) *cobra.Command {
	return command("show CREDENTIAL", "one credential's id, or the beginning of it", func(ctx context.Context, arg string) error {
		return a.withWallet(ctx, *dir, false, func(c *folder.Wallet) error {
			s, err := c.Find(ctx, arg)
			switch {
			case err != nil:
				return err
			case s.Err != nil:
				return s.Err
			case a.json:
				return a.print(map[string]any{"credential": s.ID, "type": s.Type, "claims": s.Claims})
			}
			a.sayStored(s)
			for _, f := range s.Fields() {
				a.say("wallet.field", "Label", legible.Line(a.inLang(f.English, f.Chinese)), "Value", legible.Line(fmt.Sprint(f.Value)))
			}
			return nil
		})
	})
}

// nameOf is the name that an accreditor vouches for, or the DID where nobody does.
func (a *app) nameOf(s ledger.Subject, did string) string {
	return cmp.Or(a.inLang(s.Name.English, s.Name.Chinese), did)
}

// sayStored is one line: what it is, from whom, and whether it holds.
func (a *app) sayStored(s *wallet.Stored) {
	if s.Err != nil {
		a.report(map[string]any{"credential": s.ID, "error": a.sentence(s.Err)}, "wallet.unreadable", "ID", shortID(s.ID), "Why", a.sentence(s.Err))
		return
	}
	state := a.inLang(s.Status.Words())
	a.report(map[string]any{"credential": s.ID, "type": s.Type, "issuer": s.Issuer, "expires": s.Expires.Format(time.DateOnly),
		"provable": s.Provable, "status": s.Status.State},
		"wallet.item", "ID", shortID(s.ID), "Type", s.SchemaID, "Issuer", a.nameOf(s.Who, s.Issuer), "Until", s.Expires.Format(time.DateOnly), "Status", state)
}

func (a *app) walletHistory(dir *string) *cobra.Command {
	return command("history", "", func(ctx context.Context, _ string) error {
		return a.withWallet(ctx, *dir, false, func(c *folder.Wallet) error {
			entries, err := c.History(ctx)
			if err != nil {
				return err
			}
			if len(entries) == 0 && !a.json {
				a.say("history.empty")
			}
			for _, e := range entries {
				told := e.Proved
				if a.lang == "zh" {
					told = e.ProvedChinese
				}
				a.report(e, "history.item", "Time", e.At.In(time.Local).Format(time.DateTime), "Name", cmp.Or(a.inLang(e.Name.English, e.Name.Chinese), e.Requester),
					"Purpose", e.Purpose, "List", strings.Join(append(e.Revealed, told...), a.inLang(", ", "、")))
			}
			return nil
		})
	})
}
