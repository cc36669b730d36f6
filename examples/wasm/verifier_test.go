package wasm_test

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"encoding/base64"
	"encoding/hex"
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/hufu-id/hufu/hufutest"
	"github.com/hufu-id/hufu/internal/long"
	"github.com/hufu-id/hufu/ledger"
	"github.com/hufu-id/hufu/publish"
	"github.com/hufu-id/hufu/status"
	"github.com/hufu-id/hufu/verifier"
)

// witness stands between a native counter and its ledger and public files, and
// notes what the counter looked at: that is what a page has to fetch.
type witness struct {
	ledger.Ledger
	publish.Source

	mu            sync.Mutex
	keys          map[string]bool
	verifyingKeys map[publish.Name][]byte
	lists         map[string]string
}

func (w *witness) Prove(ctx context.Context, keys ...string) (*ledger.Proof, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, k := range keys {
		w.keys[k] = true
	}
	return w.Ledger.Prove(ctx, keys...)
}

func (w *witness) Read(ctx context.Context, name publish.Name) ([]byte, error) {
	b, err := w.Source.Read(ctx, name)
	w.mu.Lock()
	defer w.mu.Unlock()
	if token, err := status.Parse(b, status.ParseOptions{}); err == nil {
		w.lists[token.UnverifiedSubject()] = string(b)
	}
	if strings.HasSuffix(name.String(), ".vk") {
		w.verifyingKeys[name] = b
	}
	return b, err
}

// page is a country whose clock shows the real time, which the module reads,
// and what a page there knows.
type page struct {
	*hufutest.Country
	t       testing.TB
	holder  *hufutest.Holder
	witness *witness
	policy  []byte
	key     *ecdsa.PrivateKey // the library's second, which the page holds
	size    uint64            // of the ledger in the last bundle
}

func newPage(t testing.TB) *page {
	t.Helper()
	long.Landing(t, "compiles for js/wasm")
	c := hufutest.New(t, hufutest.Options{Start: time.Now().Add(-2 * time.Hour)})
	c.UseProver()
	p := &page{Country: c, t: t, holder: c.Citizen(c.Adult()), policy: hufutest.PolicyFile(nil)}
	p.key = c.Key().(*ecdsa.PrivateKey)
	c.Library.Change(func(d *ledger.DID) {
		d.Keys = append(d.Keys, ledger.PublicKey{ID: "sig-2", Purpose: ledger.PurposeSignature, Public: c.PublicKey(p.key.Public())})
	})
	c.NextEpoch()
	p.catchUp()
	p.witness = &witness{Ledger: c.Log, Source: c.Public, keys: map[string]bool{}, verifyingKeys: map[publish.Name][]byte{}, lists: map[string]string{}}
	cfg := c.CounterConfig(c.Policy(nil))
	cfg.Ledger, cfg.Public = c.Client(p.witness), p.witness
	native := must[*verifier.Verifier](t)(verifier.New(cfg))
	for _, query := range []string{hufutest.Claims, hufutest.Proof} {
		answer := c.Answer(p.holder, &hufutest.Counter{Verifier: native}, query)
		if _, err := native.Verify(t.Context(), answer); err != nil {
			t.Fatalf("%s, natively: %v", query, err)
		}
	}
	return p
}

// catchUp lets the country's clock show the real time.
func (p *page) catchUp() {
	p.Advance(time.Since(p.Now()))
	p.Heartbeat()
}

// bundle is the newest proof of all that the native counter looked at.
func (p *page) bundle() JSON {
	p.t.Helper()
	proof := must[*ledger.Proof](p.t)(p.Log.Prove(p.t.Context(), slices.Sorted(maps.Keys(p.witness.keys))...))
	view := must[*ledger.View](p.t)(ledger.Verify(p.Log.Trust(), proof, ledger.VerifyOptions{Now: p.Now()}))
	out := JSON{"proof": proof.Bytes()}
	if p.size > 0 && p.size < view.Head.Size {
		hashes, err := p.Log.ProveConsistency(p.t.Context(), p.size, view.Head.Size)
		if err != nil {
			p.t.Fatal(err)
		}
		list := make([][]byte, len(hashes))
		for i := range hashes {
			list[i] = hashes[i][:]
		}
		out["from"], out["consistency"] = p.size, list
	}
	p.size = view.Head.Size
	return out
}

