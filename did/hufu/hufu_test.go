package hufu_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"

	"github.com/hufu-id/hufu/did"
	"github.com/hufu-id/hufu/did/hufu"
	"github.com/hufu-id/hufu/ledger"
)

// oneDID is a ledger whose state map holds a single value.
type oneDID struct {
	trust  *ledger.TrustFile
	log    *ledger.NoteSigner
	wit    *ledger.NoteSigner
	object *ledger.DID
}

func (l *oneDID) Prove(_ context.Context, keys ...string) (*ledger.Proof, error) {
	index, value := sha256.Sum256([]byte(l.object.Key())), l.object.Bytes()
	root := subtree(index, value, 0)
	state := &ledger.StateLeaf{UnixMilli: uint64(start.UnixMilli()), StateRoot: root}
	text := ledger.FormatCheckpoint(l.trust.Origin, 1, tlog.RecordHash(state.Bytes()))
	signed, err := note.Sign(&note.Note{Text: text}, l.log, l.wit)
	p := &ledger.Proof{Checkpoint: signed, StateLeaf: state.Bytes()}
	for _, key := range keys {
		if key == l.object.Key() {
			p.Entries = append(p.Entries, ledger.Entry{Key: key, Value: value, Proof: make([]byte, 32)})
			continue
		}
		p.Entries = append(p.Entries, ledger.Entry{Key: key, Proof: beside(index, value, key)})
	}
	return p, err
}

// beside proves absence next to the only value: its subtree is the one sibling,
// where the two ways part.
func beside(index [32]byte, value []byte, key string) []byte {
	other := sha256.Sum256([]byte(key))
	depth := 0
	for bit(index, depth) == bit(other, depth) {
		depth++
	}
	proof := make([]byte, 32)
	proof[depth/8] = 0x80 >> (depth % 8)
	sibling := subtree(index, value, depth+1)
	return append(proof, sibling[:]...)
}

// subtree hashes the only value's leaf up to depth, as package ledger documents.
func subtree(index [32]byte, value []byte, depth int) tlog.Hash {
	v := sha256.Sum256(value)
	hash := sha256.Sum256(slices.Concat([]byte{0}, index[:], v[:]))
	for d := 255; d >= depth; d-- {
		left, right := hash[:], make([]byte, 32)
		if bit(index, d) == 1 {
			left, right = right, left
		}
		hash = sha256.Sum256(slices.Concat([]byte{1}, left, right))
	}
	return hash
}

func bit(index [32]byte, depth int) byte { return index[depth/8] >> (7 - depth%8) & 1 }

func (l *oneDID) ProveConsistency(context.Context, uint64, uint64) ([]tlog.Hash, error) {
	return nil, errors.New("not asked here")
}

func (l *oneDID) TrustChain(context.Context, uint64) ([]*ledger.SignedOperation, error) {
	return nil, nil
}

var start = time.Date(2026, 3, 2, 9, 30, 0, 0, time.UTC)

const (
	id     = "did:hufu:qwkjdqsx4ktwcpw4g6ymrfpnkxsr2jdi"
	absent = "did:hufu:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
)

func newLedger(t testing.TB) (*oneDID, *ecdsa.PrivateKey) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	public, err := ledger.DefaultSuites().MarshalKey(key.Public())
	if err != nil {
		t.Fatal(err)
	}
	l := &oneDID{object: &ledger.DID{ID: id, Keys: []ledger.PublicKey{
		{ID: "sig-1", Purpose: ledger.PurposeSignature, Public: public, From: 100, Until: 300},
		{ID: "zk-1", Purpose: ledger.PurposeProof, Public: make([]byte, 32)},
	}}}
	_, logKey, _ := ed25519.GenerateKey(rand.Reader)
	_, witnessKey, _ := ed25519.GenerateKey(rand.Reader)
	if l.log, err = ledger.NewLogSigner("ledger.example", logKey); err != nil {
		t.Fatal(err)
	}
	if l.wit, err = ledger.NewCosigner("witness.example", witnessKey, func() time.Time { return start }); err != nil {
		t.Fatal(err)
	}
	l.trust, err = ledger.NewTrust(ledger.TrustFile{
		Origin: "ledger.example", LogKey: l.log.VerifierKey(), WitnessKeys: []string{l.wit.VerifierKey()}, K: 1, RootDID: id, First: [32]byte{1},
	})
	if err != nil {
		t.Fatal(err)
	}
	return l, key
}

