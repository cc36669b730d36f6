package zkp_test

import (
	"crypto/sha256"
	"errors"
	"math/big"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/consensys/gnark-crypto/ecc/bn254"

	"github.com/hufu-id/hufu/zkp"
)

func TestVerify(t *testing.T) {
	r := readRecorded(t)
	shown, err := zkp.Verify(r.keys(t), r.Epoch, r.Request, r.parse(t))
	if err != nil {
		t.Fatal(err)
	}
	scope, err := r.Request.Scope.Element()
	if err != nil {
		t.Fatal(err)
	}
	if shown.Scope != scope || shown.Epoch != r.Epoch.Number || shown.Pseudonym != r.parse(t).Pseudonym {
		t.Errorf("shown %+v", shown)
	}
}

// Everything that the two proofs are bound to, changed one by one.
func TestVerifyRefuses(t *testing.T) {
	other := number(12345)
	for name, tc := range map[string]struct {
		change func(e *zkp.Epoch, q *zkp.Request, p *zkp.Presentation)
		err    error
	}{
		"epoch of the proof":    {func(_ *zkp.Epoch, _ *zkp.Request, p *zkp.Presentation) { p.Epoch++ }, zkp.ErrEpoch},
		"epoch accepted":        {func(e *zkp.Epoch, _ *zkp.Request, _ *zkp.Presentation) { e.Number++ }, zkp.ErrEpoch},
		"registry":              {func(e *zkp.Epoch, _ *zkp.Request, _ *zkp.Presentation) { e.Registry = other }, zkp.ErrPrepare},
		"revocation":            {func(e *zkp.Epoch, _ *zkp.Request, _ *zkp.Presentation) { e.Revocation = other }, zkp.ErrPrepare},
		"day after":             {func(e *zkp.Epoch, _ *zkp.Request, _ *zkp.Presentation) { e.Day++ }, zkp.ErrPrepare},
		"day before":            {func(e *zkp.Epoch, _ *zkp.Request, _ *zkp.Presentation) { e.Day-- }, zkp.ErrPrepare},
		"schema":                {func(_ *zkp.Epoch, q *zkp.Request, _ *zkp.Presentation) { q.Questions[0].Schema = other }, zkp.ErrPrepare},
		"commitment":            {func(_ *zkp.Epoch, _ *zkp.Request, p *zkp.Presentation) { p.Commitment = other }, zkp.ErrPrepare},
		"another prepare":       {func(_ *zkp.Epoch, _ *zkp.Request, p *zkp.Presentation) { p.Prepare = p.Shows[0] }, zkp.ErrPrepare},
		"prepare negated":       {func(_ *zkp.Epoch, _ *zkp.Request, p *zkp.Presentation) { p.Prepare.C.Neg(&p.Prepare.C) }, zkp.ErrPrepare},
		"prepare C moved":       {func(_ *zkp.Epoch, _ *zkp.Request, p *zkp.Presentation) { p.Prepare.C = p.Prepare.A }, zkp.ErrPrepare},
		"prepare re-randomised": {func(_ *zkp.Epoch, _ *zkp.Request, p *zkp.Presentation) { rerandomise(&p.Prepare) }, zkp.ErrShow},
		"nonce":                 {func(_ *zkp.Epoch, q *zkp.Request, _ *zkp.Presentation) { q.Nonce += "x" }, zkp.ErrShow},
		"audience":              {func(_ *zkp.Epoch, q *zkp.Request, _ *zkp.Presentation) { q.Audience += "x" }, zkp.ErrShow},
		"nonce and audience, cut elsewhere": {func(_ *zkp.Epoch, q *zkp.Request, _ *zkp.Presentation) {
			q.Nonce, q.Audience = q.Nonce+q.Audience[:1], q.Audience[1:]
		}, zkp.ErrShow},
		"query":              {func(_ *zkp.Epoch, q *zkp.Request, _ *zkp.Presentation) { q.Query[31] ^= 1 }, zkp.ErrShow},
		"expiry":             {func(_ *zkp.Epoch, q *zkp.Request, _ *zkp.Presentation) { q.Expiry = q.Expiry.Add(time.Second) }, zkp.ErrShow},
		"pseudonym":          {func(_ *zkp.Epoch, _ *zkp.Request, p *zkp.Presentation) { p.Pseudonym = other }, zkp.ErrShow},
		"scope kind":         {func(_ *zkp.Epoch, q *zkp.Request, _ *zkp.Presentation) { q.Scope.Kind = zkp.ScopePairwise }, zkp.ErrShow},
		"scope fresh":        {func(_ *zkp.Epoch, q *zkp.Request, _ *zkp.Presentation) { q.Scope = zkp.Scope{} }, zkp.ErrShow},
		"scope owner":        {func(_ *zkp.Epoch, q *zkp.Request, _ *zkp.Presentation) { q.Scope.Owner += "2" }, zkp.ErrShow},
		"scope event":        {func(_ *zkp.Epoch, q *zkp.Request, _ *zkp.Presentation) { q.Scope.ID += "2" }, zkp.ErrShow},
		"scope unknown":      {func(_ *zkp.Epoch, q *zkp.Request, _ *zkp.Presentation) { q.Scope.Kind = "fresh" }, zkp.ErrStatement},
		"scope of nobody":    {func(_ *zkp.Epoch, q *zkp.Request, _ *zkp.Presentation) { q.Scope.Owner = "" }, zkp.ErrStatement},
		"table":              {func(_ *zkp.Epoch, q *zkp.Request, _ *zkp.Presentation) { statementOf(q).Table = 0x8000 }, zkp.ErrShow},
		"table not monotone": {func(_ *zkp.Epoch, q *zkp.Request, _ *zkp.Presentation) { statementOf(q).Table = 2 }, zkp.ErrStatement},
		"op":                 {func(_ *zkp.Epoch, q *zkp.Request, _ *zkp.Presentation) { statementOf(q).Predicates[1].Op = zkp.OpNe }, zkp.ErrShow},
		"op out of range":    {func(_ *zkp.Epoch, q *zkp.Request, _ *zkp.Presentation) { statementOf(q).Predicates[1].Op = 6 }, zkp.ErrStatement},
		"index out of range": {func(_ *zkp.Epoch, q *zkp.Request, _ *zkp.Presentation) { statementOf(q).Predicates[1].Slot = 16 }, zkp.ErrStatement},
		"range from":         {func(_ *zkp.Epoch, q *zkp.Request, _ *zkp.Presentation) { statementOf(q).Predicates[0].Low++ }, zkp.ErrShow},
		"range to":           {func(_ *zkp.Epoch, q *zkp.Request, _ *zkp.Presentation) { statementOf(q).Predicates[0].High-- }, zkp.ErrShow},
		"value of eq":        {func(_ *zkp.Epoch, q *zkp.Request, _ *zkp.Presentation) { statementOf(q).Predicates[1].Value = other }, zkp.ErrShow},
		"value of ne":        {func(_ *zkp.Epoch, q *zkp.Request, _ *zkp.Presentation) { statementOf(q).Predicates[2].Value = other }, zkp.ErrShow},
		"order of predicates": {func(_ *zkp.Epoch, q *zkp.Request, _ *zkp.Presentation) {
			p := &statementOf(q).Predicates
			p[0], p[1] = p[1], p[0]
		}, zkp.ErrShow},
		"a fourth predicate": {func(_ *zkp.Epoch, q *zkp.Request, _ *zkp.Presentation) {
			statementOf(q).Predicates[3] = statementOf(q).Predicates[1]
		}, zkp.ErrShow},
	} {
		t.Run(name, func(t *testing.T) {
			r := readRecorded(t)
			p := r.parse(t)
			tc.change(&r.Epoch, r.Request, p)
			shown, err := zkp.Verify(r.keys(t), r.Epoch, r.Request, p)
			if !errors.Is(err, tc.err) || shown != nil {
				t.Errorf("%v, want %v", err, tc.err)
			}
		})
	}
	for i := range zkp.StatementSlots {
		r := readRecorded(t)
		statementOf(r.Request).Predicates[i].Slot ^= 1
		want := zkp.ErrShow
		if statementOf(r.Request).Predicates[i].Op == zkp.OpNone {
			want = zkp.ErrStatement
		}
		if _, err := zkp.Verify(r.keys(t), r.Epoch, r.Request, r.parse(t)); !errors.Is(err, want) {
			t.Errorf("index of predicate %d: %v", i, err)
		}
	}
}

