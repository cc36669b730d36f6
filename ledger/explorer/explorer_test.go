package explorer_test

import (
	"context"
	"crypto/sha256"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/hufu-id/hufu/ledger"
	"github.com/hufu-id/hufu/ledger/explorer"
	"github.com/hufu-id/hufu/ledger/explorer/explorertest"
	"github.com/hufu-id/hufu/ledger/ledgertest"
)

// text writes an answer on few lines.
func text(a *explorer.Answer) string {
	var b strings.Builder
	for _, s := range a.Sections {
		b.WriteString("[" + s.Name + "]")
		for _, r := range s.Rows {
			b.WriteString(" " + r.Label + "=" + r.Value)
		}
		b.WriteString("\n")
	}
	return b.String()
}

// expect insists on parts of an answer, in this order.
func expect(t *testing.T, a *explorer.Answer, err error, parts ...string) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	rest := text(a)
	for _, part := range parts {
		_, after, found := strings.Cut(rest, part)
		if !found {
			t.Fatalf("no %q in this place of\n%s", part, text(a))
		}
		rest = after
	}
}

func TestAnswers(t *testing.T) {
	w := explorertest.New(t)
	ctx, x := t.Context(), w.Explorer(w.Ledger)
	root := w.Ledger.Trust().RootDID

	a, err := x.Ledger(ctx)
	expect(t, a, err, "[log] origin=ledger.example/window size=", "root-agency="+root, "needed=1", "[signatures] signed-by=ledger.example/window ")

	district := ledgertest.SubjectOf(w.District.DID)
	a, err = x.OfAgency(ctx, w.Office.DID)
	expect(t, a, err, "[agency] did="+w.Office.DID+" state=active", "[key] key-id=sig-1 key-purpose=key-signature", "state=in-force",
		"[accreditation] name=", " contact=https://", " type="+explorertest.Type+" action=issue region=110101 state=in-force by-name="+district.Name.Chinese+" / "+district.Name.English+" by="+w.District.DID+" by="+root+"\n")

	office := ledgertest.SubjectOf(w.Office.DID)
	for _, asked := range []string{office.Code, office.Name.Chinese, office.Name.English, strings.ToLower(office.Name.English)} {
		a, err = x.OfAgency(ctx, asked)
		expect(t, a, err, "[agency] did="+w.Office.DID, "name="+office.Name.Chinese+" / "+office.Name.English+" code="+office.Code)
	}
	a, err = x.OfAgency(ctx, "东城区图书馆")
	expect(t, a, err, "东城区图书馆")

	a, err = x.OfAgency(ctx, w.Gym.DID)
	expect(t, a, err, "action=verify", "state=suspended by="+root)

	a, err = x.OfAgency(ctx, root)
	expect(t, a, err, "state=root")

	a, err = x.OfSchema(ctx, explorertest.SchemaID, 1)
	expect(t, a, err, "version=1", "owner="+w.Office.DID, "attribute=parcel attribute=holder attribute=area\n")

	a, err = x.OfRecord(ctx, w.Office.DID, w.Record)
	expect(t, a, err, "[record]", "record-state=record-transferred sequence=2 rule=title 1", "[step] sequence=2", "[step] sequence=1", "[step] sequence=0 record-state=record-registered")
	steps := a.Sections[1:]
	if len(steps) != 3 || steps[0].Rows[4].Value != w.Now().Add(-2*time.Minute).UTC().Format(time.RFC3339) || steps[1].Rows[4].Value >= steps[0].Rows[4].Value {
		t.Errorf("times of the steps: %v", steps)
	}

	a, err = x.OfRecord(ctx, w.Office.DID, w.Anchored)
	expect(t, a, err, "[anchor] hash=", "count=12 agency="+w.Office.DID)
}

// TestAbsence is proved as presence is.
func TestAbsence(t *testing.T) {
	w := explorertest.New(t)
	ctx, x := t.Context(), w.Explorer(w.Ledger)
	unknown := "did:hufu:" + strings.Repeat("a", 32)
	a, err := x.OfAgency(ctx, unknown)
	expect(t, a, err, "[absent] asked="+unknown)
	a, err = x.OfSchema(ctx, "nobody", 7)
	expect(t, a, err, "[absent] asked=nobody 7")
	a, err = x.OfRecord(ctx, w.Office.DID, sha256.Sum256(nil))
	expect(t, a, err, "[absent] asked=e3b0c442")
}

