package wallet_test

import (
	"bytes"
	"crypto"
	"errors"
	"strings"
	"testing"

	"github.com/hufu-id/hufu/credential"
	"github.com/hufu-id/hufu/did"
	"github.com/hufu-id/hufu/hufutest"
	"github.com/hufu-id/hufu/identity"
	"github.com/hufu-id/hufu/ledger"
	"github.com/hufu-id/hufu/legible"
	"github.com/hufu-id/hufu/openid"
	"github.com/hufu-id/hufu/predicate"
	"github.com/hufu-id/hufu/provenance"
	"github.com/hufu-id/hufu/status"
	"github.com/hufu-id/hufu/wallet"
	"github.com/hufu-id/hufu/wallet/issuer"
	"github.com/hufu-id/hufu/zkp"
)

func TestNewRefusesWhatIsIncomplete(t *testing.T) {
	c := hufutest.New(t, hufutest.Options{})
	holder := c.Wallet()
	for name, edit := range map[string]func(*wallet.Config){
		"no store":               func(cfg *wallet.Config) { cfg.Store = nil },
		"no keys":                func(cfg *wallet.Config) { cfg.Keys = nil },
		"no ledger":              func(cfg *wallet.Config) { cfg.Ledger = nil },
		"no public files":        func(cfg *wallet.Config) { cfg.Public = nil },
		"a negative maximum age": func(cfg *wallet.Config) { cfg.MaxCheckpointAge = -1 },
	} {
		cfg := c.WalletConfig(holder)
		if _, err := wallet.New(cfg); err != nil {
			t.Fatalf("complete, and refused: %v", err)
		}
		edit(&cfg)
		if w, err := wallet.New(cfg); w != nil || !errors.Is(err, wallet.ErrConfig) {
			t.Errorf("%s: got %v", name, err)
		}
	}
}

func TestApplyRefuses(t *testing.T) {
	c := hufutest.New(t, hufutest.Options{})
	h := c.Wallet()
	good := string(c.Issue(c.Desk, c.Adult()).Offer)
	configuration := openid.ConfigurationID(c.Schema.ID, c.Schema.Version)
	for name, test := range map[string]struct {
		offer  string
		reason error
	}{
		"no JSON":             {"offer", openid.ErrJSON},
		"two credentials":     {strings.Replace(good, `["`+configuration, `["test.other/1","`+configuration, 1), wallet.ErrOffer},
		"no grant":            {`{"credential_issuer":"` + c.Office.DID + `","credential_configuration_ids":["a/1"]}`, wallet.ErrOffer},
		"a transaction code":  {strings.Replace(good, `"pre-authorized_code":`, `"tx_code":{},"pre-authorized_code":`, 1), wallet.ErrOffer},
		"a type without name": {strings.Replace(good, configuration, "nameless", 1), wallet.ErrOffer},
	} {
		t.Run(name, func(t *testing.T) {
			request, err := h.Apply(t.Context(), []byte(test.offer), wallet.ApplyOptions{})
			if request != nil || !errors.Is(err, wallet.ErrOffer) || !errors.Is(err, test.reason) {
				t.Errorf("got %v", err)
			}
			if n := len(records(t, h, "key")) + len(records(t, h, "application")); n != 0 {
				t.Errorf("%d records for a refused offer", n)
			}
		})
	}
}

func TestReceive(t *testing.T) {
	c := hufutest.New(t, hufutest.Options{})
	h := c.Wallet()
	r := c.Adult()
	stored := c.Hold(h, r)
	if stored.Type != hufutest.Type || stored.Issuer != c.Office.DID || stored.Region != hufutest.Region ||
		stored.SchemaID != c.Schema.ID || stored.Version != 1 || !stored.Provable || !stored.Received.Equal(c.Now()) {
		t.Errorf("got %+v", stored)
	}
	if stored.Claims["name"] != r.Name || stored.Claims["resident_id"] != r.Number {
		t.Error("its owner does not see the claims")
	}
	if _, shown := stored.Claims[zkp.ClaimName]; shown {
		t.Error("the endorsement is for machines")
	}
	if list := held(t, h.Wallet); len(list) != 1 || list[0].ID != stored.ID || list[0].Status.State != wallet.StateValid {
		t.Errorf("held: %v", list)
	}
}

