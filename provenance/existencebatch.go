package provenance

import (
	"bytes"
	"crypto/rand"
	"fmt"
	"slices"

	"golang.org/x/mod/sumdb/tlog"

	"github.com/hufu-id/hufu/credential"
)

// NewExistences makes the tree over 1 to MaxBatch credentials and returns the hash to
// anchor, and the existence of each in the order given, without the places in the log.
// Salts are drawn here; the credentials stand in the order of their salted hashes, which
// tells nothing. The error is [ErrExistence] for another number.
func NewExistences(credentials []*credential.SDJWT) (root [32]byte, all []*Existence, err error) {
	if len(credentials) == 0 || len(credentials) > MaxBatch {
		return root, nil, fmt.Errorf("%w: %d credentials, from 1 to %d are anchored together", ErrExistence, len(credentials), MaxBatch)
	}
	type leaf struct {
		hash []byte
		of   *Existence
	}
	count := uint32(len(credentials))
	leaves := make([]leaf, count)
	for i, sd := range credentials {
		e := &Existence{Count: count}
		_, _ = rand.Read(e.Salt[:]) // never fails
		all, leaves[i] = append(all, e), leaf{leafOf(e.Salt, sd.IssuerJWT()), e}
	}
	slices.SortFunc(leaves, func(a, b leaf) int { return bytes.Compare(a.hash, b.hash) })
	level := make([]tlog.Hash, count)
	for i, l := range leaves {
		l.of.Index, level[i] = uint32(i), tlog.RecordHash(l.hash)
	}
	for depth := 0; len(level) > 1; depth++ {
		for i, l := range leaves {
			if at := i >> depth; at^1 < len(level) {
				l.of.Siblings = append(l.of.Siblings, level[at^1])
			}
		}
		var above []tlog.Hash
		for i := 0; i < len(level); i += 2 {
			if i+1 < len(level) {
				above = append(above, tlog.NodeHash(level[i], level[i+1]))
			} else {
				above = append(above, level[i])
			}
		}
		level = above
	}
	return rootOf(level[0], count), all, nil
}
