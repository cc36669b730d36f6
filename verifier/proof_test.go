package verifier_test

import (
	"context"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/hufu-id/hufu/credential"
	"github.com/hufu-id/hufu/hufutest"
	"github.com/hufu-id/hufu/internal/long"
	"github.com/hufu-id/hufu/ledger"
	"github.com/hufu-id/hufu/openid"
	"github.com/hufu-id/hufu/publish"
	"github.com/hufu-id/hufu/verifier"
	"github.com/hufu-id/hufu/wallet"
	"github.com/hufu-id/hufu/zkp"
	"github.com/hufu-id/hufu/zkp/prover"
)

// proving is a country with real proofs and one adult citizen in its first
// epoch.
func proving(t testing.TB) (*hufutest.Country, *hufutest.Holder) {
	t.Helper()
	long.NotShort(t, "proves in zero knowledge")
	c := hufutest.New(t, hufutest.Options{})
	c.UseProver()
	citizen := c.Citizen(c.Adult())
	c.NextEpoch()
	return c, citizen
}

// spoil changes the bytes of a proof.
func spoil(t *testing.T, c *hufutest.Country, answer []byte, edit func([]byte)) []byte {
	t.Helper()
	state, query, text := c.Response(answer)
	b, err := base64.RawURLEncoding.DecodeString(text)
	if err != nil {
		t.Fatal(err)
	}
	edit(b)
	return c.NewResponse(state, query, base64.RawURLEncoding.EncodeToString(b))
}

// shorten leaves the last byte of a proof away.
func shorten(t *testing.T, c *hufutest.Country, answer []byte) []byte {
	t.Helper()
	state, query, text := c.Response(answer)
	b, err := base64.RawURLEncoding.DecodeString(text)
	if err != nil {
		t.Fatal(err)
	}
	return c.NewResponse(state, query, base64.RawURLEncoding.EncodeToString(b[:len(b)-1]))
}

// Offsets in an encoded presentation.
const (
	atEpoch     = 2
	atCom       = 10
	atPseudonym = 42
	atPrepare   = 74
	atShow      = atPrepare + zkp.ProofSize
)

// TestProofBytes spoils one field of a good proof.
func TestProofBytes(t *testing.T) {
	c, citizen := proving(t)
	counter := c.Counter(c.Policy(nil))
	good := c.Answer(citizen, counter, hufutest.Proof)
	state, _, text := c.Response(good)
	_, _, otherText := c.Response(c.Answer(citizen, counter, hufutest.Proof))
	other, err := base64.RawURLEncoding.DecodeString(otherText)
	if err != nil {
		t.Fatal(err)
	}
	from := func(at, n int) func([]byte) { return func(b []byte) { copy(b[at:at+n], other[at:at+n]) } }
	epoch := func(by int64) func([]byte) {
		return func(b []byte) {
			n := binary.BigEndian.Uint64(b[atEpoch:])
			binary.BigEndian.PutUint64(b[atEpoch:], uint64(int64(n)+by))
		}
	}
	for _, test := range []struct {
		name   string
		answer []byte
		check  verifier.Check
		reason error
	}{
		{"padded base64", c.NewResponse(state, hufutest.Proof, text+"="), verifier.CheckForm, openid.ErrResponse},
		{"a line break inside", c.NewResponse(state, hufutest.Proof, text[:8]+"\n"+text[8:]), verifier.CheckForm, openid.ErrResponse},
		{"a text of no whole bytes", c.NewResponse(state, hufutest.Proof, text[:len(text)-3]), verifier.CheckForm, openid.ErrResponse},
		{"one byte short", shorten(t, c, good), verifier.CheckForm, zkp.ErrForm},
		{"an SD-JWT instead", c.NewResponse(state, hufutest.Proof, "e30~"), verifier.CheckForm, openid.ErrResponse},
		{"unknown version", spoil(t, c, good, func(b []byte) { b[0] = 2 }), verifier.CheckForm, zkp.ErrForm},
		{"the suite before", spoil(t, c, good, func(b []byte) { b[1] = 1 }), verifier.CheckForm, zkp.ErrForm},
		{"unknown suite", spoil(t, c, good, func(b []byte) { b[1] = 3 }), verifier.CheckForm, zkp.ErrForm},
		{"epoch never closed", spoil(t, c, good, epoch(-1)), verifier.CheckEpoch, ledger.ErrAbsent},
		{"another commitment", spoil(t, c, good, from(atCom, 32)), verifier.CheckPrepare, zkp.ErrPrepare},
		{"one bit of the commitment", spoil(t, c, good, func(b []byte) { b[atCom+31] ^= 1 }), verifier.CheckPrepare, zkp.ErrPrepare},
		{"another prepare proof", spoil(t, c, good, from(atPrepare, zkp.ProofSize)), verifier.CheckPrepare, zkp.ErrPrepare},
		{"another pseudonym", spoil(t, c, good, from(atPseudonym, 32)), verifier.CheckStatement, zkp.ErrShow},
		{"one bit of the pseudonym", spoil(t, c, good, func(b []byte) { b[atPseudonym+31] ^= 1 }), verifier.CheckStatement, zkp.ErrShow},
		{"another show proof", spoil(t, c, good, from(atShow, zkp.ProofSize)), verifier.CheckStatement, zkp.ErrShow},
		{"both proofs of another answer", spoil(t, c, good, func(b []byte) { copy(b, other) }), verifier.CheckStatement, zkp.ErrShow},
	} {
		t.Run(test.name, func(t *testing.T) {
			before := countOf(t, counter, state)
			rejected(t, counter.Verifier, test.answer, test.check, test.reason)
			failures(t, counter, state, before+1)
		})
	}
	unchecked(t, counter.Verifier, spoil(t, c, good, epoch(+1)), verifier.CheckEpoch, verifier.ErrEpochAhead)
	accepted(t, counter.Verifier, good)
	rejected(t, counter.Verifier, respelt(good), verifier.CheckReplay, verifier.ErrReplayed)
}

