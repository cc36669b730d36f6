package formats_test

import (
	"slices"
	"testing"

	"github.com/hufu-id/hufu/internal/limits"
	"github.com/hufu-id/hufu/ledger/feed"
	"github.com/hufu-id/hufu/zkp"
)

func feedFiles(t testing.TB) page {
	handles := cut[[zkp.HandleSize]byte](revokedHandles(), zkp.HandleSize)
	accumulator := new(zkp.Accumulator)
	roots := must[[][32]byte](t)(accumulator.BucketRoots(handles))
	counts := &feed.Counts{Epoch: 492513, Proof: must[[]byte](t)(accumulator.ProveCounts(handles))}
	index := &feed.Index{Generations: []feed.Generation{{Bits: 0, Epochs: []uint64{492500, 492501, 492513}}, {Bits: 2, Epochs: []uint64{492513, 492514}}}}
	snapshot := &feed.Handles{From: 492513, To: 492513, Handles: handles}
	delta := &feed.Handles{From: 492513, To: 492514, Bits: 2, Part: 3, Handles: handles[2:]}
	leaves := cut[[32]byte](join(number(1), number(2), number(3)), 32)
	registry := &feed.Registry{From: 492513, To: 492514, Added: leaves[1:], Removed: leaves[:1]}
	equal := &feed.Roots{Epoch: 492513, Buckets: slices.Repeat([][32]byte{roots[1]}, feed.Buckets)}
	return page{
		name: "feed",
		limits: map[string]int{
			"index": limits.FeedIndex, "part": limits.FeedPart, "registry": limits.FeedRegistry, "counts": limits.FeedCounts, "least part": feed.MinPart,
		},
		doors: feedDoors(roots),
		vectors: []example{
			{"two generations", "index", index.Bytes()},
			{"a snapshot of everything", "handles", snapshot.Bytes()},
			{"what entered the last of four parts", "handles", delta.Bytes()},
			{"what changed", "registry", registry.Bytes()},
			{"all leaves", "registry", (&feed.Registry{From: 492513, To: 492513, Added: leaves}).Bytes()},
			{"the form alone: 512 equal roots", "roots", equal.Bytes()},
			{"for the first snapshot above", "counts", counts.Bytes()},
		},
		refused: []refusal{
			{"a letter of another file", "index", snapshot.Bytes(), feed.ErrFormat},
			{"version 2", "index", flipped(index.Bytes(), 8, 3), feed.ErrFormat},
			{"a generation that does not begin where the one before ends", "index", flipped(index.Bytes(), 46, 1), feed.ErrFormat},
			{"a handle of another part", "handles", (&feed.Handles{From: 1, To: 2, Bits: 2, Part: 1, Handles: handles[2:]}).Bytes(), feed.ErrFormat},
			{"out of order", "handles", (&feed.Handles{Handles: [][zkp.HandleSize]byte{handles[1], handles[0]}}).Bytes(), feed.ErrFormat},
			{"a count of 2^32 − 1", "handles", slices.Concat(snapshot.Bytes()[:29], []byte{0xff, 0xff, 0xff, 0xff}, snapshot.Bytes()[33:]), feed.ErrFormat},
			{"a snapshot that removes", "registry", (&feed.Registry{Removed: leaves[:1]}).Bytes(), feed.ErrFormat},
			{"511 roots", "roots", (&feed.Roots{Buckets: make([][32]byte, 511)}).Bytes(), feed.ErrFormat},
			{"one handle fewer than the roots say", "counts", flipped(counts.Bytes(), 19, 3), zkp.ErrPart},
		},
	}
}

func feedDoors(roots [][32]byte) map[string]door {
	return map[string]door{
		"index": func(b []byte) (any, []byte, error) {
			x, err := feed.ParseIndex(b)
			if err != nil {
				return nil, nil, err
			}
			return x, x.Bytes(), nil
		},
		"handles": func(b []byte) (any, []byte, error) {
			h, err := feed.ParseHandles(b)
			if err != nil {
				return nil, nil, err
			}
			return h, h.Bytes(), nil
		},
		"registry": func(b []byte) (any, []byte, error) {
			r, err := feed.ParseRegistry(b)
			if err != nil {
				return nil, nil, err
			}
			return r, r.Bytes(), nil
		},
		"roots": func(b []byte) (any, []byte, error) {
			r, err := feed.ParseRoots(b)
			if err != nil {
				return nil, nil, err
			}
			return fields{"epoch": r.Epoch, "buckets": len(r.Buckets), "first": r.Buckets[0]}, r.Bytes(), nil
		},
		"counts": func(b []byte) (any, []byte, error) {
			c, err := feed.ParseCounts(b)
			if err != nil {
				return nil, nil, err
			}
			counts, err := zkp.VerifyCounts(roots, c.Proof)
			if err != nil {
				return nil, nil, err
			}
			root, err := zkp.RootOver(roots)
			return fields{"epoch": c.Epoch, "ofFirstBucket": counts[0], "ofLastBucket": counts[511], "revocationRoot": root}, c.Bytes(), err
		},
	}
}
