package prover

import (
	"github.com/consensys/gnark/frontend"

	"github.com/hufu-id/hufu/zkp"
)

// assignPrepare fills the prepare circuit from a witness.
func assignPrepare(w *zkp.PrepareWitness) *prepareCircuit {
	c, endorsement := w.Credential, w.Credential.Endorsement
	issuance, _ := endorsement.Issuance.Element()
	a := &prepareCircuit{
		Registry: w.Epoch.Registry, Revocation: w.Epoch.Revocation, Schema: c.Schema,
		Day: uint32(w.Epoch.Day), Commitment: w.Commitment(),
		Secret: c.Secret.Element(), Blinding: w.Blinding, Issuance: issuance,
		Region: zkp.RegionElement(endorsement.Region), NotBefore: uint32(endorsement.NotBefore), NotAfter: uint32(endorsement.NotAfter),
		Handle: endorsement.Handle().Element(), S: endorsement.Signature.Scalar(),
		KeyFrom: uint32(w.Entry.From), KeyUntil: uint32(w.Entry.Until),
		GapFrom: w.Gap.From, GapTo: w.Gap.To,
	}
	for i := range a.Attributes {
		a.Attributes[i] = c.Attributes[i]
	}
	rx, ry := endorsement.Signature.Point()
	ax, ay := endorsement.Issuer.Coordinates()
	a.R, a.Issuer = point{rx, ry}, point{ax, ay}
	for i := range a.RegistryNodes {
		fill(a.RegistryNodes[i][:], w.EntryPath.Children[i])
	}
	fillBits(a.RegistryIndex[:], w.EntryPath.Index)
	for i := range a.RevocationNodes {
		fill(a.RevocationNodes[i][:], w.Gap.Path.Children[i])
	}
	fillBits(a.RevocationIndex[:], w.Gap.Path.Index)
	return a
}

func fill(to []frontend.Variable, from []zkp.Element) {
	for i := range to {
		to[i] = from[i]
	}
}

func fillBits(to []frontend.Variable, index uint32) {
	for i := range to {
		to[i] = index >> i & 1
	}
}

// assignShow fills the show circuit from a witness.
func assignShow(w *zkp.ShowWitness) *showCircuit {
	in := w.Inputs
	c := &showCircuit{
		Commitment: in[0], Context: in[1], Scope: in[2], Pseudonym: in[3],
		SetRoot: in[len(in)-2], Table: in[len(in)-1],
		Secret: w.Credential.Secret.Element(), Blinding: w.Blinding,
	}
	for i := range c.Asked {
		at := in[4+4*i:]
		c.Asked[i] = askedPredicate{at[0], at[1], at[2], at[3]}
		c.Answers[i] = newAnswer(w, i, at[2])
	}
	for i := range c.Attributes {
		c.Attributes[i] = w.Credential.Attributes[i]
	}
	return c
}

func newAnswer(w *zkp.ShowWitness, slot int, p0 zkp.Element) answer {
	v := w.Credential.Attributes[w.Statement.Predicates[slot].Slot]
	var inverse, difference zkp.Element
	inverse.Inverse(&v)
	difference.Sub(&v, &p0)
	difference.Inverse(&difference) // zero stays zero
	claimed := 0
	if w.Bits[slot] {
		claimed = 1
	}
	return answer{True: claimed, Inverse: inverse, Different: difference}
}

// assignShowSet fills the circuit that asks about a set.
func assignShowSet(w *zkp.ShowWitness) *showSetCircuit {
	c := &showSetCircuit{Show: *assignShow(w)}
	c.Set.From, c.Set.To = w.SetGap.From, w.SetGap.To
	for i := range c.Set.Nodes {
		fill(c.Set.Nodes[i][:], w.SetGap.Path.Children[i])
	}
	fillBits(c.Set.Index[:], w.SetGap.Path.Index)
	return c
}
