package predicate_test

import (
	"fmt"
	"math"
	"testing"

	"github.com/hufu-id/hufu/credential"
	"github.com/hufu-id/hufu/openid"
	"github.com/hufu-id/hufu/predicate"
)

func parsePredicate(text string) (*openid.CredentialQuery, error) {
	query, err := openid.ParseQuery([]byte(`{"credentials":[{"id":"x","format":"dc+sd-jwt_zk","meta":{"vct_values":["urn:t"]},"predicates":[` + text + `]}]}`))
	if err != nil {
		return nil, err
	}
	return &query.Credentials[0], nil
}

func ends(t *testing.T) *credential.Schema {
	t.Helper()
	schema, err := credential.ParseSchema([]byte(`{"id":"t","version":1,"vct":"urn:t","region":"110000","claims":[
		{"path":["n"],"type":"integer","slot":0,"label":{"en":"n","zh":"n"}},
		{"path":["born"],"type":"date","slot":1,"label":{"en":"b","zh":"b"}}],"digests":3}`))
	if err != nil {
		t.Fatal(err)
	}
	return schema
}

// TestEndsOfTheNumberLine: a question that enters has an answer, and warns where few
// values are left, at the ends as well.
func TestEndsOfTheNumberLine(t *testing.T) {
	schema, today := ends(t), day(t, "2026-11-25")
	for _, tt := range []struct {
		predicate        string
		n                int64
		holds, discloses bool
	}{
		{`{"path":["n"],"op":"range","min":1}`, math.MaxInt64, true, false},
		{`{"path":["n"],"op":"range","min":1,"max":9223372036854775807}`, math.MaxInt64, true, false},
		{`{"path":["n"],"op":"range","min":0,"max":9223372036854775807}`, 5, true, false}, // says nothing, so gives nothing away
		{`{"path":["n"],"op":"range","max":9223372036854775807}`, 5, true, false},
		{`{"path":["n"],"op":"range","min":9223372036854775707}`, 5, false, false},
		{`{"path":["n"],"op":"range","min":9223372036854775708,"max":9223372036854775807}`, math.MaxInt64, true, false},
		{`{"path":["n"],"op":"range","min":9223372036854775709,"max":9223372036854775807}`, math.MaxInt64, true, true},
		{`{"path":["n"],"op":"eq","value":9223372036854775807}`, math.MaxInt64, true, true},
		{`{"path":["n"],"op":"ne","value":9223372036854775807}`, 5, true, false},
		{`{"path":["born"],"op":"range","min":"1900-01-01","max":"9999-12-31"}`, 5, true, false},
		{`{"path":["born"],"op":"range","max":"1900-01-01"}`, 5, false, true},
		{`{"path":["born"],"op":"at_least_years","years":120}`, 5, false, false},
		{`{"path":["born"],"op":"after_years","years":120}`, 5, false, false},
	} {
		q, err := parsePredicate(tt.predicate)
		if err != nil {
			t.Errorf("%s: %v", tt.predicate, err)
			continue
		}
		holds, err := predicate.Holds(schema, q, map[string]any{"n": tt.n, "born": "1990-01-01"}, today)
		if err != nil || holds != tt.holds {
			t.Errorf("%s of %d: %v, %v", tt.predicate, tt.n, holds, err)
		}
		sentences, err := predicate.Describe(schema, q)
		if err != nil || sentences[0].Discloses != tt.discloses {
			t.Errorf("%s: nearly tells the value: %v (%v)", tt.predicate, sentences, err)
		}
	}
	for _, refused := range []string{
		`{"path":["n"],"op":"ne","value":-1}`, `{"path":["n"],"op":"eq","value":-1}`, `{"path":["n"],"op":"in","values":[1,-1]}`,
		`{"path":["n"],"op":"range","min":-1}`, `{"path":["n"],"op":"range","max":-1}`, `{"path":["n"],"op":"range","max":9223372036854775808}`,
		`{"path":["born"],"op":"range","min":"1850-01-01","max":"2000-01-01"}`, `{"path":["born"],"op":"range","max":"1899-12-31"}`,
		`{"path":["born"],"op":"at_least_years","years":121}`, `{"path":["born"],"op":"after_years","years":150}`,
	} {
		if _, err := parsePredicate(refused); err == nil {
			t.Errorf("%s enters, and has no answer", refused)
		}
	}
}

// TestWhatCompilesHasAnAnswer: whatever a schema takes, on every day, of every value.
func TestWhatCompilesHasAnAnswer(t *testing.T) {
	schema := ends(t)
	numbers := []int64{0, 1, 99, math.MaxInt64 - 1, math.MaxInt64}
	dates := []string{"1899-12-31", "1900-01-01", "1900-01-02", "2000-02-29", "9999-12-31"}
	var asked []string
	add := func(format string, args ...any) { asked = append(asked, fmt.Sprintf(format, args...)) }
	for _, a := range append(numbers, -1) {
		for _, op := range []string{"eq", "ne"} {
			add(`{"path":["n"],"op":%q,"value":%d}`, op, a)
		}
		add(`{"path":["n"],"op":"in","values":[%d]}`, a)
		add(`{"path":["n"],"op":"range","min":%d}`, a)
		add(`{"path":["n"],"op":"range","max":%d}`, a)
		for _, b := range numbers {
			add(`{"path":["n"],"op":"range","min":%d,"max":%d}`, a, b)
		}
	}
	for _, a := range dates {
		for _, op := range []string{"eq", "ne"} {
			add(`{"path":["born"],"op":%q,"value":%q}`, op, a)
		}
		add(`{"path":["born"],"op":"notin","values":[%q]}`, a)
		add(`{"path":["born"],"op":"range","min":%q}`, a)
		add(`{"path":["born"],"op":"range","max":%q}`, a)
		for _, b := range dates {
			add(`{"path":["born"],"op":"range","min":%q,"max":%q}`, a, b)
		}
	}
	for _, years := range []int{1, 18, 119, 120, 121} {
		add(`{"path":["born"],"op":"at_least_years","years":%d}`, years)
		add(`{"path":["born"],"op":"after_years","years":%d}`, years)
	}
	taken := 0
	for _, text := range asked {
		q, err := parsePredicate(text)
		if err != nil {
			continue
		}
		compiled, err := predicate.Compile(schema, q)
		if err != nil {
			continue
		}
		taken++
		for _, n := range numbers {
			for _, born := range dates[1:] {
				for _, today := range []string{"2020-01-02", "2026-11-25", "9999-12-31"} {
					if _, err := compiled.Holds(map[string]any{"n": n, "born": born}, day(t, today)); err != nil {
						t.Fatalf("%s of %d, %s on %s: %v", text, n, born, today, err)
					}
				}
			}
		}
	}
	if taken < 60 {
		t.Errorf("%d of %d questions were put", taken, len(asked))
	}
}
