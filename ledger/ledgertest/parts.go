package ledgertest

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"sync"
	"time"

	"golang.org/x/mod/sumdb/tlog"

	"github.com/hufu-id/hufu/internal/long"
	"github.com/hufu-id/hufu/ledger"
	"github.com/hufu-id/hufu/ledger/machine"
)

// proofs: what was submitted is proved present, what was not, absent.
func (w *world) proofs() {
	r := w.submit(w.anchor(1), w.anchor(2))
	head, err := ledger.OpenCheckpoint(w.Trust, r.Checkpoint)
	if err != nil || head.Size != r.Size || len(r.Operations) != 2 || r.Operations[1].Index >= r.Size {
		w.Fatalf("receipt %+v, head %+v, %v", r, head, err)
	}
	v, err := w.at(r, w.anchorKey(1), w.anchorKey(3))
	if err != nil {
		w.Fatal(err)
	}
	if a, err := v.Anchor(w.Trust.RootDID, numbered(1)); err != nil || a.Agency != w.Trust.RootDID {
		w.Error(a, err)
	}
	if _, err := v.Anchor(w.Trust.RootDID, numbered(3)); !errors.Is(err, ledger.ErrAbsent) {
		w.Error(err)
	}
	if _, err := w.Engines[0].Prove(context.Background(), "a b"); err == nil {
		w.Error("a key that is none was proved")
	}
}

// at waits until every engine is as far as a receipt: another node may be behind.
func (w *world) at(r *ledger.Receipt, keys ...string) (v *ledger.View, err error) {
	for range 200 {
		v, err = nil, nil
		for _, engine := range w.Engines {
			proof, e := engine.Prove(context.Background(), keys...)
			if e != nil {
				return nil, e
			}
			if v, err = ledger.Verify(w.Trust, proof, ledger.VerifyOptions{Now: w.Now()}); err != nil {
				return nil, err
			}
			if v.Head.Size < r.Size {
				v = nil
				break
			}
		}
		if v != nil {
			return v, nil
		}
		time.Sleep(50 * time.Millisecond)
	}
	return nil, errors.New("an engine does not catch up")
}

// replay: the same operation again, at once and from everywhere, is one.
func (w *world) replay() {
	op := w.anchor(1)
	var wg sync.WaitGroup
	receipts := make([]*ledger.Receipt, 8)
	for i := range receipts {
		wg.Go(func() {
			var err error
			if receipts[i], err = w.try(i, op); err != nil {
				w.Error(err)
			}
		})
	}
	wg.Wait()
	if w.Failed() {
		return
	}
	first := 0
	for _, r := range receipts {
		if r.Operations[0].Index != receipts[0].Operations[0].Index || r.Operations[0].Height > r.Height {
			w.Errorf("two places: %+v, %+v", receipts[0], r)
		}
		if !r.Operations[0].Replayed {
			first++
		}
	}
	// In a consortium, a caller may learn of the batch that another handed in.
	if len(w.Engines) == 1 && first != 1 {
		w.Errorf("%d callers were the first", first)
	}
	later := w.submit(op)
	if !later.Operations[0].Replayed || later.Operations[0].Index != receipts[0].Operations[0].Index {
		w.Errorf("%+v", later)
	}
}

// refusals: each kind signed by a stranger, and what is wrong for other reasons.
func (w *world) refusals() {
	stranger := w.newKey()
	a := w.agency(ledger.PublicKey{ID: "zk-1", Purpose: ledger.PurposeProof, Public: bytes.Repeat([]byte{7}, 32)})
	w.submit(w.sign(&ledger.Status{URI: listURI, Issuer: a.did, Sequence: 1}, a.key))
	for _, object := range w.objects(a) {
		w.refuse(ledger.ErrUnauthorised, w.sign(object, stranger))
	}
	op := w.anchor(1)
	op.Signatures[0].Signature[3] ^= 1
	w.refuse(ledger.ErrSignature, op)
	unsigned := w.anchor(1)
	unsigned.Signatures = nil
	w.refuse(ledger.ErrUnsigned, unsigned)
	unknown := w.anchor(1).Operation
	unknown.Kind = "coin"
	signed, err := ledger.Sign(w.Trust.ID(), unknown, w.Root)
	if err != nil {
		w.Fatal(err)
	}
	w.refuse(ledger.ErrUnknownKind, signed)
	moved := w.anchor(1).Operation
	moved.Key = w.anchorKey(9)
	if signed, err = ledger.Sign(w.Trust.ID(), moved, w.Root); err != nil {
		w.Fatal(err)
	}
	w.refuse(ledger.ErrKey, signed)
	w.refuse(ledger.ErrConflict, w.sign(&ledger.Status{URI: listURI, Issuer: a.did, Sequence: 1}, a.key))
	w.refuse(ledger.ErrMissing, w.sign(&ledger.Trail{
		Record: numbered(1), Founder: a.did, RuleOwner: a.did, Rule: "none", Version: 1, State: "held", Commitment: numbered(2), Registrar: a.did, Region: region,
	}, a.key))
	if v := w.view(w.anchorKey(1)); !absent(v, w.anchorKey(1)) {
		w.Error("a refused operation has an effect")
	}
}

