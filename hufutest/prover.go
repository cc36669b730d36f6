package hufutest

import (
	"context"
	"os"
	"sync"

	"github.com/hufu-id/hufu/internal/testkeys"
	"github.com/hufu-id/hufu/wallet"
	"github.com/hufu-id/hufu/zkp"
	"github.com/hufu-id/hufu/zkp/prover"
)

// developmentKeys opens single-party keys, and makes them the first time.
var developmentKeys = sync.OnceValues(func() (*prover.Prover, error) {
	folder, err := testkeys.Cache()
	if err != nil { // an adopter's module
		if folder, err = os.UserCacheDir(); err != nil {
			return nil, err
		}
	}
	return prover.DevelopmentKeys(context.Background(), folder, nil)
})

// UseProver puts the development keys on the ledger, makes them public, and gives
// the prover to the wallets made from now on.
func (c *Country) UseProver() *prover.Prover {
	c.t.Helper()
	keys, err := developmentKeys()
	c.must(err)
	for _, circuit := range prover.Circuits() {
		b, hash, err := keys.VerifyingKey(circuit)
		c.must(err)
		c.must(c.Public.PublishKey(c.t.Context(), b))
		key, err := zkp.ParseVerifyingKey(b, hash, zkp.KeyOptions{AllowSinglePartySetupUnsafe: true})
		c.must(err)
		c.must(c.Root.agency.PublishVerifyingKeys(c.t.Context(), [32]byte{}, key))
	}
	c.prover = keys
	return keys
}

// UseSketch gives the wallets made from now on another prover than the real
// one: for tests of everything about a proof but its truth.
func (c *Country) UseSketch(p wallet.Prover) { c.prover = p }
