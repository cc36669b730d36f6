package folder_test

import (
	"errors"
	"maps"
	"os"
	"path/filepath"
	"testing"

	"github.com/hufu-id/hufu/agency"
	"github.com/hufu-id/hufu/folder"
	"github.com/hufu-id/hufu/hufutest"
	"github.com/hufu-id/hufu/ledger"
	"github.com/hufu-id/hufu/ledger/ledgertest"
	"github.com/hufu-id/hufu/vault"
	"github.com/hufu-id/hufu/verifier"
	"github.com/hufu-id/hufu/wallet/issuer"
)

// TestDesk: an agency's desk has the types that were kept, in whatever process it is
// opened, and none that the agency may not issue.
func TestDesk(t *testing.T) {
	p := newPlace(t)
	a := p.newAgency(t, "office")
	office := &hufutest.Agency{Subject: ledgertest.SubjectOf(a.DID())}
	office.DID = a.DID()
	resident := issuer.Type{Schema: p.Schema, Region: hufutest.Region, ValidDays: 30, Name: "resident"}
	if err := a.KeepType(t.Context(), resident); !errors.Is(err, ledger.ErrNotAccredited) {
		t.Errorf("not accredited: %v", err)
	}
	p.Accredit(office, ledger.ActionIssue, ledger.StateActive)
	elsewhere := resident
	elsewhere.Region = "310101"
	if err := a.KeepType(t.Context(), elsewhere); !errors.Is(err, ledger.ErrNotAccredited) {
		t.Errorf("another region: %v", err)
	}
	if _, err := a.Desk(t.Context(), p.Dir, issuer.Config{}); !errors.Is(err, issuer.ErrConfig) {
		t.Errorf("a desk without a type: %v", err)
	}
	none(t, a.KeepType(t.Context(), resident))
	none(t, a.Close())

	a, err := folder.OpenAgency(t.Context(), p.path("office"), pass, p.opts)
	none(t, err)
	defer a.Close()
	if err := a.KeepType(t.Context(), resident); !errors.Is(err, agency.ErrOffline) {
		t.Errorf("without a ledger: %v", err)
	}
	none(t, a.Join(t.Context(), p.Log))
	types, err := a.Types(t.Context())
	if err != nil || len(types) != 1 || types[0].ID() != resident.ID() || types[0].Region != resident.Region || types[0].ValidDays != 30 ||
		types[0].Schema.Hash() != p.Schema.Hash() {
		t.Fatalf("%+v, %v", types, err)
	}
	desk, err := a.Desk(t.Context(), p.Dir, issuer.Config{})
	none(t, err)
	none(t, desk.Renew(t.Context()))
	lists := func() map[string]string {
		out := map[string]string{}
		files, err := filepath.Glob(filepath.Join(p.Dir, "public", "*.jwt"))
		none(t, err)
		for _, name := range files {
			b, err := os.ReadFile(name)
			none(t, err)
			out[name] = string(b)
		}
		return out
	}
	before := lists()
	none(t, a.RenewLists(t.Context(), p.Dir))
	if !maps.Equal(before, lists()) || len(before) == 0 {
		t.Errorf("%d fresh lists, signed anew", len(before))
	}
	none(t, a.Rotate(t.Context()))
	none(t, a.RenewLists(t.Context(), p.Dir))
	if maps.Equal(before, lists()) {
		t.Error("the lists bear the key of before")
	}

	for _, value := range []string{`{}`, `{"region":"110101","validDays":1,"schema":"{}"}`} {
		none(t, a.Vault.Update(t.Context(), func(tx vault.Tx) error { return tx.Put("desk-type", "x", []byte(value)) }))
		if _, err := a.Types(t.Context()); !errors.Is(err, vault.ErrDamaged) {
			t.Errorf("%s: %v", value, err)
		}
	}
}

// TestCounterKeepsItsPolicy: a counter asks after the policy that was kept, in whatever
// process it is opened, and after none where none was.
func TestCounterKeepsItsPolicy(t *testing.T) {
	p := newPlace(t)
	c, err := p.home(t, "counter").NewCounter(t.Context(), named("Library"), pass)
	none(t, err)
	p.admit(t, "counter")
	none(t, c.Agency.Join(t.Context(), p.Log))
	_, err = c.Verifier(t.Context(), verifier.Config{})
	if !errors.Is(err, verifier.ErrConfig) {
		t.Errorf("without a policy: %v", err)
	}
	if err := c.KeepPolicy([]byte("{}")); !errors.Is(err, verifier.ErrPolicy) {
		t.Errorf("no policy: %v", err)
	}
	file, err := os.ReadFile("../examples/hufu/sample/adult-in-district.policy.json")
	none(t, err)
	none(t, c.KeepPolicy(file))
	none(t, c.Close())
	h, err := folder.OpenHome(p.path("counter"), p.opts)
	none(t, err)
	c, err = h.OpenCounter(t.Context(), pass, false)
	none(t, err)
	defer c.Close()
	_, err = c.Verifier(t.Context(), verifier.Config{})
	none(t, err)
	none(t, os.WriteFile(filepath.Join(p.path("counter"), "policy.json"), make([]byte, 1<<20), 0o600))
	if _, err := c.Verifier(t.Context(), verifier.Config{}); !errors.Is(err, verifier.ErrPolicy) {
		t.Errorf("a damaged policy: %v", err)
	}
}
