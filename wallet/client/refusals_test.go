package client_test

import (
	"context"
	"crypto"
	"errors"
	"net/http"
	"strings"
	"testing"

	"github.com/hufu-id/hufu/did"
	"github.com/hufu-id/hufu/ledger"
	"github.com/hufu-id/hufu/openid"
	"github.com/hufu-id/hufu/openid/jwe"
	"github.com/hufu-id/hufu/openid/oauth"
	"github.com/hufu-id/hufu/wallet"
	"github.com/hufu-id/hufu/wallet/client"
	"github.com/hufu-id/hufu/wallet/issuer"
	"github.com/hufu-id/hufu/zkp"
)

// TestSpoiledCredentials: what a wallet refuses of the answer itself. Nothing is stored, the
// issuer hears that it failed, and the true answer is taken afterwards.
func TestSpoiledCredentials(t *testing.T) {
	other := open(t) // of the same people, for another wallet
	stranger := other.phone()
	link, _ := other.offer(issuer.OfferOptions{})
	var foreign []string
	other.spoil = func(r *openid.CredentialResponse) { foreign = r.Credentials }
	_, err := stranger.take(t, link, client.ReceiveOptions{Copies: 2})
	none(t, err)
	for name, tt := range map[string]struct {
		spoil func(r *openid.CredentialResponse)
		want  error
	}{
		"bad signature": {func(r *openid.CredentialResponse) {
			head, rest, _ := strings.Cut(r.Credentials[0], "~")
			last := head[len(head)-2:]
			r.Credentials[0] = head[:len(head)-2] + map[bool]string{true: "Qg", false: "AA"}[last == "AA"] + "~" + rest
		}, did.ErrSignature},
		"foreign cnf":   {func(r *openid.CredentialResponse) { r.Credentials[0] = foreign[0] }, wallet.ErrUnrequested},
		"one key twice": {func(r *openid.CredentialResponse) { r.Credentials[1] = r.Credentials[0] }, wallet.ErrUnrequested},
		"one too many":  {func(r *openid.CredentialResponse) { r.Credentials = append(r.Credentials, foreign[0]) }, openid.ErrCredentialResponse},
		"stripped": {func(r *openid.CredentialResponse) {
			head, _, _ := strings.Cut(r.Credentials[0], "~")
			r.Credentials[0] = head + "~"
		}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			o := openIn(t, other.country)
			o.serial = len(name) * 20
			p := o.phone()
			link, _ := o.offer(issuer.OfferOptions{})
			o.spoil = tt.spoil
			_, err := p.take(t, link, client.ReceiveOptions{Copies: 2})
			var rejected *wallet.Rejected
			if !errors.As(err, &rejected) || tt.want != nil && !errors.Is(err, tt.want) {
				t.Fatalf("got %v", err)
			}
			if len(p.cards(t)) != 0 || len(p.waits(t)) != 1 || len(o.events) != 1 || o.events[0] != openid.CredentialFailure {
				t.Errorf("%d cards, %d wait, the issuer heard %v", len(p.cards(t)), len(p.waits(t)), o.events)
			}
			o.spoil = nil
			result, err := p.Resume(t.Context(), p.waits(t)[0].ID)
			stored(t, p, result, err)
		})
	}
}

// TestOtherIssuer: the metadata names an agency on the ledger, and another signs.
func TestOtherIssuer(t *testing.T) {
	o := open(t)
	imposter := *o.metadata
	imposter.DID = o.country.Library.DID // accredited to ask, not to issue
	o.metadata = &imposter
	link, _ := o.offer(issuer.OfferOptions{})
	_, err := o.phone().Client.Offer(t.Context(), link)
	var rejected *wallet.Rejected
	if !errors.As(err, &rejected) || rejected.Check != wallet.CheckAccreditation {
		t.Fatalf("got %v", err)
	}
	o.country.Accredit(o.country.Library, ledger.ActionIssue, ledger.StateActive)
	_, err = o.phone().take(t, link, client.ReceiveOptions{})
	is(t, err, wallet.ErrWrongIssuer)
}

