package verifier_test

import (
	"errors"
	"testing"
	"time"

	"github.com/hufu-id/hufu/hufutest"
	"github.com/hufu-id/hufu/publish"
	"github.com/hufu-id/hufu/verifier"
)

func TestNewRefusesWhatIsIncomplete(t *testing.T) {
	c := hufutest.New(t, hufutest.Options{})
	for _, test := range []struct {
		name string
		edit func(*verifier.Config)
	}{
		{"no policy", func(cfg *verifier.Config) { cfg.Policies = nil }},
		{"a policy that ParsePolicy did not make", func(cfg *verifier.Config) { cfg.Policies = []*verifier.Policy{{}} }},
		{"two policies with one id", func(cfg *verifier.Config) { cfg.Policies = append(cfg.Policies, cfg.Policies[0]) }},
		{"no ledger", func(cfg *verifier.Config) { cfg.Ledger = nil }},
		{"no store", func(cfg *verifier.Config) { cfg.Store = nil }},
		{"no public files", func(cfg *verifier.Config) { cfg.Public = nil }},
		{"no DID", func(cfg *verifier.Config) { cfg.Identity.DID = "" }},
		{"a DID of another method", func(cfg *verifier.Config) {
			cfg.Identity.DID, cfg.Identity.KeyID = "did:web:library.example", "did:web:library.example#1"
		}},
		{"no key id", func(cfg *verifier.Config) { cfg.Identity.KeyID = "" }},
		{"a key id that is no DID URL", func(cfg *verifier.Config) { cfg.Identity.KeyID = "sig-1" }},
		{"a key id of another agency", func(cfg *verifier.Config) { cfg.Identity.KeyID = c.Office.KeyID }},
		{"no key", func(cfg *verifier.Config) { cfg.Identity.Key = nil }},
		{"a request that never expires", func(cfg *verifier.Config) { cfg.Lifetime = 1000 * time.Hour }},
		{"a request that is expired", func(cfg *verifier.Config) { cfg.Lifetime = -time.Second }},
		{"an address without a scheme", func(cfg *verifier.Config) { cfg.ResponseURI = "counter.example/answer" }},
		{"an address of another scheme", func(cfg *verifier.Config) { cfg.ResponseURI = "file:///answer" }},
		{"an address in the clear", func(cfg *verifier.Config) { cfg.ResponseURI = "http://192.168.1.7/answer" }},
		{"an address with a password", func(cfg *verifier.Config) { cfg.ResponseURI = "https://a:b@counter.example" }},
	} {
		t.Run(test.name, func(t *testing.T) {
			cfg := c.CounterConfig(c.Policy(nil))
			if _, err := verifier.New(cfg); err != nil {
				t.Fatalf("complete, and refused: %v", err)
			}
			test.edit(&cfg)
			v, err := verifier.New(cfg)
			if v != nil || !errors.Is(err, verifier.ErrConfig) {
				t.Errorf("got %v", err)
			}
		})
	}
}

// TestNoSchemaFile: a counter asks nothing that it could not judge, and says whether
// the file is missing or could not be had.
func TestNoSchemaFile(t *testing.T) {
	c := hufutest.New(t, hufutest.Options{})
	for _, test := range []struct {
		public publish.Source
		want   error
	}{
		{new(publish.Memory), verifier.ErrConfig},
		{altered{c.Public, func(publish.Name, []byte) ([]byte, error) { return nil, errNoLine }}, errNoLine},
		{altered{c.Public, func(publish.Name, []byte) ([]byte, error) { return []byte("{}"), nil }}, publish.ErrOther},
	} {
		cfg := c.CounterConfig(c.Policy(nil))
		cfg.Public = test.public
		v, err := verifier.New(cfg)
		if err != nil {
			t.Fatal(err)
		}
		if r, err := v.NewRequest(t.Context(), verifier.RequestOptions{}); r != nil || !errors.Is(err, test.want) {
			t.Errorf("got %v, want %v", err, test.want)
		}
	}
}
