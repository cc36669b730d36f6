package cometlog_test

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/hufu-id/hufu/ledger"
	"github.com/hufu-id/hufu/ledger/cometlog"
)

// light changes what a node tells of its blocks.
type light struct {
	cometlog.LightSource
	change func(height int64, b []byte) ([]byte, error)
}

func (l light) LightBlock(ctx context.Context, height int64) ([]byte, error) {
	b, err := l.LightSource.LightBlock(ctx, height)
	if err != nil {
		return nil, err
	}
	return l.change(height, b)
}

func (c *consortium) genesis() []byte {
	c.Helper()
	b, err := os.ReadFile(filepath.Join(c.dirs[0], "genesis.json"))
	if err != nil {
		c.Fatal(err)
	}
	return b
}

// opinion asks about a head until its block is followed by another, and every
// source has both.
func (c *consortium) opinion(head *ledger.Head, sources ...cometlog.LightSource) (opinion *cometlog.Opinion, err error) {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	eventually(func() bool {
		opinion, err = cometlog.SecondOpinion(ctx, c.genesis(), head, time.Now(), sources...)
		return err == nil
	})
	return opinion, err
}

// TestSecondOpinion: CometBFT's light client agrees with what was cosigned, and
// with nothing else.
func TestSecondOpinion(t *testing.T) {
	c := newConsortium(t, 4, cometlog.TestnetOptions{Heartbeat: time.Second})
	for n := range 5 {
		c.submit(n%4, c.anchor(n))
	}
	head := c.view(0).Head
	opinion, err := c.opinion(head, c.nodes[0], c.nodes[1], c.nodes[2])
	if err != nil || opinion.Validators != 4 || opinion.Block < 5 {
		t.Fatal(opinion, err)
	}
	ctx := t.Context()
	other := *head
	other.Root[0] ^= 1
	if _, err := cometlog.SecondOpinion(ctx, c.genesis(), &other, time.Now(), c.nodes[0], c.nodes[1]); !errors.Is(err, cometlog.ErrOpinion) {
		t.Error("another root:", err)
	}
	if _, err := cometlog.SecondOpinion(ctx, c.genesis(), head, time.Now(), c.nodes[0]); !errors.Is(err, cometlog.ErrConfig) {
		t.Error("one node:", err)
	}
	if _, err := cometlog.SecondOpinion(ctx, c.genesis(), nil, time.Now(), c.nodes[0], c.nodes[1]); !errors.Is(err, cometlog.ErrConfig) {
		t.Error("no head:", err)
	}
	if _, err := cometlog.SecondOpinion(ctx, []byte("{}"), head, time.Now(), c.nodes[0], c.nodes[1]); !errors.Is(err, cometlog.ErrConfig) {
		t.Error("no genesis:", err)
	}
	c.lies(t, head)
}

// lies insists that no altered block leads to an opinion.
func (c *consortium) lies(t *testing.T, head *ledger.Head) {
	stranger := newConsortium(t, 1, cometlog.TestnetOptions{Heartbeat: time.Second})
	if _, err := cometlog.SecondOpinion(t.Context(), stranger.genesis(), head, time.Now(), c.nodes[0], c.nodes[1]); err == nil {
		t.Error("another genesis")
	}
	flip := func(at int) func(int64, []byte) ([]byte, error) {
		return func(height int64, b []byte) ([]byte, error) {
			if height == 1 {
				return b, nil
			}
			b = bytes.Clone(b)
			b[at%len(b)] ^= 1
			return b, nil
		}
	}
	for name, change := range map[string]func(int64, []byte) ([]byte, error){
		"a changed header": flip(60), "a changed vote": flip(400), "changed validators": flip(900),
		"nothing":   func(int64, []byte) ([]byte, error) { return nil, nil },
		"too much":  func(_ int64, b []byte) ([]byte, error) { return append(b, make([]byte, 1<<20)...), nil },
		"no answer": func(int64, []byte) ([]byte, error) { return nil, errors.New("unplugged") },
		"block one": func(int64, []byte) ([]byte, error) { return c.nodes[0].LightBlock(context.Background(), 1) },
	} {
		ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
		if opinion, err := cometlog.SecondOpinion(ctx, c.genesis(), head, time.Now(), light{c.nodes[0], change}, c.nodes[1]); err == nil {
			t.Errorf("%s: %v", name, opinion)
		}
		cancel()
	}
}

// TestLightBlock: blocks that a node does not have.
func TestLightBlock(t *testing.T) {
	c := newConsortium(t, 1, cometlog.TestnetOptions{Heartbeat: time.Second})
	c.submit(0, c.anchor(1))
	for _, height := range []int64{-1, 1 << 40} {
		if b, err := c.nodes[0].LightBlock(t.Context(), height); !errors.Is(err, cometlog.ErrNoBlock) || b != nil {
			t.Errorf("%d: %v", height, err)
		}
	}
}
