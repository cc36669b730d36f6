package predicate_test

import (
	"testing"

	"github.com/hufu-id/hufu/openid"
	"github.com/hufu-id/hufu/predicate"
	"github.com/hufu-id/hufu/zkp"
)

const boundBy = `{"path":["hufu_binding"],"op":"range","max":"2026-03-01"}`

// TestBindingDayIsAsked: the same bound holds for the circuit and over shown claims.
func TestBindingDayIsAsked(t *testing.T) {
	schema, today := person(t), day(t, "2026-11-21")
	q := asked(t, boundBy, "")
	statements, err := on(schema, q, today)
	if err != nil {
		t.Fatal(err)
	}
	want := zkp.DateBetween(zkp.BindingSlot, day(t, "1900-01-01"), day(t, "2026-03-01"))
	if got := statements[0].Predicates[0]; got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
	for bound, want := range map[string]bool{"2026-02-28": true, "2026-03-01": true, "2026-03-02": false, "": false} {
		claims := map[string]any{}
		if bound != "" {
			claims[predicate.ClaimBinding] = bound
		}
		if got, err := predicate.Holds(schema, q, claims, today); err != nil || got != want {
			t.Errorf("bound on %q: %v, %v, want %v", bound, got, err, want)
		}
	}
	_, err = predicate.Holds(schema, q, map[string]any{predicate.ClaimBinding: "soon"}, today)
	is(t, err, predicate.ErrType)
	sentences, err := predicate.Describe(schema, q)
	if err != nil {
		t.Fatal(err)
	}
	wantSentence := predicate.Sentence{English: "the wallet was bound to you on or before 2026-03-01", Chinese: "您的钱包不晚于2026-03-01与您本人绑定"}
	if sentences[0] != wantSentence {
		t.Errorf("%+v", sentences[0])
	}
}

// TestBindingDayIsNotNarrowed: no other question may set people apart by it.
func TestBindingDayIsNotNarrowed(t *testing.T) {
	schema := person(t)
	for _, p := range []string{
		`{"path":["hufu_binding"],"op":"range","min":"2026-01-01"}`,
		`{"path":["hufu_binding"],"op":"range","min":"2026-01-01","max":"2026-03-01"}`,
		`{"path":["hufu_binding"],"op":"eq","value":"2026-03-01"}`,
		`{"path":["hufu_binding"],"op":"ne","value":"2026-03-01"}`,
		`{"path":["hufu_binding"],"op":"in","values":["2026-03-01"]}`,
		`{"path":["hufu_binding"],"op":"notin","values":["2026-03-01"]}`,
		`{"path":["hufu_binding"],"op":"at_least_years","years":1}`,
	} {
		_, err := predicate.Compile(schema, asked(t, p, ""))
		is(t, err, predicate.ErrUnsupported)
	}
	if _, err := predicate.Compile(schema, asked(t, `{"path":["hufu_binding"],"op":"reveal"}`, "")); err != nil {
		t.Error(err)
	}
}

func TestBoundBy(t *testing.T) {
	other := `{"path":["income"],"op":"range","min":1}`
	for _, test := range []struct {
		predicates, accept, want string
	}{
		{other, "", ""},
		{boundBy, "", "2026-03-01"},
		{other + "," + boundBy, "", "2026-03-01"},
		{boundBy + `,{"path":["hufu_binding"],"op":"range","max":"2026-02-01"}`, "", "2026-02-01"},
		{`{"path":["hufu_binding"],"op":"range","max":"2026-02-01"},` + boundBy, "", "2026-02-01"},
		{`{"path":["birthdate"],"op":"range","max":"2026-02-01"}`, "", ""},
		{`{"path":["hufu_binding"],"op":"range","max":5}`, "", ""},
		{`{"path":["hufu_binding"],"op":"reveal"}`, "", ""},
		{other + "," + boundBy, `"any"`, ""},
	} {
		q := asked(t, test.predicates, test.accept)
		last, ok := predicate.BoundBy(q)
		got := ""
		if ok {
			got = last.String()
		}
		if got != test.want {
			t.Errorf("%s %s: got %q, want %q", test.predicates, test.accept, got, test.want)
		}
	}
	if _, ok := predicate.BoundBy(&openid.CredentialQuery{}); ok {
		t.Error("nothing asked is no bound")
	}
}
