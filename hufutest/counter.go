package hufutest

import (
	"bytes"
	_ "embed"
	"encoding/json"
	"time"

	"github.com/hufu-id/hufu/ledger"
	"github.com/hufu-id/hufu/openid"
	"github.com/hufu-id/hufu/predicate"
	"github.com/hufu-id/hufu/verifier"
	"github.com/hufu-id/hufu/wallet"
	"github.com/hufu-id/hufu/zkp"
)

// Queries of the usual policy, of which an answer satisfies one.
const (
	Claims = "claims" // birth date and district are shown
	Proof  = "proof"  // adult and in the district, in zero knowledge
)

//go:embed testdata/adult.policy.json
var policyFile []byte

// JSON is a JSON object under edit.
type JSON = map[string]any

// PolicyFile is the usual policy after an edit; nil leaves it as it is.
func PolicyFile(edit func(JSON)) []byte {
	if edit == nil {
		return bytes.Clone(policyFile)
	}
	var policy JSON
	if err := json.Unmarshal(policyFile, &policy); err != nil {
		panic(err) // the file is our own
	}
	edit(policy)
	b, err := json.Marshal(policy)
	if err != nil {
		panic(err) // a test put in what JSON cannot hold
	}
	return b
}

// Policy parses PolicyFile.
func (c *Country) Policy(edit func(JSON)) *verifier.Policy {
	c.t.Helper()
	p, err := verifier.ParsePolicy(PolicyFile(edit))
	c.must(err)
	return p
}

// firstDay is the day on which a country begins.
var firstDay = time.Date(2026, 11, 21, 0, 0, 0, 0, zkp.Zone)

// Once is an edit of the policy: one answer a person, of those who were bound by the
// country's first day.
func Once(policy JSON) {
	policy["scope"] = JSON{"kind": "once", "event": "card-2026"}
	credentials, _ := policy["dcql"].(JSON)["credentials"].([]any)
	for _, c := range credentials {
		question := c.(JSON)
		asked, _ := question["predicates"].([]any)
		question["predicates"] = append(asked, JSON{
			"path": []any{predicate.ClaimBinding}, "op": string(openid.OpRange), "max": firstDay.Format(time.DateOnly),
		})
	}
}

// Counted is an edit of the policy: one answer a person, counted by the ledger, of those
// who were of age and bound by the country's first day. See [Country.OpenEvent].
func Counted(policy JSON) {
	dcql := policy["dcql"].(JSON)
	question := dcql["credentials"].([]any)[0].(JSON)
	dcql["credentials"] = []any{question}
	delete(dcql, "credential_sets")
	question["predicates"] = []any{
		JSON{"path": []any{"birthdate"}, "op": string(openid.OpRange), "max": firstDay.AddDate(-18, 0, 0).Format(time.DateOnly)},
		JSON{"path": []any{"district"}, "op": "eq", "value": Region},
	}
	Once(policy)
	policy["scope"] = JSON{"kind": "counted", "event": "vote-2026"}
}

// OpenEvent puts on the ledger what it needs to count by a policy of [Counted]: the rule, and
// the development keys of [Country.UseProver]. The ledger takes those only where
// Options.ZK does: a zkp.Accumulator with AllowSinglePartySetupUnsafe.
func (c *Country) OpenEvent(owner *Agency, policy *verifier.Policy) {
	c.t.Helper()
	rule, err := policy.Rule(owner.DID, c.Schema)
	c.must(err)
	c.Submit(owner, rule)
	keys, err := developmentKeys()
	c.must(err)
	for _, circuit := range []zkp.Circuit{zkp.CircuitPrepare, zkp.CircuitShow} {
		file, _, err := keys.VerifyingKey(circuit)
		c.must(err)
		c.Submit(owner, &ledger.KeyFile{File: file, Agency: owner.DID})
	}
}

// Counter is a verifier with its store.
type Counter struct {
	*verifier.Verifier
	Store verifier.Store
	// Trust is what its ledger client remembers.
	Trust ledger.TrustStore
}

// Counter opens a counter of the library over an empty memory store.
func (c *Country) Counter(policy *verifier.Policy) *Counter {
	c.t.Helper()
	return c.CounterOf(c.Library, policy)
}