func absent(v *ledger.View, key string) bool {
	_, err := v.Get(key)
	return errors.Is(err, ledger.ErrAbsent)
}

// objects is one of every kind that an agency's own key, or the root's, may
// submit.
func (w *world) objects(a *agency) []ledger.Object {
	return []ledger.Object{
		&ledger.DID{Keys: []ledger.PublicKey{}},
		&ledger.Accreditation{Agency: a.did, Action: ledger.ActionVerify, Region: region, Type: credentialType, Accreditor: w.Trust.RootDID, State: ledger.StateActive, Subject: SubjectOf(a.did)},
		&ledger.Schema{ID: "s", Version: 1, VCT: credentialType, Owner: a.did},
		&ledger.Status{URI: listURI, Issuer: a.did, Sequence: 2},
		&ledger.Revocation{ProofKey: bytes.Repeat([]byte{7}, 32), List: listURI, Index: 1},
		&ledger.VK{Circuit: "c", TranscriptHash: [32]byte{1}, Setup: ledger.SetupCeremony, State: ledger.VKActive},
		&ledger.KeyFile{File: []byte{1}, Agency: a.did},
		&ledger.Anchor{Hash: numbered(1), Count: 1, Agency: a.did},
		w.successor(),
		w.rule(a),
		&ledger.Purpose{
			Verifier: a.did, ID: "p", Regulator: w.Trust.RootDID, Region: region, Basis: ledger.Text{English: "Act", Chinese: "条例"},
			Asked: []ledger.Asked{{Type: credentialType, Claims: []string{"name"}}}, Retention: "P0D", State: ledger.StateActive,
		},
		&ledger.Audit{Agency: a.did, Hash: numbered(1)},
	}
}

func (w *world) rule(a *agency) *ledger.Rule {
	return &ledger.Rule{ID: "count", Version: 1, Hash: numbered(1), Owner: a.did, MaxAge: 1 << 30, Question: adult}
}

// atomic: one bad operation, and nothing of its batch remains.
func (w *world) atomic() {
	w.refuse(ledger.ErrUnauthorised, w.anchor(1), w.sign(&ledger.Anchor{Hash: numbered(2), Count: 1, Agency: w.Trust.RootDID}, w.newKey()), w.anchor(3))
	v := w.view(w.anchorKey(1), w.anchorKey(3))
	if !absent(v, w.anchorKey(1)) || !absent(v, w.anchorKey(3)) {
		w.Error("a part of a refused batch remains")
	}
	w.submit(w.anchor(1), w.anchor(2), w.anchor(3))
}

// consistency: every checkpoint extends those before it.
func (w *world) consistency() {
	var heads []*ledger.Head
	for n := range 5 {
		r := w.submit(w.anchor(n))
		head, err := ledger.OpenCheckpoint(w.Trust, r.Checkpoint)
		if err != nil {
			w.Fatal(err)
		}
		heads = append(heads, head)
	}
	for i, older := range heads {
		for _, newer := range heads[i:] {
			proof, err := w.Engines[0].ProveConsistency(context.Background(), older.Size, newer.Size)
			if err != nil {
				w.Fatal(err)
			}
			if err := ledger.CheckConsistency(older, newer, proof); err != nil {
				w.Error(err)
			}
		}
	}
	if _, err := w.Engines[0].ProveConsistency(context.Background(), 1, heads[4].Size+1000); err == nil {
		w.Error("consistency with a log that is not there")
	}
}

