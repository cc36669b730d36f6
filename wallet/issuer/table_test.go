package issuer_test

import (
	"bytes"
	"errors"
	"io"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/hufu-id/hufu/credential"
	"github.com/hufu-id/hufu/hufutest"
	"github.com/hufu-id/hufu/internal/limits"
	"github.com/hufu-id/hufu/openid"
	"github.com/hufu-id/hufu/vault"
	"github.com/hufu-id/hufu/wallet/issuer"
)

func table(rows ...string) io.Reader {
	return strings.NewReader(hufutest.Header + "\n" + strings.Join(rows, "\n") + "\n")
}

// TestImportRows: each wrong row has its own reason, and the right one beside
// it becomes an offer.
func TestImportRows(t *testing.T) {
	o := newOffice(t)
	r := o.c.Adult()
	row := func(edit func(*hufutest.Resident)) string {
		wrong := r
		edit(&wrong)
		return wrong.Row()
	}
	for name, test := range map[string]struct {
		row    string
		claim  string
		reason credential.Reason
	}{
		"no name":                {row(func(r *hufutest.Resident) { r.Name = "" }), "name", credential.ReasonMissing},
		"a blank name":           {row(func(r *hufutest.Resident) { r.Name = " \u3000" }), "name", credential.ReasonMissing},
		"short number":           {row(func(r *hufutest.Resident) { r.Number = r.Number[:17] }), "resident_id", credential.ReasonLength},
		"a letter in the number": {row(func(r *hufutest.Resident) { r.Number = "A" + r.Number[1:] }), "resident_id", credential.ReasonCharacter},
		"check character":        {row(func(r *hufutest.Resident) { r.Number = otherCheck(r.Number) }), "resident_id", credential.ReasonCheckDigit},
		"no such day":            {row(func(r *hufutest.Resident) { r.Birthdate = "1985-02-29" }), "birthdate", credential.ReasonDate},
		"birth date of another":  {row(func(r *hufutest.Resident) { r.Birthdate = "1984-03-01" }), "birthdate", issuer.ReasonMismatch},
		"no such province":       {row(func(r *hufutest.Resident) { r.District = "990101" }), "district", credential.ReasonRegion},
	} {
		t.Run(name, func(t *testing.T) {
			offers, refused, err := o.Import(t.Context(), table(test.row), issuer.ImportOptions{})
			none(t, err)
			want := []issuer.RowError{{Row: 1, Claim: test.claim, Reason: test.reason}}
			if len(offers) != 0 || !reflect.DeepEqual(refused, want) {
				t.Errorf("got %+v, want %+v", refused, want)
			}
		})
	}
}

func otherCheck(number string) string {
	last := "1"
	if strings.HasSuffix(number, last) {
		last = "2"
	}
	return number[:17] + last
}

func TestImport(t *testing.T) {
	o := newOffice(t)
	a, b := o.c.Adult(), o.c.OtherAdult()
	wrong := o.c.Child()
	wrong.District = "x"
	offers, refused, err := o.Import(t.Context(), strings.NewReader("\ufeff"+hufutest.Header+"\r\n"+a.Row()+"\r\n"+wrong.Row()+"\r\n"+a.Row()+"\r\n"+b.Row()+"\r\n"), issuer.ImportOptions{})
	none(t, err)
	if len(offers) != 2 || offers[0].Row != 1 || offers[1].Row != 4 || offers[0].Code == offers[1].Code {
		t.Fatalf("offers of %d rows", len(offers))
	}
	if len(refused) != 2 || refused[0].Row != 2 || refused[1] != (issuer.RowError{Row: 3, Claim: "resident_id", Reason: issuer.ReasonDuplicate}) {
		t.Errorf("refused: %+v", refused)
	}
	parsed, err := openid.ParseCredentialOffer(offers[0].Offer)
	none(t, err)
	if parsed.Grants.PreAuthorized.Code != offers[0].Code || parsed.ConfigurationIDs[0] != openid.ConfigurationID(o.c.Schema.ID, 1) {
		t.Errorf("got %+v", parsed)
	}
	for _, value := range []string{a.Name, a.Number, a.Birthdate, a.Address} {
		if bytes.Contains(offers[0].Offer, []byte(value)) {
			t.Error("the offer holds a claim's value")
		}
	}
	t.Run("a later table", func(t *testing.T) {
		again, refused, err := o.Import(t.Context(), table(b.Row()), issuer.ImportOptions{})
		none(t, err)
		if len(again) != 1 || len(refused) != 0 || again[0].Code != offers[1].Code {
			t.Errorf("another offer, or none: %+v", refused)
		}
	})
	t.Run("columns in another order", func(t *testing.T) {
		c := o.c.Child()
		offers, refused, err := o.Import(t.Context(), strings.NewReader(
			"district, address ,name,birthdate,resident_id\n"+strings.Join([]string{c.District, c.Address, c.Name, c.Birthdate, c.Number}, ",")+"\n"), issuer.ImportOptions{})
		none(t, err)
		if len(offers) != 1 {
			t.Errorf("refused: %+v", refused)
		}
	})
}

