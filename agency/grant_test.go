package agency_test

import (
	"errors"
	"testing"
	"time"

	"github.com/hufu-id/hufu/agency"
	"github.com/hufu-id/hufu/ledger"
	"github.com/hufu-id/hufu/ledger/ledgertest"
	"github.com/hufu-id/hufu/zkp"
)

func (w *world) grant(to *agency.Agency) agency.Grant {
	return agency.Grant{To: to.DID(), Action: ledger.ActionIssue, Type: vct, Region: region, Subject: ledgertest.SubjectOf(to.DID())}
}

// held is an accreditation as the ledger proves it; nil where there is none.
func (w *world) held(g agency.Grant) *ledger.Accreditation {
	w.Helper()
	b := w.value(ledger.AccreditationKey(g.To, g.Action, g.Region, g.Type))
	if b == nil {
		return nil
	}
	a, err := ledger.ParseAccreditation(b)
	none(w, err)
	return a
}

// accredited asks the ledger as a counter would.
func (w *world) accredited(g agency.Grant) error {
	return w.client(w.log.Log).Resolve(w.Context(), func(view *ledger.View) error {
		_, err := view.Accredited(g.To, g.Type, g.Action, g.Region, view.Now())
		return err
	}, ledger.ResolveOptions{})
}

// TestGrant follows one accreditation through its life.
func TestGrant(t *testing.T) {
	w := newWorld(t)
	office, _ := w.create()
	g := w.grant(office)
	for name, act := range map[string]func() error{
		"suspend": func() error { return w.root.Suspend(t.Context(), g) },
		"restore": func() error { return w.root.Restore(t.Context(), g) },
		"revoke":  func() error { return w.root.Revoke(t.Context(), g) },
	} {
		if err := act(); !errors.Is(err, agency.ErrNoGrant) {
			t.Errorf("%s of what was never given: %v", name, err)
		}
	}
	g.Until = start.AddDate(0, 0, 30)
	today, err := zkp.Today(start)
	none(t, err)
	first, tomorrow := today.Start().Unix(), (today + 1).Start()
	for _, step := range []struct {
		name   string
		act    func() error
		writes int
		state  string
		from   int64
		until  time.Time
		counts error
	}{
		{"accredit", func() error { return w.root.Accredit(t.Context(), g) }, 1, ledger.StateActive, first, g.Until, nil},
		{"restore what is good", func() error { return w.root.Restore(t.Context(), g) }, 0, ledger.StateActive, first, g.Until, nil},
		{"the same again", func() error { return w.root.Accredit(t.Context(), g) }, 0, ledger.StateActive, first, g.Until, nil},
		{"suspend", func() error { return w.root.Suspend(t.Context(), w.grant(office)) }, 1, ledger.StateSuspended, first, g.Until, ledger.ErrSuspended},
		{"suspend again", func() error { return w.root.Suspend(t.Context(), g) }, 0, ledger.StateSuspended, first, g.Until, ledger.ErrSuspended},
		{"restore", func() error { return w.root.Restore(t.Context(), w.grant(office)) }, 1, ledger.StateActive, first, g.Until, nil},
		{"suspend once more", func() error { return w.root.Suspend(t.Context(), g) }, 1, ledger.StateSuspended, first, g.Until, ledger.ErrSuspended},
		{"accredit restores, without an end", func() error { return w.root.Accredit(t.Context(), w.grant(office)) }, 1, ledger.StateActive, first, time.Time{}, nil},
		{"an end", func() error { return w.root.Accredit(t.Context(), g) }, 1, ledger.StateActive, first, g.Until, nil},
		{"end", func() error { return w.root.End(t.Context(), g) }, 1, ledger.StateEnded, first, tomorrow, nil},
		{"end again", func() error { return w.root.End(t.Context(), g) }, 0, ledger.StateEnded, first, tomorrow, nil},
		{"accredit again", func() error { return w.root.Accredit(t.Context(), g) }, 1, ledger.StateActive, first, g.Until, nil},
		{"end once more", func() error { return w.root.End(t.Context(), g) }, 1, ledger.StateEnded, first, tomorrow, nil},
		{"revoke", func() error { return w.root.Revoke(t.Context(), g) }, 1, ledger.StateRevoked, first, tomorrow, ledger.ErrAccreditationRevoked},
		{"revoke again", func() error { return w.root.Revoke(t.Context(), g) }, 0, ledger.StateRevoked, first, tomorrow, ledger.ErrAccreditationRevoked},
	} {
		before := len(w.log.submitted)
		if err := step.act(); err != nil {
			t.Fatalf("%s: %v", step.name, err)
		}
		if n := len(w.log.submitted) - before; n != step.writes {
			t.Errorf("%s: %d submissions", step.name, n)
		}
		until := int64(0)
		if !step.until.IsZero() {
			until = step.until.Unix()
		}
		if a := w.held(g); a.State != step.state || a.From != step.from || a.Until != until || a.Accreditor != w.root.DID() || a.Via != "" {
			t.Errorf("%s: %+v", step.name, a)
		}
		if err := w.accredited(g); !errors.Is(err, step.counts) {
			t.Errorf("%s: counts %v, want %v", step.name, err, step.counts)
		}
	}
	is(t, w.root.Suspend(t.Context(), g), agency.ErrNoGrant)
	is(t, w.root.Restore(t.Context(), g), agency.ErrNoGrant)
	is(t, w.root.End(t.Context(), g), agency.ErrNoGrant)

	w.advance(48 * time.Hour)
	none(t, w.root.Accredit(t.Context(), w.grant(office)))
	if a := w.held(g); a.From != (today+2).Start().Unix() || a.Until != 0 {
		t.Errorf("a new term reaches back: %+v", a)
	}
}

