package wallet

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/go-json-experiment/json"

	"github.com/hufu-id/hufu/credential"
	"github.com/hufu-id/hufu/did"
	"github.com/hufu-id/hufu/identity"
	"github.com/hufu-id/hufu/internal/limits"
	"github.com/hufu-id/hufu/internal/strictjson"
	"github.com/hufu-id/hufu/ledger"
	"github.com/hufu-id/hufu/legible"
	"github.com/hufu-id/hufu/openid"
	"github.com/hufu-id/hufu/predicate"
	"github.com/hufu-id/hufu/provenance"
	"github.com/hufu-id/hufu/vault"
	"github.com/hufu-id/hufu/zkp"
)

// Reasons to refuse a credential on receipt.
var (
	// ErrUnrequested: bound to a key for which this wallet did not apply.
	ErrUnrequested = errors.New("wallet: credential was not applied for here")
	// ErrReceived: the application was answered before.
	ErrReceived = errors.New("wallet: credential was received before")
	// ErrNoEndorsement: the endorsement is missing, though a holder commitment was sent.
	ErrNoEndorsement = errors.New("wallet: credential has no endorsement")
	// ErrWrongIssuer: somebody else than the offer named has answered.
	ErrWrongIssuer = errors.New("wallet: credential comes from another issuer than the offer")
)

// record is a credential in the store.
type record struct {
	Text     string         `json:"text"` // SD-JWT with all disclosures
	KeyID    string         `json:"key"`
	Issuer   []byte         `json:"issuer"` // JWK of the key that signed
	Who      ledger.Subject `json:"who"`    // the issuer, as its accreditor vouched
	SchemaID string         `json:"schema"`
	Version  int            `json:"version"`
	// SchemaHash is that of the schema file which the ledger named on receipt.
	SchemaHash [32]byte  `json:"schema_hash"`
	Received   time.Time `json:"received"`
	// Anchor is who vouches for an issuer that is on no ledger, From the issuer where the
	// credential does not name it, AlsoTypes what it may be shown as besides vct.
	Anchor    string   `json:"anchor,omitzero"`
	From      string   `json:"from,omitzero"`
	AlsoTypes []string `json:"also_types,omitzero"`
}

// Receive checks a credential response as a counter would, checks the endorsement slot
// by slot against the claims, and stores the credential. If any check fails, Receive
// stores nothing, the application stays open for the true answer, and the error names
// the check. A credential without an endorsement, or with another issuer's, is refused:
// it could never be proved.
func (w *Wallet) Receive(ctx context.Context, response []byte) (_ *Stored, err error) {
	defer w.ended(ctx, "receive", w.cfg.Clock(), &err)
	defer judge(&err, CheckForm)
	sd, err := parseResponse(response)
	if err != nil {
		return nil, err
	}
	found, err := w.trace(ctx, sd)
	if err != nil {
		return nil, err
	}
	return w.keep(ctx, sd, found)
}

// parseResponse reads the one credential of a response.
func parseResponse(response []byte) (*credential.SDJWT, error) {
	r, err := openid.ParseCredentialResponse(response)
	if err != nil {
		return nil, err
	}
	if len(r.Credentials) != 1 {
		return nil, fmt.Errorf("%w: one credential is taken", openid.ErrCredentialResponse)
	}
	return credential.Parse([]byte(r.Credentials[0]), credential.ParseOptions{})
}

// trace runs provenance over one ledger view, or over the sources for those who are on no
// ledger, where there are any.
func (w *Wallet) trace(ctx context.Context, sd *credential.SDJWT) (*provenance.Credential, error) {
	var found *provenance.Credential
	if iss, _ := sd.UnverifiedClaims()["iss"].(string); len(w.cfg.Sources) > 0 && !onLedger(iss) {
		return provenance.Verify(ctx, w.elsewhere(), sd, w.cfg.Public, w.traceOptions())
	}
	err := w.resolve(ctx, func(view *ledger.View) (err error) {
		found, err = provenance.Verify(ctx, provenance.Ledger(view), sd, w.cfg.Public, provenance.Options{Now: w.cfg.Clock()})
		return err
	})
	return found, err
}

