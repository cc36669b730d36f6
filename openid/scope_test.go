package openid_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/hufu-id/hufu/openid"
)

func ballot() *openid.Saying {
	return &openid.Saying{Text: openid.PurposeText{EN: "I vote for the library", ZH: "我投图书馆一票"}, Salt: [32]byte{1}}
}

// counted is a request in an event that a ledger counts.
func (a agency) counted(t testing.TB) *openid.AuthorizationRequest {
	t.Helper()
	r := a.request(t)
	r.Scope = openid.Scope{Kind: openid.ScopeCounted, Event: "vote-1", Saying: ballot()}
	return r
}

func TestCountedRoundTrip(t *testing.T) {
	a := newAgency(t)
	signed, err := openid.ParseRequest(a.sign(t, a.counted(t)))
	if err != nil {
		t.Fatal(err)
	}
	s := signed.Unverified.Scope
	if s.Kind != openid.ScopeCounted || s.Event != "vote-1" || s.Saying == nil || *s.Saying != *ballot() {
		t.Errorf("read %+v", s)
	}
}

func TestCountedIsRefused(t *testing.T) {
	a := newAgency(t)
	claims, err := openid.ParseQuery([]byte(`{"credentials":[{"id":"a","format":"dc+sd-jwt","meta":{"vct_values":["urn:x"]}}]}`))
	if err != nil {
		t.Fatal(err)
	}
	two, err := openid.ParseQuery([]byte(strings.Replace(proofQueryText, `{"credentials":[`, `{"credentials":[{"id":"more","format":"dc+sd-jwt_zk","meta":{"vct_values":["urn:x"]},"predicates":[{"path":["x"],"op":"eq","value":"y"}]},`, 1)))
	if err != nil {
		t.Fatal(err)
	}
	for name, edit := range map[string]func(*openid.AuthorizationRequest){
		"nothing said":              func(r *openid.AuthorizationRequest) { r.Scope.Saying = nil },
		"no event":                  func(r *openid.AuthorizationRequest) { r.Scope.Event = "" },
		"said in one language":      func(r *openid.AuthorizationRequest) { r.Scope.Saying.Text.ZH = "" },
		"said invisibly":            func(r *openid.AuthorizationRequest) { r.Scope.Saying.Text.EN = "yes\u202e" },
		"said at length":            func(r *openid.AuthorizationRequest) { r.Scope.Saying.Text.EN = strings.Repeat("yes ", 300) },
		"said where it counts not":  func(r *openid.AuthorizationRequest) { r.Scope.Kind = openid.ScopeOnce },
		"said to one who knows you": func(r *openid.AuthorizationRequest) { r.Scope.Kind = openid.ScopePairwise },
		"said without a scope":      func(r *openid.AuthorizationRequest) { r.Scope.Kind, r.Scope.Event = openid.ScopeNone, "" },
		"disclosed claims":          func(r *openid.AuthorizationRequest) { r.Query = claims },
		"two credentials":           func(r *openid.AuthorizationRequest) { r.Query = two },
	} {
		r := a.counted(t)
		edit(r)
		if err := r.Check(); !errors.Is(err, openid.ErrRequest) {
			t.Errorf("%s: %v", name, err)
		}
	}
	good := payload(t, a.sign(t, a.counted(t)))
	for name, change := range map[string][2]string{
		"a salt of 29 bytes": {`"salt":"AQAAAA`, `"salt":"AQ`}, "no salt": {`"salt":`, `"salted":`}, "a salt and no words": {`"says":`, `"said":`},
		"a salt with padding": {`AA"}`, `AA="}`},
	} {
		if !strings.Contains(good, change[0]) {
			t.Fatalf("%s: not in %s", name, good)
		}
		if _, err := openid.ParseRequest(a.signPayload(t, strings.Replace(good, change[0], change[1], 1))); !errors.Is(err, openid.ErrRequest) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestSaying: payload and salt are of these words alone.
func TestSaying(t *testing.T) {
	seen := map[[32]byte]string{}
	for name, edit := range map[string]func(*openid.Saying){
		"itself": func(*openid.Saying) {}, "other English": func(s *openid.Saying) { s.Text.EN += "." }, "other Chinese": func(s *openid.Saying) { s.Text.ZH += "。" },
		"other salt":     func(s *openid.Saying) { s.Salt[31]++ },
		"moved boundary": func(s *openid.Saying) { s.Text.EN, s.Text.ZH = s.Text.EN+s.Text.ZH[:3], s.Text.ZH[3:] },
	} {
		s := ballot()
		edit(s)
		if other, taken := seen[s.Payload()]; taken {
			t.Errorf("%s and %s have one payload", name, other)
		}
		seen[s.Payload()] = name
		if same := s.UseSalt() == ballot().UseSalt(); same != (s.Salt == ballot().Salt) {
			t.Errorf("%s: use salt is not of the salt", name)
		}
	}
}
