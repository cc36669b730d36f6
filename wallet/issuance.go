package wallet

import (
	"context"
	"crypto"
	"crypto/rand"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/go-json-experiment/json"

	"github.com/hufu-id/hufu/internal/limits"
	"github.com/hufu-id/hufu/internal/strictjson"
	"github.com/hufu-id/hufu/openid"
	"github.com/hufu-id/hufu/vault"
)

// kindIssuance is what a wallet keeps of an application over the network.
const kindIssuance = "issuance"

// MaxCopies is how many copies of one credential a wallet applies for at most.
const MaxCopies = 20

// An Issuance is an application to an issuer with a web address. It lies in the vault from
// before the first request until the credential is stored and the issuer knows it. Package
// wallet/client carries it.
type Issuance struct {
	ID            string
	Site          string // Credential Issuer Identifier
	Issuer        string // DID, which signs; the Site of an issuer that is on no ledger
	Configuration string // the issuer's name of the credential
	Type          string // vct
	Schema        string // its id; empty for an issuer that is on no ledger
	Copies        int    // asked for
	Created       time.Time
	// Credential is the id of what was stored; empty while the issuance waits.
	Credential string
	// Session is the carrier's: tokens, and what was sent and received.
	Session []byte
}

type issuance struct {
	Site          string    `json:"site"`
	Issuer        string    `json:"issuer"`
	Configuration string    `json:"configuration"`
	Type          string    `json:"type"`
	Foreign       bool      `json:"foreign,omitzero"`
	Schema        string    `json:"schema,omitzero"`
	Version       int       `json:"version,omitzero"`
	Identity      string    `json:"identity,omitzero"`
	SessionKey    string    `json:"session_key"`
	Keys          []string  `json:"keys"`    // of the holder, by their names in the key store
	Holders       []string  `json:"holders"` // the same, by the ids of their credentials
	Created       time.Time `json:"created"`
	Credential    string    `json:"credential,omitzero"`
	Session       []byte    `json:"session,omitzero"`
}

func (r *issuance) put(tx vault.Tx, id string) error {
	value, err := json.Marshal(r)
	if err != nil {
		return err
	}
	return tx.Put(kindIssuance, id, value)
}

func (r *issuance) public(id string) *Issuance {
	return &Issuance{
		ID: id, Site: r.Site, Issuer: r.Issuer, Configuration: r.Configuration, Type: r.Type, Schema: r.Schema,
		Copies: len(r.Keys), Created: r.Created, Credential: r.Credential, Session: r.Session,
	}
}

func readIssuance(tx vault.Tx, id string) (*issuance, error) {
	r, err := tx.Get(kindIssuance, id)
	if err != nil {
		return nil, err
	}
	return parseIssuance(r.Value)
}

func parseIssuance(value []byte) (*issuance, error) {
	out := new(issuance)
	if err := strictjson.Read(value, limits.Record, out); err != nil {
		return nil, fmt.Errorf("%w: stored issuance: %w", vault.ErrDamaged, err)
	}
	if len(out.Keys) != len(out.Holders) {
		return nil, fmt.Errorf("%w: stored issuance", vault.ErrDamaged)
	}
	return out, nil
}

func (w *Wallet) issuance(ctx context.Context, id string) (out *issuance, err error) {
	err = w.store.View(ctx, func(tx vault.Tx) (err error) {
		out, err = readIssuance(tx, id)
		return err
	})
	return out, err
}

// IssuanceOptions changes defaults. The zero value asks for one copy and shows nothing to
// the issuer.
type IssuanceOptions struct {
	// Copies is how many copies to ask for, each bound to a key of its own. Zero means one.
	Copies int
	// Identity is as in ApplyOptions.
	Identity string
	// Session is the carrier's first.
	Session []byte
}

