package main

import (
	"bytes"
	"context"
	"testing"

	"github.com/transparency-dev/merkle/proof"
	"github.com/transparency-dev/merkle/rfc6962"
	"github.com/transparency-dev/tessera/client"
	"golang.org/x/mod/sumdb/note"
)

// What Tessera says is published is under its signed checkpoint, byte for byte
// what was added.
func TestTesseraPublishes(t *testing.T) {
	dir := t.TempDir()
	h := newHufu(t)
	e, err := h.entries(300, 100)
	if err != nil {
		t.Fatal(err)
	}
	l, err := openTiles(t.Context(), dir, len(e.leaves))
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	if err := l.add(ctx, l.until(ctx, true), e.leaves...); err != nil {
		t.Fatal(err)
	}
	// Read as another process would.
	checkTiles(t, client.FileFetcher{Root: dir}, l.public, e.leaves)
	if err := l.close(); err != nil {
		t.Error(err)
	}
}

func checkTiles(t *testing.T, f client.FileFetcher, public string, leaves [][]byte) {
	t.Helper()
	ctx := t.Context()
	verifier, err := note.NewVerifier(public)
	if err != nil {
		t.Fatal(err)
	}
	checkpoint, _, _, err := client.FetchCheckpoint(ctx, f.ReadCheckpoint, verifier, verifier.Name())
	if err != nil {
		t.Fatal(err)
	}
	if checkpoint.Size != uint64(len(leaves)) {
		t.Fatalf("%d entries under the checkpoint, not %d", checkpoint.Size, len(leaves))
	}
	builder, err := client.NewProofBuilder(ctx, checkpoint.Size, f.ReadTile)
	if err != nil {
		t.Fatal(err)
	}
	for i, leaf := range leaves {
		index := uint64(i)
		bundle, err := client.GetEntryBundle(ctx, f.ReadEntryBundle, index/256, checkpoint.Size)
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(bundle.Entries[index%256], leaf) {
			t.Fatalf("entry %d is not what was added", i)
		}
		path, err := builder.InclusionProof(ctx, index)
		if err != nil {
			t.Fatal(err)
		}
		hash := rfc6962.DefaultHasher.HashLeaf(leaf)
		if err := proof.VerifyInclusion(rfc6962.DefaultHasher, index, checkpoint.Size, hash, path, checkpoint.Hash); err != nil {
			t.Fatalf("entry %d: %v", i, err)
		}
	}
}

func TestTesseraIntegrates(t *testing.T) {
	l, err := openTiles(t.Context(), t.TempDir(), 1)
	if err != nil {
		t.Fatal(err)
	}
	if err := l.add(t.Context(), l.until(t.Context(), false), []byte("one"), []byte("two")); err != nil {
		t.Fatal(err)
	}
	if size, err := l.reader.IntegratedSize(t.Context()); err != nil || size != 2 {
		t.Errorf("%d entries in the tree: %v", size, err)
	}
	if err := l.close(); err != nil {
		t.Error(err)
	}
}