func TestVerifyNeedsARequest(t *testing.T) {
	r := readRecorded(t)
	if _, err := zkp.Verify(r.keys(t), r.Epoch, nil, r.parse(t)); !errors.Is(err, zkp.ErrForm) {
		t.Errorf("%v", err)
	}
}

// Two requests that differ in anything have two contexts, and so does one
// request with two prepare proofs.
func TestContextBinds(t *testing.T) {
	type bound struct {
		epoch   zkp.Epoch
		request zkp.Request
		com     zkp.Element
		proof   zkp.Proof
	}
	r := readRecorded(t)
	p := r.parse(t)
	base := bound{r.Epoch, *r.Request, p.Commitment, p.Prepare}
	context := func(b bound) zkp.Element { return b.request.Context(b.epoch, b.com, &b.proof) }
	seen := map[zkp.Element]string{context(base): "the request itself"}
	for name, change := range map[string]func(*bound){
		"nonce":      func(b *bound) { b.request.Nonce += "x" },
		"audience":   func(b *bound) { b.request.Audience += "x" },
		"cut":        func(b *bound) { b.request.Nonce, b.request.Audience = b.request.Nonce+b.request.Audience, "" },
		"query":      func(b *bound) { b.request.Query[0] ^= 1 },
		"expiry":     func(b *bound) { b.request.Expiry = b.request.Expiry.Add(time.Second) },
		"schema":     func(b *bound) { b.request.Questions = []zkp.Question{{Schema: number(1)}} },
		"registry":   func(b *bound) { b.epoch.Registry = number(1) },
		"revocation": func(b *bound) { b.epoch.Revocation = number(1) },
		"day":        func(b *bound) { b.epoch.Day++ },
		"commitment": func(b *bound) { b.com = number(1) },
		"A":          func(b *bound) { b.proof.A.Neg(&b.proof.A) },
		"B":          func(b *bound) { b.proof.B.Neg(&b.proof.B) },
		"C":          func(b *bound) { b.proof.C.Neg(&b.proof.C) },
	} {
		b := base
		change(&b)
		if before, ok := seen[context(b)]; ok {
			t.Errorf("another %s has the context of %s", name, before)
		}
		seen[context(b)] = name
	}
}

