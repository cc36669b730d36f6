package prover_test

import (
	"context"
	"testing"

	"github.com/hufu-id/hufu/zkp"
)

func present(t testing.TB, f *fixture, req *zkp.Request) *zkp.Presentation {
	t.Helper()
	p, _ := testKeys(t)
	prepared, err := p.Prepare(context.Background(), f.prepareWitness(t))
	if err != nil {
		t.Fatal(err)
	}
	w, err := zkp.NewShowWitness(f.credential, prepared, f.epoch, req)
	if err != nil {
		t.Fatal(err)
	}
	out, err := p.Show(context.Background(), w)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func TestPrepareShowVerify(t *testing.T) {
	f, req := newFixture(t), (*zkp.Request)(nil)
	req = f.request(t)
	_, keys := testKeys(t)
	sent := present(t, f, req).Bytes()
	if len(sent) != zkp.PresentationSize {
		t.Fatalf("%d bytes, want %d", len(sent), zkp.PresentationSize)
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

func BenchmarkPrepare(b *testing.B) {
	f := newFixture(b)
	p, _ := testKeys(b)
	w := f.prepareWitness(b)
	b.ReportMetric(float64(p.Manifest().Circuits[zkp.CircuitPrepare].Constraints), "constraints")
	b.ReportMetric(zkp.ProofSize, "proof-bytes")
	for b.Loop() {
		if _, err := p.Prepare(context.Background(), w); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkShow(b *testing.B) {
	f := newFixture(b)
	p, _ := testKeys(b)
	prepared, err := p.Prepare(context.Background(), f.prepareWitness(b))
	if err != nil {
		b.Fatal(err)
	}
	req := f.request(b)
	for b.Loop() {
		w, err := zkp.NewShowWitness(f.credential, prepared, f.epoch, req)
		if err != nil {
			b.Fatal(err)
		}
		if _, err := p.Show(context.Background(), w); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(p.Manifest().Circuits[zkp.CircuitShow].Constraints), "constraints")
	b.ReportMetric(zkp.ProofSize, "proof-bytes")
}

func BenchmarkVerify(b *testing.B) {
	f := newFixture(b)
	_, keys := testKeys(b)
	req := f.request(b)
	sent := present(b, f, req).Bytes()
	for b.Loop() {
		p, err := zkp.ParsePresentation(sent)
		if err != nil {
			b.Fatal(err)
		}
		if _, err := zkp.Verify(keys, f.epoch, req, p); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkOpenKeys(b *testing.B) {
	testKeys(b)
	for b.Loop() {
		if _, err := reopen(); err != nil {
			b.Fatal(err)
		}
	}
}
