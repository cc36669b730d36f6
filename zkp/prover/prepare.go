package prover

import (
	"github.com/consensys/gnark/frontend"

	"github.com/hufu-id/hufu/zkp"
)

// dayBits bounds differences between days. All days are 32-bit numbers.
const dayBits = 32

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
	Issuance   frontend.Variable // issuance scope

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
	attrHash := compress(api, 16, c.Attributes[:]...)
	api.AssertIsEqual(c.Commitment, compress(api, 4, domains.commitment, attrHash, c.Secret, c.Blinding))

	holder := compress(api, 4, domains.pseudonym, c.Secret, c.Issuance)
	credHash := compress(api, 12, domains.credential, zkp.SuiteID, c.Schema, c.Region, holder,
		c.NotBefore, c.NotAfter, c.Handle, attrHash)
	challenge := compress(api, 8, domains.signature, c.R.X, c.R.Y, c.Issuer.X, c.Issuer.Y, credHash)
	assertSignature(api, c.R, c.Issuer, c.S, challenge)

	c.assertRegistered(api, domains)
	c.assertNotRevoked(api, domains)

	assertOrdered(api, c.NotBefore, c.Day, dayBits)
	assertOrdered(api, c.Day, c.NotAfter, dayBits)
	return nil
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
	assertOrdered(api, c.KeyFrom, c.NotBefore, dayBits)
	assertOrdered(api, c.NotBefore, c.KeyUntil, dayBits)
}

// assertNotRevoked: the handle lies in a gap [from, to) of the tree.
func (c *prepareCircuit) assertNotRevoked(api frontend.API, domains domains) {
	leaf := compress(api, 4, domains.revocation, c.GapFrom, c.GapTo)
	nodes := make([][]frontend.Variable, len(c.RevocationNodes))
	for i := range nodes {
		nodes[i] = c.RevocationNodes[i][:]
	}
	assertPath(api, zkp.RevocationArity, leaf, c.Revocation, nodes, c.RevocationIndex[:])
	// Both bounds are below 2^96 in every tree the ledger makes, so neither
	// difference can wrap around the field.
	assertOrdered(api, c.GapFrom, c.Handle, zkp.HandleBits)
	assertOrdered(api, api.Add(c.Handle, 1), c.GapTo, zkp.HandleBits)
}
