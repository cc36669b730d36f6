package predicate_test

import (
	"errors"
	"math"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/hufu-id/hufu/credential"
	"github.com/hufu-id/hufu/openid"
	"github.com/hufu-id/hufu/predicate"
	"github.com/hufu-id/hufu/zkp"
)

func TestEncode(t *testing.T) {
	text, err := zkp.EncodeString("周")
	if err != nil {
		t.Fatal(err)
	}
	number := func(n int64) zkp.Element {
		e, err := zkp.EncodeInteger(n)
		if err != nil {
			t.Fatal(err)
		}
		return e
	}
	for _, test := range []struct {
		name   string
		kind   credential.ClaimType
		value  any
		want   zkp.Element
		reason error
	}{
		{"text", credential.TypeString, "周", text, nil},
		{"a number for a text", credential.TypeString, int64(1), zkp.Element{}, predicate.ErrType},
		{"date", credential.TypeDate, "2026-11-21", zkp.EncodeDate(day(t, "2026-11-21")), nil},
		{"no such date", credential.TypeDate, "2026-02-29", zkp.Element{}, zkp.ErrValue},
		{"a number for a date", credential.TypeDate, int64(1), zkp.Element{}, predicate.ErrType},
		{"true", credential.TypeBoolean, true, zkp.EncodeBool(true), nil},
		{"false", credential.TypeBoolean, false, zkp.EncodeBool(false), nil},
		{"a text for a bool", credential.TypeBoolean, "true", zkp.Element{}, predicate.ErrType},
		{"zero", credential.TypeInteger, int64(0), number(0), nil},
		{"int", credential.TypeInteger, 7, number(7), nil},
		{"whole float", credential.TypeInteger, 7.0, number(7), nil},
		{"half", credential.TypeInteger, 7.5, zkp.Element{}, predicate.ErrType},
		{"the first float that is two integers", credential.TypeInteger, float64(1 << 53), zkp.Element{}, predicate.ErrType},
		{"not a number", credential.TypeInteger, math.NaN(), zkp.Element{}, predicate.ErrType},
		{"below zero", credential.TypeInteger, int64(-1), zkp.Element{}, zkp.ErrValue},
		{"nothing", credential.TypeInteger, nil, zkp.Element{}, predicate.ErrType},
		{"unknown type", "object", "x", zkp.Element{}, predicate.ErrType},
	} {
		t.Run(test.name, func(t *testing.T) {
			got, err := predicate.Encode(test.kind, test.value)
			if test.reason != nil {
				is(t, err, test.reason)
				return
			}
			if err != nil || !got.Equal(&test.want) || got.IsZero() {
				t.Errorf("got %v, %v", got, err)
			}
		})
	}
}

func TestAttributes(t *testing.T) {
	schema, bound := person(t), day(t, "2026-01-02")
	claims := map[string]any{
		"birthdate": "1990-05-17", "income": int64(12), "photo": "no slot",
		"home": map[string]any{"district": "110101"},
	}
	got, err := predicate.Attributes(schema, claims, bound)
	if err != nil {
		t.Fatal(err)
	}
	var want zkp.Attributes
	want[3] = zkp.EncodeDate(day(t, "1990-05-17"))
	want[7], _ = zkp.EncodeInteger(12)
	want[14], _ = zkp.EncodeString("110101")
	want[zkp.BindingSlot] = zkp.EncodeDate(bound)
	if got != want {
		t.Errorf("got %v, want %v", got, want)
	}
	claims["income"] = "12"
	_, err = predicate.Attributes(schema, claims, bound)
	is(t, err, predicate.ErrType)
	if strings.Contains(err.Error(), "12") {
		t.Error("the error holds the value")
	}
}