func TestImportRefusesTables(t *testing.T) {
	o := newOffice(t)
	row := o.c.Adult().Row()
	for name, file := range map[string]io.Reader{
		"nothing":              strings.NewReader(""),
		"a column too few":     strings.NewReader("name,resident_id,birthdate,district\n"),
		"an unknown column":    strings.NewReader(hufutest.Header + ",phone\n"),
		"a column in capitals": strings.NewReader(strings.ToUpper(hufutest.Header) + "\n"),
		"a column twice":       strings.NewReader(hufutest.Header + ",name\n"),
		"one of them replaced": strings.NewReader("name,name,birthdate,district,address\n"),
		"a row too short":      table(row, "a,b"),
		"a row too long":       table(row, row+",x"),
		"no text":              strings.NewReader("\xff\xff,resident_id,birthdate,district,address\n"),
		"a stray quote":        table(row, `a"b,c,d,e,f`),
		"oversized":            io.MultiReader(strings.NewReader(hufutest.Header+"\n"), &newlines{limits.CSV}),
	} {
		t.Run(name, func(t *testing.T) {
			offers, _, err := o.Import(t.Context(), file, issuer.ImportOptions{})
			is(t, err, issuer.ErrTable)
			if offers != nil {
				t.Error("offers of half a table")
			}
		})
	}
	// Nothing was kept of the tables that began well.
	offers, _, err := o.Import(t.Context(), table(row), issuer.ImportOptions{})
	if err != nil || len(offers) != 1 {
		t.Errorf("%d offers, %v", len(offers), err)
	}
}

// newlines is a reader of n line ends.
type newlines struct{ n int }

func (r *newlines) Read(b []byte) (int, error) {
	if r.n == 0 {
		return 0, io.EOF
	}
	n := min(len(b), r.n)
	for i := range b[:n] {
		b[i] = '\n'
	}
	r.n -= n
	return n, nil
}

var tableSeeds = []string{
	hufutest.Header + "\n" + hufutest.NewResident("周安宁", "1984-02-29", "110101", 7).Row() + "\n",
	"\ufeff" + hufutest.Header + "\r\n\"a\nb\",1,2,3,4\r\n",
	"address,district,birthdate,resident_id,name\n,,,,\n",
	hufutest.Header + "\nx\n",
}

func TestFuzzSeeds(t *testing.T) {
	if len(tableSeeds) == 0 {
		t.Error("FuzzImport has no seeds")
	}
}

// FuzzImport: every row is either an offer or refused with a reason.
func FuzzImport(f *testing.F) {
	for _, seed := range tableSeeds {
		f.Add(seed)
	}
	c := hufutest.New(f, hufutest.Options{})
	cfg := c.DeskConfig(c.Office)
	cfg.Ledger = noLine
	f.Fuzz(func(t *testing.T, file string) {
		cfg := cfg
		cfg.Store = vault.NewMemoryStore()
		desk, err := issuer.New(cfg)
		none(t, err)
		offers, refused, err := desk.Import(t.Context(), strings.NewReader(file), issuer.ImportOptions{})
		if err != nil && (offers != nil || refused != nil) {
			t.Fatalf("%d offers beside %v", len(offers), err)
		}
		for _, r := range refused {
			if r.Row < 1 || r.Claim == "" || r.Reason == "" {
				t.Fatalf("got %+v", r)
			}
		}
	})
}

// TestRebindOnePerson: a new binding is made for one person at a time, and says so
// before anything is stored.
func TestRebindOnePerson(t *testing.T) {
	o := newOffice(t)
	alice, bob := o.c.Adult().Row(), o.c.OtherAdult().Row()
	for name, table := range map[string]io.Reader{"two rows": table(alice, bob), "no row": table()} {
		offers, refused, err := o.Import(t.Context(), table, issuer.ImportOptions{Rebind: true})
		if !errors.Is(err, issuer.ErrOnePerson) || len(offers)+len(refused) != 0 {
			t.Errorf("%s: %d offers, %v", name, len(offers), err)
		}
	}
	before := receive(t, o.c, o.c.Wallet(), o.Desk, o.c.Issue(o.Desk, o.c.Adult()))
	o.c.Advance(72 * time.Hour)
	o.c.Heartbeat()
	none(t, o.Renew(t.Context()))
	offers, _, err := o.Import(t.Context(), table(alice), issuer.ImportOptions{Rebind: true})
	none(t, err)
	if after := receive(t, o.c, o.c.Wallet(), o.Desk, offers[0]); boundOn(t, after) <= boundOn(t, before) {
		t.Error("the new wallet is not bound anew")
	}
}
