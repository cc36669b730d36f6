package main

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/hufu-id/hufu/ledger"
	"github.com/hufu-id/hufu/openid"
	"github.com/hufu-id/hufu/verifier"
)

func (a *app) counterCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:     "counter",
		Short:   "A service counter that trusts one ledger",
		Example: "  hufu counter init --trust ledger/trust.json --fingerprint HEX --name \"District library\"\n  hufu counter bundle monday.bundle",
	}
	cmd.AddCommand(a.counterInit(), a.counterBundle())
	return group(cmd)
}

func counterFlag(cmd *cobra.Command, dir *string) {
	cmd.Flags().StringVar(dir, "counter", envOr("HUFU_COUNTER", "counter"), "folder of the counter")
}

func (a *app) counterInit() *cobra.Command {
	var dir, name, trust, fingerprint string
	cmd := &cobra.Command{
		Use:     "init",
		Short:   "Make a counter: its keys, its store, its DID on the ledger",
		Example: "  hufu counter init --trust ledger/trust.json --fingerprint 5f2c… --name \"District library\"",
		Args:    exactArgs(0, "no arguments"),
		RunE: func(cmd *cobra.Command, _ []string) error {
			t, err := a.readTrust(trust, fingerprint)
			if err != nil {
				return err
			}
			passphrase, err := a.passphrase(true)
			if err != nil {
				return err
			}
			log, err := openLedger(cmd.Context(), filepath.Dir(trust), a.clock) // before any folder is made
			if err != nil {
				return err
			}
			if err := log.Close(); err != nil {
				return err
			}
			h, err := newHome(dir, trust, t)
			if err != nil {
				return err
			}
			c, err := newCounter(cmd.Context(), h, name, passphrase, a.clock)
			if err != nil {
				return err
			}
			defer c.Close()
			a.report(map[string]any{"counter": dir, "did": c.agency.card.DID}, "counter.made", "Dir", dir, "DID", c.agency.card.DID)
			return nil
		},
	}
	counterFlag(cmd, &dir)
	cmd.Flags().StringVar(&name, "name", "Service counter", "the counter's name, for people")
	trustFlags(cmd, &trust, &fingerprint)
	return cmd
}

func (a *app) withCounter(ctx context.Context, dir string, use func(context.Context, *counter) error) error {
	h, err := openHome(dir, "counter.missing")
	if err != nil {
		return err
	}
	passphrase, err := a.passphrase(false)
	if err != nil {
		return err
	}
	c, err := openCounter(ctx, h, passphrase, a.clock, a.offline)
	if err != nil {
		return err
	}
	// Nothing below asks anybody, and all of it takes well under a second.
	ctx, cancel := context.WithTimeoutCause(ctx, patience, errBusy)
	defer cancel()
	return errors.Join(orBusy(ctx, use(ctx, c)), c.Close())
}

func (a *app) requestCommand() *cobra.Command {
	var dir, policy, out string
	cmd := &cobra.Command{
		Use:   "request",
		Short: "Ask: write a signed request after a policy",
		Example: "  hufu request --out request.jwt\n" +
			"  hufu request --policy adult-in-district.policy.json --out request.jwt",
		Args: exactArgs(0, "no arguments"),
		RunE: func(cmd *cobra.Command, _ []string) error {
			var file []byte
			if policy != "" {
				var err error
				if file, err = a.readFile(policy, documentLimit); err != nil {
					return err
				}
			}
			return a.withCounter(cmd.Context(), dir, func(ctx context.Context, c *counter) error {
				if err := a.checkOutputs(out); err != nil {
					return err
				}
				if file != nil {
					if err := c.keepPolicy(file); err != nil {
						return err
					}
				}
				v, err := c.verifier(ctx, nil, false)
				if err != nil {
					return err
				}
				request, err := v.NewRequest(ctx, verifier.RequestOptions{})
				if err != nil {
					return err
				}
				return a.sent(out, openid.QRPresentationRequest, request.Object, "request.made")
			})
		},
	}
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
	cmd := &cobra.Command{
		Use:   "bundle FILE",
		Short: "Store a bundle, to work without a network",
		Long: "Verifies the bundle against the counter's trust file and stores it in the counter's\n" +
			"folder. It must extend the one before, which shows when someone hands out two\n" +
			"stories, and may leave out files that the one before has.",
		Example: "  hufu ledger bundle --out monday.bundle\n  hufu counter bundle monday.bundle\n  hufu verify answer.json --offline",
		Args:    exactArgs(1, "one bundle: a file or -"),
		RunE: func(cmd *cobra.Command, args []string) error {
			h, err := openHome(dir, "counter.missing")
			if err != nil {
				return err
			}
			b, err := a.readFile(args[0], bundleLimit)
			if err != nil {
				return err
			}
			bundle, err := ledger.ParseBundle(b)
			if err != nil {
				return &inputError{id: "input.malformed", name: args[0]}
			}
			o, err := h.keepBundle(cmd.Context(), bundle, a.clock)
			if err != nil {
				return err
			}
			a.report(map[string]any{"size": o.Head.Size, "asOf": o.Head.Time.UTC().Format(time.RFC3339)},
				"bundle.kept", "Time", o.Head.Time.In(time.Local).Format(time.DateTime), "Size", o.Head.Size)
			return nil
		},
	}
	counterFlag(cmd, &dir)
	return cmd
}

