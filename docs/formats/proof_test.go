package formats_test

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/fxamacker/cbor/v2"
	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"

	"github.com/hufu-id/hufu/internal/limits"
	"github.com/hufu-id/hufu/ledger"
)

func logSigner(t testing.TB) *ledger.NoteSigner {
	t.Helper()
	return must[*ledger.NoteSigner](t)(ledger.NewLogSigner(origin, noteKey("log")))
}

func cosigner(t testing.TB, name string, at time.Time) *ledger.NoteSigner {
	t.Helper()
	return must[*ledger.NoteSigner](t)(ledger.NewCosigner(name, noteKey(name), func() time.Time { return at }))
}

func witnesses(t testing.TB) []string {
	t.Helper()
	return []string{cosigner(t, "witness.example/a", begin).VerifierKey(), cosigner(t, "witness.example/b", begin).VerifierKey()}
}

// trust is the trust file of the vectors: one of two witnesses must cosign.
func trust(t testing.TB) *ledger.TrustFile {
	t.Helper()
	_, _, id := root(t)
	return must[*ledger.TrustFile](t)(ledger.NewTrust(ledger.TrustFile{
		Origin: origin, LogKey: logSigner(t).VerifierKey(), WitnessKeys: witnesses(t), K: 1, RootDID: id, First: first(t).Hash(),
		Next: first(t).Next(), Threshold: 1,
	}))
}

// first is the first agreement.
func first(t testing.TB) *ledger.Agreement {
	t.Helper()
	return &ledger.Agreement{Witnesses: witnesses(t), K: 1, Deciders: []ledger.Decider{decider(t, "root agency", 1)}, Threshold: 1}
}

// decider is the say of an agency, with the key that signs the agreement of a number.
func decider(t testing.TB, name string, number int) ledger.Decider {
	t.Helper()
	return ledger.Decider{Key: newAgency(t, name).public(t), Next: ledger.KeyHash(newAgency(t, promise(name, number)).public(t))}
}

func promise(name string, number int) string { return fmt.Sprint(name, ", agreement ", number) }

// agreement is the one after the trust file's, signed by whom that names.
func agreement(t testing.TB) *ledger.SignedOperation {
	t.Helper()
	next := &ledger.Agreement{
		Number: 1, Previous: first(t).Hash(), Witnesses: witnesses(t), K: 2, Deciders: []ledger.Decider{decider(t, "root agency", 2), decider(t, "second agency", 2)}, Threshold: 2,
	}
	return must[*ledger.SignedOperation](t)(ledger.Sign(trust(t).ID(), newOperation(next, "nonce of agreement 1"), newAgency(t, promise("root agency", 1))))
}

