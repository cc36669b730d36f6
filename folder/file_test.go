package folder_test

import (
	"encoding/hex"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/hufu-id/hufu/agency"
	"github.com/hufu-id/hufu/folder"
	"github.com/hufu-id/hufu/ledger"
	"github.com/hufu-id/hufu/ledger/ledgertest"
	"github.com/hufu-id/hufu/ledger/sqlitelog"
	"github.com/hufu-id/hufu/openid"
)

// TestFilesFromHandToHand: each way in which a file is not what is wanted has its reason,
// and nothing that is there is overwritten.
func TestFilesFromHandToHand(t *testing.T) {
	t.Chdir(t.TempDir())
	none(t, folder.WriteFile("good", []byte(" message \n")))
	is(t, folder.WriteFile("good", nil), folder.ErrExists)
	is(t, folder.WriteFile("no/where", nil), folder.ErrUnwritable)
	b, err := folder.ReadFile("good", nil, 10)
	if err != nil || string(b) != " message \n" {
		t.Errorf("%q, %v", b, err)
	}
	if b, err = folder.ReadFile("-", strings.NewReader("piped"), 10); err != nil || string(b) != "piped" {
		t.Errorf("%q, %v", b, err)
	}
	none(t, os.WriteFile("blank", []byte(" \n"), 0o600))
	for name, want := range map[string]error{"none": folder.ErrNoFile, ".": folder.ErrUnreadable, "good": folder.ErrTooLarge, "blank": folder.ErrEmpty} {
		_, err := folder.ReadFile(name, nil, 9)
		is(t, err, want)
	}

	none(t, folder.CheckFree("-", "", "free", "free2"))
	is(t, folder.CheckFree("free", "./free"), folder.ErrExists)
	is(t, folder.CheckFree("free", "good"), folder.ErrExists)
	is(t, folder.CheckFree("no/where"), folder.ErrUnwritable)
	if left, _ := filepath.Glob("free*"); len(left) > 0 {
		t.Errorf("left behind: %v", left)
	}
}

func TestReadMessage(t *testing.T) {
	text := openid.QRText(openid.QROffer, []byte(`{"a":1}`))
	read := func(text string, kind openid.QRType) (string, error) {
		b, err := folder.ReadMessage("-", strings.NewReader(text), kind)
		return string(b), err
	}
	for _, text := range []string{text + "\n", ` {"a":1} `} {
		if got, err := read(text, openid.QROffer); err != nil || got != `{"a":1}` {
			t.Errorf("%q, %v", got, err)
		}
	}
	_, err := read(text, openid.QRPresentationRequest)
	is(t, err, folder.ErrOtherKind)
	_, err = read(text[:len(text)-1], openid.QROffer)
	is(t, err, folder.ErrQRText)
}

func TestReadTrust(t *testing.T) {
	p := newPlace(t)
	file := filepath.Join(p.Dir, "trust.json")
	print := p.Log.Trust().Fingerprint()
	trust, err := folder.ReadTrust(file, nil, hex.EncodeToString(print[:]))
	if err != nil || trust.Origin != p.Log.Trust().Origin {
		t.Errorf("%v", err)
	}
	if _, err := folder.ReadTrust(file, nil, strings.Repeat("00", 32)); !errors.Is(err, ledger.ErrFingerprint) {
		t.Errorf("another fingerprint: %v", err)
	}
	none(t, os.WriteFile(file, []byte("{}"), 0o600))
	_, err = folder.ReadTrust(file, nil, "44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a")
	is(t, err, folder.ErrMalformed)
}

func TestOffers(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "offers")
	into, err := folder.NewOffers(dir)
	none(t, err)
	into.RemoveEmpty()
	if _, err := os.Stat(dir); err == nil {
		t.Error("an empty folder stays")
	}
	into, err = folder.NewOffers(dir)
	none(t, err)
	none(t, into.Write(7, ".json", []byte("{}")))
	is(t, into.Write(7, ".json", nil), folder.ErrExists)
	into.RemoveEmpty()
	if b, err := os.ReadFile(filepath.Join(dir, "offer-007.json")); err != nil || string(b) != "{}" {
		t.Errorf("%q, %v", b, err)
	}
	_, err = folder.NewOffers(dir)
	is(t, err, folder.ErrExists)
	_, err = folder.NewOffers(filepath.Join(dir, "offer-007.json"))
	is(t, err, folder.ErrUnwritable)
}

