// Package explorertest makes a small ledger in a file, with one example of
// everything that anyone may ask about: agencies in a chain, one of them
// suspended, a schema, an anchor, and a parcel that was sold twice.
package explorertest

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"sync"
	"testing"
	"time"

	"github.com/hufu-id/hufu/ledger"
	"github.com/hufu-id/hufu/ledger/explorer"
	"github.com/hufu-id/hufu/ledger/ledgertest"
	"github.com/hufu-id/hufu/ledger/sqlitelog"
)

// What is on the ledger.
const (
	Type   = "urn:hufu:title"
	Region = "110101"
	// Parcel is the register's name for the parcel.
	Parcel = "110101 001 GB00001 F00010001"
	// SchemaID names a schema with version 1.
	SchemaID = "cn.title"
)

// Salt is the salt of the parcel.
var Salt = [16]byte{0: 0x0f, 15: 0xf0}

// A World is the ledger.
type World struct {
	testing.TB
	Ledger *sqlitelog.Log

	// The root accredited District and Gym, and District accredited Office. The
	// accreditation of Gym is suspended.
	District, Office, Gym Agency
	// Record names the parcel, Other another parcel with as many steps, and
	// Anchored is the hash of an anchor.
	Record, Other, Anchored [32]byte

	root    crypto.Signer
	parcels map[[32]byte]*parcel
	mu      sync.Mutex
	now     time.Time
}

// An Agency is a DID with its key.
type Agency struct {
	DID string
	key crypto.Signer
}

// start is the first time of the ledger. It lies in the past, because browsers
// use the real time.
func start() time.Time { return time.Now().Add(-time.Hour).Truncate(time.Second) }

// parcel is where a parcel stands; holder has it, buyer will.
type parcel struct {
	trail         *ledger.Trail
	holder, buyer crypto.Signer
}

// New makes the ledger.
func New(t testing.TB) *World {
	t.Helper()
	w := &World{TB: t, root: newKey(t), now: start(), Record: ledger.SaltedHash(Salt, Parcel), Other: sha256.Sum256([]byte("other")), Anchored: sha256.Sum256([]byte("anchored"))}
	w.parcels = map[[32]byte]*parcel{}
	var err error
	decider, _ := ledgertest.Decider(t, w.root)
	w.Ledger, err = sqlitelog.Init(t.Context(), t.TempDir(), "ledger.example/window", ledgertest.ZK{}, w.root,
		sqlitelog.InitOptions{Clock: w.Now, Deciders: []ledger.Decider{decider}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { w.Ledger.Close() })
	w.fill()
	return w
}

// Now returns the ledger's time.
func (w *World) Now() time.Time {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.now
}

// Client returns a client of a ledger at a time, with the trust file of this
// one.
func (w *World) Client(reader ledger.Reader, now func() time.Time) *ledger.Client {
	w.Helper()
	c, err := ledger.NewClient(w.Context(), w.Ledger.Trust(), reader, ledger.NewMemoryTrustStore(), ledger.ClientOptions{Clock: now})
	if err != nil {
		w.Fatal(err)
	}
	return c
}

// Explorer returns an explorer of a ledger that claims to be this one.
func (w *World) Explorer(l ledger.Ledger) *explorer.Explorer {
	w.Helper()
	return explorer.New(w.Client(l, w.Now), l)
}

// Pass moves the ledger's time on.
func (w *World) Pass(d time.Duration) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.now = w.now.Add(d)
}

func (w *World) fill() {
	root := w.Ledger.Trust().RootDID
	w.District, w.Office, w.Gym = w.agency(), w.agency(), w.agency()
	district := w.Accredit(w.District, ledger.ActionAccredit, "110000", root, "", w.root)
	w.Accredit(w.Office, ledger.ActionIssue, Region, w.District.DID, district.Key(), w.District.key)
	w.Pass(time.Minute)
	gym := w.Accredit(w.Gym, ledger.ActionVerify, Region, root, "", w.root)
	gym.State = ledger.StateSuspended
	w.Submit(w.sign(gym, w.root))
	w.Submit(w.sign(&ledger.Schema{
		ID: SchemaID, Version: 1, VCT: Type, Hash: sha256.Sum256([]byte("schema")), Owner: w.Office.DID,
		Attributes: [ledger.AttributeSlots]string{"parcel", "holder", "area"},
	}, w.Office.key))
	w.Submit(w.sign(&ledger.Anchor{Hash: w.Anchored, Count: 12, Agency: w.Office.DID}, w.Office.key))
	w.rule()
	for _, record := range [][32]byte{w.Record, w.Other} {
		w.register(record)
		for range 2 {
			w.Pass(time.Minute)
			w.Sell(record, 1)
		}
	}
}

