package ledger

import (
	"bytes"
	"context"
	"fmt"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/hufu-id/hufu/ledger/internal/statemap"
)

// held is what a Client has verified under one checkpoint, for Resolve to use again.
// Nothing in it outlives the checkpoint: another one begins anew.
type held struct {
	trust     *TrustFile
	head      Head // its Time is that of the last view
	stateLeaf []byte
	times     []time.Time // of the cosignatures
	values    map[string][]byte
	size      int
	derived   *derived
	// asked is when a server last said that the checkpoint is its newest.
	asked time.Time
}

// maxHeld bounds the bytes of keys and values that are held; beyond it they begin anew.
const maxHeld = 8 << 20

// hold keeps a view that was just verified from a proof.
func (c *Client) hold(view *View, proof *Proof) {
	size := 0
	for key, value := range view.values {
		size += len(key) + len(value)
	}
	_, times, err := openCheckpoint(view.trust, proof.Checkpoint)
	if err != nil || size > maxHeld {
		return
	}
	h := &held{
		trust: view.trust, head: *view.Head, stateLeaf: proof.StateLeaf, times: times,
		values: view.values, size: size, derived: new(derived), asked: c.opts.Clock(),
	}
	view.derived = h.derived
	c.mu.Lock()
	defer c.mu.Unlock()
	c.held = h
}

// heldView returns a view of what is held, once it covers every key that was asked
// for and is fresh enough for this decision; nil otherwise, and then the whole
// question goes to a server.
func (c *Client) heldView(ctx context.Context, opts ResolveOptions, asked map[string]bool) (*View, error) {
	trust, err := c.inUse(opts.Now)
	if err != nil || opts.Reuse <= 0 {
		return nil, err
	}
	c.mu.Lock()
	h, highest := c.held, c.head
	c.mu.Unlock()
	if h == nil || h.trust != trust || highest == nil || highest.Size != h.head.Size {
		return nil, nil
	}
	var missing []string
	for key := range asked {
		if _, ok := h.values[key]; !ok {
			missing = append(missing, key)
		}
	}
	age := c.opts.Clock().Sub(h.asked)
	if len(missing) > 0 || age < 0 || age >= opts.Reuse {
		if h, err = c.extend(ctx, h, missing); h == nil || err != nil {
			return nil, err
		}
	}
	return h.view(opts), nil
}

// view judges the age of what is held anew; nil where it does not do.
func (h *held) view(opts ResolveOptions) *View {
	maxAge := opts.MaxAge
	if maxAge == 0 {
		maxAge = h.trust.MaxCheckpointAge()
	}
	at, err := fresh(h.times, h.trust.K, opts.Now, maxAge)
	if err != nil || h.head.State.Time().After(opts.Now.Add(clockSkew)) {
		return nil
	}
	head := h.head
	head.Time = at
	return &View{Head: &head, trust: h.trust, now: opts.Now, values: h.values, derived: h.derived}
}

// extend asks a server for the missing keys, or just whether it has a newer
// checkpoint. It returns nil where it has, or proves nothing.
func (c *Client) extend(ctx context.Context, h *held, missing []string) (*held, error) {
	slices.Sort(missing)
	proof, err := c.reader.Prove(ctx, missing...)
	if err != nil {
		return nil, err
	}
	if !bytes.Equal(proof.Checkpoint, h.head.Checkpoint) || !bytes.Equal(proof.StateLeaf, h.stateLeaf) || proof.check() != nil {
		return nil, nil
	}
	next := *h
	next.values, next.asked = maps.Clone(h.values), c.opts.Clock()
	for _, e := range proof.Entries {
		root, err := statemap.Root(e.Proof, e.Key, e.Value)
		if err != nil || root != h.head.State.StateRoot {
			return nil, nil // said again below, where another server can take its place
		}
		next.size += len(e.Key) + len(e.Value)
		next.values[e.Key] = e.Value
	}
	if next.size > maxHeld {
		return nil, nil
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.held == h { // else somebody was faster
		c.held = &next
	}
	return &next, nil
}

// derived keeps what was made from the values of one checkpoint.
type derived struct {
	mu   sync.Mutex
	kept map[string]any
}

// maxDerived bounds how many are kept; beyond it they begin anew.
const maxDerived = 4096

// Derive returns what make returns, which it runs once for a checkpoint where the
// client holds its values (see ResolveOptions.Reuse), and each time otherwise. name
// says what is made and must begin with the name of the package that asks. make must
// rest on the values of the view alone, and neither on its time nor on its age; nobody
// may change what it returned. Its errors are not kept.
func Derive[T any](view *View, name string, make func() (T, error)) (T, error) {
	if view.derived == nil {
		return make()
	}
	if kept, ok := view.derived.get(name).(T); ok {
		return kept, nil
	}
	made, err := make()
	if err == nil {
		view.derived.put(name, made)
	}
	return made, err
}

func (d *derived) get(name string) any {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.kept[name]
}

func (d *derived) put(name string, value any) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.kept == nil || len(d.kept) >= maxDerived {
		d.kept = map[string]any{}
	}
	d.kept[name] = value
}

// read parses a value, once for a checkpoint that is held. The caller gets a copy of
// its own of the fields, and must not change what they point to.
func read[T any](v *View, key string, parse func([]byte) (*T, error)) (*T, error) {
	parsed, err := Derive(v, fmt.Sprintf("ledger %T %s", (*T)(nil), key), func() (*T, error) {
		b, err := v.Get(key)
		if err != nil {
			return nil, err
		}
		return parse(b)
	})
	if err != nil {
		return nil, err
	}
	own := *parsed
	return &own, nil
}
