package folder_test

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/mattn/go-sqlite3"

	"github.com/hufu-id/hufu/agency"
	"github.com/hufu-id/hufu/folder"
	"github.com/hufu-id/hufu/hufutest"
	"github.com/hufu-id/hufu/internal/long"
	"github.com/hufu-id/hufu/ledger"
	"github.com/hufu-id/hufu/vault"
	"github.com/hufu-id/hufu/verifier"
)

var (
	pass  = []byte("a passphrase for tests")
	other = []byte("another passphrase")
)

func none(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// is insists on an Error with a reason.
func is(t *testing.T, err, reason error) {
	t.Helper()
	var e *folder.Error
	if !errors.As(err, &e) || e.Reason != reason || e.Path == "" {
		t.Errorf("got %v, want %v", err, reason)
	}
}

type place struct {
	*hufutest.Country
	dir  string
	opts folder.Options
}

func newPlace(t *testing.T) *place {
	c := hufutest.New(t, hufutest.Options{})
	return &place{c, t.TempDir(), folder.Options{Clock: c.Now}}
}

func (p *place) path(name string) string { return filepath.Join(p.dir, name) }

func (p *place) home(t *testing.T, name string) *folder.Home {
	t.Helper()
	h, err := folder.NewHome(t.Context(), p.path(name), filepath.Join(p.Dir, "trust.json"), p.Log.Trust(), p.opts)
	none(t, err)
	return h
}

func named(english string) ledger.Subject {
	return ledger.Subject{Name: ledger.Text{English: english}}
}

// newAgency makes an agency's folder; the root agency admits it.
func (p *place) newAgency(t *testing.T, name string) *folder.Agency {
	t.Helper()
	a, err := folder.NewAgency(t.Context(), p.path(name), named("Office"), pass, p.Log, p.opts)
	none(t, err)
	p.admit(t, name)
	none(t, a.Join(t.Context(), p.Log))
	return a
}

// admit takes the file in a folder to the root agency.
func (p *place) admit(t *testing.T, name string) {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(p.path(name), folder.ApplicationName))
	none(t, err)
	application, err := ledger.ParseSignedOperation(b)
	none(t, err)
	none(t, p.Admit(t.Context(), application))
}

func TestAgency(t *testing.T) {
	p := newPlace(t)
	dir := p.path("office")
	_, err := folder.OpenAgency(t.Context(), dir, pass, p.opts)
	is(t, err, folder.ErrMissing)
	a := p.newAgency(t, "office")
	did := a.DID()
	none(t, a.Close())
	_, err = folder.NewAgency(t.Context(), dir, named("Office"), pass, p.Log, p.opts)
	is(t, err, folder.ErrExists)
	_, err = folder.OpenAgency(t.Context(), dir, other, p.opts)
	is(t, err, folder.ErrVault)
	card, err := folder.ReadCard(dir)
	if err != nil || card != (folder.Card{Name: "Office", DID: did}) {
		t.Errorf("got %+v, %v", card, err)
	}
	a, err = folder.OpenAgency(t.Context(), dir, pass, p.opts)
	none(t, err)
	none(t, a.Join(t.Context(), nil))
	if a.DID() != did || !errors.Is(a.Rotate(t.Context()), agency.ErrOffline) {
		t.Error("an agency without a ledger does more than sign")
	}
	none(t, a.Join(t.Context(), p.Log))
	none(t, a.Rotate(t.Context()))
	none(t, a.Close())
	none(t, os.WriteFile(filepath.Join(dir, "agency.json"), []byte("{}"), 0o600))
	_, err = folder.ReadCard(dir)
	is(t, err, folder.ErrMalformed)
}

// mute is a ledger that does not answer.
type mute struct{ folder.Ledger }

func (mute) Prove(context.Context, ...string) (*ledger.Proof, error) {
	return nil, errors.New("no answer")
}

