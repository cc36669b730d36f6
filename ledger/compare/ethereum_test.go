package main

import (
	"errors"
	"math/big"
	"path/filepath"
	"testing"

	"github.com/ethereum/go-ethereum/common"
)

func newChain(t *testing.T) *chain {
	t.Helper()
	c, err := openChain(t.Context(), filepath.Join(t.TempDir(), "chain.ipc"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := c.close(); err != nil {
			t.Error(err)
		}
	})
	return c
}

// mined counts transactions in all blocks.
func (c *chain) mined(t *testing.T) (n int) {
	t.Helper()
	newest, err := c.backend.Client().BlockNumber(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for number := range newest + 1 {
		block, err := c.backend.Client().BlockByNumber(t.Context(), new(big.Int).SetUint64(number))
		if err != nil {
			t.Fatal(err)
		}
		n += len(block.Transactions())
	}
	return n
}

// since is the block that a hash was anchored in, zero for none.
func (c *chain) since(t *testing.T, hash [32]byte) uint64 {
	t.Helper()
	value, err := c.backend.Client().StorageAt(t.Context(), contractAt, hash, nil)
	if err != nil {
		t.Fatal(err)
	}
	return common.BytesToHash(value).Big().Uint64()
}

func TestContractIsWriteOnce(t *testing.T) {
	c := newChain(t)
	hashes := [][32]byte{{1}, {2}, {3}}
	for i, hash := range [][32]byte{hashes[0], hashes[1], hashes[0]} {
		transactions, err := c.sign([][32]byte{hash})
		if err != nil {
			t.Fatal(err)
		}
		err = c.anchor(t.Context(), transactions...)
		if second := i == 2; errors.Is(err, errReverted) != second || (err == nil) == second {
			t.Errorf("transaction %d: %v", i+1, err)
		}
	}
	for i, want := range []uint64{1, 2, 0} {
		if got := c.since(t, hashes[i]); got != want {
			t.Errorf("hash %d since block %d, not %d", i+1, got, want)
		}
	}
}

func TestBlockHoldsBatch(t *testing.T) {
	c := newChain(t)
	hashes := newHufu(t).newHashes(full.batch)
	transactions, err := c.sign(hashes)
	if err != nil {
		t.Fatal(err)
	}
	if err := c.anchor(t.Context(), transactions...); err != nil {
		t.Fatal(err)
	}
	for _, hash := range hashes {
		if got := c.since(t, hash); got != 1 {
			t.Fatalf("since block %d, not 1", got)
		}
	}
}

func TestChainProves(t *testing.T) {
	c := newChain(t)
	hashes := newHufu(t).newHashes(100)
	transactions, err := c.sign(hashes[1:])
	if err != nil {
		t.Fatal(err)
	}
	if err := c.anchor(t.Context(), transactions...); err != nil {
		t.Fatal(err)
	}
	p, block, err := c.prove(t.Context(), hashes[1])
	if err != nil {
		t.Fatal(err)
	}
	if err := p.verify(block, hashes[1]); err != nil {
		t.Fatal(err)
	}
	if p.verify(block, hashes[2]) == nil || p.verify(common.Hash{1}, hashes[1]) == nil {
		t.Error("a proof of one anchor in one block is taken for another")
	}
	for _, part := range append(append([][]byte{p.header}, p.account...), p.storage...) {
		part[len(part)/2] ^= 1
		if p.verify(block, hashes[1]) == nil {
			t.Error("a proof may be changed")
		}
		part[len(part)/2] ^= 1
	}
	absent, block, err := c.prove(t.Context(), hashes[0])
	if err != nil {
		t.Fatal(err)
	}
	if absent.verify(block, hashes[0]) == nil {
		t.Error("an anchor that nobody made is proved")
	}
}
