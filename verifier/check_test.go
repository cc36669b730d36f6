package verifier_test

import (
	"errors"
	"testing"
	"time"

	"github.com/hufu-id/hufu/did"
	"github.com/hufu-id/hufu/hufutest"
	"github.com/hufu-id/hufu/ledger"
	"github.com/hufu-id/hufu/predicate"
	"github.com/hufu-id/hufu/publish"
	"github.com/hufu-id/hufu/verdict"
	"github.com/hufu-id/hufu/verifier"
)

// TestCheck spoils one thing of a counter that is in order.
func TestCheck(t *testing.T) {
	here := verifier.CheckOptions{Region: hufutest.Region}
	for _, test := range []struct {
		name      string
		happen    func(*hufutest.Country, *verifier.Config)
		check     verifier.Check
		reason    error
		unchecked bool
	}{
		{"key of nobody", func(c *hufutest.Country, cfg *verifier.Config) { cfg.Identity.KeyID = cfg.Identity.DID + "#sig-9" }, verifier.CheckKeys, did.ErrNoKey, false},
		{"another key than the ledger's", func(c *hufutest.Country, cfg *verifier.Config) { cfg.Identity.Key = c.Key() }, verifier.CheckKeys, did.ErrNoKey, false},
		{"key compromised", func(c *hufutest.Country, _ *verifier.Config) {
			c.Library.Change(func(d *ledger.DID) { d.Keys[0].CompromisedFrom = d.Keys[0].From })
		}, verifier.CheckKeys, did.ErrKeyCompromised, false},
		{"key retired", func(c *hufutest.Country, _ *verifier.Config) {
			c.Library.Change(func(d *ledger.DID) { d.Keys[0].Until = c.Now().Unix() })
		}, verifier.CheckKeys, did.ErrKeyNotValid, false},
		{"deactivated", func(c *hufutest.Country, _ *verifier.Config) {
			c.Library.Change(func(d *ledger.DID) { d.Deactivated, d.Next = true, nil })
		}, verifier.CheckKeys, ledger.ErrDeactivated, false},
		{"not accredited", func(c *hufutest.Country, _ *verifier.Config) {
			c.Accredit(c.Library, ledger.ActionVerify, ledger.StateSuspended)
		}, verifier.CheckAccreditation, ledger.ErrSuspended, false},
		{"one type of one policy not accredited", func(c *hufutest.Country, cfg *verifier.Config) {
			cfg.Policies = append(cfg.Policies, c.Policy(func(p hufutest.JSON) {
				p["id"] = "other"
				onlyClaims(p)
				p["dcql"].(hufutest.JSON)["credentials"].([]any)[0].(hufutest.JSON)["meta"] = hufutest.JSON{"vct_values": []string{"urn:test:driver:1"}}
			}))
		}, verifier.CheckAccreditation, ledger.ErrNotAccredited, false},
		{"no schema file", func(_ *hufutest.Country, cfg *verifier.Config) { cfg.Public = new(publish.Memory) }, verifier.CheckSchema, verifier.ErrConfig, true},
		{"another schema than the ledger's", func(c *hufutest.Country, cfg *verifier.Config) {
			cfg.Public = altered{c.Public, func(_ publish.Name, b []byte) ([]byte, error) { return append(b, ' '), nil }}
		}, verifier.CheckSchema, publish.ErrOther, true},
		{"a question that the type has no answer to", func(c *hufutest.Country, cfg *verifier.Config) {
			cfg.Policies[0] = c.Policy(func(p hufutest.JSON) {
				onlyClaims(p)
				claims := p["dcql"].(hufutest.JSON)["credentials"].([]any)[0].(hufutest.JSON)
				claims["predicates"].([]any)[0].(hufutest.JSON)["path"] = []string{"nothing"}
			})
		}, verifier.CheckPolicy, predicate.ErrClaim, false},
		{"no ledger", func(c *hufutest.Country, cfg *verifier.Config) { cfg.Ledger = c.Client(noLedger{}) }, verifier.CheckCheckpoint, errNoLine, true},
		{"a stale ledger", func(c *hufutest.Country, _ *verifier.Config) { c.Advance(25 * time.Hour) }, verifier.CheckCheckpoint, ledger.ErrStale, true},
	} {
		t.Run(test.name, func(t *testing.T) {
			c := hufutest.New(t, hufutest.Options{})
			cfg := c.CounterConfig(c.Policy(onlyClaims))
			checked := func() error {
				v, err := verifier.New(cfg)
				if err != nil {
					t.Fatal(err)
				}
				return v.Check(t.Context(), here)
			}
			if err := checked(); err != nil {
				t.Fatalf("a counter in order: %v", err)
			}
			test.happen(c, &cfg)
			err := checked()
			v, known := verdict.Classify(err)
			if !errors.Is(err, test.reason) || !known || v.Refused == test.unchecked || v.Check != test.check {
				t.Errorf("got %v, refused %v at %s", err, v.Refused, v.Check)
			}
		})
	}
	t.Run("the whole country", func(t *testing.T) {
		c := hufutest.New(t, hufutest.Options{})
		counter := c.Counter(c.Policy(onlyClaims))
		err := counter.Check(t.Context(), verifier.CheckOptions{})
		var r *verifier.Rejected
		if !errors.As(err, &r) || r.Check != verifier.CheckAccreditation || !errors.Is(err, ledger.ErrNotAccredited) {
			t.Errorf("got %v", err)
		}
	})
	t.Run("no verifying keys", func(t *testing.T) {
		c := hufutest.New(t, hufutest.Options{})
		err := c.Counter(c.Policy(nil)).Check(t.Context(), here)
		var u *verifier.Unchecked
		if !errors.As(err, &u) || u.Check != verifier.CheckPrepare {
			t.Errorf("got %v", err)
		}
	})
}
