package ledger

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"golang.org/x/mod/sumdb/tlog"

	"github.com/hufu-id/hufu/internal/limits"
)

// Caps on one bundle.
const (
	maxBundleFiles = 1024
	maxChain       = 1024
)

// A Bundle is what a counter stores to work offline: values of the ledger with
// their proofs under one checkpoint, the agreements that lead to its signers,
// and the files whose hashes the ledger holds. Nobody has to sign a bundle: the
// checkpoint's signatures cover every value, and the values cover the files. A
// bundle is as old as its checkpoint. Its encoding is deterministic CBOR:
//
//	[1, [proof, [agreement, ...], since, [hash, ...], [[name, content], ...]]]
type Bundle struct {
	_ struct{} `cbor:",toarray"`
	// Proof is a proof in the form of Proof.Bytes. It may have many more
	// entries than one question needs.
	Proof []byte
	// Agreements holds the signed agreements that follow the reader's trust
	// file.
	Agreements [][]byte
	// Since is the size of an older log that the bundle's log extends.
	// Consistency holds the proof; 0 means none.
	Since       uint64
	Consistency []tlog.Hash
	// Files holds files that the ledger names by hash: schemas, verifying keys,
	// status lists. Names are in ascending order.
	Files []BundleFile
}

// A BundleFile is one file. Its name only says where to look: the reader must
// compare the content with the ledger.
type BundleFile struct {
	_    struct{} `cbor:",toarray"`
	Name string
	// Content is empty if it equals that of the older bundle; see Without.
	Content []byte
}

// ParseBundle reads a bundle. It does not verify it. The error is
// [ErrTooLarge], [ErrFormat] or [ErrKey].
func ParseBundle(b []byte) (*Bundle, error) {
	bundle, err := decodeObject[Bundle](b, limits.Bundle)
	if err != nil {
		return nil, err
	}
	if len(bundle.Files) > maxBundleFiles || len(bundle.Agreements) > maxChain || len(bundle.Consistency) > 2*maxInclusion {
		return nil, fmt.Errorf("%w: %d files, %d agreements", ErrTooLarge, len(bundle.Files), len(bundle.Agreements))
	}
	for i, f := range bundle.Files {
		if err := CheckKey(f.Name); err != nil {
			return nil, err
		}
		if i > 0 && bundle.Files[i-1].Name >= f.Name {
			return nil, fmt.Errorf("%w: files out of order", ErrFormat)
		}
	}
	if _, err := parseBundleProof(bundle.Proof); err != nil {
		return nil, err
	}
	return &bundle, nil
}

// Bytes returns the canonical encoding.
func (b *Bundle) Bytes() []byte { return encodeObject(*b) }

// maxBundleEntries bounds the number of values in a bundle.
const maxBundleEntries = 1 << 16

func parseBundleProof(b []byte) (*Proof, error) {
	p, err := decodeObject[Proof](b, limits.Bundle)
	if err != nil {
		return nil, err
	}
	return &p, p.checkUpTo(maxBundleEntries)
}

// File returns a file by its name, nil if there is none.
func (b *Bundle) File(name string) []byte {
	i, found := slices.BinarySearchFunc(b.Files, name, func(f BundleFile, name string) int { return cmp.Compare(f.Name, name) })
	if !found {
		return nil
	}
	return b.Files[i].Content
}

// Without returns the bundle without the content of files that are the same in
// an older bundle. A reader who has the older bundle completes it with
// Complete.
func (b *Bundle) Without(older *Bundle) *Bundle {
	delta := *b
	delta.Files = slices.Clone(b.Files)
	for i, f := range delta.Files {
		if old := older.File(f.Name); len(old) > 0 && bytes.Equal(old, f.Content) {
			delta.Files[i].Content = nil
		}
	}
	return &delta
}

// Complete adds the content that Without removed. The error is [ErrAbsent] if
// the older bundle is another one.
func (b *Bundle) Complete(older *Bundle) (*Bundle, error) {
	whole := *b
	whole.Files = slices.Clone(b.Files)
	for i, f := range whole.Files {
		if len(f.Content) > 0 {
			continue
		}
		if whole.Files[i].Content = older.File(f.Name); len(whole.Files[i].Content) == 0 {
			return nil, fmt.Errorf("%w: file of an older bundle", ErrAbsent)
		}
	}
	return &whole, nil
}

