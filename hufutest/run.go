package hufutest

import (
	"context"
	"fmt"
	"os"
)

// Run tells a story in a country of its own: for runnable examples, which have
// no *testing.T. Whatever goes wrong panics.
func Run(opts Options, story func(ctx context.Context, c *Country)) {
	e := &example{ctx: context.Background()}
	defer func() {
		for i := len(e.cleanups) - 1; i >= 0; i-- {
			e.cleanups[i]()
		}
	}()
	story(e.ctx, New(e, opts))
}

// example is a TB without a test.
type example struct {
	ctx      context.Context
	cleanups []func()
}

func (e *example) Helper()                           {}
func (e *example) Context() context.Context          { return e.ctx }
func (e *example) Cleanup(f func())                  { e.cleanups = append(e.cleanups, f) }
func (e *example) Fatalf(format string, args ...any) { panic(fmt.Sprintf(format, args...)) }

func (e *example) TempDir() string {
	dir, err := os.MkdirTemp("", "hufutest-")
	if err != nil {
		panic(err)
	}
	e.Cleanup(func() { _ = os.RemoveAll(dir) })
	return dir
}
