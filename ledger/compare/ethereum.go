package main

import (
	"context"
	"crypto/ecdsa"
	"errors"
	"fmt"
	"math/big"

	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/core/types"
	"github.com/ethereum/go-ethereum/crypto"
	"github.com/ethereum/go-ethereum/eth/ethconfig"
	"github.com/ethereum/go-ethereum/ethclient"
	"github.com/ethereum/go-ethereum/ethclient/simulated"
	"github.com/ethereum/go-ethereum/node"
	"github.com/ethereum/go-ethereum/params"
	"github.com/ethereum/go-ethereum/rpc"
)

// contractAt is where the contract is from the first block on.
var contractAt = common.HexToAddress("0x1000")

// gasLimit is more than an anchor costs.
const gasLimit = 100_000

// chain is go-ethereum's simulated backend, and one account that sends
// everything.
type chain struct {
	backend *simulated.Backend
	socket  *rpc.Client
	key     *ecdsa.PrivateKey
	signer  types.Signer
	nonce   uint64
}

// openChain starts a chain. The backend's own client, without a socket, is the
// quicker one to send with; only over a socket does it give proofs, and the
// receipts of a block together.
func openChain(ctx context.Context, socket string) (*chain, error) {
	key, err := crypto.GenerateKey()
	if err != nil {
		return nil, fmt.Errorf("key of the account: %w", err)
	}
	alloc := types.GenesisAlloc{
		crypto.PubkeyToAddress(key.PublicKey): {Balance: new(big.Int).Lsh(big.NewInt(1), 128)},
		contractAt:                            {Code: contract},
	}
	c := &chain{key: key, backend: simulated.NewBackend(alloc, osaka, func(conf *node.Config, _ *ethconfig.Config) {
		conf.IPCPath = socket
	})}
	if c.socket, err = rpc.DialIPC(ctx, socket); err != nil {
		return nil, errors.Join(fmt.Errorf("socket of the chain: %w", err), c.backend.Close())
	}
	c.signer = types.LatestSignerForChainID(params.AllDevChainProtocolChanges.ChainID)
	return c, nil
}

// osaka takes the rules in force on Ethereum's main network. The backend's own
// are of a fork to come, where a new slot costs more gas.
func osaka(_ *node.Config, conf *ethconfig.Config) {
	rules := *conf.Genesis.Config
	rules.BogotaTime = nil
	conf.Genesis.Config = &rules
}

func (c *chain) close() error {
	c.socket.Close()
	return c.backend.Close()
}

// sign makes a transaction for each hash.
func (c *chain) sign(hashes [][32]byte) ([]*types.Transaction, error) {
	out := make([]*types.Transaction, len(hashes))
	for i, hash := range hashes {
		var err error
		out[i], err = types.SignNewTx(c.key, c.signer, &types.DynamicFeeTx{
			ChainID: c.signer.ChainID(), Nonce: c.nonce, To: &contractAt, Data: hash[:], Gas: gasLimit,
			// Full blocks raise the base fee, so it is capped far away.
			GasTipCap: big.NewInt(params.GWei), GasFeeCap: big.NewInt(1000 * params.GWei),
		})
		if err != nil {
			return nil, fmt.Errorf("sign a transaction: %w", err)
		}
		c.nonce++
	}
	return out, nil
}

// anchor sends transactions, makes a block of them, and reads their receipts.
func (c *chain) anchor(ctx context.Context, transactions ...*types.Transaction) error {
	for _, tx := range transactions {
		if err := c.backend.Client().SendTransaction(ctx, tx); err != nil {
			return fmt.Errorf("send: %w", err)
		}
	}
	block := c.backend.Commit()
	receipts, err := ethclient.NewClient(c.socket).BlockReceipts(ctx, rpc.BlockNumberOrHashWithHash(block, true))
	if err != nil {
		return fmt.Errorf("receipts: %w", err)
	}
	if len(receipts) != len(transactions) {
		return fmt.Errorf("%d transactions in the block, not %d", len(receipts), len(transactions))
	}
	for _, r := range receipts {
		if r.Status != types.ReceiptStatusSuccessful {
			return errReverted
		}
	}
	return nil
}

// errReverted means a hash that was anchored before.
var errReverted = errors.New("reverted")
