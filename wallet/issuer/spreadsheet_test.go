package issuer_test

import (
	"strings"
	"testing"

	"golang.org/x/text/encoding/simplifiedchinese"
	xunicode "golang.org/x/text/encoding/unicode"

	"github.com/hufu-id/hufu/credential"
	"github.com/hufu-id/hufu/hufutest"
	"github.com/hufu-id/hufu/wallet/issuer"
)

// TestSpreadsheets: tables as spreadsheets and databases write them.
func TestSpreadsheets(t *testing.T) {
	o := newOffice(t)
	r := o.c.Adult()
	quoted := `"` + strings.ReplaceAll(hufutest.Header, ",", `","`) + `"`
	labels := ""
	for i, c := range o.c.Schema.Claims {
		if i > 0 {
			labels += ","
		}
		labels += c.Label.Chinese
	}
	for name, file := range map[string]string{
		"a mark before a quoted header": "\ufeff" + quoted + "\r\n" + r.Row() + "\r\n",
		"semicolons":                    strings.ReplaceAll(hufutest.Header+"\n"+r.Row()+"\n", ",", ";"),
		"tabs":                          strings.ReplaceAll(hufutest.Header+"\n"+r.Row()+"\n", ",", "\t"),
		"Chinese labels":                labels + "\n" + r.Row() + "\n",
	} {
		offers, refused, err := o.Import(t.Context(), strings.NewReader(file), issuer.ImportOptions{})
		if err != nil || len(offers) != 1 || len(refused) != 0 {
			t.Errorf("%s: %d offers, refused %v, %v", name, len(offers), refused, err)
		}
	}
}

// TestRowNumbers lead to the row in the spreadsheet, after blank rows and cells of
// several lines.
func TestRowNumbers(t *testing.T) {
	o := newOffice(t)
	wrong := o.c.OtherAdult()
	wrong.District = "x"
	good := strings.Replace(o.c.Adult().Row(), o.c.Adult().Name, "\"周\n安宁\"", 1)
	offers, refused, err := o.Import(t.Context(), table("", good, ",,,,", "", wrong.Row()), issuer.ImportOptions{})
	none(t, err)
	if len(offers) != 0 || len(refused) != 2 || refused[0].Row != 2 || refused[1].Row != 5 {
		t.Errorf("%d offers, refused: %+v", len(offers), refused)
	}
	_, _, err = o.Import(t.Context(), table("", good, "", "a,b"), issuer.ImportOptions{})
	is(t, err, issuer.ErrTable)
	if !strings.Contains(err.Error(), "row 4 ") {
		t.Errorf("says %v", err)
	}
}

// TestEncodings: what is not UTF-8 beyond doubt is offered, and never guessed.
func TestEncodings(t *testing.T) {
	o := newOffice(t)
	o.oneWallet(t)
	r := o.c.Adult()
	text := hufutest.Header + "\n" + r.Row() + "\n"
	gbk, err := simplifiedchinese.GB18030.NewEncoder().String(text)
	none(t, err)
	wide, err := xunicode.UTF16(xunicode.LittleEndian, xunicode.UseBOM).NewEncoder().String(text)
	none(t, err)
	chance := hufutest.Header + "\n" + strings.Replace(strings.Replace(r.Row(), r.Name, "\xd2\xbb", 1), r.Address, "a", 1) + "\n" // 一 in GBK, U+04BB in UTF-8
	for name, test := range map[string]struct {
		file string
		want error
		as   issuer.Encoding
		name string
	}{
		"GB18030":            {gbk, issuer.ErrGB18030, issuer.GB18030, r.Name},
		"UTF-16":             {wide, issuer.ErrUTF16, issuer.UTF16, r.Name},
		"GB18030, by chance": {chance, issuer.ErrEncodingUnsure, issuer.GB18030, "一"},
		"UTF-8, by chance":   {chance, issuer.ErrEncodingUnsure, issuer.UTF8, "\u04bb"},
	} {
		offers, _, err := o.Import(t.Context(), strings.NewReader(test.file), issuer.ImportOptions{})
		if offers != nil {
			t.Errorf("%s: guessed", name)
		}
		is(t, err, test.want)
		offers, refused, err := o.Import(t.Context(), strings.NewReader(test.file), issuer.ImportOptions{Encoding: test.as})
		if err != nil || len(offers) != 1 {
			t.Errorf("%s: refused %v, %v", name, refused, err)
			continue
		}
		if got := o.claims(t, offers[0])["name"]; got != test.name {
			t.Errorf("%s: the name is %v", name, got)
		}
	}
	for _, wrong := range []issuer.Encoding{issuer.UTF8, issuer.UTF16, "latin-1"} {
		_, _, err := o.Import(t.Context(), strings.NewReader(gbk), issuer.ImportOptions{Encoding: wrong})
		is(t, err, issuer.ErrTable)
	}
}

// TestReasons: each has a sentence of its own, in both languages.
func TestReasons(t *testing.T) {
	o := newOffice(t)
	for _, date := range []string{"1984/02/29", "1984.2.29", "1984年2月29日", "1984-2-29", "19840229", "29/02/1984"} {
		r := o.c.Adult()
		r.Birthdate = date
		_, refused, err := o.Import(t.Context(), table(r.Row()), issuer.ImportOptions{})
		none(t, err)
		if len(refused) != 1 || refused[0].Reason != issuer.ReasonDateForm {
			t.Errorf("%s: %+v", date, refused)
		}
	}
	said := map[string]credential.Reason{}
	for _, reason := range []credential.Reason{
		credential.ReasonMissing, credential.ReasonUnknown, credential.ReasonType, credential.ReasonEmpty, credential.ReasonRange,
		credential.ReasonLength, credential.ReasonCharacter, credential.ReasonDate, credential.ReasonRegion, credential.ReasonCheckDigit,
		issuer.ReasonDuplicate, issuer.ReasonHeld, issuer.ReasonMismatch, issuer.ReasonDateForm,
	} {
		for _, lang := range []string{"en", "zh-CN"} {
			text := (&issuer.RowError{Reason: reason}).Describe(lang)
			if other, twice := said[text]; twice || text == "" {
				t.Errorf("%s and %s say %q", reason, other, text)
			}
			said[text] = reason
		}
	}
}

// TestExternalColumn: a table may say what the agency itself calls each row.
func TestExternalColumn(t *testing.T) {
	o := newOffice(t)
	file := "file," + hufutest.Header + "\n7," + o.c.Adult().Row() + "\n"
	offers, _, err := o.Import(t.Context(), strings.NewReader(file), issuer.ImportOptions{ExternalID: "file"})
	none(t, err)
	o.issue(t, offers[0])
	none(t, o.RevokeBy(t.Context(), "7"))
	_, _, err = o.Import(t.Context(), table(o.c.Adult().Row()), issuer.ImportOptions{ExternalID: "file"})
	is(t, err, issuer.ErrTable)
}

// claims takes an offer up, and reads what was issued.
func (o *office) claims(t *testing.T, offer issuer.Offer) map[string]any {
	t.Helper()
	sd := parsed(t, o.issue(t, offer))
	verified, err := sd.Verify(o.cfg.Keys.Key.Public(), credential.VerifyOptions{Now: o.c.Now()})
	none(t, err)
	none(t, o.Revoke(t.Context(), offer.Code)) // so that the person may come again
	return verified.Claims
}