func ledgerTrust(t testing.TB) page {
	file := trust(t)
	good := file.Bytes()
	stranger := must[*ledger.SignedOperation](t)(ledger.Sign(trust(t).ID(), agreement(t).Operation, newAgency(t, "second agency")))
	inUse := must[*ledger.SignedOperation](t)(ledger.Sign(trust(t).ID(), agreement(t).Operation, newAgency(t, "root agency")))
	nominated := must[*ledger.Nomination](t)(ledger.Nominate(ledger.Nomination{
		Origin: origin, Ledger: trust(t).ID(), Decider: decider(t, "root agency", 2), Replaces: decider(t, "root agency", 1).Next,
	}, newAgency(t, "root agency"))).Bytes()
	return page{
		name:    "ledger-trust",
		limits:  map[string]int{"file": limits.Document, "nomination": 2048, "state": ledger.MaxTrustState},
		context: fields{"fingerprint": file.Fingerprint()},
		doors: map[string]door{
			"trust file": func(b []byte) (any, []byte, error) {
				f, err := ledger.ParseTrust(b)
				if err != nil {
					return nil, nil, err
				}
				return trustFields(f), f.Bytes(), nil
			},
			"pinned trust file": func(b []byte) (any, []byte, error) {
				fingerprint := file.Fingerprint()
				f, err := ledger.ParseTrustPinned(b, hexOf(fingerprint[:]))
				if err != nil {
					return nil, nil, err
				}
				return trustFields(f), f.Bytes(), nil
			},
			"agreement": func(b []byte) (any, []byte, error) {
				signed, err := ledger.ParseSignedOperation(b)
				if err != nil {
					return nil, nil, err
				}
				followed, err := file.Follow(signed)
				if err != nil {
					return nil, nil, err
				}
				return trustFields(followed), signed.Bytes(), nil
			},
			"nomination": func(b []byte) (any, []byte, error) {
				n, err := ledger.ParseNomination(b)
				if err != nil {
					return nil, nil, err
				}
				return fields{"origin": n.Origin, "ledger": n.Ledger, "key": n.Decider.Key, "next": n.Decider.Next, "replaces": n.Replaces}, n.Bytes(), nil
			},
			"trust state": func(b []byte) (any, []byte, error) { return openState(t, b) },
		},
		vectors: []example{
			{"one log key and two witnesses, of which one must cosign", "trust file", good},
			{"the same, with the fingerprint of the context", "pinned trust file", good},
			{"the agreement that follows, and the file after it", "agreement", agreement(t).Bytes()},
			{"an agency that goes on to decide", "nomination", nominated},
			{"of a reader that was just given the file", "trust state", stateBytes(t, 0, nil, nil)},
			{"of one that followed the agreement and saw a checkpoint", "trust state", stateBytes(t, 1, [][]byte{agreement(t).Bytes()}, newLog(t).checkpoint(t, begin))},
		},
		refused: []refusal{
			{"another file than was pinned", "pinned trust file", append(slices.Clone(good), '\n'), ledger.ErrFingerprint},
			{"an unknown member", "trust file", replaced(t, good, []byte(`"k"`), []byte(`"K"`)), ledger.ErrFormat},
			{"a member twice", "trust file", replaced(t, good, []byte(`"k": 1,`), []byte(`"k": 1, "k": 1,`)), ledger.ErrFormat},
			{"more cosigners asked for than there are", "trust file", replaced(t, good, []byte(`"k": 1,`), []byte(`"k": 3,`)), ledger.ErrValue},
			{"one witness twice", "trust file", replaced(t, good, []byte(witnesses(t)[1]), []byte(witnesses(t)[0])), ledger.ErrValue},
			{"a log key of another name than the origin", "trust file", replaced(t, good, []byte(`"origin": "ledger`), []byte(`"origin": "lodger`)), ledger.ErrValue},
			{"an agreement signed by a newcomer alone", "agreement", stranger.Bytes(), ledger.ErrTrustChain},
			{"an agreement signed with the key in use", "agreement", inUse.Bytes(), ledger.ErrTrustChain},
			{"a nomination of another next key", "nomination", replaced(t, nominated, []byte(`"next": "`), []byte(`"next": "A`)), ledger.ErrFormat},
			{"a nomination for another log", "nomination", replaced(t, nominated, []byte(`"origin": "ledger`), []byte(`"origin": "lodger`)), ledger.ErrSignature},
			{"a number that its agreements do not lead to", "trust state", stateBytes(t, 2, [][]byte{agreement(t).Bytes()}, nil), ledger.ErrTrustStore},
			{"a state that ends early", "trust state", stateBytes(t, 0, nil, nil)[:40], ledger.ErrTrustStore},
		},
	}
}

// stateBytes is the state of a reader of the trust file, by the formula of the page.
func stateBytes(t testing.TB, number uint64, agreements [][]byte, checkpoint []byte) []byte {
	t.Helper()
	options := cbor.CoreDetEncOptions()
	options.NilContainers = cbor.NilContainerAsEmpty
	mode := must[cbor.EncMode](t)(options.EncMode())
	pin := trust(t).Fingerprint()
	id := trust(t).ID()
	return must[[]byte](t)(mode.Marshal([]any{2, id[:], pin[:], number, agreements, begin.UnixMilli(), checkpoint}))
}

// openState hands a stored state to a client.
func openState(t testing.TB, b []byte) (any, []byte, error) {
	store := ledger.NewMemoryTrustStore()
	must[bool](t)(store.CompareAndSwap(t.Context(), nil, b))
	nobody := struct{ ledger.Reader }{} // is asked nothing here
	client, err := ledger.NewClient(t.Context(), trust(t), nobody, store, ledger.ClientOptions{})
	if err != nil {
		return nil, nil, err
	}
	var size uint64
	if client.Head() != nil {
		size = client.Head().Size
	}
	again := must[[]byte](t)(store.Load(t.Context()))
	return fields{"number": client.Trust().Number, "followed": client.Followed(), "size": size}, again, nil
}

