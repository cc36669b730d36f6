package sqlitestore

import (
	"bytes"
	"compress/flate"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"sync"

	"github.com/hufu-id/hufu/internal/limits"
	"github.com/hufu-id/hufu/verifier"
)

// A template is what packed bytes are the difference to.
type template struct {
	text    []byte
	writers sync.Pool // of *flate.Writer
}

func newTemplate(text []byte) *template { return &template{text: text} }

// results is the template of every result. It comes from no answer: a template stays
// when the results are purged.
var results = newTemplate([]byte(`{"level":"software","queries":["proof"],"format":"dc+sd-jwt_zk","format":"dc+sd-jwt","types":["urn:` +
	`"],"issuers":[{"did":"did:hufu:","name":{"en":"","zh":""}}],"holder":"one","learned":[{"query":"claims","type":"urn:","claim":"","label":{"en":"","zh":""},"value":"","statement":{"en":"aged 18 or over, by birth date","zh":"年满18周岁（按出生日期）"}}` +
	`],"neverReceived":[{"query":"proof","type":"urn:","claim":"name","label":{"en":"name","zh":"姓名"}},{"query":"proof","type":"urn:","claim":"resident_id","label":{"en":"resident identity number","zh":"公民身份号码"}}` +
	`,{"query":"proof","type":"urn:","claim":"birthdate","label":{"en":"birth date","zh":"出生日期"}},{"query":"proof","type":"urn:","claim":"address","label":{"en":"address","zh":"住址"}}` +
	`],"checks":["form","request","clock","checkpoint","schema","epoch","prepare","statement","policy","replay","once"],` +
	`"checks":["form","request","clock","checkpoint","issuer","accreditation","schema","signature","validity","status","binding","policy","replay"],` +
	`"pseudonym":"","asOf":"2026-","checkpoint":1,"bytes":1,"milliseconds":1.5,"request":"","correlation":"","accepted":"2026-`))

// The first byte of packed bytes says how they are packed.
const (
	asTheyAre = 0
	deflated  = 1
)

// pack is deflate with the template as dictionary, or the bytes themselves where that
// would be longer.
func (t *template) pack(b []byte) ([]byte, error) {
	out := bytes.NewBuffer([]byte{deflated})
	w, _ := t.writers.Get().(*flate.Writer)
	if w == nil {
		var err error
		if w, err = flate.NewWriterDict(out, flate.DefaultCompression, t.text); err != nil {
			return nil, err
		}
	} else {
		w.Reset(out)
	}
	defer t.writers.Put(w)
	if _, err := w.Write(b); err != nil {
		return nil, err
	}
	if err := w.Close(); err != nil {
		return nil, err
	}
	if out.Len() > len(b) {
		return append([]byte{asTheyAre}, b...), nil
	}
	return out.Bytes(), nil
}

var errPacked = errors.New("stored bytes are damaged")

func (t *template) unpack(packed []byte) ([]byte, error) {
	if len(packed) == 0 || packed[0] > deflated {
		return nil, errPacked
	}
	if packed[0] == asTheyAre {
		return packed[1:], nil
	}
	b, err := io.ReadAll(io.LimitReader(flate.NewReaderDict(bytes.NewReader(packed[1:]), t.text), limits.Record+1))
	if err != nil || len(b) > limits.Record {
		return nil, errors.Join(errPacked, err)
	}
	return b, nil
}

// templates keeps some of the stored templates, which never change.
type templates struct {
	mu   sync.Mutex
	kept map[[32]byte]*template
}

// maxTemplates bounds how many are kept; beyond it they begin anew.
const maxTemplates = 64

// templateOf returns the template of a policy's requests. The first object becomes it.
func (s *Store) templateOf(ctx context.Context, policy [32]byte, first []byte) (*template, error) {
	s.templates.mu.Lock()
	t := s.templates.kept[policy]
	s.templates.mu.Unlock()
	if t != nil {
		return t, nil
	}
	if s.closed.Load() {
		return nil, verifier.ErrStoreClosed
	}
	text, err := s.storedTemplate(ctx, policy)
	if errors.Is(err, sql.ErrNoRows) && first != nil {
		if err := s.putTemplate(ctx, policy, first); err != nil {
			return nil, err
		}
		text, err = s.storedTemplate(ctx, policy) // perhaps another process was faster
	}
	if errors.Is(err, sql.ErrNoRows) {
		return newTemplate(nil), nil
	}
	if err != nil {
		return nil, describe("read template", err)
	}
	t = newTemplate(text)
	s.templates.mu.Lock()
	defer s.templates.mu.Unlock()
	if s.templates.kept == nil || len(s.templates.kept) >= maxTemplates {
		s.templates.kept = map[[32]byte]*template{}
	}
	s.templates.kept[policy] = t
	return t, nil
}

func (s *Store) storedTemplate(ctx context.Context, policy [32]byte) (text []byte, err error) {
	err = s.db.QueryRowContext(ctx, "SELECT object FROM template WHERE policy = ?", policy[:]).Scan(&text)
	return text, err
}

// putTemplate stores an object of usual size; a longer one would help nobody.
func (s *Store) putTemplate(ctx context.Context, policy [32]byte, object []byte) error {
	if len(object) > limits.Message {
		return fmt.Errorf("verifier/sqlitestore: request object above %d bytes", limits.Message)
	}
	return s.write(ctx, func(tx *sql.Tx) (bool, error) {
		_, err := tx.ExecContext(ctx, "INSERT OR IGNORE INTO template (policy, object) VALUES (?, ?)", policy[:], object)
		return true, describe("put template", err)
	})
}
