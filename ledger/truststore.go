package ledger

import (
	"bytes"
	"context"
	"sync"

	"github.com/hufu-id/hufu/internal/limits"
)

// A TrustStore keeps what a [Client] must remember between processes: one value
// for one ledger, of at most [MaxTrustState] bytes. It is safe for concurrent
// use. Package ledger/truststore keeps it in a file. Packages vault and
// verifier/sqlitestore implement it too.
type TrustStore interface {
	// Load returns the value, nil if none was stored yet.
	Load(ctx context.Context) ([]byte, error)
	// CompareAndSwap stores next durably if the value is still old (nil for
	// none), and reports whether it did.
	CompareAndSwap(ctx context.Context, old, next []byte) (swapped bool, err error)
}

// MaxTrustState bounds the value in a TrustStore, in bytes.
const MaxTrustState = maxAgreements*limits.Operation + 1<<20

// NewMemoryTrustStore returns a TrustStore that forgets everything when the
// process ends. After a restart, the reader takes the pinned trust file for
// fresh and accepts a ledger that was rolled back meanwhile. Use it for tests,
// and in processes that answer one question and end.
func NewMemoryTrustStore() TrustStore { return new(memoryTrustStore) }

type memoryTrustStore struct {
	mu    sync.Mutex
	value []byte
}

func (s *memoryTrustStore) Load(context.Context) ([]byte, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return bytes.Clone(s.value), nil
}

func (s *memoryTrustStore) CompareAndSwap(_ context.Context, old, next []byte) (bool, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !bytes.Equal(s.value, old) || (s.value == nil) != (old == nil) {
		return false, nil
	}
	s.value = bytes.Clone(next)
	return true, nil
}
