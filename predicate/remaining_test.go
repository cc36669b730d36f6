package predicate_test

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/hufu-id/hufu/credential"
	"github.com/hufu-id/hufu/openid"
	"github.com/hufu-id/hufu/predicate"
)

func compiled(t *testing.T, q *openid.CredentialQuery) *predicate.Compiled {
	t.Helper()
	c, err := predicate.Compile(person(t), q)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// What the predicates on one claim leave together is what they hold of: compared with
// trying every value.
func TestRemainingIsWhatHolds(t *testing.T) {
	random, today, schema := rand.New(rand.NewPCG(20261126, 1)), day(t, "2026-11-26"), person(t)
	told := 0
	for range 1000 {
		const domain = 300
		var predicates []string
		value := func() int { return random.IntN(domain) }
		for range 1 + random.IntN(4) {
			low, high := value(), value()
			if low > high {
				low, high = high, low
			}
			p := [...]string{
				fmt.Sprintf(`"op":"range","min":%d,"max":%d`, low, high), fmt.Sprintf(`"op":"range","min":%d`, low),
				fmt.Sprintf(`"op":"range","max":%d`, high), fmt.Sprintf(`"op":"ne","value":%d`, low),
				fmt.Sprintf(`"op":"eq","value":%d`, low), fmt.Sprintf(`"op":"in","values":[%d,%d,%d]`, low, high+1, high+2),
				fmt.Sprintf(`"op":"notin","values":[%d,%d]`, low, high+1),
			}[random.IntN(7)]
			predicates = append(predicates, `{"path":["income"],`+p+`}`)
		}
		q := compiled(t, asked(t, strings.Join(predicates, ","), ""))
		holds := uint64(0)
		for n := range int64(domain + 3) {
			ok, err := q.Holds(map[string]any{"income": n}, today)
			if err != nil {
				t.Fatal(err)
			}
			if ok {
				holds++
			}
		}
		var left predicate.Remaining
		for _, c := range schema.Claims {
			if c.Path[0] == "income" {
				left = q.Remaining(today)[c.Path.String()]
			}
		}
		count, finite := left.Count()
		if !finite || count < 1<<40 && count != holds {
			t.Fatalf("%s: %d are left, %d hold", predicates, count, holds)
		}
		sentences, err := q.Describe(today)
		if err != nil {
			t.Fatal(err)
		}
		if holds < predicate.Narrow && count < 1<<40 {
			told++
			for _, s := range sentences {
				if !s.Discloses {
					t.Fatalf("%s leave %d values, and %q does not say so", predicates, holds, s.English)
				}
			}
		}
	}
	if told < 100 {
		t.Errorf("only %d tell the value", told)
	}
}

func TestRemaining(t *testing.T) {
	today := day(t, "2026-11-26")
	for name, test := range map[string]struct {
		path, predicates, accept string
		count                    uint64
		finite, reveals          bool
	}{
		"not before and not after a day": {"birthdate", `{"path":["birthdate"],"op":"range","min":"1990-05-17"},
			{"path":["birthdate"],"op":"range","max":"1990-05-17"}`, "", 1, true, true},
		"18 years to the day": {"birthdate", `{"path":["birthdate"],"op":"at_least_years","years":18},
			{"path":["birthdate"],"op":"range","min":"2008-11-26"}`, "", 1, true, true},
		"in one and in another set": {"name", `{"path":["name"],"op":"in","values":["a","b","é"]},
			{"path":["name"],"op":"in","values":["é","c"]}`, "", 1, true, true},
		"in a set without the rest of it": {"name", `{"path":["name"],"op":"in","values":["a","b"]},
			{"path":["name"],"op":"notin","values":["b","z"]}`, "", 1, true, true},
		"one of two":                      {"student", `{"path":["student"],"op":"notin","values":[true]}`, "", 1, true, true},
		"a text that is none of some":     {"name", `{"path":["name"],"op":"notin","values":["a"]}`, "", 0, false, false},
		"revealed":                        {"name", `{"path":["name"],"op":"reveal"}`, "", 1, true, true},
		"one of the two is enough":        {"name", `{"path":["name"],"op":"eq","value":"a"},{"path":["name"],"op":"eq","value":"b"}`, `{"k_of":1}`, 0, false, false},
		"both, in other words, of a k_of": {"name", `{"path":["name"],"op":"eq","value":"a"},{"path":["name"],"op":"ne","value":"b"}`, `{"k_of":2}`, 1, true, true},
	} {
		t.Run(name, func(t *testing.T) {
			q := compiled(t, asked(t, test.predicates, test.accept))
			path := credential.Path{test.path}
			count, finite := q.Remaining(today)[path.String()].Count()
			if count != test.count || finite != test.finite || q.Reveals(path, today) != test.reveals {
				t.Errorf("%d left, %v", count, finite)
			}
		})
	}
}