func TestNew(t *testing.T) {
	schema, today := person(t), day(t, "2026-11-21")
	text, _ := zkp.EncodeString("x")
	number, _ := zkp.EncodeInteger(5)
	for _, test := range []struct {
		name, predicate string
		want            zkp.Predicate
	}{
		{"eq text", `{"path":["name"],"op":"eq","value":"x"}`, zkp.Equal(0, text)},
		{"eq inside an object", `{"path":["home","district"],"op":"eq","value":"x"}`, zkp.Equal(14, text)},
		{"eq integer", `{"path":["income"],"op":"eq","value":5}`, zkp.Equal(7, number)},
		{"eq date", `{"path":["birthdate"],"op":"eq","value":"1990-05-17"}`, zkp.Equal(3, zkp.EncodeDate(day(t, "1990-05-17")))},
		{"eq bool", `{"path":["student"],"op":"eq","value":true}`, zkp.Equal(1, zkp.EncodeBool(true))},
		{"ne text", `{"path":["name"],"op":"ne","value":"x"}`, zkp.NotEqual(0, text)},
		{"at least", `{"path":["birthdate"],"op":"at_least_years","years":18}`, zkp.AtLeastYears(3, 18, today)},
		{"after", `{"path":["birthdate"],"op":"after_years","years":18}`, zkp.AfterYears(3, 18, today)},
		{"range", `{"path":["income"],"op":"range","min":1,"max":9}`, zkp.Between(7, 1, 9)},
		{"range upwards", `{"path":["income"],"op":"range","min":1}`, zkp.Between(7, 1, math.MaxInt64)},
		{"range downwards", `{"path":["income"],"op":"range","max":9}`, zkp.Between(7, 0, 9)},
		{"dates", `{"path":["birthdate"],"op":"range","min":"1990-01-01","max":"1999-12-31"}`, zkp.DateBetween(3, day(t, "1990-01-01"), day(t, "1999-12-31"))},
		{"dates since", `{"path":["birthdate"],"op":"range","min":"1990-01-01"}`, zkp.DateBetween(3, day(t, "1990-01-01"), day(t, "9999-12-31"))},
		{"dates until", `{"path":["birthdate"],"op":"range","max":"1999-12-31"}`, zkp.DateBetween(3, day(t, "1900-01-01"), day(t, "1999-12-31"))},
	} {
		t.Run(test.name, func(t *testing.T) {
			got, err := on(schema, asked(t, test.predicate, ""), today)
			if err != nil {
				t.Fatal(err)
			}
			want, err := zkp.All(test.want)
			if err != nil {
				t.Fatal(err)
			}
			if len(got) != 1 || got[0] != want {
				t.Errorf("got %+v, want %+v", got, want)
			}
		})
	}
}

func TestNewRefuses(t *testing.T) {
	schema, today := person(t), day(t, "2026-11-21")
	for _, test := range []struct {
		name, predicate string
		reason          error
	}{
		{"no such claim", `{"path":["height"],"op":"eq","value":1}`, predicate.ErrClaim},
		{"half of a path", `{"path":["home"],"op":"eq","value":"x"}`, predicate.ErrClaim},
		{"a claim without a slot", `{"path":["photo"],"op":"eq","value":"x"}`, predicate.ErrClaim},
		{"a number for a text", `{"path":["name"],"op":"eq","value":1}`, predicate.ErrType},
		{"a text for a number", `{"path":["income"],"op":"ne","value":"1"}`, predicate.ErrType},
		{"years of a text", `{"path":["name"],"op":"at_least_years","years":18}`, predicate.ErrType},
		{"years of a number", `{"path":["income"],"op":"after_years","years":18}`, predicate.ErrType},
		{"a range of texts", `{"path":["name"],"op":"range","min":1}`, predicate.ErrType},
		{"a range of bools", `{"path":["student"],"op":"range","min":1}`, predicate.ErrType},
		{"numbers for dates", `{"path":["birthdate"],"op":"range","min":1}`, predicate.ErrType},
		{"dates for numbers", `{"path":["income"],"op":"range","max":"1990-01-01"}`, predicate.ErrType},
		{"one of numbers, a text", `{"path":["name"],"op":"in","values":[1]}`, predicate.ErrType},
		{"none of texts, a number", `{"path":["income"],"op":"notin","values":["1","2"]}`, predicate.ErrType},
		{"one of no dates", `{"path":["birthdate"],"op":"in","values":["2026-02-29"]}`, zkp.ErrValue},
	} {
		t.Run(test.name, func(t *testing.T) {
			_, err := on(schema, asked(t, test.predicate, ""), today)
			is(t, err, test.reason)
			_, err = predicate.Holds(schema, asked(t, test.predicate, ""), map[string]any{"name": "x"}, today)
			is(t, err, test.reason)
		})
	}
}

