package verdict_test

import (
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode"

	"github.com/hufu-id/hufu/agency"
	"github.com/hufu-id/hufu/verdict"
	"github.com/hufu-id/hufu/verifier"
	"github.com/hufu-id/hufu/wallet"
	"github.com/hufu-id/hufu/wallet/client"
	"github.com/hufu-id/hufu/wallet/issuer"
	"github.com/hufu-id/hufu/zkp/prover/ceremony"
)

// all are the verdicts of every table, and those that no row has.
func all(t *testing.T) []verdict.Verdict {
	t.Helper()
	var out []verdict.Verdict
	rows := slices.Concat(verdict.Verdicts(), wallet.Verdicts(), client.Verdicts(), agency.Verdicts(), issuer.Verdicts(), verifier.Verdicts(), ceremony.Verdicts())
	for _, row := range rows {
		out = append(out, row.Verdict)
	}
	if len(out) < 100 {
		t.Fatalf("only %d rows", len(out))
	}
	unknown, _ := verdict.Classify(errForeign)
	refusal := verdict.Table(nil).As(errForeign, true)
	entry, _ := verdict.Classify(refusedEntry(errForeign))
	return append(out, unknown, refusal, entry)
}

func isHan(r rune) bool { return unicode.Is(unicode.Han, r) }

// bannedEnglish are words that need a second reading, and what stood here before.
var bannedEnglish = regexp.MustCompile(`(?i)\bis no\b|\bso many\b|\bso few\b|\bwhoever\b|\btold\b|\bbeside\b|\bof (its|their) own\b|\bis [\w' ]+'s\.` +
	`|\bwhat [\w ]+ is for\b|needs a yes|once more|\bbeware\b|stands in the table|ledger takes this only|row of it|what was asked is not known` +
	`|speaks of a time|put right|at hand that|\bperiod\b`)

// bannedChinese are the words that another has replaced. 窗口 stands in 服务窗口,
// 人工窗口 and 本窗口 alone.
var bannedChinese = regexp.MustCompile(`留存|谁在询问|将披露|不发送|回答|查验|询问|凭证类型|时段|第.期|签发邀请|授权之根|不晚于此时入账|自此不可信` +
	`|另一项政策|手头|为另一窗口|从未提出此问|此人已在此|电路密钥|仪式|钱包目录|schema|(^|[^务工本错])窗口|(^|[^理])依据`)

func TestSentences(t *testing.T) {
	for _, v := range all(t) {
		for _, text := range []verdict.Text{v.What, v.Next} {
			switch {
			case !strings.HasSuffix(text.English, ".") || strings.ContainsFunc(text.English, isHan):
				t.Errorf("%s: %q is no English sentence", v.Code, text.English)
			case !strings.HasSuffix(text.Chinese, "。") || !strings.ContainsFunc(text.Chinese, isHan):
				t.Errorf("%s: %q is no Chinese sentence", v.Code, text.Chinese)
			case !unicode.IsUpper([]rune(text.English)[0]):
				t.Errorf("%s: %q begins with a small letter", v.Code, text.English)
			case strings.ContainsAny(text.Chinese, ",;:?!()"):
				t.Errorf("%s: %q has Western punctuation", v.Code, text.Chinese)
			}
			if word := bannedEnglish.FindString(text.English); word != "" {
				t.Errorf("%s: %q says %q", v.Code, text.English, word)
			}
			if word := bannedChinese.FindString(text.Chinese); word != "" {
				t.Errorf("%s: %q says %q", v.Code, text.Chinese, word)
			}
		}
	}
}

func TestEveryCheckHasAName(t *testing.T) {
	checks := []verdict.Check{
		verifier.CheckForm, verifier.CheckRequest, verifier.CheckClock, verifier.CheckCheckpoint, verifier.CheckIssuer,
		verifier.CheckAccreditation, verifier.CheckSchema, verifier.CheckSignature, verifier.CheckValidity, verifier.CheckStatus,
		verifier.CheckBinding, verifier.CheckEpoch, verifier.CheckPrepare, verifier.CheckStatement, verifier.CheckPolicy,
		verifier.CheckReplay, verifier.CheckOnce,
		wallet.CheckOffer, wallet.CheckEndorsement, wallet.CheckApplication, wallet.CheckMatch, wallet.CheckConsent, wallet.CheckFeed,
		wallet.CheckVault, issuer.CheckTable, issuer.CheckPerson, issuer.CheckRevocation, issuer.CheckEntry,
	}
	for _, v := range all(t) {
		if v.Check != "" {
			checks = append(checks, v.Check)
		}
	}
	for _, c := range checks {
		if strings.ContainsFunc(c.Name("en"), isHan) || !strings.ContainsFunc(c.Name("zh-CN"), isHan) {
			t.Errorf("check %s is called %q and %q", c, c.Name("en"), c.Name("zh-CN"))
		}
	}
	if name := verdict.Check("another").Name("zh"); name != "another" {
		t.Errorf("an unknown check is called %q", name)
	}
}

var codeShape = regexp.MustCompile(`^[a-z]+(-[a-z]+)*$`)

// TestCodesStay holds the codes against testdata/codes: a code that programs may
// know never goes, and never changes its kind. New ones are added to the file.
func TestCodesStay(t *testing.T) {
	kinds := map[verdict.Code]string{}
	for _, v := range all(t) {
		kind := "unchecked"
		if v.Refused {
			kind = "refused"
		}
		if before, there := kinds[v.Code]; there && before != kind {
			t.Errorf("code %s is both refused and unchecked", v.Code)
		}
		if !codeShape.MatchString(string(v.Code)) {
			t.Errorf("code %q is not in kebab case", v.Code)
		}
		kinds[v.Code] = kind
	}
	for name, code := range constants(t) {
		if kinds[code] == "" {
			t.Errorf("%s, %s, is in no row", name, code)
		}
	}
	b, err := os.ReadFile("testdata/codes")
	if err != nil {
		t.Fatal(err)
	}
	known := map[verdict.Code]bool{}
	for line := range strings.Lines(string(b)) {
		code, kind, _ := strings.Cut(strings.TrimSpace(line), " ")
		known[verdict.Code(code)] = true
		if kinds[verdict.Code(code)] != kind {
			t.Errorf("code %s was %s, and is %q", code, kind, kinds[verdict.Code(code)])
		}
	}
	for code, kind := range kinds {
		if !known[code] {
			t.Errorf("testdata/codes lacks: %s %s", code, kind)
		}
	}
}
