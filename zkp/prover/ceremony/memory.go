package ceremony

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// memory keeps the results of earlier checks in the user's folder, so that an
// interrupted check goes on where it stopped. The package believes its content,
// so it must not lie in the ceremony's folder.
type memory struct{ dir string }

// newMemory refuses a folder inside the ceremony's. It follows symbolic links.
func newMemory(dir, ceremony string) (memory, error) {
	if dir == "" {
		return memory{}, nil
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return memory{}, unavailable(err)
	}
	inner, err := filepath.EvalSymlinks(dir)
	if err != nil {
		return memory{}, unavailable(err)
	}
	outer, err := filepath.EvalSymlinks(ceremony)
	if err != nil {
		return memory{}, unavailable(err)
	}
	if inner, err = filepath.Abs(inner); err != nil {
		return memory{}, unavailable(err)
	}
	if outer, err = filepath.Abs(outer); err != nil {
		return memory{}, unavailable(err)
	}
	way, err := filepath.Rel(outer, inner)
	if err == nil && way != ".." && !strings.HasPrefix(way, ".."+string(filepath.Separator)) {
		return memory{}, ErrMemory
	}
	return memory{inner}, nil
}

// fact names a result about some values.
func fact(kind string, values ...[]byte) string {
	h := sha256.New()
	for _, v := range append([][]byte{[]byte("hufu/ceremony/memory/1"), []byte(kind)}, values...) {
		h.Write(binary.BigEndian.AppendUint64(nil, uint64(len(v))))
		h.Write(v)
	}
	return hex.EncodeToString(h.Sum(nil))
}

// recall returns what was kept under a name. It ignores a damaged file.
func (m memory) recall(name string) ([]byte, bool) {
	if m.dir == "" {
		return nil, false
	}
	b, err := os.ReadFile(filepath.Join(m.dir, name))
	if err != nil || len(b) < sha256.Size {
		return nil, false
	}
	body := b[:len(b)-sha256.Size]
	if sha256.Sum256(body) != Hash(b[len(body):]) {
		return nil, false
	}
	return body, true
}

func (m memory) keep(name string, body []byte) error {
	if m.dir == "" {
		return nil
	}
	sum := sha256.Sum256(body)
	if err := writeFile(filepath.Join(m.dir, name), append(body, sum[:]...)); err != nil {
		return fmt.Errorf("ceremony: memory: %w", err)
	}
	return nil
}