func TestReceiveTwice(t *testing.T) {
	c := hufutest.New(t, hufutest.Options{})
	h := c.Wallet()
	response := c.Respond(h, c.Desk, c.Adult())
	_, err := h.Receive(t.Context(), response)
	none(t, err)
	_, err = h.Receive(t.Context(), response)
	is(t, err, wallet.ErrReceived)
	if n := len(records(t, h, "credential")); n != 1 {
		t.Errorf("%d credentials", n)
	}
}

// applied is a wallet that waits for the office's answer, and its holder key.
func applied(t *testing.T) (*hufutest.Country, *hufutest.Holder, crypto.PublicKey, []byte) {
	t.Helper()
	c := hufutest.New(t, hufutest.Options{})
	h := c.Wallet()
	good := c.Respond(h, c.Desk, c.Adult())
	infos, err := h.Keys.Keys(t.Context())
	if err != nil || len(infos) != 1 {
		t.Fatalf("%d keys, %v", len(infos), err)
	}
	return c, h, infos[0].Public, good
}

func respond(t *testing.T, sd *credential.SDJWT) []byte {
	t.Helper()
	b, err := (&openid.CredentialResponse{Credentials: []string{sd.String()}}).Bytes()
	none(t, err)
	return b
}

// TestReceiveRefuses: nothing is stored, and the good answer is still taken.
func TestReceiveRefuses(t *testing.T) {
	c, h, holder, good := applied(t)
	other := c.NewAgency()
	c.Accredit(other, ledger.ActionIssue, ledger.StateActive)
	otherDesk := c.OpenDesk(other, hufutest.Region)
	none(t, otherDesk.Publish(t.Context()))
	stranger := c.NewAgency()
	_, text, _ := strings.Cut(string(good), `"credential":"`)
	text, _, _ = strings.Cut(text, `"`)

	forge := func(edit func(*hufutest.Forgery)) func(t *testing.T) []byte {
		return func(t *testing.T) []byte {
			f := c.Forge(c.Adult(), holder)
			edit(f)
			return respond(t, f.Credential())
		}
	}
	bytesOf := func(b []byte) func(*testing.T) []byte { return func(*testing.T) []byte { return b } }
	for _, test := range []struct {
		name     string
		response func(*testing.T) []byte
		reason   error
	}{
		{"no JSON", bytesOf([]byte("credential")), openid.ErrJSON},
		{"not ready", bytesOf([]byte(`{"transaction_id":"AAAA","interval":60}`)), openid.ErrCredentialResponse},
		{"two credentials", bytesOf([]byte(`{"credentials":[{"credential":"` + text + `"},{"credential":"` + text + `"}]}`)), openid.ErrCredentialResponse},
		{"no SD-JWT", bytesOf([]byte(`{"credentials":[{"credential":"e30"}]}`)), credential.ErrForm},
		{"one disclosure changed", bytesOf([]byte(strings.Replace(string(good), disclosure(text), flip(disclosure(text)), 1))), nil},
		{"bound to a foreign key", forge(func(f *hufutest.Forgery) { f.Holder = c.Key().Public() }), wallet.ErrUnrequested},
		{"bound to no key", forge(func(f *hufutest.Forgery) { f.Holder = nil }), wallet.ErrUnrequested},
		{"another issuer than the offer's", forge(func(f *hufutest.Forgery) {
			f.Claims["iss"], f.Signer, f.Header.Kid = other.DID, other.Key, other.KeyID
			f.Claims["status"] = status.Reference{URI: otherDesk.StatusURI()}.Claim()
		}), wallet.ErrWrongIssuer},
		{"issuer without accreditation", forge(func(f *hufutest.Forgery) {
			f.Claims["iss"], f.Signer, f.Header.Kid = stranger.DID, stranger.Key, stranger.KeyID
		}), ledger.ErrNotAccredited},
		{"key of another", forge(func(f *hufutest.Forgery) { f.Header.Kid = other.KeyID }), did.ErrNoKey},
		{"signed by somebody else", forge(func(f *hufutest.Forgery) { f.Signer = c.Key() }), credential.ErrSignature},
		{"expired", forge(func(f *hufutest.Forgery) { f.Claims["exp"] = f.Claims["iat"] }), credential.ErrExpired},
		{"no status", forge(func(f *hufutest.Forgery) { delete(f.Claims, "status") }), provenance.ErrNoStatus},
		{"a name that turns the screen round", forge(func(f *hufutest.Forgery) { f.Claims["name"] = "张\u202e三" }), legible.ErrDirection},
		{"a claim whose name shows nothing", forge(func(f *hufutest.Forgery) { f.Claims["\u3164"] = "x" }), legible.ErrBlank},
		{"stripped of its endorsement", func(*testing.T) []byte { return bytesWithout(t, good, zkp.ClaimName) }, wallet.ErrNoEndorsement},
		{"a claim that the schema has not got", forge(func(f *hufutest.Forgery) {
			f.Claims["shoe_size"] = 43
			f.Hide = append(f.Hide, credential.Path{"shoe_size"})
		}), provenance.ErrSchema},
		{"a claim that the schema refuses", forge(func(f *hufutest.Forgery) { f.Claims["birthdate"] = "1984-02-30" }), provenance.ErrSchema},
		{"an endorsement that is none", forge(func(f *hufutest.Forgery) {
			f.Claims[zkp.ClaimName] = "AQ"
			f.Hide = append(f.Hide, credential.Path{zkp.ClaimName})
		}), zkp.ErrForm},
	} {
		t.Run(test.name, func(t *testing.T) {
			before := len(records(t, h, "credential"))
			stored, err := h.Receive(t.Context(), test.response(t))
			if stored != nil || err == nil || test.reason != nil && !errors.Is(err, test.reason) {
				t.Errorf("got %v, want: %v", err, test.reason)
			}
			if n := len(records(t, h, "credential")); n != before {
				t.Error("something was stored")
			}
		})
	}
	_, err := h.Receive(t.Context(), good)
	none(t, err)
}