func trustFields(f *ledger.TrustFile) fields {
	return fields{
		"origin": f.Origin, "log": f.LogKey, "witnesses": f.WitnessKeys, "k": f.K, "number": f.Number, "next": f.Next, "threshold": f.Threshold,
		"ledger": f.ID(), "first": f.First, "last": f.Last, "genesis": f.Genesis, "rootDID": f.RootDID, "epochLength": f.EpochLength, "maxAge": f.MaxAge,
	}
}

func replaced(t testing.TB, b, from, to []byte) []byte {
	t.Helper()
	if bytes.Count(b, from) != 1 {
		t.Fatalf("%q is not there once", from)
	}
	return bytes.Replace(b, from, to, 1)
}

// stateMap is the state map by the formulas of ledger-proof.md.
type stateMap map[string][]byte

// node hashes the subtree at a depth in which all keys share a prefix of index.
func (m stateMap) node(index [32]byte, depth int) (hash [32]byte) {
	inside := stateMap{}
	for key, value := range m {
		if at := sha256.Sum256([]byte(key)); samePrefix(at, index, depth) {
			inside[key] = value
		}
	}
	switch {
	case len(inside) == 0:
		return hash
	case depth == 256:
		value := sha256.Sum256(inside.only())
		return sha256.Sum256(slices.Concat([]byte{0}, index[:], value[:]))
	}
	left, right := index, index
	left[depth/8] &^= 0x80 >> (depth % 8)
	right[depth/8] |= 0x80 >> (depth % 8)
	l, r := inside.node(left, depth+1), inside.node(right, depth+1)
	return sha256.Sum256(slices.Concat([]byte{1}, l[:], r[:]))
}

func (m stateMap) only() []byte {
	for _, value := range m {
		return value
	}
	return nil
}

func samePrefix(a, b [32]byte, bits int) bool {
	for i := range bits {
		if (a[i/8]^b[i/8])&(0x80>>(i%8)) != 0 {
			return false
		}
	}
	return true
}

// prove is the bitmap and the siblings that are not empty, from the root down.
func (m stateMap) prove(key string) []byte {
	index := sha256.Sum256([]byte(key))
	bitmap, siblings := make([]byte, 32), []byte(nil)
	for depth := range 256 {
		other := index
		other[depth/8] ^= 0x80 >> (depth % 8)
		if sibling := m.node(other, depth+1); sibling != ([32]byte{}) {
			bitmap[depth/8] |= 0x80 >> (depth % 8)
			siblings = append(siblings, sibling[:]...)
		}
	}
	return append(bitmap, siblings...)
}

// log is a ledger of three leaves: two operations and the state leaf.
type log struct {
	state  stateMap
	leaves [][]byte
	hashes []tlog.Hash
	head   *ledger.StateLeaf
}

// ReadHashes implements tlog.HashReader.
func (l *log) ReadHashes(indexes []int64) (out []tlog.Hash, err error) {
	for _, i := range indexes {
		out = append(out, l.hashes[i])
	}
	return out, nil
}

func newLog(t testing.TB) *log {
	t.Helper()
	did, create, id := root(t)
	mark := anchor(t, "parcel 1")
	key := newAgency(t, "root agency")
	did.ID = id
	l := &log{state: stateMap{did.Key(): did.Bytes(), mark.Key(): mark.Bytes()}}
	l.head = &ledger.StateLeaf{Height: 0, UnixMilli: uint64(begin.UnixMilli()), StateRoot: l.state.node([32]byte{}, 0)}
	l.leaves = [][]byte{
		must[*ledger.SignedOperation](t)(ledger.Sign(trust(t).ID(), create, key)).Bytes(),
		must[*ledger.SignedOperation](t)(ledger.Sign(trust(t).ID(), newOperation(mark, "nonce 1"), key)).Bytes(),
		l.head.Bytes(),
	}
	for i, leaf := range l.leaves {
		l.hashes = append(l.hashes, must[[]tlog.Hash](t)(tlog.StoredHashes(int64(i), leaf, l))...)
	}
	return l
}

func (l *log) text(t testing.TB) string {
	t.Helper()
	n := len(l.leaves)
	return ledger.FormatCheckpoint(origin, uint64(n), must[tlog.Hash](t)(tlog.TreeHash(int64(n), l)))
}

func (l *log) checkpoint(t testing.TB, at time.Time, signers ...note.Signer) []byte {
	t.Helper()
	if signers == nil {
		signers = []note.Signer{logSigner(t), cosigner(t, "witness.example/a", at), cosigner(t, "witness.example/b", at.Add(-time.Minute))}
	}
	return must[[]byte](t)(note.Sign(&note.Note{Text: l.text(t)}, signers...))
}

