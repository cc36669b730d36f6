package verifier_test

import (
	"errors"
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
	"github.com/hufu-id/hufu/verifier"
)

// TestIssuerFalls: the answer is good, and then something happens to the office
// before the counter decides. Where that is undone, the same answer is accepted.
func TestIssuerFalls(t *testing.T) {
	for _, test := range []struct {
		name   string
		happen func(*hufutest.Country)
		undo   func(*hufutest.Country) // nil where nothing can
		check  verifier.Check
		reason error
	}{
		{"suspended", state(ledger.StateSuspended), state(ledger.StateActive), verifier.CheckAccreditation, ledger.ErrSuspended},
		{"revoked", state(ledger.StateRevoked), state(ledger.StateActive), verifier.CheckAccreditation, ledger.ErrAccreditationRevoked},
		{"ended before it issued", until(ledger.StateEnded, -24*time.Hour), state(ledger.StateActive), verifier.CheckAccreditation, ledger.ErrEnded},
		{"term over before it issued", until(ledger.StateActive, -24*time.Hour), state(ledger.StateActive), verifier.CheckAccreditation, ledger.ErrNotInForce},
		{"deactivated", func(c *hufutest.Country) {
			c.Office.Change(func(d *ledger.DID) { d.Deactivated, d.Next = true, nil })
		}, nil, verifier.CheckIssuer, ledger.ErrDeactivated},
		{"key compromised after it signed", func(c *hufutest.Country) {
			c.Office.Change(func(d *ledger.DID) { d.Keys[0].CompromisedFrom = c.Now().Unix() })
		}, nil, verifier.CheckIssuer, did.ErrKeyCompromised},
	} {
		t.Run(test.name, func(t *testing.T) {
			c := hufutest.New(t, hufutest.Options{})
			citizen, counter := c.Citizen(c.Adult()), c.Counter(c.Policy(nil))
			answer := c.Answer(citizen, counter, hufutest.Claims)
			test.happen(c)
			rejected(t, counter.Verifier, answer, test.check, test.reason)
			asked, _, _ := c.Response(answer)
			failures(t, counter, asked, 1)
			if test.undo != nil {
				test.undo(c)
				accepted(t, counter.Verifier, answer)
			}
		})
	}
}

// TestIssuerCloses: an office that ended in good standing, or whose term is over,
// leaves its credentials valid.
func TestIssuerCloses(t *testing.T) {
	for _, close := range []func(*hufutest.Country){until(ledger.StateEnded, 0), until(ledger.StateActive, 0)} {
		c := hufutest.New(t, hufutest.Options{})
		citizen, counter := c.Citizen(c.Adult()), c.Counter(c.Policy(nil))
		close(c)
		c.Advance(time.Hour)
		c.Heartbeat()
		accepted(t, counter.Verifier, c.Answer(citizen, counter, hufutest.Claims))
	}
}

// until ends the office's accreditation, at a distance from now.
func until(state string, from time.Duration) func(*hufutest.Country) {
	return func(c *hufutest.Country) {
		c.Submit(c.Root, &ledger.Accreditation{
			Agency: c.Office.DID, Action: ledger.ActionIssue, Region: hufutest.Region, Type: hufutest.Type,
			Accreditor: c.Root.DID, State: state, Until: c.Now().Add(from).Unix(), Subject: c.Office.Subject,
		})
	}
}

func state(state string) func(*hufutest.Country) {
	return func(c *hufutest.Country) { c.Accredit(c.Office, ledger.ActionIssue, state) }
}

// TestKeyRetired: a key that ended after it signed still counts for what it
// signed; what the key would sign on the day after does not.
func TestKeyRetired(t *testing.T) {
	c := hufutest.New(t, hufutest.Options{})
	citizen, counter := c.Citizen(c.Adult()), c.Counter(c.Policy(nil))
	old := c.Office.Key
	c.Office.Rotate()
	unchecked(t, counter.Verifier, c.Answer(citizen, counter, hufutest.Claims), verifier.CheckStatus, did.ErrKeyNotValid)
	c.SignList()
	accepted(t, counter.Verifier, c.Answer(citizen, counter, hufutest.Claims))
	rejected(t, counter.Verifier, present(t, c, counter, ask(t, counter), func(s *shown) {
		s.Signer, s.Header.Kid = old, strings.Replace(s.Header.Kid, "#sig-2", "#sig-1", 1)
		s.Claims["iat"] = c.Now().Unix()
	}), verifier.CheckIssuer, did.ErrKeyNotValid)
}

