package ledger_test

import (
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/hufu-id/hufu/ledger"
	"github.com/hufu-id/hufu/ledger/ledgertest"
)

// values is a ledger.State that anyone could have written: no state machine kept
// it in order.
type values map[string][]byte

func (v values) Get(key string) ([]byte, error) {
	value, ok := v[key]
	if !ok {
		return nil, ledger.ErrAbsent
	}
	return value, nil
}

const resident = "urn:example:resident"

var root, province, city = didOf(1), didOf(2), didOf(3)

// chain is the root, a province that may accredit, and a city that may issue.
func chain() (values, *ledger.Accreditation, *ledger.Accreditation) {
	above := &ledger.Accreditation{
		Agency: province, Action: ledger.ActionAccredit, Region: "110000", Type: resident, Accreditor: root, State: ledger.StateActive,
		Subject: ledgertest.SubjectOf(province),
	}
	below := &ledger.Accreditation{
		Agency: city, Action: ledger.ActionIssue, Region: "110101", Type: resident,
		Accreditor: province, Via: above.Key(), State: ledger.StateActive, Subject: ledgertest.SubjectOf(city),
	}
	v := values{}
	for _, did := range []string{root, province, city} {
		v[ledger.DIDKey(did)] = (&ledger.DID{}).Bytes()
	}
	return v, above, below
}

func issue(state ledger.State) ([]ledger.Accreditation, error) {
	return ledger.Accredited(state, root, city, resident, ledger.ActionIssue, "110101", start)
}

func TestAccredited(t *testing.T) {
	v, above, below := chain()
	v[above.Key()], v[below.Key()] = above.Bytes(), below.Bytes()
	got := must(issue(v))(t)
	if !slices.Equal(got, []ledger.Accreditation{*below, *above}) {
		t.Fatalf("%+v", got)
	}
	if got := must(ledger.Accredited(values{}, root, root, resident, ledger.ActionIssue, "110101", start))(t); len(got) != 0 {
		t.Fatal("the root needs nothing:", got)
	}
	below.State, below.Until = ledger.StateEnded, start.Unix()+1
	v[below.Key()] = below.Bytes()
	must(issue(v))(t) // before it ended
	below.State, below.Until = ledger.StateActive, 0
	any := *above
	any.Type = ledger.AnyType
	below.Via = any.Key()
	v[any.Key()], v[below.Key()] = any.Bytes(), below.Bytes()
	must(issue(v))(t)
	must(ledger.Accredited(v, root, province, "urn:example:driver", ledger.ActionAccredit, "110000", start))(t)
}

