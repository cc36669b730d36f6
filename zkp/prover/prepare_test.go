package prover_test

import (
	"crypto/sha256"
	"errors"
	"math/big"
	"testing"

	"github.com/consensys/gnark-crypto/ecc/bn254/fr"
	"github.com/consensys/gnark-crypto/ecc/bn254/twistededwards"

	"github.com/hufu-id/hufu/zkp"
	"github.com/hufu-id/hufu/zkp/prover"
)

func TestPrepareSolves(t *testing.T) {
	f := newFixture(t)
	wantBroken(t, zkp.CircuitPrepare, prover.AssignPrepare(f.prepareWitness(t)), "")
}

// A credential valid from 2026-11-01 to 2028-11-01, on the days around.
func TestPrepareDays(t *testing.T) {
	for _, tc := range []struct{ day, broken string }{
		{"2026-10-31", "not before"}, {"2026-11-01", ""}, {"2028-11-01", ""}, {"2028-11-02", "not after"},
		{"1900-01-01", "not before"},
	} {
		t.Run(tc.day, func(t *testing.T) {
			f := newFixture(t)
			w := f.prepareWitness(t)
			w.Epoch.Day = day(t, tc.day)
			wantBroken(t, zkp.CircuitPrepare, prover.AssignPrepare(w), tc.broken)

			f.epoch.Day = w.Epoch.Day
			if _, err := f.tryPrepareWitness(t); (tc.broken != "") != errors.Is(err, zkp.ErrNotValid) {
				t.Errorf("in the clear: %v", err)
			}
		})
	}
}

// The issuer's key may sign from one day to another; what counts is the day on
// which the credential begins, 2026-11-01.
func TestPrepareKeyWindow(t *testing.T) {
	for _, tc := range []struct{ from, until, broken string }{
		{"2026-11-01", "2026-11-01", ""}, {"2026-11-02", "2030-01-01", "key begins"},
		{"2020-01-01", "2026-10-31", "key ends"},
	} {
		t.Run(tc.from, func(t *testing.T) {
			f := newFixture(t)
			w := f.prepareWitness(t)
			f.register(t, w, zkp.RegistryEntry{
				Key: f.issuer.ProofKey(), Schema: schema, Region: "110101", From: day(t, tc.from), Until: day(t, tc.until),
			})
			wantBroken(t, zkp.CircuitPrepare, prover.AssignPrepare(w), tc.broken)

			_, err := zkp.NewPrepareWitness(f.credential, f.epoch, w.Entry.From, w.Entry.Until, f.registry, f.revocation, nil)
			if (tc.broken != "") != errors.Is(err, zkp.ErrNotRegistered) {
				t.Errorf("in the clear: %v", err)
			}
		})
	}
}

// register adds an entry, closes the epoch, and moves the witness to it.
func (f *fixture) register(t *testing.T, w *zkp.PrepareWitness, e zkp.RegistryEntry) {
	t.Helper()
	leaf := e.Leaf()
	f.leaves = append(f.leaves, leaf.Bytes())
	f.close(t, f.epoch.Number)
	path, err := f.registry.Path(e)
	if err != nil {
		t.Fatal(err)
	}
	w.Entry, w.EntryPath, w.Epoch = e, path, f.epoch
}

// What the issuer may not sign for: the registry holds its key for one schema
// and region, and a path for that entry proves nothing about another.
func TestPrepareRegistration(t *testing.T) {
	f := newFixture(t)
	stranger, err := zkp.NewPrivateKey(sha256.Sum256([]byte("not registered")))
	if err != nil {
		t.Fatal(err)
	}
	c := f.credential
	for name, forged := range map[string]*zkp.Credential{
		"schema": issue(t, f.issuer, c.Secret, zkp.SchemaElement("cn.doctor", 1), "110101", c.Attributes),
		"region": issue(t, f.issuer, c.Secret, schema, "310101", c.Attributes),
		"issuer": issue(t, stranger, c.Secret, schema, "110101", c.Attributes),
	} {
		t.Run(name, func(t *testing.T) {
			w := f.prepareWitness(t)
			gap, err := f.revocation.Gap(forged.Endorsement.Handle())
			if err != nil {
				t.Fatal(err)
			}
			w.Credential, w.Gap = forged, gap
			wantBroken(t, zkp.CircuitPrepare, prover.AssignPrepare(w), "registry path")

			_, err = zkp.NewPrepareWitness(forged, f.epoch, f.from, f.until, f.registry, f.revocation, nil)
			if !errors.Is(err, zkp.ErrNotRegistered) {
				t.Errorf("in the clear: %v", err)
			}
		})
	}
}