// BeginIssuance makes fresh holder keys and a session key, and keeps the application
// durably before anything is sent. The reason of a refusal is ErrOffer, ErrIdentity,
// ErrNoIdentity or ErrNotProvable.
func (w *Wallet) BeginIssuance(ctx context.Context, o *Offered, opts IssuanceOptions) (_ *Issuance, err error) {
	defer w.ended(ctx, "begin-issuance", w.cfg.Clock(), &err)
	defer judge(&err, CheckOffer)
	copies := max(1, opts.Copies)
	if o == nil || o.Site == "" || copies > o.Copies || copies > MaxCopies {
		return nil, fmt.Errorf("%w: not of an issuer with an address, or too many copies", ErrOffer)
	}
	if o.NeedsIdentity && w.cfg.Prover == nil {
		return nil, ErrNotProvable
	}
	if _, err := o.chosen(opts.Identity); err != nil {
		return nil, err
	}
	rec := &issuance{
		Site: o.Site, Issuer: o.Issuer, Configuration: o.Configuration, Type: o.Type, Foreign: o.Foreign,
		Identity: opts.Identity, Created: w.cfg.Clock().UTC(), Session: opts.Session,
	}
	if o.Schema != nil {
		rec.Schema, rec.Version = o.Schema.ID, o.Schema.Version
	}
	if err := w.makeKeys(ctx, rec, copies); err != nil {
		return nil, errors.Join(err, w.dropKeys(context.WithoutCancel(ctx), append(rec.Keys, rec.SessionKey)))
	}
	id := rand.Text()
	err = w.store.Update(ctx, func(tx vault.Tx) error {
		for i, holder := range rec.Holders {
			a := application{Issuer: rec.Issuer, Schema: rec.Schema, KeyID: rec.Keys[i], Created: rec.Created, Issuance: id}
			if err := a.put(tx, holder); err != nil {
				return err
			}
		}
		return rec.put(tx, id)
	})
	if err != nil {
		return nil, err
	}
	return rec.public(id), nil
}

func (w *Wallet) makeKeys(ctx context.Context, rec *issuance, copies int) error {
	session, err := w.keys.Generate(ctx, vault.KeySpec{Algorithm: vault.ES256, Purpose: "session"})
	if err != nil {
		return err
	}
	rec.SessionKey = session.Info().ID
	for range copies {
		key, err := w.keys.Generate(ctx, vault.KeySpec{Algorithm: vault.ES256, Purpose: "holder"})
		if err != nil {
			return err
		}
		rec.Keys = append(rec.Keys, key.Info().ID)
		holder, err := credentialID(key.Public())
		if err != nil {
			return err
		}
		rec.Holders = append(rec.Holders, holder)
	}
	return nil
}

// dropKeys deletes keys that nothing needs. One that is gone is no failure.
func (w *Wallet) dropKeys(ctx context.Context, ids []string) (err error) {
	for _, id := range ids {
		if id == "" {
			continue
		}
		if failed := w.keys.DeleteKey(ctx, id); failed != nil && !errors.Is(failed, vault.ErrNotFound) {
			err = errors.Join(err, failed)
		}
	}
	return err
}

// Pending lists the issuances that are not over, oldest first: those that wait for a
// credential, and those whose issuer was not told yet that it is stored.
func (w *Wallet) Pending(ctx context.Context) (out []*Issuance, err error) {
	defer judge(&err, CheckVault)
	err = w.store.View(ctx, func(tx vault.Tx) error {
		records, err := tx.List(kindIssuance)
		if err != nil {
			return err
		}
		for _, r := range records {
			rec, err := parseIssuance(r.Value)
			if err != nil {
				return err
			}
			out = append(out, rec.public(r.ID))
		}
		return nil
	})
	slices.SortFunc(out, func(a, b *Issuance) int { return a.Created.Compare(b.Created) })
	return out, err
}

// Issuance returns one of Pending. The error wraps vault.ErrNotFound where there is none.
func (w *Wallet) Issuance(ctx context.Context, id string) (_ *Issuance, err error) {
	defer judge(&err, CheckVault)
	rec, err := w.issuance(ctx, id)
	if err != nil {
		return nil, err
	}
	return rec.public(id), nil
}

// KeepSession replaces what the carrier keeps with an issuance, durably.
func (w *Wallet) KeepSession(ctx context.Context, id string, session []byte) (err error) {
	defer judge(&err, CheckVault)
	return w.store.Update(ctx, func(tx vault.Tx) error {
		rec, err := readIssuance(tx, id)
		if err != nil {
			return err
		}
		rec.Session = session
		return rec.put(tx, id)
	})
}

// SessionKey is the key of one issuance, with which its requests are signed (RFC 9449). No
// other issuance has it.
func (w *Wallet) SessionKey(ctx context.Context, id string) (_ vault.Key, err error) {
	defer judge(&err, CheckVault)
	rec, err := w.issuance(ctx, id)
	if err != nil {
		return nil, err
	}
	return w.keys.Key(ctx, rec.SessionKey)
}

