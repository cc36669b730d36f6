package publish_test

import (
	"bytes"
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

// FuzzAgencies: what a server hands out as the list of agencies is under its cap, has one
// spelling and carries no files, or is refused; and none but the true list verifies with
// an agency in it.
func FuzzAgencies(f *testing.F) {
	c := hufutest.New(f, hufutest.Options{})
	list, err := publish.ExportAgencies(f.Context(), c.Log, c.Log.Trust(), c.Now())
	none(f, err)
	truth := list.Bytes()
	f.Add(truth)
	withFile := *list
	withFile.Files = []ledger.BundleFile{{Name: "x", Content: []byte("y")}}
	f.Add(withFile.Bytes())
	f.Add(truth[:len(truth)/2])
	client := c.Client(c.Log)
	f.Fuzz(func(t *testing.T, b []byte) {
		source := &broken{files: map[publish.Name][]byte{publish.AgenciesName(): b}}
		got, err := publish.Agencies(t.Context(), source)
		if err != nil {
			return
		}
		if int64(len(b)) > publish.AgenciesName().Limit() || len(got.Files) > 0 || !bytes.Equal(got.Bytes(), b) {
			t.Fatalf("took %d bytes with %d files", len(b), len(got.Files))
		}
		view, err := client.VerifyBundle(got, ledger.VerifyOptions{})
		if err != nil {
			return
		}
		for _, e := range view.Proof().Entries {
			if value, err := c.Log.Prove(t.Context(), e.Key); err != nil || !bytes.Equal(value.Entries[0].Value, e.Value) {
				t.Fatal("another value verifies")
			}
		}
	})
}

// TestAgenciesAreCapped: a list above its cap is refused before it is read as one, and so
// is a bundle with files, which could carry anything to every wallet.
func TestAgenciesAreCapped(t *testing.T) {
	c := hufutest.New(t, hufutest.Options{})
	list, err := publish.ExportAgencies(t.Context(), c.Log, c.Log.Trust(), c.Now())
	none(t, err)
	withFile := *list
	withFile.Files = []ledger.BundleFile{{Name: "x", Content: []byte("y")}}
	for name, test := range map[string]struct {
		file []byte
		want error
	}{
		"with a file":   {withFile.Bytes(), publish.ErrOther},
		"above its cap": {make([]byte, publish.AgenciesName().Limit()+1), publish.ErrTooLarge},
	} {
		source := &broken{files: map[publish.Name][]byte{publish.AgenciesName(): test.file}}
		if _, err := publish.Agencies(t.Context(), source); !errors.Is(err, test.want) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
