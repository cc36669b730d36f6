// Package ask asks the person at a terminal: for a passphrase, which does not show, for
// one line, and for a yes or a no.
//
// A question is asked only where the input is a terminal; a program that runs without one
// learns so by ErrNoTerminal, and takes its answers another way. For example
//
//	yes, err := ask.Confirm(ctx, os.Stdin, os.Stderr, "Send this? [y/N]")
//
// waits for a line, or for the end of ctx, which is a no. "Yes" is y, yes, 是, 是的, 好,
// 好的 or 同意, in either case; everything else is a no, also no answer.
//
// Not checked: whether the question itself is safe to print, and how good a passphrase is.
package ask

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"

	"golang.org/x/term"
)

var (
	// ErrNoTerminal means that nobody can be asked.
	ErrNoTerminal = errors.New("ask: the input is no terminal")
	// ErrEmpty means an empty passphrase.
	ErrEmpty = errors.New("ask: empty passphrase")
	// ErrDiffer means that a passphrase and its repetition differ.
	ErrDiffer = errors.New("ask: the two passphrases differ")
)

// maxLine caps an answer in bytes.
const maxLine = 1 << 10

// Terminal is the terminal behind a reader or a writer. ok is false where there is none.
func Terminal(stream any) (f *os.File, ok bool) {
	f, ok = stream.(*os.File)
	return f, ok && term.IsTerminal(int(f.Fd()))
}

// Passphrase asks for a passphrase, one after the other prompt for the same one. The error
// is ErrNoTerminal, ErrEmpty, ErrDiffer, or the terminal's.
func Passphrase(in io.Reader, out io.Writer, prompts ...string) (passphrase []byte, err error) {
	f, ok := Terminal(in)
	if !ok {
		return nil, ErrNoTerminal
	}
	for i, prompt := range prompts {
		fmt.Fprint(out, prompt, " ")
		answer, err := term.ReadPassword(int(f.Fd()))
		fmt.Fprintln(out)
		switch {
		case err != nil:
			return nil, err
		case len(answer) == 0:
			return nil, ErrEmpty
		case i > 0 && string(answer) != string(passphrase):
			return nil, ErrDiffer
		}
		passphrase = answer
	}
	return passphrase, nil
}

// Confirm asks a question that a yes or a no answers. The error is ErrNoTerminal.
func Confirm(ctx context.Context, in io.Reader, out io.Writer, question string) (yes bool, err error) {
	line, err := Line(ctx, in, out, question)
	if err != nil && ctx.Err() != nil {
		return false, nil
	}
	return isYes(line), err
}

// Line asks for one line, which shows as it is typed, and returns it without the space
// around it. The error is ErrNoTerminal, or that of ctx where it ends first.
func Line(ctx context.Context, in io.Reader, out io.Writer, question string) (string, error) {
	f, ok := Terminal(in)
	if !ok {
		return "", ErrNoTerminal
	}
	fmt.Fprint(out, question, " ")
	answer := make(chan string, 1)
	go func() {
		line, _ := bufio.NewReader(io.LimitReader(f, maxLine)).ReadString('\n') // no answer is a no
		answer <- line
	}()
	select {
	case line := <-answer:
		return strings.TrimSpace(line), nil
	case <-ctx.Done():
		fmt.Fprintln(out)
		return "", ctx.Err()
	}
}

// isYes reads a whole line.
func isYes(line string) bool {
	return slices.Contains([]string{"y", "yes", "是", "是的", "好", "好的", "同意"}, strings.ToLower(strings.TrimSpace(line)))
}