// CounterOf opens a counter of any agency.
func (c *Country) CounterOf(agency *Agency, policy *verifier.Policy) *Counter {
	c.t.Helper()
	cfg, trust := c.CounterConfig(policy), ledger.NewMemoryTrustStore()
	cfg.Identity, cfg.Ledger = agency.Identity(), c.ClientOver(c.Log, trust)
	v, err := verifier.New(cfg)
	c.must(err)
	return &Counter{v, cfg.Store, trust}
}

// CounterConfig is a counter of the library over an empty memory store. It goes by
// the country's clock and accepts development keys.
func (c *Country) CounterConfig(policies ...*verifier.Policy) verifier.Config {
	c.t.Helper()
	return verifier.Config{
		Identity: c.Library.Identity(), Ledger: c.Client(c.Log), Policies: policies, Store: verifier.NewMemoryStore(),
		Public: c.Public, Clock: c.Now, AllowSinglePartySetupUnsafe: true,
	}
}

// Client reads the country's ledger through a reader, with an empty memory of its own.
func (c *Country) Client(reader ledger.Reader) *ledger.Client {
	c.t.Helper()
	return c.ClientOver(reader, ledger.NewMemoryTrustStore())
}

// ClientOver reads the country's ledger through a reader, with a memory of the caller's.
func (c *Country) ClientOver(reader ledger.Reader, store ledger.TrustStore) *ledger.Client {
	c.t.Helper()
	client, err := ledger.NewClient(c.t.Context(), c.Log.Trust(), reader, store, ledger.ClientOptions{Clock: c.Now})
	c.must(err)
	return client
}

// AskText is a counter's request object.
func (c *Country) AskText(counter *Counter) []byte {
	c.t.Helper()
	request, err := counter.NewRequest(c.t.Context(), verifier.RequestOptions{})
	c.must(err)
	return request.Object
}

// Ask lets a counter ask, and a wallet consider it.
func (c *Country) Ask(h *Holder, counter *Counter) (request []byte, ask *wallet.Request) {
	c.t.Helper()
	request = c.AskText(counter)
	c.must(h.Refresh(c.t.Context())) // its own round, before it sees the request
	ask, err := h.ResolveRequest(c.t.Context(), request)
	c.must(err)
	return request, ask
}

// Present answers an ask by the query with the given id.
func (c *Country) Present(h *Holder, ask *wallet.Request, query string) []byte {
	c.t.Helper()
	for i := range ask.Choices {
		if ask.Choices[i].Parts[0].Query == query {
			presented, err := h.Present(c.t.Context(), ask, wallet.Consent{Choice: i})
			c.must(err)
			return presented.Response
		}
	}
	c.t.Fatalf("hufutest: the wallet offers no answer to query %q", query)
	return nil
}

// Answer lets a counter ask and a wallet answer by one query.
func (c *Country) Answer(h *Holder, counter *Counter, query string) []byte {
	c.t.Helper()
	_, ask := c.Ask(h, counter)
	return c.Present(h, ask, query)
}

// SignRequest signs a request in an agency's name, whatever it asks.
func (c *Country) SignRequest(by *Agency, r *openid.AuthorizationRequest) []byte {
	c.t.Helper()
	object, err := openid.SignRequest(c.t.Context(), by.Key, by.KeyID, r)
	c.must(err)
	return []byte(object)
}

// Request reads a request object without verifying it.
func (c *Country) Request(object []byte) *openid.AuthorizationRequest {
	c.t.Helper()
	parsed, err := openid.ParseRequest(string(object))
	c.must(err)
	return parsed.Unverified
}

// Response takes an answer apart.
func (c *Country) Response(answer []byte) (state, query, presentation string) {
	c.t.Helper()
	r, err := openid.ParseResponse(answer)
	c.must(err)
	for query, list := range r.VPToken {
		return r.State, query, list[0]
	}
	return r.State, "", ""
}

// NewResponse puts an answer together.
func (c *Country) NewResponse(state, query, presentation string) []byte {
	c.t.Helper()
	b, err := openid.NewResponse(state, query, presentation).Bytes()
	c.must(err)
	return b
}

// Late is a clock that is off by d.
func (c *Country) Late(d time.Duration) func() time.Time {
	return func() time.Time { return c.Now().Add(-d) }
}