func TestMalformedQuestions(t *testing.T) {
	w := explorertest.New(t)
	ctx, x := t.Context(), w.Explorer(w.Ledger)
	for _, did := range []string{"", "did:web:example.org", "did:hufu:x", "did:hufu:" + strings.Repeat("A", 32), strings.Repeat("x", 1<<16)} {
		if _, err := x.OfAgency(ctx, did); !errors.Is(err, ledger.ErrKey) {
			t.Errorf("%.20q: %v", did, err)
		}
	}
	for _, id := range []string{"", "a b", strings.Repeat("x", 1<<16)} {
		if _, err := x.OfSchema(ctx, id, 1); !errors.Is(err, ledger.ErrKey) {
			t.Errorf("%.20q: %v", id, err)
		}
	}
}

// liar changes what a source answers.
type liar struct {
	ledger.Ledger
	prove     func(*ledger.Proof)
	history   func([]ledger.Change) []ledger.Change
	keys      func([]string) []string
	inclusion func(*ledger.Inclusion)
	index     func(uint64) uint64
}

func (l *liar) Prove(ctx context.Context, keys ...string) (*ledger.Proof, error) {
	p, err := l.Ledger.Prove(ctx, keys...)
	if err == nil && l.prove != nil {
		l.prove(p)
	}
	return p, err
}

func (l *liar) History(ctx context.Context, key string, from uint64) ([]ledger.Change, error) {
	c, err := l.Ledger.History(ctx, key, from)
	if err == nil && l.history != nil {
		c = l.history(c)
	}
	return c, err
}

func (l *liar) Keys(ctx context.Context, prefix, after string) ([]string, error) {
	k, err := l.Ledger.Keys(ctx, prefix, after)
	if err == nil && l.keys != nil {
		k = l.keys(k)
	}
	return k, err
}

func (l *liar) ProveInclusion(ctx context.Context, index uint64) (*ledger.Inclusion, error) {
	if l.index != nil {
		index = l.index(index)
	}
	p, err := l.Ledger.ProveInclusion(ctx, index)
	if err == nil && l.inclusion != nil {
		l.inclusion(p)
	}
	return p, err
}

// TestLies: whatever a source changes is noticed, and told apart by what it is.
func TestLies(t *testing.T) {
	w := explorertest.New(t)
	anothers, err := w.Ledger.History(t.Context(), ledger.TrailKey(w.Office.DID, w.Other), 0)
	if err != nil {
		t.Fatal(err)
	}
	stateLeaf := func(index uint64) bool {
		leaves, err := w.Ledger.Entries(t.Context(), index)
		return err == nil && ledger.IsStateLeaf(leaves[0])
	}
	other := func(c ledger.Change) ledger.Change {
		signed, err := ledger.ParseSignedOperation(c.Leaf)
		if err != nil {
			t.Fatal(err)
		}
		trail, err := ledger.ParseTrail(signed.Operation.Body)
		if err != nil {
			t.Fatal(err)
		}
		trail.State = "mortgaged"
		signed.Operation.Body = trail.Bytes()
		return ledger.Change{Index: c.Index, Leaf: signed.Bytes()}
	}
	for name, c := range map[string]struct {
		liar liar
		want error
	}{
		"a value": {liar{prove: func(p *ledger.Proof) {
			for i := range p.Entries {
				if p.Entries[i].Value != nil {
					p.Entries[i].Value = slices.Clone(p.Entries[i].Value)
					p.Entries[i].Value[8] ^= 1
				}
			}
		}}, ledger.ErrNotIncluded},
		"an absence":      {liar{prove: func(p *ledger.Proof) { p.Entries[1].Value = nil }}, ledger.ErrNotIncluded},
		"a left out key":  {liar{prove: func(p *ledger.Proof) { p.Entries = nil }}, ledger.ErrReader},
		"a step left out": {liar{history: func(c []ledger.Change) []ledger.Change { return slices.Delete(c, 1, 2) }}, explorer.ErrHistory},
		"no steps":        {liar{history: func([]ledger.Change) []ledger.Change { return nil }}, explorer.ErrHistory},
		"steps swapped":   {liar{history: func(c []ledger.Change) []ledger.Change { c[0], c[1] = c[1], c[0]; return c }}, explorer.ErrHistory},
		"another step":    {liar{history: func(c []ledger.Change) []ledger.Change { c[1] = other(c[1]); return c }}, explorer.ErrHistory},
		"another last":    {liar{history: func(c []ledger.Change) []ledger.Change { c[2] = other(c[2]); return c }}, explorer.ErrHistory},
		"another record":  {liar{history: func([]ledger.Change) []ledger.Change { return anothers }}, explorer.ErrHistory},
		"an older time": {liar{index: func(index uint64) uint64 {
			if stateLeaf(index) {
				return index - 2
			}
			return index
		}}, ledger.ErrReader},
		"another first": {liar{history: func(c []ledger.Change) []ledger.Change { c[0] = other(c[0]); return c }}, explorer.ErrHistory},
		"no operation":  {liar{history: func(c []ledger.Change) []ledger.Change { c[1].Leaf = []byte{1}; return c }}, explorer.ErrHistory},
		"another index": {liar{history: func(c []ledger.Change) []ledger.Change { c[2].Index--; return c }}, explorer.ErrHistory},
		"a false leaf":  {liar{inclusion: func(p *ledger.Inclusion) { p.Leaf = append(slices.Clone(p.Leaf), 0) }}, ledger.ErrNotIncluded},
	} {
		c.liar.Ledger = w.Ledger
		if a, err := w.Explorer(&c.liar).OfRecord(t.Context(), w.Office.DID, w.Record); !errors.Is(err, c.want) {
			t.Errorf("%s: %v %v", name, err, a)
		}
	}
	hides := &liar{Ledger: w.Ledger, keys: func(k []string) []string { return append(k, k...) }}
	if _, err := w.Explorer(hides).OfAgency(t.Context(), w.Office.DID); !errors.Is(err, ledger.ErrReader) {
		t.Error("a list that goes round:", err)
	}
	invents := &liar{Ledger: w.Ledger, keys: func(k []string) []string {
		for i := range k {
			k[i] += "x"
		}
		return k
	}}
	lends := &liar{Ledger: w.Ledger, keys: func(k []string) []string {
		if len(k) == 0 {
			return nil
		}
		return []string{ledger.AccreditationKey(w.District.DID, ledger.ActionAccredit, "110000", explorertest.Type)}
	}}
	if _, err := w.Explorer(lends).OfAgency(t.Context(), w.Office.DID); !errors.Is(err, ledger.ErrReader) {
		t.Error("another agency's accreditation:", err)
	}
	a, err := w.Explorer(invents).OfAgency(t.Context(), w.Office.DID)
	if err != nil || strings.Contains(text(a), "[accreditation]") {
		t.Error("an accreditation that is not there:", err)
	}
}

