// Package verifiertest holds the contract test of verifier.Store. An
// implementation's own test calls it:
//
//	func TestStore(t *testing.T) { verifiertest.TestStore(t, open) }
//
// It says nothing about durability or a second process: those belong to the
// tests of the implementation that promises them.
package verifiertest

import (
	"context"
	"errors"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/hufu-id/hufu/verifier"
)

// TestStore runs the contract against the stores that open returns, each of
// them empty and for one subtest. TestStore closes them.
func TestStore(t *testing.T, open func(t *testing.T) verifier.Store) {
	tests := []struct {
		name string
		run  func(t *testing.T, s verifier.Store)
	}{
		{"a request comes back", testRequest},
		{"an unknown request is ErrUnknownRequest", testUnknown},
		{"ids and nonces are asked with once", testExists},
		{"a failure is counted, not burnt", testFailure},
		{"an acceptance consumes", testAccept},
		{"answer and result come back", testResult},
		{"many requests of one policy come back", testManyRequests},
		{"a nonce of another request is ErrUnknownRequest", testForeignNonce},
		{"a pseudonym counts once in its scope", testOnce},
		{"a refused acceptance consumes nothing", testAtomic},
		{"one of many acceptances wins", testRace},
		{"a policy comes back by its hash", testPolicy},
		{"purging keeps what was used", testPurge},
		{"purging holds up nobody", testPurgeAside},
		{"a cancelled context does nothing", testCancelled},
		{"a closed store is ErrStoreClosed", testClosed},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := open(t)
			defer s.Close()
			tt.run(t, s)
		})
	}
}

// noon is when the requests of these tests were made.
var noon = time.Date(2026, 3, 1, 12, 0, 0, 123456789, time.FixedZone("CST", 8*60*60))

func request(id string) verifier.Request {
	return verifier.Request{
		ID: id, Object: []byte("object of " + id), Nonce: "nonce of " + id,
		Policy: [32]byte{7}, Query: [32]byte{8}, Correlation: "case of " + id,
		Created: noon, Expires: noon.Add(5 * time.Minute),
	}
}

func acceptance(id string, once ...verifier.OnceKey) verifier.Acceptance {
	return verifier.Acceptance{
		RequestID: id, Nonce: "nonce of " + id, Once: once,
		At: noon.Add(time.Minute), Answer: [32]byte{9}, Result: []byte("result of " + id),
	}
}

func onceKey(scope, pseudonym byte) verifier.OnceKey {
	return verifier.OnceKey{Scope: [32]byte{scope}, Pseudonym: [32]byte{pseudonym}}
}

func putRequests(t *testing.T, s verifier.Store, ids ...string) {
	t.Helper()
	for _, id := range ids {
		if err := s.PutRequest(t.Context(), request(id)); err != nil {
			t.Fatal(err)
		}
	}
}

