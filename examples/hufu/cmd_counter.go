package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/hufu-id/hufu/folder"
	"github.com/hufu-id/hufu/ledger"
	"github.com/hufu-id/hufu/legible"
	"github.com/hufu-id/hufu/openid"
	"github.com/hufu-id/hufu/publish"
	"github.com/hufu-id/hufu/verifier"
)

func (a *app) counterCommand() *cobra.Command {
	return group("counter", a.counterInit(), a.counterBundle())
}

func counterFlag(cmd *cobra.Command, dir *string) {
	cmd.Flags().StringVar(dir, "counter", envOr("HUFU_COUNTER", "counter"), "folder of the counter")
}

func (a *app) counterInit() *cobra.Command {
	var dir, trust, fingerprint string
	var subject ledger.Subject
	cmd := command("init", "", func(ctx context.Context, _ string) error {
		h, passphrase, err := a.initHome(ctx, dir, trust, fingerprint)
		if err != nil {
			return err
		}
		c, err := h.NewCounter(ctx, subject, passphrase)
		if err != nil {
			return err
		}
		defer c.Close()
		if err := c.KeepPolicy(sample(defaultPolicy)); err != nil {
			return err
		}
		return a.reportApplication("counter.applies", dir, c.Agency)
	})
	counterFlag(cmd, &dir)
	subjectFlags(cmd, &subject, "Service Counter")
	trustFlags(cmd, &trust, &fingerprint)
	return cmd
}

func (a *app) withCounter(ctx context.Context, dir string, use func(context.Context, *folder.Counter) error) error {
	h, passphrase, err := a.enterHome(dir, "counter.missing")
	if err != nil {
		return err
	}
	c, err := h.OpenCounter(ctx, passphrase, a.offline)
	if err != nil {
		return err
	}
	return errors.Join(c.Patiently(ctx, func(ctx context.Context) error { return use(ctx, c) }), c.Close())
}

func (a *app) requestCommand() *cobra.Command {
	var dir, policy, out string
	cmd := command("request", "", func(ctx context.Context, _ string) error {
		var file []byte
		if policy != "" {
			var err error
			if file, err = folder.ReadFile(policy, a.in, documentLimit); err != nil {
				return err
			}
		}
		return a.withCounter(ctx, dir, func(ctx context.Context, c *folder.Counter) error {
			if err := folder.CheckFree(out, a.qrImage); err != nil {
				return err
			}
			if file != nil {
				if err := c.KeepPolicy(file); err != nil {
					return err
				}
			}
			v, err := c.Verifier(ctx, verifier.Config{})
			if err != nil {
				return err
			}
			request, err := v.NewRequest(ctx, verifier.RequestOptions{})
			if err != nil {
				return err
			}
			object := request.Object
			if a.qr || a.qrImage != "" { // no room for the proof of who asks
				object = request.Small
			}
			return a.sent(out, openid.QRPresentationRequest, object, "request.made")
		})
	})
	counterFlag(cmd, &dir)
	cmd.Flags().StringVar(&policy, "policy", "", "policy file, kept for the next time (at first: 18 or over, lives in Dongcheng)")
	outFlag(cmd, &out, "request.jwt")
	offlineFlag(a, cmd)
	return cmd
}

func offlineFlag(a *app, cmd *cobra.Command) {
	cmd.Flags().BoolVar(&a.offline, "offline", false, "ask no ledger: use the bundle that hufu counter bundle stored")
}

// counterBundle stores what a counter needs to work without a network.
func (a *app) counterBundle() *cobra.Command {
	var dir string
	cmd := command("bundle FILE", "one bundle: a file or -", func(ctx context.Context, arg string) error {
		h, err := folder.OpenHome(dir, a.folders())
		if err != nil {
			return missing("counter.missing", err)
		}
		b, err := folder.ReadFile(arg, a.in, bundleLimit)
		if err != nil {
			return err
		}
		bundle, err := ledger.ParseBundle(b)
		if err != nil {
			return &inputError{id: "input.malformed", name: arg}
		}
		o, err := h.Bundle().Replace(ctx, bundle)
		var gap *publish.GapError
		switch {
		case errors.Is(err, publish.ErrDelta):
			return &inputError{id: "bundle.delta", name: h.Dir, err: err}
		case errors.As(err, &gap):
			return &inputError{id: "bundle.gap", name: fmt.Sprint(gap.Since), err: err}
		case err != nil:
			return err
		}
		return a.report(map[string]any{"size": o.Head.Size, "asOf": o.Head.Time.UTC().Format(time.RFC3339)},
			"bundle.kept", "Time", o.Head.Time.In(time.Local).Format(time.DateTime), "Size", o.Head.Size)
	})
	counterFlag(cmd, &dir)
	return cmd
}

func (a *app) verifyCommand() *cobra.Command {
	var dir string
	var unsafe bool
	cmd := command("verify ANSWER", "one answer: a file, QR text or -", func(ctx context.Context, arg string) error {
		response, err := folder.ReadMessage(arg, a.in, openid.QRPresentationResponse)
		if err != nil {
			return err
		}
		return a.withCounter(ctx, dir, func(ctx context.Context, c *folder.Counter) error {
			v, err := c.Verifier(ctx, verifier.Config{AllowSinglePartySetupUnsafe: unsafe})
			if err != nil {
				return err
			}
			result, err := v.VerifyOnce(ctx, response)
			if err != nil {
				return err
			}
			return a.sayResult(result)
		})
	})
	counterFlag(cmd, &dir)
	offlineFlag(a, cmd)
	cmd.Flags().BoolVar(&unsafe, "allow-single-party-unsafe", false, "accept development keys of the circuits")
	return cmd
}

// sayResult is the counter's screen.
func (a *app) sayResult(r *verifier.Result) error {
	if a.json {
		return a.print(map[string]any{"accepted": true, "result": r})
	}
	a.say("result.accepted", "AsOf", r.AsOf.In(time.Local).Format(time.DateTime))
	switch r.Holder {
	case verifier.HolderNotProved:
		a.say("result.holder-not-proved")
	case verifier.HolderSameKey:
		a.say("result.holder-same-key")
	}
	for _, by := range r.Issuers {
		name := by.DID
		if by.Name != nil {
			name = a.inLang(by.Name.English, by.Name.Chinese)
		}
		a.say("result.issuer", "Name", name)
	}
	a.say("result.learned", "List", a.learned(r))
	a.say("result.withheld", "List", a.withheld(r))
	a.say("result.cost", "Bytes", r.Bytes, "Milliseconds", fmt.Sprintf("%.1f", r.Milliseconds), "Checks", len(r.Checks))
	return nil
}

func (a *app) learned(r *verifier.Result) string {
	return listed(r.Learned, a.inLang("; ", "；"), func(l verifier.Learned) string {
		if l.Statement != nil {
			return a.inLang(l.Statement.English, l.Statement.Chinese)
		}
		return fmt.Sprintf("%s = %s", a.inLang(l.Label.English, l.Label.Chinese), legible.Line(fmt.Sprint(l.Value)))
	})
}

func (a *app) withheld(r *verifier.Result) string {
	list := listed(r.NeverReceived, a.inLang(", ", "、"), func(w verifier.Withheld) string { return a.inLang(w.Label.English, w.Label.Chinese) })
	return cmp.Or(list, a.words.text("result.nothing-withheld"))
}

// listed are the words of each, with a mark between.
func listed[T any](list []T, mark string, words func(T) string) string {
	parts := make([]string, len(list))
	for i, v := range list {
		parts[i] = words(v)
	}
	return strings.Join(parts, mark)
}
