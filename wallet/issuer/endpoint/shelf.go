package endpoint

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"strconv"
	"sync"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/hufu-id/hufu/internal/limits"
	"github.com/hufu-id/hufu/internal/strictjson"
	"github.com/hufu-id/hufu/vault"
)

// shelf keeps what ends by itself in the desk's store: sessions, tokens, codes, and what
// was used up. Every record is swept away in the hours after its end.
type shelf struct {
	store vault.Store
	clock func() time.Time

	mu    sync.Mutex
	swept int64 // hour
}

const (
	kindShelf = "oauth"
	kindSwept = "oauth-swept" // the hour up to which records were swept
	tagHour   = "ends"        // the hour in which a record ends
)

// errUsed: something that counts once was used before.
var errUsed = errors.New("endpoint: used before")

type shelved struct {
	Until time.Time      `json:"until"`
	Value jsontext.Value `json:"value,omitzero"`
}

// name makes an id of a record. Secrets are found by their hash alone.
func name(kind, text string) string {
	h := sha256.Sum256([]byte("hufu/endpoint/1\x00" + kind + "\x00" + text))
	return kind + ":" + hex.EncodeToString(h[:])
}

func hourOf(t time.Time) int64 { return t.Unix() / 3600 }

func (s *shelf) put(tx vault.Tx, id string, value any, until time.Time) error {
	text, err := json.Marshal(value)
	if err != nil {
		return err
	}
	record, err := json.Marshal(&shelved{until.UTC(), text})
	if err != nil {
		return err
	}
	return tx.Put(kindShelf, id, record, vault.Tag{Name: tagHour, Value: strconv.FormatInt(hourOf(until), 10)})
}

// get reads a record that has not ended, and reports whether there is one.
func (s *shelf) get(tx vault.Tx, id string, into any) (bool, error) {
	r, err := tx.Get(kindShelf, id)
	if errors.Is(err, vault.ErrNotFound) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	var record shelved
	if err := strictjson.Read(r.Value, limits.Message, &record); err != nil {
		return false, fmt.Errorf("%w: %w", vault.ErrDamaged, err)
	}
	if !s.clock().Before(record.Until) {
		return false, nil
	}
	if err := strictjson.Read(record.Value, limits.Message, into); err != nil {
		return false, fmt.Errorf("%w: %w", vault.ErrDamaged, err)
	}
	return true, nil
}

// once uses something up until its end. The error is errUsed.
func (s *shelf) once(tx vault.Tx, id string, until time.Time) error {
	if _, err := tx.Get(kindShelf, id); !errors.Is(err, vault.ErrNotFound) {
		return errors.Join(errUsed, err)
	}
	return s.put(tx, id, true, until)
}

func (s *shelf) drop(tx vault.Tx, id string) error {
	if err := tx.Delete(kindShelf, id); !errors.Is(err, vault.ErrNotFound) {
		return err
	}
	return nil
}

// maxSweep is how many hours one sweep clears.
const maxSweep = 48

// sweep deletes what ended in earlier hours, once an hour. What fails waits for the next.
func (s *shelf) sweep(ctx context.Context) {
	last := hourOf(s.clock()) - 1
	s.mu.Lock()
	due := s.swept < last
	s.swept = max(s.swept, last)
	s.mu.Unlock()
	if !due {
		return
	}
	_ = s.store.Update(ctx, func(tx vault.Tx) error { return s.sweepIn(tx, last) })
}

func (s *shelf) sweepIn(tx vault.Tx, last int64) error {
	from := last - maxSweep
	r, err := tx.Get(kindSwept, "hour")
	switch {
	case err == nil:
		if from, err = strconv.ParseInt(string(r.Value), 10, 64); err != nil {
			return fmt.Errorf("%w: %w", vault.ErrDamaged, err)
		}
	case !errors.Is(err, vault.ErrNotFound):
		return err
	}
	if last -= 1; last <= from { // an hour more, for other processes' clocks
		return nil
	}
	last = min(last, from+maxSweep)
	for hour := from + 1; hour <= last; hour++ {
		records, err := tx.List(kindShelf, vault.Tag{Name: tagHour, Value: strconv.FormatInt(hour, 10)})
		if err != nil {
			return err
		}
		for _, r := range records {
			if err := tx.Delete(kindShelf, r.ID); err != nil {
				return err
			}
		}
	}
	return tx.Put(kindSwept, "hour", []byte(strconv.FormatInt(last, 10)))
}

// guard collects what a request uses up, to happen in the transaction of its effect.
type guard []func(vault.Tx) error

func (g guard) run(tx vault.Tx) error {
	for _, step := range g {
		if err := step(tx); err != nil {
			return err
		}
	}
	return nil
}
