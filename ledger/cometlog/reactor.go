package cometlog

import (
	"github.com/cometbft/cometbft/p2p"
	"github.com/cometbft/cometbft/p2p/conn"
	"github.com/cosmos/gogoproto/types"

	"github.com/hufu-id/hufu/internal/limits"
	"github.com/hufu-id/hufu/ledger/cosign"
)

// signatureChannel is the channel on which nodes send each other signatures on
// checkpoints. CometBFT's own channels end at 0x61.
const signatureChannel = byte(0x70)

// reactor spreads signatures on checkpoints between nodes, over the connections
// that CometBFT has authenticated. A message is a signed note.
type reactor struct {
	p2p.BaseReactor
	published *cosign.Published
}

// newReactor returns a reactor. It gets its Published before it starts.
func newReactor() *reactor {
	r := new(reactor)
	r.BaseReactor = *p2p.NewBaseReactor("checkpoints", r)
	return r
}

// GetChannels implements p2p.Reactor.
func (r *reactor) GetChannels() []*conn.ChannelDescriptor {
	return []*conn.ChannelDescriptor{{
		ID: signatureChannel, Priority: 5, SendQueueCapacity: 64,
		RecvMessageCapacity: limits.Checkpoint + 16, MessageType: new(types.BytesValue),
	}}
}

// AddPeer sends a new peer the known signatures on the newest checkpoint: the
// peer may have been away.
func (r *reactor) AddPeer(peer p2p.Peer) {
	if signed := r.published.Newest(); signed != nil {
		peer.TrySend(envelope(signed))
	}
}

// Receive implements p2p.Reactor. It passes new signatures on to the other
// peers, who may not be connected to the sender.
func (r *reactor) Receive(e p2p.Envelope) {
	message, ok := e.Message.(*types.BytesValue)
	if !ok {
		r.Switch.StopPeerForError(e.Src, "not a signature")
		return
	}
	if r.published.Add(message.Value) {
		r.spread(message.Value)
	}
}

func (r *reactor) spread(signed []byte) {
	if r.Switch == nil || !r.IsRunning() {
		return
	}
	for _, peer := range r.Switch.Peers().List() {
		peer.TrySend(envelope(signed))
	}
}

func envelope(signed []byte) p2p.Envelope {
	return p2p.Envelope{ChannelID: signatureChannel, Message: &types.BytesValue{Value: signed}}
}
