package wallet_test

import (
	"context"
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/hufu-id/hufu/credential"
	"github.com/hufu-id/hufu/hufutest"
	"github.com/hufu-id/hufu/openid"
	"github.com/hufu-id/hufu/predicate"
	"github.com/hufu-id/hufu/publish"
	"github.com/hufu-id/hufu/vault"
	"github.com/hufu-id/hufu/verifier"
	"github.com/hufu-id/hufu/wallet"
	"github.com/hufu-id/hufu/zkp"
)

func TestPresentNeedsConsent(t *testing.T) {
	c, citizen, s := sketched(t)
	_, ask := c.Ask(citizen, c.Counter(c.Policy(nil)))
	for name, try := range map[string]func() (*wallet.Presented, error){
		"no ask": func() (*wallet.Presented, error) { return citizen.Present(t.Context(), nil, wallet.Consent{}) },
		"an ask by hand": func() (*wallet.Presented, error) {
			return citizen.Present(t.Context(), &wallet.Request{Choices: ask.Choices}, wallet.Consent{})
		},
		"choice -1": func() (*wallet.Presented, error) {
			return citizen.Present(t.Context(), ask, wallet.Consent{Choice: -1})
		},
		"choice 2 of 2": func() (*wallet.Presented, error) { return citizen.Present(t.Context(), ask, wallet.Consent{Choice: 2}) },
	} {
		if p, err := try(); p != nil || !errors.Is(err, wallet.ErrConsent) {
			t.Errorf("%s: got %v", name, err)
		}
	}
	c.Advance(10 * time.Minute)
	_, err := citizen.Present(t.Context(), ask, wallet.Consent{})
	is(t, err, wallet.ErrRequest)
	if s.prepared+s.shown != 0 || len(records(t, citizen, "history")) != 0 {
		t.Error("something happened without consent")
	}
}

func TestHistory(t *testing.T) {
	c, citizen, _ := sketched(t)
	counter := c.Counter(c.Policy(nil))
	var responses [][]byte
	for _, query := range []string{hufutest.Claims, hufutest.Proof} {
		responses = append(responses, c.Answer(citizen, counter, query))
		c.Advance(time.Second)
	}
	history, err := citizen.History(t.Context())
	if err != nil || len(history) != 2 {
		t.Fatalf("%d entries, %v", len(history), err)
	}
	first, second := history[0], history[1]
	if first.Name != c.Library.Subject.Name || second.Name != first.Name || len(second.ProvedChinese) != 2 {
		t.Errorf("to whom, and in Chinese: %+v, %+v", first, second)
	}
	if first.Requester != c.Library.DID || first.Purpose != "library-card" || first.Format != openid.FormatSDJWT ||
		strings.Join(first.Revealed, " ") != "birthdate district" || len(first.Proved) != 0 {
		t.Errorf("claims: %+v", first)
	}
	if second.Format != openid.FormatSDJWTZK || len(second.Revealed) != 0 || len(second.Proved) != 2 || !second.At.After(first.At) {
		t.Errorf("proof: %+v", second)
	}
	r := c.Adult()
	for _, value := range []string{r.Name, r.Number, r.Birthdate, r.Address} {
		if storeContains(t, citizen, []string{"history"}, []byte(value)) {
			t.Error("the history holds a claim's value")
		}
	}
	for _, response := range responses {
		_, _, text := c.Response(response)
		if storeContains(t, citizen, []string{"history"}, []byte(text)) {
			t.Error("the history holds what was presented")
		}
	}
}

// TestHistoryFirst: what cannot be written down does not leave.
func TestHistoryFirst(t *testing.T) {
	c, citizen, s := sketched(t)
	_, ask := c.Ask(citizen, c.Counter(c.Policy(nil)))
	cfg := reading(c, citizen, s, c.Log)
	cfg.Store = forgetful{citizen.Store}
	w, err := wallet.New(cfg)
	none(t, err)
	for choice := range ask.Choices {
		p, err := w.Present(t.Context(), ask, wallet.Consent{Choice: choice})
		if p != nil || !errors.Is(err, errForgetful) {
			t.Errorf("choice %d: got %v", choice, err)
		}
	}
}

