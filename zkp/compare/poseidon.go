package main

import (
	"math/big"

	"github.com/consensys/gnark-crypto/ecc/bn254/fr"
	"github.com/consensys/gnark/frontend"
)

// Poseidon of two inputs as circomlib and Semaphore use it: width 3, 8 full and
// 57 partial rounds, S-box x⁵, over the scalar field of BN254. This is the first
// Poseidon, not the Poseidon2 of package zkp.
const (
	poseidonWidth   = 3
	poseidonFull    = 8
	poseidonPartial = 57
	poseidonRounds  = poseidonFull + poseidonPartial
)

type poseidonParameters struct {
	constants [poseidonRounds][poseidonWidth]*big.Int
	matrix    [poseidonWidth][poseidonWidth]*big.Int
}

var poseidon = newPoseidonParameters()

// newPoseidonParameters draws the constants from the generator that the
// Poseidon paper defines (Appendix F): round constants by rejection, then the
// two sequences of a Cauchy matrix.
func newPoseidonParameters() *poseidonParameters {
	g, p := newGrain(), new(poseidonParameters)
	for r := range p.constants {
		for i := range p.constants[r] {
			c := g.element()
			for c.Cmp(fr.Modulus()) >= 0 {
				c = g.element()
			}
			p.constants[r][i] = c
		}
	}
	var sequence [2 * poseidonWidth]fr.Element
	for i := range sequence {
		sequence[i].SetBigInt(g.element())
	}
	for i := range p.matrix {
		for j := range p.matrix[i] {
			var sum fr.Element
			sum.Add(&sequence[i], &sequence[poseidonWidth+j]).Inverse(&sum)
			p.matrix[i][j] = sum.BigInt(new(big.Int))
		}
	}
	return p
}

// grain is the LFSR of 80 bits, in its self-shrinking mode.
type grain struct{ state []byte }

func newGrain() *grain {
	g := new(grain)
	for _, field := range []struct{ value, bits int }{
		{1, 2}, {0, 4}, {fr.Bits, 12}, {poseidonWidth, 12}, {poseidonFull, 10}, {poseidonPartial, 10}, {1<<30 - 1, 30},
	} {
		for i := field.bits - 1; i >= 0; i-- {
			g.state = append(g.state, byte(field.value>>i&1))
		}
	}
	for range 160 {
		g.step()
	}
	return g
}

func (g *grain) step() byte {
	s := g.state
	bit := s[62] ^ s[51] ^ s[38] ^ s[23] ^ s[13] ^ s[0]
	g.state = append(s[1:], bit)
	return bit
}

// element reads as many bits as the field has, the highest first. A bit counts
// where the one before it is 1.
func (g *grain) element() *big.Int {
	v := new(big.Int)
	for range fr.Bits {
		for g.step() == 0 {
			g.step()
		}
		v.Lsh(v, 1).Or(v, big.NewInt(int64(g.step())))
	}
	return v
}

// hash is Poseidon(a, b) inside a circuit.
func hash(api frontend.API, a, b frontend.Variable) frontend.Variable {
	state := [poseidonWidth]frontend.Variable{0, a, b}
	for r := range poseidonRounds {
		full := r < poseidonFull/2 || r >= poseidonFull/2+poseidonPartial
		for i := range state {
			state[i] = api.Add(state[i], poseidon.constants[r][i])
			if full || i == 0 {
				state[i] = fifth(api, state[i])
			}
		}
		state = mix(api, state)
	}
	return state[0]
}

func fifth(api frontend.API, x frontend.Variable) frontend.Variable {
	square := api.Mul(x, x)
	return api.Mul(api.Mul(square, square), x)
}

func mix(api frontend.API, in [poseidonWidth]frontend.Variable) (out [poseidonWidth]frontend.Variable) {
	for i, row := range poseidon.matrix {
		out[i] = api.Add(api.Mul(row[0], in[0]), api.Mul(row[1], in[1]), api.Mul(row[2], in[2]))
	}
	return out
}