// TestStale: an old state is no answer.
func TestStale(t *testing.T) {
	w := explorertest.New(t)
	late := func() time.Time { return w.Now().AddDate(1, 0, 0) }
	if _, err := explorer.New(w.Client(w.Ledger, late), w.Ledger).OfRecord(t.Context(), w.Office.DID, w.Record); !errors.Is(err, ledger.ErrStale) {
		t.Error(err)
	}
}

// TestLongRecords: the newest steps are told, and of a record that nobody can read
// in a moment where it stands.
func TestLongRecords(t *testing.T) {
	w := explorertest.New(t)
	x := w.Explorer(w.Ledger)
	w.Sell(w.Record, 100)
	a, err := x.OfRecord(t.Context(), w.Office.DID, w.Record)
	expect(t, a, err, "[step] sequence=102", "[step] sequence=39 ", "[more]")
	if strings.Contains(text(a), "[step] sequence=38 ") {
		t.Error("more steps than there is room for")
	}
	w.Sell(w.Record, 4000)
	a, err = x.OfRecord(t.Context(), w.Office.DID, w.Record)
	expect(t, a, err, "[record]", "sequence=4102", "[more]")
	if strings.Contains(text(a), "[step]") {
		t.Error("all steps were read")
	}
}

// TestNameOfAnother: the page of an agency whose names another bears by now says so, and
// a search for the name finds the other.
func TestNameOfAnother(t *testing.T) {
	w := explorertest.New(t)
	x := w.Explorer(w.Ledger)
	a, err := x.OfAgency(t.Context(), w.Gym.DID)
	expect(t, a, err, "state=suspended")
	if strings.Contains(text(a), "alike=") {
		t.Errorf("its own name:\n%s", text(a))
	}
	heir := w.Succeed()
	a, err = x.OfAgency(t.Context(), w.Gym.DID)
	expect(t, a, err, "state=revoked alike="+heir.DID+" by=")
	if n := strings.Count(text(a), "alike="); n != 1 {
		t.Errorf("said %d times", n)
	}
	a, err = x.OfAgency(t.Context(), ledgertest.SubjectOf(w.Gym.DID).Name.Chinese)
	expect(t, a, err, "[agency] did="+heir.DID)
	if strings.Contains(text(a), "alike=") {
		t.Errorf("the heir's own name:\n%s", text(a))
	}
}
