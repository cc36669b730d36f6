package cometlog

import (
	"slices"
	"time"

	"github.com/cometbft/cometbft/types"

	"github.com/hufu-id/hufu/ledger/cosign"
)

// A Status is a node's report to its operator.
type Status struct {
	cosign.Status
	// Accepted and Refused count operations since the node started: those that
	// came into the ledger, and those that this node refused. A submission that
	// a block held and no node took counts once.
	Accepted, Refused uint64
	// RefusedProposals counts blocks of others that this node did not vote for.
	RefusedProposals uint64
	// Block and BlockTime are those of the newest block, zero before there is one.
	Block     int64
	BlockTime time.Time
	// Lag is how many blocks a peer is ahead of this node, zero where none is.
	Lag int64
	// Peers counts the nodes that this one is connected to.
	Peers int
	// Mempool counts transactions that wait for a block, and MempoolBytes their bytes.
	Mempool      int
	MempoolBytes int64
	// Submitters counts callers of Submit that wait.
	Submitters int
	// Skew is how far this node's clock was ahead of the median of the nodes that signed
	// the newest block; zero where this node did not sign it.
	Skew time.Duration
	// Database and WAL are the sizes in bytes of the database and of its write-ahead log,
	// zero where the system does not tell.
	Database, WAL int64
}

// Status returns the node's current report.
func (n *Node) Status() Status {
	s := Status{
		Status: n.app.published.Status(), Accepted: n.app.accepted.Load(), Refused: n.app.refused.Load(),
		RefusedProposals: n.app.refusedProposals.Load(), Submitters: n.app.waiters.count(),
		Mempool: n.comet.Mempool().Size(), MempoolBytes: n.comet.Mempool().SizeBytes(),
	}
	sizes, _ := n.db.Sizes() // the log warns where the system does not tell
	s.Database, s.WAL = sizes.Database, sizes.WAL
	n.blockStatus(&s)
	for _, peer := range n.comet.Switch().Peers().List() {
		s.Peers++
		if at, ok := peer.Get(types.PeerStateKey).(interface{ GetHeight() int64 }); ok {
			s.Lag = max(s.Lag, at.GetHeight()-1-s.Block) // it works on the next block
		}
	}
	return s
}

// blockStatus reports on the newest block and on who signed it when.
func (n *Node) blockStatus(s *Status) {
	store := n.comet.BlockStore()
	s.Block = store.Height()
	if meta := store.LoadBlockMeta(s.Block); meta != nil {
		s.BlockTime = meta.Header.Time
	}
	commit := store.LoadSeenCommit(s.Block)
	if commit == nil {
		return
	}
	var own time.Time
	var all []time.Time
	for _, vote := range commit.Signatures {
		if vote.BlockIDFlag == types.BlockIDFlagAbsent {
			continue
		}
		all = append(all, vote.Timestamp)
		if vote.ValidatorAddress.String() == n.voter {
			own = vote.Timestamp
		}
	}
	if !own.IsZero() {
		slices.SortFunc(all, time.Time.Compare)
		s.Skew = own.Sub(all[len(all)/2])
	}
}

// refuse counts operations that were refused, and tells the operator's program why.
func (a *app) refuse(operations int, err error) {
	a.refused.Add(uint64(operations))
	if a.onRefusal != nil {
		a.onRefusal(operations, err)
	}
}
