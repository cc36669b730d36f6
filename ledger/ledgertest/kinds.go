package ledgertest

import (
	"crypto"
	"crypto/sha256"
	"fmt"
	"slices"

	"github.com/hufu-id/hufu/ledger"
)

// kinds make an operation of each kind, the telling ones more often.
var kinds = []func(*play) []act{
	(*play).did, (*play).did, (*play).changeDID, (*play).changeDID,
	(*play).accreditation, (*play).accreditation, (*play).accreditation, (*play).accreditation,
	(*play).accreditation, (*play).accreditation, (*play).endsAccreditation, (*play).endsAccreditation,
	(*play).schema, (*play).schema, (*play).schema, (*play).schema,
	(*play).status, (*play).status,
	(*play).revocation, (*play).revocation, (*play).revocation, (*play).revocation, (*play).revocation,
	(*play).anchor, (*play).purpose, (*play).purpose, (*play).rule, (*play).trail, (*play).trail,
	(*play).grant, (*play).audit, (*play).keyFile, (*play).vk, (*play).agreement,
}

// tastes are what a play may do most.
var tastes = [][]func(*play) []act{
	{(*play).did, (*play).changeDID, (*play).accreditation, (*play).schema, (*play).schema},
	{(*play).status, (*play).revocation, (*play).revocation, (*play).revocation},
	{(*play).accreditation, (*play).endsAccreditation, (*play).purpose},
}

var (
	playTypes   = []string{"urn:a", "urn:b"}
	playRegions = []string{"000000", region, "110101"}
	playActions = []string{ledger.ActionIssue, ledger.ActionIssue, ledger.ActionVerify, ledger.ActionAccredit, ledger.ActionAccredit}
	playLists   = []string{"https://lists.example/1", "https://lists.example/2"}
)

func (p *play) did() []act {
	if len(p.parties) > 12 {
		return nil
	}
	p.newParty(p.rand.IntN(3))
	return nil
}

// changeDID adds a key, marks one as stolen, or ends the DID.
func (p *play) changeDID() []act {
	q := p.someone()
	if q == p.root || q.next == nil {
		return nil
	}
	changed := *q.object
	changed.Keys, changed.Sequence = slices.Clone(q.object.Keys), q.object.Sequence+1
	next, key := p.newKey(), q.key
	changed.Next = [][32]byte{ledger.KeyHash(p.public(next))}
	switch p.rand.IntN(10) {
	case 0:
		changed.Deactivated, changed.Next = true, nil
	case 1, 2, 3:
		key = p.newKey()
		stolen := &changed.Keys[p.rand.IntN(len(changed.Keys))]
		stolen.CompromisedFrom = p.Now().Unix() - int64(p.rand.IntN(7200))
		changed.Keys = append(changed.Keys, ledger.PublicKey{
			ID: fmt.Sprint("sig-", changed.Sequence+1), Purpose: ledger.PurposeSignature, Public: p.public(key),
		})
	default:
		changed.Keys = append(changed.Keys, p.proofKey())
	}
	return []act{{&changed, []crypto.Signer{q.next}, func(*ledger.SignedOperation) {
		q.stolen = append(q.stolen, q.key)
		q.object, q.key, q.next = &changed, key, next
	}}}
}

// signer is a party's key, now and then one that was stolen from it.
func (p *play) signer(q *party) crypto.Signer {
	if len(q.stolen) > 0 && p.chance(20) {
		return pick(p, q.stolen)
	}
	return q.key
}

// via is an entitlement that a party has; empty for the root.
func (p *play) via(q *party) string {
	if q == p.root {
		return ""
	}
	var keys []string
	for _, a := range p.given.all {
		if a.Agency == q.did && a.Action == ledger.ActionAccredit {
			keys = append(keys, a.Key())
		}
	}
	if len(keys) == 0 {
		return ledger.AccreditationPrefix(q.did) + "accredit/000000/*"
	}
	return pick(p, keys)
}

