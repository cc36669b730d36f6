package ledger_test

import (
	"bytes"
	"context"
	"crypto"
	"crypto/ecdsa"
	"errors"
	"maps"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/fxamacker/cbor/v2"
	"golang.org/x/mod/sumdb/tlog"

	"github.com/hufu-id/hufu/ledger"
)

// server answers from a world that may stand still, lag, lie or change its witnesses.
type server struct {
	*world
	mu     sync.Mutex
	chain  []*ledger.SignedOperation
	frozen bool // no new checkpoint: the one there is is signed again
	silent bool // keys are left out
	asked  int
	proofs int // of consistency
}

func (s *server) Prove(_ context.Context, keys ...string) (*ledger.Proof, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.asked++
	if s.silent {
		keys = nil
	}
	if s.frozen {
		return s.again(keys...), nil
	}
	return s.prove(keys...), nil
}

// again proves under the checkpoint that is the newest already.
func (w *world) again(keys ...string) *ledger.Proof {
	last := w.leaves[len(w.leaves)-1]
	w.leaves = w.leaves[:len(w.leaves)-1]
	now := w.now
	defer func() { w.now = now }()
	state, err := ledger.ParseStateLeaf(last)
	if err != nil {
		w.Fatal(err)
	}
	w.now = state.Time()
	return w.prove(keys...)
}

func (s *server) ProveConsistency(_ context.Context, from, to uint64) ([]tlog.Hash, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.proofs++
	if to > uint64(len(s.leaves)) {
		return nil, errors.New("no such size here")
	}
	return tlog.ProveTree(int64(to), int64(from), hashes(s, s.leaves))
}

func (s *server) TrustChain(_ context.Context, from uint64) ([]*ledger.SignedOperation, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.chain[min(int(from)-1, len(s.chain)):], nil
}

// copy is another server that knows what this one knows now.
func (s *server) copy() *server {
	w := *s.world
	w.values, w.leaves = maps.Clone(s.values), slices.Clone(s.leaves)
	return &server{world: &w, chain: slices.Clone(s.chain)}
}

// several are servers of which one is asked after the other.
type several struct {
	servers []*server
	first   int
}

func (s *several) at() *server  { return s.servers[s.first%len(s.servers)] }
func (s *several) Rotate() bool { s.first++; return true }

func (s *several) Prove(ctx context.Context, keys ...string) (*ledger.Proof, error) {
	return s.at().Prove(ctx, keys...)
}

func (s *several) ProveConsistency(ctx context.Context, from, to uint64) ([]tlog.Hash, error) {
	return s.at().ProveConsistency(ctx, from, to)
}

func (s *several) TrustChain(ctx context.Context, from uint64) ([]*ledger.SignedOperation, error) {
	return s.at().TrustChain(ctx, from)
}

// consortium is a world whose agency decides which witnesses count.
func consortium(t *testing.T) (*server, *ecdsa.PrivateKey) {
	w, agency := newWorld(t, 1, 1), newKey(t)
	file := *w.trust
	file.Next, file.Threshold = [][32]byte{nextHash(t, agency, 1)}, 1
	w.trust = must(ledger.NewTrust(file))(t)
	return &server{world: w}, agency
}

// agree makes the next agreement: a new witness takes the place of the old one.
func (s *server) agree(t *testing.T, agency *ecdsa.PrivateKey) {
	t.Helper()
	fresh := newWorld(t, 1, 1)
	name := "witness.example/" + string(rune('b'+len(s.chain)))
	s.mu.Lock()
	defer s.mu.Unlock()
	fresh.witnesses[0] = must(ledger.NewCosigner(name, ed25519Key(t), func() time.Time { return s.now }))(t)
	s.witnesses = fresh.witnesses
	var before *ledger.SignedOperation
	if len(s.chain) > 0 {
		before = s.chain[len(s.chain)-1]
	}
	op := agreement(t, s.world, uint64(len(s.chain)+1), before, 1, []crypto.Signer{agency}, agency)
	s.chain = append(s.chain, op)
	s.values[op.Operation.Key] = op.Operation.Body
}

