package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/hufu-id/hufu/folder"
	"github.com/hufu-id/hufu/legible/lines"
	"github.com/hufu-id/hufu/verdict"
)

// Exit codes, the same for every command.
const (
	exitAccepted = 0
	exitRefused  = 1 // checked, and false
	exitUnknown  = 2 // could not check
	exitUsage    = 3
)

// app is what every command shares.
type app struct {
	in       io.Reader
	out, err io.Writer
	words    *words
	lang     string
	json     bool
	restored bool
	// restoredLedger is the same of a ledger.
	restoredLedger bool
	qr             bool
	qrImage        string // file
	explain        bool
	ledger         string // folder
	offline        bool   // counters use their bundle
	clock          func() time.Time
}

// usageError is a mistake in how a command was called.
type usageError struct{ error }

// run is the whole program but for the exit.
func run(args []string, in io.Reader, out, errOut io.Writer) int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	a := &app{in: in, out: out, err: errOut}
	root := a.rootCommand()
	root.SetArgs(args)
	root.SetIn(in)
	root.SetOut(out)
	root.SetErr(errOut)
	err := root.ExecuteContext(ctx)
	if a.words == nil { // a flag failed before the language was known
		a.words = newWords("en")
	}
	return a.finish(err)
}

func (a *app) rootCommand() *cobra.Command {
	root := &cobra.Command{
		Use:               "hufu",
		SilenceErrors:     true,
		SilenceUsage:      true,
		PersistentPreRunE: func(*cobra.Command, []string) error { return a.start() },
	}
	root.SetFlagErrorFunc(func(_ *cobra.Command, err error) error { return usageError{err} })
	root.CompletionOptions.DisableDefaultCmd = true
	flags := root.PersistentFlags()
	flags.StringVar(&a.lang, "lang", "", "language of what is printed: en or zh (default: from LANG)")
	flags.BoolVar(&a.json, "json", false, "print one JSON object a line instead of sentences")
	flags.BoolVar(&a.qr, "qr", false, "write messages as the text of one QR code (HUFU1:…) instead of JSON, and show it where the output is a terminal")
	flags.StringVar(&a.qrImage, "qr-image", "", "draw the written message as a QR code too: a file that ends in .png or .svg")
	flags.StringVar(&a.ledger, "ledger", envOr("HUFU_LEDGER", "ledger"), "folder of the ledger; for the demo also addresses of its nodes")
	flags.BoolVar(&a.restored, "restored", false, "the vault or the counter was put back from an older copy on purpose: take it as it is")
	flags.BoolVar(&a.restoredLedger, "restored-ledger", false, "the ledger or the witness was put back from an older copy on purpose: what was signed since is signed anew, and readers who saw it refuse the ledger")
	root.AddCommand(a.demoCommand(), a.ledgerCommand(), a.agencyCommand(), a.issueCommand(), a.issuerCommand(), a.revokeCommand(), a.statusCommand(),
		a.walletCommand(), a.counterCommand(), a.kioskCommand(), a.requestCommand(), a.verifyCommand(), a.zkpCommand())
	columns := cmp.Or(lines.Columns(a.out), 80)
	root.SetUsageTemplate(strings.ReplaceAll(root.UsageTemplate(), "FlagUsages", fmt.Sprint("FlagUsagesWrapped ", columns)))
	describe(root, columns)
	return root
}

func envOr(name, fallback string) string {
	if v := os.Getenv(name); v != "" {
		return v
	}
	return fallback
}

// start settles what flags and environment say together.
func (a *app) start() error {
	switch a.lang {
	case "":
		locale := cmp.Or(os.Getenv("LC_ALL"), os.Getenv("LC_MESSAGES"), os.Getenv("LANG"))
		a.lang = verdict.Text{English: "en", Chinese: "zh"}.In(locale)
	default:
		lang, known := languageNamed(a.lang)
		if !known {
			return usageError{fmt.Errorf("--lang is en or zh, not %q", a.lang)}
		}
		a.lang = lang
	}
	a.words = newWords(a.lang)
	if a.clock == nil {
		clock, err := environmentClock(os.Getenv("HUFU_DEMO_CLOCK_UNSAFE"))
		if err != nil {
			return usageError{err}
		}
		a.clock = clock
	}
	return a.checkImageName()
}

// environmentClock shifts the clock for demonstrations: a value like 90m or
// -24h is added to the machine's time.
func environmentClock(shift string) (func() time.Time, error) {
	if shift == "" {
		return time.Now, nil
	}
	d, err := time.ParseDuration(shift)
	if err != nil {
		return nil, errors.New("HUFU_DEMO_CLOCK_UNSAFE is a duration such as 90m")
	}
	return func() time.Time { return time.Now().Add(d) }, nil
}

// finish prints an error as one sentence and chooses the exit code.
func (a *app) finish(err error) int {
	if err == nil {
		return exitAccepted
	}
	if folder.IsBusy(err) {
		err = folder.ErrBusy
	}
	j, _ := a.judge(err)
	code := exitUnknown
	var usage usageError
	switch {
	case errors.As(err, &usage), isCobraUsage(err):
		code = exitUsage
	case j.refused:
		code = exitRefused
	}
	sentence := a.sentence(err)
	if a.json {
		a.printError(err, code, j, sentence)
	}
	a.tell(a.err, sentence)
	return code
}

// printError is an error as a program reads it. What an unknown error says is
// here and nowhere else: it is no sentence.
func (a *app) printError(err error, exit int, j judgement, sentence string) {
	out := map[string]any{"code": exit, "check": j.check, "message": sentence}
	if exit != exitUsage {
		out["reason"] = j.code
	}
	if j.code == verdict.Internal {
		out["detail"] = err.Error()
	}
	a.print(map[string]any{"error": out})
}

// group is a command that only holds others: alone it shows its help, and a
// word that names none of them is wrong usage.
func group(name string, commands ...*cobra.Command) *cobra.Command {
	cmd := &cobra.Command{Use: name, RunE: func(cmd *cobra.Command, args []string) error {
		if len(args) > 0 {
			return usageError{fmt.Errorf("unknown command %q; see %s --help", args[0], cmd.CommandPath())}
		}
		return cmd.Help()
	}}
	cmd.AddCommand(commands...)
	return cmd
}

// command is one that takes no argument, or one; takes says which.
func command(use, takes string, run func(ctx context.Context, arg string) error) *cobra.Command {
	return &cobra.Command{
		Use: use,
		Args: func(cmd *cobra.Command, args []string) error {
			if takes == "" && len(args) == 0 || takes != "" && len(args) == 1 {
				return nil
			}
			return usageError{fmt.Errorf("%s takes %s; see %[1]s --help", cmd.CommandPath(), cmp.Or(takes, "no arguments"))}
		},
		RunE: func(cmd *cobra.Command, args []string) error { return run(cmd.Context(), strings.Join(args, "")) },
	}
}