func getRequest(t *testing.T, s verifier.Store, id string) verifier.Request {
	t.Helper()
	r, err := s.Request(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func wantError(t *testing.T, err, want error) {
	t.Helper()
	if !errors.Is(err, want) {
		t.Errorf("got error %v, want %v", err, want)
	}
}

func testRequest(t *testing.T, s verifier.Store) {
	put := request("a")
	if err := s.PutRequest(t.Context(), put); err != nil {
		t.Fatal(err)
	}
	put.Object[0] = 'X'
	got := getRequest(t, s, "a")
	if got.ID != "a" || string(got.Object) != "object of a" || got.Nonce != "nonce of a" ||
		got.Policy != [32]byte{7} || got.Query != [32]byte{8} || got.Correlation != "case of a" {
		t.Errorf("got %+v", got)
	}
	if got.Created != noon.UTC().Truncate(time.Millisecond) || !got.Expires.Equal(got.Created.Add(5*time.Minute)) {
		t.Errorf("times came back as %v and %v", got.Created, got.Expires)
	}
	if err := s.PutRequest(t.Context(), verifier.Request{ID: "b", Nonce: "b"}); err != nil {
		t.Fatal(err)
	}
	if b := getRequest(t, s, "b"); !b.Created.IsZero() || !b.Expires.IsZero() || len(b.Object) != 0 {
		t.Errorf("an empty request came back as %+v", b)
	}
	if got.Failures != 0 || !got.Accepted.IsZero() || got.Answer != [32]byte{} || len(got.Result) != 0 {
		t.Errorf("a new request looks answered: %+v", got)
	}
}

func testUnknown(t *testing.T, s verifier.Store) {
	_, err := s.Request(t.Context(), "nobody")
	wantError(t, err, verifier.ErrUnknownRequest)
	wantError(t, s.CountFailure(t.Context(), "nobody"), verifier.ErrUnknownRequest)
	wantError(t, s.Accept(t.Context(), acceptance("nobody")), verifier.ErrUnknownRequest)
}

func testExists(t *testing.T, s verifier.Store) {
	putRequests(t, s, "a")
	again := request("b")
	again.ID = "a"
	wantError(t, s.PutRequest(t.Context(), again), verifier.ErrRequestExists)
	again = request("a")
	again.ID = "b"
	wantError(t, s.PutRequest(t.Context(), again), verifier.ErrRequestExists)
}

func testFailure(t *testing.T, s verifier.Store) {
	putRequests(t, s, "a")
	for range 3 {
		if err := s.CountFailure(t.Context(), "a"); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.Accept(t.Context(), acceptance("a")); err != nil {
		t.Errorf("burnt by failures: %v", err)
	}
	if got := getRequest(t, s, "a").Failures; got != 3 {
		t.Errorf("%d failures counted, want 3", got)
	}
}

func testAccept(t *testing.T, s verifier.Store) {
	putRequests(t, s, "a")
	if err := s.Accept(t.Context(), acceptance("a")); err != nil {
		t.Fatal(err)
	}
	got := getRequest(t, s, "a")
	if got.Accepted != noon.Add(time.Minute).UTC().Truncate(time.Millisecond) {
		t.Errorf("accepted at %v", got.Accepted)
	}
	wantError(t, s.Accept(t.Context(), acceptance("a")), verifier.ErrReplayed)
}

// testResult: what was accepted first stays, whatever comes later.
func testResult(t *testing.T, s verifier.Store) {
	putRequests(t, s, "a", "b")
	first := acceptance("a")
	if err := s.Accept(t.Context(), first); err != nil {
		t.Fatal(err)
	}
	first.Result[0] = 'X'
	other := acceptance("a")
	other.Answer, other.Result = [32]byte{10}, []byte("another")
	wantError(t, s.Accept(t.Context(), other), verifier.ErrReplayed)
	got := getRequest(t, s, "a")
	if got.Answer != [32]byte{9} || string(got.Result) != "result of a" {
		t.Errorf("answer %x, result %q", got.Answer[:1], got.Result)
	}
	got.Result[0] = 'X'
	if again := getRequest(t, s, "a"); string(again.Result) != "result of a" {
		t.Error("the caller changed the store's own bytes")
	}
	bare := acceptance("b")
	bare.Result = nil
	if err := s.Accept(t.Context(), bare); err != nil {
		t.Fatal(err)
	}
	if b := getRequest(t, s, "b"); b.Accepted.IsZero() || len(b.Result) != 0 {
		t.Errorf("accepted without a result: %+v", b)
	}
}

// testManyRequests: alike, and not at all alike.
func testManyRequests(t *testing.T, s verifier.Store) {
	objects := map[string]string{"empty": "", "short": "x", "long": strings.Repeat("0123456789", 1000)}
	for i := range 20 {
		objects[strconv.Itoa(i)] = strings.Repeat("what every request of the policy says; ", 50) + strconv.Itoa(i)
	}
	for id, object := range objects {
		r := request(id)
		r.Object = []byte(object)
		if len(id)%2 == 0 {
			r.Policy = [32]byte{1}
		}
		if err := s.PutRequest(t.Context(), r); err != nil {
			t.Fatal(err)
		}
	}
	for id, object := range objects {
		if got := getRequest(t, s, id); string(got.Object) != object {
			t.Errorf("request %s came back as %.50q", id, got.Object)
		}
	}
}

func testForeignNonce(t *testing.T, s verifier.Store) {
	putRequests(t, s, "a", "b")
	mixed := acceptance("a")
	mixed.Nonce = "nonce of b"
	wantError(t, s.Accept(t.Context(), mixed), verifier.ErrUnknownRequest)
	if err := s.Accept(t.Context(), acceptance("b")); err != nil {
		t.Errorf("the other request was consumed: %v", err)
	}
}

func testOnce(t *testing.T, s verifier.Store) {
	putRequests(t, s, "a", "b", "c", "d")
	if err := s.Accept(t.Context(), acceptance("a", onceKey(1, 1))); err != nil {
		t.Fatal(err)
	}
	wantError(t, s.Accept(t.Context(), acceptance("b", onceKey(1, 1))), verifier.ErrUsedOnce)
	if err := s.Accept(t.Context(), acceptance("c", onceKey(2, 1), onceKey(1, 2))); err != nil {
		t.Errorf("another scope or pseudonym: %v", err)
	}
	wantError(t, s.Accept(t.Context(), acceptance("d", onceKey(3, 1), onceKey(3, 1))), verifier.ErrUsedOnce)
}

func testAtomic(t *testing.T, s verifier.Store) {
	putRequests(t, s, "a", "b", "c")
	if err := s.Accept(t.Context(), acceptance("a", onceKey(1, 2))); err != nil {
		t.Fatal(err)
	}
	err := s.Accept(t.Context(), acceptance("b", onceKey(1, 1), onceKey(1, 2)))
	wantError(t, err, verifier.ErrUsedOnce)
	if got := getRequest(t, s, "b"); !got.Accepted.IsZero() {
		t.Error("a refused acceptance left a receipt")
	}
	if err := s.Accept(t.Context(), acceptance("b")); err != nil {
		t.Errorf("the nonce was consumed by a refused acceptance: %v", err)
	}
	if err := s.Accept(t.Context(), acceptance("c", onceKey(1, 1))); err != nil {
		t.Errorf("a pseudonym was consumed by a refused acceptance: %v", err)
	}
}

func testRace(t *testing.T, s verifier.Store) {
	const rivals = 8
	putRequests(t, s, "shared")
	for i := range rivals {
		putRequests(t, s, strconv.Itoa(i))
	}
	var replays, uses atomic.Int32
	var group sync.WaitGroup
	for i := range rivals {
		group.Go(func() {
			if s.Accept(t.Context(), acceptance("shared")) == nil {
				replays.Add(1)
			}
			if s.Accept(t.Context(), acceptance(strconv.Itoa(i), onceKey(1, 1))) == nil {
				uses.Add(1)
			}
		})
	}
	group.Wait()
	if replays.Load() != 1 || uses.Load() != 1 {
		t.Errorf("%d acceptances of one request and %d of one pseudonym, want one each", replays.Load(), uses.Load())
	}
}

func testPolicy(t *testing.T, s verifier.Store) {
	ctx := t.Context()
	first, second := [32]byte{1}, [32]byte{2}
	_, err := s.Policy(ctx, first)
	wantError(t, err, verifier.ErrUnknownPolicy)
	for _, hash := range [][32]byte{first, second, first} {
		if err := s.PutPolicy(ctx, hash, hash[:1]); err != nil {
			t.Fatal(err)
		}
	}
	for _, hash := range [][32]byte{first, second} {
		if file, err := s.Policy(ctx, hash); err != nil || string(file) != string(hash[:1]) {
			t.Errorf("policy %x: %x, %v", hash[:1], file, err)
		}
	}
	if err := s.Purge(ctx, noon.Add(1000*time.Hour)); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Policy(ctx, first); err != nil {
		t.Error("a purge forgot a policy:", err)
	}
}

func testPurge(t *testing.T, s verifier.Store) {
	ctx := t.Context()
	late := request("late")
	late.Expires = noon.Add(time.Hour)
	putRequests(t, s, "used", "unused")
	if err := s.PutRequest(ctx, late); err != nil {
		t.Fatal(err)
	}
	if err := s.Accept(ctx, acceptance("used", onceKey(1, 1))); err != nil {
		t.Fatal(err)
	}
	if err := s.Purge(ctx, noon.Add(30*time.Minute)); err != nil {
		t.Fatal(err)
	}
	for _, id := range []string{"used", "unused"} {
		_, err := s.Request(ctx, id)
		wantError(t, err, verifier.ErrUnknownRequest)
	}
	wantError(t, s.PutRequest(ctx, request("used")), verifier.ErrRequestExists)
	putRequests(t, s, "unused")
	wantError(t, s.Accept(ctx, acceptance("late", onceKey(1, 1))), verifier.ErrUsedOnce)
}

// testPurgeAside: others are served while a thousand requests are forgotten, and what
// they do stays.
func testPurgeAside(t *testing.T, s verifier.Store) {
	const old = 1000
	for i := range old {
		putRequests(t, s, "old "+strconv.Itoa(i))
	}
	if err := s.Accept(t.Context(), acceptance("old 0", onceKey(1, 1))); err != nil {
		t.Fatal(err)
	}
	var group sync.WaitGroup
	purged := make(chan struct{})
	for range 2 { // at once, as two kiosks would
		group.Go(func() {
			if err := s.Purge(t.Context(), noon.Add(time.Hour)); err != nil {
				t.Error(err)
			}
		})
	}
	go func() { group.Wait(); close(purged) }()
	served := 0
	for under := true; under; {
		select {
		case <-purged:
			under = false
		default:
		}
		id := "new " + strconv.Itoa(served)
		r := request(id)
		r.Expires = noon.Add(2 * time.Hour)
		if err := s.PutRequest(t.Context(), r); err != nil {
			t.Fatal(err)
		}
		if err := s.Accept(t.Context(), acceptance(id)); err != nil {
			t.Fatal(err)
		}
		served++
	}
	for i := range served {
		if r := getRequest(t, s, "new "+strconv.Itoa(i)); r.Accepted.IsZero() {
			t.Fatal("an acceptance was lost")
		}
	}
	for i := range old {
		_, err := s.Request(t.Context(), "old "+strconv.Itoa(i))
		wantError(t, err, verifier.ErrUnknownRequest)
	}
	wantError(t, s.PutRequest(t.Context(), request("old 0")), verifier.ErrRequestExists)
	putRequests(t, s, "old 1", "next")
	wantError(t, s.Accept(t.Context(), acceptance("next", onceKey(1, 1))), verifier.ErrUsedOnce)

	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	wantError(t, s.Purge(ctx, noon.Add(time.Hour)), context.Canceled)
}

func testCancelled(t *testing.T, s verifier.Store) {
	putRequests(t, s, "a")
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	wantError(t, s.Accept(ctx, acceptance("a")), context.Canceled)
	if err := s.Accept(t.Context(), acceptance("a")); err != nil {
		t.Errorf("consumed by a cancelled call: %v", err)
	}
}

func testClosed(t *testing.T, s verifier.Store) {
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	ctx := t.Context()
	_, requestErr := s.Request(ctx, "a")
	_, policyErr := s.Policy(ctx, [32]byte{1})
	for _, err := range []error{
		requestErr, policyErr,
		s.PutRequest(ctx, request("a")),
		s.CountFailure(ctx, "a"),
		s.Accept(ctx, acceptance("a")),
		s.PutPolicy(ctx, [32]byte{1}, nil),
		s.Purge(ctx, noon),
	} {
		wantError(t, err, verifier.ErrStoreClosed)
	}
}
