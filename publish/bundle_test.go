package publish_test

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/hufu-id/hufu/hufutest"
	"github.com/hufu-id/hufu/internal/limits"
	"github.com/hufu-id/hufu/ledger"
	"github.com/hufu-id/hufu/publish"
	"github.com/hufu-id/hufu/verifier"
)

// bundled is a country with a counter that keeps bundles.
type bundled struct {
	*hufutest.Country
	t    *testing.T
	kept *publish.KeptBundle
}

func newBundled(t *testing.T) *bundled {
	t.Helper()
	c := hufutest.New(t, hufutest.Options{})
	c.NextEpoch()
	return &bundled{c, t, &publish.KeptBundle{Path: filepath.Join(t.TempDir(), "counter", "ledger.bundle"), Trust: c.Log.Trust(), Clock: c.Now}}
}

// export makes a bundle with the country's public files; since is the size of the
// reader's last one.
func (b *bundled) export(since uint64) *ledger.Bundle {
	b.t.Helper()
	folder := publish.Folder(b.t.TempDir())
	for _, name := range []publish.Name{
		publish.SchemaName(b.Schema.Hash()), publish.TypeName(b.Schema.VCT), publish.StatusName(b.Desk.StatusURI()),
	} {
		file, err := b.Public.Read(b.t.Context(), name)
		none(b.t, err)
		none(b.t, folder.Write(b.t.Context(), name, file))
	}
	files, err := folder.BundleFiles(b.t.Context())
	none(b.t, err)
	made, err := ledger.ExportBundle(b.t.Context(), b.Log, b.Log.Trust(), b.Now(), ledger.BundleSelector{Since: since, Files: files})
	none(b.t, err)
	return made
}

func (b *bundled) grow() {
	b.t.Helper()
	b.Advance(time.Minute)
	none(b.t, b.Desk.Publish(b.t.Context()))
}

func (b *bundled) file() []byte {
	b.t.Helper()
	file, err := os.ReadFile(b.kept.Path)
	none(b.t, err)
	return file
}

// refused insists that a bundle is refused and that the kept one stands.
func (b *bundled) refused(bundle *ledger.Bundle, want error) {
	b.t.Helper()
	before := b.file()
	opened, err := b.kept.Replace(b.t.Context(), bundle)
	if opened != nil || !errors.Is(err, want) {
		b.t.Errorf("got %v, want %v", err, want)
	}
	if !bytes.Equal(b.file(), before) {
		b.t.Error("a refused bundle took the place of the kept one")
	}
}

// TestBundle: a counter decides from a bundle, offline.
func TestBundle(t *testing.T) {
	b := newBundled(t)
	citizen := b.Citizen(b.Adult())
	_, err := b.kept.Open()
	is(t, err, publish.ErrNotAtHand)
	_, err = b.kept.Replace(t.Context(), b.export(0))
	none(t, err)
	opened, err := b.kept.Open()
	none(t, err)
	for _, name := range []publish.Name{publish.SchemaName(b.Schema.Hash()), publish.StatusName(b.Desk.StatusURI())} {
		want, err := b.Public.Read(t.Context(), name)
		none(t, err)
		if got, err := opened.Read(t.Context(), name); err != nil || !bytes.Equal(got, want) {
			t.Errorf("%s: %d bytes, %v", name, len(got), err)
		}
	}
	_, err = opened.Read(t.Context(), publish.StatusName("urn:other"))
	is(t, err, publish.ErrNotAtHand)
	_, err = opened.Read(t.Context(), publish.Name{})
	is(t, err, publish.ErrName)
	large := b.export(0)
	large.Files = []ledger.BundleFile{{Name: publish.SchemaName([32]byte{}).String(), Content: make([]byte, limits.Document+1)}}
	swollen, err := publish.OpenBundle(b.kept.Trust, b.Now(), large)
	none(t, err)
	_, err = swollen.Read(t.Context(), publish.SchemaName([32]byte{}))
	is(t, err, publish.ErrTooLarge)

	cfg := b.CounterConfig(b.Policy(nil))
	cfg.Ledger, cfg.Public = b.Client(opened), opened
	v, err := verifier.New(cfg)
	none(t, err)
	counter := &hufutest.Counter{Verifier: v, Store: cfg.Store}
	_, err = v.Verify(t.Context(), b.Answer(citizen, counter, hufutest.Claims))
	none(t, err)
}