func (p *play) accreditation() []act {
	giver, to := p.someone(), p.someone()
	if p.chance(40) {
		giver = p.root
	}
	a := &ledger.Accreditation{
		Agency: to.did, Action: pick(p, playActions), Region: pick(p, playRegions), Type: pick(p, playTypes),
		Accreditor: giver.did, Via: p.via(giver), State: ledger.StateActive, Subject: SubjectOf(to.did),
	}
	if a.Action == ledger.ActionAccredit && p.chance(50) {
		a.Type = ledger.AnyType
	}
	if p.chance(10) {
		a.Subject = SubjectOf(p.someone().did) // bears another's name
	}
	if p.chance(20) {
		a.Until = p.Now().Unix() + int64(1+p.rand.IntN(100_000))
	}
	if p.chance(10) {
		a.From = p.Now().Unix() + int64(p.rand.IntN(100_000))
	}
	return p.gives(giver, a)
}

func (p *play) gives(giver *party, a *ledger.Accreditation) []act {
	return []act{{a, []crypto.Signer{p.signer(giver)}, func(*ledger.SignedOperation) { p.given.put(a) }}}
}

// endsAccreditation suspends, restores, ends or revokes one, or lets another try.
func (p *play) endsAccreditation() []act {
	if len(p.given.all) == 0 {
		return nil
	}
	a := *pick(p, p.given.all)
	a.State = pick(p, []string{ledger.StateSuspended, ledger.StateActive, ledger.StateEnded, ledger.StateRevoked})
	if a.State == ledger.StateEnded {
		a.Until = p.Now().Unix() + 10
	}
	for _, q := range p.parties {
		if q.did == a.Accreditor {
			return p.gives(q, &a)
		}
	}
	return nil
}

func (p *play) schema() []act {
	q := p.someone()
	if p.chance(30) {
		q = p.root // whom no share bounds
	}
	s := &ledger.Schema{ID: fmt.Sprint("s", p.rand.IntN(8)), Version: uint32(1 + p.rand.IntN(3)), VCT: pick(p, playTypes), Owner: q.did}
	return []act{{s, []crypto.Signer{p.signer(q)}, func(*ledger.SignedOperation) { p.schemas.put(s) }}}
}

func (p *play) status() []act {
	q := p.someone()
	s := &ledger.Status{URI: pick(p, playLists), Issuer: q.did, Sequence: uint64(p.rand.IntN(1000)), Root: p.number()}
	if p.chance(5) {
		s.Sequence = 1<<64 - 1
	}
	return []act{{s, []crypto.Signer{p.signer(q)}, func(*ledger.SignedOperation) { p.lists.put(s) }}}
}

// revocation is by the keeper of a list mostly.
func (p *play) revocation() []act {
	if len(p.proofs) == 0 || len(p.lists.all) == 0 {
		return nil
	}
	q, list := p.someone(), pick(p, p.lists.all)
	for _, keeper := range p.parties {
		if keeper.did == list.Issuer && p.chance(80) {
			q = keeper
		}
	}
	r := &ledger.Revocation{ProofKey: pick(p, p.proofs), Random: random16(p), List: list.URI, Index: uint64(p.rand.IntN(100))}
	for _, k := range q.objectKeys() {
		if k.Purpose == ledger.PurposeProof {
			r.ProofKey = k.Public
		}
	}
	return []act{{r, []crypto.Signer{p.signer(q)}, nil}}
}

func (q *party) objectKeys() []ledger.PublicKey {
	if q.object == nil {
		return nil
	}
	return q.object.Keys
}

func (p *play) anchor() []act {
	q := p.someone()
	o := &ledger.Anchor{Hash: numbered(p.rand.IntN(50)), Count: 1, Agency: q.did}
	if p.chance(50) {
		o.Type = pick(p, playTypes)
	}
	return []act{{o, []crypto.Signer{p.signer(q)}, nil}}
}

func (p *play) audit() []act {
	q := p.someone()
	return []act{{&ledger.Audit{Agency: q.did, Hash: p.number()}, []crypto.Signer{p.signer(q)}, nil}}
}

