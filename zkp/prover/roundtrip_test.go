package prover_test

import (
	"context"
	"errors"
	"testing"

	"github.com/hufu-id/hufu/zkp"
	"github.com/hufu-id/hufu/zkp/prover"
)

// statementOf is the one statement of the fixture's request.
func statementOf(r *zkp.Request) *zkp.Statement { return &r.Questions[0].Statements[0] }

func present(t testing.TB, f *fixture, req *zkp.Request) *zkp.Presentation {
	t.Helper()
	_, out := f.present(t, req)
	return out
}

func TestPrepareShowVerify(t *testing.T) {
	f := newFixture(t)
	req := f.request(t)
	_, keys := testKeys(t)
	sent := present(t, f, req).Bytes()
	if len(sent) != zkp.PresentationSize(1) {
		t.Fatalf("%d bytes, want %d", len(sent), zkp.PresentationSize(1))
	}
	got, err := zkp.ParsePresentation(sent)
	if err != nil {
		t.Fatal(err)
	}
	shown, err := zkp.Verify(keys, f.epoch, req, got)
	if err != nil {
		t.Fatal(err)
	}
	if want := f.credential.Secret.Pseudonym(shown.Scope); !shown.Pseudonym.Equal(&want) {
		t.Error("pseudonym is not the holder's in the derived scope")
	}
}

// Halves of two answers do not make a third one, whoever's they are.
func TestMixedAnswers(t *testing.T) {
	f := newFixture(t)
	_, keys := testKeys(t)
	req := f.request(t)
	mine := present(t, f, req)
	again := present(t, f, req)
	f.credential = issue(t, f.issuer, newSecret("somebody else"), schema, "110101", f.credential.Attributes)
	theirs := present(t, f, req)
	for name, other := range map[string]*zkp.Presentation{"my own": again, "another's": theirs} {
		for what, tc := range map[string]struct {
			mixed zkp.Presentation
			err   error
		}{
			"show":                   {zkp.Presentation{Epoch: mine.Epoch, Commitment: mine.Commitment, Pseudonym: other.Pseudonym, Prepare: mine.Prepare, Shows: other.Shows}, zkp.ErrShow},
			"prepare":                {zkp.Presentation{Epoch: mine.Epoch, Commitment: mine.Commitment, Pseudonym: mine.Pseudonym, Prepare: other.Prepare, Shows: mine.Shows}, zkp.ErrPrepare},
			"prepare and commitment": {zkp.Presentation{Epoch: mine.Epoch, Commitment: other.Commitment, Pseudonym: mine.Pseudonym, Prepare: other.Prepare, Shows: mine.Shows}, zkp.ErrShow},
		} {
			if _, err := zkp.Verify(keys, f.epoch, req, &tc.mixed); !errors.Is(err, tc.err) {
				t.Errorf("%s %s: %v, want %v", name, what, err, tc.err)
			}
		}
	}
}

// What the holder cannot show is refused before any proving.
func TestShowRefusedInTheClear(t *testing.T) {
	f := newFixture(t)
	for name, tc := range map[string]struct {
		change func(r *zkp.Request, e *zkp.Epoch)
		err    error
	}{
		"not satisfied":  {func(r *zkp.Request, _ *zkp.Epoch) { statementOf(r).Predicates[0].High = 2 }, zkp.ErrUnsatisfied},
		"other schema":   {func(r *zkp.Request, _ *zkp.Epoch) { r.Questions[0].Schema = zkp.SchemaElement("cn.doctor", 1) }, zkp.ErrStatement},
		"other version":  {func(r *zkp.Request, _ *zkp.Epoch) { r.Questions[0].Schema = zkp.SchemaElement("cn.resident", 2) }, zkp.ErrStatement},
		"table":          {func(r *zkp.Request, _ *zkp.Epoch) { statementOf(r).Table = 1 }, zkp.ErrStatement},
		"scope":          {func(r *zkp.Request, _ *zkp.Epoch) { r.Scope.Owner = "did:hufu:x" }, zkp.ErrStatement},
		"of other epoch": {func(_ *zkp.Request, e *zkp.Epoch) { e.Number++ }, zkp.ErrEpoch},
	} {
		req, epoch := f.request(t), f.epoch
		tc.change(req, &epoch)
		if _, err := zkp.NewAnswer(req, epoch, f.unproved()); !errors.Is(err, tc.err) {
			t.Errorf("%s: %v", name, err)
		}
	}
	stale := f.epoch
	stale.Registry = zkp.Element{}
	if _, err := zkp.NewPrepareWitness(f.credential, stale, f.from, f.until, f.registry, f.revocation, nil); !errors.Is(err, zkp.ErrEpoch) {
		t.Errorf("trees of another epoch: %v", err)
	}
	f.credential.Attributes[slotAbsent] = zkp.EncodeBool(true)
	if _, err := f.tryPrepareWitness(t); !errors.Is(err, zkp.ErrSignature) {
		t.Errorf("an attribute that was not signed: %v", err)
	}
}

func BenchmarkPrepare(b *testing.B) {
	f := newFixture(b)
	p, _ := testKeys(b)
	w := f.prepareWitness(b)
	for b.Loop() {
		if _, err := p.Prepare(context.Background(), w); err != nil {
			b.Fatal(err)
		}
	}
	reportCircuit(b, p, zkp.CircuitPrepare)
}

func BenchmarkShow(b *testing.B) {
	f := newFixture(b)
	benchmarkShow(b, f, f.request(b), zkp.CircuitShow)
}

func BenchmarkShowSet(b *testing.B) {
	f := newFixture(b)
	req := f.request(b)
	var err error
	if req.Questions[0].Statements, err = zkp.Split(
		zkp.AtLeastYears(slotBirth, 18, f.epoch.Day), zkp.OneOf(slotDistrict, districts(b))); err != nil {
		b.Fatal(err)
	}
	benchmarkShow(b, f, req, zkp.CircuitShowSet)
}

func benchmarkShow(b *testing.B, f *fixture, req *zkp.Request, c zkp.Circuit) {
	p, _ := testKeys(b)
	for b.Loop() {
		a, err := zkp.NewAnswer(req, f.epoch, f.unproved())
		if err != nil {
			b.Fatal(err)
		}
		if _, err := p.Show(context.Background(), a); err != nil {
			b.Fatal(err)
		}
	}
	reportCircuit(b, p, c)
}

func reportCircuit(b *testing.B, p *prover.Prover, c zkp.Circuit) {
	keys := p.Manifest().Circuits[c]
	b.ReportMetric(float64(keys.Constraints), "constraints")
	b.ReportMetric(zkp.ProofSize, "proof-bytes")
	b.ReportMetric(float64(keys.ProvingKeyBytes), "key-bytes")
}

func BenchmarkOpenKeys(b *testing.B) {
	testKeys(b)
	for b.Loop() {
		if _, err := reopen(); err != nil {
			b.Fatal(err)
		}
	}
}
