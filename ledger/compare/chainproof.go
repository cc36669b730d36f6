package main

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/common/hexutil"
	"github.com/ethereum/go-ethereum/core/types"
	"github.com/ethereum/go-ethereum/crypto"
	"github.com/ethereum/go-ethereum/ethclient/gethclient"
	"github.com/ethereum/go-ethereum/ethdb/memorydb"
	"github.com/ethereum/go-ethereum/rlp"
	"github.com/ethereum/go-ethereum/trie"
)

// chainProof is an EIP-1186 proof of one storage slot in binary form, with the
// header that has the state root.
type chainProof struct {
	header           []byte
	account, storage [][]byte
}

func (p *chainProof) size() int {
	n := len(p.header)
	for _, node := range slices.Concat(p.account, p.storage) {
		n += len(node)
	}
	return n
}

// prove asks for a proof under the newest block, whose hash it returns.
func (c *chain) prove(ctx context.Context, hash [32]byte) (p *chainProof, block common.Hash, err error) {
	header, err := c.backend.Client().HeaderByNumber(ctx, nil)
	if err != nil {
		return nil, block, fmt.Errorf("newest header: %w", err)
	}
	answer, err := gethclient.New(c.socket).GetProof(ctx, contractAt, []string{common.Hash(hash).Hex()}, header.Number)
	if err != nil {
		return nil, block, fmt.Errorf("eth_getProof: %w", err)
	}
	if len(answer.StorageProof) != 1 {
		return nil, block, fmt.Errorf("eth_getProof: %d proofs of one slot", len(answer.StorageProof))
	}
	p = new(chainProof)
	if p.header, err = rlp.EncodeToBytes(header); err != nil {
		return nil, block, err
	}
	if p.account, err = decode(answer.AccountProof); err != nil {
		return nil, block, err
	}
	p.storage, err = decode(answer.StorageProof[0].Proof)
	return p, header.Hash(), err
}

func decode(nodes []string) (out [][]byte, err error) {
	for _, node := range nodes {
		b, err := hexutil.Decode(node)
		if err != nil {
			return nil, err
		}
		out = append(out, b)
	}
	return out, nil
}

// verify is the reader's part, who has the block's hash from someone trusted:
// header → account → slot.
func (p *chainProof) verify(block common.Hash, hash [32]byte) error {
	if crypto.Keccak256Hash(p.header) != block {
		return errors.New("header of another block")
	}
	var header types.Header
	if err := rlp.DecodeBytes(p.header, &header); err != nil {
		return err
	}
	value, err := lookUp(header.Root, contractAt[:], p.account)
	if err != nil {
		return err
	}
	var account types.StateAccount
	if err := rlp.DecodeBytes(value, &account); err != nil {
		return err
	}
	since, err := lookUp(account.Root, hash[:], p.storage)
	if err != nil {
		return err
	}
	if len(since) == 0 {
		return errors.New("proved to be absent")
	}
	return nil
}

// lookUp follows a Merkle Patricia proof from a root to a key's value.
func lookUp(root common.Hash, key []byte, proof [][]byte) ([]byte, error) {
	nodes := memorydb.New()
	for _, node := range proof {
		if err := nodes.Put(crypto.Keccak256(node), node); err != nil {
			return nil, err
		}
	}
	return trie.VerifyProof(root, crypto.Keccak256(key), nodes)
}
