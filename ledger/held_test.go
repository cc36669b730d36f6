package ledger_test

import (
	"context"
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/hufu-id/hufu/ledger"
)

// steady answers under one checkpoint until it is told to move on, and remembers what
// it was asked for.
type steady struct {
	*server
	proofs func(keys ...string) *ledger.Proof
	keys   [][]string
}

func newSteady(t *testing.T) *steady {
	s := &steady{server: &server{world: newWorld(t, 1, 1)}}
	s.move()
	return s
}

// move makes the next checkpoint of the values as they are now.
func (s *steady) move() {
	signed := s.now
	s.prove()
	s.proofs = func(keys ...string) *ledger.Proof {
		now := s.now
		defer func() { s.now = now }()
		s.now = signed
		return s.again(keys...)
	}
}

func (s *steady) Prove(_ context.Context, keys ...string) (*ledger.Proof, error) {
	s.keys = append(s.keys, keys)
	return s.proofs(keys...), nil
}

// asks insists on the keys that the server was asked for since the last time.
func (s *steady) asks(t *testing.T, what string, want ...[]string) {
	t.Helper()
	if !slices.EqualFunc(s.keys, want, slices.Equal) {
		t.Errorf("%s: asked for %q, want %q", what, s.keys, want)
	}
	s.keys = nil
}

func TestResolveReuses(t *testing.T) {
	s := newSteady(t)
	first, second := anchorOf(1).Key(), anchorOf(2).Key()
	next := ledger.AgreementKey(1)
	s.put(anchorOf(1))
	s.put(anchorOf(2))
	s.move()
	clock := s.now
	c := must(ledger.NewClient(t.Context(), s.trust, s, ledger.NewMemoryTrustStore(), ledger.ClientOptions{Clock: func() time.Time { return clock }}))(t)
	made := 0
	resolve := func(opts ledger.ResolveOptions, keys ...string) (values [][]byte, size uint64, err error) {
		err = c.Resolve(t.Context(), func(v *ledger.View) error {
			values, size = nil, v.Head.Size
			_, err := ledger.Derive(v, "ledger_test made", func() (int, error) { made++; return made, nil })
			for _, key := range keys {
				value, getErr := v.Get(key)
				values = append(values, value)
				err = errors.Join(err, getErr)
			}
			return err
		}, opts)
		return values, size, err
	}
	reuse := ledger.ResolveOptions{Reuse: time.Minute, Keys: []string{first}}
	good := func(what string, opts ledger.ResolveOptions, keys ...string) ([][]byte, uint64) {
		t.Helper()
		values, size, err := resolve(opts, keys...)
		if err != nil {
			t.Fatal(what, err)
		}
		return values, size
	}

	good("without", ledger.ResolveOptions{Keys: []string{first}}, first)
	good("without", ledger.ResolveOptions{Keys: []string{first}}, first)
	s.asks(t, "nothing is kept unless asked for", []string{first, next}, []string{first, next})
	made = 0
	before, size := good("at first", reuse, first)
	s.asks(t, "at first", []string{first, next})
	good("again", reuse, first)
	s.asks(t, "again")
	good("one more key", reuse, first, second)
	s.asks(t, "one more key", []string{second})
	good("both", reuse, first, second)
	s.asks(t, "both")
	if made != 1 {
		t.Errorf("made %d times under one checkpoint", made)
	}

	clock = clock.Add(time.Minute)
	good("later", reuse, first, second)
	s.asks(t, "the checkpoint alone", nil)
	good("later, again", reuse, first)
	s.asks(t, "later, again")
	if made != 1 {
		t.Errorf("made %d times under one checkpoint", made)
	}

	// The server moves on: what one decision sees is of one checkpoint.
	s.now = s.now.Add(time.Minute)
	changed := anchorOf(1)
	s.values[first] = append(slices.Clone(changed.Bytes()), 0)
	delete(s.values, second)
	s.move()
	if values, at := good("not noticed yet", reuse, first); string(values[0]) != string(before[0]) || at != size {
		t.Error("a value of another checkpoint")
	}
	s.asks(t, "not noticed yet")
	third := anchorOf(3).Key()
	values, at, err := resolve(reuse, first, third)
	if !errors.Is(err, ledger.ErrAbsent) || at <= size || string(values[0]) != string(s.values[first]) {
		t.Errorf("a key that is new: %x at size %d, %v", values, at, err)
	}
	if made != 2 {
		t.Errorf("made %d times under two checkpoints", made)
	}
	if _, _, err := resolve(reuse, second); !errors.Is(err, ledger.ErrAbsent) {
		t.Errorf("a value outlived its checkpoint: %v", err)
	}
	s.keys = nil

	// Its age is judged for each decision.
	short := reuse
	short.MaxAge, short.Now = 30*time.Second, s.now.Add(31*time.Second)
	if _, _, err := resolve(short, first); !errors.Is(err, ledger.ErrStale) {
		t.Errorf("too old for this decision: %v", err)
	}
	early := reuse
	early.Now = s.now.Add(-2 * time.Minute)
	if _, _, err := resolve(early, first); !errors.Is(err, ledger.ErrClock) {
		t.Errorf("from the future of this decision: %v", err)
	}
	clock = clock.Add(-time.Hour)
	s.keys = nil
	now := reuse
	now.Now = s.now
	good("our clock was set back", now, first)
	s.asks(t, "our clock was set back", nil)
}