// history: every change of a key, each provably in the log.
func (w *world) history() {
	a := w.agency()
	for n := range 3 {
		w.submit(w.sign(&ledger.Status{URI: listURI, Issuer: a.did, Sequence: uint64(n + 1)}, a.key))
	}
	changes, err := w.Engines[0].History(context.Background(), ledger.StatusKey(a.did, listURI), 0)
	if err != nil || len(changes) != 3 {
		w.Fatal(len(changes), err)
	}
	for i, c := range changes {
		p, err := w.Engines[0].ProveInclusion(context.Background(), c.Index)
		if err != nil {
			w.Fatal(err)
		}
		if _, err := ledger.VerifyInclusion(w.Trust, p, ledger.VerifyOptions{Now: w.Now()}); err != nil || !bytes.Equal(p.Leaf, c.Leaf) {
			w.Errorf("change %d: %v", i, err)
		}
	}
}

// agreements: the consortium changes, and a reader with the old file follows.
func (w *world) agreements() {
	ctx, store := context.Background(), ledger.NewMemoryTrustStore()
	before, err := ledger.NewClient(ctx, w.Trust, w.Engines[0], store, ledger.ClientOptions{Clock: w.Now})
	if err != nil {
		w.Fatal(err)
	}
	if err := before.Follow(ctx); err != nil {
		w.Fatal(err)
	}
	next := w.successor()
	w.refuse(ledger.ErrUnauthorised, w.sign(next, w.Root)) // a thief of the key in use
	w.submit(w.sign(next, w.Next))
	r := w.submit(w.anchor(1))
	chain, err := w.Engines[0].TrustChain(context.Background(), w.Trust.Number+1)
	if err != nil || len(chain) != 1 {
		w.Fatal(len(chain), err)
	}
	followed, err := w.Trust.Follow(chain...)
	if err != nil {
		w.Fatal(err)
	}
	if _, err := ledger.OpenCheckpoint(followed, r.Checkpoint); err != nil {
		w.Error(err)
	}
	w.refuse(ledger.ErrConflict, w.sign(next, w.Next))
	// A reader follows by itself, at any node, and a restart remembers.
	for _, engine := range w.Engines {
		client, err := ledger.NewClient(ctx, w.Trust, engine, store, ledger.ClientOptions{Clock: w.Now})
		if err != nil {
			w.Fatal(err)
		}
		err = client.Follow(ctx)
		for tries := 0; errors.Is(err, ledger.ErrBehind) && tries < 50; tries++ { // another node was asked before
			time.Sleep(100 * time.Millisecond)
			err = client.Follow(ctx)
		}
		if err != nil || client.Trust().Number != next.Number {
			w.Error(client.Trust().Number, err)
		}
	}
}

// epochs: a closed epoch lists who may issue and what is revoked.
func (w *world) epochs() {
	proofKey := bytes.Repeat([]byte{7}, 32)
	a := w.agency(ledger.PublicKey{ID: "zk-1", Purpose: ledger.PurposeProof, Public: proofKey})
	r := w.submit(w.sign(&ledger.Schema{ID: "s", Version: 1, VCT: credentialType, Owner: a.did}, a.key),
		w.sign(&ledger.Status{URI: listURI, Issuer: a.did, Sequence: 1}, a.key),
		w.sign(&ledger.Revocation{ProofKey: proofKey, Random: [16]byte{1}, List: listURI}, a.key))
	w.CloseEpoch()
	v, err := w.at(r)
	if err != nil {
		w.Fatal(err)
	}
	epoch := v.Head.State.Epoch
	leaves, err := w.Engines[0].Registry(context.Background(), epoch)
	if err != nil || len(leaves) != 1 {
		w.Fatal(len(leaves), err)
	}
	revoked, err := w.Engines[0].Revoked(context.Background(), epoch)
	if err != nil || len(revoked) != 1 {
		w.Fatal(len(revoked), err)
	}
	registry, revocation, err := ZK{}.Roots(leaves, revoked)
	if err != nil || registry != v.Head.State.RegistryRoot || revocation != v.Head.State.RevocationRoot {
		w.Error("the sets do not lead to the roots:", err)
	}
	if _, err := w.Engines[0].Revoked(context.Background(), epoch+1000); !errors.Is(err, ledger.ErrAbsent) {
		w.Error(err)
	}
}