// BundleSelector says what goes into a bundle.
type BundleSelector struct {
	// Prefixes of keys; nil means who is who and may do what: DIDs,
	// accreditations, schemas, status lists, verifying keys, rules and purposes.
	Prefixes []string
	// Keys lists further keys.
	Keys []string
	// Epochs is the number of newest epochs in the bundle; zero means 24.
	Epochs uint64
	// Since is the size of the newest checkpoint that the reader has seen. The
	// bundle proves that it extends it; zero means no proof.
	Since uint64
	// Files lists the files of the bundle.
	Files []BundleFile
}

var defaultPrefixes = []string{PrefixDID, PrefixAccreditation, PrefixSchema, PrefixStatus, PrefixVK, PrefixRule, PrefixPurpose}

const defaultEpochs = 24

// bundleRound is the number of keys that are proved at a time.
const bundleRound = 128

// ExportBundle makes a bundle for readers who have the trust file. All of it is
// verified on the way: what leaves here is believed elsewhere. The error is
// Verify's, the source's, or [ErrReader] where the source moves on faster than it
// can be read.
func ExportBundle(ctx context.Context, source Ledger, trust *TrustFile, now time.Time, selector BundleSelector) (*Bundle, error) {
	chain, err := source.TrustChain(ctx, trust.Number+1)
	if err != nil {
		return nil, err
	}
	followed, err := trust.Follow(chain...)
	if err != nil {
		return nil, err
	}
	keys, err := selector.keys(ctx, source, followed, now)
	if err != nil {
		return nil, err
	}
	proof, err := proveAll(ctx, source, followed, now, keys)
	if err != nil {
		return nil, err
	}
	b := &Bundle{Proof: proof.Bytes(), Files: slices.Clone(selector.Files), Since: selector.Since}
	slices.SortFunc(b.Files, func(x, y BundleFile) int { return cmp.Compare(x.Name, y.Name) })
	for _, op := range chain {
		b.Agreements = append(b.Agreements, op.Bytes())
	}
	head, err := OpenCheckpoint(followed, proof.Checkpoint)
	if err != nil {
		return nil, err
	}
	if selector.Since > 0 {
		if b.Consistency, err = source.ProveConsistency(ctx, selector.Since, head.Size); err != nil {
			return nil, err
		}
	}
	return ParseBundle(b.Bytes())
}

// keys lists what the selector asks for.
func (s *BundleSelector) keys(ctx context.Context, source Ledger, trust *TrustFile, now time.Time) ([]string, error) {
	prefixes := s.Prefixes
	if prefixes == nil {
		prefixes = defaultPrefixes
	}
	keys := slices.Clone(s.Keys)
	for _, prefix := range prefixes {
		for after := ""; ; after = keys[len(keys)-1] {
			some, err := source.Keys(ctx, prefix, after)
			if err != nil {
				return nil, err
			}
			if len(some) == 0 {
				break
			}
			if keys = append(keys, some...); len(keys) > maxBundleEntries {
				return nil, fmt.Errorf("%w: more than %d keys", ErrTooLarge, maxBundleEntries)
			}
		}
	}
	proof, err := source.Prove(ctx)
	if err != nil {
		return nil, err
	}
	view, err := Verify(trust, proof, VerifyOptions{Now: now})
	if err != nil {
		return nil, err
	}
	epochs := s.Epochs
	if epochs == 0 {
		epochs = defaultEpochs
	}
	newest := view.Head.State.Epoch
	for n := newest - min(newest, epochs-1); n <= newest; n++ {
		keys = append(keys, EpochKey(n))
	}
	// That there is no later agreement lets a reader know that it has the newest.
	keys = append(keys, AgreementKey(trust.Number+1))
	slices.Sort(keys)
	return slices.Compact(keys), nil
}

// proveAll proves many keys under one checkpoint, in rounds. If the ledger
// moves on in between, it begins again.
func proveAll(ctx context.Context, source Reader, trust *TrustFile, now time.Time, keys []string) (*Proof, error) {
	for range maxRounds {
		var whole *Proof
		moved := false
		for from := 0; from < len(keys) && !moved; from += bundleRound {
			proof, err := source.Prove(ctx, keys[from:min(from+bundleRound, len(keys))]...)
			if err != nil {
				return nil, err
			}
			if _, err := Verify(trust, proof, VerifyOptions{Now: now}); err != nil {
				return nil, err
			}
			switch {
			case whole == nil:
				whole = proof
			case string(whole.StateLeaf) != string(proof.StateLeaf):
				moved = true
			default:
				whole.Entries = append(whole.Entries, proof.Entries...)
			}
		}
		if whole != nil && !moved {
			return whole, nil
		}
	}
	return nil, fmt.Errorf("%w: the ledger moved on %d times", ErrReader, maxRounds)
}

