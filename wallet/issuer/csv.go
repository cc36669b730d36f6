package issuer

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/csv"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/go-json-experiment/json"
	"golang.org/x/text/unicode/norm"

	"github.com/hufu-id/hufu/credential"
	"github.com/hufu-id/hufu/internal/limits"
	"github.com/hufu-id/hufu/openid"
	"github.com/hufu-id/hufu/predicate"
	"github.com/hufu-id/hufu/vault"
)

// ErrTable means that a CSV as a whole cannot be read.
var ErrTable = errors.New("issuer: not a table of this credential type")

// Reasons beside those of package credential.
const (
	// ReasonDuplicate: the person stands in the table, or at the desk, already.
	ReasonDuplicate credential.Reason = "duplicate"
	// ReasonMismatch: the birth date is not that of the identity number.
	ReasonMismatch credential.Reason = "mismatch"
)

// residentID is the validator that marks a resident identity number.
const residentID = "cn-resident-id"

// A RowError is a refused row. It names the row and the claim, never a value.
type RowError struct {
	Row    int // 1 is the first row below the header
	Claim  string
	Reason credential.Reason
}

// An Offer is one accepted row's way to its credential.
type Offer struct {
	Row   int
	Code  string // single use, secret
	Offer []byte // OpenID4VCI credential offer, JSON
}

// Import reads a CSV whose header names the schema's claims. Wrong rows are
// refused one by one; the right ones become offers, all stored durably before
// any is returned.
func (d *Desk) Import(ctx context.Context, table io.Reader) (_ []Offer, _ []RowError, err error) {
	defer d.ended(ctx, "import", d.cfg.Clock(), &err)
	defer judge(&err, CheckTable)
	rows, err := d.read(table)
	if err != nil {
		return nil, nil, err
	}
	var offers []Offer
	var refused []RowError
	err = d.store.Update(ctx, func(tx vault.Tx) error {
		offers, refused = nil, nil
		for i, claims := range rows {
			person, problem, err := d.checkRow(tx, i+1, claims)
			if err != nil {
				return err
			}
			if problem != nil {
				refused = append(refused, *problem)
				continue
			}
			o, err := d.offer(tx, i+1, person, claims)
			if err != nil {
				return err
			}
			offers = append(offers, *o)
		}
		return nil
	})
	return offers, refused, err
}

// read parses the table by the schema's types.
func (d *Desk) read(table io.Reader) ([]map[string]any, error) {
	limited := &io.LimitedReader{R: table, N: limits.CSV + 1}
	r := csv.NewReader(limited)
	header, err := r.Read()
	if err != nil {
		return nil, fmt.Errorf("%w: no header", ErrTable)
	}
	header[0] = strings.TrimPrefix(header[0], "\ufeff") // spreadsheets write a mark
	columns, err := d.columns(header)
	if err != nil {
		return nil, err
	}
	var rows []map[string]any
	for {
		record, err := r.Read()
		if limited.N <= 0 {
			return nil, fmt.Errorf("%w: above %d bytes", ErrTable, limits.CSV)
		}
		if errors.Is(err, io.EOF) {
			return rows, nil
		}
		if err != nil {
			return nil, fmt.Errorf("%w: row %d has another number of columns or a stray quote", ErrTable, len(rows)+1)
		}
		claims := map[string]any{}
		for i, c := range columns {
			if !utf8.ValidString(record[i]) { // spreadsheets like to write GBK
				return nil, fmt.Errorf("%w: row %d is not UTF-8", ErrTable, len(rows)+1)
			}
			if text := norm.NFC.String(strings.TrimSpace(record[i])); text != "" {
				claims[c.Path[0].(string)] = cell(c.Type, text)
			}
		}
		rows = append(rows, claims)
	}
}

// columns matches the header with the schema, both ways.
func (d *Desk) columns(header []string) ([]*credential.SchemaClaim, error) {
	var out []*credential.SchemaClaim
	for _, name := range header {
		i := slices.IndexFunc(d.schema.Claims, func(c credential.SchemaClaim) bool {
			return len(c.Path) == 1 && c.Path[0] == any(strings.TrimSpace(name))
		})
		if i < 0 || slices.Contains(out, &d.schema.Claims[i]) {
			return nil, fmt.Errorf("%w: a column that is no claim of the schema, or stands twice", ErrTable)
		}
		out = append(out, &d.schema.Claims[i])
	}
	if len(out) != len(d.schema.Claims) {
		return nil, fmt.Errorf("%w: %d columns, the schema has %d claims", ErrTable, len(out), len(d.schema.Claims))
	}
	return out, nil
}

