package client

import (
	"context"
	"crypto"
	"crypto/ecdh"
	"fmt"
	"net/http"
	"slices"

	"github.com/go-json-experiment/json"

	"github.com/hufu-id/hufu/internal/fetch"
	"github.com/hufu-id/hufu/internal/limits"
	"github.com/hufu-id/hufu/openid"
	"github.com/hufu-id/hufu/openid/jwe"
	"github.com/hufu-id/hufu/openid/oauth"
	"github.com/hufu-id/hufu/wallet"
)

// able reports whether this wallet can do what an issuer wants of a credential's request,
// before anything is sent.
func (c *Client) able(at *site, about *wallet.Offered) error {
	configuration := at.metadata.Configurations[about.Configuration]
	if !slices.Contains(configuration.Bindings, "jwk") && !slices.Contains(configuration.Bindings, "did:jwk") {
		return fmt.Errorf("%w: the credential is bound to no key, or by another name of it", ErrUnsupported)
	}
	if _, _, err := c.proofType(configuration); err != nil {
		return err
	}
	_, _, err := encryption(at.metadata)
	return err
}

// proofType chooses how to prove keys: by possession where it can be.
func (c *Client) proofType(configuration *openid.Configuration) (name string, t openid.ProofType, err error) {
	for _, name := range []string{"jwt", "attestation"} {
		t, known := configuration.Proofs[name]
		if !known || !slices.Contains(t.Algorithms, "ES256") {
			continue
		}
		if c.cfg.AttestKeys == nil && (t.Attestation != nil || name == "attestation") {
			return "", t, fmt.Errorf("%w of its keys", ErrAttestation)
		}
		return name, t, nil
	}
	return "", t, fmt.Errorf("%w: no proof of a P-256 key", ErrUnsupported)
}

// encryption chooses the key for requests and the algorithm for answers; nil and empty
// where they go in clear within TLS. An answer is encrypted where the request is, too:
// otherwise somebody between could exchange the wallet's key (OpenID4VCI 1.0 section 8.2).
func encryption(m *openid.IssuerMetadata) (to *jwe.PublicKey, enc jwe.Encryption, err error) {
	if e := m.RequestEncryption; e != nil {
		if to, enc = requestKey(e); to == nil && e.Required {
			return nil, "", fmt.Errorf("%w: no usable key for encrypted requests", ErrUnsupported)
		}
	}
	e := m.ResponseEncryption
	answers := jwe.Encryption("")
	if e != nil && slices.Contains(e.Algorithms, jwe.Alg) {
		answers = contentOf(e)
	}
	if e != nil && e.Required && (answers == "" || to == nil) {
		return nil, "", fmt.Errorf("%w: no usable encryption of answers", ErrUnsupported)
	}
	return to, enc, nil
}

func requestKey(e *openid.Encryption) (*jwe.PublicKey, jwe.Encryption) {
	enc := contentOf(e)
	if e.Keys == nil || enc == "" {
		return nil, ""
	}
	for _, raw := range e.Keys.Keys {
		if key, err := jwe.ParsePublicKey(raw); err == nil {
			return key, enc
		}
	}
	return nil, ""
}

func contentOf(e *openid.Encryption) jwe.Encryption {
	for _, enc := range []jwe.Encryption{jwe.A256GCM, jwe.A128GCM} {
		if slices.Contains(e.Contents, string(enc)) {
			return enc
		}
	}
	return ""
}

// compose makes the credential request and writes it down. From then on it is sent as it
// is until it is answered.
func (f *flow) compose(ctx context.Context) error {
	nonce, err := f.nonce(ctx)
	if err != nil {
		return err
	}
	kind, proof, err := f.c.proofType(f.site.metadata.Configurations[f.about.Configuration])
	if err != nil {
		return err
	}
	opts := wallet.RequestOptions{Nonce: nonce, Client: f.s.Client, Identifier: f.s.Identifier, AttestationOnly: kind == "attestation"}
	if proof.Attestation != nil || opts.AttestationOnly {
		opts.Attest = func(ctx context.Context, keys []crypto.PublicKey) (string, error) {
			r := KeyRequest{Site: f.site.metadata.Issuer, Nonce: nonce, Keys: keys}
			if proof.Attestation != nil {
				r.Required = *proof.Attestation
			}
			return f.c.cfg.AttestKeys(ctx, r)
		}
	}
	request, err := f.c.cfg.Wallet.RequestCopies(ctx, f.id, f.about, opts)
	if err != nil {
		return err
	}
	if request.Encryption, err = f.answerKey(); err != nil {
		return err
	}
	if f.s.Request, err = request.Bytes(); err != nil {
		return err
	}
	f.s.Stage = stageRequest
	return f.keep(ctx)
}

// answerKey makes the key to which the answer is encrypted; nil where it goes in clear.
func (f *flow) answerKey() (*openid.ResponseEncryption, error) {
	to, _, err := encryption(f.site.metadata)
	e := f.site.metadata.ResponseEncryption
	if err != nil || to == nil || e == nil || !slices.Contains(e.Algorithms, jwe.Alg) || contentOf(e) == "" {
		return nil, err
	}
	private, err := jwe.GenerateKey()
	if err != nil {
		return nil, err
	}
	f.s.Private = private.Bytes()
	return f.answerEncryption(private)
}

