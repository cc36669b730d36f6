package verifier_test

import (
	"bytes"
	"context"
	"errors"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/hufu-id/hufu/credential"
	"github.com/hufu-id/hufu/hufutest"
	"github.com/hufu-id/hufu/internal/limits"
	"github.com/hufu-id/hufu/openid"
	"github.com/hufu-id/hufu/verifier"
	"github.com/hufu-id/hufu/verifier/sqlitestore"
)

func TestForm(t *testing.T) {
	c := hufutest.New(t, hufutest.Options{})
	citizen, counter := c.Citizen(c.Adult()), c.Counter(c.Policy(nil))
	good := c.Answer(citizen, counter, hufutest.Claims)
	state, _, text := c.Response(good)
	quoted := `"` + text + `"`
	for i, test := range []struct {
		name   string
		answer []byte
		reason error
		known  bool // the request is, so the attempt is counted
	}{
		{"oversized", bytes.Repeat([]byte(" "), limits.Message+1), openid.ErrTooLarge, false},
		{"no JSON", []byte(`vp_token`), openid.ErrJSON, false},
		{"data after the end", append(bytes.Clone(good), '{'), openid.ErrJSON, false},
		{"state twice", []byte(strings.Replace(string(good), `{`, `{"state":"other",`, 1)), openid.ErrJSON, false},
		{"state in capitals", []byte(strings.Replace(string(good), `"state"`, `"State"`, 1)), openid.ErrJSON, false},
		{"presentation is no text", []byte(`{"state":"` + state + `","vp_token":{"claims":[1]}}`), openid.ErrUnsupportedFormat, false},
		{"unknown query", c.NewResponse(state, "other", text), openid.ErrUnasked, true},
		{"two presentations", []byte(`{"state":"` + state + `","vp_token":{"claims":[` + quoted + `,` + quoted + `]}}`), openid.ErrUnasked, true},
		{"two queries", []byte(`{"state":"` + state + `","vp_token":{"claims":[` + quoted + `],"proof":[` + quoted + `]}}`), openid.ErrUnasked, true},
		{"no SD-JWT", c.NewResponse(state, hufutest.Claims, "e30"), credential.ErrForm, true},
		{"a disclosure of nothing", c.NewResponse(state, hufutest.Claims, replaceDisclosure(text)), credential.ErrUnreferenced, true},
	} {
		t.Run(test.name, func(t *testing.T) {
			before := countOf(t, counter, state)
			rejected(t, counter.Verifier, test.answer, verifier.CheckForm, test.reason)
			if counted := countOf(t, counter, state) > before; counted != test.known {
				t.Errorf("case %d: attempt counted: %v", i, counted)
			}
		})
	}
	accepted(t, counter.Verifier, good)
}

// replaceDisclosure puts another salt, name and value in place of the first.
func replaceDisclosure(text string) string {
	parts := strings.Split(text, "~")
	parts[1] = "WyJfMjZiYzRMVC1hYzZxMktJNmNCVzVlcyIsImZhbWlseV9uYW1lIiwiTcO2Yml1cyJd"
	return strings.Join(parts, "~")
}

func countOf(t *testing.T, counter *hufutest.Counter, state string) int {
	t.Helper()
	r, err := counter.Store.Request(t.Context(), state)
	if err != nil {
		t.Fatal(err)
	}
	return r.Failures
}

// TestFormMultiple: where a query allows several presentations, a second one
// must not pass unseen beside a good first.
func TestFormMultiple(t *testing.T) {
	c := hufutest.New(t, hufutest.Options{})
	policy := c.Policy(func(p hufutest.JSON) { claimsQuery(p)["multiple"] = true })
	citizen, counter := c.Citizen(c.Adult()), c.Counter(policy)
	good := c.Answer(citizen, counter, hufutest.Claims)
	state, _, text := c.Response(good)
	two := []byte(`{"state":"` + state + `","vp_token":{"claims":["` + text + `","e30"]}}`)
	rejected(t, counter.Verifier, two, verifier.CheckForm, openid.ErrUnasked)
	failures(t, counter, state, 1)
	accepted(t, counter.Verifier, good)
}

// claimsQuery is the query for disclosed claims in the usual policy.
func claimsQuery(policy hufutest.JSON) hufutest.JSON { return query(policy, 1) }

// proofQuery is the one for a proof.
func proofQuery(policy hufutest.JSON) hufutest.JSON { return query(policy, 0) }

func query(policy hufutest.JSON, i int) hufutest.JSON {
	return policy["dcql"].(hufutest.JSON)["credentials"].([]any)[i].(hufutest.JSON)
}

func TestRequest(t *testing.T) {
	c := hufutest.New(t, hufutest.Options{})
	citizen, counter := c.Citizen(c.Adult()), c.Counter(c.Policy(nil))
	good := c.Answer(citizen, counter, hufutest.Claims)
	state, _, text := c.Response(good)

	t.Run("unknown state", func(t *testing.T) {
		rejected(t, counter.Verifier, c.NewResponse("AAAAAAAAAAAAAAAAAAAAAA", hufutest.Claims, text), verifier.CheckRequest, verifier.ErrUnknownRequest)
	})
	t.Run("state of another counter", func(t *testing.T) {
		other := c.Counter(c.Policy(nil))
		rejected(t, other.Verifier, good, verifier.CheckRequest, verifier.ErrUnknownRequest)
	})
	t.Run("store does not answer", func(t *testing.T) {
		v := open(t, c, counter, func(cfg *verifier.Config) { cfg.Store = brokenStore{Store: counter.Store, request: true} })
		unchecked(t, v, good, verifier.CheckRequest, errBroken)
	})
	t.Run("expired", func(t *testing.T) {
		c.Advance(10 * time.Minute) // the first instant too late
		defer c.Advance(-10 * time.Minute)
		rejected(t, counter.Verifier, good, verifier.CheckRequest, verifier.ErrExpired)
		failures(t, counter, state, 1)
	})
	accepted(t, counter.Verifier, good)
}