// RequestOptions says what an issuer wants in a credential request.
type RequestOptions struct {
	// Nonce is the issuer's c_nonce; empty where it has no nonce endpoint.
	Nonce string
	// Client is the client_id; empty where the wallet stays anonymous.
	Client string
	// Identifier is the credential_identifier of the token response; empty where it has
	// none.
	Identifier string
	// Attest has keys attested, for an issuer that asks for it (OpenID4VCI 1.0 appendix
	// D.1); nil for none. AttestationOnly sends the attestation in place of proofs of
	// possession (appendix F.3).
	Attest          func(ctx context.Context, keys []crypto.PublicKey) (attestation string, err error)
	AttestationOnly bool
}

// RequestCopies makes the credential request of an issuance (OpenID4VCI 1.0 section 8.2):
// a proof of possession of each holder key, and what ties the credential to this wallet's
// holder. The issuer learns public keys that no one else has seen, and a commitment that
// says nothing. The reason of a refusal is ErrOffer where the issuer is not the one for
// which the issuance began, or as in Apply.
func (w *Wallet) RequestCopies(ctx context.Context, id string, o *Offered, opts RequestOptions) (_ *openid.CredentialRequest, err error) {
	defer w.ended(ctx, "request-copies", w.cfg.Clock(), &err)
	defer judge(&err, CheckOffer)
	rec, err := w.issuance(ctx, id)
	if err != nil {
		return nil, err
	}
	if o.Site != rec.Site || o.Issuer != rec.Issuer || o.Type != rec.Type || o.Foreign != rec.Foreign ||
		!o.Foreign && (o.Schema.ID != rec.Schema || o.Schema.Version != rec.Version) {
		return nil, fmt.Errorf("%w: the issuer has changed what it offered", ErrOffer)
	}
	choice, err := o.chosen(rec.Identity)
	if err != nil {
		return nil, err
	}
	request := &openid.CredentialRequest{ConfigurationID: rec.Configuration}
	if opts.Identifier != "" {
		request.ConfigurationID, request.Identifier = "", opts.Identifier
	}
	now := w.cfg.Clock().Truncate(time.Second)
	if err := w.possess(ctx, rec, request, opts, now); err != nil {
		return nil, err
	}
	if rec.Foreign { // it knows no commitment
		return request, nil
	}
	text := request.Attestation
	if len(request.Proofs) > 0 {
		text = request.Proofs[0]
	}
	if err := w.tie(ctx, o, choice, request, text, now); err != nil || choice == nil {
		return request, err
	}
	return request, w.rememberIdentity(ctx, o, choice)
}

// possess shows possession of the holder keys of an issuance.
func (w *Wallet) possess(ctx context.Context, rec *issuance, request *openid.CredentialRequest, opts RequestOptions, now time.Time) error {
	keys := make([]vault.Key, 0, len(rec.Keys))
	public := make([]crypto.PublicKey, 0, len(rec.Keys))
	for _, id := range rec.Keys {
		key, err := w.keys.Key(ctx, id)
		if err != nil {
			return err
		}
		keys, public = append(keys, key), append(public, key.Public())
	}
	attestation := ""
	if opts.Attest != nil {
		var err error
		if attestation, err = opts.Attest(ctx, public); err != nil {
			return err
		}
		if opts.AttestationOnly {
			request.Attestation = attestation
			return nil
		}
	}
	claims := openid.ProofClaims{Audience: rec.Site, Nonce: opts.Nonce, IssuedAt: now, Client: opts.Client}
	for _, key := range keys {
		proof, err := openid.SignAttestedProof(ctx, key, claims, attestation)
		if err != nil {
			return err
		}
		request.Proofs = append(request.Proofs, proof)
	}
	return nil
}

// EndIssuance forgets an issuance with its session. Where no credential was stored its
// holder keys go too: an answer that comes later is of no use to anybody.
func (w *Wallet) EndIssuance(ctx context.Context, id string) (err error) {
	defer w.ended(ctx, "end-issuance", w.cfg.Clock(), &err)
	defer judge(&err, CheckVault)
	var rec *issuance
	err = w.store.Update(ctx, func(tx vault.Tx) (err error) {
		if rec, err = readIssuance(tx, id); err != nil {
			return err
		}
		if rec.Credential == "" {
			if err := dropApplications(tx, rec.Holders); err != nil {
				return err
			}
		}
		return tx.Delete(kindIssuance, id)
	})
	if err != nil {
		return err
	}
	keys := []string{rec.SessionKey}
	if rec.Credential == "" {
		keys = append(keys, rec.Keys...)
	}
	return w.dropKeys(ctx, keys)
}

func dropApplications(tx vault.Tx, holders []string) error {
	for _, holder := range holders {
		if err := tx.Delete(kindApplication, holder); err != nil && !errors.Is(err, vault.ErrNotFound) {
			return err
		}
	}
	return nil
}