// rerandomise does what anybody can do to a Groth16 proof: (A, B, C) becomes
// (2A, B/2, C), which the pairing does not tell apart.
func rerandomise(p *zkp.Proof) {
	half := number(2)
	half.Inverse(&half)
	p.A.Double(&p.A)
	p.B.ScalarMultiplication(&p.B, half.BigInt(new(big.Int)))
}

// A re-randomised proof verifies: replays are told by nonce and pseudonym. The
// prepare proof is part of the context, and so cannot be changed unseen.
func TestVerifyRerandomisedShow(t *testing.T) {
	r := readRecorded(t)
	p := r.parse(t)
	rerandomise(&p.Shows[0])
	if string(p.Bytes()) == string(r.Presentation) {
		t.Fatal("the same bytes")
	}
	shown, err := zkp.Verify(r.keys(t), r.Epoch, r.Request, p)
	if err != nil || shown.Pseudonym != r.parse(t).Pseudonym {
		t.Errorf("%v", err)
	}
}

// Groth16 does not bind a public input that its circuit leaves alone, and
// nothing else than this would notice.
func TestEveryPublicInputIsBound(t *testing.T) {
	r := readRecorded(t)
	p := r.parse(t)
	context := r.Request.Context(r.Epoch, p.Commitment, &p.Prepare)
	scope, err := r.Request.Scope.Element()
	if err != nil {
		t.Fatal(err)
	}
	joined, together := r.joined(t), r.together(t)
	for name, tc := range map[string]struct {
		key    []byte
		proof  *zkp.Proof
		inputs []zkp.Element
		want   int
	}{
		"prepare": {r.PrepareKey, &p.Prepare, zkp.PrepareInputs(r.Epoch, r.Request.Questions[0].Schema, p.Commitment), 5},
		"show with a set": {r.ShowSetKey, &joined[0].Shows[0],
			r.JoinedRequest.Questions[0].Statements[0].ShowInputs(joined[0].Commitment, together.context, together.scope, joined[0].Pseudonym), 22},
		"show": {r.ShowKey, &p.Shows[0], statementOf(r.Request).ShowInputs(p.Commitment, context, scope, p.Pseudonym), 22},
	} {
		t.Run(name, func(t *testing.T) {
			key := parseKey(t, tc.key)
			if err := key.VerifyInputs(tc.proof, tc.inputs); err != nil || len(tc.inputs) != tc.want {
				t.Fatalf("%d inputs: %v", len(tc.inputs), err)
			}
			one := number(1)
			for i, in := range tc.inputs {
				for _, v := range []zkp.Element{*new(zkp.Element).Add(&in, &one), *new(zkp.Element).Neg(&in), number(987654321)} {
					if v == in {
						continue
					}
					tc.inputs[i] = v
					if key.VerifyInputs(tc.proof, tc.inputs) == nil {
						t.Errorf("input %d is not bound", i)
					}
				}
				tc.inputs[i] = in
			}
			// Two inputs that change places.
			for i := range tc.inputs {
				for j := range i {
					if tc.inputs[i] == tc.inputs[j] {
						continue
					}
					tc.inputs[i], tc.inputs[j] = tc.inputs[j], tc.inputs[i]
					if key.VerifyInputs(tc.proof, tc.inputs) == nil {
						t.Errorf("inputs %d and %d can change places", i, j)
					}
					tc.inputs[i], tc.inputs[j] = tc.inputs[j], tc.inputs[i]
				}
			}
			for _, wrong := range [][]zkp.Element{nil, tc.inputs[1:], append(tc.inputs[:len(tc.inputs):len(tc.inputs)], zkp.Element{})} {
				if err := key.VerifyInputs(tc.proof, wrong); !errors.Is(err, zkp.ErrVerifyingKey) {
					t.Errorf("%d inputs: %v", len(wrong), err)
				}
			}
		})
	}
}

