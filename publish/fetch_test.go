package publish_test

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"testing"
	"time"

	"github.com/hufu-id/hufu/did"
	"github.com/hufu-id/hufu/hufutest"
	"github.com/hufu-id/hufu/ledger"
	"github.com/hufu-id/hufu/ledger/feed"
	"github.com/hufu-id/hufu/publish"
	"github.com/hufu-id/hufu/status"
	"github.com/hufu-id/hufu/zkp"
)

// judge runs a judge over a fresh view of a country's ledger.
func judge(t *testing.T, c *hufutest.Country, judge func(*ledger.View) error) error {
	t.Helper()
	return c.Client(c.Log).Resolve(t.Context(), judge, ledger.ResolveOptions{})
}

func TestSchemas(t *testing.T) {
	c := hufutest.New(t, hufutest.Options{})
	read := func(source publish.Source) error {
		s, err := publish.Schema(t.Context(), source, c.Schema.Hash())
		if err == nil && s.Hash() != c.Schema.Hash() {
			t.Error("another schema")
		}
		return err
	}
	none(t, read(c.Public))
	is(t, read(new(publish.Memory)), publish.ErrNotAtHand)
	for _, name := range []publish.Name{publish.SchemaName(c.Schema.Hash()), publish.TypeName(c.Schema.VCT)} {
		for what, b := range map[string][]byte{"empty": {}, "no schema": []byte("{}"), "half": c.Schema.Bytes()[:100]} {
			liar := &broken{Source: c.Public, files: map[publish.Name][]byte{name: b}}
			_, byHash := publish.Schema(t.Context(), liar, c.Schema.Hash())
			_, byType := publish.TypeSchema(t.Context(), liar, c.Schema.VCT)
			if errors.Is(byHash, publish.ErrOther) == errors.Is(byType, publish.ErrOther) {
				t.Errorf("%s, %s: by hash %v, by type %v", name, what, byHash, byType)
			}
		}
	}
	liar := &broken{Source: c.Public, files: map[publish.Name][]byte{publish.SchemaName(c.Schema.Hash()): schemaFile(t, 2)}}
	is(t, read(liar), publish.ErrOther)
	other := bytes.Replace(c.Schema.Bytes(), []byte(c.Schema.VCT), []byte("urn:test:other:1"), 1)
	liar.files = map[publish.Name][]byte{publish.TypeName(c.Schema.VCT): other}
	_, err := publish.TypeSchema(t.Context(), liar, c.Schema.VCT)
	is(t, err, publish.ErrOther)

	// A ledger may name the hash of what is no schema.
	nonsense := []byte("nonsense")
	none(t, c.Public.Write(t.Context(), publish.SchemaName(sha256.Sum256(nonsense)), nonsense))
	_, err = publish.Schema(t.Context(), c.Public, sha256.Sum256(nonsense))
	is(t, err, publish.ErrOther)
}

func TestCheckSchema(t *testing.T) {
	c := hufutest.New(t, hufutest.Options{})
	check := func(file []byte) error {
		s, err := new(publish.Memory).PublishSchema(t.Context(), file)
		none(t, err)
		return judge(t, c, func(view *ledger.View) error { return publish.CheckSchema(view, s) })
	}
	none(t, check(c.Schema.Bytes()))
	is(t, check(append(c.Schema.Bytes(), '\n')), publish.ErrOther)
	is(t, check(schemaFile(t, 2)), ledger.ErrAbsent)
}

var development = zkp.KeyOptions{AllowSinglePartySetupUnsafe: true}

func TestCheckKey(t *testing.T) {
	c, key, other := hufutest.New(t, hufutest.Options{}), keyFile(t, 1), keyFile(t, 2)
	check := func(key []byte) error {
		return judge(t, c, func(view *ledger.View) error { return publish.CheckKey(view, key, development) })
	}
	is(t, check(key), ledger.ErrAbsent)
	vk := &ledger.VK{Circuit: string(zkp.CircuitPrepare), KeyHash: sha256.Sum256(key), Setup: ledger.SetupSingleParty, State: ledger.VKActive}
	c.Submit(c.Root, vk)
	none(t, check(key))
	is(t, judge(t, c, func(view *ledger.View) error { return publish.CheckKey(view, key, zkp.KeyOptions{}) }), zkp.ErrSinglePartySetup)
	is(t, check(key[1:]), zkp.ErrVerifyingKey)
	is(t, check(other), publish.ErrOther)
	vk.State = ledger.VKRetired
	c.Submit(c.Root, vk)
	is(t, check(key), ledger.ErrRetired)

	none(t, c.Public.PublishKey(t.Context(), key))
	_, err := publish.VerifyingKey(t.Context(), c.Public, sha256.Sum256(key))
	none(t, err)
	liar := &broken{Source: c.Public, files: map[publish.Name][]byte{publish.KeyName(sha256.Sum256(key)): key[1:]}}
	_, err = publish.VerifyingKey(t.Context(), liar, sha256.Sum256(key))
	is(t, err, publish.ErrOther)
}