func (w *World) rule() {
	rule := &ledger.Rule{ID: "title", Version: 1, Hash: sha256.Sum256([]byte("law")), Owner: w.Office.DID, Type: Type, Transitions: []ledger.Transition{
		{From: "", To: "registered", Signers: ledger.SignerRegistrar},
		{From: "registered", To: "transferred", Signers: ledger.SignerRegistrar | ledger.SignerHolder | ledger.SignerNext},
		{From: "transferred", To: "transferred", Signers: ledger.SignerRegistrar | ledger.SignerHolder | ledger.SignerNext},
	}}
	w.Submit(w.sign(rule, w.Office.key))
}

func (w *World) register(record [32]byte) {
	holder := newKey(w)
	t := &ledger.Trail{
		Record: record, Founder: w.Office.DID, RuleOwner: w.Office.DID, Rule: "title", Version: 1, State: "registered", Commitment: sha256.Sum256([]byte("one")),
		Holder: public(w, holder), Registrar: w.Office.DID, Region: Region,
	}
	w.Submit(w.sign(t, w.Office.key))
	w.parcels[record] = &parcel{t, holder, newKey(w)}
}

// Sell sells a parcel this many times, in one batch.
func (w *World) Sell(record [32]byte, times int) {
	w.Helper()
	p := w.parcels[record]
	var ops []*ledger.SignedOperation
	for range times {
		next := *p.trail
		next.Previous, next.Sequence, next.State = sha256.Sum256(p.trail.Bytes()), next.Sequence+1, "transferred"
		next.Commitment, next.Holder = sha256.Sum256(next.Commitment[:]), public(w, p.buyer)
		ops = append(ops, w.sign(&next, w.Office.key, p.holder, p.buyer))
		p.trail, p.holder, p.buyer = &next, p.buyer, p.holder
	}
	w.Submit(ops...)
}

// Accredit puts an accreditation on the ledger.
func (w *World) Accredit(a Agency, action, region, by, via string, signer crypto.Signer) *ledger.Accreditation {
	w.Helper()
	accr := &ledger.Accreditation{Agency: a.DID, Action: action, Region: region, Type: Type, Accreditor: by, Via: via, State: ledger.StateActive, Subject: ledgertest.SubjectOf(a.DID)}
	w.Submit(w.sign(accr, signer))
	return accr
}

// Succeed revokes what Gym was accredited for, and gives it with Gym's names to a new
// agency, which it returns.
func (w *World) Succeed() Agency {
	w.Helper()
	accr := &ledger.Accreditation{
		Agency: w.Gym.DID, Action: ledger.ActionVerify, Region: Region, Type: Type, Accreditor: w.Ledger.Trust().RootDID,
		State: ledger.StateRevoked, Subject: ledgertest.SubjectOf(w.Gym.DID),
	}
	heir := w.agency()
	next := *accr
	next.Agency, next.State, next.Subject.Code = heir.DID, ledger.StateActive, ledgertest.SubjectOf(heir.DID).Code
	w.Submit(w.sign(accr, w.root))
	w.Submit(w.sign(&next, w.root))
	return heir
}

func (w *World) agency() Agency {
	w.Helper()
	key := newKey(w)
	create := w.sign(&ledger.DID{Keys: []ledger.PublicKey{{ID: "sig-1", Purpose: ledger.PurposeSignature, Public: public(w, key), From: w.Now().Unix()}}}, key, w.root)
	did, err := ledger.DIDOf(create.Operation)
	if err != nil {
		w.Fatal(err)
	}
	w.Submit(create)
	return Agency{did, key}
}

// Submit puts operations on the ledger.
func (w *World) Submit(ops ...*ledger.SignedOperation) {
	w.Helper()
	if _, err := w.Ledger.Submit(context.WithoutCancel(w.Context()), ops...); err != nil {
		w.Fatal(err)
	}
}

func (w *World) sign(object ledger.Object, signers ...crypto.Signer) *ledger.SignedOperation {
	w.Helper()
	signed, err := ledger.SignObject(w.Ledger.Trust().ID(), object, signers...)
	if err != nil {
		w.Fatal(err)
	}
	return signed
}

func newKey(t testing.TB) crypto.Signer {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func public(t testing.TB, key crypto.Signer) []byte {
	b, err := ledger.DefaultSuites().MarshalKey(key.Public())
	if err != nil {
		t.Fatal(err)
	}
	return b
}
