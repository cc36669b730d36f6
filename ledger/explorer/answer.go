package explorer

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/hufu-id/hufu/ledger"
)

// ErrHistory means that the steps of a record do not lead to its proved value.
var ErrHistory = errors.New("explorer: the history does not lead to the proved value")

// A Source answers what a ledger.Reader does not. Its answers are not verified.
// Every ledger.Ledger is one; the page's checker implements only these methods.
type Source interface {
	Keys(ctx context.Context, prefix, after string) ([]string, error)
	History(ctx context.Context, key string, from uint64) ([]ledger.Change, error)
	Entries(ctx context.Context, from uint64) ([][]byte, error)
	ProveInclusion(ctx context.Context, index uint64) (*ledger.Inclusion, error)
}

// An Explorer answers questions of the public about one ledger. Every answer is
// proved. It is safe for concurrent use.
type Explorer struct {
	client *ledger.Client
	source Source
}

// New returns an explorer. client and source must read the same ledger.
func New(client *ledger.Client, source Source) *Explorer { return &Explorer{client, source} }

// Kinds of a row's value.
const (
	// Text is shown as it is.
	Text = "text"
	// Word is the name of a sentence.
	Word = "word"
	// Number is decimal.
	Number = "number"
	// Time is RFC 3339 in UTC, to the second.
	Time = "time"
	// Hash is lower-case hexadecimal.
	Hash = "hash"
	// Agency is a DID.
	Agency = "did"
)

// An Answer holds the facts that answer a question. All of them are proved.
type Answer struct {
	Sections []Section `json:"sections"`
}

// A Section is one part of an answer.
type Section struct {
	// Name is "log", "signatures", "agency", "key", "accreditation", "schema",
	// "anchor", "record", "step", "absent" or "more".
	Name string `json:"name"`
	Rows []Row  `json:"rows"`
}

// A Row is one fact.
type Row struct {
	// Label names the value.
	Label string `json:"label"`
	// Kind is one of the constants above.
	Kind string `json:"kind"`
	// Value is never empty.
	Value string `json:"value"`
}

func (a *Answer) add(name string) *Section {
	a.Sections = append(a.Sections, Section{Name: name})
	return &a.Sections[len(a.Sections)-1]
}

func (s *Section) add(label, kind, value string) {
	if value != "" {
		s.Rows = append(s.Rows, Row{label, kind, value})
	}
}

func (s *Section) number(label string, n uint64) { s.add(label, Number, strconv.FormatUint(n, 10)) }

func (s *Section) hash(label string, h [32]byte) { s.add(label, Hash, hex.EncodeToString(h[:])) }

// time omits the second 0, which means never.
func (s *Section) time(label string, unix int64) {
	if unix != 0 {
		s.add(label, Time, time.Unix(unix, 0).UTC().Format(time.RFC3339))
	}
}

// absent returns the answer that the ledger provably has no such thing.
func absent(kind, value string) *Answer {
	a := new(Answer)
	a.add("absent").add("asked", kind, value)
	return a
}

// allKeys lists keys with a prefix, at most room of them, and reports whether
// there are more.
func (x *Explorer) allKeys(ctx context.Context, prefix string, room int) (keys []string, more bool, err error) {
	for len(keys) <= room {
		after := ""
		if len(keys) > 0 {
			after = keys[len(keys)-1]
		}
		next, err := x.source.Keys(ctx, prefix, after)
		if err != nil {
			return nil, false, err
		}
		if len(next) == 0 {
			return keys, false, nil
		}
		for _, key := range next {
			if key <= after || len(key) <= len(prefix) || key[:len(prefix)] != prefix {
				return nil, false, fmt.Errorf("%w: a list of keys out of order", ledger.ErrReader)
			}
			after = key
		}
		keys = append(keys, next...)
	}
	return keys[:room], true, nil
}