// TestChain: root → bureau → office. The bureau needs an entitlement, its
// accreditation names it, and each agency changes only what it gave.
func TestChain(t *testing.T) {
	w := newWorld(t)
	bureau, _ := w.create()
	office, _ := w.create()
	g := w.grant(office)
	is(t, bureau.Accredit(t.Context(), g), ledger.ErrNotAccredited)

	entitled := agency.Grant{To: bureau.DID(), Action: ledger.ActionAccredit, Type: ledger.AnyType, Region: beijing, Subject: ledgertest.SubjectOf(bureau.DID())}
	none(t, w.root.Accredit(t.Context(), entitled))
	none(t, bureau.Accredit(t.Context(), g))
	none(t, w.accredited(g))
	if via := w.held(g).Via; via != ledger.AccreditationKey(bureau.DID(), ledger.ActionAccredit, beijing, ledger.AnyType) {
		t.Errorf("by way of %q", via)
	}
	elsewhere := g
	elsewhere.Region = "310101"
	is(t, bureau.Accredit(t.Context(), elsewhere), ledger.ErrNotAccredited)
	is(t, w.root.Suspend(t.Context(), g), agency.ErrNoGrant) // the bureau gave it

	// Who may no longer accredit can still suspend and end, and not restore.
	none(t, w.root.Suspend(t.Context(), entitled))
	none(t, bureau.Suspend(t.Context(), g))
	refused(t, bureau.Restore(t.Context(), g), ledger.ErrUnauthorised)
	none(t, w.root.Accredit(t.Context(), g)) // taken from the bureau
	is(t, bureau.Revoke(t.Context(), g), agency.ErrNoGrant)
	if a := w.held(g); a.Accreditor != w.root.DID() || a.Via != "" {
		t.Errorf("got %+v", a)
	}
	none(t, w.accredited(g))
}

func TestGrantRefuses(t *testing.T) {
	w := newWorld(t)
	office, _ := w.create()
	for name, edit := range map[string]func(*agency.Grant){
		"no agency":         func(g *agency.Grant) { g.To = "" },
		"no such action":    func(g *agency.Grant) { g.Action = "dance" },
		"no such region":    func(g *agency.Grant) { g.Region = "Beijing" },
		"any type to issue": func(g *agency.Grant) { g.Type = ledger.AnyType },
		"over before begun": func(g *agency.Grant) { g.Until = start.Add(-time.Hour) },
	} {
		g := w.grant(office)
		edit(&g)
		before := len(w.log.submitted)
		err := w.root.Accredit(t.Context(), g)
		if !errors.Is(err, ledger.ErrValue) && !errors.Is(err, ledger.ErrKey) {
			t.Errorf("%s: got %v", name, err)
		}
		if len(w.log.submitted) != before {
			t.Errorf("%s: submitted", name)
		}
	}
	stranger := w.grant(office)
	stranger.To = "did:hufu:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
	refused(t, w.root.Accredit(t.Context(), stranger), ledger.ErrMissing)

	w.log.prove = func() error { return errLine }
	is(t, w.root.Accredit(t.Context(), w.grant(office)), errLine)
}

// TestNamed: an agency knows the name that it gave another, also after it was revoked.
func TestNamed(t *testing.T) {
	w := newWorld(t)
	office, _ := w.create()
	g := w.grant(office)
	if _, err := w.root.Named(t.Context(), g); !errors.Is(err, ledger.ErrAbsent) {
		t.Errorf("of nobody: %v", err)
	}
	none(t, w.root.Accredit(t.Context(), g))
	none(t, w.root.Revoke(t.Context(), g))
	want := g.Subject
	g.Subject = ledger.Subject{}
	if got, err := w.root.Named(t.Context(), g); err != nil || got != want {
		t.Errorf("got %+v, %v", got, err)
	}
}

// TestGrantAfterATheft: the ledger voids what the accreditor's stolen key gave. The
// accreditor gives the honest part anew, from when on it counted.
func TestGrantAfterATheft(t *testing.T) {
	w := newWorld(t)
	office, _ := w.create()
	g := w.grant(office)
	none(t, w.root.Accredit(t.Context(), g))
	before := w.held(g)
	none(t, w.root.MarkCompromised(t.Context(), w.root.Keys().KeyID, start.Add(-time.Hour)))
	if err := w.accredited(g); !errors.Is(err, ledger.ErrAccreditationRevoked) {
		t.Fatalf("after the theft: %v", err)
	}
	g.From = time.Unix(before.From, 0).AddDate(0, 0, -3)
	none(t, w.root.Accredit(t.Context(), g))
	if now := w.held(g); now.From != g.From.Unix() || now.State != ledger.StateActive {
		t.Errorf("%+v", now)
	}
	none(t, w.accredited(g))
}
