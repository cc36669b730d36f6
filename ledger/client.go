package ledger

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync"
	"time"
)

// maxRounds bounds how often Resolve asks again.
const maxRounds = 32

// maxTries bounds how often Resolve turns to another server.
const maxTries = 4

// A Client reads a ledger and owns the reader's trust. It verifies every proof,
// follows the agreements of the consortium from the pinned trust file, and
// demands that each checkpoint extends the highest one seen. A [TrustStore]
// keeps the agreements, the time of the last following and the highest
// checkpoint between processes. A Client is safe for concurrent use, also by
// several processes over one store.
//
// A Client that could not follow for longer than the trust file's MaxAge.Trust
// returns [ErrBootstrap]: keys of agencies that left meanwhile could sign for
// it.
type Client struct {
	pinned *TrustFile
	reader Reader
	store  TrustStore
	opts   ClientOptions

	mu    sync.Mutex
	raw   []byte // the stored value
	state *trustState
	trust *TrustFile // after the agreements of state
	head  *Head      // the highest seen, nil before the first
	held  *held      // what Resolve may use again, nil before the first
}

// ClientOptions changes defaults. The zero value is safe.
type ClientOptions struct {
	// Clock returns the reader's time; nil means time.Now.
	Clock func() time.Time
	// MaxAge bounds the age of a checkpoint; zero means the trust file's
	// MaxAge.Checkpoint.
	MaxAge time.Duration
}

// NewClient returns a client. The trust file and its fingerprint must come two
// different ways: a client never trusts the first file that it sees. A trust
// file other than the one in the store replaces that one: the highest
// checkpoint seen stays, the agreements begin again.
//
// The error is [ErrClient] if an argument is nil, [ErrOrigin] if the store
// belongs to another ledger, [ErrTrustChain] if the trust file is older than
// the agreements followed already, [ErrTrustStore] if the store is damaged, or the
// store's own.
func NewClient(ctx context.Context, trust *TrustFile, reader Reader, store TrustStore, opts ClientOptions) (*Client, error) {
	if trust == nil || reader == nil || store == nil {
		return nil, fmt.Errorf("%w: trust file, reader and trust store are needed", ErrClient)
	}
	if opts.MaxAge < 0 {
		return nil, fmt.Errorf("%w: negative maximum age", ErrClient)
	}
	if opts.Clock == nil {
		opts.Clock = time.Now
	}
	c := &Client{pinned: trust, reader: reader, store: store, opts: opts}
	c.mu.Lock()
	defer c.mu.Unlock()
	if err := c.load(ctx); err != nil {
		return nil, err
	}
	return c, nil
}

// load reads the store. It initialises a store that is empty or belongs to
// another trust file.
func (c *Client) load(ctx context.Context) error {
	for range maxSwaps {
		raw, err := c.store.Load(ctx)
		if err != nil {
			return fmt.Errorf("%w: %w", errStore, err)
		}
		var state *trustState
		if raw != nil {
			if state, err = parseTrustState(raw); err != nil {
				return err
			}
		}
		if state != nil && state.Pin == c.pinned.Fingerprint() {
			return c.adopt(raw, state)
		}
		if state, err = pinnedState(c.pinned, state); err != nil {
			return err
		}
		if swapped, err := c.swap(ctx, raw, state); swapped || err != nil {
			return err
		}
	}
	return errUnsettled
}

// maxSwaps bounds how often the client tries to change the trust store.
const maxSwaps = 256

var errUnsettled = fmt.Errorf("%w: others are faster, or it does not keep what it is given", errStore)

// adopt makes a stored state the client's state.
func (c *Client) adopt(raw []byte, state *trustState) error {
	trust, err := c.followed(state)
	if err != nil {
		return fmt.Errorf("%w: %w", ErrTrustStore, err)
	}
	head, err := state.head()
	if err != nil {
		return err
	}
	if trust.ID() != state.Ledger || trust.Number != state.Number {
		return fmt.Errorf("%w: another number or ledger", ErrTrustStore)
	}
	c.raw, c.state, c.trust, c.head = raw, state, trust, head
	return nil
}

// followed applies a state's agreements to the pinned trust file. Those that the client
// verified already are not verified again.
func (c *Client) followed(state *trustState) (*TrustFile, error) {
	from, known := c.pinned, 0
	if c.state != nil && c.state.Pin == state.Pin && len(c.state.Agreements) <= len(state.Agreements) &&
		slices.EqualFunc(c.state.Agreements, state.Agreements[:len(c.state.Agreements)], bytes.Equal) {
		from, known = c.trust, len(c.state.Agreements)
	}
	return follow(from, state.Agreements[known:])
}

