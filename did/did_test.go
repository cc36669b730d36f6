package did_test

import (
	"context"
	"crypto"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/hufu-id/hufu/did"
	"github.com/hufu-id/hufu/internal/limits"
)

func TestParse(t *testing.T) {
	for _, c := range []struct {
		text string
		want error
	}{
		{"did:key:z6MkiTBz1ymuepAQ4HEHYSF1H8quG5GLVVQR3djdX3mDooWp", nil},
		{"did:web:example.com%3A3000:user:alice", nil},
		{"did:hufu:a::b", nil},
		{"did:x1:A-._9", nil},
		{"did:x:" + strings.Repeat("a", limits.Identifier-6), nil},
		{"did:x:" + strings.Repeat("a", limits.Identifier-5), did.ErrSyntax},
		{"", did.ErrSyntax},
		{"did:", did.ErrSyntax},
		{"did::a", did.ErrSyntax},
		{"did:key:", did.ErrSyntax},
		{"did:key:a:", did.ErrSyntax},
		{"did:Key:a", did.ErrSyntax},
		{"DID:key:a", did.ErrSyntax},
		{"did:key:a#b", did.ErrSyntax},
		{"did:key:a/b", did.ErrSyntax},
		{"did:key:a?b", did.ErrSyntax},
		{"did:key:a/b:c", did.ErrSyntax},
		{"did:key:a%3a", did.ErrSyntax},
		{"did:key:a%3", did.ErrSyntax},
		{"did:key:é", did.ErrSyntax},
		{" did:key:a", did.ErrSyntax},
		{"did:key", did.ErrSyntax},
	} {
		parsed, err := did.Parse(c.text)
		if !errors.Is(err, c.want) {
			t.Errorf("Parse(%q): %v, want %v", c.text, err, c.want)
		}
		if err == nil && parsed.String() != c.text {
			t.Errorf("Parse(%q) reads as %q", c.text, parsed)
		}
	}
}

func TestParseURL(t *testing.T) {
	id, fragment, err := did.ParseURL("did:jwk:abc#0")
	if err != nil || id.String() != "did:jwk:abc" || fragment != "0" {
		t.Fatalf("got %v %q %v", id, fragment, err)
	}
	long := "did:x:" + strings.Repeat("a", limits.Identifier-6) + "#0"
	for _, text := range []string{"did:jwk:abc", "did:jwk:abc#", "did:jwk#0", "#0", "did:jwk:abc#a#b", "did:jwk:abc/p#0", long} {
		if _, _, err := did.ParseURL(text); !errors.Is(err, did.ErrSyntax) {
			t.Errorf("ParseURL(%q): %v", text, err)
		}
	}
}

// fixed is a resolver of one document.
type fixed struct {
	document *did.Document
	err      error
}

func (f fixed) Resolve(context.Context, string) (*did.Document, error) { return f.document, f.err }

func TestMethods(t *testing.T) {
	boom := errors.New("boom")
	methods := did.Methods{
		"good":  fixed{document: &did.Document{ID: "did:good:a"}},
		"liar":  fixed{document: &did.Document{ID: "did:good:a"}},
		"empty": fixed{},
		"down":  fixed{err: boom},
		"nil":   nil,
	}
	for id, want := range map[string]error{
		"did:good:a": nil, "did:liar:a": did.ErrDocument, "did:empty:a": did.ErrDocument, "did:down:a": boom,
		"did:nil:a": did.ErrUnsupportedMethod, "did:other:a": did.ErrUnsupportedMethod, "did:good": did.ErrSyntax,
	} {
		if _, err := methods.Resolve(t.Context(), id); !errors.Is(err, want) {
			t.Errorf("%s: %v, want %v", id, err, want)
		}
	}
}

func TestFindKey(t *testing.T) {
	from := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	until := from.AddDate(1, 0, 0)
	key := did.Key{ID: "did:good:a#1", Public: crypto.PublicKey(nil), From: from, Until: until}
	open := did.Key{ID: "did:good:a#open"}
	methods := did.Methods{"good": fixed{document: &did.Document{ID: "did:good:a", Keys: []did.Key{key, open}}}}
	for _, c := range []struct {
		kid  string
		at   time.Time
		want error
	}{
		{"did:good:a#1", from, nil},
		{"did:good:a#1", until.Add(-time.Nanosecond), nil},
		{"did:good:a#1", from.Add(-time.Nanosecond), did.ErrKeyNotValid},
		{"did:good:a#1", until, did.ErrKeyNotValid},
		{"did:good:a#open", time.Time{}, nil},
		{"did:good:a#2", from, did.ErrNoKey},
		{"did:good:a", from, did.ErrSyntax},
		{"did:bad:a#1", from, did.ErrUnsupportedMethod},
	} {
		if _, err := did.FindKey(t.Context(), methods, c.kid, c.at); !errors.Is(err, c.want) {
			t.Errorf("%s at %v: %v, want %v", c.kid, c.at, err, c.want)
		}
	}
}

func TestFindKeyWantsAFullURL(t *testing.T) {
	careless := fixed{document: &did.Document{ID: "a", Keys: []did.Key{{ID: "a"}}}}
	if _, err := did.FindKey(t.Context(), careless, "a", time.Time{}); !errors.Is(err, did.ErrSyntax) {
		t.Errorf("a bare name finds a key: %v", err)
	}
}

func TestFindKeyZeroTimeIsNow(t *testing.T) {
	past := did.Key{ID: "did:good:a#1", Until: time.Now().Add(-time.Hour)}
	methods := did.Methods{"good": fixed{document: &did.Document{ID: "did:good:a", Keys: []did.Key{past}}}}
	if _, err := did.FindKey(t.Context(), methods, past.ID, time.Time{}); !errors.Is(err, did.ErrKeyNotValid) {
		t.Fatalf("a key of the past serves now: %v", err)
	}
}