func (f *flow) answerEncryption(private *ecdh.PrivateKey) (*openid.ResponseEncryption, error) {
	key, err := jwe.NewPublicKey(private.PublicKey())
	if err != nil {
		return nil, err
	}
	jwk, err := json.Marshal(key.JWK(), json.Deterministic(true))
	if err != nil {
		return nil, err
	}
	return &openid.ResponseEncryption{JWK: jwk, Content: string(contentOf(f.site.metadata.ResponseEncryption))}, nil
}

// nonce fetches a fresh c_nonce (OpenID4VCI 1.0 section 7); empty where the issuer has no
// endpoint for it.
func (f *flow) nonce(ctx context.Context) (string, error) {
	address := f.site.metadata.NonceEndpoint
	if address == "" {
		return "", nil
	}
	answer, err := f.c.ask(ctx, http.MethodPost, address, http.Header{"Accept": {mediaJSON}}, nil)
	if err != nil {
		return "", err
	}
	if nonce := answer.Header.Get("DPoP-Nonce"); nonce != "" {
		f.nonces[originOf(address)] = nonce
	}
	if err := succeeded(answer); err != nil {
		return "", err
	}
	nonce, err := openid.ParseNonce(answer.Body)
	if err != nil {
		return "", fmt.Errorf("%w: %w", ErrAnswer, err)
	}
	return nonce, nil
}

// send encrypts a request where the issuer has a key for it, and sends it with the token.
func (f *flow) send(ctx context.Context, address string, body []byte) (*fetch.Response, error) {
	to, enc, err := encryption(f.site.metadata)
	if err != nil {
		return nil, err
	}
	if to == nil {
		return f.authorized(ctx, address, mediaJSON, body)
	}
	text, err := jwe.Encrypt(body, to, jwe.EncryptOptions{Encryption: enc})
	if err != nil {
		return nil, err
	}
	return f.authorized(ctx, address, mediaJWT, []byte(text))
}

// request sends the credential request (OpenID4VCI 1.0 section 8). A nonce that the issuer
// no longer takes is replaced once; the keys stay.
func (f *flow) request(ctx context.Context) error {
	answer, err := f.send(ctx, f.site.metadata.CredentialEndpoint, f.s.Request)
	if err != nil {
		return err
	}
	if says(answer, oauth.InvalidNonce) && !f.renonced && f.site.metadata.NonceEndpoint != "" {
		f.renonced, f.s.Stage = true, stageToken
		return f.keep(ctx)
	}
	return f.take(ctx, answer)
}

// collect asks for a credential that was not ready (OpenID4VCI 1.0 section 9).
func (f *flow) collect(ctx context.Context) error {
	address := f.site.metadata.DeferredEndpoint
	if address == "" {
		return fmt.Errorf("%w: no deferred credential endpoint", ErrAnswer)
	}
	request := openid.DeferredRequest{TransactionID: f.s.Transaction}
	if f.s.Private != nil {
		private, err := f.private()
		if err != nil {
			return err
		}
		if request.Encryption, err = f.answerEncryption(private); err != nil {
			return err
		}
	}
	body, err := request.Bytes()
	if err != nil {
		return err
	}
	answer, err := f.send(ctx, address, body)
	if err != nil {
		return err
	}
	return f.take(ctx, answer)
}

func (f *flow) private() (*ecdh.PrivateKey, error) {
	if f.site.metadata.ResponseEncryption == nil {
		return nil, fmt.Errorf("%w: the issuer no longer says how it encrypts", ErrAnswer)
	}
	return ecdh.P256().NewPrivateKey(f.s.Private)
}

// take writes down what came.
func (f *flow) take(ctx context.Context, answer *fetch.Response) error {
	if err := succeeded(answer); err != nil {
		return err
	}
	body, err := f.decrypt(answer)
	if err != nil {
		return err
	}
	response, err := openid.ParseCredentialResponse(body)
	if err != nil {
		return fmt.Errorf("%w: %w", ErrAnswer, err)
	}
	if len(response.Credentials) > 0 {
		f.s.Stage, f.s.Answer, f.s.Notification = stageAnswer, response.Credentials, response.NotificationID
		return f.keep(ctx)
	}
	f.s.Stage, f.s.Transaction, f.s.After = stageDeferred, response.TransactionID, f.c.cfg.Clock().UTC().Add(response.Interval)
	return f.keep(ctx)
}

// decrypt reads an answer. One that was to be encrypted and is not is refused.
func (f *flow) decrypt(answer *fetch.Response) ([]byte, error) {
	if f.s.Private == nil {
		return answer.Body, nil
	}
	private, err := f.private()
	if err != nil {
		return nil, err
	}
	message, err := jwe.Parse(string(answer.Body), jwe.ParseOptions{MaxBytes: limits.Message})
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrAnswer, err)
	}
	body, err := message.Decrypt(private)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrAnswer, err)
	}
	return body, nil
}

// notify tells the issuer what became of the credential (OpenID4VCI 1.0 section 11), where
// it wants to know.
func (f *flow) notify(ctx context.Context, event openid.NotificationEvent) error {
	address := f.site.metadata.NotificationEndpoint
	if address == "" || f.s.Notification == "" {
		return nil
	}
	body, err := (&openid.Notification{ID: f.s.Notification, Event: event}).Bytes()
	if err != nil {
		return err
	}
	answer, err := f.authorized(ctx, address, mediaJSON, body)
	if err != nil {
		return err
	}
	return succeeded(answer)
}