// opening is what hufu.open of the verifier module takes.
func (p *page) opening() JSON {
	p.t.Helper()
	scalar := must[[]byte](p.t)(p.key.Bytes())
	fingerprint := p.Log.Trust().Fingerprint()
	return JSON{
		"trust": string(p.Log.Trust().Bytes()), "fingerprint": hex.EncodeToString(fingerprint[:]),
		"policy": string(p.policy), "schemas": []string{string(p.Schema.Bytes())},
		"verifying_keys": slices.Collect(maps.Values(p.witness.verifyingKeys)),
		"status":         p.witness.lists, "ledger": p.bundle(), "allow_single_party_setup_unsafe": true,
		"identity": JSON{"did": p.Library.DID, "key_id": p.Library.DID + "#sig-2", "key": scalar},
	}
}

// verdict is what hufu.open, ask, verify and refresh answer.
type verdict struct {
	Open      bool             `json:"open"`
	Refreshed bool             `json:"refreshed"`
	Request   string           `json:"request"`
	Accepted  bool             `json:"accepted"`
	Check     verifier.Check   `json:"check"`
	Code      string           `json:"code"`
	English   string           `json:"en"`
	Chinese   string           `json:"zh"`
	Error     string           `json:"error"`
	Result    *verifier.Result `json:"result"`
}

func (p *page) open() *module {
	p.t.Helper()
	m := start(p.t, "verifier")
	var got verdict
	if m.call("open", p.opening(), &got); !got.Open {
		p.t.Fatalf("%+v", got)
	}
	return m
}

// answer lets the module ask, and the citizen answer by one query.
func (p *page) answer(m *module, query string) []byte {
	p.t.Helper()
	var asked verdict
	if m.do(order{Call: "ask"}, &asked); asked.Request == "" {
		p.t.Fatalf("%+v", asked)
	}
	p.catchUp()
	if err := p.holder.Refresh(p.t.Context()); err != nil {
		p.t.Fatal(err)
	}
	ask, err := p.holder.ResolveRequest(p.t.Context(), []byte(asked.Request))
	if err != nil {
		p.t.Fatal(err)
	}
	return p.Present(p.holder, ask, query)
}

func TestVerifierAccepts(t *testing.T) {
	p := newPage(t)
	m := p.open()
	for query, withheld := range map[string]int{hufutest.Claims: 3, hufutest.Proof: 4} {
		t.Run(query, func(t *testing.T) {
			answer := p.answer(m, query)
			var got, again verdict
			m.call("verify", string(answer), &got)
			if !got.Accepted || got.Result == nil {
				t.Fatalf("%+v", got)
			}
			if len(got.Result.NeverReceived) != withheld || len(got.Result.Learned) == 0 {
				t.Errorf("learned %v, never received %v", got.Result.Learned, got.Result.NeverReceived)
			}
			m.call("verify", string(answer), &again)
			if !again.Accepted || !again.Result.Repeated || got.Result.Repeated {
				t.Errorf("the same answer again: %+v", again)
			}
			var other verdict
			m.call("verify", string(answer)+" ", &other)
			if other.Accepted || other.Check != verifier.CheckReplay {
				t.Errorf("another answer: %+v", other)
			}
		})
	}
}