// TestChain: root → bureau → branch, and the bureau falls.
func TestChain(t *testing.T) {
	c := hufutest.New(t, hufutest.Options{})
	bureau, branch := c.NewAgency(), c.NewAgency()
	link := func(state string) *ledger.Accreditation {
		return &ledger.Accreditation{
			Agency: bureau.DID, Action: ledger.ActionAccredit, Region: "110000", Type: hufutest.Type,
			Accreditor: c.Root.DID, State: state, Subject: bureau.Subject,
		}
	}
	c.Submit(c.Root, link(ledger.StateActive))
	c.Submit(bureau, &ledger.Accreditation{
		Agency: branch.DID, Action: ledger.ActionIssue, Region: hufutest.Region, Type: hufutest.Type,
		Accreditor: bureau.DID, Via: link("").Key(), State: ledger.StateActive, Subject: branch.Subject,
	})
	desk := c.OpenDesk(branch, hufutest.Region)
	if err := desk.Publish(t.Context()); err != nil {
		t.Fatal(err)
	}
	citizen, counter := c.Wallet(), c.Counter(c.Policy(nil))
	if _, err := citizen.Receive(t.Context(), c.Respond(citizen, desk, c.Adult())); err != nil {
		t.Fatal(err)
	}
	answer := c.Answer(citizen, counter, hufutest.Claims)
	if got := accepted(t, counter.Verifier, answer).Issuers[0].Name; got == nil || got.Chinese != branch.Subject.Name.Chinese || got.English != branch.Subject.Name.English {
		t.Errorf("issued by %v", got)
	}
	answer = c.Answer(citizen, counter, hufutest.Claims)
	c.Submit(c.Root, link(ledger.StateSuspended))
	rejected(t, counter.Verifier, answer, verifier.CheckAccreditation, ledger.ErrSuspended)
	c.Submit(c.Root, link(ledger.StateActive))
	accepted(t, counter.Verifier, answer)
}

