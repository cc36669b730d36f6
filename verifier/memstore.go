package verifier

import (
	"bytes"
	"context"
	"slices"
	"sync"
	"time"
)

// memoryStore is a Store of maps.
type memoryStore struct {
	mu       sync.Mutex
	closed   bool
	requests map[string]*Request
	nonces   map[string]bool // every nonce ever asked with; true once used
	once     map[OnceKey]bool
	policies map[[32]byte][]byte
}

// NewMemoryStore returns an empty Store that forgets everything when the
// process ends. A counter that restarts with it accepts a replay. Use it in tests, and
// in processes that outlive every request they make.
func NewMemoryStore() Store {
	return &memoryStore{
		requests: make(map[string]*Request),
		nonces:   make(map[string]bool),
		once:     make(map[OnceKey]bool),
		policies: make(map[[32]byte][]byte),
	}
}

// locked runs fn alone, unless ctx is over or the store is closed.
func (s *memoryStore) locked(ctx context.Context, fn func() error) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return ErrStoreClosed
	}
	return fn()
}

// withRequest runs fn alone on the stored request.
func (s *memoryStore) withRequest(ctx context.Context, id string, fn func(*Request) error) error {
	return s.locked(ctx, func() error {
		r, ok := s.requests[id]
		if !ok {
			return ErrUnknownRequest
		}
		return fn(r)
	})
}

func (s *memoryStore) PutRequest(ctx context.Context, r Request) error {
	return s.locked(ctx, func() error {
		_, known := s.requests[r.ID]
		_, asked := s.nonces[r.Nonce]
		if known || asked {
			return ErrRequestExists
		}
		s.requests[r.ID] = &Request{
			ID:     r.ID,
			Object: bytes.Clone(r.Object),
			Nonce:  r.Nonce,
			Policy: r.Policy, Query: r.Query, Correlation: r.Correlation,
			Created: toMillisecond(r.Created),
			Expires: toMillisecond(r.Expires),
		}
		s.nonces[r.Nonce] = false
		return nil
	})
}

func (s *memoryStore) Request(ctx context.Context, id string) (Request, error) {
	var out Request
	err := s.withRequest(ctx, id, func(r *Request) error {
		out = *r
		out.Object, out.Result = bytes.Clone(r.Object), bytes.Clone(r.Result)
		return nil
	})
	return out, err
}

func (s *memoryStore) CountFailure(ctx context.Context, id string) error {
	return s.withRequest(ctx, id, func(r *Request) error {
		r.Failures++
		return nil
	})
}

func (s *memoryStore) Accept(ctx context.Context, a Acceptance) error {
	return s.withRequest(ctx, a.RequestID, func(r *Request) error {
		if a.Nonce != r.Nonce {
			return ErrUnknownRequest
		}
		if s.nonces[a.Nonce] {
			return ErrReplayed
		}
		fresh := make(map[OnceKey]bool)
		for _, key := range a.Once {
			if s.once[key] || fresh[key] {
				return ErrUsedOnce
			}
			fresh[key] = true
		}
		for key := range fresh {
			s.once[key] = true
		}
		s.nonces[a.Nonce] = true
		r.Accepted, r.Answer, r.Result = toMillisecond(a.At), a.Answer, bytes.Clone(a.Result)
		return nil
	})
}

func (s *memoryStore) PutPolicy(ctx context.Context, hash [32]byte, file []byte) error {
	return s.locked(ctx, func() error {
		s.policies[hash] = bytes.Clone(file)
		return nil
	})
}

func (s *memoryStore) Policy(ctx context.Context, hash [32]byte) (file []byte, err error) {
	err = s.locked(ctx, func() error {
		known, ok := s.policies[hash]
		if !ok {
			return ErrUnknownPolicy
		}
		file = bytes.Clone(known)
		return nil
	})
	return file, err
}

// purgeStep is how many requests a purge forgets before it lets others in.
const purgeStep = 256

func (s *memoryStore) Purge(ctx context.Context, before time.Time) error {
	var expired []string
	err := s.locked(ctx, func() error {
		for id, r := range s.requests {
			if r.Expires.Before(toMillisecond(before)) {
				expired = append(expired, id)
			}
		}
		return nil
	})
	for some := range slices.Chunk(expired, purgeStep) {
		if err == nil {
			err = s.locked(ctx, func() error { s.forget(some); return nil })
		}
	}
	return err
}

func (s *memoryStore) forget(ids []string) {
	for _, id := range ids {
		r := s.requests[id]
		if r == nil { // by another purge
			continue
		}
		delete(s.requests, id)
		if !s.nonces[r.Nonce] {
			delete(s.nonces, r.Nonce)
		}
	}
}

func (s *memoryStore) Close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.closed = true
	return nil
}

// toMillisecond is the precision that every store keeps.
func toMillisecond(t time.Time) time.Time {
	if t.IsZero() {
		return time.Time{}
	}
	return t.UTC().Truncate(time.Millisecond)
}
