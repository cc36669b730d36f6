package issuer

import (
	"bytes"
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"iter"
	"regexp"
	"slices"
	"strings"

	"golang.org/x/text/unicode/norm"

	"github.com/hufu-id/hufu/credential"
	"github.com/hufu-id/hufu/internal/limits"
	"github.com/hufu-id/hufu/predicate"
)

// ErrTable means that a CSV as a whole cannot be read.
var ErrTable = errors.New("issuer: not a table of this credential type")

// Import reads a table (RFC 4180) whose header names the schema's claims, or their
// labels in either language, with commas, semicolons or tabs between. Wrong rows are
// refused one by one; the right ones become offers, all stored durably before any is
// returned. Nothing is stored of a table that cannot be read as a whole. A row that
// has an offer already gets it again, as in ImportRows.
//
// The reason of a refusal is [ErrTable], [ErrType], or one of [ErrGB18030],
// [ErrUTF16] and [ErrEncodingUnsure], after which ImportOptions.Encoding helps.
func (d *Desk) Import(ctx context.Context, table io.Reader, opts ImportOptions) (_ []Offer, _ []RowError, err error) {
	defer d.ended(ctx, "import", d.cfg.Clock(), &err)
	defer judge(&err, CheckTable)
	t, err := d.typeOf(opts.Type)
	if err != nil {
		return nil, nil, err
	}
	b, err := io.ReadAll(io.LimitReader(table, limits.CSV+1))
	if err != nil {
		return nil, nil, err
	}
	if len(b) > limits.CSV {
		return nil, nil, fmt.Errorf("%w: above %d bytes", ErrTable, limits.CSV)
	}
	text, err := decodeTable(b, opts.Encoding)
	if err != nil {
		return nil, nil, err
	}
	f := &file{text: text, schema: t.Schema, external: opts.ExternalID}
	if err := f.readHeader(); err != nil {
		return nil, nil, err
	}
	rows := 0
	for _, err := range f.rows() { // nothing is stored of half a table
		if rows++; err == nil && rows > limits.CSVRows {
			err = fmt.Errorf("%w: more than %d rows", ErrTable, limits.CSVRows)
		}
		if err != nil {
			return nil, nil, err
		}
	}
	return d.importAll(ctx, t, f.rows(), opts)
}

// file is a table in UTF-8, without a byte order mark.
type file struct {
	text     []byte
	schema   *credential.Schema
	external string

	separator rune
	columns   []*credential.SchemaClaim // nil at the external id
}

func (f *file) reader(separator rune) *csv.Reader {
	r := csv.NewReader(bytes.NewReader(f.text))
	r.Comma = separator
	return r
}

// readHeader finds the separator with which the header is the schema's.
func (f *file) readHeader() (err error) {
	for _, separator := range []rune{',', ';', '\t'} {
		header, e := f.reader(separator).Read()
		if e != nil {
			e = fmt.Errorf("%w: no header", ErrTable)
		} else if f.columns, e = f.match(header); e == nil {
			f.separator = separator
			return nil
		}
		if err == nil || len(header) > 1 { // the one that is a header of several columns
			err = e
		}
	}
	return err
}

// match finds each column's claim. Every claim has one column.
func (f *file) match(header []string) ([]*credential.SchemaClaim, error) {
	var out []*credential.SchemaClaim
	external := false
	for i, name := range header {
		name = norm.NFC.String(strings.TrimSpace(name))
		if f.external != "" && name == f.external && !external {
			external = true
			out = append(out, nil)
			continue
		}
		c := f.claim(name)
		if c == nil || slices.Contains(out, c) {
			return nil, fmt.Errorf("%w: column %d is no claim of the schema, or stands twice", ErrTable, i+1)
		}
		out = append(out, c)
	}
	for i := range f.schema.Claims {
		if c := &f.schema.Claims[i]; !slices.Contains(out, c) {
			return nil, fmt.Errorf("%w: no column for %s", ErrTable, predicate.Name(c.Path))
		}
	}
	if f.external != "" && !external {
		return nil, fmt.Errorf("%w: no column with the external ids", ErrTable)
	}
	return out, nil
}