// TestVerifierRefuses: one thing spoilt, and the one check that must fail.
func TestVerifierRefuses(t *testing.T) {
	p := newPage(t)
	m := p.open()
	spoil := func(at int) func(string, string, string) []byte {
		return func(state, query, presentation string) []byte {
			return p.NewResponse(state, query, otherCharacter(presentation, at))
		}
	}
	for _, tt := range []struct {
		name, query string
		check       verifier.Check
		spoil       func(state, query, presentation string) []byte
	}{
		{"no JSON", hufutest.Proof, verifier.CheckForm, func(string, string, string) []byte { return []byte("{") }},
		{"of another request", hufutest.Proof, verifier.CheckRequest, func(_, q, p2 string) []byte { return p.NewResponse("another", q, p2) }},
		{"the commitment of a proof", hufutest.Proof, verifier.CheckPrepare, spoil(30)},
		{"the pseudonym of a proof", hufutest.Proof, verifier.CheckStatement, spoil(80)},
		{"a proof cut short", hufutest.Proof, verifier.CheckForm, func(s, q, p2 string) []byte { return p.NewResponse(s, q, p2[:len(p2)-4]) }},
		{"the issuer's signature", hufutest.Claims, verifier.CheckSignature, func(s, q, p2 string) []byte {
			jws, rest, _ := strings.Cut(p2, "~")
			return p.NewResponse(s, q, otherCharacter(jws, len(jws)-20)+"~"+rest)
		}},
		{"a claim", hufutest.Claims, verifier.CheckForm, func(s, q, p2 string) []byte {
			return p.NewResponse(s, q, olderBy10Years(t, p2))
		}},
		{"the holder's signature", hufutest.Claims, verifier.CheckBinding, func(s, q, p2 string) []byte {
			return p.NewResponse(s, q, otherCharacter(p2, len(p2)-20))
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			answer := p.answer(m, tt.query)
			state, query, presentation := p.Response(answer)
			var got verdict
			m.call("verify", string(tt.spoil(state, query, presentation)), &got)
			if got.Accepted || got.Check != tt.check || got.Error != "" || got.Code == "" || got.English == "" || got.Chinese == "" {
				t.Errorf("%+v, want a refusal at %s", got, tt.check)
			}
			m.call("verify", string(answer), &got)
			if !got.Accepted {
				t.Errorf("the answer as it was: %+v", got)
			}
		})
	}
}

// otherCharacter changes one character of a base64url text into another one.
func otherCharacter(text string, at int) string {
	with := "A"
	if text[at] == 'A' {
		with = "B"
	}
	return text[:at] + with + text[at+1:]
}

// olderBy10Years changes the birth date that an SD-JWT discloses.
func olderBy10Years(t *testing.T, presentation string) string {
	t.Helper()
	parts := strings.Split(presentation, "~")
	for i := 1; i < len(parts)-1; i++ {
		b := must[[]byte](t)(base64.RawURLEncoding.DecodeString(parts[i]))
		if bytes.Contains(b, []byte(`"1984-`)) {
			parts[i] = base64.RawURLEncoding.EncodeToString(bytes.Replace(b, []byte(`"1984-`), []byte(`"1974-`), 1))
			return strings.Join(parts, "~")
		}
	}
	t.Fatal("no birth date is disclosed")
	return ""
}

// TestVerifierRefresh: a revocation is seen once a newer bundle is there, and a
// bundle that does not prove that the ledger only grew decides nothing.
func TestVerifierRefresh(t *testing.T) {
	p := newPage(t)
	m := p.open()
	verify := func(answer []byte) (got verdict) {
		t.Helper()
		m.call("verify", string(answer), &got)
		return got
	}
	refresh := func(in JSON) (got verdict) {
		t.Helper()
		m.call("refresh", in, &got)
		return got
	}
	if got := verify(p.answer(m, hufutest.Claims)); !got.Accepted {
		t.Fatalf("%+v", got)
	}
	early := p.answer(m, hufutest.Claims)
	if err := p.Desk.Revoke(t.Context(), p.holder.Code); err != nil {
		t.Fatal(err)
	}
	for uri := range p.witness.lists {
		if _, err := p.witness.Read(t.Context(), publish.StatusName(uri)); err != nil { // the newer list
			t.Fatal(err)
		}
	}
	newer := p.bundle()
	bare := JSON{"ledger": JSON{"proof": newer["proof"]}, "status": p.witness.lists}
	if got := refresh(bare); !got.Refreshed {
		t.Fatalf("%+v", got)
	}
	proof := p.answer(m, hufutest.Proof) // prepared before
	for name, answer := range map[string][]byte{"claims": early, "proof": proof} {
		if got := verify(answer); got.Accepted || got.Check != "" || !strings.Contains(got.Error, "extends the last one") {
			t.Errorf("%s, without a consistency proof: %+v", name, got)
		}
	}
	forged := maps.Clone(newer)
	forged["consistency"] = slices.Repeat([][]byte{make([]byte, 32)}, len(newer["consistency"].([][]byte)))
	refresh(JSON{"ledger": forged})
	if got := verify(proof); got.Accepted || got.Check != verifier.CheckCheckpoint {
		t.Errorf("with a forged consistency proof: %+v", got)
	}
	if got := refresh(JSON{"ledger": newer}); !got.Refreshed {
		t.Fatalf("%+v", got)
	}
	if got := verify(proof); !got.Accepted {
		t.Errorf("with a consistency proof: %+v", got)
	}
	if got := verify(early); got.Accepted || got.Check != verifier.CheckStatus {
		t.Errorf("revoked: %+v", got)
	}
}

