package verifier

import (
	"sync"

	"github.com/hufu-id/hufu/zkp"
)

// keyCache keeps parsed verifying keys by their pinned hash: precomputing the
// pairing lines costs more than a verification.
type keyCache struct {
	mu   sync.Mutex
	keys map[[32]byte]*zkp.VerifyingKey
}

// key returns a kept key, or fetches one and keeps it. It fetches without the lock,
// so that a slow source holds up nobody who needs another key.
func (c *keyCache) key(pin [32]byte, fetch func() (*zkp.VerifyingKey, error)) (*zkp.VerifyingKey, error) {
	c.mu.Lock()
	k, ok := c.keys[pin]
	c.mu.Unlock()
	if ok {
		return k, nil
	}
	k, err := fetch()
	if err != nil {
		return nil, err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.keys == nil {
		c.keys = map[[32]byte]*zkp.VerifyingKey{}
	}
	c.keys[pin] = k
	return k, nil
}
