package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/schollz/progressbar/v3"
	"golang.org/x/term"

	"github.com/hufu-id/hufu/legible"
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
	f, ok := a.err.(*os.File)
	if !ok || !term.IsTerminal(int(f.Fd())) {
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
	f, ok := a.in.(*os.File)
	if !ok || !term.IsTerminal(int(f.Fd())) {
		return nil, usageError{errors.New(a.words.text("passphrase.none"))}
	}
	first, err := a.ask(f, "passphrase.ask")
	if err != nil || !fresh {
		return first, err
	}
	second, err := a.ask(f, "passphrase.again")
	if err != nil {
		return nil, err
	}
	if string(first) != string(second) {
		return nil, usageError{errors.New(a.words.text("passphrase.differ"))}
	}
	return first, nil
}

func (a *app) ask(f *os.File, id string) ([]byte, error) {
	fmt.Fprint(a.err, a.words.text(id), " ")
	b, err := term.ReadPassword(int(f.Fd()))
	fmt.Fprintln(a.err)
	if err == nil && len(b) == 0 {
		err = usageError{errors.New(a.words.text("passphrase.empty"))}
	}
	return b, err
}

// errDeclined is a no to a question.
var errDeclined = errors.New("declined")

// confirm asks a yes-or-no question unless the answer is yes already. Ctrl-C is a no.
func (a *app) confirm(ctx context.Context, id string, yes bool) error {
	if yes {
		return nil
	}
	f, ok := a.in.(*os.File)
	if !ok || !term.IsTerminal(int(f.Fd())) {
		return usageError{errors.New(a.words.text("confirm.none"))}
	}
	fmt.Fprint(a.err, a.words.text(id), " ")
	answer := make(chan string, 1)
	go func() {
		line, _ := bufio.NewReader(io.LimitReader(f, lineLimit)).ReadString('\n') // no answer is a no
		answer <- line
	}()
	select {
	case line := <-answer:
		if isYes(line) {
			return nil
		}
	case <-ctx.Done():
		fmt.Fprintln(a.err)
	}
	return errDeclined
}

// lineLimit caps an answer in bytes.
const lineLimit = 1 << 10

// isYes reads a whole line.
func isYes(line string) bool {
	switch strings.ToLower(strings.TrimSpace(line)) {
	case "y", "yes", "是", "是的", "好", "好的", "同意":
		return true
	}
	return false
}
