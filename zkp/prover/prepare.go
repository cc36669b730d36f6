package prover

import (
	"math/big"

	"github.com/consensys/gnark/frontend"

	"github.com/hufu-id/hufu/zkp"
)

// prepareCircuit proves: an issuer accredited for the schema signed a
// credential for me; on the epoch's day it is valid and not revoked; com hides
// its attributes and my secret.
type prepareCircuit struct {
	Registry   frontend.Variable `gnark:",public"`
	Revocation frontend.Variable `gnark:",public"`
	Schema     frontend.Variable `gnark:",public"`
	Day        frontend.Variable `gnark:",public"`
	Commitment frontend.Variable `gnark:",public"`

	Attributes [zkp.Slots]frontend.Variable
	Secret     frontend.Variable
	Blinding   frontend.Variable
	Issuance   frontend.Variable // issuance scope, which the issuer signed

	Region, NotBefore, NotAfter, Handle frontend.Variable

	Issuer, R point
	S         frontend.Variable

	KeyFrom, KeyUntil frontend.Variable
	RegistryIndex     [2 * zkp.RegistryDepth]frontend.Variable
	RegistryNodes     [zkp.RegistryDepth][zkp.RegistryArity]frontend.Variable

	GapFrom, GapTo  frontend.Variable
	RevocationIndex [3 * zkp.RevocationDepth]frontend.Variable
	RevocationNodes [zkp.RevocationDepth][zkp.RevocationArity]frontend.Variable
}

// Define states the relation.
func (c *prepareCircuit) Define(api frontend.API) error {
	domains := domainConstants()
	bind(api, c.Registry, c.Revocation, c.Day, c.Commitment)
	attrHash := compress(api, 16, c.Attributes[:]...)
	api.AssertIsEqual(c.Commitment, compress(api, 4, domains.commitment, attrHash, c.Secret, c.Blinding))

	holder := compress(api, 4, domains.pseudonym, c.Secret, c.Issuance)
	hash := compress(api, 12, domains.signature, c.R.X, c.R.Y, c.Issuer.X, c.Issuer.Y,
		c.Schema, c.Region, holder, c.Issuance, c.terms(api), attrHash)
	assertSignature(api, c.R, c.Issuer, c.S, hash)

	c.assertRegistered(api, domains)
	c.assertNotRevoked(api, domains)

	assertOrdered(api, c.NotBefore, c.Day, zkp.DayBits)
	assertOrdered(api, c.Day, c.NotAfter, zkp.DayBits)
	assertOrdered(api, c.NotBefore, c.NotAfter, zkp.ValidityBits)
	return nil
}

// terms packs validity and handle into one element, as the issuer signed them.
// There is one way to unpack it: the registry bounds NotBefore, the revocation
// tree the handle, and NotAfter stands on top.
func (c *prepareCircuit) terms(api frontend.API) frontend.Variable {
	days := api.Add(c.NotBefore, api.Mul(c.NotAfter, 1<<32))
	return api.Add(c.Handle, api.Mul(days, new(big.Int).Lsh(big.NewInt(1), zkp.HandleBits)))
}

// assertRegistered: the key that signed is registered for this schema and
// region, and the credential begins within the key's period.
func (c *prepareCircuit) assertRegistered(api frontend.API, domains domains) {
	leaf := compress(api, 8, domains.registry, c.Issuer.X, c.Issuer.Y, c.Schema, c.Region, c.KeyFrom, c.KeyUntil)
	nodes := make([][]frontend.Variable, len(c.RegistryNodes))
	for i := range nodes {
		nodes[i] = c.RegistryNodes[i][:]
	}
	assertPath(api, zkp.RegistryArity, leaf, c.Registry, nodes, c.RegistryIndex[:])
	// Both days are below 2^20 in every leaf the ledger makes, and so is NotBefore.
	assertOrdered(api, c.KeyFrom, c.NotBefore, zkp.DayBits)
	assertOrdered(api, c.NotBefore, c.KeyUntil, zkp.DayBits)
}

// assertNotRevoked: the handle lies in a gap [from, to) of the tree.
func (c *prepareCircuit) assertNotRevoked(api frontend.API, domains domains) {
	leaf := compress(api, 4, domains.revocation, c.GapFrom, c.GapTo)
	nodes := make([][]frontend.Variable, len(c.RevocationNodes))
	for i := range nodes {
		nodes[i] = c.RevocationNodes[i][:]
	}
	assertPath(api, zkp.RevocationArity, leaf, c.Revocation, nodes, c.RevocationIndex[:])
	// Both bounds are at most 2^128 in every tree the ledger makes, so neither
	// difference can wrap around the field, and the handle is below 2^128.
	assertOrdered(api, c.GapFrom, c.Handle, zkp.HandleBits)
	assertOrdered(api, api.Add(c.Handle, 1), c.GapTo, zkp.HandleBits)
}
