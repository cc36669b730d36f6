package prover

import (
	"math/big"

	"github.com/hufu-id/hufu/zkp"
)

// domains holds the constants that the circuits build in.
type domains struct {
	pseudonym, commitment, signature, registry, revocation, set *big.Int
}

func domainConstants() domains {
	d := zkp.Domains()
	return domains{
		pseudonym: constant(d["pseudonym"]), commitment: constant(d["commitment"]),
		signature: constant(d["signature"]), registry: constant(d["registry"]),
		revocation: constant(d["revocation"]), set: constant(d["set"]),
	}
}
