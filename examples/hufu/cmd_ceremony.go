package main

import (
	"context"
	"crypto"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"

	didhufu "github.com/hufu-id/hufu/did/hufu"
	"github.com/hufu-id/hufu/ledger"
	"github.com/hufu-id/hufu/zkp"
	"github.com/hufu-id/hufu/zkp/prover"
	"github.com/hufu-id/hufu/zkp/prover/ceremony"
)

func (a *app) ceremonyCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "ceremony",
		Short: "Make the circuits' keys among several agencies",
		Long: "A ceremony is a folder that travels from agency to agency. Each adds a secret of\n" +
			"its own and forgets it: a proof can be forged only if all of them kept theirs.\n" +
			"There are two phases; a public random value, named in the plan before anybody\n" +
			"contributes, ends each of them.",
		Example: "  hufu zkp ceremony init --participant north --participant south --phase1-ends 2026-12-01T09:00:00Z --phase2-ends 2026-12-08T09:00:00Z\n" +
			"  hufu zkp ceremony contribute --agency north\n" +
			"  hufu zkp ceremony seal --beacon HEX\n" +
			"  hufu zkp ceremony verify\n" +
			"  hufu zkp ceremony publish --agency root",
	}
	var dir string
	cmd.PersistentFlags().StringVar(&dir, "dir", "ceremony", "folder of the ceremony")
	cmd.AddCommand(a.ceremonyInit(&dir), a.ceremonyContribute(&dir), a.ceremonySeal(&dir), a.ceremonyVerify(&dir), a.ceremonyPublish(&dir))
	return group(cmd)
}

func (a *app) ceremonyInit(dir *string) *cobra.Command {
	var plan ceremony.Plan
	var participants, circuits []string
	var ends [2]string
	var source string
	cmd := &cobra.Command{
		Use:   "init",
		Short: "Write the plan: who contributes, in which order, and which values end the phases",
		Long: "Takes the agencies' keys from the ledger. Nobody contributes to a phase after its\n" +
			"end, and nobody seals it before: the value that ends it is the first one that the\n" +
			"source publishes then, so that nobody can choose it.",
		Example: "  hufu zkp ceremony init --participant north --participant south --participant did:hufu:… \\\n" +
			"    --phase1-ends 2026-12-01T09:00:00Z --phase2-ends 2026-12-08T09:00:00Z",
		Args: exactArgs(0, "no arguments"),
		RunE: func(cmd *cobra.Command, _ []string) error {
			for i, text := range ends {
				at, err := time.Parse(time.RFC3339, text)
				if err != nil {
					return usageError{errors.New(a.words.text("ceremony.time", "Text", text))}
				}
				plan.Beacons[i] = ceremony.BeaconRule{Source: source, At: at.UTC()}
			}
			var err error
			if plan.Participants, err = a.participants(cmd.Context(), participants); err != nil {
				return err
			}
			chosen := prover.Circuits()
			if len(circuits) > 0 {
				chosen = nil
				for _, c := range circuits {
					chosen = append(chosen, zkp.Circuit(c))
				}
			}
			state, err := ceremony.Init(cmd.Context(), *dir, plan, chosen, a.ceremonyOptions(false))
			if err != nil {
				return err
			}
			a.sayCeremony(state, "ceremony.planned")
			return nil
		},
	}
	flags := cmd.Flags()
	flags.StringVar(&plan.Name, "name", "Keys of the circuits", "what the ceremony is for")
	flags.StringArrayVar(&participants, "participant", nil, "an agency's DID, or its folder; once for each, in their order")
	flags.IntVar(&plan.Minimum, "minimum", 2, "how many contributions each phase needs at least")
	flags.StringVar(&ends[0], "phase1-ends", "", "when the value is published that ends phase 1, such as 2026-12-01T09:00:00Z")
	flags.StringVar(&ends[1], "phase2-ends", "", "the same of phase 2")
	flags.StringVar(&source, "beacon-source", ceremony.SourceDrand, "who publishes the values; those of drand are checked, others are compared by people")
	flags.StringSliceVar(&circuits, "circuits", nil, "only these circuits (default: all)")
	for _, name := range []string{"participant", "phase1-ends", "phase2-ends"} {
		_ = cmd.MarkFlagRequired(name)
	}
	return cmd
}

// participants reads the keys of agencies from the ledger.
func (a *app) participants(ctx context.Context, names []string) (out []ceremony.Participant, err error) {
	log, err := openLedger(ctx, a.ledger, a.clock)
	if err != nil {
		return nil, err
	}
	defer log.Close()
	err = a.resolve(ctx, log, func(view *ledger.View) error {
		out = nil
		for _, name := range names {
			id, err := cardOf(name)
			if err != nil {
				return err
			}
			key, err := signatureKey(view, id, a.clock())
			if err != nil {
				return err
			}
			p, err := ceremony.NewParticipant(id, key)
			if err != nil {
				return err
			}
			out = append(out, p)
		}
		return nil
	})
	return out, err
}

// errNoKey is an agency without a signature key in force on the ledger.
var errNoKey = errors.New("no signature key in force on the ledger")

func signatureKey(view *ledger.View, id string, now time.Time) (crypto.PublicKey, error) {
	document, err := didhufu.FromView(view, id)
	if err != nil {
		return nil, err
	}
	for i := range document.Keys {
		if k := &document.Keys[i]; k.Alg == "ES256" && k.ValidAt(now) {
			return k.Public, nil
		}
	}
	return nil, fmt.Errorf("%w: %s", errNoKey, id)
}