// counting is an agency that may count uses, and a closed epoch.
func (w *world) counting() (*agency, *ledger.Epoch) {
	w.Helper()
	a := w.agency()
	file := &ledger.KeyFile{File: []byte("verifying key"), Agency: a.did}
	w.submit(w.sign(w.rule(a), a.key), w.sign(file, a.key), w.sign(&ledger.VK{
		Circuit: UseCircuit, KeyHash: sha256.Sum256(file.File), TranscriptHash: [32]byte{1}, Setup: ledger.SetupCeremony, State: ledger.VKActive,
	}, w.Root))
	w.CloseEpoch()
	n := w.view().Head.State.Epoch
	e, err := w.view(ledger.EpochKey(n)).Epoch(n)
	if err != nil {
		w.Fatal(err)
	}
	return a, e
}

// adult is the question of the uses.
var adult = ledger.Question{Schema: "resident", Version: 1, Statement: [32]byte{18}}

func (w *world) use(a *agency, e *ledger.Epoch, person, event string, payload byte) *ledger.SignedOperation {
	who := sha256.Sum256([]byte(person))
	u := &ledger.Use{Nullifier: NullifierOf(who, a.did, event), Owner: a.did, Rule: "count", Version: 1, Event: event, Epoch: e.Number, Payload: [32]byte{payload}}
	u.Proof = UsedBy(who, a.did, event, u.Payload, adult, e.Number, e.RegistryRoot, e.RevocationRoot, []byte("verifying key"))
	return w.sign(u, a.key)
}

// useOnce: of a person's uses in one event, handed in everywhere at once, exactly
// one counts.
func (w *world) useOnce() {
	a, e := w.counting()
	for round := range long.Or(10, 1000) {
		w.raceUse(func(n int) *ledger.SignedOperation {
			return w.use(a, e, "someone", fmt.Sprint(round), byte(n+1))
		})
	}
	forged := w.use(a, e, "someone", "other", 1).Operation
	u, err := ledger.ParseUse(forged.Body)
	if err != nil {
		w.Fatal(err)
	}
	u.Proof[40] ^= 1
	w.refuse(ledger.ErrProof, w.sign(u, a.key))
}

// raceUse hands in one use at each engine at once, twice, and insists that
// exactly one is counted.
func (w *world) raceUse(use func(n int) *ledger.SignedOperation) {
	w.Helper()
	n := 2 * len(w.Engines)
	errs := make([]error, n)
	ops := make([]*ledger.SignedOperation, n)
	for i := range ops {
		ops[i] = use(i)
	}
	var wg sync.WaitGroup
	for i := range ops {
		wg.Go(func() { _, errs[i] = w.try(i, ops[i]) })
	}
	wg.Wait()
	won := 0
	for _, err := range errs {
		switch {
		case err == nil:
			won++
		case !errors.Is(err, ledger.ErrUsed):
			w.Error(err)
		}
	}
	if won != 1 {
		w.Errorf("%d of %d uses were counted", won, n)
	}
}

// auditor: whoever reads the entries and applies them reaches the same state.
func (w *world) auditor() {
	a := w.agency()
	w.submit(w.anchor(1), w.sign(&ledger.Anchor{Hash: numbered(2), Count: 7, Agency: a.did}, a.key))
	signed, err := w.Engines[0].Checkpoint(context.Background())
	if err != nil {
		w.Fatal(err)
	}
	head, err := ledger.OpenCheckpoint(w.Trust, signed)
	if err != nil {
		w.Fatal(err)
	}
	m, err := machine.New(ZK{}, w.Trust.Founding(), machine.Options{EpochLength: w.Trust.EpochLength})
	if err != nil {
		w.Fatal(err)
	}
	replica, err := machine.NewReplica(m, machine.NewMemory())
	if err != nil {
		w.Fatal(err)
	}
	for size := uint64(0); size < head.Size; {
		leaves, err := w.Engines[0].Entries(context.Background(), size)
		if err != nil {
			w.Fatal(err)
		}
		for _, leaf := range leaves {
			if size == head.Size {
				break
			}
			if err := replica.Add(leaf); err != nil {
				w.Fatal(err)
			}
			size++
		}
	}
	if reached := replica.Head(); reached.Root != head.Root || reached.Size != head.Size {
		w.Errorf("another state: %+v", reached)
	}
}