func (w *Wallet) keep(ctx context.Context, sd *credential.SDJWT, found *provenance.Credential) (*Stored, error) {
	id, err := credentialID(found.Confirmation)
	if err != nil {
		return nil, ErrUnrequested
	}
	if err := w.awaited(ctx, id, found); err != nil {
		return nil, err
	}
	rec, card, err := w.examine(ctx, id, sd, found)
	if err != nil {
		return nil, err
	}
	err = w.store.Update(ctx, func(tx vault.Tx) error {
		a, err := w.finishApplication(tx, id, found)
		if err != nil {
			return err
		}
		rec.KeyID = a.KeyID
		return rec.put(tx, card, found.Schema)
	})
	if err != nil {
		return nil, err
	}
	return w.Credential(ctx, id)
}

// put stores a credential with its schema and its facts.
func (r *record) put(tx vault.Tx, card *facts, schema *credential.Schema) error {
	value, err := json.Marshal(r)
	if err != nil {
		return err
	}
	if err := putSchema(tx, schema); err != nil {
		return err
	}
	if err := tx.Put(kindCredential, card.ID, value); err != nil {
		return err
	}
	return putCard(tx, card)
}

// examine checks what the ledger cannot know, and makes what is stored, without the key.
func (w *Wallet) examine(ctx context.Context, id string, sd *credential.SDJWT, found *provenance.Credential) (*record, *facts, error) {
	if err := legibleClaims(found.Claims); err != nil {
		return nil, nil, err
	}
	if !found.Foreign {
		if err := w.checkOurs(ctx, found); err != nil {
			return nil, nil, err
		}
	}
	issuer, err := did.MarshalJWK(found.Origin.Key.Public)
	if err != nil {
		return nil, nil, err
	}
	rec := &record{
		Issuer: issuer, Text: sd.String(), Received: w.cfg.Clock().UTC(),
		SchemaID: found.Schema.ID, Version: found.Schema.Version, SchemaHash: found.Schema.Hash(),
	}
	if chain := found.Origin.Chain; len(chain) > 0 {
		rec.Who = chain[0].Subject
	}
	if found.Foreign {
		if err := rec.foreign(found); err != nil {
			return nil, nil, err
		}
	}
	card, err := factsOf(id, rec, found.Verified)
	return rec, card, err
}

// checkOurs holds a credential of the ledger against its schema and its endorsement.
func (w *Wallet) checkOurs(ctx context.Context, found *provenance.Credential) error {
	if err := checkClaims(found); err != nil {
		return err
	}
	secret, err := w.secret(ctx)
	if err != nil {
		return err
	}
	return w.checkEndorsement(ctx, found, secret)
}

// legibleClaims refuses claims that a screen would show as something else. The error
// is [legible.ErrText].
func legibleClaims(value any) error {
	switch value := value.(type) {
	case string:
		return legible.Check(value, legible.Limits{Blank: true})
	case []any:
		for _, element := range value {
			if err := legibleClaims(element); err != nil {
				return err
			}
		}
	case map[string]any:
		for name, member := range value {
			if err := errors.Join(legible.Check(name, legible.Limits{}), legibleClaims(member)); err != nil {
				return err
			}
		}
	}
	return nil
}

// awaited checks the application before all that costs more; keep does it again when it
// stores the credential.
func (w *Wallet) awaited(ctx context.Context, id string, found *provenance.Credential) error {
	return w.store.View(ctx, func(tx vault.Tx) error {
		_, err := openApplication(tx, id, found)
		return err
	})
}