// TestOffersRefused: what stops before anything is asked of the issuer but its metadata.
func TestOffersRefused(t *testing.T) {
	for name, tt := range map[string]struct {
		edit func(o *office)
		link func(o *office, link string) string
		want error
	}{
		"credential_issuer mismatch": {edit: func(o *office) { o.metadata.Issuer += "/other" }, want: openid.ErrMetadataIssuer},
		"nobody vouches": {edit: func(o *office) {
			c := *o.metadata.Configurations[o.id]
			c.Type = nil
			o.metadata.Configurations[o.id] = &c
		}, want: wallet.ErrNobodyVouches},
		"other vct":      {edit: func(o *office) { o.metadata.Configurations[o.id].VCT = "urn:other" }, want: wallet.ErrOffer},
		"unknown grants": {link: func(o *office, _ string) string { return o.json(`{"urn:other:grant":{}}`) }, want: client.ErrUnsupported},
		"other credential": {link: func(o *office, _ string) string {
			return strings.Replace(o.json(`{"authorization_code":{}}`), o.id, "unknown/1", 1)
		}, want: wallet.ErrOffer},
		"foreign server": {link: func(o *office, _ string) string {
			return o.json(`{"authorization_code":{"authorization_server":"https://other.example"}}`)
		}, want: client.ErrOtherServer},
		"no such grant": {edit: func(o *office) { o.server.GrantTypes = []string{oauth.GrantAuthorizationCode} }, want: client.ErrUnsupported},
		"plain http":    {link: func(o *office, link string) string { return strings.ReplaceAll(link, "127.0.0.1", "10.0.0.1") }, want: openid.ErrOffer},
		"private address": {link: func(o *office, link string) string {
			return strings.ReplaceAll(link, "http%3A%2F%2F127.0.0.1", "https%3A%2F%2F10.0.0.1")
		}, want: client.ErrAddress},
		"signed metadata unasked": {edit: func(o *office) {
			o.before = func(w http.ResponseWriter, r *http.Request) bool {
				if !strings.HasPrefix(r.URL.Path, "/.well-known/openid") {
					return false
				}
				now := o.country.Now()
				text, err := openid.SignIssuerMetadata(r.Context(), o.maker, did.Header{Kid: "maker"}, o.metadata, now, now.AddDate(0, 0, 1))
				none(o.t, err)
				w.Header().Set("Content-Type", "application/jwt")
				_, _ = w.Write([]byte(text))
				return true
			}
		}, want: client.ErrAnswer},
		"too large": {edit: func(o *office) {
			o.before = func(w http.ResponseWriter, r *http.Request) bool {
				_, _ = w.Write(make([]byte, 300<<10))
				return true
			}
		}, want: client.ErrAnswer},
		"no link": {link: func(*office, string) string { return "https://example.org" }, want: openid.ErrOffer},
	} {
		t.Run(name, func(t *testing.T) {
			o := open(t)
			link, _ := o.offer(issuer.OfferOptions{})
			if tt.edit != nil {
				tt.edit(o)
			}
			if tt.link != nil {
				link = tt.link(o, link)
			}
			p := o.phone()
			_, err := p.Client.Offer(t.Context(), link)
			is(t, err, tt.want)
			if len(p.waits(t)) != 0 || o.count("POST /desk/token") != 0 {
				t.Error("something was begun")
			}
		})
	}
}

// json is an offer with other grants.
func (o *office) json(grants string) string {
	return `{"credential_issuer":"` + o.metadata.Issuer + `","credential_configuration_ids":["` + o.id + `"],"grants":` + grants + `}`
}

// TestUnable: what the issuer wants and this wallet cannot do is refused before the code is
// spent.
func TestUnable(t *testing.T) {
	for name, tt := range map[string]struct {
		edit func(o *office)
		want error
	}{
		"key attestation": {func(o *office) {
			o.metadata.Configurations[o.id].Proofs = map[string]openid.ProofType{"jwt": {Algorithms: []string{"ES256"}, Attestation: &openid.AttestationRequired{}}}
		}, client.ErrAttestation},
		"other algorithm": {func(o *office) {
			o.metadata.Configurations[o.id].Proofs = map[string]openid.ProofType{"jwt": {Algorithms: []string{"ES512"}}}
		}, client.ErrUnsupported},
		"other binding": {func(o *office) { o.metadata.Configurations[o.id].Bindings = []string{"cose_key"} }, client.ErrUnsupported},
		"other encryption": {func(o *office) {
			o.encrypted()
			o.metadata.ResponseEncryption.Algorithms = []string{"RSA-OAEP"}
		}, client.ErrUnsupported},
		"answers alone encrypted": {func(o *office) { o.encrypted(); o.metadata.RequestEncryption = nil }, client.ErrUnsupported},
	} {
		t.Run(name, func(t *testing.T) {
			o := open(t)
			tt.edit(o)
			link, _ := o.offer(issuer.OfferOptions{})
			p := o.phone()
			_, err := p.take(t, link, client.ReceiveOptions{})
			is(t, err, tt.want)
			if len(p.waits(t)) != 0 || p.keys(t, "holder") != 0 || o.count("POST /desk/token") != 0 {
				t.Error("something was begun")
			}
		})
	}
}

