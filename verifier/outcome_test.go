package verifier_test

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/hufu-id/hufu/hufutest"
	"github.com/hufu-id/hufu/verifier"
	"github.com/hufu-id/hufu/verifier/sqlitestore"
)

// TestOutcome follows requests from asking to the end.
func TestOutcome(t *testing.T) {
	c := hufutest.New(t, hufutest.Options{})
	citizen, counter := c.Citizen(c.Adult()), c.Counter(c.Policy(nil))
	r, err := counter.NewRequest(t.Context(), verifier.RequestOptions{Correlation: "case 7"})
	if err != nil {
		t.Fatal(err)
	}
	want := &verifier.Outcome{
		State: verifier.StatePending, Request: r.ID, Correlation: "case 7", Created: c.Now().UTC(), Expires: c.Now().UTC().Add(10 * time.Minute),
	}
	outcome := func() *verifier.Outcome {
		t.Helper()
		o, err := counter.Outcome(t.Context(), r.ID)
		if err != nil {
			t.Fatal(err)
		}
		return o
	}
	same(t, "asked", outcome(), want)

	bad := present(t, c, counter, r.Object, func(s *shown) { s.Claims["district"] = "110105" })
	rejected(t, counter.Verifier, bad, verifier.CheckPolicy, verifier.ErrNotMet)
	want.Refused = 1
	same(t, "refused once", outcome(), want)

	c.Advance(10 * time.Minute)
	want.State = verifier.StateExpired
	same(t, "too late", outcome(), want)
	c.Advance(-10 * time.Minute)

	asked, err := citizen.ResolveRequest(t.Context(), r.Object)
	if err != nil {
		t.Fatal(err)
	}
	answer := c.Present(citizen, asked, hufutest.Claims)
	result := accepted(t, counter.Verifier, answer)
	if result.Request != r.ID || result.Correlation != "case 7" || !result.Accepted.Equal(c.Now()) || result.Level != verifier.LevelSoftware {
		t.Errorf("got %+v", result)
	}
	want.State, want.Result = verifier.StateAccepted, result
	same(t, "accepted", outcome(), want)
	c.Advance(time.Hour)
	same(t, "accepted, later", outcome(), want)

	if err := counter.Store.Purge(t.Context(), c.Now()); err != nil {
		t.Fatal(err)
	}
	if o, err := counter.Outcome(t.Context(), r.ID); o != nil || !errors.Is(err, verifier.ErrUnknownRequest) {
		t.Errorf("purged: %v, %v", o, err)
	}
	if _, err := counter.NewRequest(t.Context(), verifier.RequestOptions{Correlation: strings.Repeat("x", 513)}); !errors.Is(err, verifier.ErrConfig) {
		t.Errorf("a correlation without end: %v", err)
	}
}

// dying is a store whose process ends at one of its calls, before or after.
type dying struct {
	verifier.Store
	before, after bool
}

var errPower = errors.New("the power failed")

func (s dying) Accept(ctx context.Context, a verifier.Acceptance) error {
	if s.before {
		return errPower
	}
	return errors.Join(s.Store.Accept(ctx, a), errPower)
}

// TestPowerFailsAtAcceptance: whichever side of the transaction it fails at, a person
// who may be served once is served once, and the counter finds out what it decided.
func TestPowerFailsAtAcceptance(t *testing.T) {
	c := hufutest.New(t, hufutest.Options{})
	citizen, counter := c.Citizen(c.Adult()), c.Counter(c.Policy(nil))
	for name, s := range map[string]dying{"before": {before: true}, "after": {after: true}} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "counter.db")
			store, err := sqlitestore.Open(t.Context(), path, sqlitestore.Options{Create: true})
			if err != nil {
				t.Fatal(err)
			}
			s.Store = store
			v := open(t, c, counter, func(cfg *verifier.Config) { cfg.Store = s })
			answer := c.Answer(citizen, &hufutest.Counter{Verifier: v}, hufutest.Claims)
			unchecked(t, v, answer, verifier.CheckReplay, errPower)
			if err := store.Close(); err != nil {
				t.Fatal(err)
			}
			if store, err = sqlitestore.Open(t.Context(), path, sqlitestore.Options{}); err != nil {
				t.Fatal(err)
			}
			defer store.Close()
			v = open(t, c, counter, func(cfg *verifier.Config) { cfg.Store = store })
			id, _, _ := c.Response(answer)
			o, err := v.Outcome(t.Context(), id)
			if err != nil || (o.Result != nil) != s.after {
				t.Fatalf("outcome %+v, %v", o, err)
			}
			result := accepted(t, v, answer) // the wallet, which got no reply, sends again
			if result.Repeated != s.after {
				t.Errorf("repeated: %v", result.Repeated)
			}
		})
	}
}

// TestManyPolicies: a configured policy is never forgotten, however many others pass
// by.
func TestManyPolicies(t *testing.T) {
	c := hufutest.New(t, hufutest.Options{})
	const count = 300
	var policies []*verifier.Policy
	for i := range count {
		policies = append(policies, c.Policy(func(p hufutest.JSON) { p["id"] = fmt.Sprint("policy ", i) }))
	}
	counter := c.Counter(policies[0])
	v := open(t, c, counter, func(cfg *verifier.Config) {
		cfg.Policies, cfg.Store = policies, unlettered{counter.Store}
	})
	for _, i := range []int{0, 1, count - 1} {
		r, err := v.NewRequest(t.Context(), verifier.RequestOptions{Policy: fmt.Sprint("policy ", i)})
		if err != nil {
			t.Fatal(err)
		}
		accepted(t, v, present(t, c, counter, r.Object, asIs))
	}
}

// unlettered is a store that cannot read a policy.
type unlettered struct{ verifier.Store }

func (unlettered) Policy(context.Context, [32]byte) ([]byte, error) { return nil, errBroken }

// TestVerifyOnce: what was accepted is refused the second time.
func TestVerifyOnce(t *testing.T) {
	c := hufutest.New(t, hufutest.Options{})
	counter := c.Counter(c.Policy(nil))
	answer := c.Answer(c.Citizen(c.Adult()), counter, hufutest.Claims)
	if _, err := counter.VerifyOnce(t.Context(), answer); err != nil {
		t.Fatal(err)
	}
	_, err := counter.VerifyOnce(t.Context(), answer)
	var r *verifier.Rejected
	if !errors.As(err, &r) || r.Check != verifier.CheckReplay || !errors.Is(err, verifier.ErrReplayed) {
		t.Errorf("got %v", err)
	}
	if _, err := counter.VerifyOnce(t.Context(), nil); err == nil {
		t.Error("nothing is accepted")
	}
}
