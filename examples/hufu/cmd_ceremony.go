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

	"github.com/hufu-id/hufu/folder"
	"github.com/hufu-id/hufu/ledger"
	"github.com/hufu-id/hufu/zkp"
	"github.com/hufu-id/hufu/zkp/prover"
	"github.com/hufu-id/hufu/zkp/prover/anchored"
	"github.com/hufu-id/hufu/zkp/prover/ceremony"
)

func (a *app) ceremonyCommand() *cobra.Command {
	var dir string
	cmd := group("ceremony", a.ceremonyInit(&dir), a.ceremonyContribute(&dir), a.ceremonySeal(&dir), a.ceremonyVerify(&dir), a.ceremonyPublish(&dir))
	cmd.PersistentFlags().StringVar(&dir, "dir", "ceremony", "folder of the ceremony")
	return cmd
}

func (a *app) ceremonyInit(dir *string) *cobra.Command {
	var plan ceremony.Plan
	var participants, circuits []string
	var ends [2]string
	cmd := command("init", "", func(ctx context.Context, _ string) error {
		for i, text := range ends {
			at, err := time.Parse(time.RFC3339, text)
			if err != nil {
				return usageError{errors.New(a.words.text("ceremony.time", "Text", text))}
			}
			plan.Beacons[i] = ceremony.BeaconRule{Source: ceremony.SourceDrand, At: at.UTC()}
		}
		var err error
		if plan.Participants, err = a.participants(ctx, participants); err != nil {
			return err
		}
		chosen := prover.Circuits()
		if len(circuits) > 0 {
			chosen = nil
			for _, c := range circuits {
				chosen = append(chosen, zkp.Circuit(c))
			}
		}
		state, err := ceremony.Init(ctx, *dir, plan, chosen, a.ceremonyOptions(false))
		if err != nil {
			return err
		}
		return a.sayCeremony(state, "ceremony.planned")
	})
	flags := cmd.Flags()
	flags.StringVar(&plan.Name, "name", "Keys of the circuits", "what the ceremony is for")
	flags.StringArrayVar(&participants, "participant", nil, "an agency's DID, or its folder; once for each, in their order")
	flags.IntVar(&plan.Minimum, "minimum", 2, "how many contributions each phase needs at least")
	flags.StringVar(&ends[0], "phase1-ends", "", "when the value is published that ends phase 1, such as 2026-12-01T09:00:00Z")
	flags.StringVar(&ends[1], "phase2-ends", "", "the same of phase 2")
	flags.StringSliceVar(&circuits, "circuits", nil, "only these circuits (default: all)")
	for _, name := range []string{"participant", "phase1-ends", "phase2-ends"} {
		_ = cmd.MarkFlagRequired(name)
	}
	return cmd
}

// participants reads the keys of agencies from the ledger.
func (a *app) participants(ctx context.Context, names []string) (out []ceremony.Participant, err error) {
	var ids []string
	for _, name := range names {
		card, err := folder.FindCard(name)
		if err != nil {
			return nil, err
		}
		ids = append(ids, card.DID)
	}
	err = a.withLedger(ctx, folder.ReadLedger, func(log folder.Ledger) error {
		client, err := folder.NewReader(ctx, log, a.ledger, a.folders())
		if err == nil {
			out, err = anchored.Participants(ctx, client, ids...)
		}
		return err
	})
	return out, err
}

func (a *app) ceremonyContribute(dir *string) *cobra.Command {
	var home string
	var passOver bool
	cmd := command("contribute", "", func(ctx context.Context, _ string) error {
		return a.withAgency(ctx, home, nil, func(office *folder.Agency) error {
			key, err := office.Signer()
			if err != nil {
				return err
			}
			state, err := ceremony.Contribute(ctx, *dir, office.DID(), key, a.ceremonyOptions(passOver))
			if err != nil {
				return err
			}
			for _, r := range state.Made {
				a.report(map[string]any{"step": r.Step, "number": r.Number, "hash": r.Hash.String()},
					"ceremony.contributed", "Step", r.Step, "Number", r.Number, "Hash", r.Hash.String())
			}
			return a.sayCeremony(state, "ceremony.stands")
		})
	})
	cmd.Flags().StringVar(&home, "agency", "agency", "folder of the agency")
	cmd.Flags().BoolVar(&passOver, "pass-over", false, "contribute though agencies before this one have not; they no longer can in this phase")
	return cmd
}

