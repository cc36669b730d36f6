package wasm_test

import (
	"crypto/sha256"
	"encoding/hex"
	"os"
	"testing"

	strict "github.com/go-json-experiment/json"

	"github.com/hufu-id/hufu/examples/wasm/message"
	"github.com/hufu-id/hufu/zkp"
)

// JSON is a JSON object under edit.
type JSON = map[string]any

// recorded is the answer in zkp/testdata, which zkp/prover made once.
type recorded struct {
	PrepareKey   []byte       `json:"prepare_key"`
	ShowKey      []byte       `json:"show_key"`
	Epoch        zkp.Epoch    `json:"epoch"`
	Request      *zkp.Request `json:"request"`
	Presentation []byte       `json:"presentation"`
}

func readRecorded(t testing.TB) *recorded {
	t.Helper()
	b, err := os.ReadFile("../../zkp/testdata/presentation.json")
	if err != nil {
		t.Fatal(err)
	}
	elements := strict.WithUnmarshalers(strict.UnmarshalFunc(func(b []byte, e *zkp.Element) error {
		var raw []byte
		if err := strict.Unmarshal(b, &raw); err != nil {
			return err
		}
		var err error
		*e, err = zkp.ParseElement(raw)
		return err
	}))
	r := new(recorded)
	if err := strict.Unmarshal(b, r, elements); err != nil {
		t.Fatal(err)
	}
	return r
}

// opening is what hufu.open of the zkp module takes.
func opening(keys ...[]byte) JSON {
	var list []JSON
	for _, k := range keys {
		hash := sha256.Sum256(k)
		list = append(list, JSON{"file": k, "sha256": hex.EncodeToString(hash[:])})
	}
	return JSON{"keys": list, "allow_single_party_setup_unsafe": true}
}

// verifyIn is what hufu.verify of the zkp module takes.
type verifyIn struct {
	Epoch   message.Epoch   `json:"epoch"`
	Request message.Request `json:"request"`
	Answer  [][]byte        `json:"answer"`
}

func question(e zkp.Epoch, r *zkp.Request, answer ...[]byte) *verifyIn {
	return &verifyIn{epochMessage(e), requestMessage(r), answer}
}

func epochMessage(e zkp.Epoch) message.Epoch {
	return message.Epoch{Number: e.Number, Day: e.Day.String(), Registry: element(e.Registry), Revocation: element(e.Revocation)}
}

func element(e zkp.Element) []byte {
	b := e.Bytes()
	return b[:]
}

func requestMessage(r *zkp.Request) message.Request {
	m := message.Request{
		Nonce: r.Nonce, Audience: r.Audience, Query: r.Query[:], Expiry: r.Expiry,
		Scope: message.Scope{Kind: string(r.Scope.Kind), Owner: r.Scope.Owner, ID: r.Scope.ID},
	}
	for _, q := range r.Questions {
		out := message.Question{Schema: element(q.Schema)}
		for _, s := range q.Statements {
			statement := message.Statement{Table: s.Table}
			for _, p := range s.Predicates {
				statement.Predicates = append(statement.Predicates, message.Predicate{
					Op: opNames[p.Op], Slot: p.Slot, Value: element(p.Value), Low: p.Low, High: p.High,
				})
			}
			out.Statements = append(out.Statements, statement)
		}
		m.Questions = append(m.Questions, out)
	}
	return m
}

var opNames = map[zkp.Op]string{
	zkp.OpNone: "none", zkp.OpEq: "eq", zkp.OpNe: "ne", zkp.OpRange: "range", zkp.OpIn: "in", zkp.OpNotIn: "notin",
}

// decision is what hufu.verify answers.
type decision struct {
	Accepted  bool   `json:"accepted"`
	Check     string `json:"check"`
	Reason    string `json:"reason"`
	Pseudonym []byte `json:"pseudonym"`
	Error     string `json:"error"`
}

func openZKP(t testing.TB, keys ...[]byte) *module {
	t.Helper()
	m := start(t, "zkp")
	var opened struct {
		Open  bool   `json:"open"`
		Error string `json:"error"`
	}
	if m.call("open", opening(keys...), &opened); !opened.Open {
		t.Fatal(opened.Error)
	}
	return m
}

func TestZKPAcceptsTheRecordedPresentation(t *testing.T) {
	r := readRecorded(t)
	m := openZKP(t, r.PrepareKey, r.ShowKey)
	var got decision
	m.call("verify", question(r.Epoch, r.Request, r.Presentation), &got)
	if !got.Accepted {
		t.Fatalf("%+v", got)
	}
	p, err := zkp.ParsePresentation(r.Presentation)
	if err != nil {
		t.Fatal(err)
	}
	if string(got.Pseudonym) != string(element(p.Pseudonym)) {
		t.Error("another pseudonym than the one presented")
	}
}

