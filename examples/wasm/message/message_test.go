package message_test

import (
	"errors"
	"os"
	"strings"
	"testing"

	"github.com/go-json-experiment/json"

	"github.com/hufu-id/hufu/examples/wasm/message"
	"github.com/hufu-id/hufu/zkp"
)

func element(t testing.TB, text string) []byte {
	t.Helper()
	e, err := zkp.EncodeString(text)
	if err != nil {
		t.Fatal(err)
	}
	b := e.Bytes()
	return b[:]
}

// good asks for a range, a value and a set.
func good(t testing.TB) *message.Request {
	return &message.Request{
		Nonce: "n", Audience: "did:hufu:counter", Query: make([]byte, 32),
		Scope: message.Scope{Kind: "once", Owner: "did:hufu:counter", ID: "vote"},
		Questions: []message.Question{{Schema: element(t, "schema"), Statements: []message.Statement{{
			Table: 1 << 7,
			Predicates: []message.Predicate{
				{Op: "range", Slot: 1, Low: 1, High: 39772},
				{Op: "ne", Slot: 2, Value: element(t, "110101")},
				{Op: "in", Slot: 3, Set: [][]byte{element(t, "b"), element(t, "a")}},
			},
		}}}},
	}
}

// withBit7 accepts what makes the first three predicates true.
func withBit7(r *message.Request) *message.Request {
	r.Questions[0].Statements[0].Table = 1<<7 | 1<<15
	return r
}

func TestRequest(t *testing.T) {
	b, err := json.Marshal(withBit7(good(t)))
	if err != nil {
		t.Fatal(err)
	}
	m, err := message.Read[message.Request](b)
	if err != nil {
		t.Fatal(err)
	}
	r, err := m.Value()
	if err != nil {
		t.Fatal(err)
	}
	p := r.Questions[0].Statements[0].Predicates
	if p[0] != (zkp.Predicate{Op: zkp.OpRange, Slot: 1, Low: 1, High: 39772}) {
		t.Errorf("range became %+v", p[0])
	}
	if value := p[1].Value.Bytes(); p[1].Op != zkp.OpNe || string(value[:]) != string(element(t, "110101")) {
		t.Errorf("ne became %+v", p[1])
	}
	set, err := zkp.NewSet(must(zkp.EncodeString("a")), must(zkp.EncodeString("b")))
	if err != nil {
		t.Fatal(err)
	}
	if root, want := p[2].Set.Root(), set.Root(); p[2].Op != zkp.OpIn || root != want {
		t.Errorf("in became %+v", p[2])
	}
	if p[3] != (zkp.Predicate{}) {
		t.Errorf("nothing became %+v", p[3])
	}
	if r.Scope != (zkp.Scope{Kind: zkp.ScopeOnce, Owner: "did:hufu:counter", ID: "vote"}) {
		t.Errorf("scope became %+v", r.Scope)
	}
}

func must(e zkp.Element, err error) zkp.Element {
	if err != nil {
		panic(err) // a short string always encodes
	}
	return e
}

func TestRequestRefused(t *testing.T) {
	first := func(r *message.Request) *message.Predicate { return &r.Questions[0].Statements[0].Predicates[0] }
	for name, tt := range map[string]struct {
		change func(*message.Request)
		want   error
	}{
		"query hash":        {func(r *message.Request) { r.Query = r.Query[1:] }, message.ErrForm},
		"no questions":      {func(r *message.Request) { r.Questions = nil }, zkp.ErrStatement},
		"schema":            {func(r *message.Request) { r.Questions[0].Schema = nil }, zkp.ErrForm},
		"schema above r":    {func(r *message.Request) { r.Questions[0].Schema = []byte(strings.Repeat("\xff", 32)) }, zkp.ErrForm},
		"unknown operation": {func(r *message.Request) { first(r).Op = "" }, message.ErrForm},
		"value":             {func(r *message.Request) { first(r).Value = []byte{1} }, zkp.ErrForm},
		"member of a set":   {func(r *message.Request) { first(r).Op, first(r).Set = "in", [][]byte{{1}} }, zkp.ErrForm},
		"a member twice":    {func(r *message.Request) { p := &r.Questions[0].Statements[0].Predicates[2]; p.Set[0] = p.Set[1] }, zkp.ErrStatement},
		"in without a set":  {func(r *message.Request) { r.Questions[0].Statements[0].Predicates[2].Set = nil }, zkp.ErrStatement},
		"slot":              {func(r *message.Request) { first(r).Slot = zkp.Slots }, zkp.ErrStatement},
		"table":             {func(r *message.Request) { r.Questions[0].Statements[0].Table = 1 }, zkp.ErrStatement},
		"five predicates": {func(r *message.Request) {
			s := &r.Questions[0].Statements[0]
			s.Predicates = append(s.Predicates, message.Predicate{Op: "none"}, message.Predicate{Op: "none"})
		}, message.ErrForm},
		"nothing but a hull": {func(r *message.Request) { r.Questions[0].Statements = nil }, zkp.ErrStatement},
	} {
		r := withBit7(good(t))
		tt.change(r)
		if _, err := r.Value(); !errors.Is(err, tt.want) {
			t.Errorf("%s: %v, want %v", name, err, tt.want)
		}
	}
}