// swap stores next in place of old and adopts it.
func (c *Client) swap(ctx context.Context, old []byte, next *trustState) (bool, error) {
	b := next.bytes()
	if len(b) > MaxTrustState {
		return false, fmt.Errorf("%w: stored trust of %d bytes", ErrTooLarge, len(b))
	}
	swapped, err := c.store.CompareAndSwap(ctx, old, b)
	if err != nil {
		return false, fmt.Errorf("%w: %w", errStore, err)
	}
	if !swapped {
		return false, nil
	}
	return true, c.adopt(b, next)
}

// Trust returns the trust file after the agreements followed so far.
func (c *Client) Trust() *TrustFile {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.trust
}

// Pinned returns the trust file that NewClient received.
func (c *Client) Pinned() *TrustFile { return c.pinned }

// Head returns the highest checkpoint seen, without its state leaf; nil before
// the first.
func (c *Client) Head() *Head {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.head
}

// Followed returns when the reader last knew that it had the newest agreement: the zero
// time before it verified a first checkpoint.
func (c *Client) Followed() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.state.Followed == 0 {
		return time.Time{}
	}
	return time.UnixMilli(c.state.Followed)
}

// ResolveOptions changes defaults. The zero value is safe.
type ResolveOptions struct {
	// Keys lists the keys that judge will need. Each saves a round.
	Keys []string
	// MaxAge bounds the age of the checkpoint; zero means the client's MaxAge.
	MaxAge time.Duration
	// Now is the time of the decision; zero means the client's clock.
	Now time.Time
	// Reuse is how long Resolve goes on with the checkpoint that a server last gave,
	// and with what was proved under it, without asking whether there is a newer one:
	// what the ledger learns meanwhile, a revocation for instance, is seen that much
	// later. After it, only the checkpoint is asked for, and keys that are new. Zero
	// asks for everything each time. MaxAge bounds the age all the same.
	Reuse time.Duration
}

// Resolve runs judge over values of the ledger. The caller need not know
// beforehand which values judge needs: if judge fails with a [*NotProvedError],
// Resolve fetches the missing keys and runs judge again, with everything proved
// again under one checkpoint. judge must have no effect except its result.
//
// Before judge sees a view, Resolve follows new agreements and checks that the
// checkpoint extends the highest one seen. If a server answers with an older
// checkpoint, Resolve asks another server, if the reader has one.
//
// A server whose answer does not verify is left for another, up to four times. The
// error is then the last one: that of judge, Verify, the reader or the store;
// [ErrBootstrap]; [ErrTrustChain]; a [*BehindError] if no server knows the newest
// state, which says nothing about the question; an [*InconsistentError] if a
// checkpoint does not extend the highest one seen; or [ErrReader] if the reader omits
// a key or judge still asks for keys after 32 rounds.
func (c *Client) Resolve(ctx context.Context, judge func(*View) error, opts ResolveOptions) error {
	if opts.Now.IsZero() {
		opts.Now = c.opts.Clock()
	}
	if opts.MaxAge == 0 {
		opts.MaxAge = c.opts.MaxAge
	}
	asked := map[string]bool{}
	for _, key := range opts.Keys {
		asked[key] = true
	}
	tries := 0
	for range maxRounds {
		before := c.Head()
		view, err := c.heldView(ctx, opts, asked)
		if view == nil && err == nil {
			view, err = c.view(ctx, opts, asked)
		}
		if overtaken(err, before) && ctx.Err() == nil {
			continue
		}
		if err != nil && tries < maxTries && ctx.Err() == nil && c.anotherServer(err) {
			tries++
			continue
		}
		if err != nil {
			return err
		}
		err = judge(view)
		var missing *NotProvedError
		if !errors.As(err, &missing) {
			return err
		}
		if !addKeys(asked, missing.Keys) {
			return fmt.Errorf("%w: %w", ErrReader, err)
		}
	}
	return fmt.Errorf("%w: no end after %d rounds", ErrReader, maxRounds)
}

// Get returns one value. The error is [ErrAbsent] if the ledger provably has
// none, or one of Resolve.
func (c *Client) Get(ctx context.Context, key string) (value []byte, err error) {
	err = c.Resolve(ctx, func(view *View) error {
		value, err = view.Get(key)
		return err
	}, ResolveOptions{Keys: []string{key}})
	return value, err
}