// TestStatusListAfterRevocation: a kept list that the ledger no longer names is
// fetched anew, one that it names is not.
func TestStatusListAfterRevocation(t *testing.T) {
	c := hufutest.New(t, hufutest.Options{})
	h, uri := c.Wallet(), c.Desk.StatusURI()
	c.Hold(h, c.Adult())
	source := &broken{Source: c.Public}
	cached := publish.NewCached(source, new(publish.Memory), publish.CacheOptions{Clock: c.Now})
	read := func(source publish.Source) (root [32]byte) {
		t.Helper()
		value, err := c.Log.Get(t.Context(), ledger.StatusKey(c.Office.DID, uri))
		none(t, err)
		object, err := ledger.ParseStatus(value)
		none(t, err)
		b, err := publish.StatusList(t.Context(), source, uri, object.Root)
		none(t, err)
		return rootOf(t, b)
	}
	asked := func(want int) {
		t.Helper()
		if got := source.count(publish.StatusName(uri)); got != want {
			t.Errorf("the source was asked %d times, want %d", got, want)
		}
	}
	// The desk's own tokens say no ttl.
	b, err := c.Public.Fetch(t.Context(), uri)
	none(t, err)
	none(t, c.Public.Publish(t.Context(), uri, signAgain(t, c.Office, b, time.Hour)))
	before := read(cached)
	read(cached)
	asked(1)

	none(t, c.Desk.Revoke(t.Context(), h.Code))
	source.err = errDown
	if read(cached) != before { // what is kept is better than nothing
		t.Error("another list, from nowhere")
	}
	asked(2)
	source.err = nil
	if b, err := publish.StatusList(t.Context(), cached, uri, before); err != nil || rootOf(t, b) != before {
		t.Errorf("as of before: %v", err)
	}
	asked(2)
	after := read(cached)
	if after == before {
		t.Error("the revocation does not show")
	}
	asked(3)
	if read(source) != after {
		t.Error("the source itself says something else")
	}
	source.err = errDown
	b, err = publish.StatusList(t.Context(), source, uri, after)
	if b != nil || !errors.Is(err, errDown) {
		t.Errorf("%d bytes, %v", len(b), err)
	}
}

func rootOf(t *testing.T, b []byte) [32]byte {
	t.Helper()
	parsed, err := status.Parse(b, status.ParseOptions{})
	none(t, err)
	list, err := parsed.UnverifiedList()
	none(t, err)
	return list.Root()
}

// signAgain signs the list of a token with another ttl.
func signAgain(t *testing.T, agency *hufutest.Agency, b []byte, ttl time.Duration) []byte {
	t.Helper()
	parsed, err := status.Parse(b, status.ParseOptions{})
	none(t, err)
	list, err := parsed.UnverifiedList()
	none(t, err)
	claims := status.Claims{Subject: parsed.UnverifiedSubject(), IssuedAt: now, Expires: now.Add(24 * time.Hour), TTL: ttl}
	compact, err := status.Sign(t.Context(), agency.Key, did.Header{Kid: agency.KeyID}, claims, list)
	none(t, err)
	return []byte(compact)
}

var errDown = errors.New("the source is down")

func TestFeed(t *testing.T) {
	c := hufutest.New(t, hufutest.Options{})
	folder := publish.Folder(t.TempDir())
	_, err := publish.Feed(folder).Index(t.Context())
	is(t, err, feed.ErrMissing)
	c.NextEpoch()
	_, err = feed.Export(t.Context(), c.Log, new(zkp.Accumulator), folder.FeedDir())
	none(t, err)
	// In memory it reads the same, name by name.
	copied, read := new(publish.Memory), &broken{Source: folder}
	for _, source := range []publish.Source{read, copied} {
		f := publish.Feed(source)
		index, err := f.Index(t.Context())
		none(t, err)
		g := index.Generation(index.Newest())
		_, err = f.Roots(t.Context(), g, index.Newest())
		none(t, err)
		_, err = f.Registry(t.Context(), index, nil, index.Newest())
		none(t, err)
		_, err = f.Handles(t.Context(), index, nil, feed.Handle{1}, index.Newest())
		none(t, err)
		for _, name := range read.asked {
			b, err := folder.Read(t.Context(), name)
			none(t, err)
			none(t, copied.Write(t.Context(), name, b))
		}
	}
	index, err := publish.ParseName("feed/index")
	none(t, err)
	read.files = map[publish.Name][]byte{index: []byte("no index")}
	_, err = publish.Feed(read).Index(t.Context())
	is(t, err, feed.ErrFormat)
	read.err = errDown
	_, err = publish.Feed(read).Index(t.Context())
	is(t, err, errDown)
	if errors.Is(err, feed.ErrMissing) {
		t.Error("down, and told as missing")
	}
}
