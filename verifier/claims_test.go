package verifier_test

import (
	"crypto"
	"strings"
	"testing"
	"time"

	"github.com/hufu-id/hufu/credential"
	"github.com/hufu-id/hufu/did"
	"github.com/hufu-id/hufu/hufutest"
	"github.com/hufu-id/hufu/ledger"
	"github.com/hufu-id/hufu/provenance"
	"github.com/hufu-id/hufu/status"
	"github.com/hufu-id/hufu/verifier"
	"github.com/hufu-id/hufu/zkp"
)

// shown is an answer with disclosed claims in the making, right in everything
// until a test spoils one thing.
type shown struct {
	*hufutest.Forgery
	holder          crypto.Signer
	disclose        []credential.Path
	audience, nonce string
	boundAt         time.Time
	after           func(text string) string // on the finished presentation
	whole           *credential.SDJWT        // with every disclosure
}

// present makes the answer to a request.
func present(t testing.TB, c *hufutest.Country, counter *hufutest.Counter, request []byte, edit func(*shown)) []byte {
	t.Helper()
	asked, holder := c.Request(request), c.Key()
	s := &shown{
		Forgery: c.Forge(c.Adult(), holder.Public()), holder: holder,
		disclose: []credential.Path{{"birthdate"}, {"district"}},
		audience: counter.ClientID(), nonce: asked.Nonce, boundAt: c.Now(),
		after: func(text string) string { return text },
	}
	edit(s)
	s.whole = s.Credential()
	part, err := s.whole.Disclose(s.disclose...)
	if err != nil {
		t.Fatal(err)
	}
	bound, err := part.Bind(t.Context(), s.holder, s.audience, s.nonce, credential.BindOptions{IssuedAt: s.boundAt})
	if err != nil {
		t.Fatal(err)
	}
	return c.NewResponse(asked.State, hufutest.Claims, s.after(bound.String()))
}

func ask(t testing.TB, counter *hufutest.Counter) []byte {
	t.Helper()
	request, err := counter.NewRequest(t.Context(), verifier.RequestOptions{})
	if err != nil {
		t.Fatal(err)
	}
	return request.Object
}

func asIs(*shown) {}

// TestClaims spoils one thing in the answer; country and counter are in order.
func TestClaims(t *testing.T) {
	c := hufutest.New(t, hufutest.Options{})
	stranger := c.NewAgency() // a DID without any accreditation
	foreignList := libraryList(t, c)
	counter := c.Counter(c.Policy(nil))
	day := int64(24 * 60 * 60)
	for _, test := range []struct {
		name   string
		edit   func(*shown)
		check  verifier.Check
		reason error
	}{
		{"issuer unknown to the ledger", func(s *shown) {
			s.Claims["iss"] = "did:hufu:" + strings.Repeat("a", 32)
			s.Header.Kid = s.Claims["iss"].(string) + "#sig-1"
		}, verifier.CheckIssuer, ledger.ErrAbsent},
		{"issuer of another method", func(s *shown) { s.Claims["iss"] = "did:web:office.example" }, verifier.CheckIssuer, did.ErrUnsupportedMethod},
		{"key of another agency", func(s *shown) { s.Signer, s.Header.Kid = stranger.Key, stranger.KeyID }, verifier.CheckIssuer, did.ErrNoKey},
		{"proof key named as signature key", func(s *shown) { s.Header.Kid = c.Office.DID + "#zk-1" }, verifier.CheckIssuer, did.ErrNoKey},
		{"issued before the key was in force", func(s *shown) { s.Claims["iat"] = s.Claims["iat"].(int64) - 1 }, verifier.CheckIssuer, did.ErrKeyNotValid},
		{"says no schema", func(s *shown) { delete(s.Claims, "hufu") }, verifier.CheckIssuer, provenance.ErrSource},
		{"schema version 0", func(s *shown) { source(s)["version"] = int64(0) }, verifier.CheckIssuer, provenance.ErrSource},
		{"says no time of issue", func(s *shown) { delete(s.Claims, "iat") }, verifier.CheckIssuer, provenance.ErrSource},

		{"issuer without accreditation", func(s *shown) {
			s.Claims["iss"], s.Signer, s.Header.Kid = stranger.DID, stranger.Key, stranger.KeyID
		}, verifier.CheckAccreditation, ledger.ErrNotAccredited},
		{"counter issues for itself", func(s *shown) {
			s.Claims["iss"], s.Signer, s.Header.Kid = c.Library.DID, c.Library.Key, c.Library.KeyID
		}, verifier.CheckAccreditation, ledger.ErrNotAccredited},
		{"another region", func(s *shown) { source(s)["region"] = "110105" }, verifier.CheckAccreditation, ledger.ErrNotAccredited},
		{"the region around it", func(s *shown) { source(s)["region"] = "110000" }, verifier.CheckAccreditation, ledger.ErrNotAccredited},
		{"another type", func(s *shown) { s.Claims["vct"] = "urn:test:driver:1" }, verifier.CheckAccreditation, ledger.ErrNotAccredited},

		{"schema unknown to the ledger", func(s *shown) { source(s)["version"] = int64(2) }, verifier.CheckSchema, ledger.ErrAbsent},

		{"signed by somebody else", func(s *shown) { s.Signer = c.Key() }, verifier.CheckSignature, credential.ErrSignature},
		{"one bit of the signature", func(s *shown) { s.after = flipSignature }, verifier.CheckSignature, credential.ErrSignature},

		{"no binding", func(s *shown) { s.after = unbind }, verifier.CheckBinding, credential.ErrNoBinding},
		{"bound to another counter", func(s *shown) { s.audience = "decentralized_identifier:" + stranger.DID }, verifier.CheckBinding, credential.ErrBindingAudience},
		{"bound to another request", func(s *shown) { s.nonce = "BBBBBBBBBBBBBBBBBBBBBB" }, verifier.CheckBinding, credential.ErrBindingNonce},
		{"one more disclosure after binding", func(s *shown) { s.after = s.addDisclosure }, verifier.CheckBinding, credential.ErrBindingHash},
		{"one disclosure fewer after binding", func(s *shown) { s.after = dropDisclosure }, verifier.CheckBinding, credential.ErrBindingHash},
		{"bound before it was asked for", func(s *shown) { s.boundAt = c.Now().Add(-credential.DefaultSkew - time.Second) }, verifier.CheckBinding, credential.ErrBindingAge},
		{"bound in the future", func(s *shown) { s.boundAt = c.Now().Add(credential.DefaultSkew + time.Second) }, verifier.CheckBinding, credential.ErrBindingAge},
		{"one bit of the binding", func(s *shown) { s.after = flipBinding }, verifier.CheckBinding, credential.ErrBindingSignature},

		{"expired", func(s *shown) { s.Claims["exp"] = c.Now().Unix() - int64(credential.DefaultSkew/time.Second) }, verifier.CheckValidity, credential.ErrExpired},
		{"not yet valid", func(s *shown) { s.Claims["nbf"] = s.Claims["nbf"].(int64) + day }, verifier.CheckValidity, credential.ErrNotYetValid},
		{"issued tomorrow", func(s *shown) { s.Claims["iat"] = s.Claims["iat"].(int64) + day }, verifier.CheckValidity, credential.ErrIssuedAt},

		{"no status", func(s *shown) { delete(s.Claims, "status") }, verifier.CheckStatus, provenance.ErrNoStatus},
		{"status list of another agency", func(s *shown) { s.Claims["status"] = foreignList.Claim() }, verifier.CheckStatus, ledger.ErrAbsent},
		{"status list unknown to the ledger", func(s *shown) { s.Claims["status"] = status.Reference{URI: "urn:nowhere"}.Claim() }, verifier.CheckStatus, ledger.ErrAbsent},
		{"place outside the status list", func(s *shown) {
			s.Claims["status"] = status.Reference{URI: c.Desk.StatusURI(), Index: 1 << 20}.Claim()
		}, verifier.CheckStatus, status.ErrIndex},

		{"another district", func(s *shown) { s.Claims["district"] = "110105" }, verifier.CheckPolicy, verifier.ErrNotMet},
		{"under age", func(s *shown) { s.Claims["birthdate"] = "2008-11-22" }, verifier.CheckPolicy, verifier.ErrNotMet},
		{"a claim left out", func(s *shown) { s.disclose = s.disclose[:1] }, verifier.CheckPolicy, verifier.ErrNotMet},
		{"the endorsement disclosed", func(s *shown) {
			s.Claims[zkp.ClaimName] = "AQ"
			s.Hide = append(s.Hide, credential.Path{zkp.ClaimName})
			s.disclose = append(s.disclose, credential.Path{zkp.ClaimName})
		}, verifier.CheckPolicy, verifier.ErrEndorsementDisclosed},
	} {
		t.Run(test.name, func(t *testing.T) {
			request := ask(t, counter)
			rejected(t, counter.Verifier, present(t, c, counter, request, test.edit), test.check, test.reason)
			failures(t, counter, c.Request(request).State, 1)
			accepted(t, counter.Verifier, present(t, c, counter, request, asIs))
		})
	}
}