var errForgetful = errors.New("no room for history")

// forgetful is a store that keeps everything but history.
type forgetful struct{ vault.Store }

func (s forgetful) Update(ctx context.Context, fn func(vault.Tx) error) error {
	return s.Store.Update(ctx, func(tx vault.Tx) error { return fn(forgetfulTx{tx}) })
}

type forgetfulTx struct{ vault.Tx }

func (tx forgetfulTx) Put(kind, id string, value []byte, tags ...vault.Tag) error {
	if kind == "history" {
		return errForgetful
	}
	return tx.Tx.Put(kind, id, value, tags...)
}

// endorsementOf is the endorsement in a wallet, as the claim's value and as its
// disclosure.
func endorsementOf(t *testing.T, h *hufutest.Holder) (value, disclosure string) {
	t.Helper()
	var stored struct{ Text string }
	none(t, json.Unmarshal(records(t, h, "credential")[0].Value, &stored))
	sd, err := credential.Parse([]byte(stored.Text), credential.ParseOptions{})
	none(t, err)
	value, ok := sd.UnverifiedClaims()[zkp.ClaimName].(string)
	if !ok {
		t.Fatal("no endorsement")
	}
	for i, path := range sd.Disclosable() {
		if path.String() == (credential.Path{zkp.ClaimName}).String() {
			disclosure = strings.Split(stored.Text, "~")[1+i]
		}
	}
	return value, disclosure
}

func TestTheEndorsementStays(t *testing.T) {
	c, citizen, _ := sketched(t)
	value, disclosure := endorsementOf(t, citizen)
	counter := c.Counter(c.Policy(nil))
	for _, query := range []string{hufutest.Claims, hufutest.Proof} {
		answer := string(c.Answer(citizen, counter, query))
		if strings.Contains(answer, value) || strings.Contains(answer, disclosure) {
			t.Errorf("%s discloses the endorsement", query)
		}
	}
	// And not on demand either: neither the endorsement nor the binding day is for
	// showing, and no label would tell the citizen of them.
	for _, name := range []string{zkp.ClaimName, predicate.ClaimBinding} {
		object, err := c.Counter(c.Policy(func(p hufutest.JSON) { asks(p, name) })).NewRequest(t.Context(), verifier.RequestOptions{})
		none(t, err)
		_, err = citizen.ResolveRequest(t.Context(), object.Object)
		if !errors.Is(err, wallet.ErrNothingMatches) {
			t.Errorf("asked for %s: got %v", name, err)
		}
	}
}

// TestHeldWithoutPublicFiles: what a wallet holds it lists and shows though no public
// file is at hand; the schema file lies beside the credential since its receipt.
func TestHeldWithoutPublicFiles(t *testing.T) {
	c := hufutest.New(t, hufutest.Options{})
	citizen, counter := c.Citizen(c.Adult()), c.Counter(c.Policy(nil))
	cfg := c.WalletConfig(citizen)
	cfg.Public = new(publish.Memory)
	w, err := wallet.New(cfg)
	none(t, err)
	if list := held(t, w); len(list) != 1 || list[0].Schema.Hash() != c.Schema.Hash() {
		t.Fatalf("lists %v", list)
	}
	_, err = counter.Verify(t.Context(), c.Answer(&hufutest.Holder{Wallet: w}, counter, hufutest.Claims))
	none(t, err)

	// A credential without its schema is not shown by a schema of the same name.
	none(t, citizen.Store.Update(t.Context(), func(tx vault.Tx) error {
		schemas, err := tx.List("schema")
		if err == nil && len(schemas) != 1 {
			t.Errorf("%d schemas are kept", len(schemas))
		}
		return errors.Join(err, tx.Delete("schema", schemas[0].ID))
	}))
	again, err := wallet.New(cfg)
	none(t, err)
	list := held(t, again)
	if len(list) != 1 || !errors.Is(list[0].Err, vault.ErrDamaged) {
		t.Errorf("lists %v", list)
	}
}