func TestReadRefuses(t *testing.T) {
	for name, text := range map[string]string{
		"empty": "", "no object": "[]", "unknown member": `{"number": 1, "extra": 2}`, "a member twice": `{"number": 1, "number": 1}`,
		"another case": `{"Number": 1}`, "more after it": `{"number": 1} {}`, "lax base64": `{"registry": "AA=A"}`,
		"too long": `{"day": "` + strings.Repeat("0", message.Limit) + `"}`,
	} {
		if _, err := message.Read[message.Epoch]([]byte(text)); !errors.Is(err, message.ErrForm) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := message.Read[message.Epoch]([]byte(`{"number": 1}`)); err != nil {
		t.Error(err)
	}
}

func TestEpochRefused(t *testing.T) {
	root := element(t, "root")
	for name, e := range map[string]message.Epoch{
		"day":        {Day: "2026-02-30", Registry: root, Revocation: root},
		"registry":   {Day: "2026-11-21", Registry: root[1:], Revocation: root},
		"revocation": {Day: "2026-11-21", Registry: root},
	} {
		if _, err := e.Value(); err == nil {
			t.Errorf("%s: taken", name)
		}
	}
	if _, err := (&message.Epoch{Day: "2026-11-21", Registry: root, Revocation: root}).Value(); err != nil {
		t.Error(err)
	}
}

// recordedEndorsement is the endorsement in zkp/testdata.
func recordedEndorsement(t *testing.T) string {
	t.Helper()
	b, err := os.ReadFile("../../../zkp/testdata/presentation.json")
	if err != nil {
		t.Fatal(err)
	}
	var recorded struct {
		Endorsement string `json:"endorsement"`
	}
	if err := json.Unmarshal(b, &recorded); err != nil {
		t.Fatal(err)
	}
	return recorded.Endorsement
}

func TestCredential(t *testing.T) {
	credential := func() *message.Credential {
		c := &message.Credential{
			Endorsement: recordedEndorsement(t), Schema: element(t, "schema"), Secret: make([]byte, zkp.SecretSize), Attributes: make([][]byte, zkp.Slots),
		}
		c.Secret[0] = 7
		for i := range c.Attributes {
			c.Attributes[i] = element(t, strings.Repeat("a", i+1))
		}
		return c
	}
	got, err := credential().Value()
	if err != nil {
		t.Fatal(err)
	}
	if b := got.Attributes[3].Bytes(); string(b[:]) != string(element(t, "aaaa")) || got.Secret[0] != 7 || got.Endorsement.String() != recordedEndorsement(t) {
		t.Error("not the credential that was written")
	}
	for name, change := range map[string]func(*message.Credential){
		"endorsement":     func(c *message.Credential) { c.Endorsement = c.Endorsement[1:] },
		"secret":          func(c *message.Credential) { c.Secret = c.Secret[1:] },
		"attributes":      func(c *message.Credential) { c.Attributes = c.Attributes[1:] },
		"one attribute":   func(c *message.Credential) { c.Attributes[3] = nil },
		"schema":          func(c *message.Credential) { c.Schema = nil },
		"attributes more": func(c *message.Credential) { c.Attributes = append(c.Attributes, c.Attributes[0]) },
	} {
		c := credential()
		change(c)
		if v, err := c.Value(); err == nil || v != nil {
			t.Errorf("%s: taken", name)
		}
	}
}

// FuzzRequest: what is read asks only what may be asked, and nothing panics.
func FuzzRequest(f *testing.F) {
	b, err := json.Marshal(withBit7(good(f)))
	if err != nil {
		f.Fatal(err)
	}
	for _, seed := range []string{string(b), "{}", `{"questions":[{}]}`, `{"questions":[{"statements":[{"predicates":[{"op":"in"}]}]}]}`} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		m, err := message.Read[message.Request](b)
		if err != nil {
			if !errors.Is(err, message.ErrForm) {
				t.Fatal(err)
			}
			return
		}
		if r, err := m.Value(); err == nil && r.Check() != nil {
			t.Fatal("a request was read that may not be asked")
		}
	})
}

// TestReadIsBounded: what would take far more memory than it has bytes is not read.
func TestReadIsBounded(t *testing.T) {
	short := []byte(`{"questions":[{"schema":"AA==","statements":[` + strings.Repeat("{},", 1000) + `{}]}]}`)
	if _, err := message.Read[message.Request](short); err != nil {
		t.Error(err)
	}
	for name, b := range map[string][]byte{
		"values": []byte(`{"questions":[` + strings.Repeat("{},", 1<<14) + `{}]}`),
		"bytes":  []byte(`{"nonce":"` + strings.Repeat("a", message.Limit) + `"}`),
		"two":    []byte(`{"nonce":"a"}{"nonce":"b"}`), "twice": []byte(`{"nonce":"a","nonce":"b"}`), "unknown": []byte(`{"nonse":"a"}`),
	} {
		if _, err := message.Read[message.Request](b); !errors.Is(err, message.ErrForm) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
