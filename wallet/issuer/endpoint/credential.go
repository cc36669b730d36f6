package endpoint

import (
	"context"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"slices"

	"github.com/hufu-id/hufu/internal/limits"
	"github.com/hufu-id/hufu/openid"
	"github.com/hufu-id/hufu/openid/jwe"
	"github.com/hufu-id/hufu/openid/oauth"
	"github.com/hufu-id/hufu/vault"
	"github.com/hufu-id/hufu/wallet/issuer"
)

// read reads a body, which the server caps at limits.Message, too.
func read(r *http.Request) ([]byte, error) {
	return io.ReadAll(io.LimitReader(r.Body, limits.Message+1))
}

// body reads a request to a resource: JSON, or encrypted JSON where the endpoint takes it
// (OpenID4VCI 1.0 section 10).
func (s *Server) body(r *http.Request) (data []byte, encrypted bool, err error) {
	if data, err = read(r); err != nil {
		return nil, false, err
	}
	switch kind, _, _ := mime.ParseMediaType(r.Header.Get("Content-Type")); kind {
	case "application/json":
		return data, false, nil
	case "application/jwt":
		m, err := jwe.Parse(string(data), jwe.ParseOptions{Inflate: limits.Message})
		if err == nil {
			data, err = m.Decrypt(s.private)
		}
		if err != nil {
			return nil, false, no(oauth.InvalidEncryptionParameters, "The request cannot be decrypted.", err)
		}
		return data, true, nil
	}
	return nil, false, no(oauth.InvalidCredentialRequest, "The request is neither application/json nor application/jwt.", nil)
}

// sealed is how an answer is encrypted; nil for one in clear.
type sealed struct {
	key  *jwe.PublicKey
	opts jwe.EncryptOptions
}

// seal reads how the answer is to be encrypted, before anything is issued.
func (s *Server) seal(e *openid.ResponseEncryption, encrypted bool) (*sealed, error) {
	if e == nil {
		if s.cfg.RequireEncryption {
			return nil, no(oauth.InvalidEncryptionParameters, "This issuer answers encrypted requests, and encrypts its answers.", nil)
		}
		return nil, nil
	}
	if s.cfg.RequireEncryption && !encrypted {
		return nil, no(oauth.InvalidEncryptionParameters, "This issuer answers encrypted requests, and encrypts its answers.", nil)
	}
	key, err := jwe.ParsePublicKey(e.JWK)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", openid.ErrEncryption, err)
	}
	if !slices.Contains(contents, e.Content) || e.Compression != "" && e.Compression != "DEF" {
		return nil, fmt.Errorf("%w: enc or zip is not supported", openid.ErrEncryption)
	}
	return &sealed{key, jwe.EncryptOptions{Encryption: jwe.Encryption(e.Content), Deflate: e.Compression != ""}}, nil
}

// respond writes a credential response: 200 with credentials, 202 with a transaction id.
func (s *Server) respond(w http.ResponseWriter, response *openid.CredentialResponse, to *sealed) error {
	body, err := response.Bytes()
	if err != nil {
		return err
	}
	code := http.StatusOK
	if response.TransactionID != "" {
		code = http.StatusAccepted
	}
	w.Header().Set("DPoP-Nonce", s.newNonce(forDPoP))
	if to == nil {
		return answer(w, code, body)
	}
	text, err := jwe.Encrypt(body, to.key, to.opts)
	if err != nil {
		return err
	}
	return write(w, code, "application/jwt", []byte(text))
}

// credential is the credential endpoint (OpenID4VCI 1.0 section 8).
func (s *Server) credential(w http.ResponseWriter, r *http.Request) error {
	session, uses, err := s.access(r, pathCredential)
	if err != nil {
		return err
	}
	data, encrypted, err := s.body(r)
	if err != nil {
		return err
	}
	request, err := openid.ParseCredentialRequest(data)
	if err != nil {
		return err
	}
	to, err := s.seal(request.Encryption, encrypted)
	if err != nil {
		return err
	}
	if err := s.configured(request, session); err != nil {
		return err
	}
	response, err := s.apply(r.Context(), request, session, uses)
	if err != nil {
		return tokenEnded(err)
	}
	return s.respond(w, response, to)
}