// TestSpoiledAnswers: answers that are no answers. The issuance waits, the code's token is
// kept, and nothing is stored.
func TestSpoiledAnswers(t *testing.T) {
	for name, tt := range map[string]struct {
		encrypted bool
		path      string
		spoil     func(answer *client.Fetched)
		want      error
	}{
		"undecryptable": {true, "/desk/credential", func(a *client.Fetched) {
			stranger, _ := jwe.GenerateKey()
			public, _ := jwe.NewPublicKey(stranger.PublicKey())
			text, _ := jwe.Encrypt([]byte("{}"), public, jwe.EncryptOptions{Encryption: jwe.A128GCM})
			a.Body = []byte(text)
		}, jwe.ErrDecrypt},
		"in clear": {true, "/desk/credential", func(a *client.Fetched) { a.Header.Set("Content-Type", "application/json"); a.Body = []byte("{}") }, client.ErrAnswer},
		"both members": {false, "/desk/credential", func(a *client.Fetched) {
			a.Body = []byte(`{"credentials":[{"credential":"x"}],"transaction_id":"t","interval":5}`)
		}, client.ErrAnswer},
		"no JSON":          {false, "/desk/credential", func(a *client.Fetched) { a.Body = []byte("<html>") }, client.ErrAnswer},
		"no interval":      {false, "/desk/credential", func(a *client.Fetched) { a.Body = []byte(`{"transaction_id":"t"}`) }, client.ErrAnswer},
		"malformed nonce":  {false, "/desk/nonce", func(a *client.Fetched) { a.Body = []byte(`{"c_nonce":""}`) }, client.ErrAnswer},
		"bearer downgrade": {false, "/desk/token", func(a *client.Fetched) { a.Body = []byte(`{"access_token":"a","token_type":"Bearer"}`) }, client.ErrAnswer},
		"unknown type":     {false, "/desk/token", func(a *client.Fetched) { a.Body = []byte(`{"access_token":"a","token_type":"MAC"}`) }, oauth.ErrMessage},
	} {
		t.Run(name, func(t *testing.T) {
			o := open(t)
			if tt.encrypted {
				o.encrypted()
			}
			link, _ := o.offer(issuer.OfferOptions{})
			p := o.phone()
			spoiled := true
			p.Between(func(r *http.Request, send func(*http.Request) (*client.Fetched, error)) (*client.Fetched, error) {
				answer, err := send(r)
				if err == nil && spoiled && r.URL.Path == tt.path {
					tt.spoil(answer)
				}
				return answer, err
			})
			_, err := p.take(t, link, client.ReceiveOptions{Copies: 2})
			is(t, err, tt.want)
			var rejected *client.Rejected
			if !errors.As(err, &rejected) || rejected.Code() != "issuer-answer" {
				t.Errorf("refused as %v", err)
			}
			if len(p.cards(t)) != 0 || len(p.waits(t)) != 1 {
				t.Fatalf("%d cards, %d wait", len(p.cards(t)), len(p.waits(t)))
			}
			spoiled = false
			result, err := p.Resume(t.Context(), p.waits(t)[0].ID)
			stored(t, p, result, err)
		})
	}
}

// TestDenied: the issuer will not.
func TestDenied(t *testing.T) {
	o := open(t)
	o.before = func(w http.ResponseWriter, r *http.Request) bool {
		if r.URL.Path != "/desk/credential" {
			return false
		}
		w.WriteHeader(http.StatusBadRequest)
		_, _ = w.Write((&oauth.Error{Code: oauth.CredentialRequestDenied}).Bytes())
		return true
	}
	link, _ := o.offer(issuer.OfferOptions{})
	p := o.phone()
	_, err := p.take(t, link, client.ReceiveOptions{})
	is(t, err, client.ErrDenied)
	var refusal *oauth.Error
	if !errors.As(err, &refusal) || refusal.Code != oauth.CredentialRequestDenied || len(p.waits(t)) != 0 {
		t.Errorf("denied: %v", err)
	}
}