// client opens one on a reader with the world's clock.
func (w *world) client(r ledger.Reader, store ledger.TrustStore) (*ledger.Client, error) {
	return ledger.NewClient(w.Context(), w.trust, r, store, ledger.ClientOptions{Clock: func() time.Time { return w.now }})
}

func TestClientFollows(t *testing.T) {
	s, agency := consortium(t)
	store := ledger.NewMemoryTrustStore()
	c := must(s.client(s, store))(t)
	if err := c.Follow(t.Context()); err != nil {
		t.Fatal(err)
	}
	for n := range uint64(3) {
		s.agree(t, agency)
		if err := c.Follow(t.Context()); err != nil || c.Trust().Number != n+1 {
			t.Fatal(c.Trust().Number, err)
		}
	}
	// A process that starts again needs nobody to tell it.
	again := must(s.client(s, store))(t)
	if again.Trust().Number != 3 || again.Trust().Fingerprint() != c.Trust().Fingerprint() || again.Head().Size != c.Head().Size {
		t.Error("a restart forgot what was followed")
	}
	if again.Pinned() != s.trust {
		t.Error("another trust file is said to be pinned")
	}
	// A reader that joins late follows all of them at once.
	late := must(s.client(s, ledger.NewMemoryTrustStore()))(t)
	if err := late.Follow(t.Context()); err != nil || late.Trust().Number != 3 {
		t.Error(late.Trust().Number, err)
	}
}

// TestClientIsLedOn: an agreement that exists and cannot be had, or is not signed as it
// must, is no reason to go on with the old one.
func TestClientIsLedOn(t *testing.T) {
	s, agency := consortium(t)
	c := must(s.client(s, ledger.NewMemoryTrustStore()))(t)
	if err := c.Follow(t.Context()); err != nil {
		t.Fatal(err)
	}
	stranger := newKey(t)
	op := agreement(t, s.world, 1, nil, 1, []crypto.Signer{agency}, stranger)
	s.values[op.Operation.Key] = op.Operation.Body
	if err := c.Follow(t.Context()); !is(err, ledger.ErrReader) {
		t.Error("an agreement that is not handed out:", err)
	}
	s.chain = append(s.chain, op)
	if err := c.Follow(t.Context()); !is(err, ledger.ErrTrustChain) {
		t.Error("an agreement of a stranger:", err)
	}
	if c.Trust().Number != 0 {
		t.Error("it was followed all the same")
	}
}

// TestClientRollback: what was seen once is not forgotten, also after a restart.
func TestClientRollback(t *testing.T) {
	s, _ := consortium(t)
	lagging := s.copy()
	lagging.frozen = true
	lagging.prove()
	s.leaves = slices.Clone(lagging.leaves)
	s.put(anchorOf(1))
	store := ledger.NewMemoryTrustStore()
	if err := must(s.client(s, store))(t).Follow(t.Context()); err != nil {
		t.Fatal(err)
	}
	seen := must(s.client(s, store))(t).Head()

	c := must(s.client(lagging, store))(t)
	judged := false
	err := c.Resolve(t.Context(), func(*ledger.View) error { judged = true; return nil }, ledger.ResolveOptions{})
	var behind *ledger.BehindError
	if !errors.As(err, &behind) || !is(err, ledger.ErrBehind) || behind.Seen.Size != seen.Size || behind.Given.Size >= seen.Size || judged {
		t.Fatal(err, judged)
	}
	if is(err, ledger.ErrInconsistent) {
		t.Error("a server that lags is called a fork")
	}
	// Another server knows more.
	c = must(s.client(&several{servers: []*server{lagging, s}}, store))(t)
	if _, err := c.Get(t.Context(), anchorOf(1).Key()); err != nil {
		t.Error("the second server was not asked:", err)
	}
}