// Agreement returns the agreement that holds. Errors are those of Resolve.
func (c *Client) Agreement(ctx context.Context) (t *Agreement, err error) {
	err = c.Resolve(ctx, func(view *View) error {
		t, err = view.Agreement(c.Trust().Number)
		return err
	}, ResolveOptions{})
	return t, err
}

// Follow fetches new agreements and a new checkpoint, and stores both. A reader
// that rarely resolves calls it regularly. Errors are those of Resolve.
func (c *Client) Follow(ctx context.Context) error {
	return c.Resolve(ctx, func(*View) error { return nil }, ResolveOptions{})
}

// AwaitEpoch waits until the ledger has closed an epoch, and asks it at an interval.
// Errors are those of Resolve, and ctx's.
func (c *Client) AwaitEpoch(ctx context.Context, epoch uint64, interval time.Duration) error {
	for {
		var closed uint64
		err := c.Resolve(ctx, func(view *View) error {
			closed = view.Head.State.Epoch
			return nil
		}, ResolveOptions{})
		if err != nil || closed >= epoch {
			return err
		}
		select {
		case <-time.After(interval):
		case <-ctx.Done():
			return fmt.Errorf("ledger: waiting for epoch %d: %w", epoch, ctx.Err())
		}
	}
}

// overtaken reports whether an answer is only behind what others learned from the same
// store while it was on its way, and not behind what was known when it was asked for.
func overtaken(err error, before *Head) bool {
	var lag *BehindError
	return errors.As(err, &lag) && (before == nil || lag.Given.Size >= before.Size)
}

// anotherServer reports whether to ask again after an error, and turns to another server
// where the reader has several. A server that lags is asked again even if it is the only
// one: it may have caught up.
func (c *Client) anotherServer(err error) bool {
	if errors.Is(err, ErrBootstrap) || errors.Is(err, ErrTrustStore) || errors.Is(err, errStore) {
		return false
	}
	r, ok := c.reader.(interface{ Rotate() bool })
	return ok && r.Rotate() || errors.Is(err, ErrBehind)
}

// errStore means that the trust store failed, which no server can put right.
var errStore = errors.New("ledger: trust store")

// view fetches and verifies the wanted keys, under trust that is up to date.
func (c *Client) view(ctx context.Context, opts ResolveOptions, asked map[string]bool) (*View, error) {
	for range maxAgreements {
		trust, err := c.inUse(opts.Now)
		if err != nil {
			return nil, err
		}
		next := AgreementKey(trust.Number + 1)
		proof, err := c.reader.Prove(ctx, sortedKeys(asked, next)...)
		if err != nil {
			return nil, err
		}
		view, err := Verify(trust, proof, VerifyOptions{Now: opts.Now, MaxAge: opts.MaxAge})
		newer, known := newerAgreement(view, next)
		if err != nil && !perhapsNewerTrust(err) {
			return nil, err
		}
		if err != nil || newer {
			followed, followErr := c.followChain(ctx, trust)
			if followErr != nil {
				return nil, errors.Join(err, followErr)
			}
			if followed {
				continue
			}
			if err == nil {
				err = fmt.Errorf("%w: agreement %d", ErrReader, trust.Number+1)
			}
			return nil, err
		}
		if err := c.advance(ctx, opts.Now, trust, view.Head, known); err != nil {
			return nil, err
		}
		if opts.Reuse > 0 && known {
			c.hold(view, proof)
		}
		return view, nil
	}
	return nil, fmt.Errorf("%w: more than %d agreements", ErrReader, maxAgreements)
}

// inUse returns the trust file, unless it was last followed too long ago.
func (c *Client) inUse(now time.Time) (*TrustFile, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	age := now.Sub(time.UnixMilli(c.state.Followed))
	if len(c.trust.Next) > 0 && c.state.Followed != 0 && age > c.trust.MaxAge.Trust {
		return nil, fmt.Errorf("%w: last followed %s ago", ErrBootstrap, age.Round(time.Second))
	}
	return c.trust, nil
}

// newerAgreement reports whether there is an agreement after the current one,
// and whether the view says so at all: a bundle may not.
func newerAgreement(view *View, key string) (newer, known bool) {
	if view == nil {
		return false, false
	}
	_, err := view.Get(key)
	return err == nil, err == nil || errors.Is(err, ErrAbsent)
}

