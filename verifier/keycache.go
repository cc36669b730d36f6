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

func (c *keyCache) parse(b []byte, pin [32]byte, opts zkp.KeyOptions) (*zkp.VerifyingKey, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if k, ok := c.keys[pin]; ok {
		return k, nil
	}
	k, err := zkp.ParseVerifyingKey(b, pin, opts)
	if err != nil {
		return nil, err
	}
	if c.keys == nil {
		c.keys = map[[32]byte]*zkp.VerifyingKey{}
	}
	c.keys[pin] = k
	return k, nil
}