// A multiplexer that is led by something else than bits can be made to point
// at a leaf that is not there.
func TestPreparePathBitsAreBits(t *testing.T) {
	f := newFixture(t)
	w := f.prepareWitness(t)
	a := prover.AssignPrepare(w)
	// Of the entry's four siblings keep the first pair, replace its own place
	// by something else, and steer between them.
	nodes := w.EntryPath.Children[0]
	leaf := w.Entry.Leaf()
	var at, span fr.Element
	other := (w.EntryPath.Index%zkp.RegistryArity ^ 2) &^ 1
	at.Sub(&leaf, &nodes[other])
	span.Sub(&nodes[other+1], &nodes[other])
	if span.IsZero() {
		t.Fatal("the pair to steer between is one value")
	}
	a.RegistryIndex[0], a.RegistryIndex[1] = *at.Div(&at, &span), other>>1
	wantBroken(t, zkp.CircuitPrepare, a, "registry path")
}

// withGap puts a gap into a tree of its own; nodes of the ledger would never
// make it, so that what holds the handle is the circuit's comparison alone.
func withGap(t *testing.T, w *zkp.PrepareWitness, from, to *big.Int) {
	t.Helper()
	var g zkp.Gap
	g.From.SetBigInt(from)
	g.To.SetBigInt(to)
	g.Path.Index = w.Gap.Path.Index
	at, index := zkp.Compress(4, zkp.Domains()["revocation"], g.From, g.To), g.Path.Index
	for _, level := range w.Gap.Path.Children {
		children := append([]zkp.Element(nil), level...)
		children[index%zkp.RevocationArity] = at
		g.Path.Children = append(g.Path.Children, children)
		at, index = zkp.Compress(zkp.RevocationArity, children...), index/zkp.RevocationArity
	}
	w.Gap, w.Epoch.Revocation = g, at
}

func TestPrepareGap(t *testing.T) {
	f := newFixture(t)
	w := f.prepareWitness(t)
	e := w.Credential.Endorsement.Handle().Element()
	h := e.BigInt(new(big.Int))
	plus := func(n int64) *big.Int { return new(big.Int).Add(h, big.NewInt(n)) }
	top := new(big.Int).Lsh(big.NewInt(1), zkp.HandleBits)
	for _, tc := range []struct {
		name     string
		from, to *big.Int
		broken   string
	}{
		{"only this handle", h, plus(1), ""},
		{"everything", new(big.Int), top, ""},
		{"begins after the handle", plus(1), top, "gap begins"},
		{"ends at the handle, as when it is revoked", new(big.Int), h, "gap ends"},
		{"ends before it", new(big.Int), plus(-1), "gap ends"},
		{"empty", h, h, "gap ends"},
		{"back to front", plus(1), h, "gap begins, gap ends"},
		{"an end beyond 128 bits", h, new(big.Int).Add(h, new(big.Int).Lsh(top, 1)), "gap ends"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			withGap(t, w, tc.from, tc.to)
			wantBroken(t, zkp.CircuitPrepare, prover.AssignPrepare(w), tc.broken)
		})
	}
}

// A revoked credential, and one proved in the tree of another epoch.
func TestPrepareRevoked(t *testing.T) {
	f := newFixture(t)
	w := f.prepareWitness(t)
	f.revoked = append(f.revoked, f.credential.Endorsement.Handle())
	f.close(t, 8)
	if _, err := f.tryPrepareWitness(t); !errors.Is(err, zkp.ErrRevoked) {
		t.Errorf("revoked: %v", err)
	}
	stale := prover.AssignPrepare(w)
	stale.Revocation = f.epoch.Revocation
	wantBroken(t, zkp.CircuitPrepare, stale, "revocation path")

	// The gap of another credential is of no use to this one.
	neighbour := f.credential.Endorsement.Handle()
	neighbour[0] ^= 0x80
	gap, err := f.revocation.Gap(neighbour)
	if err != nil {
		t.Fatal(err)
	}
	w.Gap, w.Epoch = gap, f.epoch
	got := circuit(t, zkp.CircuitPrepare).brokenParts(t, prover.AssignPrepare(w), new(dishonest))
	if got != "gap begins" && got != "gap ends" {
		t.Errorf("another's gap: broken [%s]", got)
	}
}

// S and S + order sign alike. Nobody sees S, so the circuit takes either, as long
// as 251 bits hold it. What they do not hold is another number.
func TestPrepareScalarFits(t *testing.T) {
	f := newFixture(t)
	curve := twistededwards.GetEdwardsCurve()
	seen := map[bool]bool{}
	for range 64 {
		f.credential = issue(t, f.issuer, f.credential.Secret, schema, "110101", f.credential.Attributes)
		s := new(big.Int).Add(f.credential.Endorsement.Signature.Scalar(), &curve.Order)
		fits := s.BitLen() <= 251
		if seen[fits] {
			continue
		}
		seen[fits] = true
		a := prover.AssignPrepare(f.prepareWitness(t))
		a.S = s
		want := ""
		if !fits {
			want = "S in 251 bits, signature equation"
		}
		wantBroken(t, zkp.CircuitPrepare, a, want)
		if len(seen) == 2 {
			return
		}
	}
	t.Error("never met both cases")
}

