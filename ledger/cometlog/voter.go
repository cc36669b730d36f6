package cometlog

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	cmt "github.com/cometbft/cometbft/config"
	"github.com/cometbft/cometbft/privval"
	cmtproto "github.com/cometbft/cometbft/proto/tendermint/types"

	"github.com/hufu-id/hufu/internal/durable"
	"github.com/hufu-id/hufu/internal/headfile"
)

// voter signs votes. Before one leaves, vote.state says so durably, and the file vote.begun
// outside the data folder says how new vote.state must be: an older one could sign two
// blocks of one height.
type voter struct {
	*privval.FilePV
	data  string // folder of vote.state
	begun *headfile.File
}

// SignVote implements types.PrivValidator.
func (v *voter) SignVote(chain string, vote *cmtproto.Vote) error {
	if err := v.FilePV.SignVote(chain, vote); err != nil {
		return err
	}
	return v.note()
}

// SignProposal implements types.PrivValidator.
func (v *voter) SignProposal(chain string, proposal *cmtproto.Proposal) error {
	if err := v.FilePV.SignProposal(chain, proposal); err != nil {
		return err
	}
	return v.note()
}

func (v *voter) note() error {
	// CometBFT renames vote.state into place and leaves the folder to the system.
	if err := durable.SyncFolder(v.data); err != nil {
		return fmt.Errorf("cometlog: vote.state: %w", err)
	}
	if err := v.begun.Note(context.Background(), position(v.LastSignState)); err != nil {
		return fmt.Errorf("cometlog: vote.begun: %w", err)
	}
	return nil
}

// position orders what a node voted for.
func position(s privval.FilePVLastSignState) headfile.Head {
	const maxRound = 1<<18 - 1
	return headfile.Head{Counter: uint64(s.Height)<<20 | uint64(min(s.Round, maxRound))<<2 | uint64(s.Step)}
}

// loadVoter reads the voting key. CometBFT's own reader ends the process if the
// file is damaged, so loadVoter checks the file first. The file begun says how new
// vote.state must be. Without it, or with an older vote.state, the node starts only where
// lost is set. The error is [ErrVotesLost], [ErrConfig] or the file system's own.
func loadVoter(ctx context.Context, config *cmt.Config, begun string, lost bool) (*voter, error) {
	key, err := readVote(config.PrivValidatorKeyFile())
	if err != nil {
		return nil, err
	}
	state := config.PrivValidatorStateFile()
	v := &voter{data: filepath.Dir(state), begun: headfile.New(begun, key.PubKey.Bytes(), nil)}
	before, failed := v.begun.Read(ctx)
	if failed != nil && !errors.Is(failed, headfile.ErrMissing) {
		return nil, fmt.Errorf("cometlog: %w", failed)
	}
	_, err = os.Lstat(begun)
	first := errors.Is(err, os.ErrNotExist)
	v.FilePV = privval.LoadFilePVEmptyState(config.PrivValidatorKeyFile(), state)
	if _, err := os.Stat(state); err == nil {
		v.FilePV = privval.LoadFilePV(config.PrivValidatorKeyFile(), state)
	}
	now := position(v.LastSignState)
	begins := first && now.Counter == 0
	forgot := !begins && (failed != nil || now.Counter < before.Counter)
	if forgot && !lost {
		return nil, ErrVotesLost
	}
	// Without vote.state it replays the chain first, and so cannot contradict itself about
	// blocks that were committed.
	v.LastSignState.Save()
	switch {
	case begins:
		err = v.begun.Create(now)
	case forgot:
		err = v.begun.Accept(ctx, now, time.Now())
	default:
		err = v.note()
	}
	if err != nil {
		return nil, fmt.Errorf("cometlog: %w", err)
	}
	return v, nil
}