// TestDescribe is the golden list of what citizens and clerks read.
func TestDescribe(t *testing.T) {
	for _, test := range []struct{ predicate, english, chinese string }{
		{`{"path":["home","district"],"op":"eq","value":"110101"}`, "district is 110101", "所在区县为110101"},
		{`{"path":["name"],"op":"ne","value":"x"}`, "name is not x", "姓名不是x"},
		{`{"path":["birthdate"],"op":"at_least_years","years":18}`, "aged 18 or over, by birth date", "年满18周岁（按出生日期）"},
		{`{"path":["birthdate"],"op":"after_years","years":14}`, "over 14, the birthday itself not counted, by birth date", "已过14周岁生日（按出生日期）"},
		{`{"path":["income"],"op":"range","min":1,"max":9}`, "income is between 1 and 9", "收入在1至9之间"},
		{`{"path":["income"],"op":"range","min":1}`, "income is 1 or more", "收入不小于1"},
		{`{"path":["income"],"op":"range","max":9}`, "income is 9 or less", "收入不大于9"},
		{`{"path":["name"],"op":"in","values":["x","y"]}`, "name is one of x, y", "姓名属于：x、y"},
		{`{"path":["name"],"op":"notin","values":["x","y"]}`, "name is none of x, y", "姓名不属于：x、y"},
		{`{"path":["income"],"op":"in","values":[1,2,3,4,5,6,7,8,9,10,11,12,13]}`, "income is one of 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12 … 13 values in all", "收入属于：1、2、3、4、5、6、7、8、9、10、11、12……共13项"},
		{`{"path":["home","district"],"op":"reveal"}`, "the value of district", "所在区县的值"},
	} {
		got, err := predicate.Describe(person(t), asked(t, test.predicate, ""))
		if err != nil || len(got) != 1 || got[0].English != test.english || got[0].Chinese != test.chinese {
			t.Errorf("got %+v, want %s, %s; %v", got, test.english, test.chinese, err)
		}
	}
	_, err := predicate.Describe(person(t), asked(t, `{"path":["height"],"op":"eq","value":1}`, ""))
	is(t, err, predicate.ErrClaim)
}

// A question that has so few answers that "yes" nearly reveals the value.
func TestDiscloses(t *testing.T) {
	values := make([]string, 100)
	for i := range values {
		values[i] = strconv.Itoa(i)
	}
	hundred, ninetyNine := strings.Join(values, ","), strings.Join(values[1:], ",")
	for _, test := range []struct {
		predicate string
		want      bool
	}{
		{`{"path":["name"],"op":"reveal"}`, true},
		{`{"path":["name"],"op":"eq","value":"x"}`, true},
		{`{"path":["name"],"op":"ne","value":"x"}`, false},
		{`{"path":["income"],"op":"in","values":[` + ninetyNine + `]}`, true},
		{`{"path":["income"],"op":"in","values":[` + hundred + `]}`, false},
		{`{"path":["income"],"op":"notin","values":[1]}`, false},
		{`{"path":["income"],"op":"range","min":1,"max":99}`, true},
		{`{"path":["income"],"op":"range","min":1,"max":100}`, false},
		{`{"path":["income"],"op":"range","min":1}`, false},
		{`{"path":["income"],"op":"range","max":98}`, true},
		{`{"path":["income"],"op":"range","max":99}`, false},
		{`{"path":["birthdate"],"op":"range","max":"1900-04-09"}`, true},
		{`{"path":["birthdate"],"op":"range","max":"1900-04-10"}`, false},
		{`{"path":["birthdate"],"op":"range","min":"1990-01-01"}`, false},
		{`{"path":["birthdate"],"op":"range","min":"1990-01-01","max":"1990-04-09"}`, true},
		{`{"path":["birthdate"],"op":"range","min":"1990-01-01","max":"1990-04-10"}`, false},
		{`{"path":["birthdate"],"op":"at_least_years","years":18}`, false},
	} {
		got, err := predicate.Describe(person(t), asked(t, test.predicate, ""))
		if err != nil || got[0].Discloses != test.want {
			t.Errorf("%.60s: %v, %v", test.predicate, got, err)
		}
		says := strings.Contains(test.predicate, `"reveal"`) || strings.Contains(test.predicate, `"eq"`)
		if err == nil && got[0].Reveals != says {
			t.Errorf("%.60s: the sentence says the value: %v", test.predicate, got[0].Reveals)
		}
	}
}

// Five predicates and two sets are two shows; revealed values come first to last.
func TestSeveralShows(t *testing.T) {
	schema, today := person(t), day(t, "2026-11-21")
	query := asked(t, `{"path":["birthdate"],"op":"at_least_years","years":18},{"path":["home","district"],"op":"reveal"},
		{"path":["name"],"op":"notin","values":["x"]},{"path":["income"],"op":"in","values":[5,6]},{"path":["income"],"op":"reveal"}`, "")
	q, err := predicate.Compile(schema, query)
	if err != nil {
		t.Fatal(err)
	}
	claims := map[string]any{"birthdate": "1990-05-17", "name": "y", "income": int64(5), "home": map[string]any{"district": "110101"}}
	revealed, err := q.Reveal(claims)
	if err != nil || q.RevealCount() != 2 || !slices.Equal(revealed, openid.Values{"110101", int64(5)}) {
		t.Fatalf("revealed %v, %v", revealed, err)
	}
	got, err := q.On(today, revealed)
	if err != nil || len(got) != 2 || got[0].Circuit() != zkp.CircuitShowSet || got[1].Circuit() != zkp.CircuitShowSet {
		t.Fatalf("%d shows, %v", len(got), err)
	}
	district, _ := zkp.EncodeString("110101")
	if got[0].Predicates[1] != zkp.Equal(14, district) {
		t.Errorf("what is revealed is not what is proved: %+v", got[0].Predicates[1])
	}
	for name, wrong := range map[string]openid.Values{"none": nil, "one": {"110101"}, "three": {"110101", int64(5), int64(5)}} {
		_, err := q.On(today, wrong)
		is(t, err, predicate.ErrReveal)
		if err == nil {
			t.Error(name)
		}
	}
	_, err = q.On(today, openid.Values{int64(5), "110101"})
	is(t, err, predicate.ErrType)

	for _, test := range []struct {
		change func()
		want   bool
	}{
		{func() {}, true},
		{func() { claims["income"] = int64(7) }, false},
		{func() { claims["income"] = int64(6); claims["name"] = "x" }, false},
		{func() { claims["name"] = "y"; delete(claims["home"].(map[string]any), "district") }, false},
	} {
		test.change()
		if got, err := predicate.Holds(schema, query, claims, today); got != test.want || err != nil {
			t.Errorf("%v: %v, %v", claims, got, err)
		}
	}
}

