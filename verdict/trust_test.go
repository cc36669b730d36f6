package verdict_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/hufu-id/hufu/certpath"
	"github.com/hufu-id/hufu/ledger"
	"github.com/hufu-id/hufu/provenance"
	"github.com/hufu-id/hufu/verdict"
)

// TestHeldAgainst: who reads a refusal of trust reads who it is about, what they were held
// against, and what to do, in both languages; other refusals stay as they are.
func TestHeldAgainst(t *testing.T) {
	failed := &provenance.Error{Step: provenance.StepIssuer, Who: "CN=Shop", Anchor: "CN=Ministry; did:hufu:root", Err: &provenance.UnknownError{
		Refusals: []provenance.Refusal{{Anchor: "CN=Ministry", Err: certpath.ErrUntrusted}},
	}}
	for lang, parts := range map[string][]string{
		"en":    {"Nobody whom you trust here", "It is: CN=Shop.", "It was held against: CN=Ministry; did:hufu:root.", "ask the operator"},
		"zh-CN": {"未为对方担保", "对方：CN=Shop。", "所对照的信任依据：CN=Ministry; did:hufu:root。", "请联系运营方"},
	} {
		got := verdict.Describe(failed, lang)
		for _, part := range parts {
			if !strings.Contains(got, part) {
				t.Errorf("%s: %q lacks %q", lang, got, part)
			}
		}
	}
	chain := &certpath.Error{Who: "CN=Shop\u202e", Err: certpath.ErrRevoked}
	if v, _ := verdict.Classify(chain); v.Code != verdict.CertificateRevoked || !strings.Contains(v.What.English, `CN=Shop\u202e`) {
		t.Errorf("%+v", v)
	}
	onLedger := &provenance.Error{Step: provenance.StepAccreditation, Who: "did:hufu:a", Anchor: "did:hufu:root", Err: ledger.ErrNotAccredited}
	if got, plain := verdict.Describe(onLedger, "en"), verdict.Describe(ledger.ErrNotAccredited, "en"); got != plain {
		t.Errorf("%q, want %q", got, plain)
	}
	if v, known := verdict.Classify(errors.New("other")); known || strings.Contains(v.What.English, "It is") {
		t.Errorf("%+v", v)
	}
}