// TestWaiting: until an agency has admitted it, each Join says where the application lies, and
// makes the file again if it is lost.
func TestWaiting(t *testing.T) {
	p := newPlace(t)
	a, err := folder.NewAgency(t.Context(), p.path("a"), named("A"), pass, p.Log, p.opts)
	none(t, err)
	defer a.Close()
	file := filepath.Join(p.path("a"), folder.ApplicationName)
	first, err := os.ReadFile(file)
	none(t, err)
	none(t, os.Remove(file))
	var waits *folder.WaitingError
	if err := a.Join(t.Context(), p.Log); !errors.As(err, &waits) || waits.Application != file || !errors.Is(err, ledger.ErrNotAdmitted) {
		t.Fatalf("got %v", err)
	}
	if again, err := os.ReadFile(file); err != nil || !bytes.Equal(again, first) {
		t.Errorf("another application: %v", err)
	}
	p.admit(t, "a")
	none(t, a.Join(t.Context(), p.Log))
	if card, err := folder.ReadCard(p.path("a")); err != nil || card.DID != a.DID() {
		t.Errorf("got %+v, %v", card, err)
	}
}

// TestInterrupted: the ledger does not answer while the agency joins.
func TestInterrupted(t *testing.T) {
	p := newPlace(t)
	a, err := folder.NewAgency(t.Context(), p.path("a"), named("A"), pass, p.Log, p.opts)
	none(t, err)
	defer a.Close()
	p.admit(t, "a")
	if err := a.Join(t.Context(), mute{p.Log}); !errors.Is(err, agency.ErrPending) {
		t.Fatalf("got %v", err)
	}
	none(t, a.Join(t.Context(), p.Log))
}

func TestRootAgency(t *testing.T) {
	p := newPlace(t)
	a, err := folder.NewAgency(t.Context(), p.path("root"), named("Root"), pass, nil, p.opts)
	none(t, err)
	defer a.Close()
	if _, err := a.RootKeys(t.Context()); err != nil || !a.Card.Root || a.Card.DID != "" {
		t.Errorf("got %+v, %v", a.Card, err)
	}
	if err := a.Join(t.Context(), p.Log); !errors.Is(err, agency.ErrNotRoot) {
		t.Errorf("another ledger's root: %v", err)
	}
	none(t, a.Found(p.Root.DID))
	if card, err := folder.ReadCard(p.path("root")); err != nil || card.DID != p.Root.DID {
		t.Errorf("got %+v, %v", card, err)
	}
}

func TestOpenLedger(t *testing.T) {
	p := newPlace(t)
	_, err := folder.OpenLedger(t.Context(), p.dir, p.opts)
	is(t, err, folder.ErrNoLedger)
	log, err := folder.OpenLedger(t.Context(), p.Dir, p.opts)
	none(t, err)
	none(t, log.Close())
	none(t, os.WriteFile(filepath.Join(p.Dir, "trust.json"), []byte("{}"), 0o600))
	_, err = folder.OpenLedger(t.Context(), p.Dir, p.opts)
	is(t, err, folder.ErrLedger)
	none(t, os.WriteFile(filepath.Join(p.Dir, "nodes.json"), []byte("{}"), 0o600))
	_, err = folder.OpenLedger(t.Context(), p.Dir, p.opts)
	is(t, err, folder.ErrLedger)
	if !errors.Is(err, folder.ErrDamaged) {
		t.Errorf("got %v", err)
	}
}

func TestHome(t *testing.T) {
	p := newPlace(t)
	p.home(t, "wallet")
	_, err := folder.NewHome(t.Context(), p.path("wallet"), filepath.Join(p.Dir, "trust.json"), p.Log.Trust(), p.opts)
	is(t, err, folder.ErrExists)
	_, err = folder.OpenHome(p.path("nowhere"), p.opts)
	is(t, err, folder.ErrMissing)
	for name, want := range map[string]error{"home.json": folder.ErrMalformed, "trust.json": folder.ErrMalformed} {
		good, err := os.ReadFile(filepath.Join(p.path("wallet"), name))
		none(t, err)
		none(t, os.WriteFile(filepath.Join(p.path("wallet"), name), []byte("[]"), 0o600))
		_, err = folder.OpenHome(p.path("wallet"), p.opts)
		is(t, err, want)
		none(t, os.WriteFile(filepath.Join(p.path("wallet"), name), good, 0o600))
	}
	none(t, os.WriteFile(p.path("file"), nil, 0o600))
	_, err = folder.NewHome(t.Context(), p.path("file/below"), filepath.Join(p.Dir, "trust.json"), p.Log.Trust(), p.opts)
	is(t, err, folder.ErrUnwritable)
}