// TestReplaceBundle: a bundle follows the one before, whole or as a delta.
func TestReplaceBundle(t *testing.T) {
	b := newBundled(t)
	monday := b.export(0)
	opened, err := b.kept.Replace(t.Context(), monday)
	none(t, err)
	_, err = b.kept.Replace(t.Context(), monday) // the same again
	none(t, err)

	b.grow()
	tuesday := b.export(opened.Head.Size)
	delta := tuesday.Without(monday)
	if len(delta.Bytes()) >= len(tuesday.Bytes()) {
		t.Error("the delta leaves out nothing")
	}
	opened, err = b.kept.Replace(t.Context(), delta)
	none(t, err)
	if !bytes.Equal(b.file(), tuesday.Bytes()) {
		t.Error("the delta was not completed")
	}
	b.refused(monday, ledger.ErrInconsistent)

	b.grow()
	gap := b.export(0)
	b.refused(gap, publish.ErrGap)
	var missing *publish.GapError
	if _, err := b.kept.Replace(t.Context(), gap); !errors.As(err, &missing) || missing.Since != opened.Head.Size {
		t.Errorf("got %v", err)
	}
	spoiled := b.export(opened.Head.Size)
	spoiled.Proof[len(spoiled.Proof)/2] ^= 1
	before := b.file()
	if _, err := b.kept.Replace(t.Context(), spoiled); err == nil || !bytes.Equal(b.file(), before) {
		t.Errorf("a spoiled bundle: %v", err)
	}

	// A reader without the bundle that a delta changes refuses the delta.
	other := *b.kept
	other.Path = filepath.Join(t.TempDir(), "ledger.bundle")
	_, err = other.Replace(t.Context(), delta)
	is(t, err, publish.ErrDelta)
	if _, err := os.Stat(other.Path); err == nil {
		t.Error("kept all the same")
	}
}

// TestBundleOfAnotherLedger: two stories are noticed, and so is a damaged file.
func TestBundleOfAnotherLedger(t *testing.T) {
	b, other := newBundled(t), newBundled(t)
	_, err := b.kept.Replace(t.Context(), b.export(0))
	none(t, err)
	b.refused(other.export(0), ledger.ErrSignature)
	none(t, os.WriteFile(b.kept.Path, []byte("damaged"), 0o600))
	b.refused(b.export(0), ledger.ErrFormat)
	_, err = b.kept.Open()
	is(t, err, ledger.ErrFormat)
}

// TestBundleTooOld: a bundle that nobody can verify any more binds nobody.
func TestBundleTooOld(t *testing.T) {
	b := newBundled(t)
	_, err := b.kept.Replace(t.Context(), b.export(0))
	none(t, err)
	b.Advance(b.Log.Trust().MaxAge.Trust + time.Hour)
	b.Heartbeat()
	_, err = b.kept.Open()
	is(t, err, ledger.ErrBootstrap)
	_, err = b.kept.Replace(t.Context(), b.export(0))
	none(t, err)
}

// TestExportBundle: a folder's files go along, and of what the counter has the bundle
// leaves out what is in there.
func TestExportBundle(t *testing.T) {
	b := newBundled(t)
	files := publish.Folder(t.TempDir())
	_, err := files.PublishSchema(t.Context(), b.Schema.Bytes())
	none(t, err)
	monday, err := files.ExportBundle(t.Context(), b.Log, b.Log.Trust(), b.Now(), nil)
	none(t, err)
	opened, err := b.kept.Replace(t.Context(), monday)
	none(t, err)
	if _, err := opened.Read(t.Context(), publish.SchemaName(b.Schema.Hash())); err != nil {
		t.Error(err)
	}
	b.grow()
	tuesday, err := files.ExportBundle(t.Context(), b.Log, b.Log.Trust(), b.Now(), monday)
	none(t, err)
	if _, err := tuesday.Complete(new(ledger.Bundle)); err == nil {
		t.Error("it leaves out nothing")
	}
	_, err = b.kept.Replace(t.Context(), tuesday)
	none(t, err)
	if _, err := files.ExportBundle(t.Context(), b.Log, b.Log.Trust(), b.Now(), new(ledger.Bundle)); err == nil {
		t.Error("follows what is no bundle")
	}
}