func (l *log) inclusion(t testing.TB, index int64) tlog.RecordProof {
	t.Helper()
	return must[tlog.RecordProof](t)(tlog.ProveRecord(int64(len(l.leaves)), index, l))
}

func (l *log) prove(t testing.TB, keys ...string) *ledger.Proof {
	t.Helper()
	p := &ledger.Proof{Checkpoint: l.checkpoint(t, begin), StateLeaf: l.head.Bytes(), Inclusion: l.inclusion(t, int64(len(l.leaves))-1)}
	slices.Sort(keys)
	for _, key := range keys {
		p.Entries = append(p.Entries, ledger.Entry{Key: key, Value: l.state[key], Proof: l.state.prove(key)})
	}
	return p
}

func ledgerCheckpoint(t testing.TB) page {
	l := newLog(t)
	good := l.checkpoint(t, begin)
	head := l.head
	head2 := &ledger.StateLeaf{
		Height: 41, UnixMilli: uint64(begin.UnixMilli()), StateRoot: seed("state root"), Epoch: 492513, Day: ledger.Day(begin),
		RegistryRoot: seed("registry root"), RevocationRoot: seed("revocation root"),
	}
	return page{
		name:    "ledger-checkpoint",
		limits:  map[string]int{"checkpoint": limits.Checkpoint, "state leaf": ledger.StateLeafSize},
		context: fields{"trust": string(trust(t).Bytes())},
		doors: map[string]door{
			"checkpoint": func(b []byte) (any, []byte, error) {
				h, err := ledger.OpenCheckpoint(trust(t), b)
				if err != nil {
					return nil, nil, err
				}
				return fields{"origin": h.Origin, "size": h.Size, "root": h.Root, "time": h.Time}, h.Checkpoint, nil
			},
			"state leaf": func(b []byte) (any, []byte, error) {
				s, err := ledger.ParseStateLeaf(b)
				if err != nil {
					return nil, nil, err
				}
				return s, s.Bytes(), nil
			},
		},
		vectors: []example{
			{"signed by the log and two witnesses", "checkpoint", good},
			{"before the first epoch closed", "state leaf", head.Bytes()},
			{"after it", "state leaf", head2.Bytes()},
		},
		refused: []refusal{
			{"a size changed after it was signed", "checkpoint", replaced(t, good, []byte("\n3\n"), []byte("\n4\n")), ledger.ErrSignature},
			{"no witness", "checkpoint", l.checkpoint(t, begin, logSigner(t)), ledger.ErrNotWitnessed},
			{"no log", "checkpoint", l.checkpoint(t, begin, cosigner(t, "witness.example/a", begin)), ledger.ErrSignature},
			{"an extension line", "checkpoint", signText(t, l.text(t)+"extension\n"), ledger.ErrFormat},
			{"a byte less", "state leaf", head2.Bytes()[:ledger.StateLeafSize-1], ledger.ErrFormat},
			{"a time beyond 2^63", "state leaf", flipped(head2.Bytes(), 20, 0x80), ledger.ErrFormat},
		},
	}
}

func signText(t testing.TB, text string) []byte {
	t.Helper()
	return must[[]byte](t)(note.Sign(&note.Note{Text: text}, logSigner(t), cosigner(t, "witness.example/a", begin)))
}

