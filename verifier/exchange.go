package verifier

import (
	"cmp"
	"context"
	"crypto"
	"crypto/ecdh"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"fmt"
	"net/url"
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/hufu-id/hufu/internal/limits"
	"github.com/hufu-id/hufu/internal/strictjson"
	"github.com/hufu-id/hufu/openid"
	"github.com/hufu-id/hufu/openid/jwe"
)

// A Certificate is a second way in which a counter is known, to wallets that do not read
// the ledger: the key of an X.509 certificate signs.
type Certificate struct {
	// Chain is in DER, the leaf first, without the anchor. HAIP 1.0 (section 5) refuses a
	// leaf that is self-signed.
	Chain [][]byte
	Key   crypto.Signer
}

// check refuses a certificate that no wallet would take.
func (c *Certificate) check() error {
	if c == nil {
		return nil
	}
	if c.Key == nil || len(c.Chain) == 0 {
		return fmt.Errorf("%w: a certificate has a chain and a key", ErrConfig)
	}
	leaf, err := x509.ParseCertificate(c.Chain[0])
	if err != nil {
		return fmt.Errorf("%w: the first of the chain is no certificate", ErrConfig)
	}
	if public, ok := c.Key.Public().(interface{ Equal(crypto.PublicKey) bool }); !ok || !public.Equal(leaf.PublicKey) {
		return fmt.Errorf("%w: the certificate is of another key", ErrConfig)
	}
	if leaf.CheckSignature(leaf.SignatureAlgorithm, leaf.RawTBSCertificate, leaf.Signature) == nil {
		return fmt.Errorf("%w: a certificate that is self-signed vouches for nobody", ErrConfig)
	}
	return nil
}

// contents are the content encryptions that every counter takes (HAIP 1.0 section 5).
func contents() []string { return []string{string(jwe.A128GCM), string(jwe.A256GCM)} }

// kept is what only the counter knows of a request. It stands behind the request object in
// the store, so that a restart, or another process, can take the answer.
type kept struct {
	// Client is the client_id, the audience of the answer.
	Client string `json:"client"`
	// Key is the private key to which the answer is encrypted; nil for an answer in clear.
	Key []byte `json:"key,omitzero"`
	// Session and Secret seal the result of a request from a browser on the wallet's own
	// device: see RequestOptions.
	Session     []byte `json:"session,omitzero"`
	Secret      []byte `json:"secret,omitzero"`
	RedirectURI string `json:"redirect_uri,omitzero"`
	// Authorises says that the object has transaction data.
	Authorises bool `json:"authorises,omitzero"`
}

// frame joins a request object, which has no line break, and what is kept of it. A request
// that anybody may answer in clear as the counter's DID is its object alone.
func (k *kept) frame(object []byte, usual string) ([]byte, error) {
	if k.Client == usual && k.Key == nil && k.Secret == nil && !k.Authorises {
		return object, nil
	}
	b, err := json.Marshal(k)
	if err != nil {
		return nil, fmt.Errorf("verifier: writing the request: %w", err)
	}
	return append(append(object[:len(object):len(object)], '\n'), b...), nil
}

// unframe takes a stored request apart.
func (v *Verifier) unframe(r *Request) (*kept, error) {
	object, rest, found := strings.Cut(string(r.Object), "\n")
	k := &kept{Client: v.ClientID()}
	if !found {
		return k, nil
	}
	r.Object = []byte(object)
	if err := strictjson.Read([]byte(rest), limits.Document, k); err != nil {
		return nil, fmt.Errorf("verifier: reading the stored request: %w", err)
	}
	return k, nil
}

// privateKey is the key of the request; nil for none.
func (k *kept) privateKey() (*ecdh.PrivateKey, error) {
	if k.Key == nil {
		return nil, nil
	}
	return ecdh.P256().NewPrivateKey(k.Key)
}

// readObject reads a request object of our own.
func readObject(object []byte) (*openid.AuthorizationRequest, error) {
	if strings.HasSuffix(string(object), ".") {
		return openid.ParseUnsignedObject(string(object))
	}
	signed, err := openid.ParseRequest(string(object))
	if err != nil {
		return nil, err
	}
	return signed.Unverified, nil
}

// writeObject signs a request as its client_id asks.
func (v *Verifier) writeObject(ctx context.Context, asked *openid.AuthorizationRequest) (string, error) {
	switch {
	case !asked.Prefix.Signed():
		return asked.UnsignedObject()
	case asked.Prefix.X509():
		return openid.SignRequestX509(ctx, v.cfg.Certificate.Key, v.cfg.Certificate.Chain, asked)
	}
	return openid.SignRequest(ctx, v.cfg.Identity.Key, v.cfg.Identity.KeyID, asked)
}

