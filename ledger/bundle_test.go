package ledger_test

import (
	"context"
	"crypto"
	"errors"
	"slices"
	"testing"
	"time"

	"golang.org/x/mod/sumdb/tlog"

	"github.com/hufu-id/hufu/ledger"
)

// bundleOf is a bundle over two anchors, one of them absent.
func bundleOf(w *world) *ledger.Bundle {
	w.put(anchorOf(1))
	proof := w.prove(anchorOf(1).Key(), anchorOf(2).Key())
	return &ledger.Bundle{Proof: proof.Bytes(), Files: []ledger.BundleFile{{Name: "a", Content: []byte{1}}, {Name: "b", Content: []byte{2}}}}
}

func TestOpenBundle(t *testing.T) {
	w := newWorld(t, 1, 1)
	b := must(ledger.ParseBundle(bundleOf(w).Bytes()))(t)
	o := must(ledger.OpenBundle(w.trust, start, b))(t)
	c := must(w.client(o, ledger.NewMemoryTrustStore()))(t)
	err := c.Resolve(t.Context(), func(v *ledger.View) error {
		if _, err := v.Anchor(didOf(2), anchorOf(1).Hash); err != nil {
			return err
		}
		if _, err := v.Anchor(didOf(2), anchorOf(2).Hash); is(err, ledger.ErrNotProved) {
			return err
		} else if !is(err, ledger.ErrAbsent) {
			t.Error("absence:", err)
		}
		_, err := v.Anchor(didOf(2), anchorOf(3).Hash)
		return err
	}, ledger.ResolveOptions{})
	if !is(err, ledger.ErrReader) || !is(err, ledger.ErrNotProved) {
		t.Error("what the bundle does not hold:", err)
	}
	if b.File("b") == nil || b.File("c") != nil {
		t.Error("files are found by their names")
	}
	if _, err := o.ProveConsistency(t.Context(), 1, o.Head.Size); !is(err, ledger.ErrNotIncluded) {
		t.Error("consistency that it does not hold:", err)
	}
	if hashes, err := o.ProveConsistency(t.Context(), o.Head.Size, o.Head.Size); err != nil || len(hashes) != 0 {
		t.Error(hashes, err)
	}
}

// TestBundleAge: a decision judges the checkpoint's age; the bundle itself is
// refused only when keys of who left could have signed it.
func TestBundleAge(t *testing.T) {
	w := newWorld(t, 1, 1)
	b := bundleOf(w)
	late := start.Add(100 * 24 * time.Hour)
	o := must(ledger.OpenBundle(w.trust, late, b))(t)
	judged := func(*ledger.View) error { return nil }
	c := must(w.client(o, ledger.NewMemoryTrustStore()))(t)
	if err := c.Resolve(t.Context(), judged, ledger.ResolveOptions{Now: late}); !is(err, ledger.ErrStale) {
		t.Error("100 days later:", err)
	}
	if _, err := ledger.OpenBundle(w.trust, start.Add(181*24*time.Hour), b); !is(err, ledger.ErrBootstrap) {
		t.Error("181 days later:", err)
	}
	if _, err := ledger.OpenBundle(w.trust, start.Add(-time.Hour), b); !is(err, ledger.ErrClock) {
		t.Error("from the future:", err)
	}
}