// configured names the configuration of a request, and leaves out what does not make it
// another request (OpenID4VCI 1.0 section 8.2).
func (s *Server) configured(request *openid.CredentialRequest, session *session) error {
	switch id := request.Identifier; {
	case id != "" && (!session.Named || id != identifier(session.Type)):
		return no(oauth.UnknownCredentialIdentifier, "The token response named no such credential_identifier.", nil)
	case id == "" && s.texts.metadata.Configurations[request.ConfigurationID] == nil:
		return no(oauth.UnknownCredentialConfiguration, "This issuer has no such credential configuration.", nil)
	case id == "" && session.Named:
		return no(oauth.InvalidCredentialRequest, "The token response named a credential_identifier: use it.", nil)
	case id == "" && s.typeNamed(request.ConfigurationID) != session.Type:
		return no(oauth.UnknownCredentialConfiguration, "The access token is for another credential configuration.", nil)
	}
	request.ConfigurationID, request.Identifier, request.Encryption = session.Type, "", nil
	return nil
}

// apply hands a request to the desk. What it uses up goes with the transaction that issues;
// for an answer that is given again, in one of its own.
func (s *Server) apply(ctx context.Context, request *openid.CredentialRequest, session *session, uses guard) (*openid.CredentialResponse, error) {
	ran := false
	app := &issuer.Application{
		Grant: session.Grant, Request: request, AttestationRequired: s.cfg.KeyAttestation != nil,
		Nonce: func(nonce string) error {
			if !s.isNonce(forProof, nonce) {
				return openid.ErrProofNonce
			}
			return nil
		},
		Within: func(tx vault.Tx, nonces []string) error {
			ran = true
			if err := uses.run(tx); err != nil {
				return err
			}
			return s.useNonces(tx, nonces)
		},
	}
	if s.cfg.KeyMaker != nil {
		app.Attested = func(a *openid.KeyAttestation) error { return s.attested(ctx, a) }
	}
	response, err := s.desk.Apply(ctx, app)
	if err != nil || ran {
		return response, err
	}
	return response, s.update(ctx, uses.run)
}

// attested judges a key attestation (OpenID4VCI 1.0 appendix D).
func (s *Server) attested(ctx context.Context, a *openid.KeyAttestation) error {
	maker, err := s.cfg.KeyMaker(ctx, a.Header, s.now())
	if err != nil {
		return err
	}
	if err := a.Verify(maker, openid.VerifyOptions{Now: s.now()}); err != nil {
		return err
	}
	if want := s.cfg.KeyAttestation; want != nil && (!meets(want.Storage, a.Storage) || !meets(want.Authentication, a.Authentication)) {
		return fmt.Errorf("%w: it does not claim what this issuer asks for", openid.ErrKeyAttestation)
	}
	return nil
}

// meets reports whether one of the wanted levels is claimed; no wanted ones take anything.
func meets(want, claimed []string) bool {
	return len(want) == 0 || slices.ContainsFunc(claimed, func(c string) bool { return slices.Contains(want, c) })
}

// tokenEnded says of a grant that the desk no longer has that its token is none.
func tokenEnded(err error) error {
	if errors.Is(err, issuer.ErrCode) || errors.Is(err, issuer.ErrOfferExpired) {
		return noToken(err)
	}
	return err
}

// deferred is the deferred credential endpoint (OpenID4VCI 1.0 section 9).
func (s *Server) deferred(w http.ResponseWriter, r *http.Request) error {
	session, uses, err := s.access(r, pathDeferred)
	if err != nil {
		return err
	}
	data, encrypted, err := s.body(r)
	if err != nil {
		return err
	}
	request, err := openid.ParseDeferredRequest(data)
	if err != nil {
		return err
	}
	to, err := s.seal(request.Encryption, encrypted)
	if err != nil {
		return err
	}
	if err := s.update(r.Context(), uses.run); err != nil {
		return err
	}
	response, err := s.desk.Collect(r.Context(), session.Grant, request.TransactionID)
	if err != nil {
		return tokenEnded(err)
	}
	return s.respond(w, response, to)
}

// notification is the notification endpoint (OpenID4VCI 1.0 section 11).
func (s *Server) notification(w http.ResponseWriter, r *http.Request) error {
	session, uses, err := s.access(r, pathNotification)
	if err != nil {
		return err
	}
	data, err := read(r)
	if err != nil {
		return err
	}
	n, err := openid.ParseNotification(data)
	if err != nil {
		return no(oauth.InvalidNotificationRequest, "The notification is malformed, or names an unknown event.", err)
	}
	if err := s.update(r.Context(), uses.run); err != nil {
		return err
	}
	if err := s.desk.Notify(r.Context(), session.Grant, n.ID, n.Event); err != nil {
		return err
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}