// An Offline is a verified bundle. It is a Reader. It cannot prove a key that
// it does not hold, which is not an absence.
type Offline struct {
	// Trust is the trust file after the bundle's agreements.
	Trust *TrustFile
	// Head is the checkpoint. The bundle describes the ledger as of Head.Time.
	Head *Head

	bundle  *Bundle
	chain   []*SignedOperation
	proof   *Proof
	entries map[string]Entry
}

// OpenBundle verifies a bundle against a trust file, every value included. Each
// decision judges the age of the checkpoint by its own policy. OpenBundle
// refuses a checkpoint that is older than the trust file's MaxAge.Trust with
// [ErrBootstrap]: keys of agencies that left since could have signed it. Other
// errors are those of Follow and Verify.
func OpenBundle(trust *TrustFile, now time.Time, bundle *Bundle) (*Offline, error) {
	if now.IsZero() {
		now = time.Now()
	}
	var chain []*SignedOperation
	for _, b := range bundle.Agreements {
		op, err := ParseSignedOperation(b)
		if err != nil {
			return nil, err
		}
		chain = append(chain, op)
	}
	followed, err := trust.Follow(chain...)
	if err != nil {
		return nil, err
	}
	proof, err := parseBundleProof(bundle.Proof)
	if err != nil {
		return nil, err
	}
	view, err := verifyUpTo(followed, proof, now, now.Sub(time.Time{}), maxBundleEntries)
	if err != nil {
		return nil, err
	}
	if age := now.Sub(view.Head.Time); age > trust.MaxAge.Trust {
		return nil, fmt.Errorf("%w: the bundle is from %s", ErrBootstrap, view.Head.Time.UTC().Format(time.DateOnly))
	}
	o := &Offline{Trust: followed, Head: view.Head, bundle: bundle, chain: chain, proof: proof, entries: make(map[string]Entry, len(proof.Entries))}
	for _, e := range proof.Entries {
		o.entries[e.Key] = e
	}
	return o, nil
}

// Prove implements Reader for the keys that the bundle holds. It omits others:
// nothing is known about them.
func (o *Offline) Prove(_ context.Context, keys ...string) (*Proof, error) {
	proof := &Proof{Checkpoint: o.proof.Checkpoint, StateLeaf: o.proof.StateLeaf, Inclusion: o.proof.Inclusion}
	keys = slices.Clone(keys)
	slices.Sort(keys)
	for _, key := range slices.Compact(keys) {
		if e, ok := o.entries[key]; ok {
			proof.Entries = append(proof.Entries, e)
		}
	}
	return proof, nil
}

// Keys lists the keys with a prefix that the bundle holds, after a key, as Ledger.Keys
// does.
func (o *Offline) Keys(_ context.Context, prefix, after string) (keys []string, err error) {
	for _, e := range o.proof.Entries {
		if strings.HasPrefix(e.Key, prefix) && e.Key > after && len(e.Value) > 0 {
			keys = append(keys, e.Key)
		}
	}
	return keys, nil
}

// ProveConsistency implements Reader for the two sizes that the bundle was made
// for. Otherwise the error is [ErrNotIncluded].
func (o *Offline) ProveConsistency(_ context.Context, from, to uint64) ([]tlog.Hash, error) {
	if to != o.Head.Size || from != o.bundle.Since && from != to {
		return nil, fmt.Errorf("%w: the bundle leads from size %d to %d", ErrNotIncluded, o.bundle.Since, o.Head.Size)
	}
	if from == to {
		return nil, nil
	}
	return o.bundle.Consistency, nil
}

// TrustChain implements Reader, for the agreements of the bundle.
func (o *Offline) TrustChain(_ context.Context, from uint64) ([]*SignedOperation, error) {
	for i, op := range o.chain {
		if agreed, err := ParseAgreement(op.Operation.Body); err == nil && agreed.Number >= from {
			return slices.Clone(o.chain[i:]), nil
		}
	}
	return nil, nil
}
