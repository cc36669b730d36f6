package hufu_test

import (
	"reflect"
	"testing"
	"time"

	"github.com/hufu-id/hufu/did"
	"github.com/hufu-id/hufu/did/hufu"
	"github.com/hufu-id/hufu/hufutest"
	"github.com/hufu-id/hufu/ledger"
)

// TestDocumentOfAnAgency follows one agency through the changes of its keys on
// a real ledger.
func TestDocumentOfAnAgency(t *testing.T) {
	c := hufutest.New(t, hufutest.Options{})
	r := hufu.NewResolver(c.Client(c.Log))
	resolve := func() *did.Document {
		t.Helper()
		doc, err := r.Resolve(t.Context(), c.Office.DID)
		if err != nil {
			t.Fatal(err)
		}
		return doc
	}
	now := c.Now().Truncate(time.Second)
	doc := resolve()
	if len(doc.Keys) != 1 || doc.Keys[0].ID != c.Office.KeyID || !reflect.DeepEqual(c.Office.Key.Public(), doc.Keys[0].Public) || !doc.Keys[0].ValidAt(now) {
		t.Fatalf("a proof key among the keys, or the signature key not: %+v", doc.Keys)
	}
	// A second key for tomorrow; the first ends then.
	tomorrow := now.Add(24 * time.Hour)
	second := c.PublicKey(c.Key().Public())
	c.Office.Change(func(d *ledger.DID) {
		d.Keys[0].Until = tomorrow.Unix()
		d.Keys = append(d.Keys, ledger.PublicKey{ID: "sig-2", Purpose: ledger.PurposeSignature, Public: second, From: tomorrow.Unix()})
	})
	doc = resolve()
	if len(doc.Keys) != 2 || !doc.Keys[0].ValidAt(now) || doc.Keys[1].ValidAt(now) || doc.Keys[0].ValidAt(tomorrow) || !doc.Keys[1].ValidAt(tomorrow) {
		t.Errorf("rotation: %+v", doc.Keys)
	}
	// Then it turns out that the first key was stolen an hour ago.
	stolen := now.Add(-time.Hour)
	c.Office.Change(func(d *ledger.DID) { d.Keys[0].CompromisedFrom = stolen.Unix() })
	first := resolve().Keys[0]
	if first.ValidAt(stolen) || first.ValidAt(now) || first.ValidAt(stolen.Add(-time.Second)) || !first.CompromisedFrom.Equal(stolen) {
		t.Errorf("compromise: %+v", first)
	}
}
