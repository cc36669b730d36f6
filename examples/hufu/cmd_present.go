package main

import (
	"cmp"
	"context"
	"strings"

	"github.com/spf13/cobra"

	"github.com/hufu-id/hufu/folder"
	"github.com/hufu-id/hufu/openid"
	"github.com/hufu-id/hufu/wallet"
)

func (a *app) walletPresent(dir *string) *cobra.Command {
	var out, with string
	var yes, unaccredited bool
	cmd := command("present REQUEST", "one request: a file, QR text or -", func(ctx context.Context, arg string) error {
		request, err := folder.ReadMessage(arg, a.in, openid.QRPresentationRequest)
		if err != nil {
			return err
		}
		return a.withWallet(ctx, *dir, with != "claims", func(c *folder.Wallet) error {
			if err := folder.CheckFree(out, a.qrImage); err != nil {
				return err
			}
			ask, err := c.ResolveRequest(ctx, request)
			if err != nil {
				return err
			}
			choice, err := choiceBy(ask, with)
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

// choiceBy picks a way to answer: proof, claims, or a query id.
func choiceBy(ask *wallet.Request, with string) (int, error) {
	formats := map[string]string{"proof": openid.FormatSDJWTZK, "claims": openid.FormatSDJWT}
	return ask.ChoiceBy(cmp.Or(formats[with], with))
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
			a.say("ask.counted", "Event", ask.Scope.Event, "Says", a.inLang(ask.Scope.Saying.Text.EN, ask.Scope.Saying.Text.ZH))
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
	var told, careful []string
	for _, l := range p.Reveals {
		told = append(told, a.label(l))
	}
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
	return listed(labels, a.inLang(", ", "、"), a.label)
}

func (a *app) label(l wallet.Label) string { return a.inLang(l.English, l.Chinese) }
