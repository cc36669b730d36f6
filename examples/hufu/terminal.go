package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/schollz/progressbar/v3"

	"github.com/hufu-id/hufu/legible"
	"github.com/hufu-id/hufu/legible/ask"
	"github.com/hufu-id/hufu/legible/lines"
	"github.com/hufu-id/hufu/zkp/prover"
)

// say prints a sentence, unless JSON was asked for.
func (a *app) say(id string, data ...any) {
	if !a.json {
		a.tell(a.out, a.words.text(id, data...))
	}
}

// tell prints a text, on a terminal in lines that fit it.
func (a *app) tell(w io.Writer, text string) { fmt.Fprintln(w, lines.Wrap(text, lines.Columns(w))) }

// print writes one JSON object on one line, and returns nil.
func (a *app) print(v any) error {
	b, err := json.Marshal(v)
	if err != nil {
		panic(err) // only plain values are printed
	}
	fmt.Fprintln(a.out, string(legible.JSON(b)))
	return nil
}

// report prints a sentence or its JSON twin. It returns nil, so that a command can
// end with it.
func (a *app) report(v any, id string, data ...any) error {
	if a.json {
		return a.print(v)
	}
	a.say(id, data...)
	return nil
}

// keyProgress shows how far the making of keys is: a line a step, and on a
// terminal something that moves.
func (a *app) keyProgress() func(prover.Step) {
	line := func(s prover.Step) string {
		return a.words.text("keys.step", "Name", s.Name, "Number", s.Done+1, "Total", s.Total)
	}
	f, ok := ask.Terminal(a.err)
	if !ok {
		return func(s prover.Step) {
			if s.Done < s.Total {
				fmt.Fprintln(a.err, line(s))
			}
		}
	}
	var spinner *progressbar.ProgressBar
	return func(s prover.Step) {
		switch {
		case s.Done == s.Total && spinner != nil:
			_ = spinner.Finish() // a spinner that does not draw hurts nobody
		case spinner == nil:
			spinner = progressbar.NewOptions(-1, progressbar.OptionSetWriter(f), progressbar.OptionSpinnerType(14),
				progressbar.OptionSetDescription(line(s)), progressbar.OptionClearOnFinish(), progressbar.OptionSetElapsedTime(true))
			spinner.StartWithoutRender()
		default:
			spinner.Describe(line(s))
		}
	}
}

// passphrase reads HUFU_PASSPHRASE, or asks on the terminal; twice where a new
// one is set.
func (a *app) passphrase(fresh bool) ([]byte, error) {
	if p, ok := os.LookupEnv("HUFU_PASSPHRASE"); ok {
		if p == "" {
			return nil, usageError{errors.New("HUFU_PASSPHRASE is empty")}
		}
		return []byte(p), nil
	}
	prompts := []string{a.words.text("passphrase.ask")}
	if fresh {
		prompts = append(prompts, a.words.text("passphrase.again"))
	}
	p, err := ask.Passphrase(a.in, a.err, prompts...)
	for reason, id := range map[error]string{ask.ErrNoTerminal: "passphrase.none", ask.ErrEmpty: "passphrase.empty", ask.ErrDiffer: "passphrase.differ"} {
		if errors.Is(err, reason) {
			return nil, usageError{errors.New(a.words.text(id))}
		}
	}
	return p, err
}

// errDeclined is a no to a question.
var errDeclined = errors.New("declined")

// confirm asks a yes-or-no question unless the answer is yes already. Ctrl-C is a no.
func (a *app) confirm(ctx context.Context, id string, yes bool) error {
	if yes {
		return nil
	}
	yes, err := ask.Confirm(ctx, a.in, a.err, a.words.text(id))
	switch {
	case err != nil:
		return usageError{errors.New(a.words.text("confirm.none"))}
	case !yes:
		return errDeclined
	}
	return nil
}