// crooked proves something else than what its wallet asks of it.
type crooked struct {
	*prover.Prover
	show    func(*zkp.Request)
	prepare func(*zkp.PrepareWitness) (*zkp.PrepareWitness, error)
	kept    *zkp.Prepared // an honest one, made once, because it takes long
}

func (p *crooked) Show(ctx context.Context, a *zkp.Answer) ([]*zkp.Presentation, error) {
	if p.show == nil {
		return p.Prover.Show(ctx, a)
	}
	request := *a.Request
	p.show(&request)
	other, err := zkp.NewAnswer(&request, a.Epoch, a.Parts[0].Holding)
	if err != nil {
		return nil, err
	}
	return p.Prover.Show(ctx, other)
}

func (p *crooked) Prepare(ctx context.Context, w *zkp.PrepareWitness) (*zkp.Prepared, error) {
	if p.prepare == nil {
		var err error
		if p.kept == nil {
			p.kept, err = p.Prover.Prepare(ctx, w)
		}
		return p.kept, err
	}
	other, err := p.prepare(w)
	if err != nil {
		return nil, err
	}
	return p.Prover.Prepare(ctx, other)
}

// crookedCitizen has a wallet with a crooked prover.
func crookedCitizen(t *testing.T) (*hufutest.Country, *hufutest.Holder, *crooked) {
	t.Helper()
	long.NotShort(t, "proves in zero knowledge")
	c := hufutest.New(t, hufutest.Options{})
	p := &crooked{Prover: c.UseProver()}
	c.UseSketch(p)
	citizen := c.Citizen(c.Adult())
	c.NextEpoch()
	return c, citizen, p
}

// TestProofOfAnotherRequest: each part of the request is bound by itself.
func TestProofOfAnotherRequest(t *testing.T) {
	c, citizen, p := crookedCitizen(t)
	counter := c.Counter(c.Policy(func(policy hufutest.JSON) {
		policy["scope"] = hufutest.JSON{"kind": "pairwise"}
		onlyProof(policy)
	}))
	for _, test := range []struct {
		name string
		edit func(*zkp.Request)
	}{
		{"nonce", func(r *zkp.Request) { r.Nonce = strings.Repeat("A", len(r.Nonce)) }},
		{"audience", func(r *zkp.Request) { r.Audience = "decentralized_identifier:" + c.Office.DID }},
		{"query", func(r *zkp.Request) { r.Query[0] ^= 1 }},
		{"expiry", func(r *zkp.Request) { r.Expiry = r.Expiry.Add(time.Second) }},
		{"fewer predicates", func(r *zkp.Request) { s := statementOf(r); *s, _ = zkp.All(s.Predicates[0]) }},
		{"any instead of all", func(r *zkp.Request) { s := statementOf(r); *s, _ = zkp.Any(s.Predicates[:2]...) }},
		{"a lower age", func(r *zkp.Request) { statementOf(r).Predicates[0].High++ }},
		{"no scope", func(r *zkp.Request) { r.Scope = zkp.Scope{} }},
		{"scope of another counter", func(r *zkp.Request) { r.Scope.Owner = c.Office.DID }},
		{"once instead of pairwise", func(r *zkp.Request) { r.Scope = zkp.Scope{Kind: zkp.ScopeOnce, Owner: r.Scope.Owner, ID: "x"} }},
	} {
		t.Run(test.name, func(t *testing.T) {
			_, ask := c.Ask(citizen, counter)
			p.show = test.edit
			bad := c.Present(citizen, ask, hufutest.Proof)
			p.show = nil
			rejected(t, counter.Verifier, bad, verifier.CheckStatement, zkp.ErrShow)
			state, _, _ := c.Response(bad)
			failures(t, counter, state, 1)
			accepted(t, counter.Verifier, c.Present(citizen, ask, hufutest.Proof))
		})
	}
}

