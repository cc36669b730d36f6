package predicate_test

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/hufu-id/hufu/predicate"
	"github.com/hufu-id/hufu/zkp"
)

// TestHoldsMeansWhatItSays holds the encoded comparison against plain calendar
// arithmetic and plain comparisons, over dates around every birthday.
func TestHoldsMeansWhatItSays(t *testing.T) {
	schema := person(t)
	random := rand.New(rand.NewPCG(20261121, 1))
	for range 2000 {
		birth := time.Date(1930+random.IntN(90), time.Month(1+random.IntN(12)), 1+random.IntN(31), 0, 0, 0, 0, time.UTC)
		if random.IntN(8) == 0 {
			birth = time.Date(1932+4*random.IntN(20), time.February, 29, 0, 0, 0, 0, time.UTC)
		}
		years := 1 + random.IntN(99)
		today := birth.AddDate(years, 0, random.IntN(5)-2)
		if today.Before(birth) || today.Year() > 2150 {
			continue
		}
		op, want := "at_least_years", ageOn(birth, today) >= years
		if random.IntN(2) == 0 {
			op, want = "after_years", ageOn(birth, today.AddDate(0, 0, -1)) >= years
		}
		q := asked(t, fmt.Sprintf(`{"path":["birthdate"],"op":%q,"years":%d}`, op, years), "")
		claims := map[string]any{"birthdate": birth.Format(time.DateOnly)}
		got, err := predicate.Holds(schema, q, claims, day(t, today.Format(time.DateOnly)))
		if err != nil || got != want {
			t.Fatalf("born %s, on %s, %s %d: got %v, want %v; %v",
				birth.Format(time.DateOnly), today.Format(time.DateOnly), op, years, got, want, err)
		}
	}
}

// ageOn counts completed years. Whoever is born on 29 February completes one on
// 1 March in a year without that day.
func ageOn(birth, today time.Time) int {
	age := today.Year() - birth.Year()
	if today.Month() < birth.Month() || today.Month() == birth.Month() && today.Day() < birth.Day() {
		age--
	}
	return age
}

// TestHoldsIsTheCircuitsOutcome: with any acceptance and any claims missing,
// what the counter finds over disclosed claims is what could be proved.
func TestHoldsIsTheCircuitsOutcome(t *testing.T) {
	schema, today := person(t), day(t, "2026-11-21")
	random := rand.New(rand.NewPCG(20261121, 2))
	for range 2000 {
		income, low, high := random.Int64N(20), random.Int64N(20), random.Int64N(20)
		if low > high {
			low, high = high, low
		}
		claims := map[string]any{"name": string(rune('a' + random.IntN(3))), "income": income, "student": random.IntN(2) == 0}
		for _, name := range []string{"name", "income", "student"} {
			if random.IntN(6) == 0 {
				delete(claims, name)
			}
		}
		k := 1 + random.IntN(3)
		q := asked(t, fmt.Sprintf(`{"path":["name"],"op":"ne","value":"a"},{"path":["income"],"op":"range","min":%d,"max":%d},`+
			`{"path":["student"],"op":"eq","value":true}`, low, high), fmt.Sprintf(`{"k_of":%d}`, k))

		name, hasName := claims["name"]
		_, hasIncome := claims["income"]
		count := 0
		for _, holds := range []bool{hasName && name != "a", hasIncome && low <= income && income <= high, claims["student"] == true} {
			if holds {
				count++
			}
		}
		got, err := predicate.Holds(schema, q, claims, today)
		if err != nil || got != (count >= k) {
			t.Fatalf("%d of 3 hold, %d are wanted: got %v, %v", count, k, got, err)
		}
		s, err := on(schema, q, today)
		if err != nil {
			t.Fatal(err)
		}
		// The day on which a secret was bound changes no answer.
		attributes, err := predicate.Attributes(schema, claims, zkp.Day(random.Uint32N(60000)))
		if err != nil {
			t.Fatal(err)
		}
		if _, provable := s[0].Outcome(&attributes); len(s) != 1 || provable != got {
			t.Fatal("what is found is not what could be proved")
		}
	}
}

func TestHoldsWithoutPredicates(t *testing.T) {
	q := asked(t, `{"path":["name"],"op":"eq","value":"x"}`, "")
	q.Predicates = nil
	if ok, err := predicate.Holds(person(t), q, nil, day(t, "2026-11-21")); !ok || err != nil {
		t.Errorf("got %v, %v", ok, err)
	}
}
