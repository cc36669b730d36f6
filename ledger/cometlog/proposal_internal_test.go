package cometlog

import (
	"errors"
	"testing"
	"time"

	abci "github.com/cometbft/cometbft/abci/types"

	"github.com/hufu-id/hufu/ledger"
)

// TestHostileProposal: a node votes for no block that costs it dearly or means nothing, and
// for every block that a good node makes.
func TestHostileProposal(t *testing.T) {
	d := drive(t, Options{})
	d.counts()
	uses := make([]ledger.Object, blockUses)
	for n := range uses {
		uses[n] = d.use(n)
	}
	full, one, anchor := d.tx(uses...), d.tx(d.use(blockUses)), d.tx(d.anchor(1))
	var large [][]byte
	for n := range 3 {
		file := &ledger.KeyFile{File: make([]byte, 7<<10), Agency: d.rootDID()}
		var files []ledger.Object
		for range 100 {
			files = append(files, file)
		}
		file.File[0] = byte(n)
		large = append(large, d.tx(files...))
	}
	if !d.proposed(d.now, full, anchor) || !d.proposed(d.now) || !d.proposed(d.now, large[:2]...) {
		t.Error("a good block was refused")
	}
	for name, txs := range map[string][][]byte{
		"malformed":     {anchor, []byte("x")},
		"nothing":       {nil},
		"repeated":      {anchor, anchor},
		"too many uses": {full, one},
		"too large":     large,
	} {
		if d.proposed(d.now, txs...) {
			t.Errorf("%s: accepted", name)
		}
		made, err := d.PrepareProposal(t.Context(), &abci.RequestPrepareProposal{Txs: txs, MaxTxBytes: 21 << 20})
		if err != nil {
			t.Fatal(err)
		}
		if len(made.Txs) >= len(txs) || !d.proposed(d.now, made.Txs...) {
			t.Errorf("%s: a good node proposes %d of %d", name, len(made.Txs), len(txs))
		}
	}
	if made, err := d.PrepareProposal(t.Context(), &abci.RequestPrepareProposal{Txs: [][]byte{anchor}, MaxTxBytes: 10}); err != nil || len(made.Txs) > 0 {
		t.Error("more bytes than CometBFT has place for:", err)
	}
	if r := d.admitted(d.tx(append(uses, d.use(blockUses))...), false); r.Code == abci.CodeTypeOK {
		t.Error("a transaction that no block has place for waits for ever")
	}
}

// TestProposedTime: this node's clock judges a proposal, and no block that is decided.
func TestProposedTime(t *testing.T) {
	d := drive(t, Options{})
	d.decided()
	last := d.now
	d.now = d.now.Add(time.Hour)
	for name, c := range map[string]struct {
		at   time.Time
		want bool
	}{
		"now":                       {d.now, true},
		"a minute ahead":            {d.now.Add(time.Minute), true},
		"more":                      {d.now.Add(time.Minute + time.Second), false},
		"eighty years ahead":        {d.now.AddDate(80, 0, 0), false},
		"before this node's clock":  {last, true},
		"before the ledger's":       {last.Add(-time.Millisecond), false},
		"long before both, forever": {time.Unix(0, 0), false},
	} {
		if got := d.proposed(c.at); got != c.want {
			t.Errorf("%s: accepted %v, want %v", name, got, c.want)
		}
	}
	// The others decided it: a node whose clock is behind follows.
	d.now = d.now.Add(-30 * time.Minute)
	at := last.Add(time.Hour)
	if _, err := d.FinalizeBlock(t.Context(), &abci.RequestFinalizeBlock{Time: at, Txs: [][]byte{d.tx(d.anchor(1))}, Height: 2}); err != nil {
		t.Error(err)
	}
}

// TestProposedAfterAPause: all clocks may be wrong alike. Where a ledger stood still for
// long, its operators say so.
func TestProposedAfterAPause(t *testing.T) {
	d := drive(t, Options{})
	d.decided()
	pause := 31 * 24 * time.Hour
	d.now = d.now.Add(pause)
	if d.proposed(d.now) {
		t.Error("a month is nothing")
	}
	var refused *ledger.PauseError
	if err := d.inTime(d.now); !errors.As(err, &refused) || !errors.Is(err, ledger.ErrPause) {
		t.Error(err)
	}
	d.node.app, d.node.stopped = d.app, make(chan struct{})
	if err := d.node.Ready(); !errors.Is(err, ErrBehind) || !errors.Is(err, ledger.ErrPause) {
		t.Error("an operator does not hear why:", err)
	}
	told := drive(t, Options{MaxPause: 2 * pause})
	told.decided()
	told.now = told.now.Add(pause)
	if !told.proposed(told.now) {
		t.Error("the operator said so")
	}
}
