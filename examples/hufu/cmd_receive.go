package main

import (
	"cmp"
	"context"
	"errors"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/hufu-id/hufu/folder"
	"github.com/hufu-id/hufu/legible/ask"
	"github.com/hufu-id/hufu/openid"
	"github.com/hufu-id/hufu/openid/oauth"
	"github.com/hufu-id/hufu/wallet"
	"github.com/hufu-id/hufu/wallet/client"
)

// receiving is what the flags of hufu wallet receive say.
type receiving struct {
	txCode, identity        string
	yes, reissued, thisHost bool
}

// walletReceive takes what a desk answered, by file or QR text, or fetches what an offer's
// link leads to.
func (a *app) walletReceive(dir *string) *cobra.Command {
	var r receiving
	cmd := command("receive RESPONSE|LINK", "one response: a file, QR text or -, or the link of one offer", func(ctx context.Context, arg string) error {
		if isLink(arg) {
			return a.receiveOffer(ctx, *dir, arg, r)
		}
		response, err := folder.ReadMessage(arg, a.in, openid.QRCredentialResponse)
		if err != nil {
			return err
		}
		if isLink(string(response)) {
			return a.receiveOffer(ctx, *dir, string(response), r)
		}
		return a.withWallet(ctx, *dir, false, func(c *folder.Wallet) error {
			take := c.Receive
			if r.reissued {
				take = c.ReceiveReissue
			}
			s, err := take(ctx, response)
			if err != nil {
				return err
			}
			return a.received(s)
		})
	})
	flags := cmd.Flags()
	flags.BoolVar(&r.reissued, "reissued", false, "it takes the place of a credential here, as asked for by hufu wallet reissue")
	flags.StringVar(&r.txCode, "tx-code", "", "code that the agency sent another way, for an offer that wants one")
	flags.StringVar(&r.identity, "identity", "", "id of the credential that proves who you are, or the beginning of it (default: the first that does)")
	flags.BoolVar(&r.yes, "yes", false, "consent without being asked")
	localFlag(cmd, &r.thisHost)
	return cmd
}

func localFlag(cmd *cobra.Command, thisHost *bool) {
	cmd.Flags().BoolVar(thisHost, "local", false, "the other side is a program on this machine, at 127.0.0.1 or localhost")
}

// isLink reports whether a text is the link of an offer (OpenID4VCI 1.0 section 4.1, HAIP
// 1.0 section 4.2).
func isLink(text string) bool {
	return strings.HasPrefix(text, "openid-credential-offer:") || strings.HasPrefix(text, "haip-vci:")
}

func (a *app) received(s *wallet.Stored) error {
	return a.report(map[string]any{"credential": s.ID, "type": s.Type, "issuer": s.Issuer},
		"wallet.received", "ID", shortID(s.ID), "Type", s.SchemaID, "Issuer", a.nameOf(s.Who, s.Issuer), "Until", s.Expires.Format(time.DateOnly))
}

// receiveOffer opens an offer, asks its owner, and fetches the credential. Keys of the
// circuits are loaded only where the issuer wants a proof of who one is.
func (a *app) receiveOffer(ctx context.Context, dir, link string, r receiving) error {
	h, passphrase, err := a.enterHome(dir, "wallet.missing")
	if err != nil {
		return err
	}
	proving := r.identity != ""
	take := func(w *folder.Wallet) error {
		c, err := client.New(client.Config{Wallet: w.Wallet, Loopback: r.thisHost, Clock: a.clock})
		if err != nil {
			return err
		}
		a.say("receive.asking")
		offer, err := c.Offer(ctx, link)
		if err != nil {
			return err
		}
		if offer.Credentials[0].NeedsIdentity && !proving {
			proving = true
			return nil
		}
		return a.takeOffer(ctx, c, offer, r)
	}
	before := proving
	if err := a.inWallet(ctx, h, passphrase, before, take); err != nil || proving == before {
		return err
	}
	return a.inWallet(ctx, h, passphrase, true, take)
}

