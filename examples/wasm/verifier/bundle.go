//go:build js && wasm

package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"golang.org/x/mod/sumdb/tlog"

	"github.com/hufu-id/hufu/examples/wasm/message"
	"github.com/hufu-id/hufu/ledger"
)

// errNoConsistency: the bundle does not prove that the ledger only grew since
// the last one.
var errNoConsistency = errors.New("bundle has no proof that it extends the last one")

// bundle is a ledger.Reader over one proof of many keys, which the page fetched.
// What a judgement needs and the proof leaves out could not be checked.
type bundle struct {
	proof       *ledger.Proof
	from        uint64
	consistency []tlog.Hash
}

type bundleIn struct {
	Proof       []byte   `json:"proof"` // as ledger.Proof.Bytes writes it
	From        uint64   `json:"from,omitzero"`
	Consistency [][]byte `json:"consistency,omitzero"` // 32 bytes each
}

func (in *bundleIn) bundle() (*bundle, error) {
	proof, err := ledger.ParseProof(in.Proof)
	if err != nil {
		return nil, err
	}
	b := &bundle{proof: proof, from: in.From, consistency: make([]tlog.Hash, len(in.Consistency))}
	for i, hash := range in.Consistency {
		if len(hash) != len(b.consistency[i]) {
			return nil, fmt.Errorf("%w: consistency proof", message.ErrForm)
		}
		b.consistency[i] = tlog.Hash(hash)
	}
	return b, nil
}

// Prove implements ledger.Reader.
func (b *bundle) Prove(context.Context, ...string) (*ledger.Proof, error) { return b.proof, nil }

// Keys lists those that the proof shows to be on the ledger, so that a request can prove
// who asks.
func (b *bundle) Keys(_ context.Context, prefix, after string) ([]string, error) {
	var keys []string
	for _, e := range b.proof.Entries {
		if e.Value != nil && e.Key > after && strings.HasPrefix(e.Key, prefix) {
			keys = append(keys, e.Key)
		}
	}
	slices.Sort(keys)
	return keys, nil
}

// ProveConsistency implements ledger.Reader.
func (b *bundle) ProveConsistency(_ context.Context, from, _ uint64) ([]tlog.Hash, error) {
	if from != b.from {
		return nil, errNoConsistency
	}
	return b.consistency, nil
}

// TrustChain implements ledger.Reader: a page is given the newest trust file.
func (*bundle) TrustChain(context.Context, uint64) ([]*ledger.SignedOperation, error) {
	return nil, nil
}
