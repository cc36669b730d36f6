package provenance_test

import (
	"bytes"
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/hufu-id/hufu/credential"
	"github.com/hufu-id/hufu/did"
	"github.com/hufu-id/hufu/hufutest"
	"github.com/hufu-id/hufu/ledger"
	"github.com/hufu-id/hufu/provenance"
)

// many are credentials of the office.
func many(c *hufutest.Country, n int) (all []*credential.SDJWT) {
	for range n {
		all = append(all, c.Forge(c.Adult(), nil).Credential())
	}
	return all
}

// TestExistenceTree: every path of every size of batch leads to the root, from its own
// credential alone, and reads back.
func TestExistenceTree(t *testing.T) {
	c := hufutest.New(t, hufutest.Options{})
	credentials := many(c, 33)
	for n := 1; n <= len(credentials); n++ {
		root, all, err := provenance.NewExistences(credentials[:n])
		none(t, err)
		for i, e := range all {
			if e.Root(credentials[i]) != root {
				t.Fatalf("%d of %d does not lead to the root", i, n)
			}
			if n > 1 && e.Root(credentials[(i+1)%n]) == root {
				t.Fatalf("%d of %d leads to the root from another credential", i, n)
			}
			e.State = 1
			again, err := provenance.ParseExistence(e.Bytes())
			none(t, err)
			if !bytes.Equal(again.Bytes(), e.Bytes()) || again.Root(credentials[i]) != root {
				t.Fatalf("%d of %d reads back as another", i, n)
			}
			for cut := range e.Siblings { // nobody need have parsed it
				short := *e
				short.Siblings = e.Siblings[:cut]
				if short.Root(credentials[i]) == root {
					t.Fatalf("%d of %d leads to the root by %d siblings", i, n, cut)
				}
			}
		}
	}
	for _, n := range []int{0, provenance.MaxBatch + 1} {
		if _, _, err := provenance.NewExistences(make([]*credential.SDJWT, n)); !errors.Is(err, provenance.ErrExistence) {
			t.Errorf("%d credentials: %v", n, err)
		}
	}
}

// TestExistenceOrder: the place in a batch does not tell the order of issuance.
func TestExistenceOrder(t *testing.T) {
	c := hufutest.New(t, hufutest.Options{})
	credentials := many(c, 2)
	firsts := 0
	for range 64 {
		_, all, err := provenance.NewExistences(credentials)
		none(t, err)
		if all[0].Index == 0 {
			firsts++
		}
	}
	if firsts == 0 || firsts == 64 {
		t.Errorf("the first came first %d times of 64", firsts)
	}
}

