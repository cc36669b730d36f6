package wasm_test

import (
	"archive/zip"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/hufu-id/hufu/examples/wasm/message"
	"github.com/hufu-id/hufu/internal/long"
	"github.com/hufu-id/hufu/internal/testkeys"
	"github.com/hufu-id/hufu/zkp"
	"github.com/hufu-id/hufu/zkp/prover"
)

// Slots of the citizen's credential.
const (
	slotBirth    = 1
	slotDistrict = 2
)

// citizen holds one credential in an epoch with one issuer and one revoked
// stranger.
type citizen struct {
	credential  *zkp.Credential
	epoch       zkp.Epoch
	from, until zkp.Day
	leaf        [32]byte
	revoked     [zkp.HandleSize]byte
}

func must[T any](t testing.TB) func(T, error) T {
	return func(v T, err error) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

func newCitizen(t testing.TB) *citizen {
	t.Helper()
	day, text := must[zkp.Day](t), must[zkp.Element](t)
	issuer := must[*zkp.PrivateKey](t)(zkp.GenerateKey(nil))
	c := &zkp.Credential{
		Schema: zkp.SchemaElement("cn.resident", 1), Secret: must[zkp.Secret](t)(zkp.GenerateSecret(nil)),
	}
	scope := zkp.IssuanceScope("did:hufu:office", "cn.resident")
	c.Attributes[slotBirth] = zkp.EncodeDate(day(zkp.ParseDay("1990-05-17")))
	c.Attributes[slotDistrict] = text(zkp.EncodeString("110101"))
	c.Attributes[zkp.BindingSlot] = zkp.EncodeDate(day(zkp.ParseDay("2026-11-01")))
	c.Endorsement = must[*zkp.Endorsement](t)(zkp.IssueEndorsement(context.Background(), issuer, zkp.EndorsementSpec{
		Schema: c.Schema, Region: "110101", Holder: text(c.Secret.HolderCommitment(scope)), Issuance: scope,
		NotBefore: day(zkp.ParseDay("2026-11-01")), NotAfter: day(zkp.ParseDay("2028-11-01")), Attributes: c.Attributes,
	}, nil))
	out := &citizen{credential: c, from: day(zkp.ParseDay("2026-01-01")), until: day(zkp.ParseDay("2030-01-01"))}
	leaf := zkp.RegistryEntry{Key: issuer.ProofKey(), Schema: c.Schema, Region: "110101", From: out.from, Until: out.until}.Leaf()
	out.leaf = leaf.Bytes()
	out.revoked = zkp.NewHandle(issuer.ProofKey(), [16]byte{1})
	registry := must[*zkp.Registry](t)(zkp.NewRegistry([][32]byte{out.leaf}))
	revocation := must[*zkp.Revocation](t)(zkp.NewRevocation([][zkp.HandleSize]byte{out.revoked}))
	out.epoch = zkp.Epoch{Number: 7, Day: day(zkp.ParseDay("2026-11-21")), Registry: registry.Root(), Revocation: revocation.Root()}
	return out
}

// ask is a request, with a set of districts where sets are given.
func (c *citizen) ask(t testing.TB, districts ...string) *zkp.Request {
	t.Helper()
	where := zkp.Equal(slotDistrict, must[zkp.Element](t)(zkp.EncodeString("110101")))
	if len(districts) > 0 {
		members := make([]zkp.Element, len(districts))
		for i, d := range districts {
			members[i] = must[zkp.Element](t)(zkp.EncodeString(d))
		}
		where = zkp.OneOf(slotDistrict, must[*zkp.Set](t)(zkp.NewSet(members...)))
	}
	statement := must[zkp.Statement](t)(zkp.All(zkp.AtLeastYears(slotBirth, 18, c.epoch.Day), where))
	return &zkp.Request{
		Nonce: "n-0S6_WzA2Mj", Audience: "did:hufu:counter", Query: sha256.Sum256([]byte("query")), Expiry: time.Unix(1795000000, 0).UTC(),
		Questions: []zkp.Question{{Schema: c.credential.Schema, Statements: []zkp.Statement{statement}}},
	}
}

func (c *citizen) message() message.Credential {
	k := c.credential
	m := message.Credential{
		Endorsement: k.Endorsement.String(), Schema: element(k.Schema), Secret: k.Secret[:],
	}
	for _, a := range k.Attributes {
		m.Attributes = append(m.Attributes, element(a))
	}
	return m
}

func (c *citizen) prepareIn() JSON {
	return JSON{
		"credential": c.message(), "epoch": epochMessage(c.epoch), "key": JSON{"from": c.from.String(), "until": c.until.String()},
		"registry": [][]byte{c.leaf[:]}, "revoked": [][]byte{c.revoked[:]},
	}
}

func (c *citizen) showIn(r *zkp.Request, districts []string, prepared []byte) JSON {
	return JSON{
		"epoch": epochMessage(c.epoch), "request": requestMessageOf(r, districts),
		"holdings": []JSON{{"credential": c.message(), "prepared": prepared}},
	}
}

// requestMessageOf puts the members of the set back, which a zkp.Set does not
// tell.
func requestMessageOf(r *zkp.Request, districts []string) message.Request {
	m := requestMessage(r)
	for i := range m.Questions[0].Statements[0].Predicates {
		p := &m.Questions[0].Statements[0].Predicates[i]
		if p.Op != "in" {
			continue
		}
		for _, d := range districts {
			e, err := zkp.EncodeString(d)
			if err != nil {
				panic(err) // the tests' own districts
			}
			p.Set = append(p.Set, element(e))
		}
	}
	return m
}

// keyArchive packs the tests' development keys, as a site would serve them.
func keyArchive(t testing.TB) (keys *prover.Prover, archive string) {
	t.Helper()
	long.Landing(t, "compiles for js/wasm")
	cache, err := testkeys.Cache()
	if err != nil {
		t.Fatal(err)
	}
	keys = must[*prover.Prover](t)(prover.DevelopmentKeys(t.Context(), cache, nil))
	dir := keyFolder(t, keys, cache)
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	if err := w.AddFS(os.DirFS(dir)); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	archive = filepath.Join(t.TempDir(), "keys.zip")
	if err := os.WriteFile(archive, b.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	return keys, archive
}

// keyFolder is the one below the cache whose manifest names these keys.
func keyFolder(t testing.TB, keys *prover.Prover, cache string) string {
	t.Helper()
	_, hash, err := keys.VerifyingKey(zkp.CircuitShow)
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range must[[]string](t)(filepath.Glob(filepath.Join(cache, "hufu", "zkp", "*", "manifest.json"))) {
		if strings.Contains(string(must[[]byte](t)(os.ReadFile(name))), hex.EncodeToString(hash[:])) {
			return filepath.Dir(name)
		}
	}
	t.Fatal("the development keys are in no folder")
	return ""
}

// proved is what hufu.prepare and hufu.show answer.
type proved struct {
	Prepared []byte   `json:"prepared"`
	Answer   [][]byte `json:"answer"`
	Error    string   `json:"error"`
}

func openProver(t testing.TB) (*module, *prover.Prover) {
	t.Helper()
	keys, archive := keyArchive(t)
	m := start(t, "prover")
	var opened struct {
		Circuits []zkp.Circuit `json:"circuits"`
		Error    string        `json:"error"`
	}
	m.do(order{Call: "open", File: archive}, &opened)
	if len(opened.Circuits) != len(prover.Circuits()) {
		t.Fatalf("%+v", opened)
	}
	return m, keys
}

// TestProver proves both halves in wasm, and verifies them natively and in the
// zkp module.
func TestProver(t *testing.T) {
	m, keys := openProver(t)
	var files [][]byte
	var parsed []*zkp.VerifyingKey
	for _, c := range prover.Circuits() {
		b, pin, err := keys.VerifyingKey(c)
		if err != nil {
			t.Fatal(err)
		}
		files = append(files, b)
		parsed = append(parsed, must[*zkp.VerifyingKey](t)(zkp.ParseVerifyingKey(b, pin, zkp.KeyOptions{AllowSinglePartySetupUnsafe: true})))
	}
	native := must[*zkp.Keys](t)(zkp.NewKeys(parsed...))
	counter := openZKP(t, files...)
	c := newCitizen(t)
	for name, districts := range map[string][]string{"show": nil, "show with a set": {"110102", "110101", "110105"}} {
		t.Run(name, func(t *testing.T) {
			var prepared, shown proved
			if m.call("prepare", c.prepareIn(), &prepared); prepared.Error != "" {
				t.Fatal(prepared.Error)
			}
			request := c.ask(t, districts...)
			if m.call("show", c.showIn(request, districts, prepared.Prepared), &shown); shown.Error != "" {
				t.Fatal(shown.Error)
			}
			p := must[*zkp.Presentation](t)(zkp.ParsePresentation(shown.Answer[0]))
			if _, err := zkp.Verify(native, c.epoch, request, p); err != nil {
				t.Errorf("natively: %v", err)
			}
			in := verifyIn{epochMessage(c.epoch), requestMessageOf(request, districts), shown.Answer}
			var got decision
			if counter.call("verify", in, &got); !got.Accepted {
				t.Errorf("in wasm: %+v", got)
			}
			request.Nonce = "another"
			if _, err := zkp.Verify(native, c.epoch, request, p); err == nil {
				t.Error("the answer counts for another request too")
			}
		})
	}
}

// TestProverRefuses: what is not true is not proved, and keys that are not
// those of the manifest are not opened.
func TestProverRefuses(t *testing.T) {
	_, archive := keyArchive(t)
	fresh := start(t, "prover")
	c := newCitizen(t)
	refused := func(m *module, name, function string, in any, want string) {
		t.Helper()
		var got map[string]any
		m.call(function, in, &got)
		if text, _ := got["error"].(string); len(got) != 1 || !strings.Contains(text, want) {
			t.Errorf("%s: %v, want %q", name, got, want)
		}
	}
	refused(fresh, "not open", "prepare", c.prepareIn(), "call open first")
	refused(fresh, "not open", "show", "{}", "call open first")
	refused(fresh, "no archive", "open", "keys", "not a zip archive")
	b := must[[]byte](t)(os.ReadFile(archive))
	damaged := filepath.Join(t.TempDir(), "damaged.zip")
	if err := os.WriteFile(damaged, append(b[:len(b)/2:len(b)/2], b[len(b)/2+1:]...), 0o600); err != nil {
		t.Fatal(err)
	}
	var opened map[string]any
	if fresh.do(order{Call: "open", File: damaged}, &opened); opened["error"] == nil {
		t.Errorf("damaged archive: %v", opened)
	}

	m, _ := openProver(t)
	in := c.prepareIn()
	handle := c.credential.Endorsement.Handle()
	in["revoked"] = [][]byte{handle[:]}
	refused(m, "other trees than the epoch's", "prepare", in, "other roots")
	in = c.prepareIn()
	in["revoked"] = [][]byte{handle[1:]}
	refused(m, "a short handle", "prepare", in, "revoked handle 0")
	in = c.prepareIn()
	in["registry"] = [][]byte{c.leaf[1:]}
	refused(m, "a short leaf", "prepare", in, "registry leaf 0")
	in = c.prepareIn()
	stolen := c.message()
	stolen.Secret = make([]byte, zkp.SecretSize)
	in["credential"] = stolen
	refused(m, "another's credential", "prepare", in, "")

	var prepared proved
	if m.call("prepare", c.prepareIn(), &prepared); prepared.Error != "" {
		t.Fatal(prepared.Error)
	}
	elsewhere := []string{"310101", "310104"}
	refused(m, "in none of the districts", "show", c.showIn(c.ask(t, elsewhere...), elsewhere, prepared.Prepared), zkp.ErrUnsatisfied.Error())
	refused(m, "no prepared proof", "show", c.showIn(c.ask(t), nil, nil), "prepared proof")
}

// BenchmarkProver prints how long each step takes in js/wasm, one thread.
func BenchmarkProver(b *testing.B) {
	c := newCitizen(b)
	m, _ := openProver(b)
	var prepared proved
	if m.call("prepare", c.prepareIn(), &prepared); prepared.Error != "" {
		b.Fatal(prepared.Error)
	}
	districts := []string{"110102", "110101", "110105"}
	steps := map[string]order{
		"prepare":  {Call: "prepare", Text: new(asText(b, c.prepareIn())), Repeat: 5},
		"show":     {Call: "show", Text: new(asText(b, c.showIn(c.ask(b), nil, prepared.Prepared))), Repeat: 9},
		"show+set": {Call: "show", Text: new(asText(b, c.showIn(c.ask(b, districts...), districts, prepared.Prepared))), Repeat: 9},
	}
	for b.Loop() {
		for name, o := range steps {
			var out proved
			took := m.do(o, &out)
			if out.Error != "" {
				b.Fatal(out.Error)
			}
			took.report(b, name, 1)
		}
	}
	b.ReportMetric(0, "ns/op")
}
