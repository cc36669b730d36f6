package prover_test

import (
	"flag"
	"os"
	"path/filepath"
	"testing"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/hufu-id/hufu/zkp"
)

var update = flag.Bool("update", false, "make zkp/testdata/presentation.json again")

// recorded is one answer with everything that a verifier holds against it:
// package zkp tests itself with it, and needs no prover.
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

// Field elements travel as their canonical bytes.
var elements = json.JoinOptions(
	json.WithMarshalers(json.JoinMarshalers(json.MarshalFunc(func(e zkp.Element) ([]byte, error) {
		b := e.Bytes()
		return json.Marshal(b[:])
	}), json.MarshalToFunc(func(enc *jsontext.Encoder, s *zkp.Set) error {
		return json.MarshalEncode(enc, s.Members())
	}))),
	json.WithUnmarshalers(json.JoinUnmarshalers(json.UnmarshalFunc(func(b []byte, e *zkp.Element) error {
		var raw []byte
		if err := json.Unmarshal(b, &raw); err != nil {
			return err
		}
		var err error
		*e, err = zkp.ParseElement(raw)
		return err
	}), json.UnmarshalFromFunc(func(dec *jsontext.Decoder, s *zkp.Set) error {
		var members []zkp.Element
		if err := json.UnmarshalDecode(dec, &members); err != nil {
			return err
		}
		set, err := zkp.NewSet(members...)
		if err == nil {
			*s = *set
		}
		return err
	}))),
)

// The recorded answer is of today's circuits and encodings: where this fails
// after a wanted change, run it with -update.
func TestRecordedPresentation(t *testing.T) {
	path := filepath.Join("..", "testdata", "presentation.json")
	if *update {
		b, err := json.Marshal(record(t), elements, jsontext.WithIndent("  "), json.Deterministic(true))
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, append(b, '\n'), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var r recorded
	if err := json.Unmarshal(b, &r, elements); err != nil {
		t.Fatal(err)
	}
	f := newFixture(t)
	if f.epoch != r.Epoch {
		t.Error("the fixture's epoch is not the recorded one")
	}
	presentation, err := zkp.ParsePresentation(r.Presentation)
	if err != nil {
		t.Fatal(err)
	}
	want := recordedRequest(t, f)
	if !alike(t, r.Request, want) {
		t.Error("the fixture's request is not the recorded one")
	}
	keys, err := zkp.NewKeys(parseKey(t, r.PrepareKey), parseKey(t, r.ShowKey), parseKey(t, r.ShowSetKey))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := zkp.Verify(keys, f.epoch, want, presentation); err != nil {
		t.Error(err)
	}
	var joined []*zkp.Presentation
	for _, b := range r.Joined {
		p, err := zkp.ParsePresentation(b)
		if err != nil {
			t.Fatal(err)
		}
		joined = append(joined, p)
	}
	if !alike(t, r.JoinedRequest, f.joinedRequest(t)) {
		t.Error("the fixture's joined request is not the recorded one")
	}
	if _, err := zkp.Verify(keys, f.epoch, r.JoinedRequest, joined...); err != nil {
		t.Error(err)
	}
}

func recordedRequest(t testing.TB, f *fixture) *zkp.Request {
	req := f.request(t)
	req.Scope = zkp.Scope{Kind: zkp.ScopeOnce, Owner: "did:hufu:counter", ID: "vote-2026"}
	return req
}

func record(t testing.TB) recorded {
	t.Helper()
	f := newFixture(t)
	p, _ := testKeys(t)
	r := recorded{Epoch: f.epoch, Request: recordedRequest(t, f), Endorsement: f.credential.Endorsement.String()}
	var err error
	if r.PrepareKey, _, err = p.VerifyingKey(zkp.CircuitPrepare); err != nil {
		t.Fatal(err)
	}
	if r.ShowKey, _, err = p.VerifyingKey(zkp.CircuitShow); err != nil {
		t.Fatal(err)
	}
	if r.ShowSetKey, _, err = p.VerifyingKey(zkp.CircuitShowSet); err != nil {
		t.Fatal(err)
	}
	prepared, presentation := f.present(t, r.Request)
	r.Prepared, r.Presentation = prepared.Bytes(), presentation.Bytes()
	r.JoinedRequest = f.joinedRequest(t)
	_, joined := f.presentAll(t, r.JoinedRequest, f.credential, f.second)
	for _, p := range joined {
		r.Joined = append(r.Joined, p.Bytes())
	}
	return r
}

// alike compares two requests by what is recorded of them.
func alike(t testing.TB, a, b *zkp.Request) bool {
	t.Helper()
	var text [2][]byte
	for i, r := range []*zkp.Request{a, b} {
		var err error
		if text[i], err = json.Marshal(r, elements, json.Deterministic(true)); err != nil {
			t.Fatal(err)
		}
	}
	return string(text[0]) == string(text[1])
}