func (a *app) ceremonyContribute(dir *string) *cobra.Command {
	var home string
	var passOver bool
	cmd := &cobra.Command{
		Use:   "contribute",
		Short: "Check everything that is there, and add an agency's own secret",
		Long: "Prints the hash of the contribution: note it on paper, so that you notice if it is\n" +
			"missing later. Run it again if it was interrupted; nothing half-written counts. The\n" +
			"secret is never written to disk: run it on a machine without swap, and restart it.",
		Example: "  hufu zkp ceremony contribute --agency north --dir ceremony",
		Args:    exactArgs(0, "no arguments"),
		RunE: func(cmd *cobra.Command, _ []string) error {
			return a.withAgency(cmd.Context(), home, nil, func(ctx context.Context, agency *agency) error {
				key, err := agency.signer()
				if err != nil {
					return err
				}
				state, err := ceremony.Contribute(ctx, *dir, agency.DID(), key, a.ceremonyOptions(passOver))
				if err != nil {
					return err
				}
				for _, r := range state.Made {
					a.report(map[string]any{"step": r.Step, "number": r.Number, "hash": r.Hash.String()},
						"ceremony.contributed", "Step", r.Step, "Number", r.Number, "Hash", r.Hash.String())
				}
				a.sayCeremony(state, "ceremony.stands")
				return nil
			})
		},
	}
	cmd.Flags().StringVar(&home, "agency", "agency", "folder of the agency")
	cmd.Flags().BoolVar(&passOver, "pass-over", false, "contribute though agencies before this one have not; they no longer can in this phase")
	return cmd
}

func (a *app) ceremonySeal(dir *string) *cobra.Command {
	var beacon string
	cmd := &cobra.Command{
		Use:   "seal",
		Short: "End the phase with the value that the plan names; the second time, make the keys",
		Example: "  hufu zkp ceremony seal --beacon b75c69d0…\n" +
			"  hufu zkp ceremony seal --beacon b44679b9… --dir ceremony",
		Args: exactArgs(0, "no arguments"),
		RunE: func(cmd *cobra.Command, _ []string) error {
			value, err := hex.DecodeString(strings.TrimSpace(beacon))
			if err != nil || len(value) == 0 {
				return usageError{errors.New(a.words.text("ceremony.beacon-hex"))}
			}
			state, err := ceremony.Seal(cmd.Context(), *dir, value, a.ceremonyOptions(false))
			if err != nil {
				return err
			}
			a.sayCeremony(state, "ceremony.stands")
			return nil
		},
	}
	cmd.Flags().StringVar(&beacon, "beacon", "", "the published value in hexadecimal")
	_ = cmd.MarkFlagRequired("beacon")
	return cmd
}

func (a *app) ceremonyVerify(dir *string) *cobra.Command {
	return &cobra.Command{
		Use:   "verify",
		Short: "Check a ceremony from the first byte to the last, as anybody can",
		Long: "Needs no key and no ledger. Every signature, every contribution, both public\n" +
			"values and the sealed keys are computed again.",
		Example: "  hufu zkp ceremony verify --dir ceremony",
		Args:    exactArgs(0, "no arguments"),
		RunE: func(cmd *cobra.Command, _ []string) error {
			state, err := ceremony.Verify(cmd.Context(), *dir, a.ceremonyOptions(false))
			if err != nil {
				return err
			}
			for _, r := range state.Records {
				a.report(map[string]any{"step": r.Step, "number": r.Number, "participant": r.Participant, "hash": r.Hash.String()},
					"ceremony.record", "Step", r.Step, "Number", r.Number, "DID", r.Participant, "Hash", r.Hash.String()[:16])
			}
			a.sayCeremony(state, "ceremony.verified")
			return nil
		},
	}
}

// ceremonyOptions keep what was checked in the user's own cache.
func (a *app) ceremonyOptions(passOver bool) ceremony.Options {
	opts := ceremony.Options{Clock: a.clock, Progress: a.ceremonyProgress(), PassOver: passOver}
	if cache, err := os.UserCacheDir(); err == nil {
		opts.Memory = filepath.Join(cache, "hufu", "ceremony")
	}
	return opts
}

// ceremonyProgress says a line a task, each of which takes seconds to minutes.
func (a *app) ceremonyProgress() func(ceremony.Step) {
	return func(s ceremony.Step) {
		fmt.Fprintln(a.err, a.words.text("ceremony.step", "Number", s.Done+1, "Total", s.Total,
			"Task", a.words.text("ceremony.task-"+string(s.Task), "Of", s.Of, "Number", s.Number)))
	}
}

// sayCeremony says how far a ceremony is and what comes next.
func (a *app) sayCeremony(s *ceremony.State, id string) {
	if a.json {
		a.print(map[string]any{
			"ceremony": s.Ceremony.String(), "stage": s.Stage, "next": s.Next, "enough": s.Enough,
			"transcript": s.Transcript.String(), "verifyingKeys": s.VerifyingKeys,
		})
		return
	}
	a.say(id, "Name", s.Plan.Name, "Hash", s.Ceremony.String()[:16], "Count", len(s.Records))
	switch {
	case s.Stage == ceremony.StageSealed:
		a.say("ceremony.sealed", "Hash", s.Transcript.String())
	case s.Next != "":
		a.say("ceremony.next", "DID", s.Next)
	default:
		a.say("ceremony.next-seal")
	}
	if s.Next != "" && s.Enough {
		a.say("ceremony.enough")
	}
}
