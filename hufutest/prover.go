package hufutest

import (
	"context"
	"os"
	"sync"

	"github.com/hufu-id/hufu/internal/testkeys"
	"github.com/hufu-id/hufu/wallet"
	"github.com/hufu-id/hufu/zkp/prover"
	"github.com/hufu-id/hufu/zkp/prover/anchored"
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
	c.must(anchored.PublishDevelopment(c.t.Context(), c.Root.agency, c.Public, keys))
	c.prover = keys
	return keys
}

// UseSketch gives the wallets made from now on another prover than the real
// one: for tests of everything about a proof but its truth.
func (c *Country) UseSketch(p wallet.Prover) { c.prover = p }