// TestZKPRefuses: one thing changed, and the one check that must fail.
func TestZKPRefuses(t *testing.T) {
	r := readRecorded(t)
	m := openZKP(t, r.PrepareKey, r.ShowKey)
	other := newElement(t)
	for _, tt := range []struct {
		name, check string
		change      func(*verifyIn)
	}{
		{"truncated", "form", func(in *verifyIn) { in.Answer[0] = in.Answer[0][:300] }},
		{"a bit of B", "form", func(in *verifyIn) { in.Answer[0][74+32+63] ^= 1 }},
		{"no answer", "form", func(in *verifyIn) { in.Answer = nil }},
		{"two answers", "form", func(in *verifyIn) { in.Answer = append(in.Answer, in.Answer[0]) }},
		{"another epoch", "epoch", func(in *verifyIn) { in.Epoch.Number++ }},
		{"another registry", "prepare", func(in *verifyIn) { in.Epoch.Registry = other }},
		{"another day", "prepare", func(in *verifyIn) { in.Epoch.Day = "2026-01-01" }},
		{"another schema", "prepare", func(in *verifyIn) { in.Request.Questions[0].Schema = other }},
		{"another commitment", "prepare", func(in *verifyIn) { copy(in.Answer[0][10:42], other) }},
		{"another pseudonym", "show", func(in *verifyIn) { copy(in.Answer[0][42:74], other) }},
		{"another nonce", "show", func(in *verifyIn) { in.Request.Nonce += "x" }},
		{"another audience", "show", func(in *verifyIn) { in.Request.Audience += "x" }},
		{"another query", "show", func(in *verifyIn) { in.Request.Query[0] ^= 1 }},
		{"another scope", "show", func(in *verifyIn) { in.Request.Scope.ID += "x" }},
		{"a wider range", "show", func(in *verifyIn) { in.Request.Questions[0].Statements[0].Predicates[0].High++ }},
		{"prepare and show swapped", "prepare", func(in *verifyIn) {
			b := in.Answer[0]
			in.Answer[0] = append(append(append([]byte{}, b[:74]...), b[202:]...), b[74:202]...)
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			in := question(r.Epoch, r.Request, append([]byte{}, r.Presentation...))
			tt.change(in)
			var got decision
			m.call("verify", in, &got)
			if got.Accepted || got.Check != tt.check || got.Error != "" {
				t.Errorf("%+v, want a refusal at %s", got, tt.check)
			}
		})
	}
}

func newElement(t testing.TB) []byte {
	t.Helper()
	e, err := zkp.EncodeString("something else")
	if err != nil {
		t.Fatal(err)
	}
	return element(e)
}

// TestZKPCouldNotCheck: what says nothing of an answer is no refusal.
func TestZKPCouldNotCheck(t *testing.T) {
	r := readRecorded(t)
	m := start(t, "zkp")
	in := question(r.Epoch, r.Request, r.Presentation)
	couldNot := func(name string, function string, in any) {
		t.Helper()
		var got map[string]any
		m.call(function, in, &got)
		if text, _ := got["error"].(string); text == "" || got["accepted"] != nil {
			t.Errorf("%s: %v", name, got)
		}
	}
	couldNot("before open", "verify", in)
	safe := opening(r.PrepareKey, r.ShowKey)
	delete(safe, "allow_single_party_setup_unsafe")
	couldNot("development keys", "open", safe)
	couldNot("one key", "open", opening(r.PrepareKey))
	pinned := opening(r.PrepareKey, r.ShowKey)
	pinned["keys"].([]JSON)[0]["sha256"] = pinned["keys"].([]JSON)[1]["sha256"]
	couldNot("another pin", "open", pinned)
	pinned["keys"].([]JSON)[0]["sha256"] = "00"
	couldNot("a short pin", "open", pinned)
	couldNot("still not open", "verify", in)

	var opened JSON
	m.call("open", opening(r.PrepareKey, r.ShowKey), &opened)
	for name, text := range map[string]string{
		"empty": "", "no JSON": "{", "unknown member": `{"answers": []}`, "no object": "7", "nothing": "{}",
	} {
		couldNot(name, "verify", text)
	}
	in.Request.Questions[0].Statements[0].Predicates[0].Op = "gt"
	couldNot("unknown operation", "verify", in)
}

// BenchmarkZKPVerify measures one presentation of 330 bytes, warm, JSON and all.
func BenchmarkZKPVerify(b *testing.B) {
	r := readRecorded(b)
	m := openZKP(b, r.PrepareKey, r.ShowKey)
	in := question(r.Epoch, r.Request, r.Presentation)
	for b.Loop() {
		var out decision
		took := m.do(order{Call: "verify", Text: new(asText(b, in)), Repeat: 100}, &out)
		if !out.Accepted {
			b.Fatalf("%+v", out)
		}
		took.report(b, "verify", 40)
	}
	b.ReportMetric(0, "ns/op")
}