// claim finds a claim by its name or one of its labels.
func (f *file) claim(name string) *credential.SchemaClaim {
	for i := range f.schema.Claims {
		c := &f.schema.Claims[i]
		if len(c.Path) == 1 && c.Path[0] == any(name) {
			return c
		}
	}
	var found *credential.SchemaClaim
	for i := range f.schema.Claims {
		c := &f.schema.Claims[i]
		if len(c.Path) != 1 {
			continue
		}
		for _, label := range []string{c.Label.English, c.Label.Chinese} {
			if norm.NFC.String(label) == name && found != c {
				if found != nil {
					return nil // two claims have this label
				}
				found = c
			}
		}
	}
	return found
}

// rows reads the rows below the header. Blank ones count, so that a number leads to
// the row in the spreadsheet, and are passed over.
func (f *file) rows() iter.Seq2[numbered, error] {
	return func(yield func(numbered, error) bool) {
		r := f.reader(f.separator)
		header, _ := r.Read() // was read before
		below, _ := r.FieldPos(len(header) - 1)
		below += newlines(header[len(header)-1:])
		for {
			record, err := r.Read()
			if errors.Is(err, io.EOF) {
				return
			}
			if err != nil {
				var at *csv.ParseError
				line := 0
				if errors.As(err, &at) {
					line = at.StartLine - below
				}
				yield(numbered{}, fmt.Errorf("%w: row %d has another number of columns or a stray quote", ErrTable, line))
				return
			}
			line, _ := r.FieldPos(0)
			n := line - below
			below += newlines(record) // a cell of several lines is in one row
			if blank(record) {
				continue
			}
			if !yield(numbered{n, f.row(record)}, nil) {
				return
			}
		}
	}
}

func newlines(fields []string) (n int) {
	for _, f := range fields {
		n += strings.Count(f, "\n")
	}
	return n
}

func blank(record []string) bool {
	return !slices.ContainsFunc(record, func(s string) bool { return strings.TrimSpace(s) != "" })
}

func (f *file) row(record []string) Row {
	row := Row{Claims: map[string]any{}}
	for i, c := range f.columns {
		text := norm.NFC.String(strings.TrimSpace(record[i]))
		switch {
		case c == nil:
			row.ExternalID = text
		case text != "":
			row.Claims[c.Path[0].(string)] = cell(c.Type, text)
		}
	}
	return row
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

// otherDates are days as people and spreadsheets write them, and credentials do not.
var otherDates = regexp.MustCompile(`^\d{4}([/.年]\d{1,2}[/.月]\d{1,2}日?|-\d{1,2}-\d{1,2}|\d{4})$|^\d{1,2}[/.-]\d{1,2}[/.-]\d{4}$`)

func isOtherDate(value any) bool {
	text, ok := value.(string)
	return ok && otherDates.MatchString(text) && !isoDate.MatchString(text)
}

var isoDate = regexp.MustCompile(`^\d{4}-\d{2}-\d{2}$`)

// residentID is the validator that marks a resident identity number.
const residentID = "cn-resident-id"

// birthDateAgrees holds a birth date against the one inside the resident
// identity number (GB 11643-1999, digits 7 to 14).
func (t *Type) birthDateAgrees(claims map[string]any) (claim string, ok bool) {
	number, born := "", ""
	for i := range t.Schema.Claims {
		c := &t.Schema.Claims[i]
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

// person names the person of a row: by the schema's Person, by the first claim with an
// identity number, or else by all claims. claim is the one to point at.
func (t *Type) person(claims map[string]any) (claim, name string) {
	if t.Schema.Person != nil {
		v, _ := predicate.Claim(claims, t.Schema.Person)
		return predicate.Name(t.Schema.Person), fmt.Sprint(v)
	}
	for i := range t.Schema.Claims {
		c := &t.Schema.Claims[i]
		if c.Validate == residentID || c.Validate == "cn-uscc" {
			v, _ := predicate.Claim(claims, c.Path)
			return predicate.Name(c.Path), fmt.Sprint(v)
		}
	}
	all, _ := deterministic(claims)
	return predicate.Name(t.Schema.Claims[0].Path), string(all)
}