var errBroken = errors.New("disk full")

// brokenStore fails where told to.
type brokenStore struct {
	verifier.Store
	request, count, accept bool
}

func (s brokenStore) Request(ctx context.Context, id string) (verifier.Request, error) {
	if s.request {
		return verifier.Request{}, errBroken
	}
	return s.Store.Request(ctx, id)
}

func (s brokenStore) CountFailure(ctx context.Context, id string) error {
	if s.count {
		return errBroken
	}
	return s.Store.CountFailure(ctx, id)
}

func (s brokenStore) Accept(ctx context.Context, a verifier.Acceptance) error {
	if s.accept {
		return errBroken
	}
	return s.Store.Accept(ctx, a)
}

func TestBrokenStore(t *testing.T) {
	c := hufutest.New(t, hufutest.Options{})
	citizen, counter := c.Citizen(c.Adult()), c.Counter(c.Policy(nil))
	good := c.Answer(citizen, counter, hufutest.Claims)
	state, _, _ := c.Response(good)
	t.Run("an answer that cannot be recorded is not accepted", func(t *testing.T) {
		v := open(t, c, counter, func(cfg *verifier.Config) { cfg.Store = brokenStore{Store: counter.Store, accept: true} })
		unchecked(t, v, good, verifier.CheckReplay, errBroken)
	})
	t.Run("a refusal that cannot be counted says so", func(t *testing.T) {
		v := open(t, c, counter, func(cfg *verifier.Config) { cfg.Store = brokenStore{Store: counter.Store, count: true} })
		_, err := v.Verify(t.Context(), c.NewResponse(state, "other", "e30"))
		if !errors.Is(err, errBroken) || !errors.Is(err, openid.ErrUnasked) {
			t.Errorf("got %v", err)
		}
	})
	accepted(t, counter.Verifier, good)
}

func TestReplay(t *testing.T) {
	c := hufutest.New(t, hufutest.Options{})
	citizen, counter := c.Citizen(c.Adult()), c.Counter(c.Policy(nil))
	t.Run("twice", func(t *testing.T) {
		good := c.Answer(citizen, counter, hufutest.Claims)
		state, _, _ := c.Response(good)
		first := accepted(t, counter.Verifier, good)
		for range 2 {
			repeated(t, counter.Verifier, good, first)
			rejected(t, counter.Verifier, respelt(good), verifier.CheckReplay, verifier.ErrReplayed)
			failures(t, counter, state, 0)
			c.Advance(time.Hour) // and for ever
		}
		c.Heartbeat()
	})
	t.Run("twenty at once", func(t *testing.T) {
		good := c.Answer(citizen, counter, hufutest.Claims)
		counts := concurrently(t, counter.Verifier, slices.Repeat([][]byte{good}, 20))
		if counts != (outcomes{accepted: 1, repeated: 19}) {
			t.Errorf("one answer: %+v", counts)
		}
		answers := [][]byte{c.Answer(citizen, counter, hufutest.Claims)}
		for len(answers) < 20 {
			answers = append(answers, respelt(answers[len(answers)-1]))
		}
		if counts := concurrently(t, counter.Verifier, answers); counts != (outcomes{accepted: 1, replayed: 19}) {
			t.Errorf("twenty answers: %+v", counts)
		}
	})
	t.Run("after the process ended", func(t *testing.T) {
		name := filepath.Join(t.TempDir(), "counter.db")
		store, err := sqlitestore.Open(t.Context(), name, sqlitestore.Options{Create: true})
		if err != nil {
			t.Fatal(err)
		}
		v := open(t, c, counter, func(cfg *verifier.Config) { cfg.Store = store })
		good := c.Answer(citizen, &hufutest.Counter{Verifier: v, Store: store}, hufutest.Claims)
		first := accepted(t, v, good)
		if err := store.Close(); err != nil {
			t.Fatal(err)
		}
		if store, err = sqlitestore.Open(t.Context(), name, sqlitestore.Options{}); err != nil {
			t.Fatal(err)
		}
		defer store.Close()
		v = open(t, c, counter, func(cfg *verifier.Config) { cfg.Store = store })
		repeated(t, v, good, first)
		rejected(t, v, respelt(good), verifier.CheckReplay, verifier.ErrReplayed)
	})
}

type outcomes struct{ accepted, repeated, replayed int }

// concurrently verifies answers, each in a goroutine of its own.
func concurrently(t *testing.T, v *verifier.Verifier, answers [][]byte) (o outcomes) {
	t.Helper()
	var mu sync.Mutex
	var group sync.WaitGroup
	start := make(chan struct{})
	for _, answer := range answers {
		group.Go(func() {
			<-start
			result, err := v.Verify(t.Context(), answer)
			mu.Lock()
			defer mu.Unlock()
			var r *verifier.Rejected
			switch {
			case err == nil && result.Repeated:
				o.repeated++
			case err == nil:
				o.accepted++
			case errors.As(err, &r) && r.Check == verifier.CheckReplay && errors.Is(err, verifier.ErrReplayed):
				o.replayed++
			default:
				t.Errorf("neither accepted nor replayed: %v", err)
			}
		})
	}
	close(start)
	group.Wait()
	return o
}