// TestClientFork: two faces of one log are false, with both as evidence.
func TestClientFork(t *testing.T) {
	for name, c := range map[string]struct {
		more int // checkpoints of the fork
		base int // checkpoints seen
	}{
		"of one size": {1, 1}, "longer": {3, 1}, "shorter, and it says so": {1, 3},
	} {
		t.Run(name, func(t *testing.T) {
			s, _ := consortium(t)
			fork := s.copy()
			fork.put(anchorOf(9)) // from here on another history
			store := ledger.NewMemoryTrustStore()
			for range c.base {
				if err := must(s.client(s, store))(t).Follow(t.Context()); err != nil {
					t.Fatal(err)
				}
			}
			for range c.more {
				fork.prove()
			}
			fork.frozen = true
			honest := must(s.client(s, store))(t).Head()
			var other ledger.Reader = fork
			if c.more < c.base { // it claims to lead to what was seen
				other = &liar{fork, s}
			}
			err := must(s.client(other, store))(t).Follow(t.Context())
			var fault *ledger.InconsistentError
			if !errors.As(err, &fault) {
				t.Fatal(err)
			}
			if !bytes.Equal(fault.Older.Checkpoint, honest.Checkpoint) && !bytes.Equal(fault.Newer.Checkpoint, honest.Checkpoint) {
				t.Error("the evidence lacks the checkpoint seen")
			}
			for _, head := range []*ledger.Head{fault.Older, fault.Newer} {
				if _, err := ledger.OpenCheckpoint(s.trust, head.Checkpoint); err != nil {
					t.Error("evidence that nobody can check:", err)
				}
			}
			if must(s.client(s, store))(t).Head().Size != honest.Size {
				t.Error("the fork was stored")
			}
		})
	}
}

// liar answers of a fork, and proves consistency from the true log.
type liar struct {
	*server
	honest *server
}

func (l *liar) ProveConsistency(ctx context.Context, from, to uint64) ([]tlog.Hash, error) {
	return l.honest.ProveConsistency(ctx, from, to)
}

