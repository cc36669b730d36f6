package publish_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/hufu-id/hufu/publish"
)

// caching is a cache over a source that a test breaks, with a clock that it moves.
type caching struct {
	*publish.Cached
	source *broken
	public *publish.Memory // behind the source
	kept   publish.Folder
	now    time.Time
}

func newCaching(t *testing.T, opts publish.CacheOptions) *caching {
	c := &caching{public: new(publish.Memory), kept: publish.Folder(t.TempDir()), now: now}
	c.source = &broken{Source: c.public}
	opts.Clock = func() time.Time { return c.now }
	c.Cached = publish.NewCached(c.source, c.kept, opts)
	return c
}

// reads insists on what the cache answers, and on how often its source was asked
// for it so far.
func (c *caching) reads(t *testing.T, name publish.Name, want []byte, asked int) {
	t.Helper()
	b, err := c.Read(t.Context(), name)
	if err != nil || !bytes.Equal(b, want) {
		t.Errorf("%d bytes, %v; want %d", len(b), err, len(want))
	}
	if got := c.source.count(name); got != asked {
		t.Errorf("the source was asked %d times, want %d", got, asked)
	}
}

// TestCachedForEver: what lies by its hash is fetched once, also after a restart,
// and fetched again where the kept file was damaged.
func TestCachedForEver(t *testing.T) {
	c, key := newCaching(t, publish.CacheOptions{}), keyFile(t, 1)
	s, err := c.public.PublishSchema(t.Context(), schemaFile(t, 1))
	none(t, err)
	none(t, c.public.PublishKey(t.Context(), key))
	names := map[publish.Name][]byte{publish.SchemaName(s.Hash()): s.Bytes(), publish.KeyName(sha256.Sum256(key)): key}
	for name, want := range names {
		c.reads(t, name, want, 1)
		c.now = c.now.AddDate(10, 0, 0)
		c.reads(t, name, want, 1)
		c.Cached = publish.NewCached(c.source, c.kept, publish.CacheOptions{})
		c.reads(t, name, want, 1)
		none(t, os.WriteFile(filepath.Join(string(c.kept), name.String()), want[1:], 0o600))
		c.reads(t, name, want, 2)
		c.reads(t, name, want, 2)
	}
}

// TestCachedUntilTTL: a token is kept until its ttl ends and no longer than MaxAge;
// one without a ttl is asked for each time.
func TestCachedUntilTTL(t *testing.T) {
	name := publish.StatusName(listURI)
	for what, test := range map[string]struct {
		ttl, maxAge, kept time.Duration
	}{
		"ttl":            {10 * time.Minute, 0, 10 * time.Minute},
		"long ttl":       {24 * time.Hour, 0, time.Hour},
		"shorter MaxAge": {24 * time.Hour, time.Minute, time.Minute},
		"longer MaxAge":  {24 * time.Hour, 48 * time.Hour, 24 * time.Hour},
		"no ttl":         {0, 0, 0},
	} {
		t.Run(what, func(t *testing.T) {
			c := newCaching(t, publish.CacheOptions{MaxAge: test.maxAge})
			first, second := token(t, listURI, 100, test.ttl), token(t, listURI, 200, test.ttl)
			none(t, c.public.Publish(t.Context(), listURI, first))
			c.reads(t, name, first, 1)
			none(t, c.public.Publish(t.Context(), listURI, second))
			asked := 1
			if test.kept > 0 {
				c.now = c.now.Add(test.kept - time.Second)
				c.reads(t, name, first, 1)
				c.now = c.now.Add(time.Second)
			}
			asked++
			c.reads(t, name, second, asked)
		})
	}
}

func TestCachedType(t *testing.T) {
	c := newCaching(t, publish.CacheOptions{})
	name := publish.TypeName(schema(t, 1).VCT)
	_, err := c.public.PublishSchema(t.Context(), schemaFile(t, 1))
	none(t, err)
	c.reads(t, name, schemaFile(t, 1), 1)
	_, err = c.public.PublishSchema(t.Context(), schemaFile(t, 2))
	none(t, err)
	c.now = c.now.Add(time.Hour - time.Second)
	c.reads(t, name, schemaFile(t, 1), 1)
	c.now = c.now.Add(time.Second)
	c.reads(t, name, schemaFile(t, 2), 2)
}

// TestCachedStandsIn: while the source does not answer, or answers nonsense, what
// is kept is handed out, whatever its age; what was never kept is not.
func TestCachedStandsIn(t *testing.T) {
	c, good := newCaching(t, publish.CacheOptions{}), token(t, listURI, 100, time.Minute)
	name := publish.StatusName(listURI)
	none(t, c.public.Publish(t.Context(), listURI, good))
	c.reads(t, name, good, 1)
	c.now = c.now.AddDate(0, 0, 3)
	c.source.err = errDown
	c.reads(t, name, good, 2)
	_, err := c.Refresh(t.Context(), name)
	is(t, err, errDown)
	_, err = c.Read(t.Context(), publish.StatusName("urn:other"))
	is(t, err, errDown)
	c.source.err = publish.ErrNotAtHand
	c.reads(t, name, good, 4)
	c.source.err = nil
	for _, nonsense := range [][]byte{nil, []byte("nonsense"), token(t, listURI+"2", 100, time.Hour), make([]byte, 9<<20)} {
		c.source.files = map[publish.Name][]byte{name: nonsense}
		c.reads(t, name, good, c.source.count(name)+1)
	}
	over, cancel := context.WithCancel(t.Context())
	cancel()
	_, err = c.Read(over, name)
	is(t, err, context.Canceled)
}

// TestCachedFullDisk: what cannot be kept is handed out.
func TestCachedFullDisk(t *testing.T) {
	c, good := newCaching(t, publish.CacheOptions{}), token(t, listURI, 100, time.Hour)
	none(t, c.public.Publish(t.Context(), listURI, good))
	file := filepath.Join(t.TempDir(), "file")
	none(t, os.WriteFile(file, nil, 0o600))
	c.Cached = publish.NewCached(c.source, publish.Folder(filepath.Join(file, "below")), publish.CacheOptions{})
	c.reads(t, publish.StatusName(listURI), good, 1)
	c.reads(t, publish.StatusName(listURI), good, 2)
}

// TestCachedFeed: the feed passes through, and one that lies in the same place
// stands in.
func TestCachedFeed(t *testing.T) {
	for _, text := range []string{"feed/index", "feed/" + epoch + "/" + epoch + ".roots"} {
		t.Run(text, func(t *testing.T) { testCachedFeed(t, text) })
	}
}

func testCachedFeed(t *testing.T, text string) {
	c := newCaching(t, publish.CacheOptions{})
	file, err := publish.ParseName(text)
	none(t, err)
	none(t, c.public.Write(t.Context(), file, []byte("first")))
	c.reads(t, file, []byte("first"), 1)
	c.reads(t, file, []byte("first"), 2)
	if b, err := c.Refresh(t.Context(), file); err != nil || string(b) != "first" {
		t.Errorf("%q, %v", b, err)
	}
	if b, err := c.kept.Read(t.Context(), file); err == nil {
		t.Errorf("kept %q", b)
	}
	none(t, c.kept.Write(t.Context(), file, []byte("older")))
	c.reads(t, file, []byte("first"), 4)
	c.source.err = publish.ErrNotAtHand
	c.reads(t, file, []byte("older"), 5)
}