func (a *app) takeOffer(ctx context.Context, c *client.Client, offer *client.Offer, r receiving) error {
	if offer.Grant != oauth.GrantPreAuthorized {
		return usageError{errors.New(a.words.text("receive.sign-in"))}
	}
	o := offer.Credentials[0]
	a.say("receive.site", "Site", offer.Site)
	opts, err := a.agreeToOffer(ctx, o, r.identity, r.yes)
	if err != nil {
		return err
	}
	if opts.Identity == "" { // agreeToOffer has asked otherwise
		if err := a.confirm(ctx, "receive.confirm", r.yes); err != nil {
			return err
		}
	}
	if offer.TxCode != nil && r.txCode == "" {
		if r.txCode, err = a.askTxCode(ctx, offer.TxCode); err != nil {
			return err
		}
	}
	a.say("receive.fetching")
	result, err := c.Receive(ctx, offer, client.ReceiveOptions{Configuration: o.Configuration, TxCode: r.txCode, Identity: opts.Identity})
	if err != nil {
		a.sayWaiting(context.WithoutCancel(ctx), c)
		return err
	}
	return a.reached(result)
}

// askTxCode asks for the code that came another way.
func (a *app) askTxCode(ctx context.Context, t *openid.TxCode) (string, error) {
	code, err := ask.Line(ctx, a.in, a.err, a.words.text("receive.tx-code", "Description", t.Description, "Length", t.Length))
	if errors.Is(err, ask.ErrNoTerminal) {
		return "", usageError{errors.New(a.words.text("receive.tx-code-none"))}
	}
	return code, err
}

// sayWaiting says that what was begun is kept.
func (a *app) sayWaiting(ctx context.Context, c *client.Client) {
	if waiting, err := c.Waiting(ctx); err == nil && len(waiting) > 0 {
		a.say("receive.kept")
	}
}

// reached says how far an issuance came.
func (a *app) reached(result *client.Result) error {
	if result.Stored == nil {
		return a.report(map[string]any{"waiting": result.ID, "after": result.After}, "receive.waiting", "After", result.After.Local().Format(time.DateTime))
	}
	if result.Untold != nil {
		a.say("receive.untold")
	}
	return a.received(result.Stored)
}

// walletContinue goes on with every issuance that waits, or ends one.
func (a *app) walletContinue(dir *string) *cobra.Command {
	var thisHost, abandon bool
	cmd := command("continue", "", func(ctx context.Context, _ string) error {
		return a.withWallet(ctx, *dir, false, func(w *folder.Wallet) error {
			c, err := client.New(client.Config{Wallet: w.Wallet, Loopback: thisHost, Clock: a.clock})
			if err != nil {
				return err
			}
			waiting, err := c.Waiting(ctx)
			if err != nil {
				return err
			}
			if len(waiting) == 0 {
				return a.report(map[string]any{"waiting": nil}, "receive.none")
			}
			var failures []error
			for _, issuance := range waiting {
				failures = append(failures, a.goOn(ctx, c, issuance, abandon))
			}
			return errors.Join(failures...)
		})
	})
	cmd.Flags().BoolVar(&abandon, "abandon", false, "give them up instead; the issuers learn nothing")
	localFlag(cmd, &thisHost)
	return cmd
}

func (a *app) goOn(ctx context.Context, c *client.Client, issuance *wallet.Issuance, abandon bool) error {
	if abandon {
		if err := c.Abandon(ctx, issuance.ID); err != nil {
			return err
		}
		return a.report(map[string]any{"abandoned": issuance.ID}, "receive.abandoned", "Type", cmp.Or(issuance.Schema, issuance.Type), "Site", issuance.Site)
	}
	result, err := c.Resume(ctx, issuance.ID)
	if err != nil {
		return err
	}
	return a.reached(result)
}