func (a *app) verifyCommand() *cobra.Command {
	var dir string
	var unsafe bool
	cmd := &cobra.Command{
		Use:   "verify ANSWER",
		Short: "Decide on an answer, and say what was learned and what was never received",
		Long: "Exit code 0: accepted. 1: checked, and false. 2: could not check.\n" +
			"Development keys of the circuits come from one machine, which could prove\n" +
			"anything; --allow-single-party-unsafe accepts them for a demonstration.",
		Example: "  hufu verify answer.json\n  hufu verify answer.json --allow-single-party-unsafe",
		Args:    exactArgs(1, "one answer: a file, QR text or -"),
		RunE: func(cmd *cobra.Command, args []string) error {
			response, err := a.readMessage(args[0], openid.QRPresentationResponse)
			if err != nil {
				return err
			}
			return a.withCounter(cmd.Context(), dir, func(ctx context.Context, c *counter) error {
				v, err := c.verifier(ctx, nil, unsafe)
				if err != nil {
					return err
				}
				result, err := v.Verify(ctx, response)
				if err != nil {
					return err
				}
				a.sayResult(result)
				return nil
			})
		},
	}
	counterFlag(cmd, &dir)
	offlineFlag(a, cmd)
	cmd.Flags().BoolVar(&unsafe, "allow-single-party-unsafe", false, "accept development keys of the circuits")
	return cmd
}

// sayResult is the counter's screen.
func (a *app) sayResult(r *verifier.Result) {
	if a.json {
		a.print(map[string]any{"accepted": true, "result": r})
		return
	}
	a.say("result.accepted", "AsOf", r.AsOf.In(time.Local).Format(time.DateTime))
	a.say("result.learned", "List", a.learned(r))
	a.say("result.withheld", "List", a.withheld(r))
	a.say("result.cost", "Bytes", r.Bytes, "Milliseconds", fmt.Sprintf("%.1f", r.Milliseconds), "Checks", len(r.Checks))
}

func (a *app) learned(r *verifier.Result) string {
	parts := make([]string, 0, len(r.Learned))
	for _, l := range r.Learned {
		if l.Statement != nil {
			parts = append(parts, a.inLang(l.Statement.English, l.Statement.Chinese))
			continue
		}
		parts = append(parts, fmt.Sprintf("%s = %v", a.inLang(l.Label.English, l.Label.Chinese), l.Value))
	}
	return strings.Join(parts, a.inLang("; ", "；"))
}

func (a *app) withheld(r *verifier.Result) string {
	parts := make([]string, 0, len(r.NeverReceived))
	for _, w := range r.NeverReceived {
		parts = append(parts, a.inLang(w.Label.English, w.Label.Chinese))
	}
	if len(parts) == 0 {
		return a.words.text("result.nothing-withheld")
	}
	return strings.Join(parts, a.inLang(", ", "、"))
}
