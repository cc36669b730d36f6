package ledger_test

import (
	"strings"
	"testing"
	"unicode"

	"golang.org/x/text/unicode/norm"

	"github.com/hufu-id/hufu/internal/gb"
	"github.com/hufu-id/hufu/ledger"
	"github.com/hufu-id/hufu/ledger/ledgertest"
)

func TestSubjectFields(t *testing.T) {
	type a = ledger.Accreditation
	testRefused(t, func() *a { return objects()["accreditation"].(*a) }, ledger.ParseAccreditation, []refused[a]{
		{"nobody", func(o *a) { o.Subject = ledger.Subject{} }, ledger.ErrSubject},
		{"no Chinese name", func(o *a) { o.Subject.Name.Chinese = "" }, ledger.ErrSubject},
		{"no English name", func(o *a) { o.Subject.Name.English = "" }, ledger.ErrSubject},
		{"long name", func(o *a) { o.Subject.Name.Chinese = strings.Repeat("东", 43) }, ledger.ErrSubject},
		{"no code", func(o *a) { o.Subject.Code = "" }, ledger.ErrSubject},
		{"short code", func(o *a) { o.Subject.Code = o.Subject.Code[:17] }, ledger.ErrSubject},
		{"code's check character", func(o *a) { o.Subject.Code = "12110101MB00000010" }, ledger.ErrSubject},
		{"code's region", func(o *a) { o.Subject.Code = gb.USCC("12990101MB0000001") }, ledger.ErrSubject},
		{"no contact", func(o *a) { o.Subject.Contact = "" }, ledger.ErrSubject},
		{"long contact", func(o *a) { o.Subject.Contact = strings.Repeat("1", 129) }, ledger.ErrSubject},
		{"contact of two lines", func(o *a) { o.Subject.Contact = "1\n2" }, ledger.ErrSubject},
		{"contact with a space around", func(o *a) { o.Subject.Contact = "010 " }, ledger.ErrSubject},
		{"contact in Cyrillic", func(o *a) { o.Subject.Contact = "https://\u0430.example" }, ledger.ErrSubject},
	})
}

func TestNamesThatPass(t *testing.T) {
	for _, name := range []string{
		"东城区图书馆", "东城区户籍管理处", "北京市公安局（东城分局）", "国家税务总局·东城", "Dongcheng Library", "Xi'an Records Office No. 3",
		"ཁུལ་དཔེ་མཛོད་ཁང", "ᠥᠪᠥᠷ ᠮᠣᠩᠭᠣᠯ", "شىنجاڭ كۈتۈپخانىسى", "延边도서관", "ꆈꌠꁱꂷ", "西双版纳ᦉᦲᧇᦉᦸᧂ", "Құлжа", "ꓡꓲ-ꓢꓴ", "𠮷野图书馆", "Müller",
		strings.Repeat("东", 42),
	} {
		if err := ledger.CheckName(name); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if ledger.NameSkeleton(name) == "" || ledger.NameSkeleton(ledger.NameSkeleton(name)) != ledger.NameSkeleton(name) {
			t.Errorf("%s: skeleton %q", name, ledger.NameSkeleton(name))
		}
	}
}

func TestNamesThatDoNotPass(t *testing.T) {
	for what, name := range map[string]string{
		"Cyrillic in Latin":   "D\u043engcheng Library",
		"full width":          "\uff24ongcheng Library",
		"zero width":          "东城区\u200b图书馆",
		"joiner":              "东城区\u200d图书馆",
		"bidi":                "\u202eyrarbiL",
		"byte order mark":     "\ufeff东城区图书馆",
		"escape":              "\x1b[2K东城区图书馆",
		"line":                "东城区\n图书馆",
		"tab":                 "Dongcheng\tLibrary",
		"blank that has form": "东城\u3164区",
		"braille blank":       "东城\u2800区",
		"radical":             "\u2f95口", // Kangxi radical
		"compatibility":       "\uf900图书馆",
		"not in form C":       "Mu\u0308ller",
		"marks out of order":  "\u0f40\u0f72\u0f71",
		"loose accent":        "x\u0301x",
		"selector in Chinese": "户\u180b籍",
		"selector first":      "\u180bᠮ",
		"private use":         "\ue000局",
		"emoji":               "图书馆✅",
		"two spaces":          "a  b",
		"space around":        " 图书馆",
		"no letter":           "（）",
		"Latin and Lisu":      "Library ꓮ",
		"markup":              "<b>局</b>",
		"not UTF-8":           "\xff",
	} {
		if err := ledger.CheckName(name); !is(err, ledger.ErrSubject) {
			t.Errorf("%s: %v", what, err)
		}
	}
}