// TestKeyAttestation: the maker of the key store vouches, beside proofs of possession or in
// their place.
func TestKeyAttestation(t *testing.T) {
	o := open(t)
	required := openid.ProofType{Algorithms: []string{"ES256"}, Attestation: &openid.AttestationRequired{Storage: []string{"iso_18045_high"}}}
	o.metadata.Configurations[o.id].Proofs = map[string]openid.ProofType{"jwt": required}
	link, _ := o.offer(issuer.OfferOptions{})
	p := o.phoneWith(o.attesting)
	result, err := p.take(t, link, client.ReceiveOptions{Copies: 2})
	stored(t, p, result, err)
	for _, text := range o.requests[0].Proofs {
		proof, err := openid.ParseProof(text)
		none(t, err)
		attestation, err := openid.ParseKeyAttestation(proof.KeyAttestation)
		none(t, err)
		none(t, attestation.Verify(o.maker.Public(), openid.VerifyOptions{Now: o.country.Now()}))
		if len(attestation.Keys) != 2 || attestation.Nonce != proof.Unverified.Nonce || attestation.Storage[0] != "iso_18045_high" {
			t.Errorf("attested %+v", attestation.KeyAttestationClaims)
		}
	}
}

// TestSignedMetadata: with a hook that finds its key, metadata is taken signed.
func TestSignedMetadata(t *testing.T) {
	o := open(t)
	signed := func(w http.ResponseWriter, r *http.Request) bool {
		if !strings.HasPrefix(r.URL.Path, "/.well-known/openid") || !strings.HasPrefix(r.Header.Get("Accept"), "application/jwt") {
			return false
		}
		now := o.country.Now()
		text, err := openid.SignIssuerMetadata(r.Context(), o.maker, did.Header{Kid: "maker"}, o.metadata, now, now.AddDate(0, 0, 1))
		none(t, err)
		w.Header().Set("Content-Type", "application/jwt")
		_, _ = w.Write([]byte(text))
		return true
	}
	o.before = signed
	link, _ := o.offer(issuer.OfferOptions{})
	for name, tt := range map[string]struct {
		key  crypto.PublicKey
		want error
	}{"right": {o.maker.Public(), nil}, "another": {o.country.Key().Public(), did.ErrSignature}} {
		p := o.phoneWith(func(cfg *client.Config) {
			cfg.MetadataKey = func(context.Context, did.Header, string) (crypto.PublicKey, error) { return tt.key, nil }
		})
		if _, err := p.Client.Offer(t.Context(), link); !errors.Is(err, tt.want) {
			t.Errorf("%s key: %v", name, err)
		}
	}
	if _, err := o.phone().Client.Offer(t.Context(), link); err != nil { // plain to those who ask for it
		t.Error(err)
	}
	o.before = nil
	p := o.phoneWith(func(cfg *client.Config) {
		cfg.MetadataKey = func(context.Context, did.Header, string) (crypto.PublicKey, error) { return nil, did.ErrNoKey }
	})
	if _, err := p.Client.Offer(t.Context(), link); err != nil { // the issuer signs nothing
		t.Error(err)
	}
}

// TestCopiesThatDiffer: a copy that is good in itself and says something else of its holder.
func TestCopiesThatDiffer(t *testing.T) {
	o := open(t)
	link, _ := o.offer(issuer.OfferOptions{})
	o.spoil = func(r *openid.CredentialResponse) {
		request := o.requests[len(o.requests)-1]
		proof, err := openid.ParseProof(request.Proofs[0])
		none(t, err)
		key, err := proof.Verify(o.metadata.Issuer, proof.Unverified.Nonce, openid.VerifyOptions{Now: o.country.Now()})
		none(t, err)
		spec := o.country.IssueSpec(o.country.OtherAdult())
		spec.Holder = key
		spec.Commitment, err = zkp.ParseElement(request.HolderCommitment)
		none(t, err)
		keys := o.country.Office.Issuer()
		issued, err := issuer.Issue(t.Context(), &keys, spec, nil)
		none(t, err)
		r.Credentials[1] = issued.Credential.String() // the office answers in reverse order
	}
	p := o.phone()
	_, err := p.take(t, link, client.ReceiveOptions{Copies: 2})
	is(t, err, wallet.ErrCopies)
	var rejected *wallet.Rejected
	if !errors.As(err, &rejected) || rejected.Code() != "other-credential" || len(p.cards(t)) != 0 {
		t.Errorf("refused as %v, %d cards", err, len(p.cards(t)))
	}
}