// checkClaims holds the claims against the schema on the ledger: what it does not
// describe has no label that the citizen could read.
func checkClaims(found *provenance.Credential) error {
	claims := withoutRegistered(found.Claims)
	delete(claims, predicate.ClaimBinding)
	if wrong := found.Schema.Validate(claims); len(wrong) > 0 {
		return &Rejected{CheckSchema, fmt.Errorf("%w: %w", provenance.ErrSchema, wrong[0])}
	}
	return nil
}

// checkEndorsement demands an endorsement, because every application sends a holder
// commitment. It refuses one that does not sign these claims, or that another issuer's
// key signed: it could never be proved.
func (w *Wallet) checkEndorsement(ctx context.Context, found *provenance.Credential, secret zkp.Secret) error {
	mine, err := provableOf(found, secret)
	if err != nil {
		return err
	}
	_, err = w.keyWindow(ctx, registration{found.Issuer, mine.Endorsement.Issuer, found.VCT, mine.Endorsement.Region, mine.Schema})
	return err
}

func (w *Wallet) finishApplication(tx vault.Tx, id string, found *provenance.Credential) (*application, error) {
	a, err := openApplication(tx, id, found)
	if err != nil {
		return nil, err
	}
	a.Finished = true
	return a, a.put(tx, id)
}

// openApplication is one that waits for an answer of the issuer. Off the ledger the
// application names the server that was asked, and a source vouches for who signed.
func openApplication(tx vault.Tx, id string, found *provenance.Credential) (*application, error) {
	a, err := readApplication(tx, id)
	switch {
	case errors.Is(err, vault.ErrNotFound):
		return nil, ErrUnrequested
	case err != nil:
		return nil, err
	case a.Issuance != "":
		return nil, fmt.Errorf("%w: not by file", ErrUnrequested)
	case a.Finished:
		return nil, ErrReceived
	case !answers(found, a.Issuer):
		return nil, ErrWrongIssuer
	}
	return a, nil
}

// answers reports whether a credential comes from who was asked.
func answers(found *provenance.Credential, asked string) bool {
	if found.Foreign {
		return !onLedger(asked)
	}
	return found.Issuer == asked
}

func readApplication(tx vault.Tx, id string) (*application, error) {
	r, err := tx.Get(kindApplication, id)
	if err != nil {
		return nil, err
	}
	a := new(application)
	if err := strictjson.Read(r.Value, limits.Record, a); err != nil {
		return nil, fmt.Errorf("%w: stored application: %w", vault.ErrDamaged, err)
	}
	return a, nil
}

// provableOf rebuilds the holder's side of the endorsement and checks that it
// signs exactly the claims of the SD-JWT.
func provableOf(found *provenance.Credential, secret zkp.Secret) (*zkp.Credential, error) {
	text, ok := found.Claims[zkp.ClaimName].(string)
	if !ok {
		return nil, ErrNoEndorsement
	}
	endorsement, err := zkp.ParseEndorsement(text)
	if err != nil {
		return nil, err
	}
	binding, _ := found.Claims[predicate.ClaimBinding].(string)
	day, err := zkp.ParseDay(binding)
	if err != nil {
		return nil, fmt.Errorf("%w: binding day", predicate.ErrMismatch)
	}
	attributes, err := predicate.Attributes(found.Schema, found.Claims, day)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", predicate.ErrMismatch, err)
	}
	c := &zkp.Credential{
		Endorsement: endorsement, Schema: predicate.SchemaElement(found.Schema), Attributes: attributes, Secret: secret,
	}
	if endorsement.Issuance != identity.Scope(found.Issuer, found.Schema) {
		return nil, fmt.Errorf("%w: issuance scope", predicate.ErrMismatch)
	}
	if endorsement.Region != found.Region || !endorsement.NotBefore.Start().Equal(found.NotBefore) || !(endorsement.NotAfter + 1).Start().Equal(found.Expires) {
		return nil, fmt.Errorf("%w: region or validity", predicate.ErrMismatch)
	}
	if err := c.Check(); err != nil {
		return nil, fmt.Errorf("%w: %w", predicate.ErrMismatch, err)
	}
	return c, nil
}
