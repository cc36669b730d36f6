package publish_test

import (
	"errors"
	"testing"

	"github.com/hufu-id/hufu/hufutest"
	"github.com/hufu-id/hufu/ledger"
	"github.com/hufu-id/hufu/publish"
)

// TestAgencies: the list proves every agency under one checkpoint, is replaced, and goes
// into no bundle, which has its values itself.
func TestAgencies(t *testing.T) {
	c := hufutest.New(t, hufutest.Options{})
	folder := publish.Folder(t.TempDir())
	if _, err := publish.Agencies(t.Context(), folder); !errors.Is(err, publish.ErrNotAtHand) {
		t.Errorf("no list: %v", err)
	}
	for range 2 {
		list, err := publish.ExportAgencies(t.Context(), c.Log, c.Log.Trust(), c.Now())
		none(t, err)
		none(t, folder.PublishAgencies(t.Context(), list))
		c.NewAgency()
	}
	list, err := publish.Agencies(t.Context(), folder)
	none(t, err)
	view, err := c.Client(c.Log).VerifyBundle(list, ledger.VerifyOptions{})
	none(t, err)
	for _, agency := range []*hufutest.Agency{c.Root, c.Office, c.Library} {
		if _, err := view.DID(agency.DID); err != nil {
			t.Error(err)
		}
	}
	_, err = view.Accredited(c.Library.DID, hufutest.Type, ledger.ActionVerify, hufutest.Region, c.Now())
	none(t, err)
	t.Logf("%d bytes, %d entries", len(list.Bytes()), len(view.Proof().Entries))
	if files, err := folder.BundleFiles(t.Context()); err != nil || len(files) != 0 {
		t.Errorf("a bundle takes along %d files: %v", len(files), err)
	}
	if err := folder.Write(t.Context(), publish.AgenciesName(), []byte("x")); !errors.Is(err, publish.ErrOther) {
		t.Errorf("no bundle: %v", err)
	}
}