func TestFindCard(t *testing.T) {
	p := newPlace(t)
	card, err := folder.FindCard(p.Root.DID)
	if err != nil || card != (folder.Card{DID: p.Root.DID}) {
		t.Errorf("%+v, %v", card, err)
	}
	_, err = folder.FindCard(p.path("none"))
	is(t, err, folder.ErrMissing)
	root, err := folder.NewAgency(t.Context(), p.path("root"), ledgertest.SubjectOf("root"), pass, nil, p.opts)
	none(t, err)
	defer root.Close()
	if _, err := folder.FindCard(p.path("root")); !errors.Is(err, agency.ErrNoDID) {
		t.Errorf("%v", err)
	}
	log, err := root.FoundLedger(t.Context(), p.path("ledger"), "root.example/ledger", sqlitelog.InitOptions{})
	none(t, err)
	none(t, log.Close())
	if card, err = folder.FindCard(p.path("root")); err != nil || card.DID != log.Trust().RootDID || card.Name == "" {
		t.Errorf("%+v, %v", card, err)
	}
	_, err = root.FoundLedger(t.Context(), p.path("ledger"), "root.example/ledger", sqlitelog.InitOptions{})
	is(t, err, folder.ErrExists)
}

func TestJoinLedger(t *testing.T) {
	p := newPlace(t)
	is(t, folder.JoinLedger(p.path("far"), p.Log.Trust(), "ftp://nowhere"), folder.ErrAddress)
	none(t, folder.JoinLedger(p.path("far"), p.Log.Trust(), "http://127.0.0.1:1", "http://127.0.0.1:2"))
	is(t, folder.JoinLedger(p.path("far"), p.Log.Trust(), "http://127.0.0.1:1"), folder.ErrExists)
	none(t, os.WriteFile(p.path("file"), nil, 0o600))
	is(t, folder.JoinLedger(p.path("file/below"), p.Log.Trust(), "http://127.0.0.1:1"), folder.ErrUnwritable)
}

// TestReadLedgerChangesNothing: who writes closes an epoch that is over, who reads does not,
// and who judges without a folder keeps what it saw beside the ledger.
func TestReadLedgerChangesNothing(t *testing.T) {
	p := newPlace(t)
	size := func() (size uint64) {
		t.Helper()
		log, err := folder.ReadLedger(t.Context(), p.Dir, p.opts)
		none(t, err)
		defer log.Close()
		none(t, folder.Resolve(t.Context(), log, p.Dir, p.opts, func(view *ledger.View) error {
			size = view.Head.State.Epoch
			return nil
		}))
		return size
	}
	before := size()
	p.Advance(2 * p.Log.Trust().EpochLength)
	if size() != before {
		t.Error("a reader closed an epoch")
	}
	log, err := folder.OpenLedger(t.Context(), p.Dir, p.opts)
	none(t, err)
	made, err := folder.PublishEpoch(t.Context(), log, p.Dir, p.opts)
	none(t, err)
	none(t, log.Close())
	if now := size(); now == before || made.Epoch != now {
		t.Errorf("epoch %d before, now %d, published %d", before, now, made.Epoch)
	}
	for _, name := range []string{"reader.trust", "public/agencies.bundle", "public/feed/index"} {
		if _, err := os.Stat(filepath.Join(p.Dir, name)); err != nil {
			t.Error(err)
		}
	}
	h := p.home(t, "wallet")
	none(t, h.Read(t.Context(), func(c *ledger.Client) error { return c.AwaitEpoch(t.Context(), made.Epoch, time.Hour) }))
}