// exchange fills in what a request says of its way, and returns what is kept of it.
func (v *Verifier) exchange(asked *openid.AuthorizationRequest, id string, opts *RequestOptions) (*kept, error) {
	asked.ResponseURI = cmp.Or(opts.ResponseURI, asked.ResponseURI)
	if err := v.nameClient(asked, opts); err != nil {
		return nil, err
	}
	k := &kept{Client: asked.ClientID(), RedirectURI: opts.RedirectURI, Authorises: len(opts.Transactions) > 0}
	asked.Transactions = opts.Transactions
	if opts.RedirectURI != "" {
		session := sha256.Sum256([]byte(opts.Session))
		k.Session, k.Secret = session[:], []byte(random())
	}
	if opts.Mode != openid.DirectPostJWT {
		return k, nil
	}
	private, err := jwe.GenerateKey()
	if err != nil {
		return nil, err
	}
	public := &jwe.PublicKey{ID: id, Key: private.PublicKey()}
	jwk, err := json.Marshal(public.JWK(), json.Deterministic(true))
	if err != nil {
		return nil, err
	}
	k.Key = private.Bytes()
	asked.Mode, asked.Contents = openid.DirectPostJWT, contents()
	asked.Keys = &openid.KeySet{Keys: []jsontext.Value{jwk}}
	return k, nil
}

// nameClient sets the client_id. Requests to other people's wallets ask for nothing that
// rests on the counter's DID.
func (v *Verifier) nameClient(asked *openid.AuthorizationRequest, opts *RequestOptions) error {
	if opts.Client == "" || opts.Client == openid.ClientDID {
		return nil
	}
	asked.Prefix = opts.Client
	switch {
	case asked.Scope.Kind != openid.ScopeNone || asksProof(asked.Query):
		return fmt.Errorf("%w: only the counter's DID asks for proofs", ErrConfig)
	case opts.Client.X509() && v.cfg.Certificate == nil:
		return fmt.Errorf("%w: no certificate", ErrConfig)
	case opts.Client == openid.ClientX509Hash:
		asked.Verifier = openid.CertificateHash(v.cfg.Certificate.Chain[0])
	case opts.Client == openid.ClientX509DNS:
		asked.Verifier = hostOf(asked.ResponseURI)
	case opts.Client == openid.ClientRedirectURI:
		asked.Verifier = asked.ResponseURI
	default:
		return fmt.Errorf("%w: unknown kind of client_id", ErrConfig)
	}
	return nil
}

func asksProof(q *openid.Query) bool {
	for i := range q.Credentials {
		if isProof(q.Credentials[i]) {
			return true
		}
	}
	return false
}

// RequestObject returns the request object for a wallet that fetches it by reference, as
// often as it asks, from any process over the store: signed anew, with the proof of who
// asks, and with the nonce that the wallet sent; empty for none. The error is
// [ErrUnknownRequest], [ErrExpired], openid.ErrRequest for a malformed nonce, or that of
// the store or the signer.
func (v *Verifier) RequestObject(ctx context.Context, id, walletNonce string) ([]byte, error) {
	r, err := v.store.Request(ctx, id)
	if err != nil {
		return nil, fmt.Errorf("verifier: reading the request: %w", err)
	}
	now := v.cfg.Clock()
	if !now.Before(r.Expires) {
		return nil, ErrExpired
	}
	if _, err := v.unframe(&r); err != nil {
		return nil, err
	}
	asked, err := readObject(r.Object)
	if err != nil {
		return nil, fmt.Errorf("verifier: reading the stored request: %w", err)
	}
	asked.WalletNonce = walletNonce
	if asked.Prefix == "" {
		policy, err := v.policyOf(ctx, r.Policy)
		if err != nil {
			return nil, err
		}
		asked.LedgerProof, _ = v.attest(ctx, policy, r.Created) // without, a wallet reads its own list
	}
	object, err := v.writeObject(ctx, asked)
	return []byte(object), err
}

// responseCode is the secret in the address to which a wallet sends the browser.
func (k *kept) responseCode(id string) string {
	sum := sha256.Sum256([]byte("hufu/response-code/1\x00" + string(k.Secret) + "\x00" + id))
	return base64.RawURLEncoding.EncodeToString(sum[:])
}

// minSession is the length of 128 bits in base64url.
const minSession = 22

// check refuses what no wallet, or no browser, could follow.
func (o *RequestOptions) check() error {
	switch {
	case o.Mode != "" && o.Mode != openid.DirectPost && o.Mode != openid.DirectPostJWT:
		return fmt.Errorf("%w: unknown response mode", ErrConfig)
	case o.ResponseURI != "" && openid.CheckResponseURI(o.ResponseURI) != nil:
		return fmt.Errorf("%w: the response address is neither https nor http to a loopback address", ErrConfig)
	case o.RedirectURI == "" && o.Session != "":
		return fmt.Errorf("%w: a session without an address for its browser", ErrConfig)
	case o.RedirectURI != "" && (openid.CheckResponseURI(o.RedirectURI) != nil || len(o.Session) < minSession):
		return fmt.Errorf("%w: a browser's address is https or http to a loopback address, and its session has %d characters or more", ErrConfig, minSession)
	}
	return nil
}

// hostOf is the host of an address that was checked.
func hostOf(address string) string {
	u, err := url.Parse(address)
	if err != nil {
		return ""
	}
	return u.Hostname()
}
