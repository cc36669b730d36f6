package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/schollz/progressbar/v3"
	"golang.org/x/term"

	"github.com/hufu-id/hufu/zkp/prover"
)

// say prints a sentence, unless JSON was asked for.
func (a *app) say(id string, data ...any) {
	if !a.json {
		fmt.Fprintln(a.out, a.words.text(id, data...))
	}
}

// print writes one JSON object on one line.
func (a *app) print(v any) {
	b, err := json.Marshal(v)
	if err != nil {
		panic(err) // only plain values are printed
	}
	fmt.Fprintln(a.out, string(b))
}

// report prints a sentence or its JSON twin.
func (a *app) report(v any, id string, data ...any) {
	if a.json {
		a.print(v)
		return
	}
	a.say(id, data...)
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

// confirm asks a yes-or-no question; without a terminal the answer is no.
func (a *app) confirm(id string) (bool, error) {
	f, ok := a.in.(*os.File)
	if !ok || !term.IsTerminal(int(f.Fd())) {
		return false, usageError{errors.New(a.words.text("confirm.none"))}
	}
	fmt.Fprint(a.err, a.words.text(id), " ")
	var answer string
	if _, err := fmt.Fscanln(f, &answer); err != nil && !errors.Is(err, io.EOF) {
		return false, nil
	}
	switch strings.ToLower(strings.TrimSpace(answer)) {
	case "y", "yes", "是", "好":
		return true, nil
	}
	return false, nil
}