func ledgerProof(t testing.TB) page {
	l := newLog(t)
	did, _, id := root(t)
	did.ID = id
	good := l.prove(t, did.Key(), ledger.VKKey("hufu-prepare-2"))
	false_ := *good
	false_.Entries = slices.Clone(good.Entries)
	false_.Entries[0].Value = nil // claimed to be absent
	twice := *good
	twice.Entries = append(slices.Clone(good.Entries), good.Entries[1])
	earlier := *good
	earlier.StateLeaf, earlier.Inclusion = l.leaves[1], l.inclusion(t, 1)
	inclusion := &ledger.Inclusion{Checkpoint: l.checkpoint(t, begin), Index: 1, Leaf: l.leaves[1], Path: l.inclusion(t, 1)}
	moved := *inclusion
	moved.Index = 0
	return page{
		name:    "ledger-proof",
		limits:  map[string]int{"proof": limits.Proof},
		context: fields{"now": begin},
		doors: map[string]door{
			"proof":     proofDoor(t, begin),
			"old proof": proofDoor(t, begin.Add(25*time.Hour)),
			"inclusion": func(b []byte) (any, []byte, error) {
				p, err := ledger.ParseInclusion(b)
				if err != nil {
					return nil, nil, err
				}
				head, err := verifyInclusion(trust(t), begin, p)
				if err != nil {
					return nil, nil, err
				}
				return fields{"size": head.Size, "index": p.Index, "leaf": p.Leaf, "path": p.Path}, p.Bytes(), nil
			},
		},
		vectors: []example{
			{"one key that is there and one that is not", "proof", good.Bytes()},
			{"the second leaf", "inclusion", inclusion.Bytes()},
		},
		refused: []refusal{
			{"a present key claimed to be absent", "proof", false_.Bytes(), ledger.ErrNotIncluded},
			{"an entry twice", "proof", twice.Bytes(), ledger.ErrFormat},
			{"an earlier leaf in place of the last", "proof", earlier.Bytes(), ledger.ErrNotIncluded},
			{"25 hours later", "old proof", good.Bytes(), ledger.ErrStale},
			{"another place", "inclusion", moved.Bytes(), ledger.ErrNotIncluded},
		},
	}
}

func proofDoor(t testing.TB, now time.Time) door {
	return func(b []byte) (any, []byte, error) {
		p, err := ledger.ParseProof(b)
		if err != nil {
			return nil, nil, err
		}
		head, err := verifyProof(trust(t), now, p)
		if err != nil {
			return nil, nil, err
		}
		return fields{"size": head.Size, "time": head.Time, "stateRoot": head.State.StateRoot, "stateLeaf": p.StateLeaf, "inclusion": p.Inclusion, "entries": p.Entries}, p.Bytes(), nil
	}
}

// verifyProof and verifyInclusion check under the trust file's own maximum age.
func verifyProof(trust *ledger.TrustFile, now time.Time, p *ledger.Proof) (*ledger.Head, error) {
	view, err := ledger.Verify(trust, p, ledger.VerifyOptions{Now: now})
	if err != nil {
		return nil, err
	}
	return view.Head, nil
}

func verifyInclusion(trust *ledger.TrustFile, now time.Time, p *ledger.Inclusion) (*ledger.Head, error) {
	return ledger.VerifyInclusion(trust, p, ledger.VerifyOptions{Now: now})
}

func ledgerBundle(t testing.TB) page {
	l := newLog(t)
	did, _, id := root(t)
	did.ID = id
	file := ledger.BundleFile{Name: "schema/cn.resident/1", Content: []byte("{}")}
	good := &ledger.Bundle{Proof: l.prove(t, did.Key()).Bytes(), Agreements: [][]byte{agreement(t).Bytes()}, Since: 3, Files: []ledger.BundleFile{file}}
	twice := *good
	twice.Files = []ledger.BundleFile{file, file}
	foreign := *good
	foreign.Agreements = [][]byte{must[*ledger.SignedOperation](t)(ledger.Sign(trust(t).ID(), agreement(t).Operation, newAgency(t, "second agency"))).Bytes()}
	open := func(now time.Time) door {
		return func(b []byte) (any, []byte, error) {
			bundle, err := ledger.ParseBundle(b)
			if err != nil {
				return nil, nil, err
			}
			offline, err := ledger.OpenBundle(trust(t), now, bundle)
			if err != nil {
				return nil, nil, err
			}
			return fields{
				"number": offline.Trust.Number, "asOf": offline.Head.Time, "size": offline.Head.Size, "agreements": len(bundle.Agreements),
				"since": bundle.Since, "consistency": bundle.Consistency, "files": bundle.Files,
			}, bundle.Bytes(), nil
		}
	}
	return page{
		name:    "ledger-bundle",
		limits:  map[string]int{"bundle": limits.Bundle, "entries": 1 << 16, "files": 1024, "agreements": 1024},
		context: fields{"trust": string(trust(t).Bytes()), "now": begin},
		doors:   map[string]door{"bundle": open(begin), "old bundle": open(begin.AddDate(1, 0, 0))},
		vectors: []example{{"one value, one agreement, one file", "bundle", good.Bytes()}},
		refused: []refusal{
			{"a file twice", "bundle", twice.Bytes(), ledger.ErrFormat},
			{"an agreement that the trust file's agencies did not sign", "bundle", foreign.Bytes(), ledger.ErrTrustChain},
			{"a year later", "old bundle", good.Bytes(), ledger.ErrBootstrap},
		},
	}
}