// TestResolveReusesNoLie: a server that changes its mind about what it proves convinces
// nobody, and spoils nothing that was proved before.
func TestResolveReusesNoLie(t *testing.T) {
	s := newSteady(t)
	s.put(anchorOf(1))
	s.put(anchorOf(2))
	s.move()
	c := must(s.client(s, ledger.NewMemoryTrustStore()))(t)
	get := func(n byte) error {
		return c.Resolve(t.Context(), func(v *ledger.View) error {
			_, err := v.Anchor(didOf(2), anchorOf(n).Hash)
			return err
		}, ledger.ResolveOptions{Reuse: time.Hour})
	}
	if err := get(1); err != nil {
		t.Fatal(err)
	}
	honest := s.proofs
	for name, lie := range map[string]func(*ledger.Proof){
		"another value": func(p *ledger.Proof) {
			for i := range p.Entries {
				p.Entries[i].Value = anchorOf(9).Bytes()
			}
		},
		"absent": func(p *ledger.Proof) {
			for i := range p.Entries {
				p.Entries[i].Value = nil
			}
		},
		"another state": func(p *ledger.Proof) { p.StateLeaf[len(p.StateLeaf)-1] ^= 1 },
		"unsigned":      func(p *ledger.Proof) { p.Checkpoint[len(p.Checkpoint)-3] ^= 1 },
	} {
		s.proofs = func(keys ...string) *ledger.Proof {
			p := honest(keys...)
			p.StateLeaf, p.Checkpoint = slices.Clone(p.StateLeaf), slices.Clone(p.Checkpoint)
			lie(p)
			return p
		}
		if err := get(2); err == nil || errors.Is(err, ledger.ErrAbsent) {
			t.Errorf("%s: %v", name, err)
		}
		s.keys = nil
		if err := get(1); err != nil {
			t.Errorf("%s: what was proved before: %v", name, err)
		}
		s.asks(t, name)
	}
	s.proofs = honest
	if err := get(2); err != nil {
		t.Error(err)
	}
}

// TestResolveReuseLeavesViewsAlone: a caller that changes what it got changes nobody
// else's.
func TestResolveReuseLeavesViewsAlone(t *testing.T) {
	s := newSteady(t)
	s.put(anchorOf(1))
	s.move()
	c := must(s.client(s, ledger.NewMemoryTrustStore()))(t)
	for range 2 {
		err := c.Resolve(t.Context(), func(v *ledger.View) error {
			a, err := v.Anchor(didOf(2), anchorOf(1).Hash)
			if err != nil {
				return err
			}
			if a.Hash != anchorOf(1).Hash {
				t.Error("an earlier caller's change is seen")
			}
			a.Hash = [32]byte{7}
			b, err := v.Get(anchorOf(1).Key())
			clear(b)
			v.Head.Time = time.Time{}
			return err
		}, ledger.ResolveOptions{Reuse: time.Hour})
		if err != nil {
			t.Fatal(err)
		}
	}
}
