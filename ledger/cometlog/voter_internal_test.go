package cometlog

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	cmt "github.com/cometbft/cometbft/config"
	"github.com/cometbft/cometbft/privval"
	cmtproto "github.com/cometbft/cometbft/proto/tendermint/types"

	"github.com/hufu-id/hufu/internal/headfile"
)

// polling is a node's folder with a voting key.
type polling struct {
	*testing.T
	config       *cmt.Config
	state, begun string
}

func newPolling(t *testing.T) *polling {
	dir := t.TempDir()
	p := &polling{T: t, config: cmt.DefaultConfig().SetRoot(dir), begun: filepath.Join(dir, fileVoted)}
	p.state = p.config.PrivValidatorStateFile()
	for _, path := range []string{p.state, p.config.PrivValidatorKeyFile()} {
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	privval.GenFilePV(p.config.PrivValidatorKeyFile(), p.state).Key.Save()
	return p
}

func (p *polling) load(lost bool) (*voter, error) {
	return loadVoter(p.Context(), p.config, p.begun, lost)
}

func (p *polling) vote(heights ...int64) {
	p.Helper()
	v, err := p.load(false)
	if err != nil {
		p.Fatal(err)
	}
	for _, h := range heights {
		if err := v.SignVote("chain", &cmtproto.Vote{Type: cmtproto.PrevoteType, Height: h, Timestamp: time.Unix(h, 0)}); err != nil {
			p.Fatal(err)
		}
	}
}

// TestVotesWentBack: a vote.state that is gone or older than the last vote, or one without
// the file that tells, starts no node, unless its operator says so.
func TestVotesWentBack(t *testing.T) {
	for name, spoil := range map[string]func(p *polling, older []byte) error{
		"gone":               func(p *polling, _ []byte) error { return os.Remove(p.state) },
		"older":              func(p *polling, older []byte) error { return os.WriteFile(p.state, older, 0o600) },
		"nothing tells":      func(p *polling, _ []byte) error { return os.Remove(p.begun) },
		"what tells is cut":  func(p *polling, _ []byte) error { return os.Truncate(p.begun, 9) },
		"gone, and so is it": func(p *polling, _ []byte) error { return errors.Join(os.Remove(p.state), os.Truncate(p.begun, 0)) },
	} {
		t.Run(name, func(t *testing.T) {
			p := newPolling(t)
			p.vote(1, 2)
			older, err := os.ReadFile(p.state)
			if err != nil {
				t.Fatal(err)
			}
			p.vote(2, 3) // the same vote again, and another
			if err := spoil(p, older); err != nil {
				t.Fatal(err)
			}
			if _, err := p.load(false); !errors.Is(err, ErrVotesLost) {
				t.Fatalf("got %v", err)
			}
			if _, err := p.load(true); err != nil {
				t.Fatal(err)
			}
			p.vote(4)
			b, err := os.ReadFile(p.begun + ".restored")
			if err != nil || strings.Count(string(b), "\n") != 1 {
				t.Errorf("%q, %v", b, err)
			}
		})
	}
}

// TestFirstVoteCutShort: a node that died between its two files has not voted.
func TestFirstVoteCutShort(t *testing.T) {
	p := newPolling(t)
	p.vote()
	if err := os.Remove(p.begun); err != nil {
		t.Fatal(err)
	}
	p.vote(1)
}

// TestNoVoteWithoutItsNote: a vote does not leave where vote.begun cannot be written.
func TestNoVoteWithoutItsNote(t *testing.T) {
	p := newPolling(t)
	v, err := p.load(false)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(p.begun); err != nil {
		t.Fatal(err)
	}
	if err := v.SignVote("chain", &cmtproto.Vote{Type: cmtproto.PrevoteType, Height: 1}); !errors.Is(err, headfile.ErrMissing) {
		t.Errorf("vote: %v", err)
	}
	if err := v.SignProposal("chain", &cmtproto.Proposal{Type: cmtproto.ProposalType, Height: 2}); !errors.Is(err, headfile.ErrMissing) {
		t.Errorf("proposal: %v", err)
	}
}