func statementOf(r *zkp.Request) *zkp.Statement { return &r.Questions[0].Statements[0] }

// onlyProof leaves the query for disclosed claims out.
func onlyProof(policy hufutest.JSON) {
	dcql := policy["dcql"].(hufutest.JSON)
	dcql["credentials"] = dcql["credentials"].([]any)[:1]
	delete(dcql, "credential_sets")
}

// onlyClaims leaves out the proof.
func onlyClaims(policy hufutest.JSON) {
	dcql := policy["dcql"].(hufutest.JSON)
	dcql["credentials"] = dcql["credentials"].([]any)[1:]
	delete(dcql, "credential_sets")
}

// TestProofOfAnotherEpoch: trees of the holder's own making prove nothing.
func TestProofOfAnotherEpoch(t *testing.T) {
	c, citizen, p := crookedCitizen(t)
	counter := c.Counter(c.Policy(nil))
	for _, test := range []struct {
		name string
		edit func(w *zkp.PrepareWitness) (*zkp.PrepareWitness, error)
	}{
		{"registry with one issuer more", func(w *zkp.PrepareWitness) (*zkp.PrepareWitness, error) {
			leaf := w.Entry.Leaf()
			leaves := [][32]byte{{31: 1}, leaf.Bytes()} // sorted
			registry, err := zkp.NewRegistry(leaves)
			if err != nil {
				return nil, err
			}
			return another(w, registry, nil, w.Epoch.Day)
		}},
		{"revocations with somebody else's", func(w *zkp.PrepareWitness) (*zkp.PrepareWitness, error) {
			revocation, err := zkp.NewRevocation([][zkp.HandleSize]byte{{1}})
			if err != nil {
				return nil, err
			}
			return another(w, nil, revocation, w.Epoch.Day)
		}},
		{"another day", func(w *zkp.PrepareWitness) (*zkp.PrepareWitness, error) {
			return another(w, nil, nil, w.Epoch.Day+1)
		}},
	} {
		t.Run(test.name, func(t *testing.T) {
			p.prepare = func(w *zkp.PrepareWitness) (*zkp.PrepareWitness, error) {
				other, err := test.edit(w)
				if err != nil {
					t.Fatal(err)
				}
				return other, nil
			}
			_, ask := c.Ask(citizen, counter)
			bad := c.Present(citizen, ask, hufutest.Proof)
			p.prepare = nil
			rejected(t, counter.Verifier, bad, verifier.CheckPrepare, zkp.ErrPrepare)
			accepted(t, counter.Verifier, c.Present(citizen, ask, hufutest.Proof))
		})
	}
}

// another puts the credential into other trees, or another day.
func another(w *zkp.PrepareWitness, registry *zkp.Registry, revocation *zkp.Revocation, day zkp.Day) (*zkp.PrepareWitness, error) {
	out := *w
	out.Epoch.Day = day
	var err error
	if registry != nil {
		out.Epoch.Registry = registry.Root()
		if out.EntryPath, err = registry.Path(w.Entry); err != nil {
			return nil, err
		}
	}
	if revocation != nil {
		out.Epoch.Revocation = revocation.Root()
		if out.Gap, err = revocation.Gap(w.Credential.Endorsement.Handle()); err != nil {
			return nil, err
		}
	}
	return &out, nil
}

// TestProofOfAnotherType: a resident's proof at a counter that asks for
// drivers.
func TestProofOfAnotherType(t *testing.T) {
	c, citizen := proving(t)
	driver, err := credential.ParseSchema([]byte(strings.NewReplacer(
		c.Schema.ID, "test.driver", hufutest.Type, "urn:test:driver:1").Replace(string(c.Schema.Bytes()))))
	if err != nil {
		t.Fatal(err)
	}
	c.PublishSchema(driver)
	counter := c.Counter(c.Policy(nil))
	drivers := c.Policy(func(p hufutest.JSON) {
		onlyProof(p)
		proofQuery(p)["meta"] = hufutest.JSON{"vct_values": []string{driver.VCT}}
	})
	v := open(t, c, counter, func(cfg *verifier.Config) {
		cfg.Policies[0] = drivers
	})
	_, _, text := c.Response(c.Answer(citizen, counter, hufutest.Proof))
	request, err := v.NewRequest(t.Context(), verifier.RequestOptions{})
	if err != nil {
		t.Fatal(err)
	}
	answer := c.NewResponse(c.Request(request.Object).State, hufutest.Proof, text)
	rejected(t, v, answer, verifier.CheckPrepare, zkp.ErrPrepare)
}

