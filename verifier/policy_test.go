package verifier_test

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/hufu-id/hufu/hufutest"
	"github.com/hufu-id/hufu/internal/limits"
	"github.com/hufu-id/hufu/openid"
	"github.com/hufu-id/hufu/verifier"
)

func set(name string, value any) func(hufutest.JSON) {
	return func(p hufutest.JSON) { p[name] = value }
}

func within(outer, name string, value any) func(hufutest.JSON) {
	return func(p hufutest.JSON) { p[outer].(hufutest.JSON)[name] = value }
}

func TestParsePolicy(t *testing.T) {
	file := hufutest.PolicyFile(nil)
	p, err := verifier.ParsePolicy(file)
	if err != nil {
		t.Fatal(err)
	}
	want := verifier.MaxAge{Checkpoint: 24 * time.Hour, Epoch: 2 * time.Hour, Status: 24 * time.Hour}
	if p.MaxAge != want || p.Hash() != sha256.Sum256(file) || p.Scope.Kind != "none" {
		t.Errorf("got %+v", p)
	}
	t.Run("defaults", func(t *testing.T) {
		p, err := verifier.ParsePolicy(hufutest.PolicyFile(func(p hufutest.JSON) {
			delete(p, "level")
			delete(p, "scope")
		}))
		if err != nil || p.Scope.Kind != "none" {
			t.Errorf("got %+v, %v", p, err)
		}
	})
}

