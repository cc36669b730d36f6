package provenance

import (
	"fmt"
	"slices"
	"time"

	"github.com/go-json-experiment/json"

	"github.com/hufu-id/hufu/credential"
	"github.com/hufu-id/hufu/internal/strictjson"
)

// readForeign reads what chooses the key of a credential that no ledger decides on. iss
// may be missing where a chain names the issuer, and iat too.
func (u *unverified) readForeign(claims map[string]any) error {
	var ok bool
	if u.vct, ok = claims["vct"].(string); !ok || u.vct == "" {
		return fmt.Errorf("%w: it names no type", ErrSource)
	}
	if iss, found := claims["iss"]; found {
		if u.issuer, ok = iss.(string); !ok || u.issuer == "" {
			return fmt.Errorf("%w: iss is no text", ErrSource)
		}
	}
	if iat, found := claims["iat"]; found {
		seconds, ok := strictjson.SinceOf(iat)
		if !ok || seconds < 0 {
			return fmt.Errorf("%w: iat is no time", ErrSource)
		}
		u.issuedAt = time.Unix(seconds, 0)
	}
	return nil
}

// otherTypes keeps of aka_vcts what the issuer is trusted for: the claim alone entitles to
// nothing (SD-JWT VC draft -18, section 6.6).
func (t *trace) otherTypes() (trusted []string) {
	for _, vct := range t.verified.AlsoTypes {
		deed := t.deed()
		deed.Type = vct
		if _, err := t.source.Vouch(t.ctx, t.origin, deed); err == nil {
			trusted = append(trusted, vct)
		}
	}
	return trusted
}

// foreignType holds a credential against the type metadata at hand, and makes the schema by
// which people read it.
func (t *trace) foreignType() error {
	if t.ledger != nil {
		return nil
	}
	if t.verified.Issuer == "" {
		t.verified.Issuer = t.origin.ID
	}
	t.alsoTypes = t.otherTypes()
	known, err := t.opts.Types.Check(t.verified, t.opts.Whole)
	if err != nil {
		return err
	}
	t.schema, err = foreignSchema(t.verified, known)
	return err
}

// national is the region of what belongs to none.
const national = "100000"

// maxForeign caps the claims of a schema that is made here.
const maxForeign = 256

// foreignSchema describes the claims of a credential as far as its type metadata and its
// names tell. What it leaves out is shown under its path.
func foreignSchema(v *credential.Verified, known *credential.TypeMetadata) (*credential.Schema, error) {
	made := credential.Schema{ID: v.VCT, Version: 1, VCT: v.VCT, Region: national}
	add := func(path credential.Path, label credential.Label) {
		claim := credential.SchemaClaim{Path: path, Type: credential.TypeString, Label: label}
		on := func(c credential.SchemaClaim) bool { return c.Path.Contains(path) || path.Contains(c.Path) }
		if len(made.Claims) < maxForeign && claim.Check() == nil && !slices.ContainsFunc(made.Claims, on) {
			made.Claims = append(made.Claims, claim)
		}
	}
	for _, c := range known.Labelled() {
		add(c.Path, c.Label)
	}
	for _, path := range credential.Leaves(v.Claims) {
		add(path, credential.LabelOf(path))
	}
	if len(made.Claims) == 0 {
		return &made, nil
	}
	made.Digests = len(made.Claims) + 1
	b, err := json.Marshal(made)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrSchema, err)
	}
	schema, err := credential.ParseSchema(b)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrSchema, err)
	}
	return schema, nil
}