func TestWallet(t *testing.T) {
	p := newPlace(t)
	w, err := p.home(t, "wallet").NewWallet(t.Context(), pass, nil)
	none(t, err)
	none(t, w.Close())
	h, err := folder.OpenHome(p.path("wallet"), p.opts)
	none(t, err)
	_, err = h.OpenWallet(t.Context(), other, nil)
	is(t, err, folder.ErrVault)
	_, err = h.NewWallet(t.Context(), pass, nil)
	is(t, err, folder.ErrExists)
	w, err = h.OpenWallet(t.Context(), pass, nil)
	none(t, err)
	if _, err := w.Credential(t.Context(), "none"); !errors.Is(err, vault.ErrNotFound) {
		t.Error(err)
	}
	none(t, w.Close())
}

func TestCounter(t *testing.T) {
	p := newPlace(t)
	c, err := p.home(t, "counter").NewCounter(t.Context(), named("Library"), pass)
	none(t, err)
	p.admit(t, "counter")
	none(t, c.Agency.Join(t.Context(), p.Log))
	did := c.Agency.DID()
	none(t, c.Close())
	h, err := folder.OpenHome(p.path("counter"), p.opts)
	none(t, err)
	_, err = h.OpenCounter(t.Context(), pass, true)
	is(t, err, folder.ErrNoBundle)

	bundle, err := ledger.ExportBundle(t.Context(), p.Log, p.Log.Trust(), p.Now(), ledger.BundleSelector{})
	none(t, err)
	_, err = h.Bundle().Replace(t.Context(), bundle)
	none(t, err)
	for _, offline := range []bool{false, true} {
		c, err := h.OpenCounter(t.Context(), pass, offline)
		none(t, err)
		if c.Agency.DID() != did {
			t.Error("another agency")
		}
		if _, err := c.Verifier(t.Context(), verifier.Config{}); !errors.Is(err, verifier.ErrConfig) {
			t.Errorf("without a policy: %v", err)
		}
		none(t, c.Close())
	}
	none(t, os.WriteFile(filepath.Join(h.Dir, "counter.db"), []byte("no database"), 0o600))
	_, err = h.OpenCounter(t.Context(), pass, false)
	is(t, err, folder.ErrCounter)
}

// TestPatience: another program holds the databases.
func TestPatience(t *testing.T) {
	long.NotShort(t, "SQLite waits for 5 s")
	p := newPlace(t)
	p.opts.Patience = 50 * time.Millisecond
	c, err := p.home(t, "counter").NewCounter(t.Context(), named("Library"), pass)
	none(t, err)
	defer c.Close()
	defer hold(t, p.path("counter/vault.db"))()
	err = c.Agency.Vault.Update(t.Context(), func(vault.Tx) error { return nil })
	if !errors.Is(err, folder.ErrBusy) || !folder.IsBusy(err) || !folder.IsBusy(sqlite3.Error{Code: sqlite3.ErrBusy}) || folder.IsBusy(sqlite3.Error{}) {
		t.Errorf("got %v", err)
	}
	err = c.Patiently(t.Context(), func(ctx context.Context) error {
		<-ctx.Done()
		return ctx.Err()
	})
	if !errors.Is(err, folder.ErrBusy) {
		t.Errorf("Use: %v", err)
	}
}

func hold(t *testing.T, file string) (release func()) {
	t.Helper()
	db, err := sql.Open("sqlite3", "file:"+file+"?_txlock=exclusive")
	none(t, err)
	tx, err := db.Begin()
	none(t, err)
	return func() { _, _ = tx.Rollback(), db.Close() }
}
