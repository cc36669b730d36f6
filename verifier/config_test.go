package verifier_test

import (
	"errors"
	"testing"

	"github.com/hufu-id/hufu/internal/testworld"
	"github.com/hufu-id/hufu/ledger"
	"github.com/hufu-id/hufu/verifier"
)

// parts are the arguments of New.
type parts struct {
	identity verifier.Identity
	trust    *ledger.TrustFile
	reader   ledger.Reader
	policy   *verifier.Policy
	store    verifier.Store
	material verifier.Material
	opts     verifier.Options
}

func TestNewRefusesWhatIsIncomplete(t *testing.T) {
	c := testworld.New(t, testworld.Options{})
	for _, test := range []struct {
		name string
		edit func(*parts)
	}{
		{"no policy", func(p *parts) { p.policy = nil }},
		{"a policy that ParsePolicy did not make", func(p *parts) { p.policy = new(verifier.Policy) }},
		{"no trust file", func(p *parts) { p.trust = nil }},
		{"no ledger", func(p *parts) { p.reader = nil }},
		{"no store", func(p *parts) { p.store = nil }},
		{"no status source", func(p *parts) { p.material.Status = nil }},
		{"no DID", func(p *parts) { p.identity.DID = "" }},
		{"no key id", func(p *parts) { p.identity.KeyID = "" }},
		{"no key", func(p *parts) { p.identity.Key = nil }},
		{"no schema file for a query", func(p *parts) { p.material.Schemas = nil }},
	} {
		t.Run(test.name, func(t *testing.T) {
			p := parts{c.Library.Identity(), c.Log.Trust(), c.Log, c.Policy(nil), verifier.NewMemoryStore(), c.CounterMaterial(), verifier.Options{}}
			if _, err := verifier.New(p.identity, p.trust, p.reader, p.policy, p.store, p.material, p.opts); err != nil {
				t.Fatalf("complete, and refused: %v", err)
			}
			test.edit(&p)
			v, err := verifier.New(p.identity, p.trust, p.reader, p.policy, p.store, p.material, p.opts)
			if v != nil || !errors.Is(err, verifier.ErrConfig) {
				t.Errorf("got %v", err)
			}
		})
	}
}