// bytesWithout is a response whose credential lacks the disclosure of a claim.
func bytesWithout(t *testing.T, response []byte, name string) []byte {
	t.Helper()
	r, err := openid.ParseCredentialResponse(response)
	none(t, err)
	sd, err := credential.Parse([]byte(r.Credentials[0]), credential.ParseOptions{})
	none(t, err)
	parts := strings.Split(r.Credentials[0], "~")
	for i, path := range sd.Disclosable() {
		if path.String() == (credential.Path{name}).String() {
			parts = append(parts[:1+i], parts[2+i:]...)
			return bytes.Replace(response, []byte(r.Credentials[0]), []byte(strings.Join(parts, "~")), 1)
		}
	}
	t.Fatal("nothing to strip")
	return nil
}

// disclosure is the first one of an SD-JWT.
func disclosure(text string) string { return strings.Split(text, "~")[1] }

func flip(text string) string {
	i := len(text) / 2
	c := "A"
	if text[i] == 'A' {
		c = "B"
	}
	return text[:i] + c + text[i+1:]
}

// TestReceiveRevoked: revoked between the desk and the wallet.
func TestReceiveRevoked(t *testing.T) {
	c, h, _, good := applied(t)
	none(t, c.Desk.Revoke(t.Context(), h.Code))
	_, err := h.Receive(t.Context(), good)
	is(t, err, status.ErrRevoked)
	var failed *provenance.Error
	if !errors.As(err, &failed) || failed.Step != provenance.StepStatus || failed.Unchecked {
		t.Errorf("got %v", err)
	}
	if n := len(records(t, h, "credential")); n != 0 {
		t.Error("something was stored")
	}
}