func resolver(t testing.TB, l *oneDID, at time.Time) *hufu.Resolver {
	t.Helper()
	client, err := ledger.NewClient(t.Context(), l.trust, l, ledger.NewMemoryTrustStore(), ledger.ClientOptions{Clock: func() time.Time { return at }})
	if err != nil {
		t.Fatal(err)
	}
	return hufu.NewResolver(client)
}

func TestResolve(t *testing.T) {
	l, key := newLedger(t)
	methods := did.Methods{hufu.Method: resolver(t, l, start)}
	doc, err := methods.Resolve(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	if doc.ID != id || len(doc.Keys) != 1 {
		t.Fatalf("%+v", doc)
	}
	k, err := doc.Key(id + "#sig-1")
	if err != nil || !key.PublicKey.Equal(k.Public) || k.Alg != "ES256" || k.Controller != id {
		t.Fatalf("%+v %v", k, err)
	}
	for at, want := range map[int64]error{99: did.ErrKeyNotValid, 100: nil, 299: nil, 300: did.ErrKeyNotValid} {
		if got := k.CheckAt(time.Unix(at, 0)); !errors.Is(got, want) {
			t.Errorf("at %d: %v, want %v", at, got, want)
		}
	}
	l.object.Keys[0].CompromisedFrom = 200
	if doc, err = resolver(t, l, start).Resolve(t.Context(), id); err != nil {
		t.Fatal(err)
	}
	for _, at := range []int64{99, 100, 199, 200, 300} {
		if got := doc.Keys[0].CheckAt(time.Unix(at, 0)); got != did.ErrKeyCompromised {
			t.Errorf("at %d: %v", at, got)
		}
	}
	for _, c := range []struct {
		at, existed int64
		want        error
	}{
		{100, 199, nil}, {299, 199, nil}, {100, 200, did.ErrKeyCompromised}, {100, 201, did.ErrKeyCompromised},
		{99, 199, did.ErrKeyNotValid}, {300, 199, did.ErrKeyNotValid},
	} {
		if got := doc.Keys[0].CheckExisted(time.Unix(c.at, 0), time.Unix(c.existed, 0)); got != c.want {
			t.Errorf("of %d, existed at %d: %v, want %v", c.at, c.existed, got, c.want)
		}
	}
	if got := doc.Keys[0].CheckExisted(time.Unix(100, 0), time.Time{}); got != did.ErrKeyCompromised {
		t.Errorf("nothing shows that it existed: %v", got)
	}
	if got := k.CheckExisted(time.Unix(100, 0), time.Unix(500, 0)); got != nil {
		t.Errorf("of a key in force: %v", got)
	}
}

func TestRefused(t *testing.T) {
	l, _ := newLedger(t)
	for text, want := range map[string]error{
		"hufu":                       did.ErrSyntax,
		"did:web:example.org":        did.ErrUnsupportedMethod,
		"did:hufu:aaaa":              did.ErrSyntax,
		"did:hufu:" + id[9:40] + "1": did.ErrSyntax,
		absent:                       ledger.ErrAbsent,
	} {
		if doc, err := resolver(t, l, start).Resolve(t.Context(), text); !errors.Is(err, want) || doc != nil {
			t.Errorf("%s: %v", text, err)
		}
	}
	if _, err := resolver(t, l, start.Add(25*time.Hour)).Resolve(t.Context(), id); !errors.Is(err, ledger.ErrStale) {
		t.Error("stale:", err)
	}
	l.object.Keys[0].Public[0] = 9
	if _, err := resolver(t, l, start).Resolve(t.Context(), id); !errors.Is(err, did.ErrUnsupportedKey) {
		t.Error("unknown algorithm:", err)
	}
	l.object.Deactivated = true
	if _, err := resolver(t, l, start).Resolve(t.Context(), id); !errors.Is(err, ledger.ErrDeactivated) {
		t.Error("deactivated:", err)
	}
}

// A resolver for did:hufu joins those that need no ledger.
func Example() {
	l, _ := newLedger(new(testing.T))
	ctx := context.Background()
	client, err := ledger.NewClient(ctx, l.trust, l, ledger.NewMemoryTrustStore(), ledger.ClientOptions{Clock: func() time.Time { return start }})
	if err != nil {
		fmt.Println(err)
		return
	}
	methods := did.SelfContained()
	methods[hufu.Method] = hufu.NewResolver(client)
	doc, err := methods.Resolve(ctx, id)
	fmt.Println(doc.Keys[0].ID, err)
	// Output: did:hufu:qwkjdqsx4ktwcpw4g6ymrfpnkxsr2jdi#sig-1 <nil>
}