func (a *app) ceremonySeal(dir *string) *cobra.Command {
	var beacon string
	cmd := command("seal", "", func(ctx context.Context, _ string) error {
		value, err := hex.DecodeString(strings.TrimSpace(beacon))
		if err != nil || len(value) == 0 {
			return usageError{errors.New(a.words.text("ceremony.beacon-hex"))}
		}
		state, err := ceremony.Seal(ctx, *dir, value, a.ceremonyOptions(false))
		if err != nil {
			return err
		}
		return a.sayCeremony(state, "ceremony.stands")
	})
	cmd.Flags().StringVar(&beacon, "beacon", "", "the published value in hexadecimal")
	_ = cmd.MarkFlagRequired("beacon")
	return cmd
}

func (a *app) ceremonyVerify(dir *string) *cobra.Command {
	return command("verify", "", func(ctx context.Context, _ string) error {
		state, err := ceremony.Verify(ctx, *dir, a.ceremonyOptions(false))
		if err != nil {
			return err
		}
		for _, r := range state.Records {
			a.report(map[string]any{"step": r.Step, "number": r.Number, "participant": r.Participant, "hash": r.Hash.String()},
				"ceremony.record", "Step", r.Step, "Number", r.Number, "DID", r.Participant, "Hash", r.Hash.String()[:16])
		}
		return a.sayCeremony(state, "ceremony.verified")
	})
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
func (a *app) sayCeremony(s *ceremony.State, id string) error {
	if a.json {
		return a.print(map[string]any{
			"ceremony": s.Ceremony.String(), "stage": s.Stage, "next": s.Next, "enough": s.Enough,
			"transcript": s.Transcript.String(), "verifyingKeys": s.VerifyingKeys,
		})
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
	return nil
}

func (a *app) ceremonyPublish(dir *string) *cobra.Command {
	var homes []string
	cmd := command("publish", "", func(ctx context.Context, _ string) error {
		state, err := ceremony.Verify(ctx, *dir, a.ceremonyOptions(false))
		if err != nil {
			return err
		}
		if state.Stage != ceremony.StageSealed {
			return anchored.ErrNotSealed
		}
		return a.withLedger(ctx, folder.OpenLedger, func(log folder.Ledger) error {
			return a.withSigners(ctx, log, homes, nil, func(signers []crypto.Signer) error {
				reader, err := folder.NewReader(ctx, log, a.ledger, a.folders())
				if err != nil {
					return err
				}
				err = reader.Resolve(ctx, func(view *ledger.View) error { return anchored.CheckParticipants(view, state) }, ledger.ResolveOptions{})
				if err == nil {
					err = anchored.Publish(ctx, reader.Submitter(log), log.Trust().ID(), a.public(), *dir, state, signers...)
				}
				if err != nil {
					return err
				}
				return a.report(map[string]any{"setup": ledger.SetupCeremony, "transcript": state.Transcript.String(), "verifyingKeys": state.VerifyingKeys},
					"ceremony.published", "Hash", state.Transcript.String(), "Count", len(state.VerifyingKeys))
			})
		})
	})
	cmd.Flags().StringArrayVar(&homes, "agency", []string{"root"}, "folder of an agency of the consortium; once for each that signs")
	return cmd
}

// withSigners opens agencies' folders one inside the other.
func (a *app) withSigners(ctx context.Context, log folder.Ledger, homes []string, have []crypto.Signer, use func([]crypto.Signer) error) error {
	if len(homes) == 0 {
		return use(have)
	}
	return a.withAgency(ctx, homes[0], log, func(office *folder.Agency) error {
		key, err := office.Signer()
		if err != nil {
			return err
		}
		return a.withSigners(ctx, log, homes[1:], append(have, key), use)
	})
}
