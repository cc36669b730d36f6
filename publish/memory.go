package publish

import (
	"bytes"
	"context"
	"sync"

	"github.com/hufu-id/hufu/credential"
)

// Memory holds public files in memory, for tests and demonstrations. The zero
// value is empty and ready. It is safe for concurrent use.
type Memory struct {
	mu    sync.Mutex
	files map[Name][]byte
}

// Read implements [Source].
func (m *Memory) Read(ctx context.Context, name Name) ([]byte, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	return memoryWriter{m}.read(name)
}

// Write implements [Store]. The error is Check's or ctx's.
func (m *Memory) Write(ctx context.Context, name Name, b []byte) error {
	return m.update(ctx, func(w writer) error { return put(w, name, b) })
}

// Publish replaces the status list token at a URI, as Folder.Publish does.
func (m *Memory) Publish(ctx context.Context, uri string, token []byte) error {
	return m.Write(ctx, StatusName(uri), token)
}

// PublishSchema adds a schema file, as Folder.PublishSchema does.
func (m *Memory) PublishSchema(ctx context.Context, file []byte) (schema *credential.Schema, err error) {
	err = m.update(ctx, func(w writer) error {
		schema, err = publishSchema(w, file)
		return err
	})
	return schema, err
}

// PublishKey adds a verifying key, as Folder.PublishKey does.
func (m *Memory) PublishKey(ctx context.Context, key []byte) error {
	return m.update(ctx, func(w writer) error { return publishKey(w, key) })
}

func (m *Memory) update(ctx context.Context, use func(writer) error) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	return use(memoryWriter{m})
}

// memoryWriter is a locked memory.
type memoryWriter struct{ m *Memory }

func (w memoryWriter) read(name Name) ([]byte, error) {
	if name == (Name{}) {
		return nil, ErrName
	}
	b, ok := w.m.files[name]
	if !ok {
		return nil, ErrNotAtHand
	}
	return bytes.Clone(b), nil
}

func (w memoryWriter) write(name Name, b []byte) error {
	if w.m.files == nil {
		w.m.files = map[Name][]byte{}
	}
	w.m.files[name] = bytes.Clone(b)
	return nil
}
