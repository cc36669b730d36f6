package issuer_test

import (
	"sync"
	"testing"
	"time"

	"github.com/hufu-id/hufu/hufutest"
	"github.com/hufu-id/hufu/ledger"
	"github.com/hufu-id/hufu/status"
	"github.com/hufu-id/hufu/wallet/issuer"
)

// published returns the list as it is public and as the ledger names it.
func published(t *testing.T, c *hufutest.Country, desk *issuer.Desk, agency *hufutest.Agency) (*status.Verified, *ledger.Status) {
	t.Helper()
	raw, err := c.Public.Fetch(t.Context(), desk.StatusURI())
	none(t, err)
	token, err := status.Parse(raw, status.ParseOptions{})
	none(t, err)
	list, err := token.Verify(agency.Key.Public(), desk.StatusURI(), status.VerifyOptions{Now: c.Now()})
	none(t, err)
	b, err := c.Log.Get(t.Context(), ledger.StatusKey(c.Office.DID, desk.StatusURI()))
	none(t, err)
	object, err := ledger.ParseStatus(b)
	none(t, err)
	return list, object
}

func TestStatusListIsTheLedgers(t *testing.T) {
	c := hufutest.New(t, hufutest.Options{})
	citizen := c.Citizen(c.Adult())
	check := func(sequence uint64, revoked int) {
		t.Helper()
		list, object := published(t, c, c.Desk, c.Office)
		if list.List.Root() != object.Root || object.Issuer != c.Office.DID || object.Sequence != sequence {
			t.Error("the public list is not the ledger's")
		}
		if !list.Expires.Equal(c.Now().Add(7*24*time.Hour).Truncate(time.Second)) || object.ValidUntil != list.Expires.Unix() {
			t.Errorf("list until %v, ledger until %v", list.Expires, object.ValidUntil)
		}
		n := 0
		for i := range list.List.Size() {
			if s, err := list.Status(i); err != nil || s == status.Invalid {
				n++
			}
		}
		if n != revoked {
			t.Errorf("%d revoked, want %d", n, revoked)
		}
	}
	check(1, 0)
	none(t, c.Desk.Publish(t.Context()))
	check(2, 0)
	none(t, c.Desk.Revoke(t.Context(), citizen.Code))
	check(3, 1)
	c.NextEpoch()
	epoch := c.Log.Trust().EpochAt(c.Now()) - 1
	if handles, err := c.Log.Revoked(t.Context(), epoch); err != nil || len(handles) != 1 {
		t.Errorf("%d handles revoked, %v", len(handles), err)
	}
}

func TestRevokeRefuses(t *testing.T) {
	o := newOffice(t)
	offer := o.c.Issue(o.Desk, o.c.Adult())
	is(t, o.Revoke(t.Context(), "no such code"), issuer.ErrCode)
	is(t, o.Revoke(t.Context(), offer.Code), issuer.ErrNotIssued)
	_, err := o.Answer(t.Context(), o.apply(t, offer, asIs))
	none(t, err)
	none(t, o.Revoke(t.Context(), offer.Code))
	is(t, o.Revoke(t.Context(), offer.Code), issuer.ErrRevoked)
	t.Run("and the person cannot come again with the same offer", func(t *testing.T) {
		_, err := o.Answer(t.Context(), o.apply(t, offer, asIs))
		is(t, err, issuer.ErrCodeUsed)
	})
}

// TestRevokeOffline: a revocation that did not reach the ledger is not noted as
// done, and can be done again.
func TestRevokeOffline(t *testing.T) {
	o := newOffice(t)
	offer := o.c.Issue(o.Desk, o.c.Adult())
	_, err := o.Answer(t.Context(), o.apply(t, offer, asIs))
	none(t, err)
	o.offline = true
	is(t, o.Revoke(t.Context(), offer.Code), errOffline)
	o.offline = false
	none(t, o.Revoke(t.Context(), offer.Code))
}

// TestTakesTurns: a desk behind a web server answers, revokes and refreshes its list
// at the same time, and each of them finds the list as the one before left it.
func TestTakesTurns(t *testing.T) {
	o := newOffice(t)
	offer := o.c.Issue(o.Desk, o.c.Adult())
	_, err := o.Answer(t.Context(), o.apply(t, offer, asIs))
	none(t, err)
	other := o.apply(t, o.c.Issue(o.Desk, o.c.OtherAdult()), asIs)
	var group sync.WaitGroup
	at := func(do func() error) {
		group.Go(func() {
			if err := do(); err != nil {
				t.Error(err)
			}
		})
	}
	for range 4 {
		at(func() error { return o.Publish(t.Context()) })
	}
	at(func() error { return o.Revoke(t.Context(), offer.Code) })
	at(func() error { _, err := o.Answer(t.Context(), other); return err })
	group.Wait()
}
