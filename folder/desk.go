package folder

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"github.com/hufu-id/hufu/agency"
	"github.com/hufu-id/hufu/credential"
	"github.com/hufu-id/hufu/internal/limits"
	"github.com/hufu-id/hufu/internal/strictjson"
	"github.com/hufu-id/hufu/ledger"
	"github.com/hufu-id/hufu/vault"
	"github.com/hufu-id/hufu/wallet/issuer"
)

// kindType is the record of a credential type that an agency's desk issues, by its ID.
const kindType = "desk-type"

type keptType struct {
	Region    string `json:"region"`
	ValidDays int    `json:"validDays"`
	Schema    string `json:"schema"` // the file
	Name      string `json:"name,omitzero"`
}

// Types are the credential types that the agency's desk issues, as KeepType left them,
// sorted by ID. The error wraps vault.ErrDamaged where a record does not read.
func (a *Agency) Types(ctx context.Context) (types []issuer.Type, err error) {
	err = a.Vault.View(ctx, func(tx vault.Tx) error {
		records, err := tx.List(kindType)
		if err != nil {
			return err
		}
		for _, r := range records {
			var kept keptType
			err := strictjson.Read(r.Value, limits.Record, &kept)
			schema, e := credential.ParseSchema([]byte(kept.Schema))
			if err = cmp.Or(err, e); err != nil {
				return fmt.Errorf("%w: credential type of the desk: %w", vault.ErrDamaged, err)
			}
			types = append(types, issuer.Type{Schema: schema, Region: kept.Region, ValidDays: kept.ValidDays, Name: kept.Name})
		}
		return nil
	})
	slices.SortFunc(types, func(a, b issuer.Type) int { return cmp.Compare(a.ID(), b.ID()) })
	return types, err
}

// KeepType makes a credential type one of those that the agency's desk issues, or changes
// its region. The agency must be accredited to issue it there: errors are those of
// ledger.View.Accredited, and agency.ErrOffline without a ledger.
func (a *Agency) KeepType(ctx context.Context, t issuer.Type) error {
	if a.client == nil {
		return agency.ErrOffline
	}
	err := a.client.Resolve(ctx, func(view *ledger.View) error {
		_, err := view.Accredited(a.DID(), t.Schema.VCT, ledger.ActionIssue, t.Region, time.Time{})
		return err
	}, ledger.ResolveOptions{})
	if err != nil {
		return err
	}
	value, err := json.Marshal(keptType{t.Region, t.ValidDays, string(t.Schema.Bytes()), t.Name})
	if err != nil {
		return err
	}
	return a.Vault.Update(ctx, func(tx vault.Tx) error { return tx.Put(kindType, t.ID(), value) })
}

// PublishType makes a credential type of a schema file: the file goes to the public folder
// of the ledger whose folder is named, and its hash on the ledger, under the agency's name.
// Errors are those of [publish.Folder.PublishSchema] and of agency.Agency.PublishSchema.
func (a *Agency) PublishType(ctx context.Context, ledgerDir string, file []byte) (*credential.Schema, error) {
	schema, err := Public(ledgerDir).PublishSchema(ctx, file)
	if err == nil {
		err = a.PublishSchema(ctx, schema)
	}
	return schema, err
}

// RenewLists signs the status lists of the agency's desk anew where they need it, as
// [issuer.Desk.Renew] does: after a change of the agency's keys, all of them. An agency
// that issues no type has none. Errors are those of Desk and Renew.
func (a *Agency) RenewLists(ctx context.Context, ledgerDir string) error {
	types, err := a.Types(ctx)
	if err != nil || len(types) == 0 {
		return err
	}
	desk, err := a.Desk(ctx, ledgerDir, issuer.Config{Types: types})
	if err != nil {
		return err
	}
	return desk.Renew(ctx)
}

// Desk opens the agency's issuing desk, after Join on the ledger whose folder is named.
// cfg has what the caller decides; Desk sets Keys, Store, Ledger, Publisher, Reader and
// Public, and Types and Clock where they are not set. Errors are those of Types and
// issuer.New.
func (a *Agency) Desk(ctx context.Context, ledgerDir string, cfg issuer.Config) (_ *issuer.Desk, err error) {
	if len(cfg.Types) == 0 {
		if cfg.Types, err = a.Types(ctx); err != nil {
			return nil, err
		}
	}
	if cfg.Public, err = publicOf(a.log, ledgerDir, a.opts); err != nil {
		return nil, err
	}
	if cfg.Clock == nil {
		cfg.Clock = a.opts.Clock
	}
	cfg.Keys, cfg.Store, cfg.Ledger, cfg.Publisher, cfg.Reader = issuer.Keys(a.Keys()), a.Vault, a.log, Public(ledgerDir), a.client
	return issuer.New(cfg)
}