func on(schema *credential.Schema, query *openid.CredentialQuery, day zkp.Day) ([]zkp.Statement, error) {
	q, err := predicate.Compile(schema, query)
	if err != nil {
		return nil, err
	}
	return q.On(day, nil)
}

func TestReveals(t *testing.T) {
	equal, ages := `{"path":["name"],"op":"eq","value":"x"}`, `{"path":["birthdate"],"op":"at_least_years","years":18}`
	name := credential.Path{"name"}
	for _, test := range []struct {
		what, predicates, accept string
		path                     credential.Path
		want                     bool
	}{
		{"an equality alone", equal, "", name, true},
		{"an equality among all", equal + "," + ages, "", name, true},
		{"one of two may hold", equal + "," + ages, `"any"`, name, false},
		{"two of two", equal + "," + ages, `{"k_of":2}`, name, true},
		{"what is revealed", `{"path":["name"],"op":"reveal"}`, "", name, true},
		{"a range reveals no value", equal + "," + ages, "", credential.Path{"birthdate"}, false},
		{"not equal reveals no value", `{"path":["name"],"op":"ne","value":"x"}`, "", name, false},
		{"of two values not one", `{"path":["student"],"op":"ne","value":true}`, "", credential.Path{"student"}, true},
		{"one of one", `{"path":["name"],"op":"in","values":["x"]}`, "", name, true},
		{"one of two", `{"path":["name"],"op":"in","values":["x","y"]}`, "", name, false},
		{"a range of one day", `{"path":["birthdate"],"op":"range","min":"1990-05-17","max":"1990-05-17"}`, "", credential.Path{"birthdate"}, true},
		{"a range of two", `{"path":["birthdate"],"op":"range","min":"1990-05-17","max":"1990-05-18"}`, "", credential.Path{"birthdate"}, false},
	} {
		if got := compiled(t, asked(t, test.predicates, test.accept)).Reveals(test.path, day(t, "2026-11-26")); got != test.want {
			t.Errorf("%s: %v", test.what, got)
		}
	}
}

func TestName(t *testing.T) {
	if got := predicate.Name(credential.Path{"home", "district"}); got != "home.district" {
		t.Errorf("got %q", got)
	}
}

// TestErrorsHoldNoValues: neither the citizen's nor the counter's.
func TestErrorsHoldNoValues(t *testing.T) {
	_, err := on(person(t), asked(t, `{"path":["income"],"op":"eq","value":"canary"}`, ""), day(t, "2026-11-21"))
	if err == nil || strings.Contains(err.Error(), "canary") || errors.Unwrap(err) == nil {
		t.Errorf("got %v", err)
	}
}

// A text is revealed in its normal form: the proof is of that form, and
// would be as good beside another spelling that compares as another name.
func TestRevealIsNormal(t *testing.T) {
	q, err := predicate.Compile(person(t), asked(t, `{"path":["name"],"op":"reveal"}`, ""))
	if err != nil {
		t.Fatal(err)
	}
	const odd, normal = "\uF9E1四", "李四" // a compatibility ideograph
	revealed, err := q.Reveal(map[string]any{"name": odd})
	if err != nil || len(revealed) != 1 || revealed[0] != normal {
		t.Errorf("reveals %q: %v", revealed, err)
	}
	if _, err := q.On(day(t, "2026-11-21"), revealed); err != nil {
		t.Error(err)
	}
	if _, err := q.On(day(t, "2026-11-21"), openid.Values{odd}); !errors.Is(err, predicate.ErrReveal) {
		t.Errorf("another spelling: %v", err)
	}
}
