package main

import (
	"math/big"

	"github.com/consensys/gnark-crypto/ecc/twistededwards"
	"github.com/consensys/gnark/frontend"
	edwards "github.com/consensys/gnark/std/algebra/native/twistededwards"
	"github.com/consensys/gnark/std/math/bits"
)

// depth is the largest tree of the compared circuit: 2^20 members.
const depth = 20

// relation is the Semaphore v4 relation of depth 20, with the public inputs in
// Semaphore's order. It is the same relation to the bit: for one identity, group,
// message and scope, both circuits have the same public inputs.
type relation struct {
	Root      frontend.Variable `gnark:",public"`
	Nullifier frontend.Variable `gnark:",public"`
	Message   frontend.Variable `gnark:",public"`
	Scope     frontend.Variable `gnark:",public"`

	Secret   frontend.Variable
	Length   frontend.Variable
	Index    frontend.Variable
	Siblings [depth]frontend.Variable
}

// Define says: the identity of a secret below the subgroup's order is in the
// tree, and the nullifier is the secret's in this scope.
func (r *relation) Define(api frontend.API) error {
	curve, err := edwards.NewEdCurve(api, twistededwards.BN254)
	if err != nil {
		return err
	}
	secret := bits.ToBinary(api, r.Secret, bits.WithNbDigits(scalarBits))
	largest := new(big.Int).Sub(&babyJubjub.Order, big.NewInt(1))
	bits.ToBinary(api, api.Sub(largest, r.Secret), bits.WithNbDigits(scalarBits))

	x, y := publicKey(api, curve, secret)
	api.AssertIsEqual(r.Root, r.climb(api, hash(api, x, y)))
	api.AssertIsEqual(r.Nullifier, hash(api, r.Scope, r.Secret))
	// Binds the message: an input that no constraint names could be changed.
	api.Mul(r.Message, r.Message)
	return nil
}

// climb hashes all levels and returns the node at the proof's length, as LeanIMT
// trees have no fixed depth.
func (r *relation) climb(api frontend.API, node frontend.Variable) frontend.Variable {
	index := bits.ToBinary(api, r.Index, bits.WithNbDigits(depth))
	root := frontend.Variable(0)
	for i, sibling := range r.Siblings {
		root = api.Add(root, api.Mul(api.IsZero(api.Sub(r.Length, i)), node))
		// One product swaps both children.
		swap := api.Mul(index[i], api.Sub(sibling, node))
		node = hash(api, api.Add(node, swap), api.Sub(sibling, swap))
	}
	return api.Add(root, api.Mul(api.IsZero(api.Sub(r.Length, depth)), node))
}