func TestNamesThatLookAlike(t *testing.T) {
	for _, pair := range [][2]string{
		{"Pecypc", "Ресурс"}, {"HOBO", "НОВО"}, {"ABE", "ꓮꓐꓰ"}, {"Library", "1ibrary"}, {"Iillage", "lillage"}, {"O2", "02"},
		{"东城区户籍科", "东城区戶籍科"}, {"东城区户籍科", "东城区戸籍科"}, {"土地局", "士地局"}, {"己方", "已方"}, {"未来", "末来"},
		{"Dongcheng Library", "dong-cheng  library."}, {"Müller", "Muller"}, {"Library", "\uff2cibrary"},
		{"户籍", "户\u180b籍"}, {"户籍", "\u2f3e籍"}, {"东城（图书馆）", "东城图书馆"},
	} {
		if ledger.NameKey(pair[0]) != ledger.NameKey(pair[1]) {
			t.Errorf("%q and %q: %q and %q", pair[0], pair[1], ledger.NameSkeleton(pair[0]), ledger.NameSkeleton(pair[1]))
		}
	}
	for _, pair := range [][2]string{{"东城区图书馆", "西城区图书馆"}, {"Dongcheng Library", "Xicheng Library"}, {"第一中学", "第二中学"}} {
		if ledger.NameKey(pair[0]) == ledger.NameKey(pair[1]) {
			t.Errorf("%q and %q are one", pair[0], pair[1])
		}
	}
}

// TestScriptsAreWritten: what the table accepts is a letter or mark of Unicode
// 15.0 that compatibility composition leaves alone. Under a newer Unicode the table
// stays as it is.
func TestScriptsAreWritten(t *testing.T) {
	count := 0
	for r := rune(0x80); r <= unicode.MaxRune; r++ {
		name := "局" + string(r)
		if r >= 0x180b && r <= 0x180f {
			name = "ᠮ" + string(r)
		}
		if !norm.NFC.IsNormalString(name) || ledger.CheckName(name) != nil || strings.ContainsRune("·‘’“”—、《》（），：\u0f0b\u0f0c", r) {
			continue
		}
		count++
		letter := unicode.IsLetter(r) || unicode.IsMark(r) || r == 0x180e
		if !letter || norm.NFKC.String(string(r)) != string(r) || unicode.Is(unicode.Other_Default_Ignorable_Code_Point, r) && (r < 0x180b || r > 0x180f) {
			t.Errorf("%U is accepted", r)
		}
	}
	if count != 110833 {
		t.Errorf("%d letters", count)
	}
}

// TestSubjectOfChain: the root has its own place.
func TestSubjectOfChain(t *testing.T) {
	w := newWorld(t, 1, 1)
	self := &ledger.Accreditation{
		Agency: w.trust.RootDID, Action: ledger.ActionAccredit, Region: "000000", Type: ledger.AnyType, Accreditor: w.trust.RootDID,
		State: ledger.StateActive, Subject: ledgertest.SubjectOf("root"),
	}
	v := must(w.verify(w.prove(self.Key())))(t)
	if _, err := v.Subject(nil); !is(err, ledger.ErrAbsent) {
		t.Error(err)
	}
	w.put(self)
	v = must(w.verify(w.prove(self.Key())))(t)
	if got := must(v.Subject(nil))(t); got != self.Subject {
		t.Errorf("%+v", got)
	}
	_, _, below := chain()
	if got := must(v.Subject([]ledger.Accreditation{*below}))(t); got != below.Subject {
		t.Errorf("%+v", got)
	}
	if _, err := must(w.verify(w.prove()))(t).Subject(nil); !is(err, ledger.ErrNotProved) {
		t.Error(err)
	}
}

func FuzzCheckName(f *testing.F) {
	for _, name := range []string{"东城区图书馆", "Dongcheng Library", "ᠮᠣᠩᠭᠣᠯ", "D\u043engcheng"} {
		f.Add(name)
	}
	f.Fuzz(func(t *testing.T, name string) {
		if ledger.CheckName(name) != nil {
			return
		}
		skeleton := ledger.NameSkeleton(name)
		if skeleton == "" || !norm.NFC.IsNormalString(name) || strings.ContainsFunc(name, unicode.IsControl) ||
			ledger.NameSkeleton(norm.NFKC.String(name)) != skeleton {
			t.Fatalf("%q", name)
		}
	})
}
