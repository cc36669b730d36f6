//go:build linux

package powerloss

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
)

// A Campaign cuts the power at random moments of a trace, and then takes databases back.
type Campaign struct {
	Start  Disk // before the trace
	Events []Event
	Images int
	// Databases are the names of the databases, without those of their logs.
	Databases []string
	// Open opens what lies in a folder. The error is its own, or [ErrLost] where something
	// that was acknowledged is missing.
	Open func(dir string, acknowledged int) error
	// RolledBack is the error of a database that is older than it was.
	RolledBack error
}

// ErrLost is the error of Campaign.Open where something is missing.
var ErrLost = errors.New("acknowledged and lost")

// Run insists that each disk opens and holds all that was acknowledged, also where a head
// file was just being written. The same disk with its logs deleted, or with the databases
// of the start, must hold all of it or not open. It reports how often that was RolledBack.
func (c Campaign) Run(t *testing.T) (acknowledged, rolledBack int) {
	t.Helper()
	random := rand.New(rand.NewPCG(1, 2))
	for range c.Images {
		at := random.IntN(len(c.Events) + 1)
		disk := c.Start.Crash(c.Events[:at], random)
		acknowledged = max(acknowledged, disk.Acknowledged)
		moment := fmt.Sprintf("cut after %d of %d system calls", at, len(c.Events))
		if err := c.open(t, disk); err != nil {
			t.Errorf("%s: %v", moment, err)
		}
		for name, back := range map[string]Disk{"logs deleted": c.withoutLogs(disk), "older databases": c.olderDatabases(disk)} {
			switch err := c.open(t, back); {
			case errors.Is(err, ErrLost):
				t.Errorf("%s, %s: %v", moment, name, err)
			case errors.Is(err, c.RolledBack):
				rolledBack++
			}
		}
		if t.Failed() {
			t.FailNow()
		}
	}
	t.Logf("%d disks of %d moments, %d acknowledged, %d of %d refused that went back", c.Images, len(c.Events)+1, acknowledged, rolledBack, 2*c.Images)
	return acknowledged, rolledBack
}

func (c Campaign) open(t *testing.T, d Disk) error {
	dir := t.TempDir()
	d.Write(t, dir)
	return c.Open(dir, d.Acknowledged)
}

func (c Campaign) withoutLogs(d Disk) Disk {
	out := Disk{Files: map[string][]byte{}, Acknowledged: d.Acknowledged}
	for name, content := range d.Files {
		if !strings.HasSuffix(name, "-wal") {
			out.Files[name] = content
		}
	}
	return out
}

func (c Campaign) olderDatabases(d Disk) Disk {
	out := c.withoutLogs(d)
	for _, name := range c.Databases {
		out.Files[name] = c.Start.Files[name]
	}
	return out
}