func TestParsePolicyRefuses(t *testing.T) {
	edited := func(edit func(hufutest.JSON)) []byte { return hufutest.PolicyFile(edit) }
	usual := string(hufutest.PolicyFile(nil))
	for name, file := range map[string][]byte{
		"nothing":                    nil,
		"null":                       []byte("null"),
		"oversized":                  append(bytes.Repeat([]byte(" "), limits.Document), usual...),
		"data after the end":         []byte(usual + "{}"),
		"a member twice":             []byte(strings.Replace(usual, `"version": 1,`, `"version": 1, "version": 2,`, 1)),
		"a member in capitals":       []byte(strings.Replace(usual, `"version"`, `"Version"`, 1)),
		"an unknown member":          edited(set("isuers", []string{"did:hufu:a"})),
		"an unknown member inside":   edited(within("maxAge", "checkpiont", 1)),
		"no id":                      edited(set("id", "")),
		"a long id":                  edited(set("id", strings.Repeat("a", limits.Identifier+1))),
		"version 0":                  edited(set("version", 0)),
		"no query":                   edited(func(p hufutest.JSON) { delete(p, "dcql") }),
		"a query that is none":       edited(set("dcql", hufutest.JSON{"credentials": []any{}})),
		"proofs and claims together": edited(func(p hufutest.JSON) { delete(p["dcql"].(hufutest.JSON), "credential_sets") }),
		"proofs and claims in one of two ways": edited(func(p hufutest.JSON) {
			p["dcql"].(hufutest.JSON)["credential_sets"] = []any{hufutest.JSON{"options": []any{[]any{"proof"}, []any{"claims", "proof"}}}}
		}),
		"neither issuers nor root":               edited(func(p hufutest.JSON) { delete(p, "accreditedBy") }),
		"both issuers and root":                  edited(set("issuers", []string{"did:hufu:a"})),
		"accredited by somebody":                 edited(set("accreditedBy", "did:hufu:a")),
		"no bound on checkpoints":                edited(within("maxAge", "checkpoint", 0)),
		"no bound on epochs":                     edited(within("maxAge", "epoch", 0)),
		"no bound on status lists":               edited(within("maxAge", "status", 0)),
		"a bound on epochs that no wallet reads": edited(within("maxAge", "epoch", 367*24*3600)),
		"a purpose that no wallet reads":         edited(within("purpose", "en", strings.Repeat("because ", 200))),
		"a purpose id that no wallet reads":      edited(within("purpose", "id", strings.Repeat("a", 600))),
		"a basis that no wallet reads":           edited(within("basis", "zh", strings.Repeat("因", 400))),
		"an event that no wallet reads": edited(func(p hufutest.JSON) {
			onlyProof(p)
			hufutest.Once(p)
			p["scope"].(hufutest.JSON)["event"] = strings.Repeat("a", 600)
		}),
		"a bound below zero":                   edited(within("maxAge", "epoch", -1)),
		"no purpose":                           edited(func(p hufutest.JSON) { delete(p, "purpose") }),
		"a purpose without id":                 edited(within("purpose", "id", "")),
		"a purpose without English":            edited(within("purpose", "en", "")),
		"a purpose without Chinese":            edited(within("purpose", "zh", "")),
		"a basis without English":              edited(within("basis", "en", "")),
		"a basis without Chinese":              edited(within("basis", "zh", "")),
		"issuers, and a proof that hides them": edited(func(p hufutest.JSON) { delete(p, "accreditedBy"); p["issuers"] = []string{"did:hufu:a"} }),
		"a retention that is no duration":      edited(set("retention", "30 days")),
		"a retention of two units":             edited(set("retention", "P1Y6M")),
		"an unknown member of the query":       edited(func(p hufutest.JSON) { claimsQuery(p)["claim_set"] = []any{} }),
		"a misspelt member of a claim":         edited(func(p hufutest.JSON) { claimsQuery(p)["claims"].([]any)[0].(hufutest.JSON)["vals"] = []any{"x"} }),
		"authorities that nobody looks at": edited(func(p hufutest.JSON) {
			claimsQuery(p)["trusted_authorities"] = []any{hufutest.JSON{"type": "etsi_tl", "values": []string{"x"}}}
		}),
		"authorities of who stays hidden": edited(func(p hufutest.JSON) {
			proofQuery(p)["trusted_authorities"] = []any{hufutest.JSON{"type": "hufu_ledger", "values": []string{"x"}}}
		}),
		"keys that nobody looks at": edited(func(p hufutest.JSON) {
			proofQuery(p)["meta"].(hufutest.JSON)["hufu_vk"] = hufutest.JSON{"c": []string{strings.Repeat("ab", 32)}}
		}),
		"no binding, which is always asked":  edited(func(p hufutest.JSON) { claimsQuery(p)["require_cryptographic_holder_binding"] = false }),
		"a weaker level":                     edited(set("level", "bearer")),
		"an unknown level":                   edited(set("level", "high")),
		"a level that nobody attests":        edited(set("level", "device")),
		"a portrait that nobody sees":        edited(set("level", "presence")),
		"an unknown scope":                   edited(set("scope", hufutest.JSON{"kind": "twice"})),
		"scope none with an event":           edited(set("scope", hufutest.JSON{"kind": "none", "event": "x"})),
		"scope once without an event":        edited(func(p hufutest.JSON) { onlyProof(p); p["scope"] = hufutest.JSON{"kind": "once"} }),
		"scope once open to the newly bound": edited(func(p hufutest.JSON) { onlyProof(p); p["scope"] = hufutest.JSON{"kind": "once", "event": "x"} }),
		"scope pairwise with an event":       edited(func(p hufutest.JSON) { onlyProof(p); p["scope"] = hufutest.JSON{"kind": "pairwise", "event": "x"} }),
		"once, by disclosed claims":          edited(hufutest.Once),
		"the existence of what is proved":    edited(func(p hufutest.JSON) { onlyProof(p); p["existence"] = true }),
		"an existence that is a word":        edited(set("existence", "yes")),
		"pairwise, by disclosed claims":      edited(set("scope", hufutest.JSON{"kind": "pairwise"})),
	} {
		t.Run(name, func(t *testing.T) {
			if p, err := verifier.ParsePolicy(file); !errors.Is(err, verifier.ErrPolicy) || p != nil {
				t.Errorf("taken: %v; error: %v", p != nil, err)
			}
		})
	}
	t.Run("a bad query names its reason", func(t *testing.T) {
		_, err := verifier.ParsePolicy(edited(set("dcql", hufutest.JSON{"credentials": []any{}})))
		if !errors.Is(err, openid.ErrQuery) {
			t.Errorf("got %v", err)
		}
	})
	t.Run("errors quote no input", func(t *testing.T) {
		_, err := verifier.ParsePolicy(edited(set("version", "canary")))
		if err == nil || strings.Contains(err.Error(), "canary") {
			t.Errorf("got %v", err)
		}
	})
}

var policySeeds = [][]byte{
	hufutest.PolicyFile(nil),
	hufutest.PolicyFile(func(p hufutest.JSON) { onlyProof(p); hufutest.Once(p) }),
	hufutest.PolicyFile(func(p hufutest.JSON) {
		onlyClaims(p)
		delete(p, "accreditedBy")
		p["issuers"] = []string{"did:hufu:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"}
	}),
	hufutest.PolicyFile(func(p hufutest.JSON) { delete(p, "scope"); delete(p, "level") }),
}

// FuzzPolicy: what is taken has every bound that the checks rest on.
func FuzzPolicy(f *testing.F) {
	for _, seed := range policySeeds {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, file []byte) {
		p, err := verifier.ParsePolicy(file)
		if err != nil {
			if p != nil || !errors.Is(err, verifier.ErrPolicy) {
				t.Fatalf("got %v, %v", p, err)
			}
			return
		}
		if p.Query == nil || len(p.Query.Credentials) == 0 || p.MaxAge.Checkpoint <= 0 || p.MaxAge.Epoch <= 0 || p.MaxAge.Status <= 0 ||
			(len(p.Issuers) == 0) == (p.AccreditedBy == "") || p.Hash() != sha256.Sum256(file) {
			t.Fatalf("taken: %+v", p)
		}
	})
}