func TestBundleTampered(t *testing.T) {
	w := newWorld(t, 1, 1)
	good := bundleOf(w)
	alter := func(change func(p *ledger.Proof)) *ledger.Bundle {
		p := must(ledger.ParseProof(good.Proof))(t)
		change(p)
		b := *good
		b.Proof = p.Bytes()
		return &b
	}
	for name, c := range map[string]struct {
		bundle *ledger.Bundle
		want   error
	}{
		"value": {alter(func(p *ledger.Proof) { p.Entries[0].Value = append([]byte{}, anchorOf(9).Bytes()...) }), ledger.ErrNotIncluded},
		"made absent": {alter(func(p *ledger.Proof) {
			for i := range p.Entries {
				p.Entries[i].Value = nil
			}
		}), ledger.ErrNotIncluded},
		"state leaf": {alter(func(p *ledger.Proof) { p.StateLeaf[20] ^= 1 }), ledger.ErrNotIncluded},
		"checkpoint": {alter(func(p *ledger.Proof) { p.Checkpoint[len(p.Checkpoint)-5] ^= 1 }), nil},
	} {
		o, err := ledger.OpenBundle(w.trust, start, c.bundle)
		if o != nil || err == nil || c.want != nil && !is(err, c.want) {
			t.Errorf("%s: %v", name, err)
		}
	}
	foreign := *good
	foreign.Agreements = [][]byte{agreement(t, w, 1, nil, 1, []crypto.Signer{newKey(t)}, newKey(t)).Bytes()}
	if _, err := ledger.OpenBundle(w.trust, start, &foreign); !is(err, ledger.ErrTrustChain) {
		t.Error("a stranger's agreement:", err)
	}
	for name, c := range map[string]struct {
		change func(b *ledger.Bundle)
		want   error
	}{
		"files out of order": {func(b *ledger.Bundle) { slices.Reverse(b.Files) }, ledger.ErrFormat},
		"file without name":  {func(b *ledger.Bundle) { b.Files[0].Name = "" }, ledger.ErrKey},
		"too many files":     {func(b *ledger.Bundle) { b.Files = make([]ledger.BundleFile, 1025) }, ledger.ErrTooLarge},
		"long consistency":   {func(b *ledger.Bundle) { b.Consistency = make([]tlog.Hash, 200) }, ledger.ErrTooLarge},
		"no proof":           {func(b *ledger.Bundle) { b.Proof = nil }, ledger.ErrFormat},
	} {
		b := *good
		b.Files = slices.Clone(good.Files)
		c.change(&b)
		if _, err := ledger.ParseBundle(b.Bytes()); !is(err, c.want) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// restless is a source whose ledger changes with every question.
type restless struct {
	ledger.Ledger // answers nothing else
	*world
	asked *byte
}

func (r restless) Prove(context.Context, ...string) (*ledger.Proof, error) {
	*r.asked++
	r.put(anchorOf(*r.asked))
	return r.prove(), nil
}

func (restless) ProveConsistency(context.Context, uint64, uint64) ([]tlog.Hash, error) {
	return nil, nil
}

func (restless) TrustChain(context.Context, uint64) ([]*ledger.SignedOperation, error) {
	return nil, nil
}

func (restless) Keys(_ context.Context, prefix, after string) ([]string, error) {
	if after >= prefix+"9" {
		return nil, nil
	}
	var keys []string
	for n := range 400 {
		keys = append(keys, prefix+string(rune('0'+n/100))+string(rune('0'+n/10%10))+string(rune('0'+n%10)))
	}
	return append(keys, prefix+"9"), nil
}

// TestRestlessSource: a ledger that never stands still is given up in the end.
func TestRestlessSource(t *testing.T) {
	w := newWorld(t, 1, 1)
	_, err := ledger.ExportBundle(t.Context(), restless{nil, w, new(byte)}, w.trust, start, ledger.BundleSelector{Prefixes: []string{"x/"}})
	if !errors.Is(err, ledger.ErrReader) {
		t.Error(err)
	}
}

func TestBundleDelta(t *testing.T) {
	w := newWorld(t, 1, 1)
	older, newer := bundleOf(w), bundleOf(w)
	newer.Files = []ledger.BundleFile{{Name: "a", Content: []byte{1}}, {Name: "b", Content: []byte{3}}, {Name: "c", Content: []byte{4}}}
	delta := must(ledger.ParseBundle(newer.Without(older).Bytes()))(t)
	if len(delta.File("a")) != 0 || len(delta.File("b")) == 0 || len(delta.File("c")) == 0 {
		t.Error("the delta holds too much, or too little")
	}
	whole := must(delta.Complete(older))(t)
	if string(whole.Bytes()) != string(newer.Bytes()) {
		t.Error("completed to another bundle")
	}
	if _, err := delta.Complete(&ledger.Bundle{}); !is(err, ledger.ErrAbsent) {
		t.Error("completed from nothing:", err)
	}
}