func TestParseExistenceRefuses(t *testing.T) {
	c := hufutest.New(t, hufutest.Options{})
	_, all, err := provenance.NewExistences(many(c, 3))
	none(t, err)
	e := all[0]
	if e.Index == 2 {
		e = all[1]
	}
	e.Leaf, e.State = 7, 9
	changed := func(edit func(e *provenance.Existence)) []byte {
		next := *e
		edit(&next)
		return next.Bytes()
	}
	good := e.Bytes()
	for name, b := range map[string][]byte{
		"nothing":              nil,
		"another version":      bytes.Replace(good, []byte("/1"), []byte("/2"), 1),
		"a byte less":          good[:len(good)-1],
		"a byte more":          append(bytes.Clone(good), 0),
		"a sibling less":       good[:len(good)-32],
		"a sibling more":       append(bytes.Clone(good), good[len(good)-32:]...),
		"eleven siblings":      append(bytes.Clone(good), make([]byte, 9*32)...),
		"no credentials":       changed(func(e *provenance.Existence) { e.Count = 0 }),
		"too many":             changed(func(e *provenance.Existence) { e.Count = provenance.MaxBatch + 1 }),
		"behind the last":      changed(func(e *provenance.Existence) { e.Index = 3 }),
		"the state before":     changed(func(e *provenance.Existence) { e.State = 7 }),
		"a state far too late": changed(func(e *provenance.Existence) { e.State = 1 << 62 }),
	} {
		if _, err := provenance.ParseExistence(b); !errors.Is(err, provenance.ErrExistence) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := provenance.ParseExistence(good); err != nil {
		t.Error(err)
	}
}

func FuzzParseExistence(f *testing.F) {
	hufutest.Run(hufutest.Options{}, func(_ context.Context, c *hufutest.Country) {
		for _, n := range []int{1, 2, 3, 9} {
			_, all, err := provenance.NewExistences(many(c, n))
			if err != nil {
				f.Fatal(err)
			}
			for _, e := range all {
				e.State = 1
				f.Add(e.Bytes())
			}
		}
	})
	f.Fuzz(func(t *testing.T, b []byte) {
		e, err := provenance.ParseExistence(b)
		if err != nil {
			if e != nil || !errors.Is(err, provenance.ErrExistence) {
				t.Fatalf("%v, %v", e, err)
			}
			return
		}
		if !bytes.Equal(e.Bytes(), b) || len(b) > provenance.MaxExistence {
			t.Fatal("it does not encode to itself")
		}
	})
}

// withoutLeaves is a reader that proves no leaf.
type withoutLeaves struct{ ledger.Reader }

// TestExistenceUnchecked: what no server proves is not false, and what was found out of
// one credential is good for no other.
func TestExistenceUnchecked(t *testing.T) {
	c := hufutest.New(t, hufutest.Options{})
	credentials := many(c, 2)
	root, all, err := provenance.NewExistences(credentials[:1])
	none(t, err)
	c.Submit(c.Office, &ledger.Anchor{Hash: root, Count: 1, Agency: c.Office.DID})
	changes, err := c.Log.History(t.Context(), ledger.AnchorKey(c.Office.DID, root), 0)
	none(t, err)
	client := c.Client(c.Log)
	none(t, client.Follow(t.Context()))
	e := all[0]
	e.Leaf = changes[0].Index
	e.State, err = client.StateAfter(t.Context(), e.Leaf)
	none(t, err)
	existed, err := e.Verify(t.Context(), client, credentials[0])
	none(t, err)
	if !existed.By.Equal(c.Now().Truncate(time.Millisecond)) {
		t.Errorf("existed by %v, it is %v", existed.By, c.Now())
	}

	_, err = e.Verify(t.Context(), c.Client(withoutLeaves{c.Log}), credentials[0])
	failsAt(t, err, provenance.StepIssuer, ledger.ErrReader, true)
	late := *e
	late.State = 1 << 40
	_, err = late.Verify(t.Context(), client, credentials[0])
	failsAt(t, err, provenance.StepIssuer, ledger.ErrNotIncluded, true)
	_, err = e.Verify(t.Context(), client, credentials[1])
	failsAt(t, err, provenance.StepIssuer, provenance.ErrExistence, false)
	if strings.Contains(err.Error(), c.Adult().Name) {
		t.Errorf("%v", err)
	}
	turned := *e // nobody need have parsed it
	turned.State, err = client.StateAfter(t.Context(), 0)
	none(t, err)
	_, err = turned.Verify(t.Context(), client, credentials[0])
	failsAt(t, err, provenance.StepIssuer, provenance.ErrExistence, false)

	c.Advance(time.Hour)
	c.Office.MarkCompromised(c.Office.KeyID, c.Now())
	c.SignList()
	for i, want := range []error{nil, provenance.ErrExistence} {
		found, err := verify(t, c, credentials[i], func(in *call) { in.opts.Existed = existed })
		if want != nil {
			failsAt(t, err, provenance.StepIssuer, want, false)
			continue
		}
		none(t, err)
		if !found.Origin.Existed.Equal(existed.By) {
			t.Errorf("existed by %v", found.Origin.Existed)
		}
	}
	_, err = verify(t, c, credentials[0], asIs)
	failsAt(t, err, provenance.StepIssuer, did.ErrKeyCompromised, false)
}
