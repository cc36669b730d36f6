package main

import (
	"context"

	"github.com/ethereum/go-ethereum/common"
)

// proofs are of one anchor: ours, and the chain's under a block.
type proofs struct {
	hash  [32]byte
	ours  []byte
	peer  *chainProof
	block common.Hash
}

func (f *field) prove(ctx context.Context) (err error) {
	p := proofs{hash: f.anchored}
	if p.ours, err = f.state.prove(ctx, p.hash); err != nil {
		return err
	}
	if p.peer, p.block, err = f.chain.prove(ctx, p.hash); err != nil {
		return err
	}
	f.proofs = p
	return nil
}

// verify is a contest between the readers of both.
func (f *field) verify(ctx context.Context, l load) *contest {
	return &contest{
		what: "verify the proof of an anchor", ourWay: "ParseProof, Verify", peerWay: "EIP-1186, block trusted", count: l.verifications,
		prepare: func() error { return f.prove(ctx) },
		ours:    repeated(l.verifications, func() error { return f.state.verify(f.proofs.ours, f.proofs.hash) }),
		peer:    repeated(l.verifications, func() error { return f.proofs.peer.verify(f.proofs.block, f.proofs.hash) }),
	}
}

func repeated(times int, work func() error) func() error {
	return func() error {
		for range times {
			if err := work(); err != nil {
				return err
			}
		}
		return nil
	}
}

// sizes are of the last proofs made.
func (f *field) sizes() []size {
	return []size{{"proof of an anchor", "Proof.Bytes", "header, EIP-1186 nodes", len(f.proofs.ours), f.proofs.peer.size()}}
}