// cell keeps a text that does not fit its type: validation names it.
func cell(kind credential.ClaimType, text string) any {
	switch kind {
	case credential.TypeInteger:
		var n int64
		if _, err := fmt.Sscanf(text, "%d", &n); err == nil && fmt.Sprint(n) == text {
			return n
		}
	case credential.TypeBoolean:
		if text == "true" || text == "false" {
			return text == "true"
		}
	}
	return text
}

// checkRow returns the person's hash, or why the row is refused.
func (d *Desk) checkRow(tx vault.Tx, row int, claims map[string]any) (string, *RowError, error) {
	if problems := d.schema.Validate(claims); len(problems) > 0 {
		return "", &RowError{row, predicate.Name(problems[0].Path), problems[0].Reason}, nil
	}
	if claim, ok := d.birthDateAgrees(claims); !ok {
		return "", &RowError{row, claim, ReasonMismatch}, nil
	}
	claim, person := d.person(claims)
	_, err := tx.Get(kindPerson, person)
	switch {
	case err == nil: // at the desk already, or in a row above
		return "", &RowError{row, claim, ReasonDuplicate}, nil
	case !errors.Is(err, vault.ErrNotFound):
		return "", nil, err
	}
	return person, nil, nil
}

// birthDateAgrees holds a birth date against the one inside the resident
// identity number (GB 11643-1999, digits 7 to 14).
func (d *Desk) birthDateAgrees(claims map[string]any) (claim string, ok bool) {
	number, born := "", ""
	for i := range d.schema.Claims {
		c := &d.schema.Claims[i]
		v, _ := predicate.Claim(claims, c.Path)
		switch {
		case c.Validate == residentID:
			number, _ = v.(string)
		case c.Path.String() == credential.Path{"birthdate"}.String():
			born, _ = v.(string)
			claim = predicate.Name(c.Path)
		}
	}
	if len(number) != 18 || born == "" {
		return "", true // one of them is not part of this type
	}
	return claim, strings.ReplaceAll(born, "-", "") == number[6:14]
}

// person hashes what identifies a person in this type: the first claim with an
// identity number, or else all claims.
func (d *Desk) person(claims map[string]any) (claim, hash string) {
	for i := range d.schema.Claims {
		c := &d.schema.Claims[i]
		if c.Validate == residentID || c.Validate == "cn-uscc" {
			v, _ := predicate.Claim(claims, c.Path)
			return predicate.Name(c.Path), hashText(fmt.Sprint(v))
		}
	}
	all, _ := json.Marshal(claims, json.Deterministic(true))
	return predicate.Name(d.schema.Claims[0].Path), hashText(string(all))
}

func hashText(s string) string {
	h := sha256.Sum256([]byte("hufu/desk/1\x00" + s))
	return hex.EncodeToString(h[:])
}

// offer makes a single-use code for a row and stores both.
func (d *Desk) offer(tx vault.Tx, row int, person string, claims map[string]any) (*Offer, error) {
	var b [24]byte
	_, _ = rand.Read(b[:]) // crypto/rand never fails
	code := base64.RawURLEncoding.EncodeToString(b[:])
	text, err := (&openid.CredentialOffer{
		Issuer:           d.keys.DID,
		ConfigurationIDs: []string{openid.ConfigurationID(d.schema.ID, d.schema.Version)},
		Grants:           &openid.Grants{PreAuthorized: &openid.PreAuthorizedGrant{Code: code}},
	}).Bytes()
	if err != nil {
		return nil, err
	}
	value, err := json.Marshal(offer{Claims: claims, Person: person, Created: d.cfg.Clock().UTC()})
	if err != nil {
		return nil, err
	}
	if err := tx.Put(kindPerson, person, nil); err != nil {
		return nil, err
	}
	return &Offer{Row: row, Code: code, Offer: text}, tx.Put(kindOffer, hashText(code), value)
}