// TestVerifierCouldNotCheck: what is missing is no refusal.
func TestVerifierCouldNotCheck(t *testing.T) {
	p := newPage(t)
	fresh := start(t, "verifier")
	couldNot := func(m *module, name, function string, in any) {
		t.Helper()
		var got verdict
		m.call(function, in, &got)
		if got.Error == "" || got.Open || got.Refreshed || got.Accepted || got.Check != "" || got.Request != "" {
			t.Errorf("%s: %+v", name, got)
		}
	}
	couldNot(fresh, "not open", "verify", "{}")
	couldNot(fresh, "not open", "ask", "{}")
	couldNot(fresh, "not open", "refresh", "{}")
	for name, edit := range map[string]func(JSON){
		"another fingerprint": func(in JSON) { in["fingerprint"] = strings.Repeat("00", 32) },
		"no policy":           func(in JSON) { in["policy"] = "{}" },
		"not a schema":        func(in JSON) { in["schemas"] = []string{"{}"} },
		"no ledger":           func(in JSON) { in["ledger"] = JSON{"proof": []byte{1}} },
		"no key":              func(in JSON) { in["identity"].(JSON)["key"] = []byte{1} },
		"unknown member":      func(in JSON) { in["fingerprnt"] = "" },
	} {
		in := p.opening()
		edit(in)
		couldNot(fresh, name, "open", in)
	}
	for name, tt := range map[string]struct {
		query string
		edit  func(JSON)
	}{
		"development keys": {hufutest.Proof, func(in JSON) { delete(in, "allow_single_party_setup_unsafe") }},
		"no verifying key": {hufutest.Proof, func(in JSON) { delete(in, "verifying_keys") }},
		"no status list":   {hufutest.Claims, func(in JSON) { delete(in, "status") }},
	} {
		in := p.opening()
		tt.edit(in)
		m := start(t, "verifier")
		var got verdict
		if m.call("open", in, &got); !got.Open {
			t.Fatalf("%s: %+v", name, got)
		}
		couldNot(m, name, "verify", string(p.answer(m, tt.query)))
	}
	without := start(t, "verifier")
	in := p.opening()
	in["schemas"] = []string{}
	var opened verdict
	if without.call("open", in, &opened); !opened.Open {
		t.Fatalf("no schema: %+v", opened)
	}
	couldNot(without, "no schema", "ask", "{}")
	m := p.open()
	short := p.bundle()
	short["consistency"] = [][]byte{make([]byte, 31)}
	couldNot(m, "a short hash", "refresh", JSON{"ledger": short})
	state, query, presentation := p.Response(p.answer(m, hufutest.Proof))
	couldNot(m, "an epoch outside the bundle", "verify", string(p.NewResponse(state, query, otherCharacter(presentation, 11))))
}

// BenchmarkVerifier prints how long a first answer takes from the opened
// module, and how long later ones take, every check and JSON included.
func BenchmarkVerifier(b *testing.B) {
	p := newPage(b)
	m := p.open()
	for b.Loop() {
		for _, query := range []string{hufutest.Proof, hufutest.Claims} {
			var took times
			for range 20 {
				var got verdict
				one := m.do(order{Call: "verify", Text: new(string(p.answer(m, query)))}, &got)
				if !got.Accepted {
					b.Fatalf("%+v", got)
				}
				took.Clock, took.Processor = append(took.Clock, one.Clock...), append(took.Processor, one.Processor...)
			}
			took.report(b, query, 10)
		}
	}
	b.ReportMetric(0, "ns/op")
}