// TestBrokenChains: the reader judges every link itself.
func TestBrokenChains(t *testing.T) {
	deactivated := (&ledger.DID{Deactivated: true}).Bytes()
	for name, c := range map[string]struct {
		alter func(v values, above, below *ledger.Accreditation)
		want  error
	}{
		"nothing":        {func(v values, _, b *ledger.Accreditation) { b.Region = "310000" }, ledger.ErrNotAccredited},
		"only to verify": {func(v values, _, b *ledger.Accreditation) { b.Action = ledger.ActionVerify }, ledger.ErrNotAccredited},
		"suspended":      {func(v values, _, b *ledger.Accreditation) { b.State = ledger.StateSuspended }, ledger.ErrSuspended},
		"ended":          {func(v values, _, b *ledger.Accreditation) { b.State, b.Until = ledger.StateEnded, start.Unix() }, ledger.ErrEnded},
		"revoked":        {func(v values, _, b *ledger.Accreditation) { b.State = ledger.StateRevoked }, ledger.ErrAccreditationRevoked},
		"ended, not begun": {func(v values, _, b *ledger.Accreditation) {
			b.State, b.From, b.Until = ledger.StateEnded, start.Unix()+1, start.Unix()+2
		}, ledger.ErrNotInForce},
		"not yet":           {func(v values, _, b *ledger.Accreditation) { b.From = start.Unix() + 1 }, ledger.ErrNotInForce},
		"no longer":         {func(v values, _, b *ledger.Accreditation) { b.Until = start.Unix() }, ledger.ErrNotInForce},
		"suspended above":   {func(v values, a, _ *ledger.Accreditation) { a.State = ledger.StateSuspended }, ledger.ErrSuspended},
		"no longer above":   {func(v values, a, _ *ledger.Accreditation) { a.Until = start.Unix() }, ledger.ErrNotInForce},
		"wrong region":      {func(v values, a, b *ledger.Accreditation) { a.Region = "310000"; b.Via = a.Key() }, ledger.ErrChain},
		"wrong type":        {func(v values, a, b *ledger.Accreditation) { a.Type = "urn:x"; b.Via = a.Key() }, ledger.ErrChain},
		"wrong action":      {func(v values, a, b *ledger.Accreditation) { a.Action = ledger.ActionIssue; b.Via = a.Key() }, ledger.ErrChain},
		"no way":            {func(v values, _, b *ledger.Accreditation) { b.Via = "" }, ledger.ErrChain},
		"in a circle":       {func(v values, a, _ *ledger.Accreditation) { a.Accreditor, a.Via = province, a.Key() }, ledger.ErrChain},
		"deactivated":       {func(v values, _, _ *ledger.Accreditation) { v[ledger.DIDKey(city)] = deactivated }, ledger.ErrDeactivated},
		"deactivated above": {func(v values, _, _ *ledger.Accreditation) { v[ledger.DIDKey(province)] = deactivated }, ledger.ErrDeactivated},
	} {
		v, above, below := chain()
		c.alter(v, above, below)
		v[above.Key()], v[below.Key()] = above.Bytes(), below.Bytes()
		got, err := issue(v)
		if !is(err, ledger.ErrNotAccredited) || !is(err, c.want) || got != nil {
			t.Errorf("%s: %v", name, err)
		}
		var failed *ledger.AccreditationError
		if c.want != ledger.ErrNotAccredited && (!errors.As(err, &failed) || failed.Key == "") {
			t.Errorf("%s: the error names no link", name)
		}
	}
	v, above, below := chain()
	v[below.Key()] = below.Bytes()
	if _, err := issue(v); !is(err, ledger.ErrNotAccredited) {
		t.Error("absent above:", err)
	}
	v[above.Key()] = below.Bytes()
	if _, err := issue(v); !is(err, ledger.ErrFormat) {
		t.Error("another's object:", err)
	}
	v[above.Key()] = []byte{1}
	if _, err := issue(v); !is(err, ledger.ErrFormat) {
		t.Error("no object:", err)
	}
	v[above.Key()] = above.Bytes()
	delete(v, ledger.DIDKey(province))
	if _, err := issue(v); !is(err, ledger.ErrAbsent) {
		t.Error("no DID:", err)
	}
}

func TestAccreditedArguments(t *testing.T) {
	for name, err := range map[string]error{
		"agency": second(ledger.Accredited(values{}, root, "did:web:x.org", resident, ledger.ActionIssue, "110101", start)),
		"type":   second(ledger.Accredited(values{}, root, city, "", ledger.ActionIssue, "110101", start)),
		"action": second(ledger.Accredited(values{}, root, city, resident, "a/b", "110101", start)),
		"region": second(ledger.Accredited(values{}, root, city, resident, ledger.ActionIssue, "1101", start)),
	} {
		if !is(err, ledger.ErrKey) && !is(err, ledger.ErrValue) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestAccreditedByProof fetches what it needs in one round for each link.
func TestAccreditedByProof(t *testing.T) {
	w := newWorld(t, 1, 1)
	v, above, below := chain()
	w.values = v
	w.put(above)
	w.put(below)
	r := &server{world: w}
	c := must(w.client(r, ledger.NewMemoryTrustStore()))(t)
	var got []ledger.Accreditation
	err := c.Resolve(t.Context(), func(v *ledger.View) (err error) {
		got, err = v.Accredited(city, resident, ledger.ActionIssue, "110101", time.Time{})
		return err
	}, ledger.ResolveOptions{})
	if err != nil || len(got) != 2 || r.asked != 3 {
		t.Fatalf("%d links after %d rounds: %v", len(got), r.asked, err)
	}
	empty := must(w.verify(w.prove()))(t)
	_, err = empty.Accredited(city, resident, ledger.ActionIssue, "110101", start)
	var missing *ledger.NotProvedError
	if !errors.As(err, &missing) || len(missing.Keys) != 5 || !slices.Contains(missing.Keys, ledger.AccreditationKey(city, ledger.ActionIssue, "000000", resident)) {
		t.Fatal(err)
	}
	if _, err := empty.Accredited(city, resident, ledger.ActionAccredit, "110101", start); !errors.As(err, &missing) || len(missing.Keys) != 9 {
		t.Fatal(err)
	}
}
