package main

import (
	"cmp"
	"context"
	"errors"
	"strings"

	"github.com/spf13/cobra"

	"github.com/hufu-id/hufu/folder"
	"github.com/hufu-id/hufu/openid"
	"github.com/hufu-id/hufu/wallet"
	"github.com/hufu-id/hufu/wallet/client"
)

// presenting is what the citizen says beforehand.
type presenting struct {
	out, with                   string
	yes, unaccredited, thisHost bool
}

func (a *app) walletPresent(dir *string) *cobra.Command {
	p := &presenting{}
	cmd := command("present REQUEST", "one request: a link, a file, QR text or -", func(ctx context.Context, arg string) error {
		if strings.Contains(arg, "://") {
			return a.withWallet(ctx, *dir, p.with != "claims", func(w *folder.Wallet) error { return a.presentLink(ctx, w, arg, p) })
		}
		request, err := folder.ReadMessage(arg, a.in, openid.QRPresentationRequest)
		if err != nil {
			return err
		}
		return a.withWallet(ctx, *dir, p.with != "claims", func(w *folder.Wallet) error { return a.presentFile(ctx, w, request, p) })
	})
	outFlag(cmd, &p.out, "answer.json")
	flags := cmd.Flags()
	flags.StringVar(&p.with, "with", "", "proof, claims, or a query id (default: the first way that the request offers)")
	flags.BoolVar(&p.yes, "yes", false, "consent without being asked")
	flags.BoolVar(&p.unaccredited, "accept-unaccredited", false, "answer a requester that no accreditation allows to ask")
	localFlag(cmd, &p.thisHost)
	return cmd
}

// consent shows the citizen what would be told, and asks.
func (a *app) consent(ctx context.Context, w *folder.Wallet, ask *wallet.Request, p *presenting) (wallet.Consent, error) {
	choice, err := choiceBy(ask, p.with)
	if err != nil {
		return wallet.Consent{}, err
	}
	w.Draft(ctx, ask, choice) // while the citizen reads
	a.sayAsk(ask, choice)
	return wallet.Consent{Choice: choice, AcceptUnaccredited: p.unaccredited}, a.confirm(ctx, "present.confirm", p.yes)
}

// presentFile answers a request into a file.
func (a *app) presentFile(ctx context.Context, w *folder.Wallet, request []byte, p *presenting) error {
	if err := folder.CheckFree(p.out, a.qrImage); err != nil {
		return err
	}
	ask, err := w.ResolveRequest(ctx, request)
	if err != nil {
		return err
	}
	consent, err := a.consent(ctx, w, ask, p)
	if err != nil {
		return err
	}
	presented, err := w.Present(ctx, ask, consent)
	if err != nil {
		return err
	}
	return a.sent(p.out, openid.QRPresentationResponse, presented.Response, "present.done")
}

// errToldNo is a no to a request over the network.
var errToldNo = errors.New("declined, and said so")

// deliveries is how often an answer is sent whose fate is not known.
const deliveries = 3

// presentLink answers a request over the network. A no is told to the counter, and nothing
// else.
func (a *app) presentLink(ctx context.Context, w *folder.Wallet, link string, p *presenting) error {
	c, err := client.New(client.Config{Wallet: w.Wallet, Loopback: p.thisHost, Clock: a.clock})
	if err != nil {
		return err
	}
	ask, err := c.Request(ctx, link)
	if err != nil {
		return err
	}
	consent, err := a.consent(ctx, w, ask, p)
	if errors.Is(err, errDeclined) {
		_, _ = c.Decline(ctx, ask) // that it may not arrive changes nothing for the citizen
		return errToldNo
	}
	if err != nil {
		return err
	}
	answer, err := c.Present(ctx, ask, consent)
	for range deliveries - 1 {
		if errors.Is(err, client.ErrUndelivered) {
			err = c.Deliver(ctx, answer)
		}
	}
	if err != nil {
		return err
	}
	if err := a.report(map[string]any{"delivered": true, "redirect": answer.RedirectURI}, "present.delivered"); err != nil {
		return err
	}
	if answer.RedirectURI != "" {
		a.say("present.redirect", "URL", answer.RedirectURI)
	}
	return nil
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
