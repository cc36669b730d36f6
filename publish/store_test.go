package publish_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"fmt"
	"path/filepath"
	"sync"
	"testing"

	"github.com/hufu-id/hufu/credential"
	"github.com/hufu-id/hufu/internal/limits"
	"github.com/hufu-id/hufu/publish"
	"github.com/hufu-id/hufu/wallet/issuer"
	"github.com/hufu-id/hufu/zkp"
)

// publisher is what a Folder and a Memory have in common.
type publisher interface {
	publish.Store
	issuer.Publisher
	PublishSchema(ctx context.Context, file []byte) (*credential.Schema, error)
	PublishKey(ctx context.Context, key []byte) error
}

// everywhere runs a test over each kind of Store, empty.
func everywhere(t *testing.T, test func(*testing.T, publisher)) {
	t.Run("folder", func(t *testing.T) { test(t, publish.Folder(filepath.Join(t.TempDir(), "deep", "public"))) })
	t.Run("memory", func(t *testing.T) { test(t, new(publish.Memory)) })
}

func TestPublish(t *testing.T) {
	everywhere(t, func(t *testing.T, p publisher) {
		ctx, key := t.Context(), keyFile(t, 1)
		first, second := token(t, listURI, 100, 0), token(t, listURI, 200, 0)
		s, err := p.PublishSchema(ctx, schemaFile(t, 1))
		none(t, err)
		none(t, p.PublishKey(ctx, key))
		none(t, p.Publish(ctx, listURI, first))
		none(t, p.Publish(ctx, listURI, second))
		for name, want := range map[publish.Name][]byte{
			publish.SchemaName(s.Hash()):            s.Bytes(),
			publish.TypeName(s.VCT):                 s.Bytes(),
			publish.KeyName(sha256.Sum256(key)):     key,
			publish.StatusName(listURI):             second,
			publish.StatusName(listURI + "-none"):   nil,
			publish.SchemaName(sha256.Sum256(key)):  nil,
			publish.TypeName("urn:test:resident:2"): nil,
		} {
			got, err := p.Read(ctx, name)
			if want == nil {
				is(t, err, publish.ErrNotAtHand)
			} else if err != nil || !bytes.Equal(got, want) {
				t.Errorf("%s: %d bytes, %v", name, len(got), err)
			}
		}
		_, err = p.Read(ctx, publish.Name{})
		is(t, err, publish.ErrName)
	})
}

// TestEditions: every edition stays, and the type shows the newest.
func TestEditions(t *testing.T) {
	everywhere(t, func(t *testing.T, p publisher) {
		for _, version := range []int{2, 3, 1, 3} {
			_, err := p.PublishSchema(t.Context(), schemaFile(t, version))
			none(t, err)
		}
		for _, version := range []int{1, 2, 3} {
			_, err := publish.Schema(t.Context(), p, schema(t, version).Hash())
			none(t, err)
		}
		newest, err := publish.TypeSchema(t.Context(), p, schema(t, 1).VCT)
		if err != nil || newest.Version != 3 {
			t.Errorf("the newest is %v, %v", newest, err)
		}
		// Another schema of the type takes the place, whatever its version.
		other := bytes.Replace(schemaFile(t, 1), []byte(`"id": "test.resident"`), []byte(`"id": "test.citizen"`), 1)
		_, err = p.PublishSchema(t.Context(), other)
		none(t, err)
		newest, err = publish.TypeSchema(t.Context(), p, schema(t, 1).VCT)
		if err != nil || newest.ID != "test.citizen" {
			t.Errorf("the newest is %v, %v", newest, err)
		}
	})
}

// TestPublishRefuses: what cannot be the file is refused, and the old one stands.
func TestPublishRefuses(t *testing.T) {
	everywhere(t, func(t *testing.T, p publisher) {
		ctx, good := t.Context(), token(t, listURI, 100, 0)
		none(t, p.Publish(ctx, listURI, good))
		is(t, p.Publish(ctx, listURI, nil), publish.ErrOther)
		is(t, p.Publish(ctx, listURI, []byte("no token")), publish.ErrOther)
		is(t, p.Publish(ctx, listURI, token(t, listURI+"2", 100, 0)), publish.ErrOther)
		is(t, p.Publish(ctx, listURI, make([]byte, limits.StatusToken+1)), publish.ErrTooLarge)
		_, err := p.PublishSchema(ctx, []byte("{}"))
		is(t, err, credential.ErrSchema)
		is(t, p.PublishKey(ctx, []byte("key")), zkp.ErrVerifyingKey)
		is(t, p.Write(ctx, publish.Name{}, []byte("x")), publish.ErrName)
		is(t, p.Write(ctx, publish.SchemaName([32]byte{}), schemaFile(t, 1)), publish.ErrOther)
		over, cancel := context.WithCancel(ctx)
		cancel()
		is(t, p.Publish(over, listURI, token(t, listURI, 200, 0)), context.Canceled)
		_, err = p.Read(over, publish.StatusName(listURI))
		is(t, err, context.Canceled)
		if b, err := p.Read(ctx, publish.StatusName(listURI)); err != nil || !bytes.Equal(b, good) {
			t.Errorf("the old list is gone: %v", err)
		}
	})
}

// TestConcurrentPublish: writers wait for one another, and readers see whole files.
func TestConcurrentPublish(t *testing.T) {
	everywhere(t, func(t *testing.T, p publisher) {
		const editions = 12
		tokens := [][]byte{token(t, listURI, 50_000, 0), token(t, listURI, 100, 0)}
		none(t, p.Publish(t.Context(), listURI, tokens[0]))
		var writers sync.WaitGroup
		errs := make(chan error, 4*editions)
		for i := range editions {
			writers.Go(func() {
				_, err := p.PublishSchema(t.Context(), schemaFile(t, i+1))
				errs <- err
			})
			writers.Go(func() { errs <- p.Publish(t.Context(), listURI, tokens[i%2]) })
			writers.Go(func() {
				b, err := p.Read(t.Context(), publish.StatusName(listURI))
				if err == nil && !bytes.Equal(b, tokens[0]) && !bytes.Equal(b, tokens[1]) {
					err = fmt.Errorf("a torn file of %d bytes", len(b))
				}
				errs <- err
			})
		}
		writers.Wait()
		close(errs)
		for err := range errs {
			none(t, err)
		}
		newest, err := publish.TypeSchema(t.Context(), p, schema(t, 1).VCT)
		if err != nil || newest.Version != editions {
			t.Errorf("the newest is %v, %v", newest, err)
		}
	})
}
