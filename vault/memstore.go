package vault

import (
	"bytes"
	"context"
	"maps"
	"slices"
	"strings"
	"sync"

	"github.com/hufu-id/hufu/internal/limits"
)

// memoryStore keeps records in a map. Update replaces the whole map, so that a
// View goes on reading the map that it began with.
type memoryStore struct {
	writer sync.Mutex // held through Update

	mu      sync.Mutex // guards the two below
	records map[recordName]memoryRecord
	closed  bool
}

type recordName struct{ kind, id string }

type memoryRecord struct {
	version uint64
	value   []byte
	tags    []Tag
}

// NewMemoryStore returns an empty Store that forgets everything when the
// process ends. Use it for tests and first trials.
func NewMemoryStore() Store {
	return &memoryStore{records: make(map[recordName]memoryRecord)}
}

func (s *memoryStore) snapshot(ctx context.Context) (map[recordName]memoryRecord, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return nil, ErrClosed
	}
	return s.records, nil
}

func (s *memoryStore) View(ctx context.Context, fn func(Tx) error) error {
	records, err := s.snapshot(ctx)
	if err != nil {
		return err
	}
	tx := &memoryTx{records: records, readOnly: true}
	defer func() { tx.done = true }()
	return fn(tx)
}

func (s *memoryStore) Update(ctx context.Context, fn func(Tx) error) error {
	s.writer.Lock()
	defer s.writer.Unlock()
	records, err := s.snapshot(ctx)
	if err != nil {
		return err
	}
	tx := &memoryTx{records: maps.Clone(records)}
	defer func() { tx.done = true }()
	if err := fn(tx); err != nil {
		return err
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return ErrClosed
	}
	s.records = tx.records
	return nil
}

func (s *memoryStore) Close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.closed, s.records = true, nil
	return nil
}

type memoryTx struct {
	records  map[recordName]memoryRecord
	readOnly bool
	done     bool
}

func (tx *memoryTx) Get(kind, id string) (Record, error) {
	if err := tx.check(false, kind, id); err != nil {
		return Record{}, err
	}
	stored, ok := tx.records[recordName{kind, id}]
	if !ok {
		return Record{}, ErrNotFound
	}
	return stored.record(kind, id), nil
}

func (tx *memoryTx) Put(kind, id string, value []byte, tags ...Tag) error {
	names := []string{kind, id}
	for _, tag := range tags {
		names = append(names, tag.Name)
	}
	if err := tx.check(true, names...); err != nil {
		return err
	}
	name := recordName{kind, id}
	tx.records[name] = memoryRecord{
		version: tx.records[name].version + 1,
		value:   bytes.Clone(value),
		tags:    slices.Clone(tags),
	}
	return nil
}

func (tx *memoryTx) Delete(kind, id string) error {
	if err := tx.check(true, kind, id); err != nil {
		return err
	}
	name := recordName{kind, id}
	if _, ok := tx.records[name]; !ok {
		return ErrNotFound
	}
	delete(tx.records, name)
	return nil
}

func (tx *memoryTx) List(kind string, tags ...Tag) ([]Record, error) {
	if err := tx.check(false, kind); err != nil {
		return nil, err
	}
	var list []Record
	for name, stored := range tx.records {
		if name.kind == kind && stored.carries(tags) {
			list = append(list, stored.record(kind, name.id))
		}
	}
	slices.SortFunc(list, func(a, b Record) int { return strings.Compare(a.ID, b.ID) })
	return list, nil
}

func (tx *memoryTx) check(write bool, names ...string) error {
	if tx.done {
		return ErrTxDone
	}
	if write && tx.readOnly {
		return ErrReadOnly
	}
	for _, name := range names {
		if name == "" || len(name) > limits.Identifier {
			return ErrName
		}
	}
	return nil
}

func (r memoryRecord) record(kind, id string) Record {
	return Record{Kind: kind, ID: id, Version: r.version, Value: bytes.Clone(r.value)}
}

func (r memoryRecord) carries(tags []Tag) bool {
	return !slices.ContainsFunc(tags, func(t Tag) bool { return !slices.Contains(r.tags, t) })
}