func TestSchema(t *testing.T) {
	c := hufutest.New(t, hufutest.Options{})
	citizen, counter := c.Citizen(c.Adult()), c.Counter(c.Policy(nil))
	other := func(from, to string) *credential.Schema {
		s, err := credential.ParseSchema([]byte(strings.Replace(string(c.Schema.Bytes()), from, to, 1)))
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	t.Run("our file is not the ledger's", func(t *testing.T) {
		v := open(t, c, counter, func(cfg *verifier.Config) {
			cfg.Public = altered{c.Public, func(name publish.Name, _ []byte) ([]byte, error) {
				if name != publish.SchemaName(c.Schema.Hash()) {
					return nil, nil
				}
				return other(`"en": "name"`, `"en": "Name"`).Bytes(), nil
			}}
		})
		unchecked(t, v, c.Answer(citizen, counter, hufutest.Claims), verifier.CheckSchema, provenance.ErrSchema)
	})
	second := other(`"version": 1`, `"version": 2`)
	c.NameSchema(second)
	t.Run("no file of this version", func(t *testing.T) {
		answer := present(t, c, counter, ask(t, counter), func(s *shown) { source(s)["version"] = int64(2) })
		unchecked(t, counter.Verifier, answer, verifier.CheckSchema, provenance.ErrNoSchema)
	})
	third := other(`"id": "test.resident"`, `"id": "test.driver"`)
	third, err := credential.ParseSchema([]byte(strings.Replace(string(third.Bytes()), hufutest.Type, "urn:test:driver:1", 1)))
	if err != nil {
		t.Fatal(err)
	}
	c.PublishSchema(third)
	t.Run("schema of another type", func(t *testing.T) {
		answer := present(t, c, counter, ask(t, counter), func(s *shown) { source(s)["schema"] = third.ID })
		rejected(t, counter.Verifier, answer, verifier.CheckSchema, provenance.ErrSchema)
	})
}

func TestStatus(t *testing.T) {
	setUp := func(t *testing.T) (*hufutest.Country, *hufutest.Holder, *hufutest.Counter, []byte) {
		c := hufutest.New(t, hufutest.Options{})
		citizen, counter := c.Citizen(c.Adult()), c.Counter(c.Policy(nil))
		return c, citizen, counter, c.Answer(citizen, counter, hufutest.Claims)
	}
	t.Run("revoked", func(t *testing.T) {
		c, citizen, counter, answer := setUp(t)
		if err := c.Desk.Revoke(t.Context(), citizen.Code); err != nil {
			t.Fatal(err)
		}
		rejected(t, counter.Verifier, answer, verifier.CheckStatus, status.ErrRevoked)
		asked, _, _ := c.Response(answer)
		failures(t, counter, asked, 1)
	})
	t.Run("list differs from the ledger's", func(t *testing.T) {
		c, citizen, counter, answer := setUp(t)
		before, _ := c.Public.Fetch(t.Context(), c.Desk.StatusURI())
		if err := c.Desk.Revoke(t.Context(), citizen.Code); err != nil {
			t.Fatal(err)
		}
		// Whoever keeps the list of yesterday cannot hide today's revocation.
		_ = c.Public.Publish(t.Context(), c.Desk.StatusURI(), before)
		unchecked(t, counter.Verifier, answer, verifier.CheckStatus, provenance.ErrStatusRoot)
	})
	t.Run("list signed by somebody else", func(t *testing.T) {
		c, _, counter, answer := setUp(t)
		good, _ := c.Public.Fetch(t.Context(), c.Desk.StatusURI())
		_ = c.Public.Publish(t.Context(), c.Desk.StatusURI(), []byte(flipBinding(string(good))))
		unchecked(t, counter.Verifier, answer, verifier.CheckStatus, status.ErrSignature)
		_ = c.Public.Publish(t.Context(), c.Desk.StatusURI(), good)
		accepted(t, counter.Verifier, answer)
	})
	t.Run("list older than the policy takes", func(t *testing.T) {
		c, citizen, counter, _ := setUp(t)
		c.Advance(24*time.Hour + time.Second)
		c.Heartbeat()
		answer := c.Answer(citizen, counter, hufutest.Claims)
		unchecked(t, counter.Verifier, answer, verifier.CheckStatus, status.ErrStale)
		if err := c.Desk.Publish(t.Context()); err != nil {
			t.Fatal(err)
		}
		accepted(t, counter.Verifier, answer)
	})
	t.Run("list expired", func(t *testing.T) {
		c, citizen, counter, _ := setUp(t)
		c.Advance(7 * 24 * time.Hour)
		c.Heartbeat()
		unchecked(t, counter.Verifier, c.Answer(citizen, counter, hufutest.Claims), verifier.CheckStatus, ledger.ErrExpired)
	})
	t.Run("list not to be had", func(t *testing.T) {
		c, _, counter, answer := setUp(t)
		v := open(t, c, counter, func(cfg *verifier.Config) { cfg.Public = altered{c.Public, noList} })
		unchecked(t, v, answer, verifier.CheckStatus, errNoLine)
		asked, _, _ := c.Response(answer)
		failures(t, counter, asked, 0)
		accepted(t, counter.Verifier, answer)
	})
}

var errNoLine = errors.New("no line")

func noList(name publish.Name, _ []byte) ([]byte, error) {
	if strings.HasSuffix(name.String(), ".jwt") {
		return nil, errNoLine
	}
	return nil, nil
}

func TestPolicyNamesIssuers(t *testing.T) {
	c := hufutest.New(t, hufutest.Options{})
	citizen := c.Citizen(c.Adult())
	named := func(dids ...string) func(hufutest.JSON) {
		return func(p hufutest.JSON) {
			onlyClaims(p)
			delete(p, "accreditedBy")
			p["issuers"] = dids
		}
	}
	counter := c.Counter(c.Policy(named(c.Library.DID)))
	answer := c.Answer(citizen, counter, hufutest.Claims)
	rejected(t, counter.Verifier, answer, verifier.CheckPolicy, verifier.ErrIssuerNotNamed)

	counter = c.Counter(c.Policy(named(c.Library.DID, c.Office.DID)))
	answer = c.Answer(citizen, counter, hufutest.Claims)
	accepted(t, counter.Verifier, answer)
}