// TestBindingLivesWithItsRequest: who signed when the request was made may answer until
// it expires.
func TestBindingLivesWithItsRequest(t *testing.T) {
	c := hufutest.New(t, hufutest.Options{})
	counter := c.Counter(c.Policy(nil))
	answer := present(t, c, counter, ask(t, counter), asIs)
	c.Advance(10*time.Minute - time.Second)
	accepted(t, counter.Verifier, answer)
}

// source is the claim that names schema and region.
func source(s *shown) hufutest.JSON { return s.Claims["hufu"].(hufutest.JSON) }

// libraryList is a status list that the library, and not the office, put on
// the ledger.
func libraryList(t *testing.T, c *hufutest.Country) status.Reference {
	t.Helper()
	desk := c.OpenDesk(c.Library, hufutest.Region)
	if err := desk.Publish(t.Context()); err != nil {
		t.Fatal(err)
	}
	return status.Reference{URI: desk.StatusURI()}
}

// flip changes one bit in the middle of a base64url text, which stays one.
func flip(text string) string {
	i := len(text) / 2
	swap := byte('A')
	if text[i] == swap {
		swap = 'B'
	}
	return text[:i] + string(swap) + text[i+1:]
}

func flipSignature(text string) string {
	jwt, rest, _ := strings.Cut(text, "~")
	at := strings.LastIndex(jwt, ".") + 1
	return jwt[:at] + flip(jwt[at:]) + "~" + rest
}

func flipBinding(text string) string {
	at := strings.LastIndex(text, ".") + 1
	return text[:at] + flip(text[at:])
}

// unbind leaves the key binding out.
func unbind(text string) string { return text[:strings.LastIndex(text, "~")+1] }

// dropDisclosure leaves the first disclosure out.
func dropDisclosure(text string) string {
	parts := strings.Split(text, "~")
	return strings.Join(append(parts[:1:1], parts[2:]...), "~")
}

// addDisclosure puts one in that the holder kept back.
func (s *shown) addDisclosure(text string) string {
	for _, d := range strings.Split(unbind(s.whole.String()), "~")[1:] {
		if d != "" && !strings.Contains(text, d) {
			jwt, rest, _ := strings.Cut(text, "~")
			return jwt + "~" + d + "~" + rest
		}
	}
	panic("everything was disclosed already")
}
