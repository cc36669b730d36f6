// Package headfiletest has a counter for the tests of those that keep a head file.
package headfiletest

import "context"

// Counter is a headfile.Counter in memory. Where Err is not nil, it cannot be asked.
type Counter struct {
	Value uint64
	Err   error
}

// Read implements headfile.Counter.
func (c *Counter) Read(context.Context) (uint64, error) { return c.Value, c.Err }

// Raise implements headfile.Counter.
func (c *Counter) Raise(_ context.Context, to uint64) error {
	if c.Err == nil {
		c.Value = max(c.Value, to)
	}
	return c.Err
}