func TestProofAges(t *testing.T) {
	c, citizen := proving(t)
	counter := c.Counter(c.Policy(nil))
	early := c.Answer(citizen, counter, hufutest.Proof)
	_, _, text := c.Response(early)
	accepted(t, counter.Verifier, early)
	for range 2 {
		c.NextEpoch()
	}
	// Two hours and five minutes after its epoch closed.
	state := c.Request(ask(t, counter)).State
	rejected(t, counter.Verifier, c.NewResponse(state, hufutest.Proof, text), verifier.CheckEpoch, verifier.ErrEpochTooOld)
	failures(t, counter, state, 1)
	accepted(t, counter.Verifier, c.Answer(citizen, counter, hufutest.Proof))
}

func TestProofKeys(t *testing.T) {
	c, citizen := proving(t)
	counter := c.Counter(c.Policy(nil))
	answer := c.Answer(citizen, counter, hufutest.Proof)
	state, _, _ := c.Response(answer)
	for _, test := range []struct {
		name   string
		edit   func(*verifier.Config)
		check  verifier.Check
		reason error
	}{
		{"none at hand", func(cfg *verifier.Config) {
			cfg.Public = altered{c.Public, keys(func(zkp.Circuit) ([]byte, error) { return nil, publish.ErrNotAtHand })}
		}, verifier.CheckPrepare, publish.ErrKeyNotAtHand},
		{"one at hand", func(cfg *verifier.Config) {
			cfg.Public = altered{c.Public, keys(func(circuit zkp.Circuit) ([]byte, error) {
				if circuit == zkp.CircuitPrepare {
					return nil, nil
				}
				return nil, publish.ErrNotAtHand
			})}
		}, verifier.CheckPrepare, publish.ErrKeyNotAtHand},
		{"not the ledger's", func(cfg *verifier.Config) {
			cfg.Public = altered{c.Public, keys(func(zkp.Circuit) ([]byte, error) { return []byte("key"), nil })}
		}, verifier.CheckPrepare, publish.ErrOther},
		{"source down", func(cfg *verifier.Config) {
			cfg.Public = altered{c.Public, keys(func(zkp.Circuit) ([]byte, error) { return nil, errNoLine })}
		}, verifier.CheckPrepare, errNoLine},
		{"no schema file", func(cfg *verifier.Config) { cfg.Public = new(publish.Memory) }, verifier.CheckSchema, verifier.ErrConfig},
		{"made by one machine", func(cfg *verifier.Config) { cfg.AllowSinglePartySetupUnsafe = false }, verifier.CheckPrepare, zkp.ErrSinglePartySetup},
		{"made by one machine, says the ledger, before any key is read", func(cfg *verifier.Config) {
			cfg.AllowSinglePartySetupUnsafe = false
			cfg.Public = altered{c.Public, keys(func(zkp.Circuit) ([]byte, error) { return nil, publish.ErrNotAtHand })}
		}, verifier.CheckPrepare, zkp.ErrSinglePartySetup},
		{"schema file not the ledger's", func(cfg *verifier.Config) {
			cfg.Public = altered{c.Public, func(_ publish.Name, b []byte) ([]byte, error) { return append(b, ' '), nil }}
		}, verifier.CheckSchema, publish.ErrOther},
	} {
		t.Run(test.name, func(t *testing.T) {
			v := open(t, c, counter, test.edit)
			_, err := v.Verify(t.Context(), answer)
			var u *verifier.Unchecked
			if !errors.As(err, &u) || u.Check != test.check || test.reason != nil && !errors.Is(err, test.reason) {
				t.Errorf("got %v", err)
			}
			failures(t, counter, state, 0)
		})
	}
	t.Run("retired", func(t *testing.T) {
		b, err := c.Log.Get(t.Context(), ledger.VKKey(string(zkp.CircuitShow)))
		if err != nil {
			t.Fatal(err)
		}
		key, err := ledger.ParseVK(b)
		if err != nil {
			t.Fatal(err)
		}
		before := answer
		key.State = ledger.VKRetired
		c.Submit(c.Root, key)
		unchecked(t, counter.Verifier, before, verifier.CheckPrepare, ledger.ErrRetired)
	})
}

var _ wallet.Prover = (*crooked)(nil)