// perhapsNewerTrust reports whether a checkpoint may have failed only because
// the witnesses have changed.
func perhapsNewerTrust(err error) bool {
	return errors.Is(err, ErrNotWitnessed) || errors.Is(err, ErrSignature)
}

// followChain fetches the agreements after trust and stores them. It reports
// whether there was any.
func (c *Client) followChain(ctx context.Context, trust *TrustFile) (bool, error) {
	if len(trust.Next) == 0 {
		return false, nil
	}
	chain, err := c.reader.TrustChain(ctx, trust.Number+1)
	if err != nil || len(chain) == 0 {
		return false, err
	}
	if _, err := trust.Follow(chain...); err != nil {
		return false, err
	}
	return true, c.update(ctx, func(s *trustState) (bool, error) {
		if s.Number != trust.Number { // another process followed meanwhile
			return false, nil
		}
		if len(s.Agreements)+len(chain) > maxAgreements {
			return false, fmt.Errorf("%w: more than %d agreements", ErrReader, maxAgreements)
		}
		for _, op := range chain {
			s.Agreements = append(s.Agreements, op.Bytes())
		}
		s.Number += uint64(len(chain))
		return true, nil
	})
}

// advance checks that a verified head extends the highest one seen, and stores
// it. newest means that the view proved trust to be the newest agreement.
func (c *Client) advance(ctx context.Context, now time.Time, trust *TrustFile, head *Head, newest bool) error {
	return c.update(ctx, func(s *trustState) (bool, error) {
		highest, err := s.head()
		if err != nil {
			return false, err
		}
		changed := highest == nil || head.Size > highest.Size
		if err := c.extends(ctx, highest, head); err != nil {
			return false, err
		}
		if changed {
			s.Checkpoint = head.Checkpoint
		}
		// The cosignature's time is a witness's claim; it counts up to our own clock.
		// The first one begins the age of a trust file that was just pinned: this machine's
		// clock may not have been right then.
		at := min(head.Time.UnixMilli(), now.UnixMilli())
		if s.Followed == 0 || newest && s.Number == trust.Number && at > s.Followed+followedGrain.Milliseconds() {
			s.Followed, changed = at, true
		}
		return changed, nil
	})
}

// followedGrain is the precision of the stored time of following, so that an
// idle ledger does not cause a write for each question.
const followedGrain = time.Minute

// extends distinguishes a ledger that lags from one that forked.
func (c *Client) extends(ctx context.Context, highest, head *Head) error {
	if highest == nil || highest.Size == head.Size {
		return CheckConsistency(highest, head, nil)
	}
	if head.Size > highest.Size {
		proof, err := c.reader.ProveConsistency(ctx, highest.Size, head.Size)
		if err != nil {
			return err
		}
		return CheckConsistency(highest, head, proof)
	}
	// The head is older than what was seen. A server that lags cannot prove what
	// it does not have; one that can is held to it.
	if proof, err := c.reader.ProveConsistency(ctx, head.Size, highest.Size); err == nil {
		if err := CheckConsistency(head, highest, proof); err != nil {
			return err
		}
	}
	return &BehindError{Seen: highest, Given: head}
}

// update changes the stored state with compare-and-swap. change reports whether
// it changed anything. It runs again if another process was faster.
func (c *Client) update(ctx context.Context, change func(*trustState) (bool, error)) error {
	for range maxSwaps {
		c.mu.Lock()
		raw, next := c.raw, *c.state
		c.mu.Unlock()
		next.Agreements = slices.Clone(next.Agreements)
		changed, err := change(&next)
		if err != nil || !changed {
			return err
		}
		done, err := c.commit(ctx, raw, &next)
		if done || err != nil {
			return err
		}
	}
	return errUnsettled
}

// commit stores a change of the state as it was when it was read. Where it is
// another by now, commit reads the new one and returns false.
func (c *Client) commit(ctx context.Context, raw []byte, next *trustState) (bool, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !bytes.Equal(c.raw, raw) {
		return false, nil
	}
	swapped, err := c.swap(ctx, raw, next)
	if swapped || err != nil {
		return swapped, err
	}
	return false, c.load(ctx)
}

// addKeys reports whether any key is new.
func addKeys(asked map[string]bool, keys []string) bool {
	before := len(asked)
	for _, key := range keys {
		asked[key] = true
	}
	return len(asked) > before
}

func sortedKeys(asked map[string]bool, and string) []string {
	keys := slices.AppendSeq([]string{and}, maps.Keys(asked))
	slices.Sort(keys)
	return slices.Compact(keys)
}
