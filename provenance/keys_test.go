package provenance_test

import (
	"crypto"
	"errors"
	"testing"
	"time"

	"github.com/hufu-id/hufu/did"
	"github.com/hufu-id/hufu/hufutest"
	"github.com/hufu-id/hufu/ledger"
	"github.com/hufu-id/hufu/provenance"
	"github.com/hufu-id/hufu/publish"
	"github.com/hufu-id/hufu/status"
)

// failsAt demands that one step fails for a reason.
func failsAt(t *testing.T, err error, step provenance.Step, reason error, unchecked bool) {
	t.Helper()
	var failed *provenance.Error
	if !errors.As(err, &failed) || failed.Step != step || !errors.Is(err, reason) || failed.Unchecked != unchecked {
		t.Errorf("got %v, want %s for: %v (unchecked %v)", err, step, reason, unchecked)
	}
}

// TestCompromisedKeyVoidsAll: whoever stole a key dates as he likes.
func TestCompromisedKeyVoidsAll(t *testing.T) {
	c := hufutest.New(t, hufutest.Options{})
	honest := c.Forge(c.Adult(), nil).Credential()
	c.Advance(60 * 24 * time.Hour)
	c.Office.MarkCompromised(c.Office.KeyID, c.Now().Add(-time.Hour))
	c.Heartbeat()
	_, err := verify(t, c, honest, asIs)
	failsAt(t, err, provenance.StepIssuer, did.ErrKeyCompromised, false)
}

// list signs a status list for the desk's URI and puts its root on the ledger.
func list(t *testing.T, c *hufutest.Country, keyID string, key crypto.Signer, sequence uint64, l *status.List) {
	t.Helper()
	c.Submit(c.Office, &ledger.Status{URI: c.Desk.StatusURI(), Issuer: c.Office.DID, Sequence: sequence, Root: l.Root()})
	show(t, c, keyID, key, l)
}

// show publishes a signed list and leaves the ledger as it is.
func show(t *testing.T, c *hufutest.Country, keyID string, key crypto.Signer, l *status.List) {
	t.Helper()
	token, err := status.Sign(t.Context(), key, did.Header{Kid: keyID},
		status.Claims{Subject: c.Desk.StatusURI(), IssuedAt: c.Now(), Expires: c.Now().Add(24 * time.Hour), TTL: time.Hour}, l)
	none(t, err)
	none(t, c.Public.Publish(t.Context(), c.Desk.StatusURI(), []byte(token)))
}

// TestRetiredKeySignsNoList: credentials that a key signed before it ended in good
// standing hold, but which of them hold is for a key to say that is in force.
func TestRetiredKeySignsNoList(t *testing.T) {
	c := hufutest.New(t, hufutest.Options{})
	sd := c.Forge(c.Adult(), nil).Credential()
	l, err := status.New(1, 8)
	none(t, err)
	oldID, old := c.Office.KeyID, c.Office.Key
	list(t, c, oldID, old, 100, l)
	_, err = verify(t, c, sd, asIs)
	none(t, err)

	cache := publish.NewCached(c.Public, new(publish.Memory), publish.CacheOptions{Clock: c.Now})
	cached := func(in *call) { in.public = cache }
	_, err = verify(t, c, sd, cached)
	none(t, err)
	c.Office.Rotate()
	_, err = verify(t, c, sd, asIs)
	failsAt(t, err, provenance.StepStatus, did.ErrKeyNotValid, true)
	_, err = verify(t, c, sd, cached)
	failsAt(t, err, provenance.StepStatus, did.ErrKeyNotValid, true)
	show(t, c, c.Office.KeyID, c.Office.Key, l)
	for _, edit := range []func(*call){asIs, cached} {
		_, err = verify(t, c, sd, edit)
		none(t, err)
	}

	none(t, l.Set(0, status.Invalid))
	list(t, c, c.Office.KeyID, c.Office.Key, 101, l)
	_, err = verify(t, c, sd, asIs)
	failsAt(t, err, provenance.StepStatus, status.ErrRevoked, false)
}

// TestSameBytesInAnotherWidth: index 1 is revoked; in entries of two bits the same
// bytes say that it is not.
func TestSameBytesInAnotherWidth(t *testing.T) {
	c := hufutest.New(t, hufutest.Options{})
	f := c.Forge(c.Adult(), nil)
	f.Claims["status"] = status.Reference{URI: c.Desk.StatusURI(), Index: 1}.Claim()
	sd := f.Credential()
	l, err := status.New(1, 8)
	none(t, err)
	none(t, l.Set(1, status.Invalid))
	list(t, c, c.Office.KeyID, c.Office.Key, 100, l)
	_, err = verify(t, c, sd, asIs)
	failsAt(t, err, provenance.StepStatus, status.ErrRevoked, false)

	wide, err := status.New(2, 4)
	none(t, err)
	none(t, wide.Set(0, status.Suspended)) // 0b10
	show(t, c, c.Office.KeyID, c.Office.Key, wide)
	_, err = verify(t, c, sd, asIs)
	failsAt(t, err, provenance.StepStatus, provenance.ErrStatusRoot, true)
}

// TestListsOfTwoIssuers: of two lists of one URI, each answers for its own issuer, also
// where one view has read the other.
func TestListsOfTwoIssuers(t *testing.T) {
	c := hufutest.New(t, hufutest.Options{})
	other := c.NewAgency()
	c.Submit(c.Root, &ledger.Accreditation{
		Agency: other.DID, Action: ledger.ActionIssue, Region: hufutest.Region, Type: hufutest.Type, Accreditor: c.Root.DID,
		State: ledger.StateActive, Subject: other.Subject,
	})
	l, err := status.New(1, 8)
	none(t, err)
	list(t, c, c.Office.KeyID, c.Office.Key, 100, l)
	none(t, l.Set(0, status.Invalid))
	c.Submit(other, &ledger.Status{URI: c.Desk.StatusURI(), Issuer: other.DID, Sequence: 1, Root: l.Root()})
	c.Heartbeat()
	forged := c.Forge(c.Adult(), nil)
	mine := forged.Credential()
	forged.Claims["iss"], forged.Signer, forged.Header.Kid = other.DID, other.Key, other.KeyID
	theirs := forged.Credential()
	none(t, c.Client(c.Log).Resolve(t.Context(), func(view *ledger.View) error {
		source, opts := provenance.Ledger(view), provenance.Options{Now: c.Now()}
		if _, err := provenance.Verify(t.Context(), source, mine, c.Public, opts); err != nil {
			return err
		}
		_, err := provenance.Verify(t.Context(), source, theirs, c.Public, opts)
		var more *ledger.NotProvedError
		if errors.As(err, &more) {
			return err
		}
		failsAt(t, err, provenance.StepStatus, provenance.ErrStatusList, true)
		return nil
	}, ledger.ResolveOptions{Reuse: time.Minute}))
}
