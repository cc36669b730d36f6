package publish_test

import (
	"bytes"
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/hufu-id/hufu/internal/limits"
	"github.com/hufu-id/hufu/internal/long"
	"github.com/hufu-id/hufu/ledger"
	"github.com/hufu-id/hufu/publish"
)

// doomedVar makes this test binary the publisher that is killed: it names a folder
// of two tokens, "a" and "b", which it publishes in turn.
const doomedVar = "HUFU_TEST_DOOMED_PUBLISHER"

func TestMain(m *testing.M) {
	if dir := os.Getenv(doomedVar); dir != "" {
		fmt.Fprintln(os.Stderr, publishForEver(dir))
		os.Exit(1)
	}
	os.Exit(m.Run())
}

func publishForEver(dir string) error {
	folder := publish.Folder(filepath.Join(dir, "public"))
	for {
		for _, name := range []string{"a", "b"} {
			b, err := os.ReadFile(filepath.Join(dir, name))
			if err != nil {
				return err
			}
			if err := folder.Publish(context.Background(), listURI, b); err != nil {
				return err
			}
		}
	}
}

// TestKilledPublisher: a publisher that is killed at any moment leaves a whole
// file, the old one or the new one, and the next publisher goes on.
func TestKilledPublisher(t *testing.T) {
	long.NotShort(t, "kills processes")
	dir := t.TempDir()
	folder, a, b := publish.Folder(filepath.Join(dir, "public")), token(t, listURI, 200_000, 0), token(t, listURI, 100_000, 0)
	none(t, os.WriteFile(filepath.Join(dir, "a"), a, 0o600))
	none(t, os.WriteFile(filepath.Join(dir, "b"), b, 0o600))
	none(t, folder.Publish(t.Context(), listURI, a))
	torn := 0
	for range long.Or(30, 2000) {
		cmd := exec.Command(os.Args[0])
		cmd.Env = append(os.Environ(), doomedVar+"="+dir)
		var stderr strings.Builder
		cmd.Stderr = &stderr
		none(t, cmd.Start())
		time.Sleep(20*time.Millisecond + rand.N(60*time.Millisecond))
		none(t, cmd.Process.Kill())
		if _ = cmd.Wait(); cmd.ProcessState.Exited() {
			t.Fatalf("it died by itself: %s", stderr.String())
		}
		if _, err := os.Stat(filepath.Join(string(folder), ".new")); err == nil {
			torn++
		}
		if got, err := folder.Read(t.Context(), publish.StatusName(listURI)); err != nil || !bytes.Equal(got, a) && !bytes.Equal(got, b) {
			t.Fatalf("%d bytes are left, %v", len(got), err)
		}
	}
	t.Logf("%d kills between write and rename", torn)
	none(t, folder.Publish(t.Context(), listURI, a))
}

// TestTornWrite: what a writer that died left beside the file is never read, and
// the next writer removes it.
func TestTornWrite(t *testing.T) {
	folder, old, next := publish.Folder(t.TempDir()), token(t, listURI, 100, 0), token(t, listURI, 200, 0)
	none(t, folder.Publish(t.Context(), listURI, old))
	left := filepath.Join(string(folder), ".new")
	none(t, os.WriteFile(left, next[:len(next)/2], 0o400))
	if b, err := folder.Read(t.Context(), publish.StatusName(listURI)); err != nil || !bytes.Equal(b, old) {
		t.Errorf("%d bytes, %v", len(b), err)
	}
	none(t, folder.Publish(t.Context(), listURI, next))
	if b, err := folder.Read(t.Context(), publish.StatusName(listURI)); err != nil || !bytes.Equal(b, next) {
		t.Errorf("%d bytes, %v", len(b), err)
	}
	if _, err := os.Stat(left); err == nil {
		t.Error("the half file is still there")
	}
}

// TestFolderStaysInside: no link leads out of the folder, to read or to write, and
// what is no regular file is not read.
func TestFolderStaysInside(t *testing.T) {
	dir := t.TempDir()
	folder, good := publish.Folder(filepath.Join(dir, "public")), token(t, listURI, 100, 0)
	name := publish.StatusName(listURI)
	at := filepath.Join(string(folder), name.String())
	none(t, os.Mkdir(string(folder), 0o755))
	outside := filepath.Join(dir, "secret")
	none(t, os.WriteFile(outside, good, 0o600))

	for _, target := range []string{outside, "../secret"} {
		none(t, os.Symlink(target, at))
		if b, err := folder.Read(t.Context(), name); err == nil {
			t.Errorf("%s: read %d bytes", target, len(b))
		}
		none(t, os.Remove(at))
	}
	none(t, os.Symlink(outside, filepath.Join(string(folder), ".new")))
	none(t, folder.Publish(t.Context(), listURI, token(t, listURI, 200, 0)))
	if b, err := os.ReadFile(outside); err != nil || !bytes.Equal(b, good) {
		t.Error("a file outside was written")
	}
	none(t, os.Remove(at))
	none(t, os.Mkdir(at, 0o755))
	_, err := folder.Read(t.Context(), name)
	is(t, err, publish.ErrNotAtHand)
	if folder.Publish(t.Context(), listURI, good) == nil {
		t.Error("a directory was replaced")
	}
}

func TestOversizedFile(t *testing.T) {
	folder := publish.Folder(t.TempDir())
	name := publish.SchemaName([32]byte{})
	none(t, os.WriteFile(filepath.Join(string(folder), name.String()), make([]byte, limits.Document+1), 0o600))
	_, err := folder.Read(t.Context(), name)
	is(t, err, publish.ErrTooLarge)
}

func TestBundleFiles(t *testing.T) {
	folder := publish.Folder(t.TempDir())
	_, err := publish.Folder(filepath.Join(string(folder), "none")).BundleFiles(t.Context())
	is(t, err, publish.ErrNotAtHand)
	s, err := folder.PublishSchema(t.Context(), schemaFile(t, 1))
	none(t, err)
	none(t, folder.Publish(t.Context(), listURI, token(t, listURI, 100, 0)))
	none(t, os.WriteFile(filepath.Join(string(folder), "notes.json"), []byte("of nobody's business"), 0o600))
	none(t, os.MkdirAll(folder.FeedDir(), 0o755))
	none(t, os.WriteFile(filepath.Join(folder.FeedDir(), "index"), []byte("x"), 0o600))
	files, err := folder.BundleFiles(t.Context())
	none(t, err)
	if len(files) != 3 || !contains(files, publish.SchemaName(s.Hash())) || !contains(files, publish.StatusName(listURI)) || !contains(files, publish.TypeName(s.VCT)) {
		t.Errorf("got %d files", len(files))
	}
	none(t, os.WriteFile(filepath.Join(string(folder), publish.SchemaName(s.Hash()).String()), []byte("{}"), 0o600))
	_, err = folder.BundleFiles(t.Context())
	is(t, err, publish.ErrOther)
}

func contains(files []ledger.BundleFile, name publish.Name) bool {
	for _, f := range files {
		if f.Name == name.String() && name.Check(f.Content) == nil {
			return true
		}
	}
	return false
}
