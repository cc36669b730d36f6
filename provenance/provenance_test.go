package provenance_test

import (
	"context"
	"errors"
	"io/fs"
	"strings"
	"testing"
	"time"

	"github.com/hufu-id/hufu/credential"
	"github.com/hufu-id/hufu/did"
	"github.com/hufu-id/hufu/hufutest"
	"github.com/hufu-id/hufu/ledger"
	"github.com/hufu-id/hufu/provenance"
	"github.com/hufu-id/hufu/publish"
	"github.com/hufu-id/hufu/status"
)

// verify runs Verify over one fresh view of the country's ledger.
func verify(t *testing.T, c *hufutest.Country, sd *credential.SDJWT, edit func(*call)) (found *provenance.Credential, err error) {
	t.Helper()
	in := &call{c.Public, provenance.Options{Now: c.Now()}}
	edit(in)
	err = c.Client(c.Log).Resolve(t.Context(), func(view *ledger.View) (err error) {
		found, err = provenance.Verify(t.Context(), provenance.Ledger(view), sd, in.public, in.opts)
		return err
	}, ledger.ResolveOptions{})
	return found, err
}

// call holds the arguments that a test changes.
type call struct {
	public publish.Source
	opts   provenance.Options
}

// altered is a source in which some files are others; nil is missing.
type altered struct {
	publish.Source
	files map[publish.Name][]byte
}

func (a altered) Read(ctx context.Context, name publish.Name) ([]byte, error) {
	b, other := a.files[name]
	switch {
	case other && b == nil:
		return nil, publish.ErrNotAtHand
	case other:
		return b, nil
	}
	return a.Source.Read(ctx, name)
}

func asIs(*call) {}