// TestClientBootstrap: who has not followed for too long may be led by keys of
// agencies that left, however fresh the signatures look.
func TestClientBootstrap(t *testing.T) {
	s, _ := consortium(t)
	store := ledger.NewMemoryTrustStore()
	c := must(s.client(s, store))(t)
	if err := c.Follow(t.Context()); err != nil {
		t.Fatal(err)
	}
	followed := c.Followed()
	s.silent = true // the server does not say whether there is a newer agreement
	s.now = start.Add(100 * 24 * time.Hour)
	if err := c.Follow(t.Context()); err != nil || !c.Followed().Equal(followed) {
		t.Errorf("followed at %v, %v: %v", followed, c.Followed(), err)
	}
	s.now = start.Add(181 * 24 * time.Hour)
	for name, c := range map[string]*ledger.Client{"running": c, "restarted": must(s.client(s, store))(t)} {
		if err := c.Follow(t.Context()); !is(err, ledger.ErrBootstrap) {
			t.Errorf("%s, 181 days later: %v", name, err)
		}
	}
	// One that follows now and then goes on for ever.
	s.silent, s.now = false, start
	c = must(s.client(s, ledger.NewMemoryTrustStore()))(t)
	for range 4 {
		s.now = s.now.Add(100 * 24 * time.Hour)
		if err := c.Follow(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	// A new trust file ends the wait.
	s.now = s.now.Add(181 * 24 * time.Hour)
	file := *s.trust
	file.MaxAge.Checkpoint = time.Hour
	s.trust = must(ledger.NewTrust(file))(t)
	if err := must(s.client(s, store))(t).Follow(t.Context()); err != nil {
		t.Error("with a new trust file:", err)
	}
}

// TestClientClock: a witness whose clock runs ahead does not make trust younger.
func TestClientClock(t *testing.T) {
	s, _ := consortium(t)
	store := ledger.NewMemoryTrustStore()
	mine := start
	c := must(ledger.NewClient(t.Context(), s.trust, s, store, ledger.ClientOptions{Clock: func() time.Time { return mine }}))(t)
	mine = start.Add(2 * time.Minute)
	s.now = mine.Add(50 * time.Second) // within the tolerance
	if err := c.Follow(t.Context()); err != nil || !c.Followed().Equal(mine) {
		t.Error(c.Followed(), err)
	}
}

// TestClientNewTrustFile: a new trust file keeps what was seen, an old one and one of
// another ledger are refused.
func TestClientNewTrustFile(t *testing.T) {
	s, agency := consortium(t)
	pinned := s.trust
	store := ledger.NewMemoryTrustStore()
	c := must(s.client(s, store))(t)
	s.agree(t, agency)
	if err := c.Follow(t.Context()); err != nil {
		t.Fatal(err)
	}
	seen := c.Head()

	s.trust = c.Trust() // handed out anew, from agreement 1
	s.agree(t, agency)  // whose witness signs no more
	again := must(s.client(s, store))(t)
	if again.Head().Size != seen.Size {
		t.Error("the highest checkpoint was forgotten")
	}
	if err := again.Follow(t.Context()); err != nil || again.Trust().Number != 2 {
		t.Error(again.Trust().Number, err)
	}

	s.trust = pinned
	if _, err := s.client(s, store); !is(err, ledger.ErrTrustChain) {
		t.Error("a trust file from before what was followed:", err)
	}
	file := *pinned
	file.Origin, file.LogKey, file.Number = "ledger.example/other", "", 9
	s.trust = must(ledger.NewTrust(file))(t)
	if _, err := s.client(s, store); !is(err, ledger.ErrOrigin) {
		t.Error("a trust file of another ledger:", err)
	}
	file = *pinned
	file.First, file.Number, file.Last = [32]byte{2}, 9, [32]byte{2}
	s.trust = must(ledger.NewTrust(file))(t)
	if _, err := s.client(s, store); !is(err, ledger.ErrOrigin) {
		t.Error("a trust file of a ledger of the same origin that was founded anew:", err)
	}
}

// TestClientsShareAStore: several processes lead one store forward only.
func TestClientsShareAStore(t *testing.T) {
	s, agency := consortium(t)
	store := ledger.NewMemoryTrustStore()
	clients := []*ledger.Client{must(s.client(s, store))(t), must(s.client(s, store))(t)}
	s.agree(t, agency)
	var wait sync.WaitGroup
	for _, c := range clients {
		for range 4 {
			wait.Go(func() {
				for range 5 {
					if err := c.Follow(t.Context()); err != nil {
						t.Error(err)
					}
				}
			})
		}
	}
	wait.Wait()
	last := must(s.client(s, store))(t)
	for _, c := range clients {
		if c.Trust().Number != 1 || c.Head().Size > last.Head().Size {
			t.Error("a client is ahead of the store")
		}
	}
}

// spoiled is a store that fails, or hands out what was never stored.
type spoiled struct {
	ledger.TrustStore
	value []byte
	err   error
}

func (s *spoiled) Load(ctx context.Context) ([]byte, error) {
	if s.value != nil {
		return s.value, nil
	}
	return s.TrustStore.Load(ctx)
}

func (s *spoiled) CompareAndSwap(ctx context.Context, old, next []byte) (bool, error) {
	if s.err != nil {
		return false, s.err
	}
	return s.TrustStore.CompareAndSwap(ctx, old, next)
}

func TestClientStoreFails(t *testing.T) {
	s, _ := consortium(t)
	store := &spoiled{TrustStore: ledger.NewMemoryTrustStore()}
	c := must(s.client(s, store))(t)
	store.err = errors.New("disk full")
	if err := c.Follow(t.Context()); !is(err, store.err) {
		t.Error("a checkpoint that was not kept was used:", err)
	}
	if _, err := s.client(s, &spoiled{TrustStore: ledger.NewMemoryTrustStore(), err: store.err}); !is(err, store.err) {
		t.Error(err)
	}
	store.err = nil
	good := must(store.TrustStore.Load(t.Context()))(t)
	for i := range good {
		broken := slices.Clone(good)
		broken[i] ^= 0x40
		damaged := ledger.NewMemoryTrustStore()
		if _, err := damaged.CompareAndSwap(t.Context(), nil, broken); err != nil {
			t.Fatal(err)
		}
		_, err := s.client(s, damaged)
		// A changed fingerprint is another trust file, a changed time another time.
		if err != nil && !is(err, ledger.ErrTrustStore) && !is(err, ledger.ErrOrigin) && !is(err, ledger.ErrTrustChain) {
			t.Fatalf("byte %d: %v", i, err)
		}
	}
	for name, value := range map[string][]byte{"empty": {}, "cut": good[:len(good)-1], "long": append(slices.Clone(good), 0)} {
		if _, err := s.client(s, &spoiled{TrustStore: store, value: value}); !is(err, ledger.ErrTrustStore) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestClientStateAltered: a state that no client wrote is refused, field by field.
func TestClientStateAltered(t *testing.T) {
	s, agency := consortium(t)
	store := ledger.NewMemoryTrustStore()
	s.agree(t, agency)
	if err := must(s.client(s, store))(t).Follow(t.Context()); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		field int
		value any
		want  error
	}{
		"another version":        {0, 1, ledger.ErrTrustStore},
		"another ledger":         {1, make([]byte, 32), ledger.ErrTrustStore},
		"a later agreement":      {3, 2, ledger.ErrTrustStore},
		"an agreement left out":  {4, []any{}, ledger.ErrTrustStore},
		"an agreement malformed": {4, []any{[]byte{1}}, ledger.ErrTrustStore},
		"no checkpoint at all":   {6, []byte("checkpoint"), ledger.ErrTrustStore},
		"a checkpoint unsigned":  {6, []byte("a\n1\nAAAA\n"), ledger.ErrTrustStore},
	} {
		var fields []any
		if err := cbor.Unmarshal(must(store.Load(t.Context()))(t), &fields); err != nil {
			t.Fatal(err)
		}
		fields[c.field] = c.value
		mode := must(cbor.CoreDetEncOptions().EncMode())(t)
		altered := &spoiled{TrustStore: store, value: must(mode.Marshal(fields))(t)}
		if _, err := s.client(s, altered); !is(err, c.want) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// counting counts what is written.
type counting struct {
	ledger.TrustStore
	writes int
}

func (c *counting) CompareAndSwap(ctx context.Context, old, next []byte) (bool, error) {
	c.writes++
	return c.TrustStore.CompareAndSwap(ctx, old, next)
}

// TestClientWritesLittle: asking a ledger on which nothing happens writes nothing.
func TestClientWritesLittle(t *testing.T) {
	s, _ := consortium(t)
	store := &counting{TrustStore: ledger.NewMemoryTrustStore()}
	c := must(s.client(s, store))(t)
	if err := c.Follow(t.Context()); err != nil {
		t.Fatal(err)
	}
	s.frozen, store.writes = true, 0
	for range 3 {
		if err := c.Follow(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	if store.writes != 0 {
		t.Errorf("%d writes", store.writes)
	}
}

func TestNewClientRefuses(t *testing.T) {
	s, _ := consortium(t)
	store := ledger.NewMemoryTrustStore()
	for name, err := range map[string]error{
		"no trust file": second(ledger.NewClient(t.Context(), nil, s, store, ledger.ClientOptions{})),
		"no reader":     second(ledger.NewClient(t.Context(), s.trust, nil, store, ledger.ClientOptions{})),
		"no store":      second(ledger.NewClient(t.Context(), s.trust, s, nil, ledger.ClientOptions{})),
		"negative age":  second(ledger.NewClient(t.Context(), s.trust, s, store, ledger.ClientOptions{MaxAge: -1})),
	} {
		if !is(err, ledger.ErrClient) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestResolve(t *testing.T) {
	s, _ := consortium(t)
	s.put(anchorOf(1))
	c := must(s.client(s, ledger.NewMemoryTrustStore()))(t)
	both := func(v *ledger.View) error {
		if _, err := v.Anchor(didOf(2), anchorOf(1).Hash); err != nil {
			return err
		}
		_, err := v.Anchor(didOf(2), anchorOf(2).Hash)
		return err
	}
	if err := c.Resolve(t.Context(), both, ledger.ResolveOptions{}); !is(err, ledger.ErrAbsent) || s.asked != 3 {
		t.Errorf("after %d rounds: %v", s.asked, err)
	}
	s.asked = 0
	known := ledger.ResolveOptions{Keys: []string{anchorOf(1).Key(), anchorOf(2).Key()}}
	if err := c.Resolve(t.Context(), both, known); !is(err, ledger.ErrAbsent) || s.asked != 1 {
		t.Errorf("known beforehand, after %d rounds: %v", s.asked, err)
	}
	s.silent = true
	if err := c.Resolve(t.Context(), both, ledger.ResolveOptions{}); !is(err, ledger.ErrReader) {
		t.Error("a silent reader:", err)
	}
	s.silent, s.asked = false, 0
	endless := func(v *ledger.View) error {
		_, err := v.Anchor(didOf(2), anchorOf(byte(s.asked)).Hash)
		return err
	}
	if err := c.Resolve(t.Context(), endless, ledger.ResolveOptions{}); !is(err, ledger.ErrReader) || s.asked != 32 {
		t.Errorf("an endless judge, after %d rounds: %v", s.asked, err)
	}
	s.frozen = true
	late := ledger.ResolveOptions{Now: start.Add(48 * time.Hour)}
	if err := c.Resolve(t.Context(), both, late); !is(err, ledger.ErrStale) {
		t.Error("stale:", err)
	}
	if err := c.Resolve(t.Context(), both, ledger.ResolveOptions{Now: start.Add(time.Hour), MaxAge: time.Minute}); !is(err, ledger.ErrStale) {
		t.Error("stale for one decision:", err)
	}
	if value, err := c.Get(t.Context(), anchorOf(1).Key()); err != nil || string(value) != string(anchorOf(1).Bytes()) {
		t.Error(value, err)
	}
	if s.proofs == 0 {
		t.Error("nobody asked whether the log goes on")
	}
}

// TestClientClockAtFirst: a clock that is wrong when the trust file is pinned neither
// locks the reader out nor makes its trust last for ever.
func TestClientClockAtFirst(t *testing.T) {
	for name, wrong := range map[string]time.Time{"at the epoch": time.Unix(0, 0), "decades ahead": start.AddDate(70, 0, 0)} {
		t.Run(name, func(t *testing.T) {
			s, _ := consortium(t)
			store, mine := ledger.NewMemoryTrustStore(), wrong
			open := func() *ledger.Client {
				return must(ledger.NewClient(t.Context(), s.trust, s, store, ledger.ClientOptions{Clock: func() time.Time { return mine }}))(t)
			}
			if err := open().Follow(t.Context()); err == nil {
				t.Error("a checkpoint was taken by a wrong clock")
			}
			mine = s.now
			c := open()
			if err := c.Follow(t.Context()); err != nil || !c.Followed().Equal(s.now) {
				t.Fatal("the clock was put right:", c.Followed(), err)
			}
			s.now = s.now.AddDate(2, 0, 0)
			mine = s.now
			if err := open().Follow(t.Context()); !is(err, ledger.ErrBootstrap) {
				t.Error("two years without following:", err)
			}
		})
	}
}

// junk hands out a consistency proof of its own making.
type junk struct{ *server }

func (junk) ProveConsistency(context.Context, uint64, uint64) ([]tlog.Hash, error) {
	return []tlog.Hash{{1}}, nil
}

// TestClientLeavesABadServer: where another server is there, one that lags behind a
// change of witnesses, is stale, or lies is not the last word.
func TestClientLeavesABadServer(t *testing.T) {
	for name, spoil := range map[string]func(t *testing.T, bad, good *server, agency *ecdsa.PrivateKey) ledger.Reader{
		"it lags behind a change of witnesses": func(t *testing.T, bad, good *server, agency *ecdsa.PrivateKey) ledger.Reader {
			bad.frozen = true
			good.agree(t, agency)
			return bad
		},
		"it proves junk": func(_ *testing.T, bad, good *server, _ *ecdsa.PrivateKey) ledger.Reader {
			bad.leaves = good.leaves
			return junk{bad}
		},
		"it does not answer": func(_ *testing.T, bad, good *server, _ *ecdsa.PrivateKey) ledger.Reader {
			bad.leaves, bad.frozen = nil, false
			return failing{bad}
		},
	} {
		t.Run(name, func(t *testing.T) {
			good, agency := consortium(t)
			good.prove()
			store := ledger.NewMemoryTrustStore()
			if err := must(good.client(good, store))(t).Follow(t.Context()); err != nil {
				t.Fatal(err)
			}
			bad := good.copy()
			reader := spoil(t, bad, good, agency)
			if err := must(good.client(good, store))(t).Follow(t.Context()); err != nil {
				t.Fatal(err)
			}
			if err := must(good.client(&either{bad: reader, good: good}, store))(t).Follow(t.Context()); err != nil {
				t.Error(err)
			}
		})
	}
}

// failing answers no question.
type failing struct{ *server }

func (failing) Prove(context.Context, ...string) (*ledger.Proof, error) {
	return nil, errors.New("no answer")
}

// either asks a bad server first and, once it is turned from it, a good one.
type either struct {
	bad, good ledger.Reader
	turned    bool
}

func (e *either) Rotate() bool { e.turned = true; return true }

func (e *either) at() ledger.Reader {
	if e.turned {
		return e.good
	}
	return e.bad
}

func (e *either) Prove(ctx context.Context, keys ...string) (*ledger.Proof, error) {
	return e.at().Prove(ctx, keys...)
}

func (e *either) ProveConsistency(ctx context.Context, from, to uint64) ([]tlog.Hash, error) {
	return e.at().ProveConsistency(ctx, from, to)
}

func (e *either) TrustChain(ctx context.Context, from uint64) ([]*ledger.SignedOperation, error) {
	return e.at().TrustChain(ctx, from)
}

// overtaking lets another client learn more while an answer is on its way.
type overtaking struct {
	*server
	times int
	other *ledger.Client
	t     *testing.T
}

func (o *overtaking) Prove(ctx context.Context, keys ...string) (*ledger.Proof, error) {
	p, err := o.server.Prove(ctx, keys...)
	if o.times > 0 {
		o.times--
		if err := o.other.Follow(ctx); err != nil {
			o.t.Error(err)
		}
	}
	return p, err
}

// TestClientOvertaken: what others learn meanwhile does not make a server late.
func TestClientOvertaken(t *testing.T) {
	s, _ := consortium(t)
	store := ledger.NewMemoryTrustStore()
	r := &overtaking{server: s, times: 9, other: must(s.client(s, store))(t), t: t}
	if err := must(s.client(r, store))(t).Follow(t.Context()); err != nil || r.times != 0 {
		t.Error(r.times, err)
	}
}

// TestAwaitEpoch: the wait ends with the epoch, or with the patience.
func TestAwaitEpoch(t *testing.T) {
	s, _ := consortium(t)
	c := must(s.client(s, ledger.NewMemoryTrustStore()))(t)
	var now uint64
	err := c.Resolve(t.Context(), func(view *ledger.View) error {
		now = view.Head.State.Epoch
		return nil
	}, ledger.ResolveOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if err := c.AwaitEpoch(t.Context(), now, time.Hour); err != nil {
		t.Errorf("an epoch that is closed: %v", err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	if err := c.AwaitEpoch(ctx, now+1, time.Millisecond); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("got %v", err)
	}
}