// The library that pairs evaluates its lines in place: a key is used many
// times, and by many at once.
func TestVerifyAgainAndConcurrently(t *testing.T) {
	r := readRecorded(t)
	keys := r.keys(t)
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for range 3 {
				p, err := zkp.ParsePresentation(r.Presentation)
				if err != nil {
					t.Error(err)
					return
				}
				if _, err := zkp.Verify(keys, r.Epoch, r.Request, p); err != nil {
					t.Error(err)
				}
				p.Pseudonym = number(1)
				if _, err := zkp.Verify(keys, r.Epoch, r.Request, p); !errors.Is(err, zkp.ErrShow) {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
}

func TestNewKeys(t *testing.T) {
	r := readRecorded(t)
	prepare, show, set := parseKey(t, r.PrepareKey), parseKey(t, r.ShowKey), parseKey(t, r.ShowSetKey)
	for name, keys := range map[string][]*zkp.VerifyingKey{
		"none": {}, "prepare twice": {prepare, prepare, show}, "show twice": {prepare, show, show},
		"no prepare": {show, set}, "no show": {prepare, set}, "nil": {prepare, show, nil},
	} {
		if _, err := zkp.NewKeys(keys...); !errors.Is(err, zkp.ErrVerifyingKey) {
			t.Errorf("%s: %v", name, err)
		}
	}
	for name, keys := range map[string]*zkp.Keys{"nil": nil, "empty": {}} {
		if _, err := zkp.Verify(keys, r.Epoch, r.Request, r.parse(t)); !errors.Is(err, zkp.ErrVerifyingKey) {
			t.Errorf("%s keys: %v", name, err)
		}
	}
	// The order does not matter: every key knows its circuit.
	backwards, err := zkp.NewKeys(set, show, prepare)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := zkp.Verify(backwards, r.Epoch, r.Request, r.parse(t)); err != nil {
		t.Error(err)
	}
	// A key that is missing says nothing of the answer: it is not "false".
	plain, err := zkp.NewKeys(prepare, show)
	if err != nil {
		t.Fatal(err)
	}
	_, err = zkp.Verify(plain, r.Epoch, r.JoinedRequest, r.joined(t)...)
	if !errors.Is(err, zkp.ErrVerifyingKey) || errors.Is(err, zkp.ErrShow) {
		t.Errorf("without the key for sets: %v", err)
	}
}

func TestVerifyingKeyRefused(t *testing.T) {
	r := readRecorded(t)
	pin := sha256.Sum256(r.ShowKey)
	if _, err := zkp.ParseVerifyingKey(r.ShowKey, pin, zkp.KeyOptions{}); !errors.Is(err, zkp.ErrSinglePartySetup) || !errors.Is(err, zkp.ErrVerifyingKey) {
		t.Errorf("a single-party key without the switch: %v", err)
	}
	if _, err := zkp.ParseVerifyingKey(r.ShowKey, sha256.Sum256(r.PrepareKey), development); !errors.Is(err, zkp.ErrVerifyingKey) {
		t.Errorf("another pin: %v", err)
	}
	if _, err := zkp.ParseVerifyingKey(r.ShowKey, [32]byte{}, development); !errors.Is(err, zkp.ErrVerifyingKey) {
		t.Errorf("no pin: %v", err)
	}
	k := parseKey(t, r.ShowKey)
	if k.Circuit() != zkp.CircuitShow || k.Setup() != zkp.SetupSingleParty || k.Hash() != pin {
		t.Errorf("key of %s, setup %d", k.Circuit(), k.Setup())
	}
	for name, b := range map[string][]byte{
		"unknown setup":   []byte(strings.Replace(string(r.ShowKey), "\x00\x01\x0b", "\x00\x03\x0b", 1)),
		"unknown circuit": []byte(strings.Replace(string(r.ShowKey), "hufu-show-2", "hufu-show-1", 1)),
		"prepare's bytes": []byte(strings.Replace(string(r.PrepareKey), "\x0ehufu-prepare-2", "\x0bhufu-show-2", 1)),
		"of no circuit":   slices.Concat([]byte("hufu/vk/1\x00\x01\x01x"), r.ShowKey[len(r.ShowKey)-22*32-32-224:len(r.ShowKey)-22*32]),
		"name too long":   []byte(strings.Replace(string(r.ShowKey), "\x00\x01\x0b", "\x00\x01\xff", 1)),
	} {
		if _, err := zkp.ParseVerifyingKey(b, sha256.Sum256(b), development); !errors.Is(err, zkp.ErrVerifyingKey) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if c, kind, err := zkp.InspectVerifyingKey(r.PrepareKey); err != nil || c != zkp.CircuitPrepare || kind != zkp.SetupSingleParty {
		t.Errorf("circuit %s, %v", c, err)
	}
	if _, _, err := zkp.InspectVerifyingKey(r.PrepareKey[:100]); !errors.Is(err, zkp.ErrVerifyingKey) {
		t.Errorf("circuit of a piece: %v", err)
	}
}

// Keys that would verify anything, or not bind an input.
func TestDegenerateVerifyingKeys(t *testing.T) {
	_, _, g1, g2 := bn254.Generators()
	times := func(n int64) (p bn254.G2Affine) { p.ScalarMultiplication(&g2, big.NewInt(n)); return p }
	parts := func() (alpha bn254.G1Affine, beta, gamma, delta bn254.G2Affine, ic []bn254.G1Affine) {
		ic = make([]bn254.G1Affine, 1+zkp.CircuitPrepare.PublicInputs())
		for i := range ic {
			ic[i].ScalarMultiplication(&g1, big.NewInt(int64(i)+5))
		}
		return g1, times(2), times(3), times(4), ic
	}
	for name, change := range map[string]func(alpha *bn254.G1Affine, beta, gamma, delta *bn254.G2Affine, ic []bn254.G1Affine){
		"γ = δ":               func(_ *bn254.G1Affine, _, c, d *bn254.G2Affine, _ []bn254.G1Affine) { *c = *d },
		"α at infinity":       func(a *bn254.G1Affine, _, _, _ *bn254.G2Affine, _ []bn254.G1Affine) { *a = bn254.G1Affine{} },
		"β at infinity":       func(_ *bn254.G1Affine, b, _, _ *bn254.G2Affine, _ []bn254.G1Affine) { *b = bn254.G2Affine{} },
		"β = γ":               func(_ *bn254.G1Affine, b, c, _ *bn254.G2Affine, _ []bn254.G1Affine) { *b = *c },
		"β = δ":               func(_ *bn254.G1Affine, b, _, d *bn254.G2Affine, _ []bn254.G1Affine) { *b = *d },
		"γ = −δ":              func(_ *bn254.G1Affine, _, c, d *bn254.G2Affine, _ []bn254.G1Affine) { c.Neg(d) },
		"γ at infinity":       func(_ *bn254.G1Affine, _, c, _ *bn254.G2Affine, _ []bn254.G1Affine) { *c = bn254.G2Affine{} },
		"δ at infinity":       func(_ *bn254.G1Affine, _, _, d *bn254.G2Affine, _ []bn254.G1Affine) { *d = bn254.G2Affine{} },
		"first input unbound": func(_ *bn254.G1Affine, _, _, _ *bn254.G2Affine, ic []bn254.G1Affine) { ic[1] = bn254.G1Affine{} },
		"last input unbound":  func(_ *bn254.G1Affine, _, _, _ *bn254.G2Affine, ic []bn254.G1Affine) { ic[5] = bn254.G1Affine{} },
	} {
		a, b, c, d, ic := parts()
		if _, err := zkp.NewVerifyingKey(zkp.CircuitPrepare, zkp.SetupCeremony, a, b, c, d, ic); err != nil {
			t.Fatal(err)
		}
		change(&a, &b, &c, &d, ic)
		if _, err := zkp.NewVerifyingKey(zkp.CircuitPrepare, zkp.SetupCeremony, a, b, c, d, ic); !errors.Is(err, zkp.ErrVerifyingKey) {
			t.Errorf("%s: %v", name, err)
		}
	}
	// A ceremony's key needs no switch.
	a, b, c, d, ic := parts()
	k, err := zkp.NewVerifyingKey(zkp.CircuitPrepare, zkp.SetupCeremony, a, b, c, d, ic)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := zkp.ParseVerifyingKey(k.Bytes(), k.Hash(), zkp.KeyOptions{}); err != nil {
		t.Error(err)
	}
}

func BenchmarkVerify(b *testing.B) {
	r := readRecorded(b)
	keys := r.keys(b)
	for b.Loop() {
		p, err := zkp.ParsePresentation(r.Presentation)
		if err != nil {
			b.Fatal(err)
		}
		if _, err := zkp.Verify(keys, r.Epoch, r.Request, p); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(2*zkp.ProofSize, "proof-bytes")
	b.ReportMetric(float64(len(r.PrepareKey)+len(r.ShowKey)), "key-bytes")
}

// Two credentials, three shows.
func BenchmarkVerifyJoined(b *testing.B) {
	r := readRecorded(b)
	keys := r.keys(b)
	for b.Loop() {
		if _, err := zkp.Verify(keys, r.Epoch, r.JoinedRequest, r.joined(b)...); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(5*zkp.ProofSize, "proof-bytes")
}