func none(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func TestVerify(t *testing.T) {
	c := hufutest.New(t, hufutest.Options{})
	r := c.Adult()
	found, err := verify(t, c, c.Forge(r, c.Key().Public()).Credential(), asIs)
	none(t, err)
	if found.Issuer != c.Office.DID || found.Region != hufutest.Region || found.Schema.Hash() != c.Schema.Hash() || found.Origin.Key.ID != c.Office.KeyID || found.Claims["name"] != r.Name {
		t.Errorf("got %+v", found)
	}
	if len(found.Origin.Chain) != 1 || found.Origin.Chain[0].Accreditor != c.Root.DID {
		t.Errorf("chain %+v", found.Origin.Chain)
	}
}

// TestSteps spoils one thing at each step; the steps before it pass.
func TestSteps(t *testing.T) {
	c := hufutest.New(t, hufutest.Options{})
	stranger := c.NewAgency()
	office := func(edit func(hufutest.JSON)) func(*hufutest.Forgery) {
		return func(f *hufutest.Forgery) { edit(f.Claims) }
	}
	source := func(edit func(hufutest.JSON)) func(*hufutest.Forgery) {
		return func(f *hufutest.Forgery) { edit(f.Claims["hufu"].(hufutest.JSON)) }
	}
	day := int64(24 * time.Hour / time.Second)
	for _, test := range []struct {
		name      string
		forge     func(*hufutest.Forgery)
		call      func(*call)
		step      provenance.Step
		reason    error
		unchecked bool
	}{
		{"no source", office(func(j hufutest.JSON) { delete(j, "hufu") }), asIs, provenance.StepIssuer, provenance.ErrSource, false},
		{"source is a text", office(func(j hufutest.JSON) { j["hufu"] = "resident" }), asIs, provenance.StepIssuer, provenance.ErrSource, false},
		{"no region", source(func(j hufutest.JSON) { delete(j, "region") }), asIs, provenance.StepIssuer, provenance.ErrSource, false},
		{"no schema", source(func(j hufutest.JSON) { delete(j, "schema") }), asIs, provenance.StepIssuer, provenance.ErrSource, false},
		{"version is a text", source(func(j hufutest.JSON) { j["version"] = "1" }), asIs, provenance.StepIssuer, provenance.ErrSource, false},
		{"version above 31 bits", source(func(j hufutest.JSON) { j["version"] = int64(1)<<32 + 1 }), asIs, provenance.StepIssuer, provenance.ErrSource, false},
		{"no iat", office(func(j hufutest.JSON) { delete(j, "iat") }), asIs, provenance.StepIssuer, provenance.ErrSource, false},
		{"issuer unknown", func(f *hufutest.Forgery) {
			f.Claims["iss"] = "did:hufu:" + strings.Repeat("b", 32)
		}, asIs, provenance.StepIssuer, ledger.ErrAbsent, false},
		{"key of another", func(f *hufutest.Forgery) { f.Header.Kid = stranger.KeyID }, asIs, provenance.StepIssuer, did.ErrNoKey, false},
		{"key not yet in force", office(func(j hufutest.JSON) { j["iat"] = j["iat"].(int64) - 1 }), asIs, provenance.StepIssuer, did.ErrKeyNotValid, false},
		{"not accredited", func(f *hufutest.Forgery) {
			f.Claims["iss"], f.Signer, f.Header.Kid = stranger.DID, stranger.Key, stranger.KeyID
		}, asIs, provenance.StepAccreditation, ledger.ErrNotAccredited, false},
		{"schema absent", source(func(j hufutest.JSON) { j["schema"] = "test.other" }), asIs, provenance.StepSchema, ledger.ErrAbsent, false},
		{"schema file not at hand", office(func(hufutest.JSON) {}), func(in *call) {
			in.public = altered{c.Public, map[publish.Name][]byte{publish.SchemaName(c.Schema.Hash()): nil}}
		}, provenance.StepSchema, provenance.ErrNoSchema, true},
		{"schema file not the ledger's", office(func(hufutest.JSON) {}), func(in *call) {
			in.public = altered{c.Public, map[publish.Name][]byte{publish.SchemaName(c.Schema.Hash()): append(c.Schema.Bytes(), '\n')}}
		}, provenance.StepSchema, provenance.ErrSchema, true},
		{"signed by another", func(f *hufutest.Forgery) { f.Signer = stranger.Key }, asIs, provenance.StepSignature, credential.ErrSignature, false},
		{"expired", office(func(j hufutest.JSON) { j["exp"] = j["iat"] }), asIs, provenance.StepValidity, credential.ErrExpired, false},
		{"not yet valid", office(func(j hufutest.JSON) { j["nbf"] = j["nbf"].(int64) + day }), asIs, provenance.StepValidity, credential.ErrNotYetValid, false},
		{"no end", office(func(j hufutest.JSON) { delete(j, "exp") }), asIs, provenance.StepValidity, provenance.ErrUndated, false},
		{"no beginning", office(func(j hufutest.JSON) { delete(j, "nbf") }), asIs, provenance.StepValidity, provenance.ErrUndated, false},
		{"issued tomorrow", office(func(j hufutest.JSON) { j["iat"] = j["iat"].(int64) + day }), asIs, provenance.StepValidity, credential.ErrIssuedAt, false},
		{"no status", office(func(j hufutest.JSON) { delete(j, "status") }), asIs, provenance.StepStatus, provenance.ErrNoStatus, false},
		{"status list absent", office(func(j hufutest.JSON) { j["status"] = status.Reference{URI: "urn:none"}.Claim() }), asIs, provenance.StepStatus, ledger.ErrAbsent, false},
		{"status list not to be had", office(func(hufutest.JSON) {}), func(in *call) {
			in.public = altered{c.Public, map[publish.Name][]byte{publish.StatusName(c.Desk.StatusURI()): nil}}
		}, provenance.StepStatus, fs.ErrNotExist, true},
		{"status list is no token", office(func(hufutest.JSON) {}), func(in *call) {
			in.public = altered{c.Public, map[publish.Name][]byte{publish.StatusName(c.Desk.StatusURI()): []byte("list")}}
		}, provenance.StepStatus, did.ErrToken, true},
		{"status list too old", office(func(hufutest.JSON) {}), func(in *call) {
			in.opts.Now, in.opts.MaxStatusAge = c.Now().Add(time.Hour), time.Minute
		}, provenance.StepStatus, status.ErrStale, true},
		{"index outside", office(func(j hufutest.JSON) {
			j["status"] = status.Reference{URI: c.Desk.StatusURI(), Index: 1 << 24}.Claim()
		}), asIs, provenance.StepStatus, status.ErrIndex, false},
	} {
		t.Run(test.name, func(t *testing.T) {
			f := c.Forge(c.Adult(), c.Key().Public())
			test.forge(f)
			found, err := verify(t, c, f.Credential(), test.call)
			var failed *provenance.Error
			if found != nil || !errors.As(err, &failed) {
				t.Fatalf("got %v", err)
			}
			if failed.Step != test.step || !errors.Is(err, test.reason) || failed.Unchecked != test.unchecked {
				t.Errorf("got %v (unchecked %v), want %s for: %v", err, failed.Unchecked, test.step, test.reason)
			}
			if test.reason != provenance.ErrSource && (failed.Who != f.Claims["iss"] || failed.Anchor != c.Root.DID) {
				t.Errorf("of %q, held against %q", failed.Who, failed.Anchor)
			}
			if (failed.Deed != nil) != (test.step == provenance.StepAccreditation) {
				t.Errorf("deed %v", failed.Deed)
			}
			if d := failed.Deed; d != nil && (d.Action != ledger.ActionIssue || d.Type != hufutest.Type || d.Region != hufutest.Region) {
				t.Errorf("deed %+v", d)
			}
		})
	}
}

// TestRevoked: the bit in the list, under the root on the ledger.
func TestRevoked(t *testing.T) {
	c := hufutest.New(t, hufutest.Options{})
	h := c.Wallet()
	response := c.Respond(h, c.Desk, c.Adult())
	_, text, _ := strings.Cut(string(response), `"credential":"`)
	text, _, _ = strings.Cut(text, `"`)
	sd, err := credential.Parse([]byte(text), credential.ParseOptions{})
	none(t, err)
	_, err = verify(t, c, sd, asIs)
	none(t, err)
	none(t, c.Desk.Revoke(t.Context(), h.Code))
	_, err = verify(t, c, sd, asIs)
	var failed *provenance.Error
	if !errors.As(err, &failed) || failed.Step != provenance.StepStatus || !errors.Is(err, status.ErrRevoked) {
		t.Errorf("got %v", err)
	}
}

// TestNotProved: a view that does not cover a key is for ledger.Resolve, and
// no failed step.
func TestNotProved(t *testing.T) {
	c := hufutest.New(t, hufutest.Options{})
	proof, err := c.Log.Prove(t.Context())
	none(t, err)
	view, err := ledger.Verify(c.Log.Trust(), proof, ledger.VerifyOptions{Now: c.Now()})
	none(t, err)
	_, err = provenance.Verify(t.Context(), provenance.Ledger(view), c.Forge(c.Adult(), nil).Credential(), c.Public, provenance.Options{Now: c.Now()})
	var missing *ledger.NotProvedError
	var failed *provenance.Error
	if !errors.As(err, &missing) || errors.As(err, &failed) || missing.Keys[0] != ledger.DIDKey(c.Office.DID) {
		t.Errorf("got %v", err)
	}
}

// TestErrorsHoldNoValues: a failed step names no claim's value.
func TestErrorsHoldNoValues(t *testing.T) {
	c := hufutest.New(t, hufutest.Options{})
	r := c.Adult()
	f := c.Forge(r, nil)
	f.Signer = c.Key()
	_, err := verify(t, c, f.Credential(), asIs)
	for _, value := range []string{r.Name, r.Number, r.Birthdate, r.Address} {
		if err == nil || strings.Contains(err.Error(), value) {
			t.Errorf("got %v", err)
		}
	}
}
