package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/hufu-id/hufu/folder"
	"github.com/hufu-id/hufu/ledger"
	"github.com/hufu-id/hufu/legible"
	"github.com/hufu-id/hufu/openid"
	"github.com/hufu-id/hufu/vault"
	"github.com/hufu-id/hufu/wallet"
)

func (a *app) walletCommand() *cobra.Command {
	var dir string
	cmd := group("wallet", a.walletInit(&dir), a.walletApply(&dir), a.walletReceive(&dir), a.walletReissue(&dir), a.walletRefresh(&dir), a.walletPrepare(&dir), a.walletPresent(&dir),
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
		offer, err := a.readMessage(arg, openid.QROffer)
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
			if err := a.checkOutputs(out); err != nil {
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

func (a *app) walletReceive(dir *string) *cobra.Command {
	var reissued bool
	cmd := command("receive RESPONSE", "one response: a file, QR text or -", func(ctx context.Context, arg string) error {
		response, err := a.readMessage(arg, openid.QRCredentialResponse)
		if err != nil {
			return err
		}
		return a.withWallet(ctx, *dir, false, func(c *folder.Wallet) error {
			take := c.Receive
			if reissued {
				take = c.ReceiveReissue
			}
			s, err := take(ctx, response)
			if err != nil {
				return err
			}
			return a.report(map[string]any{"credential": s.ID, "type": s.Type, "issuer": s.Issuer},
				"wallet.received", "ID", shortID(s.ID), "Type", s.SchemaID, "Issuer", a.nameOf(s.Who, s.Issuer), "Until", s.Expires.Format(time.DateOnly))
		})
	})
	cmd.Flags().BoolVar(&reissued, "reissued", false, "it takes the place of a credential here, as asked for by hufu wallet reissue")
	return cmd
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

func (a *app) walletPresent(dir *string) *cobra.Command {
	var out, with string
	var yes, unaccredited bool
	cmd := command("present REQUEST", "one request: a file, QR text or -", func(ctx context.Context, arg string) error {
		request, err := a.readMessage(arg, openid.QRPresentationRequest)
		if err != nil {
			return err
		}
		return a.withWallet(ctx, *dir, with != "claims", func(c *folder.Wallet) error {
			if err := a.checkOutputs(out); err != nil {
				return err
			}
			ask, err := c.ResolveRequest(ctx, request)
			if err != nil {
				return err
			}
			choice, err := chooseWith(ask, with)
			if err != nil {
				return err
			}
			c.Draft(ctx, ask, choice) // while the citizen reads
			a.sayAsk(ask, choice)
			if err := a.confirm(ctx, "present.confirm", yes); err != nil {
				return err
			}
			presented, err := c.Present(ctx, ask, wallet.Consent{Choice: choice, AcceptUnaccredited: unaccredited})
			if err != nil {
				return err
			}
			return a.sent(out, openid.QRPresentationResponse, presented.Response, "present.done")
		})
	})
	outFlag(cmd, &out, "answer.json")
	flags := cmd.Flags()
	flags.StringVar(&with, "with", "", "proof, claims, or a query id (default: the first way that the request offers)")
	flags.BoolVar(&yes, "yes", false, "consent without being asked")
	flags.BoolVar(&unaccredited, "accept-unaccredited", false, "answer a requester that no accreditation allows to ask")
	return cmd
}

// chooseWith picks a way to answer by its format or query id.
func chooseWith(ask *wallet.Request, with string) (int, error) {
	formats := map[string]string{"proof": openid.FormatSDJWTZK, "claims": openid.FormatSDJWT}
	for i, c := range ask.Choices {
		if with == "" || c.Format == formats[with] || slices.ContainsFunc(c.Parts, func(p wallet.Part) bool { return p.Query == with }) {
			return i, nil
		}
	}
	return 0, wallet.ErrNothingMatches
}

// sayAsk is the consent screen.
func (a *app) sayAsk(ask *wallet.Request, choice int) {
	c := &ask.Choices[choice]
	who, _ := ask.Who()
	a.say("ask.who", "Name", a.nameOf(who, ask.Requester))
	if c.Accreditation != nil {
		a.say("ask.unaccredited")
	} else if len(ask.Chain) > 0 { // nobody accredits the root
		by, _ := ask.Accreditor()
		a.say("ask.accredited", "By", a.nameOf(by, ask.Chain[0].Accreditor), "Region", ask.Chain[0].Region)
	}
	if who.Contact != "" {
		a.say("ask.contact", "Contact", who.Contact)
	}
	a.sayLookalikes(ask.LooksLike)
	if p := ask.Purpose; p != nil {
		a.say("ask.purpose", "Purpose", a.inLang(p.Text.EN, p.Text.ZH), "Basis", a.inLang(p.Basis.EN, p.Basis.ZH), "Retention", a.inLang(p.Kept()))
	}
	for i := range c.Parts {
		p := &c.Parts[i]
		if len(c.Parts) > 1 {
			a.say("ask.part", "Type", p.Type, "Credential", shortID(p.Credential))
		}
		a.sayPart(p)
	}
	if c.Format == openid.FormatSDJWTZK {
		switch ask.Scope.Kind {
		case openid.ScopeOnce:
			a.say("ask.once", "Event", ask.Scope.Event)
		case openid.ScopeCounted:
			says := ask.Scope.Saying.Text
			a.say("ask.counted", "Event", ask.Scope.Event, "Says", a.inLang(says.EN, says.ZH))
		case openid.ScopePairwise:
			a.say("ask.pairwise")
		}
	}
	if ask.Before > 0 {
		a.say("ask.before", "Times", ask.Before)
	}
	a.say("ask.free")
}

// sayLookalikes warns of names that may be mistaken.
func (a *app) sayLookalikes(others []wallet.Lookalike) {
	for _, other := range others {
		id := "ask.alike"
		if other.Met {
			id = "ask.alike-met"
		}
		a.say(id, "Name", a.inLang(other.Name.English, other.Name.Chinese))
	}
}

// sayPart says what is told of one credential: values that are shown, and statements.
func (a *app) sayPart(p *wallet.Part) {
	told, careful := labelsIn(p.Reveals, a.inLang), []string(nil)
	for _, s := range p.Proves {
		told = append(told, a.inLang(s.English, s.Chinese))
		if s.Discloses && !s.Reveals {
			careful = append(careful, a.inLang(s.English, s.Chinese))
		}
	}
	a.say("ask.learn", "List", strings.Join(told, a.inLang("; ", "；")))
	if len(careful) > 0 {
		a.say("ask.discloses", "List", strings.Join(careful, a.inLang("; ", "；")))
	}
	if len(p.AddsUp) > 0 {
		a.say("ask.adds-up", "List", a.labels(p.AddsUp))
	}
	if len(p.Withholds) > 0 {
		a.say("ask.withholds", "List", a.labels(p.Withholds))
	}
}

func (a *app) inLang(en, zh string) string {
	if a.lang == "zh" {
		return zh
	}
	return en
}

func (a *app) labels(labels []wallet.Label) string {
	return strings.Join(labelsIn(labels, a.inLang), a.inLang(", ", "、"))
}

func labelsIn(labels []wallet.Label, inLang func(en, zh string) string) (out []string) {
	for _, l := range labels {
		out = append(out, inLang(l.English, l.Chinese))
	}
	return out
}

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

// credentialOf finds a credential by its id or the beginning of it.
func credentialOf(ctx context.Context, c *folder.Wallet, id string) (*wallet.Stored, error) {
	for s, err := range c.Credentials(ctx) {
		if err != nil || strings.HasPrefix(s.ID, id) {
			return s, err
		}
	}
	return nil, vault.ErrNotFound
}

func (a *app) walletShow(dir *string) *cobra.Command {
	return command("show CREDENTIAL", "one credential's id, or the beginning of it", func(ctx context.Context, arg string) error {
		return a.withWallet(ctx, *dir, false, func(c *folder.Wallet) error {
			s, err := credentialOf(ctx, c, arg)
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