func (p *play) keyFile() []act {
	q := p.someone()
	return []act{{&ledger.KeyFile{File: []byte{byte(p.rand.IntN(8))}, Agency: q.did}, []crypto.Signer{p.signer(q)}, nil}}
}

func (p *play) vk() []act {
	state := pick(p, []string{ledger.VKActive, ledger.VKRetired})
	vk := &ledger.VK{Circuit: fmt.Sprint("c", p.rand.IntN(3)), TranscriptHash: [32]byte{1}, Setup: ledger.SetupCeremony, State: state}
	return []act{{vk, []crypto.Signer{p.someone().key}, nil}}
}

// agreement is the next one, or one that somebody else would like.
func (p *play) agreement() []act {
	next := p.holds.Successor()
	if p.chance(50) {
		q := p.someone()
		next.Deciders[0], _ = Decider(p, q.key)
		return []act{{next, []crypto.Signer{q.key}, func(*ledger.SignedOperation) {
			p.Error("a key in use has changed who decides")
		}}}
	}
	d, after := Decider(p, p.root.key)
	next.Deciders[0] = d
	return []act{{next, []crypto.Signer{p.next}, func(*ledger.SignedOperation) { p.holds, p.next = next, after }}}
}

func (p *play) purpose() []act {
	regulator, q := p.someone(), p.someone()
	o := &ledger.Purpose{
		Verifier: q.did, ID: fmt.Sprint("p", p.rand.IntN(3)), Regulator: regulator.did, Via: p.via(regulator), Region: pick(p, playRegions),
		Basis:     ledger.Text{English: "Act", Chinese: "条例"},
		Asked:     []ledger.Asked{{Type: pick(p, playTypes), Claims: []string{"name"}}},
		Retention: "P0D", State: pick(p, []string{ledger.StateActive, ledger.StateSuspended, ledger.StateEnded}),
	}
	return []act{{o, []crypto.Signer{p.signer(regulator)}, func(*ledger.SignedOperation) { p.purposes.put(o) }}}
}

func (p *play) rule() []act {
	q := p.someone()
	r := &ledger.Rule{
		ID: fmt.Sprint("r", p.rand.IntN(3)), Version: uint32(1 + p.rand.IntN(2)), Hash: p.number(), Owner: q.did, Type: pick(p, playTypes),
		Transitions: []ledger.Transition{
			{To: "held", Signers: ledger.SignerRegistrar},
			{From: "held", To: "held", Signers: ledger.SignerRegistrar},
		},
	}
	return []act{{r, []crypto.Signer{p.signer(q)}, func(*ledger.SignedOperation) { p.rules.put(r) }}}
}

// trail begins a record, or takes a step with one, sometimes to another registrar.
func (p *play) trail() []act {
	if len(p.rules.all) == 0 {
		return nil
	}
	q, rule := p.someone(), pick(p, p.rules.all)
	o := &ledger.Trail{
		Founder: q.did, Record: p.number(), RuleOwner: rule.Owner, Rule: rule.ID, Version: rule.Version, State: "held",
		Commitment: p.number(), Registrar: q.did, Region: pick(p, playRegions),
	}
	signers := []crypto.Signer{p.signer(q)}
	if len(p.trails.all) > 0 && p.chance(60) {
		before := pick(p, p.trails.all)
		commitment := o.Commitment
		*o = *before
		o.Sequence, o.Previous, o.Commitment, o.Registrar = before.Sequence+1, sha256.Sum256(before.Bytes()), commitment, q.did
		for _, r := range p.parties {
			if r.did == before.Registrar && r != q && p.chance(50) {
				signers = append(signers, r.key)
			}
		}
	}
	return []act{{o, signers, func(*ledger.SignedOperation) { p.trails.put(o) }}}
}

func (p *play) grant() []act {
	q, citizen := p.someone(), p.newKey()
	g := &ledger.Grant{
		Hash: p.number(), PublicKey: p.public(citizen), Tag: p.number(), Agency: q.did, Until: p.Now().Unix() + 1000, State: ledger.GrantActive,
	}
	return []act{{g, []crypto.Signer{p.signer(q), citizen}, nil}}
}