// bundle: what is exported answers offline as the ledger did, and nothing else.
func (w *world) bundle() {
	a := w.agency()
	r := w.submit(w.sign(&ledger.Schema{ID: "s", Version: 1, VCT: credentialType, Owner: a.did}, a.key))
	old, err := ledger.OpenCheckpoint(w.Trust, r.Checkpoint)
	if err != nil {
		w.Fatal(err)
	}
	w.CloseEpoch()
	exported, err := ledger.ExportBundle(context.Background(), w.Engines[0], w.Trust, w.Now(), ledger.BundleSelector{Since: old.Size})
	if err != nil {
		w.Fatal(err)
	}
	parsed, err := ledger.ParseBundle(exported.Bytes())
	if err != nil {
		w.Fatal(err)
	}
	offline, err := ledger.OpenBundle(w.Trust, w.Now(), parsed)
	if err != nil {
		w.Fatal(err)
	}
	client, err := ledger.NewClient(context.Background(), w.Trust, offline, ledger.NewMemoryTrustStore(), ledger.ClientOptions{Clock: w.Now})
	if err != nil {
		w.Fatal(err)
	}
	err = client.Resolve(context.Background(), func(v *ledger.View) error {
		if _, err := v.Schema("s", 1); err != nil {
			return err
		}
		if _, err := v.Epoch(v.Head.State.Epoch); err != nil {
			return err
		}
		// In a district: of the wider accreditation the bundle knows.
		_, err := v.Accredited(a.did, credentialType, ledger.ActionIssue, "110101", w.Now())
		return err
	}, ledger.ResolveOptions{})
	if err != nil {
		w.Error(err)
	}
	proof, err := offline.ProveConsistency(context.Background(), old.Size, offline.Head.Size)
	if err != nil {
		w.Fatal(err)
	}
	if err := ledger.CheckConsistency(old, offline.Head, proof); err != nil {
		w.Error(err)
	}
	err = client.Resolve(context.Background(), func(v *ledger.View) error {
		_, err := v.Anchor(w.Trust.RootDID, numbered(1))
		return err
	}, ledger.ResolveOptions{})
	if !errors.Is(err, ledger.ErrNotProved) || errors.Is(err, ledger.ErrAbsent) {
		w.Error("of what is not in the bundle, it says:", err)
	}
}

// tileReader reads the log's hashes by tiles, as a cache does.
type tileReader struct{ *world }

func (tileReader) Height() int { return machine.TileHeight }

func (t tileReader) ReadTiles(tiles []tlog.Tile) ([][]byte, error) {
	var out [][]byte
	for _, tile := range tiles {
		b, err := t.Engines[0].Tile(context.Background(), tile)
		if err != nil {
			return nil, err
		}
		out = append(out, b)
	}
	return out, nil
}

func (tileReader) SaveTiles([]tlog.Tile, [][]byte) {}

// tiles: whoever reads tiles proves the same as whoever asks, and is not deceived.
func (w *world) tiles() {
	var ops []*ledger.Operation
	for n := range 600 {
		op, err := ledger.NewOperation(&ledger.Audit{Agency: w.Trust.RootDID, Hash: numbered(n)})
		if err != nil {
			w.Fatal(err)
		}
		ops = append(ops, op)
	}
	signed, err := ledger.SignBatch(w.Trust.ID(), ops, w.Root)
	if err != nil {
		w.Fatal(err)
	}
	r := w.submit(signed...)
	head, err := ledger.OpenCheckpoint(w.Trust, r.Checkpoint)
	if err != nil {
		w.Fatal(err)
	}
	tree := tlog.Tree{N: int64(head.Size), Hash: head.Root}
	reader := tlog.TileHashReader(tree, tileReader{w})
	for _, op := range []int{0, 300, 599} {
		index := int64(r.Operations[op].Index)
		proof, err := tlog.ProveRecord(tree.N, index, reader)
		if err != nil {
			w.Fatal(err)
		}
		if err := tlog.CheckRecord(proof, tree.N, tree.Hash, index, tlog.RecordHash(signed[op].Bytes())); err != nil {
			w.Error(err)
		}
	}
	for _, tile := range []tlog.Tile{{H: 8, L: 0, N: 1 << 20, W: 1}, {H: 8, L: 5, N: 0, W: 1}, {H: 7, L: 0, N: 0, W: 1}} {
		if b, err := w.Engines[0].Tile(context.Background(), tile); err == nil {
			w.Errorf("tile %v: %d bytes", tile, len(b))
		}
	}
}
