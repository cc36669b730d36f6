package verifier_test

import (
	"bytes"
	"context"
	"errors"
	"testing"

	"github.com/hufu-id/hufu/hufutest"
	"github.com/hufu-id/hufu/publish"
	"github.com/hufu-id/hufu/vault"
	"github.com/hufu-id/hufu/verdict"
	"github.com/hufu-id/hufu/verifier"
	"github.com/hufu-id/hufu/zkp"
)

// rejected insists that an answer was checked and found false by exactly this
// check, for this reason.
func rejected(t *testing.T, v *verifier.Verifier, answer []byte, check verifier.Check, reason error) {
	t.Helper()
	result, err := v.Verify(t.Context(), answer)
	var r *verifier.Rejected
	if !errors.As(err, &r) {
		t.Fatalf("got %v, want a rejection at %s", err, check)
	}
	if r.Check != check || !errors.Is(err, reason) || result != nil {
		t.Fatalf("got %v, want a rejection at %s for: %v", err, check, reason)
	}
	var u *verifier.Unchecked
	if errors.As(err, &u) {
		t.Fatal("an error is both no and unknown")
	}
	if v, known := verdict.Classify(err); !known || !v.Refused || v.Check != check || v.Code != r.Code() || v.Code == verdict.Refused {
		t.Errorf("%v means %s at %s, refused %t", err, v.Code, v.Check, v.Refused)
	}
}

// unchecked insists that this check could not be carried out.
func unchecked(t *testing.T, v *verifier.Verifier, answer []byte, check verifier.Check, reason error) {
	t.Helper()
	result, err := v.Verify(t.Context(), answer)
	var u *verifier.Unchecked
	if !errors.As(err, &u) {
		t.Fatalf("got %v, want %s unchecked", err, check)
	}
	if u.Check != check || !errors.Is(err, reason) || result != nil {
		t.Fatalf("got %v, want %s unchecked for: %v", err, check, reason)
	}
	var r *verifier.Rejected
	if errors.As(err, &r) {
		t.Fatal("an error is both no and unknown")
	}
	if v, known := verdict.Classify(err); !known || v.Refused || v.Check != check || v.Code != u.Code() {
		t.Errorf("%v means %s at %s, refused %t", err, v.Code, v.Check, v.Refused)
	}
}

func accepted(t testing.TB, v *verifier.Verifier, answer []byte) *verifier.Result {
	t.Helper()
	result, err := v.Verify(t.Context(), answer)
	if err != nil {
		t.Fatalf("a good answer was refused: %v", err)
	}
	return result
}

// repeated insists that an answer sent again gets the result of the first time.
func repeated(t *testing.T, v *verifier.Verifier, answer []byte, first *verifier.Result) {
	t.Helper()
	again := accepted(t, v, answer)
	if !again.Repeated || first.Repeated {
		t.Error("nobody can tell the first time from the second")
	}
	again.Repeated = false
	same(t, "result", again, first)
}

// respelt is the same answer in other bytes.
func respelt(answer []byte) []byte { return append(bytes.Clone(answer), ' ') }

// failures insists on the count of refused attempts at a request.
func failures(t *testing.T, counter *hufutest.Counter, state string, want int) {
	t.Helper()
	r, err := counter.Store.Request(t.Context(), state)
	if err != nil {
		t.Fatal(err)
	}
	if r.Failures != want {
		t.Errorf("%d refused attempts were counted, want %d", r.Failures, want)
	}
}

// open makes a verifier of the library in which one thing is another.
func open(t testing.TB, c *hufutest.Country, counter *hufutest.Counter, edit func(*verifier.Config)) *verifier.Verifier {
	t.Helper()
	cfg := c.CounterConfig(c.Policy(nil))
	cfg.Store, cfg.Ledger = counter.Store, c.ClientOver(c.Log, counter.Trust)
	edit(&cfg)
	v, err := verifier.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// altered is the country's public files, of which some are others.
type altered struct {
	*hufutest.Public
	// alter returns an error, other bytes, or neither for the file as it is.
	alter func(name publish.Name, b []byte) ([]byte, error)
}

func (a altered) Read(ctx context.Context, name publish.Name) ([]byte, error) {
	b, err := a.Public.Read(ctx, name)
	if err != nil {
		return nil, err
	}
	if other, err := a.alter(name, b); other != nil || err != nil {
		return other, err
	}
	return b, nil
}

// keys alters verifying keys.
func keys(alter func(zkp.Circuit) ([]byte, error)) func(publish.Name, []byte) ([]byte, error) {
	return func(_ publish.Name, b []byte) ([]byte, error) {
		circuit, _, err := zkp.InspectVerifyingKey(b)
		if err != nil {
			return nil, nil
		}
		return alter(circuit)
	}
}

// recordsOf are the values that a wallet stores of one kind.
func recordsOf(t *testing.T, h *hufutest.Holder, kind string) (values [][]byte) {
	t.Helper()
	err := h.Store.View(t.Context(), func(tx vault.Tx) error {
		records, err := tx.List(kind)
		for _, r := range records {
			values = append(values, r.Value)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return values
}