// The challenge h and h + r are one field element; as scalars of a curve of
// another order they are two.
func TestPrepareChallengeIsCanonical(t *testing.T) {
	f := newFixture(t)
	for range 64 {
		f.credential = issue(t, f.issuer, f.credential.Secret, schema, "110101", f.credential.Attributes)
		fits := false
		d := &dishonest{digits: func(v *big.Int, n int) []fr.Element {
			if second := new(big.Int).Add(v, fr.Modulus()); n == fr.Bits && second.BitLen() <= n {
				fits = true
				return bitsOf(second, n)
			}
			return bitsOf(v, n)
		}}
		got := circuit(t, zkp.CircuitPrepare).brokenParts(t, prover.AssignPrepare(f.prepareWitness(t)), d)
		if fits {
			if got != "challenge canonical, signature equation" {
				t.Errorf("broken [%s]", got)
			}
			return
		}
	}
	t.Error("no challenge with a second form in 254 bits")
}

// The registry bounds the first day and the circuit the days after it: who signs
// cannot make a credential that never ends.
func TestPrepareValidityIsBounded(t *testing.T) {
	f := newFixture(t)
	begins := f.credential.Endorsement.NotBefore
	for days, broken := range map[zkp.Day]string{1<<zkp.ValidityBits - 1: "", 1 << zkp.ValidityBits: "not too long", 1<<zkp.DayBits + 1000: "not after, not too long"} {
		w := f.prepareWitness(t)
		c := *w.Credential
		c.Endorsement = resigned(t, f.issuer, &c, func(e *zkp.Endorsement) { e.NotAfter = begins + days })
		w.Credential = &c
		wantBroken(t, zkp.CircuitPrepare, prover.AssignPrepare(w), broken)
	}
}

// resigned changes an endorsement and signs it again, as an issuer could that
// does not use IssueEndorsement.
func resigned(t testing.TB, key *zkp.PrivateKey, c *zkp.Credential, change func(*zkp.Endorsement)) *zkp.Endorsement {
	t.Helper()
	holder, err := c.Secret.HolderCommitment(c.Endorsement.Issuance)
	if err != nil {
		t.Fatal(err)
	}
	e := *c.Endorsement
	change(&e)
	m, err := e.Message(c.Schema, holder, &c.Attributes)
	if err != nil {
		t.Fatal(err)
	}
	sig, err := key.SignCredential(t.Context(), m)
	if err != nil {
		t.Fatal(err)
	}
	e.Signature = *sig
	return &e
}

// Two people with one secret look like two to a desk that takes a commitment in
// whatever scope the second chooses. The desk signs its own scope, so that
// nothing can be proved of what the second one gets.
func TestPrepareScopeIsSigned(t *testing.T) {
	f := newFixture(t)
	secret := f.credential.Secret
	own, chosen := f.credential.Endorsement.Issuance, zkp.IssuanceScope("did:of:the:holder's:choice", "cn.resident")
	element := func(s zkp.Scope) zkp.Element {
		e, err := s.Element()
		if err != nil {
			t.Fatal(err)
		}
		return e
	}
	// The honest credential, under the other scope.
	a := prover.AssignPrepare(f.prepareWitness(t))
	a.Issuance = element(chosen)
	wantBroken(t, zkp.CircuitPrepare, a, "signature equation")

	// The commitment in the chosen scope, signed with the desk's own.
	holder, err := secret.HolderCommitment(chosen)
	if err != nil {
		t.Fatal(err)
	}
	second := *f.credential
	second.Endorsement, err = zkp.IssueEndorsement(t.Context(), f.issuer, zkp.EndorsementSpec{
		Schema: schema, Region: "110101", Holder: holder, Issuance: own,
		NotBefore: day(t, "2026-11-01"), NotAfter: day(t, "2028-11-01"), Attributes: second.Attributes,
	}, nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := second.Check(); !errors.Is(err, zkp.ErrSignature) {
		t.Errorf("in the clear: %v", err)
	}
	w := f.prepareWitness(t)
	if w.Gap, err = f.revocation.Gap(second.Endorsement.Handle()); err != nil {
		t.Fatal(err)
	}
	w.Credential = &second
	for _, scope := range []zkp.Scope{own, chosen} {
		a := prover.AssignPrepare(w)
		a.Issuance = element(scope)
		wantBroken(t, zkp.CircuitPrepare, a, "signature equation")
	}
}
