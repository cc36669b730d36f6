package testworld

import (
	"context"
	"fmt"
	"io/fs"
	"sync"
)

// Public is what the country publishes beside its ledger: status lists by URI.
// It implements issuer.Publisher and status.Source.
type Public struct {
	mu    sync.Mutex
	files map[string][]byte
}

// Publish replaces a file.
func (p *Public) Publish(_ context.Context, uri string, b []byte) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.files == nil {
		p.files = map[string][]byte{}
	}
	p.files[uri] = b
	return nil
}

// Fetch returns a file, or fs.ErrNotExist.
func (p *Public) Fetch(_ context.Context, uri string) ([]byte, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	b, ok := p.files[uri]
	if !ok {
		return nil, fmt.Errorf("status list: %w", fs.ErrNotExist)
	}
	return b, nil
}