// TestReceiveEndorsement: an endorsement that signs anything but the claims beside it.
func TestReceiveEndorsement(t *testing.T) {
	c, h, holder, good := applied(t)
	today, err := zkp.Today(c.Now())
	none(t, err)
	r := c.Adult()
	commitment := commitmentOf(t, c, h)
	spec := func() *issuer.IssueSpec {
		s := c.IssueSpec(r)
		s.Holder, s.Commitment = holder, commitment
		return s
	}
	office := c.Office.Issuer()
	for name, edit := range map[string]func(*issuer.IssueSpec){
		"another birth date":     func(s *issuer.IssueSpec) { s.Claims["birthdate"] = "1984-03-01" },
		"another region":         func(s *issuer.IssueSpec) { s.Region = "110105" },
		"a longer life":          func(s *issuer.IssueSpec) { s.NotAfter++ },
		"an earlier beginning":   func(s *issuer.IssueSpec) { s.NotBefore-- },
		"another binding day":    func(s *issuer.IssueSpec) { s.Binding-- },
		"somebody else's holder": func(s *issuer.IssueSpec) { s.Commitment.SetUint64(7) },
		"a scope of one desk": func(s *issuer.IssueSpec) {
			s.Scope = zkp.IssuanceScope(c.Office.DID, c.Schema.ID)
			var err error
			s.Commitment, err = secretOf(t, h).HolderCommitment(s.Scope)
			none(t, err)
		},
	} {
		t.Run(name, func(t *testing.T) {
			s := spec()
			edit(s)
			issued, err := issuer.Issue(t.Context(), &office, s, nil)
			none(t, err)
			f := c.Forge(r, holder)
			f.Claims["exp"] = (today + 365).Start().Unix()
			f.Claims[predicate.ClaimBinding] = today.String()
			f.Claims[zkp.ClaimName] = issued.Endorsement.String()
			f.Hide = append(f.Hide, credential.Path{predicate.ClaimBinding}, credential.Path{zkp.ClaimName})
			_, err = h.Receive(t.Context(), respond(t, f.Credential()))
			is(t, err, predicate.ErrMismatch)
		})
	}
	if n := len(records(t, h, "credential")); n != 0 {
		t.Error("something was stored")
	}
	_, err = h.Receive(t.Context(), good)
	none(t, err)
}

// TestHalfOfAnotherAgency: a half that somebody else than the credential's
// issuer signed looks provable and is not: it is refused on receipt.
func TestHalfOfAnotherAgency(t *testing.T) {
	c := hufutest.New(t, hufutest.Options{})
	h := c.Wallet()
	c.Respond(h, c.Desk, c.Adult())
	infos, err := h.Keys.Keys(t.Context())
	none(t, err)
	gym := c.NewAgency()
	c.Accredit(gym, ledger.ActionIssue, ledger.StateActive)
	office := c.Office.Issuer()
	office.Proof = gym.Proof
	spec := c.IssueSpec(c.Adult())
	spec.Holder, spec.Commitment = infos[0].Public, commitmentOf(t, c, h)
	issued, err := issuer.Issue(t.Context(), &office, spec, nil)
	none(t, err)
	_, err = h.Receive(t.Context(), respond(t, issued.Credential))
	is(t, err, zkp.ErrNotRegistered)
	if n := len(records(t, h, "credential")); n != 0 {
		t.Error("something was stored")
	}
}

func secretOf(t *testing.T, h *hufutest.Holder) (secret zkp.Secret) {
	t.Helper()
	copy(secret[:], records(t, h, "secret")[0].Value)
	return secret
}

// commitmentOf is the holder commitment that the wallet sent to the office.
func commitmentOf(t *testing.T, c *hufutest.Country, h *hufutest.Holder) zkp.Element {
	t.Helper()
	commitment, err := secretOf(t, h).HolderCommitment(identity.Scope(c.Office.DID, c.Schema))
	none(t, err)
	return commitment
}
