package prover_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/consensys/gnark-crypto/ecc/bn254"

	"github.com/hufu-id/hufu/internal/long"
	"github.com/hufu-id/hufu/internal/testkeys"
	"github.com/hufu-id/hufu/zkp"
	"github.com/hufu-id/hufu/zkp/prover"
)

// Slots of the fixture's credential.
const (
	slotName = iota
	slotBirth
	slotDistrict
	slotAbsent
)

// fixture is one issuer, one holder and one epoch.
type fixture struct {
	issuer     *zkp.PrivateKey
	credential *zkp.Credential
	second     *zkp.Credential // of the same holder and issuer, another schema
	epoch      zkp.Epoch
	leaves     [][32]byte
	revoked    [][zkp.HandleSize]byte
	from       zkp.Day
	until      zkp.Day

	registry   *zkp.Registry // of the epoch, as close made them
	revocation *zkp.Revocation
}

var (
	schema       = zkp.SchemaElement("cn.resident", 1)
	secondSchema = zkp.SchemaElement("cn.driver", 1)
)

func day(t testing.TB, s string) zkp.Day {
	t.Helper()
	d, err := zkp.ParseDay(s)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func text(t testing.TB, s string) zkp.Element {
	t.Helper()
	e, err := zkp.EncodeString(s)
	if err != nil {
		t.Fatal(err)
	}
	return e
}

func newFixture(t testing.TB) *fixture {
	t.Helper()
	key, err := zkp.NewPrivateKey(sha256.Sum256([]byte("fixture issuer")))
	if err != nil {
		t.Fatal(err)
	}
	secret := newSecret("fixture holder")
	f := &fixture{issuer: key, from: day(t, "2026-01-01"), until: day(t, "2030-01-01")}
	var attrs zkp.Attributes
	attrs[slotName] = text(t, "张三")
	attrs[slotBirth] = zkp.EncodeDate(day(t, "1990-05-17"))
	attrs[slotDistrict] = text(t, "110101")
	attrs[zkp.BindingSlot] = zkp.EncodeDate(day(t, "2026-11-01"))
	f.credential = issue(t, key, secret, schema, "110101", attrs)
	f.second = issue(t, key, secret, secondSchema, "110101", zkp.Attributes{text(t, "C1"), zkp.EncodeBool(true)})
	for i := range 20 {
		other, err := zkp.NewPrivateKey(sha256.Sum256([]byte{byte(i)}))
		if err != nil {
			t.Fatal(err)
		}
		leaf := zkp.RegistryEntry{Key: other.ProofKey(), Schema: schema, Region: "310101", From: f.from, Until: f.until}.Leaf()
		f.leaves = append(f.leaves, leaf.Bytes())
		f.revoked = append(f.revoked, zkp.NewHandle(other.ProofKey(), [16]byte{byte(i)}))
	}
	for _, s := range []zkp.Element{schema, secondSchema} {
		leaf := zkp.RegistryEntry{Key: key.ProofKey(), Schema: s, Region: "110101", From: f.from, Until: f.until}.Leaf()
		f.leaves = append(f.leaves, leaf.Bytes())
	}
	f.close(t, 7)
	return f
}

// newSecret derives a secret from a name, so that every run is alike.
func newSecret(name string) (s zkp.Secret) {
	h := sha256.Sum256([]byte(name))
	copy(s[:], h[:])
	return s
}

// issue makes a credential that is valid from 2026-11-01 to 2028-11-01.
func issue(t testing.TB, key *zkp.PrivateKey, secret zkp.Secret, schema zkp.Element, region string, attrs zkp.Attributes) *zkp.Credential {
	t.Helper()
	scope := zkp.Scope{Kind: zkp.ScopeIssuance, Owner: "did:hufu:office", ID: "cn.resident"}
	holder, err := secret.HolderCommitment(scope)
	if err != nil {
		t.Fatal(err)
	}
	endorsement, err := zkp.IssueEndorsement(context.Background(), key, zkp.EndorsementSpec{
		Schema: schema, Region: region, Holder: holder, Issuance: scope,
		NotBefore: day(t, "2026-11-01"), NotAfter: day(t, "2028-11-01"), Attributes: attrs,
	}, bytes.NewReader(make([]byte, 16)))
	if err != nil {
		t.Fatal(err)
	}
	return &zkp.Credential{Endorsement: endorsement, Schema: schema, Attributes: attrs, Secret: secret}
}

// close sorts the sets and closes an epoch over them.
func (f *fixture) close(t testing.TB, number uint64) {
	t.Helper()
	slices.SortFunc(f.leaves, func(a, b [32]byte) int { return slices.Compare(a[:], b[:]) })
	slices.SortFunc(f.revoked, func(a, b [zkp.HandleSize]byte) int { return slices.Compare(a[:], b[:]) })
	f.registry, f.revocation = trees(t, f.leaves, f.revoked)
	f.epoch = zkp.Epoch{Number: number, Day: day(t, "2026-11-21"), Registry: f.registry.Root(), Revocation: f.revocation.Root()}
}

// grown holds the trees that tests have built, by what stands in them: most tests
// have the same.
var grown sync.Map

func trees(t testing.TB, leaves [][32]byte, revoked [][zkp.HandleSize]byte) (*zkp.Registry, *zkp.Revocation) {
	t.Helper()
	type pair struct {
		registry   *zkp.Registry
		revocation *zkp.Revocation
	}
	name := fmt.Sprint(leaves, revoked)
	if known, ok := grown.Load(name); ok {
		return known.(pair).registry, known.(pair).revocation
	}
	registry, err := zkp.NewRegistry(leaves)
	if err != nil {
		t.Fatal(err)
	}
	revocation, err := zkp.NewRevocation(revoked)
	if err != nil {
		t.Fatal(err)
	}
	grown.Store(name, pair{registry, revocation})
	return registry, revocation
}

func (f *fixture) prepareWitness(t testing.TB) *zkp.PrepareWitness {
	t.Helper()
	w, err := f.tryPrepareWitness(t)
	if err != nil {
		t.Fatal(err)
	}
	return w
}

func (f *fixture) tryPrepareWitness(t testing.TB) (*zkp.PrepareWitness, error) {
	t.Helper()
	return f.placed(t, f.credential)
}

func (f *fixture) placed(t testing.TB, c *zkp.Credential) (*zkp.PrepareWitness, error) {
	t.Helper()
	return zkp.NewPrepareWitness(c, f.epoch, f.from, f.until, f.registry, f.revocation, nil)
}

func (f *fixture) request(t testing.TB) *zkp.Request {
	t.Helper()
	statement, err := zkp.All(
		zkp.AtLeastYears(slotBirth, 18, day(t, "2026-11-21")),
		zkp.Equal(slotDistrict, text(t, "110101")),
		zkp.NotEqual(slotName, text(t, "李四")),
	)
	if err != nil {
		t.Fatal(err)
	}
	return &zkp.Request{
		Nonce: "n-0S6_WzA2Mj", Audience: "decentralized_identifier:did:hufu:counter",
		Query: sha256.Sum256([]byte("query")), Expiry: time.Unix(1_795_000_000, 0).UTC(),
		Questions: []zkp.Question{{Schema: schema, Statements: []zkp.Statement{statement}}},
	}
}

// keys are opened once for all tests of the package.
var keys = sync.OnceValues(reopen)

func testKeys(t testing.TB) (*prover.Prover, *zkp.Keys) {
	t.Helper()
	long.NotShort(t, "proves in zero knowledge")
	p, err := keys()
	if err != nil {
		t.Fatal(err)
	}
	parse := func(c zkp.Circuit) *zkp.VerifyingKey {
		b, _, err := p.VerifyingKey(c)
		if err != nil {
			t.Fatal(err)
		}
		return parseKey(t, b)
	}
	k, err := zkp.NewKeys(parse(zkp.CircuitPrepare), parse(zkp.CircuitShow), parse(zkp.CircuitShowSet))
	if err != nil {
		t.Fatal(err)
	}
	return p, k
}

func parseKey(t testing.TB, b []byte) *zkp.VerifyingKey {
	t.Helper()
	k, err := zkp.ParseVerifyingKey(b, sha256.Sum256(b), zkp.KeyOptions{AllowSinglePartySetupUnsafe: true})
	if err != nil {
		t.Fatal(err)
	}
	return k
}

func reopen() (*prover.Prover, error) {
	cache, err := testkeys.Cache()
	if err != nil {
		return nil, err
	}
	return prover.DevelopmentKeys(context.Background(), cache, nil)
}

// joinedRequest asks two things of the first credential, one of them of a set,
// and one thing of the second.
func (f *fixture) joinedRequest(t testing.TB) *zkp.Request {
	t.Helper()
	first, err := zkp.Split(
		zkp.AtLeastYears(slotBirth, 18, f.epoch.Day), zkp.OneOf(slotDistrict, districts(t)),
		zkp.NoneOf(slotName, districts(t)),
	)
	if err != nil {
		t.Fatal(err)
	}
	second, err := zkp.All(zkp.Equal(1, zkp.EncodeBool(true)))
	if err != nil {
		t.Fatal(err)
	}
	req := f.request(t)
	req.Questions = []zkp.Question{{Schema: schema, Statements: first}, {Schema: secondSchema, Statements: []zkp.Statement{second}}}
	return req
}

func districts(t testing.TB) *zkp.Set {
	t.Helper()
	s, err := zkp.NewSet(text(t, "110105"), text(t, "110101"), text(t, "110108"))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// present prepares and answers a request of one question.
func (f *fixture) present(t testing.TB, req *zkp.Request) (*zkp.Prepared, *zkp.Presentation) {
	t.Helper()
	prepared, out := f.presentAll(t, req, f.credential)
	return prepared[0], out[0]
}

func (f *fixture) presentAll(t testing.TB, req *zkp.Request, credentials ...*zkp.Credential) (prepared []*zkp.Prepared, out []*zkp.Presentation) {
	t.Helper()
	p, _ := testKeys(t)
	var holdings []zkp.Holding
	for _, c := range credentials {
		w, err := f.placed(t, c)
		if err != nil {
			t.Fatal(err)
		}
		made, err := p.Prepare(context.Background(), w)
		if err != nil {
			t.Fatal(err)
		}
		prepared = append(prepared, made)
		holdings = append(holdings, zkp.Holding{Credential: c, Prepared: made})
	}
	a, err := zkp.NewAnswer(req, f.epoch, holdings...)
	if err != nil {
		t.Fatal(err)
	}
	if out, err = p.Show(context.Background(), a); err != nil {
		t.Fatal(err)
	}
	return prepared, out
}

// showWitness answers the fixture's request with a prepared proof that was
// never made: the show circuit sees its blinding alone.
func (f *fixture) showWitness(t testing.TB) *zkp.ShowWitness {
	t.Helper()
	return &f.answer(t, f.request(t)).Parts[0].Shows[0]
}

// answer is one answer to one question, with a prepared proof never made.
func (f *fixture) answer(t testing.TB, req *zkp.Request) *zkp.Answer {
	t.Helper()
	a, err := zkp.NewAnswer(req, f.epoch, f.unproved())
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func (f *fixture) unproved() zkp.Holding {
	return zkp.Holding{Credential: f.credential, Prepared: &zkp.Prepared{
		Epoch: f.epoch.Number, Blinding: zkp.HashToField("test blinding"), Proof: somePoints(),
	}}
}

// somePoints is a proof of nothing, for what needs its bytes alone.
func somePoints() zkp.Proof {
	_, _, g1, g2 := bn254.Generators()
	return zkp.Proof{A: g1, B: g2, C: g1}
}
