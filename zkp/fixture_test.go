package zkp_test

import (
	"context"
	"crypto/sha256"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/hufu-id/hufu/zkp"
)

// recorded is what zkp/prover made once, with all that a verifier holds against
// it (go test ./zkp/prover -run Recorded -args -update).
type recorded struct {
	PrepareKey   []byte       `json:"prepare_key"`
	ShowKey      []byte       `json:"show_key"`
	ShowSetKey   []byte       `json:"show_set_key"`
	Epoch        zkp.Epoch    `json:"epoch"`
	Request      *zkp.Request `json:"request"`
	Endorsement  string       `json:"endorsement"`
	Prepared     []byte       `json:"prepared"`
	Presentation []byte       `json:"presentation"`
	// Two credentials in one answer, three shows, two of them about a set.
	JoinedRequest *zkp.Request `json:"joined_request"`
	Joined        [][]byte     `json:"joined"`
}

func readRecorded(t testing.TB) recorded {
	t.Helper()
	b, err := os.ReadFile(filepath.Join("testdata", "presentation.json"))
	if err != nil {
		t.Fatal(err)
	}
	var r recorded
	if err := json.Unmarshal(b, &r, json.WithUnmarshalers(json.JoinUnmarshalers(
		json.UnmarshalFunc(readElement), json.UnmarshalFromFunc(readSet)))); err != nil {
		t.Fatal(err)
	}
	return r
}

func readElement(b []byte, e *zkp.Element) error {
	var raw []byte
	if err := json.Unmarshal(b, &raw); err != nil {
		return err
	}
	var err error
	*e, err = zkp.ParseElement(raw)
	return err
}

func readSet(dec *jsontext.Decoder, s *zkp.Set) error {
	var members []zkp.Element
	if err := json.UnmarshalDecode(dec, &members); err != nil {
		return err
	}
	set, err := zkp.NewSet(members...)
	if err == nil {
		*s = *set
	}
	return err
}

var development = zkp.KeyOptions{AllowSinglePartySetupUnsafe: true}

func (r recorded) keys(t testing.TB) *zkp.Keys {
	t.Helper()
	k, err := zkp.NewKeys(parseKey(t, r.PrepareKey), parseKey(t, r.ShowKey), parseKey(t, r.ShowSetKey))
	if err != nil {
		t.Fatal(err)
	}
	return k
}

func (r recorded) parse(t testing.TB) *zkp.Presentation {
	t.Helper()
	p, err := zkp.ParsePresentation(r.Presentation)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// joined is the answer of two credentials.
func (r recorded) joined(t testing.TB) (out []*zkp.Presentation) {
	t.Helper()
	for _, b := range r.Joined {
		p, err := zkp.ParsePresentation(b)
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, p)
	}
	return out
}

// derived is what a verifier derives for the joined answer.
type derived struct{ context, scope zkp.Element }

func (r recorded) together(t testing.TB) (d derived) {
	t.Helper()
	d.context = r.JoinedRequest.ContextOf(r.Epoch, r.joined(t)...)
	var err error
	if d.scope, err = r.JoinedRequest.Scope.Derive(d.context); err != nil {
		t.Fatal(err)
	}
	return d
}

// statementOf is the one statement of the recorded request.
func statementOf(q *zkp.Request) *zkp.Statement { return &q.Questions[0].Statements[0] }

func parseKey(t testing.TB, b []byte) *zkp.VerifyingKey {
	t.Helper()
	k, err := zkp.ParseVerifyingKey(b, sha256.Sum256(b), development)
	if err != nil {
		t.Fatal(err)
	}
	return k
}

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

func number(v uint64) (e zkp.Element) {
	e.SetUint64(v)
	return e
}

func newKey(t testing.TB, name string) *zkp.PrivateKey {
	t.Helper()
	k, err := zkp.NewPrivateKey(sha256.Sum256([]byte(name)))
	if err != nil {
		t.Fatal(err)
	}
	return k
}

func newSecret(name string) (s zkp.Secret) {
	h := sha256.Sum256([]byte(name))
	copy(s[:], h[:])
	return s
}

// newCredential issues a credential of four attributes.
func newCredential(t testing.TB) *zkp.Credential {
	t.Helper()
	c := &zkp.Credential{
		Schema: zkp.SchemaElement("cn.resident", 1), Secret: newSecret("holder"),
	}
	scope := zkp.IssuanceScope("did:hufu:office", "cn.resident")
	c.Attributes[0] = text(t, "张三")
	c.Attributes[1] = zkp.EncodeDate(day(t, "1990-05-17"))
	c.Attributes[zkp.BindingSlot] = zkp.EncodeDate(day(t, "2026-11-01"))
	holder, err := c.Secret.HolderCommitment(scope)
	if err != nil {
		t.Fatal(err)
	}
	c.Endorsement, err = zkp.IssueEndorsement(context.Background(), newKey(t, "issuer"), zkp.EndorsementSpec{
		Schema: c.Schema, Region: "010101", Holder: holder, Issuance: scope,
		NotBefore: day(t, "2026-11-01"), NotAfter: day(t, "2028-11-01"), Attributes: c.Attributes,
	}, nil)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// handles derives n sorted handles.
func handles(t testing.TB, n int) [][zkp.HandleSize]byte {
	t.Helper()
	key := newKey(t, "issuer").ProofKey()
	out := make([][zkp.HandleSize]byte, n)
	for i := range out {
		out[i] = zkp.NewHandle(key, [16]byte{byte(i), byte(i >> 8)})
	}
	return sortHandles(out)
}

func sortHandles(h [][zkp.HandleSize]byte) [][zkp.HandleSize]byte {
	slices.SortFunc(h, func(a, b [zkp.HandleSize]byte) int { return slices.Compare(a[:], b[:]) })
	return h
}
